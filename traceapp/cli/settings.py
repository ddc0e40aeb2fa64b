"""Settings and world for commands that need a database."""
from __future__ import annotations

from traceapp.config import Settings, read_settings
from traceapp.db import Database
from traceapp.logs import configure
from traceapp.world import World, build_world, open_database


def settings() -> Settings:
    """The settings of this process, whose log is not its result; in development missing secrets are written under the
    var directory."""
    configure()
    found = read_settings()
    return found.with_local_secrets() if found.development else found


def world() -> World:
    """Everything a command may need. Raises SettingsError when a secret is missing."""
    return build_world(settings())


def database() -> Database:
    """The database alone, for commands that need no secret."""
    return open_database(settings())
