"""Files that name persons lie sealed: nobody reads them in the store, and none is lost on the way there."""
from __future__ import annotations

import base64
import dataclasses
import json
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.db.test_legal_clocks import make_event
from tests.factories_reports import VAULT, Desk, an_answer, make_desk
from traceapp.adverse_event.model import AdverseEvent
from traceapp.attachment.model import StoredFile
from traceapp.attachment.service import keep_file
from traceapp.cli.vault import parts
from traceapp.cli.whole_copy import read_backup, write_backup
from traceapp.config import Settings
from traceapp.core.actor import SYSTEM
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.db.migrate import upgrade
from traceapp.submission import report_answering, report_making
from traceapp.submission.report_cases import answer_stream
from traceapp.submission.report_model import ReportFile, SealedFile
from traceapp.submission.report_preparing import RenewReport, renew_report
from traceapp.submission.sealed_files import forget_open_files, has_open_files, read_kept, seal_open_files
from traceapp.vault.service import Vault, VaultError

NEW_KEY = base64.urlsafe_b64encode(b"another key of thirty-two bytes!").decode()
NAME = b"Zhang San"


@pytest.fixture
def desk(database: Database, clock: FixedClock, tmp_path: Path) -> Desk:
    return Desk(database, clock, make_desk(tmp_path / "files"))


@pytest.fixture
def event(database: Database, clock: FixedClock) -> AdverseEvent:
    return make_event(database, clock)


def readable(desk: Desk) -> list[Path]:
    """The files of the store in which the name can be read."""
    return [path for path in desk.desk.store.directory.rglob("*") if path.is_file() and NAME in path.read_bytes()]


def contents(desk: Desk) -> dict[tuple[int, str], bytes]:
    """What every kept file says, by round and role."""
    with desk.database.read() as session:
        return {(one.round, one.role): read_kept(session, desk.desk, one.sha256)
                for one in session.scalars(select(ReportFile))}


def test_a_full_report_cannot_be_read_in_the_store_and_can_through_the_vault(desk: Desk, event: AdverseEvent) -> None:
    report = desk.prepare(event, profile="full")
    assert readable(desk) == []
    manager = desk.manager()
    with desk.database.write() as session:  # the same case again gives the same bytes
        renew_report(session, manager, desk.clock, RenewReport(report.id), desk=desk.desk)
    assert readable(desk) == []
    found = contents(desk)
    assert {key for key, data in found.items() if NAME in data} == {(n, role) for n in (1, 2) for role in ("form", "case")}


def test_a_masked_report_lies_open_as_it_names_nobody(desk: Desk, event: AdverseEvent) -> None:
    desk.prepare(event)
    with desk.database.read() as session:
        assert session.scalars(select(SealedFile)).all() == []
        assert all(desk.desk.store.path_of(one.sha256).is_file() for one in session.scalars(select(ReportFile)))


@pytest.fixture
def from_before(desk: Desk, event: AdverseEvent, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A full report from the time when files lay open."""
    with monkeypatch.context() as before:
        before.setattr(report_making, "NAMING", ())
        desk.sent(event, profile="full")
    assert len(readable(desk)) == 2
    return desk


def test_files_from_before_are_read_as_they_lie_and_sealed_without_a_moment_in_which_one_is_missing(
        from_before: Desk) -> None:
    desk, before = from_before, contents(from_before)
    with desk.database.write() as session:
        assert seal_open_files(session, SYSTEM, desk.clock, 1, desk=desk.desk) == 1
    assert (contents(desk), len(readable(desk))) == (before, 2)  # cut off here, both are there
    with desk.database.write() as session:
        assert seal_open_files(session, SYSTEM, desk.clock, 50, desk=desk.desk) == 1
        assert forget_open_files(session, SYSTEM, desk.clock, 50, desk=desk.desk) == 2
    assert (contents(desk), readable(desk)) == (before, [])
    with desk.database.read() as session:
        assert not has_open_files(session)
        assert all(desk.desk.store.path_of(one).is_file() for one in session.scalars(select(StoredFile.sha256)))


def test_an_answer_lies_sealed_unless_all_that_it_is_about_is_masked(desk: Desk, event: AdverseEvent) -> None:
    full, masked = desk.sent(event, profile="full"), desk.sent(event, jurisdiction="EU")
    quoting = {"texts": ("Zhang San is not known",)}
    desk.take(an_answer("received", full.id, **quoting))
    desk.take(an_answer("received", "nobody knows", **quoting))
    desk.note(full, "rejected", text="see the file", file=("page.pdf", b"%PDF of " + NAME))
    assert readable(desk) == []
    desk.take(an_answer("received", masked.id, **quoting))
    assert len(readable(desk)) == 1


def test_answers_from_before_are_sealed_by_the_same_job(desk: Desk, event: AdverseEvent,
                                                        monkeypatch: pytest.MonkeyPatch) -> None:
    full, masked = desk.sent(event, profile="full"), desk.sent(event, jurisdiction="EU")
    both = json.loads(an_answer("received", full.id)[4:]) + json.loads(
        an_answer("received", masked.id, texts=("Zhang San",))[4:])
    with monkeypatch.context() as before:
        before.setattr(report_answering, "keep_answer", lambda session, actor, clock, about, made, desk: keep_file(
            session, actor, clock, answer_stream(about[0]), made, store=desk.store))
        answers = desk.take(b"ACK " + json.dumps(both).encode())
        desk.take(an_answer("received", masked.id, texts=("Zhang San",)))
    assert len(readable(desk)) == 2
    with desk.database.write() as session:
        assert seal_open_files(session, SYSTEM, desk.clock, 50, desk=desk.desk) == 1
    with desk.database.write() as session:
        assert forget_open_files(session, SYSTEM, desk.clock, 50, desk=desk.desk) == 1
    assert len(readable(desk)) == 1
    with desk.database.read() as session:
        assert read_kept(session, desk.desk, answers[0].sha256 or "") == b"ACK " + json.dumps(both).encode()
        assert not has_open_files(session)


def test_an_open_file_stays_where_its_sealed_copy_was_touched(from_before: Desk) -> None:
    desk = from_before
    with desk.database.write() as session:
        seal_open_files(session, SYSTEM, desk.clock, 50, desk=desk.desk)
        sealed = session.scalars(select(SealedFile)).all()
    path = desk.desk.store.path_of(sealed[0].kept_as)
    touched = path.read_bytes()
    path.write_bytes(touched[:-1] + bytes([touched[-1] ^ 1]))
    with pytest.raises(VaultError), desk.database.write() as session:
        forget_open_files(session, SYSTEM, desk.clock, 50, desk=desk.desk)
    assert len(readable(desk)) == 2


def test_a_file_that_the_store_lost_holds_up_no_other(from_before: Desk) -> None:
    desk = from_before
    readable(desk)[0].unlink()
    with desk.database.write() as session:
        assert seal_open_files(session, SYSTEM, desk.clock, 50, desk=desk.desk) == 1


def test_a_new_key_of_the_vault_rewrites_keys_and_no_file(desk: Desk, event: AdverseEvent) -> None:
    desk.prepare(event, profile="full")
    before, files = contents(desk), sorted(desk.desk.store.directory.rglob("*"))
    held = "YS12YXVsdC1rZXktb2YtdGhlLXRlc3Qtc3VpdGUhISE="
    part = next(one for one in parts() if one.name == "files")
    with desk.database.write() as session:
        both = Vault(f"{NEW_KEY},{held}")
        assert part.waiting(session, both) == 2
        assert part.reseal(session, SYSTEM, desk.clock, 10, vault=both).moved == 2
        assert part.waiting(session, both) == 0
    old = desk.desk
    desk.desk = dataclasses.replace(old, vault=Vault(NEW_KEY))
    assert (contents(desk), sorted(old.store.directory.rglob("*"))) == (before, files)
    desk.desk = dataclasses.replace(old, vault=VAULT)
    with pytest.raises(VaultError):
        contents(desk)


def test_a_copy_holds_sealed_files_and_gives_them_back(clock: FixedClock, settings: Settings, tmp_path: Path) -> None:
    here, first = dataclasses.replace(settings, var_dir=tmp_path / "old"), Database(f"sqlite:///{tmp_path / 'old.db'}")
    upgrade(first)
    desk = Desk(first, clock, make_desk(here.attachment_dir))
    desk.prepare(make_event(first, clock), profile="full")
    before = contents(desk)
    write_backup(first, here, tmp_path / "copy.tar.gz")
    there = dataclasses.replace(settings, var_dir=tmp_path / "new")
    other = Database(f"sqlite:///{tmp_path / 'new.db'}")
    read_backup(other, there, tmp_path / "copy.tar.gz")
    restored = Desk(other, clock, make_desk(there.attachment_dir))
    assert contents(restored) == before
    assert readable(restored) == []
    first.close()
    other.close()
