"""`db upgrade`, `db check`, `db rebuild`."""
from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from traceapp.db import Database


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands about the database."""
    group = commands.add_parser("db", help="upgrade, check or rebuild the database")
    acts = group.add_subparsers(dest="act", required=True, metavar="ACT")
    acts.add_parser("upgrade", help="bring the tables to this version").set_defaults(run=_upgrade)
    acts.add_parser("check", help="compare the tables with this version and check their integrity").set_defaults(
        run=_check)
    acts.add_parser("rebuild", help="derive lots, edges and positions again from the events").set_defaults(run=_rebuild)


def _upgrade(_: argparse.Namespace) -> int:
    from traceapp.db.migrate import upgrade

    from .settings import database

    found = database()
    before, after = upgrade(found)
    print(f"database at {after}" + ("" if before == after else f" (was {before or 'empty'})"), file=sys.stderr)
    _fill(found)
    return 0


def _fill(found: Database) -> None:
    """Work out what the tables lack of before this version."""
    from traceapp.trace.rebuilding import lacks_positions

    with found.read() as session:
        if not lacks_positions(session):
            return
    print("working out where all lots are, once, from the events …", file=sys.stderr)
    _rebuild_all(found)


def _check(_: argparse.Namespace) -> int:
    from traceapp.db.migrate import differences, heads, integrity

    from . import show
    from .settings import database

    found = database()
    present, wanted = heads(found)
    problems = integrity(found)
    if present == wanted:
        problems += differences(found)
    else:
        problems.insert(0, f"schema is at {present or 'nothing'}, not at {wanted}: run `traceapp db upgrade`")
    show({"ok": not problems, "schema": present, "problems": problems})
    return 0 if not problems else 1


def _rebuild(_: argparse.Namespace) -> int:
    from . import show
    from .settings import database

    show({"events": _rebuild_all(database())})
    return 0


def _rebuild_all(found: Database) -> int:
    from traceapp.core.actor import SYSTEM
    from traceapp.core.clock import SystemClock
    from traceapp.trace.following import settle_all
    from traceapp.trace.rebuilding import rebuild

    with found.write() as session:
        count = rebuild(session)
        settle_all(session, SYSTEM, SystemClock())
    return count
