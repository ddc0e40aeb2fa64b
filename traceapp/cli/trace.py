"""`trace URI`: the genealogy of any lot, with quantities, positions and consignees."""
from __future__ import annotations

import argparse
import sys


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    command = commands.add_parser("trace", help="upstream and downstream of a lot, with quantities and consignees")
    command.add_argument("uri", help="a Digital Link, an EPC URN, a private URI, or anything that `gs1 parse` reads")
    command.add_argument("--direction", choices=["upstream", "downstream", "both"], default="both")
    command.add_argument("--format", choices=["json", "csv", "xlsx", "epcis", "dot"], default="json")
    command.add_argument("--no-time", action="store_true",
                         help="also what had left a lot before the input arrived (for times that cannot be trusted)")
    command.set_defaults(run=_trace)


def _trace(options: argparse.Namespace) -> int:
    from traceapp import models
    from traceapp.core.clock import SystemClock
    from traceapp.export.trace import render_trace
    from traceapp.trace.capture import lot_document
    from traceapp.trace.finding import key_of_text
    from traceapp.trace.genealogy import trace_lot

    from .settings import database

    assert models.metadata.tables
    with database().snapshot() as session:
        if options.format == "epcis":
            print(lot_document(session, options.uri))
            return 0
        found = trace_lot(session, key_of_text(session, options.uri), options.direction,
                          by_time=not options.no_time)
        sys.stdout.buffer.write(render_trace(found, options.format, SystemClock().now()))
    return 0
