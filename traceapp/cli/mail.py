"""`mail bounced`: reports of mail servers about letters that came back."""
from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from traceapp.core.errors import NotFound

_LONGEST = 1_000_000


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    group = commands.add_parser("mail", help="what mail servers send back")
    acts = group.add_subparsers(dest="act", required=True, metavar="ACT")
    act = acts.add_parser(
        "bounced", help="notices that came back", description="Reads delivery status notifications (RFC 3464), one a "
        "file, as the mail server hands them to the address of TRACEAPP_MAIL_FROM. A notice that came back counts as "
        "not sent and becomes work; news that came back end the mail to a subscriber whose mailbox is gone. One JSON "
        "line a file. Ends with 1 when a file was no report about a notice of a recall.")
    act.add_argument("file", nargs="+", help="the mail as it came; - is standard input")
    act.set_defaults(run=_bounced)


def _bounced(options: argparse.Namespace) -> int:
    from traceapp.core.actor import Actor
    from traceapp.outbox.bounce import bounce_of
    from traceapp.recall.bounces import NoteBounce, take_bounce

    from .settings import world

    here, all_held = world(), True
    who = Actor(id="command-line", role="system", name="command line", source="cli")
    for name, content in _contents(options.file):
        found, line = bounce_of(content), {"file": name, "ok": False}
        if found is not None:
            try:
                with here.database.write() as session:
                    changed = take_bounce(session, who, here.clock, NoteBounce(found.message_id, found.said))
                line |= {"ok": True, "message_id": found.message_id, "said": found.said, "changed": changed}
            except NotFound:
                line |= {"message_id": found.message_id, "error": "unknown-message"}
        all_held = all_held and bool(line["ok"])
        print(json.dumps(line, ensure_ascii=False), flush=True)
    return 0 if all_held else 1


def _contents(names: list[str]) -> Iterator[tuple[str, bytes]]:
    for name in names:
        if name == "-":
            yield name, sys.stdin.buffer.read(_LONGEST)
        elif Path(name).is_file():
            with Path(name).open("rb") as file:
                yield name, file.read(_LONGEST)
        else:
            raise NotFound("There is no such file.", place=name)
