"""One scheduler's delivery of notices alone, without asking who leads, so that several send at once; its clock may go
wrong: `python -m benchmarks.soak.sending_process SECONDS`, added to the machine's time."""
from __future__ import annotations

import sys
import time
from datetime import UTC, datetime, timedelta

from traceapp.config import read_settings
from traceapp.jobs.sweeps import deliver
from traceapp.world import build_world


class ShiftedClock:
    """The machine's clock, some seconds off."""

    def __init__(self, seconds: float) -> None:
        self._off = timedelta(seconds=seconds)

    def now(self) -> datetime:
        return datetime.now(UTC) + self._off


def main() -> int:
    """Deliver until killed."""
    world = build_world(read_settings().with_local_secrets(), clock=ShiftedClock(float(sys.argv[1])))
    while True:
        if not deliver(world):
            time.sleep(0.05)


if __name__ == "__main__":
    raise SystemExit(main())
