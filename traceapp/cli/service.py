"""`serve`, `jobs`, `doctor`."""
from __future__ import annotations

import argparse
import signal
import threading
from dataclasses import replace
from types import FrameType

_BESIDE_A_TABLE = 1_000_000  # what a form carries besides its file


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands that run the service."""
    serve = commands.add_parser("serve", help="run the web server until it is told to stop")
    serve.set_defaults(run=_serve)
    jobs = commands.add_parser("jobs", help="run the scheduler: detection, letters, reminders, retention")
    jobs.set_defaults(run=_jobs)
    doctor = commands.add_parser("doctor", help="say whether this machine can run the service, and what to mend")
    doctor.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    doctor.set_defaults(run=_doctor)


def _serve(_: argparse.Namespace) -> int:
    from traceapp.web.bridge import Limits
    from traceapp.web.server import serve

    from .settings import settings

    found = settings().require_secrets()
    limits = Limits()
    largest = max(limits.body_bytes, found.upload_limit_bytes, found.import_limit_bytes + _BESIDE_A_TABLE)
    serve("traceapp.app:from_environment", host=found.host, port=found.port, workers=found.workers,
          limits=replace(limits, body_bytes=largest))
    return 0


def _jobs(_: argparse.Namespace) -> int:
    from traceapp.jobs.scheduler import Scheduler
    from traceapp.jobs.sweeps import sweeps

    from .settings import world

    stopping = threading.Event()
    scheduler = Scheduler(world(), sweeps(stopping), stopping)

    def stop(_number: int, _frame: FrameType | None) -> None:
        scheduler.stop()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    scheduler.run()
    return 0


def _doctor(options: argparse.Namespace) -> int:
    from . import show
    from .doctor import examine

    findings = examine()
    if options.json:
        show({finding.name: {"ok": finding.is_ok, "says": finding.says, "do": finding.advice} for finding in findings})
    else:
        for finding in findings:
            print(f"{'ok  ' if finding.is_ok else 'MEND'} {finding.name}: {finding.says}"
                  + (f"\n     {finding.advice}" if finding.advice else ""))
    return 0 if all(finding.is_ok or finding.is_optional for finding in findings) else 1
