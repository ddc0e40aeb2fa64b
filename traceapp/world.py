"""What a process works with: settings, database, clock, vault, files, prints, imports, reports, keys and regions of
codes. Built once, handed to web, jobs and cli."""
from __future__ import annotations

from dataclasses import dataclass

from traceapp import models
from traceapp.attachment.service import FileStore
from traceapp.code.regions import RegionFileError, RegionTable, read_regions
from traceapp.code.signature import CodeKeys
from traceapp.config import Settings, SettingsError
from traceapp.core.clock import Clock, SystemClock
from traceapp.db import Database
from traceapp.importing.files import ImportStore
from traceapp.making.files import MadeFiles
from traceapp.submission.report_desk import ReportDesk
from traceapp.submission.report_house import Schemas, report_desk
from traceapp.vault.service import Vault


@dataclass(frozen=True, slots=True)
class World:
    """One process's surroundings; `models` is imported with it, so that every table is known."""

    settings: Settings
    database: Database
    clock: Clock
    vault: Vault
    files: FileStore
    prints: MadeFiles
    records: MadeFiles
    imports: ImportStore
    reports: ReportDesk
    code_keys: CodeKeys
    regions: RegionTable


def open_database(settings: Settings) -> Database:
    """The database of these settings."""
    return Database(settings.database_url, prepare_threshold=settings.prepare_threshold,
                    lock_wait_seconds=settings.lock_wait_seconds)


def build_world(settings: Settings, *, database: Database | None = None, clock: Clock | None = None) -> World:
    """The world of these settings. Raises SettingsError when a secret is missing or a file cannot be used."""
    settings.require_secrets()
    assert models.metadata.tables  # every table is registered before the first session
    vault, files = Vault(settings.vault_key), FileStore(settings.attachment_dir)
    return World(
        settings=settings,
        database=database or open_database(settings),
        clock=clock or SystemClock(),
        vault=vault,
        files=files,
        prints=MadeFiles(settings.print_dir),
        records=MadeFiles(settings.records_dir),
        imports=ImportStore(settings.import_dir, settings.import_limit_bytes),
        reports=report_desk(files, vault, Schemas(
            settings.e2b_xsd_dir, settings.emdr_xsd_dir, settings.mir_xsd_dir)),
        code_keys=CodeKeys(settings.code_keys),
        regions=_regions(settings),
    )


def _regions(settings: Settings) -> RegionTable:
    """The regions of networks. Raises SettingsError naming the row that cannot be used."""
    if settings.regions_file is None:
        return RegionTable()
    try:
        return read_regions(settings.regions_file.read_text(encoding="utf-8-sig"))
    except (RegionFileError, UnicodeDecodeError) as error:
        raise SettingsError("%(file)s cannot be used: %(why)s (%(where)s)", place="TRACEAPP_REGIONS_FILE",
                            file=settings.regions_file, why=getattr(error, "text", "it is not UTF-8"),
                            where=getattr(error, "place", "")) from None
