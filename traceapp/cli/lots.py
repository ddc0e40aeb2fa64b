"""`lots read-list`: which batches a recall notice or a letter names."""
from __future__ import annotations

import argparse
import json


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    group = commands.add_parser("lots", help="lists of batches as people write them")
    acts = group.add_subparsers(dest="act", required=True, metavar="ACT")
    act = acts.add_parser(
        "read-list", help="the batches that a text names", description="One JSON line a text: `lots` with every "
        "number, those of ranges too; `ranges`, `periods` (all batches made in that time), `excluded`, `is_all`, and "
        "in `unread` what could not be read for certain, and why. Numbers are kept as they are written. Ends with 1 "
        "when something was not read, or nothing was there.")
    act.add_argument("text", nargs="*", help="texts; - reads one a line from standard input")
    act.set_defaults(run=_read)


def _read(options: argparse.Namespace) -> int:
    from dataclasses import asdict

    from traceapp.complaint.lot_list import read_lots

    from .text_input import items

    is_read = True
    for text in items(options.text):
        found = asdict(read_lots(text))
        is_read = is_read and not found["unread"] and bool(found["lots"] or found["periods"] or found["is_all"])
        print(json.dumps(found, ensure_ascii=False, default=str))
    return 0 if is_read else 1
