"""What a process works with: settings, database, clock, vault, files. Built once, handed to web, jobs and cli."""
from __future__ import annotations

from dataclasses import dataclass

from traceapp import models
from traceapp.attachment.service import FileStore
from traceapp.config import Settings
from traceapp.core.clock import Clock, SystemClock
from traceapp.db import Database
from traceapp.vault.service import Vault


@dataclass(frozen=True, slots=True)
class World:
    """One process's surroundings; `models` is imported with it, so that every table is known."""

    settings: Settings
    database: Database
    clock: Clock
    vault: Vault
    files: FileStore


def open_database(settings: Settings) -> Database:
    """The database of these settings."""
    return Database(settings.database_url, prepare_threshold=settings.prepare_threshold,
                    lock_wait_seconds=settings.lock_wait_seconds)


def build_world(settings: Settings, *, database: Database | None = None, clock: Clock | None = None) -> World:
    """The world of these settings. Raises SettingsError when a secret is missing."""
    settings.require_secrets()
    assert models.metadata.tables  # every table is registered before the first session
    return World(
        settings=settings,
        database=database or open_database(settings),
        clock=clock or SystemClock(),
        vault=Vault(settings.vault_key),
        files=FileStore(settings.attachment_dir),
    )
