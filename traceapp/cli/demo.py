"""`demo load`."""
from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from traceapp.demo.acts import Landmarks
    from traceapp.demo.people import SignIn

_BAR = 40


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command that loads demonstration data."""
    group = commands.add_parser("demo", help="demonstration data")
    acts = group.add_subparsers(dest="act", required=True, metavar="ACT")
    load = acts.add_parser(
        "load", help="fill an empty database with two years of an invented maker's life",
        description="Fills an empty database with two years of an invented maker's life: raw lots, batches, "
                    "despatches, complaints, an earlier recall, and a bad adhesive whose reactions have just begun. "
                    "All of it or, when interrupted, nothing. Prints codes to scan on stdout, sign-ins on stderr.")
    load.add_argument("--scale", type=float, default=1.0, metavar="N",
                      help="how much: 1 is about 160 finished lots and 110 consignees (default 1)")
    load.add_argument("--seed", type=int, default=1, metavar="S", help="which story: the same seed, the same story")
    load.add_argument("--if-empty", action="store_true", help="do nothing when there are products already")
    load.set_defaults(run=_load)


def _load(options: argparse.Namespace) -> int:
    from traceapp.db.migrate import upgrade
    from traceapp.demo.loading import LoadDemo, is_demo, is_empty, load_demo
    from traceapp.demo.people import working_sign_ins

    from .settings import world

    found = world()
    upgrade(found.database)
    with found.database.read() as session:
        is_needed = is_empty(session) or not options.if_empty
    if is_needed:
        loaded = load_demo(found.database, found.clock, LoadDemo(options.scale, options.seed), vault=found.vault,
                           reports=found.reports, progress=_show_progress)
        _show_codes(found.settings.base_url, loaded.landmarks)
    with found.database.read() as session:
        sign_ins = working_sign_ins(session) if is_demo(session) else ()
    show_sign_ins(found.settings.base_url, sign_ins)
    return 0


def _show_progress(done: int, total: int) -> None:
    """A bar that moves where somebody looks; in a file only its end."""
    if done % max(1, total // 100) and done != total:
        return
    if sys.stderr.isatty():
        filled = _BAR * done // total
        print(f"\rdemonstration data [{'#' * filled}{'.' * (_BAR - filled)}] {100 * done // total:3d} %", end="",
              file=sys.stderr, flush=True)
    if done == total:
        print(("\n" if sys.stderr.isatty() else "") + f"demonstration data: {total} acts told", file=sys.stderr)


def _show_codes(base_url: str, marks: Landmarks) -> None:
    """One line a code: what it shows, a tab, the address."""
    from traceapp.demo.loading import code_address

    for what, lot in (("released", marks.normal), ("suspicious", marks.suspicious[0]), ("recalled", marks.recalled),
                      ("on hold", marks.on_hold), ("rejected", marks.rejected),
                      ("not released", marks.other_batches[-1])):
        print(f"{what}\t{code_address(base_url, lot)}", flush=True)


def show_sign_ins(base_url: str, sign_ins: Sequence[SignIn]) -> None:
    """The table of sign-ins of a demonstration database on stderr; nothing for any other database."""
    if not sign_ins:
        return
    rows = [("name", "role", "password"), *((one.name, one.role, one.password) for one in sign_ins)]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    print(f"\nDemonstration data. These passwords are public: never put real data here.\nSign in at {base_url}/sign-in",
          file=sys.stderr)
    for row in rows:
        print("  " + "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip(),
              file=sys.stderr)
    print(file=sys.stderr, flush=True)
