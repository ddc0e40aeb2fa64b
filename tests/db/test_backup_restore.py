"""A copy comes back whole, on either database; a copy that was touched does not come back at all."""
from __future__ import annotations

import dataclasses
import gzip
import io
import tarfile
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from tests.factories_surveillance import add_lot, add_product, add_reactions, add_shipment
from tests.migrated import migrate_to
from traceapp.attachment.service import FileStore, NewFile, add_file, open_file
from traceapp.audit.verify import sign_checkpoint, verify
from traceapp.cli.whole_copy import BackupBroken, read_backup, write_backup
from traceapp.complaint.model import Complaint
from traceapp.config import Settings
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict
from traceapp.db import Database
from traceapp.db.dump import dump_table, table_names
from traceapp.db.migrate import upgrade
from traceapp.surveillance.model import SignalAlarm
from traceapp.surveillance.rescoring import rescore_lot
from traceapp.vault.policy import PersonDetails
from traceapp.vault.service import SealPerson, Vault, reveal_person, seal_person

PDF = b"%PDF-1.7\n1 0 obj\n<</Type/Catalog>>\nendobj\ntrailer\n<</Root 1 0 R>>\nstartxref\n9\n%%EOF\n"


@pytest.fixture
def filled(tmp_path: Path, settings: Settings, clock: FixedClock, actor: Actor) -> tuple[Database, Settings, str]:
    """A migrated SQLite database with lots, a signal, a sealed person, a file and a signed trail."""
    here = dataclasses.replace(settings, var_dir=tmp_path / "old")
    database = Database(f"sqlite:///{tmp_path / 'old.db'}")
    migrate_to(database, "head")
    at = clock.now() - timedelta(days=30)
    with database.write() as session:
        lot = add_lot(session, add_product(session, at), "批次-1", 3000, at)
        add_shipment(session, lot, 3000, at)
        add_reactions(session, lot, clock.now() - timedelta(days=9), 9)
        rescore_lot(session, clock, lot.lot_key)
        person = seal_person(session, actor, clock, SealPerson(PersonDetails(name="张三", phone="13800000000"), False),
                             vault=Vault(here.vault_key))
        add_file(session, actor, clock, NewFile("inspection:1", "report.pdf", PDF), store=FileStore(here.attachment_dir))
        person_id = person.id
    with database.write() as session:
        sign_checkpoint(session, clock.now(), here.secret_key)
    return database, here, person_id


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    """An empty database to restore into."""
    if request.param == "sqlite":
        return Database(f"sqlite:///{tmp_path / 'new.db'}")
    database: Database = request.getfixturevalue("empty_postgresql")
    return database


def dumped(database: Database) -> dict[str, list[str]]:
    with database.snapshot() as session:
        return {name: list(dump_table(session, name)) for name in table_names()}


def test_everything_comes_back_on_either_database(filled: tuple[Database, Settings, str], target: Database,
                                                  tmp_path: Path, clock: FixedClock, actor: Actor) -> None:
    database, here, person_id = filled
    made = write_backup(database, here, tmp_path / "copy.tar.gz")
    assert made["attachments"] == 1
    there = dataclasses.replace(here, var_dir=tmp_path / "new")
    read = read_backup(target, there, tmp_path / "copy.tar.gz")
    assert read["rows"] == made["rows"]
    assert dumped(target) == dumped(database)
    with target.snapshot() as session:
        verdict = verify(session, there.secret_key)
        assert (verdict.broken, verdict.checkpoints) == (None, 1)
        alarm = session.scalars(select(SignalAlarm)).one()
        assert alarm.evidence["curve"]["observed"][-1] == 9
    store = FileStore(there.attachment_dir)
    with target.read() as session:
        digest = session.scalar(text("SELECT sha256 FROM stored_file"))
    with open_file(store, str(digest)) as file:
        assert file.read().startswith(b"%PDF-")
    with target.write() as session:
        assert reveal_person(session, actor, clock, person_id, "restore test", vault=Vault(here.vault_key)).name == "张三"


def test_a_copy_never_mixes_with_what_is_there(filled: tuple[Database, Settings, str], tmp_path: Path) -> None:
    database, here, _ = filled
    write_backup(database, here, tmp_path / "copy.tar.gz")
    with pytest.raises(Conflict, match="not empty"):
        read_backup(database, here, tmp_path / "copy.tar.gz")


def rewritten(path: Path, name: str, change: tuple[bytes, bytes]) -> Path:
    """The copy with one member changed, everything else as it was."""
    out = path.with_name("touched.tar.gz")
    with tarfile.open(path) as old, gzip.open(out, "wb") as packed, tarfile.open(fileobj=packed, mode="w") as new:
        for member in old:
            content = (old.extractfile(member) or io.BytesIO()).read()
            if member.name == name:
                assert change[0] in content
                content = content.replace(*change)
                member.size = len(content)
            new.addfile(member, io.BytesIO(content))
    return out


@pytest.mark.parametrize(("name", "change"), [
    ("tables/complaint.jsonl", (b"red skin", b"nothing ")), ("tables/audit_entry.jsonl", (b"signal.opened", b"signal.closed"))])
def test_a_copy_that_was_touched_is_refused_and_nothing_is_restored(
        filled: tuple[Database, Settings, str], tmp_path: Path, name: str, change: tuple[bytes, bytes]) -> None:
    database, here, _ = filled
    write_backup(database, here, tmp_path / "copy.tar.gz")
    touched = rewritten(tmp_path / "copy.tar.gz", name, change)
    fresh = Database(f"sqlite:///{tmp_path / 'fresh.db'}")
    with pytest.raises(BackupBroken):
        read_backup(fresh, here, touched)
    upgrade(fresh)
    with fresh.read() as session:
        assert session.scalar(select(func.count()).select_from(Complaint)) == 0


@pytest.mark.parametrize("name", ["../../escape.txt", "/etc/escape.txt", "tables/../../escape.txt", "attachments/x"])
def test_a_copy_cannot_write_anywhere_but_where_its_own_files_go(tmp_path: Path, settings: Settings, name: str) -> None:
    with tarfile.open(tmp_path / "evil.tar.gz", "w:gz") as archive:
        member = tarfile.TarInfo(name)
        member.size = 4
        archive.addfile(member, io.BytesIO(b"evil"))
    with pytest.raises(BackupBroken, match="never put there"):
        read_backup(Database(f"sqlite:///{tmp_path / 'fresh.db'}"), settings, tmp_path / "evil.tar.gz")
    assert not list(tmp_path.rglob("escape*"))


def test_half_a_copy_is_refused(filled: tuple[Database, Settings, str], tmp_path: Path) -> None:
    database, here, _ = filled
    path = tmp_path / "copy.tar.gz"
    write_backup(database, here, path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(BackupBroken):
        read_backup(Database(f"sqlite:///{tmp_path / 'fresh.db'}"), here, path)


def test_a_broken_trail_is_not_copied(filled: tuple[Database, Settings, str], tmp_path: Path) -> None:
    database, here, _ = filled
    with database.engine.begin() as connection:
        connection.execute(text("DROP TRIGGER audit_entry_no_update"))
        connection.execute(text("UPDATE audit_entry SET action = 'x' WHERE action = 'signal.opened'"))
    with pytest.raises(BackupBroken, match="broken"):
        write_backup(database, here, tmp_path / "copy.tar.gz")
    assert not list(tmp_path.glob("copy*"))
