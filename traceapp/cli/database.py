"""`db upgrade`, `db check`, `db rebuild`."""
from __future__ import annotations

import argparse
import sys


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
    return 0


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
    from traceapp.core.actor import SYSTEM
    from traceapp.core.clock import SystemClock
    from traceapp.trace.capture import rebuild
    from traceapp.trace.following import settle_all

    from . import show
    from .settings import database

    found = database()
    with found.write() as session:
        show({"events": rebuild(session)})
        settle_all(session, SYSTEM, SystemClock())
    return 0
