"""`terms code`: free text into coded terms; `terms import`: code lists."""
from __future__ import annotations

import argparse
import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from traceapp.core.actor import Actor
from traceapp.core.errors import InvalidInput, NotFound

if TYPE_CHECKING:
    from traceapp.db import Database

_WHO = Actor(id="command-line", role="system", name="command line", source="cli")
_MOST_NAMED = 500


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    group = commands.add_parser("terms", help="what free texts say went wrong")
    acts = group.add_subparsers(dest="act", required=True, metavar="ACT")
    act = acts.add_parser(
        "code", help="free text in Chinese or English into terms", description="One JSON line a text: each term with "
        "its place, its IMDRF code where one says the same, and whether the text states it, denies it, or asks or "
        "fears it. A suggestion for a person to confirm. Ends with 1 when a text states nothing that the list knows.")
    act.add_argument("text", nargs="*", help="texts; - reads one a line from standard input")
    act.add_argument("--no-fuzzy", action="store_true", help="words of the list only, no misspelt ones")
    act.set_defaults(run=_code)
    taken = acts.add_parser(
        "import", help="a code list: IMDRF annexes, FDA problem codes, a MedDRA release of your own",
        description="Takes in a release beside those that are there: IMDRF annexes as CSV (annex, code, term, path, "
        "selectable), FDA codes as code|term, MedDRA as its own files (llt.asc, pt.asc, ...). One JSON line a file "
        "on stdout; after a new release also what changed since the one before: codes that vanished, that may no "
        "longer be chosen, that are called otherwise. The same file once more changes nothing. Ends with 1 where "
        "something that was coded before has to be coded anew.")
    taken.add_argument("file", nargs="+", help="file as the publisher hands it out")
    taken.add_argument("--version", default="", help="name of the release, as in 2024 or 29.1 (default: today's date; "
                                                     "MedDRA needs it)")
    taken.add_argument("--from", dest="valid_from", default="", help="day from which it is in force (default: today)")
    taken.add_argument("--annex", default="", choices=["", "device", "patient"], help="whose problem FDA codes tell of")
    taken.add_argument("--language", default="en", choices=["en", "zh"],
                       help="zh: Chinese files of a MedDRA release that was imported in English; adds their names")
    taken.set_defaults(run=_import)


def _import(options: argparse.Namespace) -> int:
    from traceapp.complaint.list_files import read_list
    from traceapp.complaint.list_importing import ImportList, import_list
    from traceapp.core.clock import SystemClock

    from .settings import database

    begin, here, is_settled = _day(options.valid_from), database(), True
    for name in options.file:
        path = Path(name)
        if not path.is_file():
            raise NotFound("There is no such file.", place=name)
        file = read_list(path.name, path.read_bytes(), options.annex)
        with here.write() as session:
            done = import_list(session, _WHO, SystemClock(), ImportList(
                file, options.version, begin, options.language == "zh"))
        changed = _changes(here, done.system, done.version)
        is_settled = is_settled and not (changed["cases_to_recode"] or changed["own_to_recode"])
        print(json.dumps({"file": name, "system": done.system, "version": done.version, "taken": done.taken,
                          "already": done.already, **changed}, ensure_ascii=False))
    return 0 if is_settled else 1


def _changes(database: Database, system: str, version: str) -> dict[str, object]:
    """What the release changes: against the one before it, or against our own list where it is the first."""
    from traceapp.adverse_event.coded import events_to_recode
    from traceapp.complaint.list_queries import changes_to

    with database.read() as session:
        earlier, found = changes_to(session, system, version)
        cases = list(events_to_recode(session, version, system))
        return {"since": earlier, "vanished": [term.code for term in found.vanished][:_MOST_NAMED],
                "closed": [term.code for term in found.closed][:_MOST_NAMED],
                "renamed": [[one.code, one.name_en, other.name_en] for one, other in found.renamed][:_MOST_NAMED],
                "added": len(found.added),
                "cases_to_recode": cases[:_MOST_NAMED],
                "own_to_recode": [{"term": term.code, "imdrf": term.imdrf} for term in found.own]}


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise InvalidInput("“%(text)s” is not a day. Write 2026-12-28.", code="not-a-day", place="--from",
                           text=text[:40]) from None


def _code(options: argparse.Namespace) -> int:
    from traceapp.complaint.coding import Found, Stance, code_text
    from traceapp.complaint.terms import terms

    from .text_input import items

    def told(text: str, one: Found) -> list[dict[str, object]]:
        return [{"code": code, "zh": terms()[code].zh, "en": terms()[code].en, "imdrf": terms()[code].imdrf,
                 "start": one.start, "end": one.end, "text": text[one.start:one.end], "stance": one.stance,
                 "is_fuzzy": one.is_fuzzy} for code in one.codes]

    is_all_stated = True
    for text in items(options.text):
        found = code_text(text, fuzzy=not options.no_fuzzy)
        is_all_stated = is_all_stated and any(one.stance is Stance.stated for one in found)
        print(json.dumps({"text": text, "terms": [line for one in found for line in told(text, one)]},
                         ensure_ascii=False))
    return 0 if is_all_stated else 1
