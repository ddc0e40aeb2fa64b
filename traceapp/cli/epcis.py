"""`epcis check`, `epcis hash`, `epcis capture`, `epcis export`."""
from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from traceapp.core.errors import NotFound, Problem

if TYPE_CHECKING:
    from traceapp.db import Database


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands about EPCIS documents."""
    group = commands.add_parser("epcis", help="EPCIS 2.0 documents")
    acts = group.add_subparsers(dest="act", required=True, metavar="ACT")
    for name, run, text in (
        ("check", _check, "say whether a document is sound: one JSON line a file, errors with their place"),
        ("hash", _hash, "one CBV event hash an event, in document order"),
        ("capture", _capture, "put documents into the database, each whole or not at all"),
    ):
        act = acts.add_parser(name, help=text)
        act.add_argument("file", nargs="+", help="EPCIS 2.0 JSON, JSON-LD or XML; - is standard input")
        act.set_defaults(run=run)
    export = acts.add_parser("export", help="the document of everything that happened to a lot")
    export.add_argument("--lot", required=True, help="URI of the lot")
    export.set_defaults(run=_export)


def _content(name: str) -> bytes:
    """What stands in a file; of XML that is too long to be read no more than shows it."""
    if name == "-":
        return _bounded(sys.stdin.buffer)
    try:
        with Path(name).open("rb") as file:
            return _bounded(file)
    except OSError as error:
        raise NotFound("%(name)s cannot be read: %(error)s", name=name, error=error.strerror) from error


def _bounded(file: BinaryIO) -> bytes:
    from traceapp.epcis.xml_form import looks_like_xml
    from traceapp.epcis.xml_text import MAX_BYTES

    begin = file.read(MAX_BYTES + 1)
    return begin if len(begin) <= MAX_BYTES or looks_like_xml(begin) else begin + file.read()


def _check(options: argparse.Namespace) -> int:
    from traceapp.epcis.lines import check_line

    from . import show

    good = True
    for name in options.file:
        try:
            line, is_sound = check_line(name, _content(name))
        except NotFound as error:
            good = False
            show({"file": name, "ok": False, "errors": [{"pointer": "", "code": "unreadable", "message": error.text}]})
            continue
        good = good and is_sound
        print(line)
    return 0 if good else 1


def _hash(options: argparse.Namespace) -> int:
    from traceapp.epcis.lines import hash_lines

    for name in options.file:
        for line in hash_lines(_content(name)):
            print(line)
    return 0


def _capture(options: argparse.Namespace) -> int:
    from traceapp import models
    from traceapp.db.migrate import upgrade

    from . import show
    from .settings import database

    assert models.metadata.tables
    found = database()
    upgrade(found)
    good = True
    for number, name in enumerate(options.file, 1):
        print(f"capturing {number} of {len(options.file)}: {name}", file=sys.stderr)
        try:
            show({"file": name, "ok": True, **_captured(found, name)})
        except Problem as refusal:
            good = False
            print(f"traceapp: {refusal.text}", file=sys.stderr)
            show({"file": name, "ok": False, "errors": _told(refusal)})
    return 0 if good else 1


def _told(refusal: Problem) -> list[dict[str, str]]:
    """Every place of a refusal; the refusal itself where it has none."""
    places = refusal.errors or {refusal.place or "": refusal.text}
    return [{"pointer": place, "code": refusal.code, "message": message} for place, message in places.items()]


def _captured(found: Database, name: str) -> dict[str, Any]:
    """Capture one document; read before the transaction begins, so that nobody waits for it."""
    from traceapp.core.actor import Actor
    from traceapp.core.clock import SystemClock
    from traceapp.trace.capture import CaptureDocument, capture_document, read_document

    who = Actor(id="command-line", role="system", name="command line", source="cli")
    document = read_document(CaptureDocument(Path(name).name, _content(name)))
    with found.write() as session:
        capture = capture_document(session, who, SystemClock(), document)
        return {"capture": capture.id, "events": capture.events, "duplicates": capture.duplicates,
                "findings": capture.findings}


def _export(options: argparse.Namespace) -> int:
    from traceapp.trace.capture import lot_document

    from .settings import database
    from .uris import or_wrong_use

    with database().read() as session, or_wrong_use(options.lot):
        print(lot_document(session, options.lot))
    return 0
