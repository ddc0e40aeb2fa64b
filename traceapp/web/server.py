"""The web server: granian's ASGI face with our bridge behind it (docs/decisions/0002-server.md)."""
from __future__ import annotations

import gc
import importlib
import logging
import os
import signal
import threading
import time
from functools import partial
from typing import Any

from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels

from traceapp.core.process import take_habits

from .bridge import Limits, WsgiBridge
from .exchange import WsgiApp

log = logging.getLogger("traceapp.server")

# Requests in flight have this long to finish after SIGTERM or SIGINT; then the connection is broken off.
STOP_SECONDS = 4
_LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain", "stream": "ext://sys.stderr"}},
    "loggers": {"_granian": {"handlers": ["console"], "level": "WARNING", "propagate": False}},
}


def load_application(path: str) -> WsgiApp:
    """The application that the zero-argument factory at `module:name` makes."""
    module, _, name = path.partition(":")
    if not module or not name:
        raise ValueError(f"an application factory is written module:name; this is {path!r}")
    application: WsgiApp = getattr(importlib.import_module(module), name)()
    return application


def serve(app_factory_path: str, *, host: str, port: int, workers: int = 1, limits: Limits | None = None) -> None:
    """Serve until SIGTERM or SIGINT, then let the requests in flight finish, at most STOP_SECONDS.

    Each worker is a process of its own that makes its own application; one that crashes is started anew.
    Raises SystemExit(1) when workers keep crashing.
    """
    importlib.import_module(app_factory_path.partition(":")[0])  # once, before the workers are forked off
    server = Granian(
        app_factory_path,
        address=host,
        port=port,
        interface=Interfaces.ASGINL,  # no lifespan: the bridge is made whole by its loader
        workers=workers,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=30_000, max_buffer_size=256 * 1024),
        websockets=False,
        log_level=LogLevels.warning,
        log_dictconfig=_LOGGING,
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_SECONDS,
    )
    loader = partial(_load_bridge, app_factory_path, limits or Limits(), workers > 1, os.getpid())
    server.serve(target_loader=loader, wrap_loader=False)


def _load_bridge(path: str, limits: Limits, is_multiprocess: bool, parent: int) -> WsgiBridge:
    """Make the application inside its worker process."""
    # Until granian sets its own, the worker has its parent's handlers, which would swallow a stop during the start.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    threading.Thread(target=_follow, args=(parent,), name="follow-parent", daemon=True).start()
    take_habits()
    application = load_application(path)
    gc.collect()
    gc.freeze()  # what is loaded stays: looking through it again takes a tenth of a second, in which nobody is answered
    return WsgiBridge(application, limits, is_multiprocess=is_multiprocess)


def _follow(parent: int) -> None:
    """End this worker when its parent was killed: an orphan would go on answering on the shared port."""
    while os.getppid() == parent:
        time.sleep(0.5)
    log.error("the server's main process is gone; this worker stops")
    os.kill(os.getpid(), signal.SIGTERM)
