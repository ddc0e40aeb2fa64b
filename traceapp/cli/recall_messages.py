"""`recall read-message`: which of our lots a recall message of a partner means."""
from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from traceapp.core.errors import InvalidInput, NotFound

_MOST_BYTES = 10_000_000


def add_to(acts: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the act to those of `recall`."""
    act = acts.add_parser(
        "read-message", help="the lots of ours that a recall message means", description="One JSON line a lot of ours: "
        "by which identifier it was found, how much of it is in stock and was shipped. Nothing is changed. Ends with 1 "
        "when no lot of ours is meant.")
    act.add_argument("file", help="a message as /recalls/NUMBER.json of its issuer serves it; - is standard input")
    act.set_defaults(run=_read)


def _read(options: argparse.Namespace) -> int:
    from dataclasses import asdict

    from traceapp import models
    from traceapp.recall.message import read_message
    from traceapp.recall.message_reads import concerned_lots

    from .settings import database

    assert models.metadata.tables
    message = read_message(_value(options.file))
    with database().read() as session:
        found = concerned_lots(session, message)
    for one in found:
        print(json.dumps(asdict(one), ensure_ascii=False, default=str))
    return 0 if found else 1


def _value(name: str) -> object:
    try:
        content = sys.stdin.buffer.read(_MOST_BYTES + 1) if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise NotFound("%(name)s cannot be read: %(error)s", name=name, error=error.strerror) from error
    try:
        return json.loads(content)
    except ValueError:
        raise InvalidInput("This is no recall message of version 1 or 2.", code="not-a-recall-message") from None
