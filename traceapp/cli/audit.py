"""`audit verify`."""
from __future__ import annotations

import argparse


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands about the trail."""
    group = commands.add_parser("audit", help="the trail of who did what")
    acts = group.add_subparsers(dest="act", required=True, metavar="ACT")
    acts.add_parser("verify", help="walk every chain and say ok, or the first broken link").set_defaults(run=_verify)


def _verify(_: argparse.Namespace) -> int:
    from traceapp.audit.verify import verify

    from . import show
    from .settings import database, settings

    with database().snapshot() as session:
        verdict = verify(session, settings().secret_key or None)
    show({"ok": verdict.broken is None, "streams": verdict.streams, "entries": verdict.entries,
          "checkpoints": verdict.checkpoints, "broken": verdict.broken})
    return 0 if verdict.broken is None else 1
