"""Applications of tests. The routes take longest to make and know nothing of an installation: a later test uses them again."""
from __future__ import annotations

from pathlib import Path

from jinja2 import FileSystemBytecodeCache

from traceapp.app import Application, bind, make_routes
from traceapp.config import Settings
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.world import build_world

_free: list[Application] = []
_COMPILED = Path(__file__).resolve().parents[1] / "build" / "compiled" / "templates"


def _routes() -> Application:
    """Routes whose templates are compiled once for all processes, as Python's own files are."""
    _COMPILED.mkdir(parents=True, exist_ok=True)
    made = make_routes()
    made.jinja_env.bytecode_cache = FileSystemBytecodeCache(str(_COMPILED))
    return made


class Applications:
    """What one test opens; whoever makes it closes it."""

    def __init__(self) -> None:
        self._opened: list[Application] = []

    def open(self, settings: Settings, database: Database, clock: FixedClock) -> Application:
        """The application of these settings over this database; an error of ours is an answer 500, as people get it."""
        app = _free.pop() if _free else _routes()
        bind(app, build_world(settings, database=database, clock=clock))
        app.testing = True
        app.config["PROPAGATE_EXCEPTIONS"] = False
        self._opened.append(app)
        return app

    def close(self) -> None:
        """End their logs and leave their routes to later tests."""
        while self._opened:
            app = self._opened.pop()
            app.extensions["traceapp.consumer"].scans.close()
            _free.append(app)
