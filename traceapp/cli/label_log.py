"""The print log of labels that the command line prints: what may be printed at all, and what was."""
from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from traceapp.code.printing import Printed, checked_reason, log_print, refuse_unprintable
from traceapp.core.actor import Actor
from traceapp.core.clock import SystemClock
from traceapp.trace import guards

from .label_things import Things
from .settings import database

_WHO = Actor(id="command-line", role="system", name="command line", source="cli")


@contextmanager
def noted(options: argparse.Namespace, found: Things, file_format: str,
          copies: int | None = None) -> Iterator[Callable[[int], None]]:
    """Yields what notes how many labels came out; call it when the file is whole, before it gets its name.

    Raises Conflict for a lot that may not be printed, when it begins and when it is noted, and InvalidInput for a
    reprint without a reason.
    """
    if found.lot is None:
        yield lambda labels: None
        return
    lot_key, template, clock = found.lot.lot_key, options.template, SystemClock()
    with database().read() as session:
        refuse_unprintable(session, found.lot, template, clock)
        checked_reason(session, lot_key, found.run, options.reason)

    def note(labels: int) -> None:
        with database().write() as session:
            refuse_unprintable(session, guards.own_lot(session, lot_key), template, clock)
            reason = checked_reason(session, lot_key, found.run, options.reason)
            log_print(session, _WHO, clock.now(), Printed(
                lot_key, template, file_format, copies or options.copies, labels, found.run, reason))

    yield note
