"""A fresh installation in a folder of its own, used by its commands and through its services."""
from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from benchmarks.serving import Server, free_port, start
from tests import postgres
from traceapp.config import read_settings
from traceapp.core.clock import Clock
from traceapp.world import World, build_world

PASSWORD = "soak run 7 violet harbour"


class Installation:
    """Web server and jobs of one database (an SQLite file unless another is named), whose letters go to a mail server
    on this machine."""

    def __init__(self, folder: str, mail_port: int, database_url: str | None = None) -> None:
        self.port = free_port()
        self.environment = {
            "TRACEAPP_VAR_DIR": folder, "TRACEAPP_DATABASE_URL": database_url or f"sqlite:///{folder}/traceapp.db",
            "TRACEAPP_DEVELOPMENT": "1", "TRACEAPP_WORKERS": "2", "TRACEAPP_TRUSTED_PROXIES": "1",
            "TRACEAPP_BASE_URL": f"http://127.0.0.1:{self.port}",
            "TRACEAPP_MAIL_URL": f"smtp://127.0.0.1:{mail_port}", "TRACEAPP_MAIL_FROM": "recall@maker.example",
            # Compiled once for all starts, also where the surroundings forbid to write bytecode.
            "PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": f"{folder}/bytecode"}

    def run(self, *command: str) -> str:
        """What a `traceapp` command says. Raises RuntimeError when it fails."""
        code, said = self.attempt(*command)
        if code:
            raise RuntimeError(f"traceapp {' '.join(command)} failed: {said}")
        return said

    def attempt(self, *command: str) -> tuple[int, str]:
        """The exit code of a `traceapp` command and what it says."""
        done = subprocess.run([sys.executable, "-m", "traceapp", *command], env={**os.environ, **self.environment},
                              capture_output=True, text=True, check=False)
        return done.returncode, done.stdout.strip() or done.stderr.strip()

    def world(self, clock: Clock | None = None) -> World:
        """The installation's own data, at another time when a clock is given; close its database after use."""
        return build_world(read_settings(self.environment).with_local_secrets(), clock=clock)

    def start_server(self) -> Server:
        """The web server."""
        return start([sys.executable, "-m", "traceapp", "serve"], self.environment, port=self.port)

    def start_jobs(self) -> Server:
        """The scheduler; it answers at no address."""
        return start([sys.executable, "-m", "traceapp", "jobs"], self.environment)


@contextmanager
def database_for(folder: str, kind: str) -> Iterator[str]:
    """The address of an empty database that is as durable as a plant's."""
    if kind == "sqlite":
        yield f"sqlite:///{folder}/traceapp.db"
        return
    with postgres.server() as admin:
        engine = create_engine(admin, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text("DROP DATABASE IF EXISTS traceapp_soak WITH (FORCE)"))
            connection.execute(text("CREATE DATABASE traceapp_soak"))
        yield make_url(admin).set(database="traceapp_soak").render_as_string(hide_password=False)
        with engine.connect() as connection:
            connection.execute(text("DROP DATABASE traceapp_soak WITH (FORCE)"))
        engine.dispose()
