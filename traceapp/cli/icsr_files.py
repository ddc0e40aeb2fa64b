"""`icsr export`, `icsr import`, `icsr public`: cases as files, and files of others as cases."""
from __future__ import annotations

import argparse
import sys
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from traceapp.core.errors import InvalidInput, NotFound, Problem

if TYPE_CHECKING:
    from traceapp.export.case_report import RenderedReport

FORMS = ("e2b-r3", "emdr", "mir", "nmpa-device", "nmpa-drug", "nmpa-cosmetic", "csv", "values")


def add_to(acts: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the acts to the group `icsr`."""
    export = acts.add_parser(
        "export", help="write cases into a form: one JSON line a file, with what its checks found",
        description="CASE is the number of an adverse event. Nothing counts as reported by this: prepare a report for "
                    "that. What leaves is recorded with its hash. Exit code 1 where an authority would refuse a file.")
    export.add_argument("case", nargs="+")
    export.add_argument("--format", required=True, choices=FORMS)
    export.add_argument("--profile", choices=["full", "masked"], default="masked",
                        help="full names persons, and the look at them is recorded")
    export.add_argument("--as", dest="file_format", default="", metavar="TYPE",
                        help="xlsx, pdf, json, xml …, where the form has several; else its own")
    export.add_argument("--jurisdiction", default="", metavar="CODE", help="CN, US, EU …; else where the form is usual")
    export.add_argument("--receiver", default="", metavar="NAME", help="the authority as the form names it")
    export.add_argument("--next-on", default="", metavar="DAY", help="when the next report is expected (MIR)")
    export.add_argument("--to", default=".", metavar="FOLDER", help="where to write; - is standard output")
    export.set_defaults(run=_export)
    public = acts.add_parser(
        "public", help="write device events for everybody: openFDA's shape, nobody in it",
        description="Assessed events with devices. Only what at least five events share is told; what stands alone is "
                    "left out. What leaves is recorded with its hash.")
    public.add_argument("--since", metavar="DAY", help="events that we learned of on this day (UTC) or later")
    public.add_argument("--until", metavar="DAY", help="events that we learned of before this day (UTC)")
    public.add_argument("--to", default="-", metavar="FILE", help="where to write; - is standard output")
    public.set_defaults(run=_public)
    take = acts.add_parser(
        "import", help="make cases of files that others sent: one JSON line a report",
        description="E2B(R3) or eMDR XML. The sender's number of the case decides: a report that is here already "
                    "changes nothing, a later one of the same case is noted in it.")
    take.add_argument("file", nargs="+", help="- is standard input")
    take.add_argument("--at", default="", metavar="MOMENT",
                      help="when the files reached us, with its zone (default: now); the legal clocks count from there")
    take.set_defaults(run=_import)


def _actor() -> Any:
    from traceapp.core.actor import Actor
    from traceapp.identity.policy import permissions_of

    return Actor(id="command-line", role="quality", name="command line", source="cli",
                 scopes=permissions_of("quality"))


def _export(options: argparse.Namespace) -> int:
    from traceapp.export.case_report import Profile
    from traceapp.submission.case_export import CaseExport, export_case, export_table

    from .settings import world

    here, actor = world(), _actor()
    wanted = [CaseExport(case, options.format, options.file_format, Profile(options.profile),
                         options.jurisdiction.upper(), options.receiver, _day(options.next_on, "--next-on"))
              for case in options.case]
    with here.database.write() as session:  # a look at a person is recorded
        table = export_table(session, actor, here.clock, wanted, desk=here.reports)
        files = [table] if table else [
            export_case(session, actor, here.clock, one, desk=here.reports) for one in wanted]
        _record(session, here, actor, files, options)
    for file in files:
        _write(file, options.to, ", ".join(options.case) if table else options.case[files.index(file)])
    return 1 if any(finding.is_error for file in files for finding in file.findings) else 0


def _day(text: str, place: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise InvalidInput("“%(text)s” is not a day. Write 2026-12-28.", code="not-a-day", place=place,
                           text=text[:40]) from None


def _record(session: Any, here: Any, actor: Any, files: list[RenderedReport], options: argparse.Namespace) -> None:
    from traceapp.attachment.store import hash_of
    from traceapp.submission.service import RecordExport, record_export

    for file in files:
        record_export(session, actor, here.clock, RecordExport(
            "icsr", file.name.rpartition(".")[2][:8], len(options.case) if len(files) == 1 else 1, hash_of(file.data),
            {"form": options.format, "profile": options.profile, "name": file.name}))


def _public(options: argparse.Namespace) -> int:
    from traceapp.submission.public_events import PublicPeriod, export_public_events

    from . import show
    from .settings import world

    here = world()
    with here.database.write() as session:
        made = export_public_events(session, _actor(), here.clock, PublicPeriod(
            _begin(options.since, "--since"), _begin(options.until, "--until")))
    if options.to == "-":
        sys.stdout.buffer.write(made.data)
        sys.stdout.buffer.flush()
        return 0
    _put(Path(options.to), made.data)
    show({"file": options.to, "shown": made.shown, "known": made.known})
    return 0


def _begin(text: str | None, place: str) -> datetime | None:
    day = _day(text or "", place)
    return datetime.combine(day, time(), UTC) if day else None


def _put(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        raise NotFound("%(name)s cannot be written: %(error)s", name=str(path), error=error.strerror) from error


def _write(file: RenderedReport, folder: str, case: str) -> None:
    from traceapp.attachment.store import hash_of

    from . import show

    if folder == "-":
        sys.stdout.buffer.write(file.data)
        sys.stdout.buffer.flush()
        return
    path = Path(folder) / file.name
    _put(path, file.data)
    show({"case": case, "file": str(path), "form": file.form, "sha256": hash_of(file.data),
          "ok": not any(one.is_error for one in file.findings),
          "findings": [{"element": one.element, "code": one.code, "level": "error" if one.is_error else "warning",
                        "message": one.message} for one in file.findings]})


def _import(options: argparse.Namespace) -> int:
    from traceapp.submission.case_files import read_cases
    from traceapp.submission.case_intake import take_case

    from . import show
    from .clocks import moment_of
    from .settings import world

    here, actor, good = world(), _actor(), True
    for name in options.file:
        try:
            cases = read_cases(_content(name), moment_of(options.at, "--at") if options.at else None)
            with here.database.write() as session:  # a file is taken in whole or not at all
                taken = [(one, take_case(session, actor, here.clock, one, vault=here.vault)) for one in cases]
        except Problem as problem:
            good = False
            show({"file": name, "ok": False, "error": {"code": problem.code, "message": problem.text,
                                                       "place": problem.place}})
            continue
        for incoming, result in taken:
            show({"file": name, "ok": True, "form": incoming.form, "case_id": incoming.case_id,
                  "version": incoming.version, "correction": incoming.correction, "how": result.how,
                  "case": result.reference, "message": _said(incoming, result), "complaint": result.complaint_id,
                  "adverse_event": result.adverse_event_id})
    return 0 if good else 1


def _said(incoming: Any, taken: Any) -> str:
    """What became of a report, in words."""
    said = {"created": "New case {0}.", "already": "{0} has this report already. Nothing was changed.",
            "followed": "A later report about {0}: noted in it for somebody to read. Nothing else was changed."}
    back = {"nullification": " Its sender takes the case back: somebody decides whether it is nullified here.",
            "amendment": " Its sender corrects what it reported before."}
    return said[taken.how].format(taken.reference) + ("" if taken.how == "already"
                                                      else back.get(incoming.correction, ""))


def _content(name: str) -> bytes:
    """The bytes of a file. Raises NotFound, and InvalidInput for one that is larger than a report can be."""
    from traceapp.submission.case_files import MOST_BYTES

    try:
        if name == "-":
            data = sys.stdin.buffer.read(MOST_BYTES + 1)
        else:
            with Path(name).open("rb") as file:
                data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise NotFound("%(name)s cannot be read: %(error)s", name=name, error=error.strerror) from error
    if len(data) > MOST_BYTES:
        raise InvalidInput("%(name)s is larger than %(most)d MB.", code="too-large", name=name,
                           most=MOST_BYTES // 1_000_000)
    return data
