"""`export records`: the records that an authority asks for, of a lot or a period, as one sortable file."""
from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from zoneinfo import ZoneInfo

from traceapp.core.errors import InvalidInput, NotFound

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from traceapp.trace.tracking_choice import TrackingChoice

_FORMS = {".xlsx": "xlsx", ".csv": "csv", ".json": "epcis", ".jsonld": "epcis"}


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    group = commands.add_parser("export", help="files for authorities")
    acts = group.add_subparsers(dest="act", required=True, metavar="ACT")
    records = acts.add_parser(
        "records", help="one row for each lot in each critical tracking event, as XLSX, CSV or EPCIS",
        description="Of one lot, also with what it came from and became, or of a period. The columns are described in "
                    "docs/records.md and in the second sheet. What is taken is recorded with its hash.")
    records.add_argument("file", help="where to write; - is standard output")
    records.add_argument("--lot", metavar="URI", help="anything that `gs1 parse` reads, or the number of one lot only")
    records.add_argument("--direction", choices=["upstream", "downstream", "both"],
                         help="with --lot: also what it came from, what it became, or both")
    records.add_argument("--no-time", action="store_true",
                         help="with --direction: also what had left a lot before the input arrived")
    records.add_argument("--from", dest="since", metavar="WHEN", help="a day at the plant, or a time with its zone")
    records.add_argument("--to", dest="until", metavar="WHEN", help="a day, which is included, or the end as a time")
    records.add_argument("--product", metavar="CODE")
    records.add_argument("--site", metavar="CODE")
    records.add_argument("--all-steps", action="store_true",
                         help="also inspections, decisions, holds and observations")
    records.add_argument("--format", choices=["xlsx", "csv", "epcis"], help="by the name of the file, else csv")
    records.add_argument("--language", choices=["zh", "en"], default="en", help="of titles and names")
    records.set_defaults(run=_records)


def _records(options: argparse.Namespace) -> int:
    from traceapp import models
    from traceapp.core.actor import Actor
    from traceapp.core.clock import SystemClock
    from traceapp.submission.records import KIND, RecordsFile, write_records
    from traceapp.submission.service import RecordExport, record_export
    from traceapp.trace.tracking_choice import count_chosen

    from . import show
    from .progress import bar
    from .settings import database

    assert models.metadata.tables
    found, clock = database(), SystemClock()
    form = options.format or _FORMS.get(Path(options.file).suffix.lower(), "csv")
    with _target(options.file) as file:
        with found.snapshot() as session:
            choice = _choice(session, options)
            written = write_records(session, file, RecordsFile(
                choice, form, clock.now(), options.language, _translation(options.language),
                bar("events", count_chosen(session, choice))))
        with found.write() as session:
            record_export(session, Actor(id="command-line", role="system", name="command line", source="cli"), clock,
                          RecordExport(KIND, form, written.rows, written.sha256, _filters(options)))
        if options.file == "-":
            shutil.copyfileobj(file, sys.stdout.buffer)
    if options.file == "-":
        print(f"{written.rows:,} rows, sha256 {written.sha256}", file=sys.stderr)
    else:
        show({"file": options.file, "format": form, "rows": written.rows, "bytes": written.size_bytes,
              "sha256": written.sha256})
    return 0


@contextmanager
def _target(name: str) -> Iterator[BinaryIO]:
    """An empty file that can be read back. One that was not finished does not stay."""
    from traceapp.export.spreadsheet import table_file

    if name == "-":
        with table_file() as file:
            yield file
        return
    path, part = Path(name), Path(f"{name}.part")
    try:
        file = part.open("w+b")
    except OSError as error:
        raise NotFound("%(name)s cannot be written: %(error)s", name=name, error=error.strerror) from error
    try:
        with file:
            yield file
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _translation(language: str) -> Callable[[str], str]:
    if language == "en":
        return str
    from traceapp.web.i18n import catalogue

    return catalogue(language).gettext


def _choice(session: Session, options: argparse.Namespace) -> TrackingChoice:
    """What was asked for. Raises InvalidInput for a choice of nothing in particular."""
    from traceapp.trace.finding import key_of_text
    from traceapp.trace.guards import place_of
    from traceapp.trace.tracking_choice import TrackingChoice, lots_of_trace, product_of_code, site_of_code

    if not options.lot and (options.direction or options.no_time):
        raise InvalidInput("A direction belongs to a lot.", place="--direction")
    if not (options.lot or options.since or options.until):
        raise InvalidInput("Choose a lot or a period.", place="--lot")
    zone = ZoneInfo(place_of(session, None).zone)
    lots = lots_of_trace(session, key_of_text(session, options.lot), options.direction,
                         by_time=not options.no_time) if options.lot else None
    return TrackingChoice(
        lots, _moment(options.since, zone, "--from", 0), _moment(options.until, zone, "--to", 1),
        product_of_code(session, options.product) if options.product else None,
        site_of_code(session, options.site) if options.site else None, options.all_steps)


def _moment(text: str | None, zone: ZoneInfo, place: str, days: int) -> datetime | None:
    """The moment; a day is its beginning, `days` later. Raises InvalidInput."""
    if not text:
        return None
    try:
        if len(text) == 10:
            return datetime.combine(date.fromisoformat(text) + timedelta(days=days), time(), zone).astimezone(UTC)
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise InvalidInput("“%(text)s” is neither a day such as 2026-03-09 nor a time with its zone.", place=place,
                       text=text)


def _filters(options: argparse.Namespace) -> dict[str, object]:
    told = {"lot": options.lot, "direction": options.direction, "since": options.since, "until": options.until,
            "product": options.product, "site": options.site, "language": options.language,
            "all_steps": options.all_steps, "no_time": options.no_time}
    return {name: value for name, value in told.items() if value}
