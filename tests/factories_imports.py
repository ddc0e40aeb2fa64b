"""Tables that are imported, as bytes, and the work on them in this process."""
from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from traceapp.config import Settings
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.importing.model import ImportFault, ImportJob
from traceapp.importing.orders import (
    BeginImport,
    MapColumns,
    begin_import,
    faults_of,
    import_by_id,
    map_columns,
    new_import_id,
    order_check,
    order_run,
    read_table,
)
from traceapp.jobs.import_sweep import check_tables, run_imports
from traceapp.world import World, build_world


def table(*rows: list[Any] | str, encoding: str = "utf-8") -> bytes:
    """A CSV of these rows, each a list of cells or a line."""
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    for row in rows:
        writer.writerow(row.split(",") if isinstance(row, str) else row)
    return file.getvalue().encode(encoding)


@dataclass(slots=True)
class Office:
    """A world in which somebody imports."""

    world: World
    actor: Actor

    def begin(self, kind: str, content: bytes, name: str = "table.csv") -> ImportJob:
        """An import whose columns are guessed."""
        here = self.world
        kept = here.imports.keep(new_import_id(here.clock), io.BytesIO(content))
        read = read_table(here.imports, kept, kind)
        with here.database.write() as session:
            return begin_import(session, self.actor, here.clock, BeginImport(kind, name, read))

    def change(self, job: ImportJob, *, may_change: bool = False, **columns: int) -> None:
        """Name columns besides those that were guessed."""
        with self.world.database.write() as session:
            map_columns(session, self.actor, self.world.clock, MapColumns(
                job.id, {**job.mapping, **columns}, may_change=may_change))

    def check(self, job: ImportJob) -> ImportJob:
        """Have it looked at, to the end."""
        with self.world.database.write() as session:
            order_check(session, self.actor, self.world.clock, job.id)
        check_tables(self.world)
        return self.read(job)

    def run(self, job: ImportJob, *, skips_faulty: bool = False) -> ImportJob:
        """Have it taken in, to the end."""
        with self.world.database.write() as session:
            order_run(session, self.actor, self.world.clock, job.id, skips_faulty=skips_faulty)
        run_imports(self.world)
        return self.read(job)

    def take(self, kind: str, content: bytes, *, may_change: bool = False, skips_faulty: bool = False) -> ImportJob:
        """All of it: begun, looked at, taken in."""
        job = self.begin(kind, content)
        if may_change:
            self.change(job, may_change=True)
        looked = self.check(job)
        assert looked.state == "checked", looked.trouble
        return self.run(job, skips_faulty=skips_faulty)

    def read(self, job: ImportJob) -> ImportJob:
        with self.world.database.read() as session:
            return import_by_id(session, job.id)

    def faults(self, job: ImportJob) -> list[ImportFault]:
        with self.world.database.read() as session:
            return faults_of(session, job.id)

    def wrong(self, job: ImportJob) -> list[tuple[int, str, str]]:
        """(row, field, code) of every fault."""
        return [(fault.row, fault.field, fault.code) for fault in self.faults(job)]


def counts(job: ImportJob) -> tuple[int, int, int, int]:
    """Stored, already there, changed, refused."""
    return job.stored, job.already, job.changed, job.refused


def make_office(database: Database, clock: FixedClock, actor: Actor, folder: Path) -> Office:
    """An office over this database, with its files in `folder`."""
    settings = Settings(var_dir=folder / "var", database_url=str(database.url), secret_key="a secret of the tests",
                        vault_key="YS12YXVsdC1rZXktb2YtdGhlLXRlc3Qtc3VpdGUhISE=", development=True)
    return Office(build_world(settings, database=database, clock=clock), actor)
