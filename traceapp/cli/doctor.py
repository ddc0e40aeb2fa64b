"""What `traceapp doctor` looks at, and what to do about what it finds."""
from __future__ import annotations

import platform
import shutil
import sys
import time
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from traceapp.code.allocating import missing_keys
from traceapp.code.signature import CodeKeyError, CodeKeys
from traceapp.config import Settings, SettingsError
from traceapp.core.clock import SystemClock
from traceapp.db import Database
from traceapp.db.database import sqlite_module, sqlite_wal_is_safe
from traceapp.db.migrate import heads
from traceapp.oversight.setting import regulators_without_scope


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `is_optional`: the service runs without it."""

    name: str
    is_ok: bool
    says: str
    advice: str = ""
    is_optional: bool = False


def examine() -> list[Finding]:
    """Everything, in the order in which one would mend it."""
    from .settings import settings

    findings = [_python(), _sqlite(), _fonts(), _clock()]
    try:
        found = settings()
    except SettingsError as error:
        return [*findings, Finding("settings", False, error.text)]
    return [*findings, _secrets(found), _disk(found), _database(found), *_code_keys(found), *_regulators(found)]


def _python() -> Finding:
    good = sys.version_info >= (3, 11)
    return Finding("Python", good, platform.python_version(), "" if good else "Python 3.11 or newer is needed.")


def _sqlite() -> Finding:
    module = sqlite_module()
    safe = sqlite_wal_is_safe(module.sqlite_version_info)
    if safe:
        return Finding("SQLite", True, f"{module.sqlite_version}: WAL is safe", is_optional=True)
    return Finding("SQLite", False, f"{module.sqlite_version}: has the WAL-reset bug (two checkpoints at once can "
                   "corrupt the file); every write takes the product's own lock, which avoids it",
                   "Install the package pysqlite3, or use PostgreSQL for several processes.", is_optional=True)


def _fonts() -> Finding:
    from labels import fonts

    found = fonts.find_cjk()
    if found is not None:
        return Finding("Chinese font for labels and PDF", True, str(found.path), is_optional=True)
    return Finding("Chinese font for labels and PDF", False, "none found: labels print without Chinese text",
                   fonts.advice(), is_optional=True)


def _clock() -> Finding:
    now = SystemClock().now()
    drift = abs(time.time() - now.timestamp())
    good = now > datetime.fromisoformat("2026-11-01T00:00:00+00:00") and drift < 5
    return Finding("clock", good, now.isoformat(timespec="seconds"),
                   "" if good else "Set the machine's clock (for example with systemd-timesyncd or chrony).")


def _secrets(found: Settings) -> Finding:
    try:
        found.require_secrets()
    except SettingsError as error:
        return Finding("secrets", False, error.text)
    exposed = [name for name in ("secret_key", "vault_key", "code_keys")
               if (found.var_dir / name).exists() and (found.var_dir / name).stat().st_mode & 0o077]
    if exposed:
        return Finding("secrets", False, f"readable by others: {', '.join(exposed)}", "chmod 600 these files.")
    return Finding("secrets", True, "both are set")


def _disk(found: Settings) -> Finding:
    folder = found.var_dir if found.var_dir.exists() else found.var_dir.parent
    free = shutil.disk_usage(folder).free
    good = free > 1_000_000_000
    return Finding("disk", good, f"{free / 1e9:.1f} GB free at {folder}",
                   "" if good else "Make room: the database and the files grow here.")


def _database(found: Settings) -> Finding:
    try:
        database = Database(found.database_url, prepare_threshold=found.prepare_threshold)
        with database.reading() as connection:
            connection.execute(text("SELECT 1"))
        present, wanted = heads(database)
        database.close()
    except (SQLAlchemyError, OSError, ValueError) as error:
        return Finding("database", False, f"does not answer: {type(error).__name__}",
                       "Look at TRACEAPP_DATABASE_URL and whether the server runs.")
    good = present == wanted
    return Finding("database", good, f"{database.dialect}, schema {present or 'empty'}",
                   "" if good else "Run `traceapp db upgrade`.")


def _code_keys(found: Settings) -> list[Finding]:
    """Whether codes can be signed, and every code that was signed can be verified; nothing where the database is not
    ready for the question."""
    try:
        keys = CodeKeys(found.code_keys)
        database = Database(found.database_url, prepare_threshold=found.prepare_threshold)
        with database.read() as session:
            missing = missing_keys(session, keys)
        database.close()
    except CodeKeyError as error:
        return [Finding("keys of codes", False, error.text)]
    except (SQLAlchemyError, OSError, ValueError):
        return []
    if missing:
        return [Finding("keys of codes", False, f"not here: {', '.join(missing)}; codes under them count as not signed",
                        "Add them after the present one in TRACEAPP_CODE_KEYS, unless they were retired.",
                        is_optional=True)]
    return [Finding("keys of codes", True, f"codes are signed by key {keys.present}" if keys.present
                    else "none: codes are not signed", is_optional=True)]


def _regulators(found: Settings) -> list[Finding]:
    """Whether every regulator's account says of which jurisdictions it sees cases; nothing where there is none."""
    try:
        database = Database(found.database_url, prepare_threshold=found.prepare_threshold)
        with database.read() as session:
            names, total = regulators_without_scope(session)
        database.close()
    except (SQLAlchemyError, OSError, ValueError):
        return []
    if names:
        return [Finding("regulators", False, f"see no case, as nobody said of which jurisdictions: {', '.join(names)}",
                        "Say it on the console, or by `traceapp user scope`.", is_optional=True)]
    return [Finding("regulators", True, f"{total} with jurisdictions", is_optional=True)] if total else []
