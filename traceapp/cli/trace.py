"""`trace URI`: the genealogy of any lot, with quantities, positions and consignees. `gaps`: what is missing."""
from __future__ import annotations

import argparse
import sys
from datetime import datetime

from . import WRONG_USE


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    command = commands.add_parser(
        "trace", help="upstream and downstream of a lot or of all lots of a name, with quantities and consignees")
    command.add_argument("uri", help="a Digital Link, an EPC URN, a private URI, or anything that `gs1 parse` reads: "
                         "lot, serial number, carton, pallet, supplier or consignee (414, 417), shipment (402), "
                         "equipment (8004); or the house's own code, document number or work order")
    command.add_argument("--as", dest="kind", choices=["item", "supplier", "consignee", "shipment", "equipment",
                                                       "work_order"], help="what it is, where that is not clear")
    command.add_argument("--since", metavar="TIME", help="when the bad input came in (ISO 8601, with zone); what had "
                         "left before is not affected")
    command.add_argument("--direction", choices=["upstream", "downstream", "both"], default="both")
    command.add_argument("--format", choices=["json", "csv", "xlsx", "epcis", "dot"], default="json")
    command.add_argument("--no-time", action="store_true",
                         help="also what had left a lot before the input arrived (for times that cannot be trusted)")
    command.set_defaults(run=_trace)
    missing = commands.add_parser("gaps", help="what is missing in the records of lots; exit code 1 when anything is")
    missing.add_argument("--lot", metavar="URI", help="only the lots upstream and downstream of this one")
    missing.add_argument("--kind", choices=["more_out_than_in", "unknown_input", "no_receipt", "no_inspection",
                                            "unaccounted", "no_quantity"])
    missing.set_defaults(run=_gaps)


def _trace(options: argparse.Namespace) -> int:
    from traceapp import models
    from traceapp.code.beginning import beginning_of
    from traceapp.core.clock import SystemClock
    from traceapp.export.trace import render_trace
    from traceapp.trace.documents import lots_document
    from traceapp.trace.genealogy import TraceWish, trace_from
    from traceapp.trace.starting import StartKind

    from .settings import database
    from .uris import or_wrong_use

    assert models.metadata.tables
    since = _moment(options.since)
    with database().snapshot() as session:
        with or_wrong_use(options.uri):
            start = beginning_of(session, options.uri, StartKind(options.kind) if options.kind else None)
        if options.format == "epcis":
            print(lots_document(session, start.keys))
            return 0
        found = trace_from(session, start.keys, TraceWish(options.direction, not options.no_time, since))
        sys.stdout.buffer.write(render_trace(found, options.format, SystemClock().now()))
    return 0


def _moment(text: str | None) -> datetime | None:
    """The time of an option. Raises InvalidInput for one that cannot be read, or that has no zone."""
    from traceapp.core.errors import InvalidInput

    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise InvalidInput("“%(text)s” is not a time with its zone, such as 2026-03-09T08:00+08:00.", code=WRONG_USE,
                           place="--since", text=text)
    return found


def _gaps(options: argparse.Namespace) -> int:
    from traceapp import models
    from traceapp.cli import show
    from traceapp.export.trace import plain_value
    from traceapp.trace.finding import key_of_text
    from traceapp.trace.gaps import LARGEST_PAGE, GapFilter, GapKind, gap_page
    from traceapp.trace.reach import lots_around

    from .settings import database
    from .uris import or_wrong_use

    assert models.metadata.tables
    found, after = 0, None
    with database().snapshot() as session:
        with or_wrong_use(options.lot or ""):
            keys = lots_around(session.connection(), key_of_text(session, options.lot)) if options.lot else None
        while True:
            page = gap_page(session, GapFilter(GapKind(options.kind) if options.kind else None, keys, after,
                                               LARGEST_PAGE))
            for gap in page.rows:
                show(plain_value(gap))
            found, after = found + len(page.rows), page.next
            if after is None:
                return 1 if found else 0
