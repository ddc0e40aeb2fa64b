"""The clock that starts the sweeps, and the loop that watches it.

APScheduler falls silent after the clock was set back; so the loop, which counts monotonic seconds, starts it anew
when its heartbeat stops, and the sweeps look at rows that are due, never at timers that should have fired.
"""
from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from traceapp.core.clock import monotonic_seconds
from traceapp.world import World

from .leader import Leadership

log = structlog.get_logger()
_SILENCE_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Sweep:
    """`run(world)` is called every `seconds` while this process leads; it must bear being called twice."""

    name: str
    seconds: float
    run: Callable[[World], object]


class Scheduler:
    """Leads when it can, waits when it cannot, stops cleanly when `stopping` is set: sweeps that can take long share
    that event."""

    def __init__(self, world: World, sweeps: Sequence[Sweep], stopping: threading.Event | None = None) -> None:
        self.world, self.sweeps = world, sweeps
        self.leadership = Leadership(world.database, world.clock)
        self.stopping = stopping or threading.Event()
        self._running: BackgroundScheduler | None = None
        self._beat = 0.0

    def run(self, renew_seconds: float = 5.0) -> None:
        """Lead or wait until `stop`; a fault of the database is logged and tried again."""
        log.info("jobs_started", holder=self.leadership.holder)
        while not self.stopping.is_set():
            try:
                leads = self.leadership.take_or_renew()
            except Exception:
                log.exception("lease_failed")
                leads = False
            self._follow(leads)
            self.stopping.wait(renew_seconds)
        self._end()
        try:
            self.leadership.give_up()
        except Exception:
            log.exception("lease_not_given_up")
        log.info("jobs_stopped")

    def stop(self) -> None:
        """Ask the loop to end."""
        self.stopping.set()

    def _follow(self, leads: bool) -> None:
        if leads and self._running is not None and monotonic_seconds() - self._beat > _SILENCE_SECONDS:
            log.warning("scheduler_silent", seconds=round(monotonic_seconds() - self._beat))
            self._end()
        if leads and self._running is None:
            self._begin()
        elif not leads and self._running is not None:
            log.warning("lease_lost")
            self._end()

    def _begin(self) -> None:
        self._beat = monotonic_seconds()
        running = BackgroundScheduler(timezone="UTC", executors={"default": ThreadPoolExecutor(4)},
                                      job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None})
        running.add_job(self._note_beat, "interval", seconds=1, id="heartbeat")
        for sweep in self.sweeps:
            running.add_job(self._guarded, "interval", seconds=sweep.seconds, id=sweep.name, args=[sweep])
        running.start()
        self._running = running
        log.info("leading", sweeps=len(self.sweeps))

    def _end(self) -> None:
        if self._running is not None:
            self._running.shutdown(wait=True)
            self._running = None

    def _note_beat(self) -> None:
        self._beat = monotonic_seconds()

    def _guarded(self, sweep: Sweep) -> None:
        try:
            sweep.run(self.world)
        except Exception:
            log.exception("sweep_failed", sweep=sweep.name)
