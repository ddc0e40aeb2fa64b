"""Answers so far are kept sealed, and become one complaint however often somebody clicks."""
from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from tests.factories_complaint import VAULT, a_report, dump
from traceapp.attachment.service import FileStore, NewFile, add_file, attachments_of
from traceapp.complaint.drafts import (
    LIFETIME,
    complete_draft,
    files_of_draft,
    forget_draft_files,
    forget_old_drafts,
    read_draft,
    save_draft,
    start_draft,
)
from traceapp.complaint.model import Complaint, ReportDraft
from traceapp.core.actor import PUBLIC
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict, InvalidInput, NotFound, TooLarge
from traceapp.db import Database

PDF = b"%%PDF-1.7\ntrailer<<%s>>\nstartxref\n9\n%%%%EOF\n"


def started(database: Database, clock: FixedClock) -> str:
    with database.write() as session:
        return start_draft(session, clock, {"narrative": "Planted 红肿", "step": 1}, vault=VAULT)


def completed(database: Database, clock: FixedClock, token: str, **changes: object) -> tuple[str, str | None]:
    with database.write() as session:
        submitted = complete_draft(session, PUBLIC, clock, token, a_report(**changes), vault=VAULT)
        return submitted.complaint.reference, submitted.follow_up_token


def test_answers_come_back_and_are_not_readable_in_the_database(database: Database, clock: FixedClock) -> None:
    token = started(database, clock)
    with database.write() as session:
        save_draft(session, clock, token, {"narrative": "Planted too", "step": 2}, vault=VAULT)
    with database.read() as session:
        assert read_draft(session, clock, token, vault=VAULT).answers == {"narrative": "Planted too", "step": 2}
    whole = dump(database)
    assert "Planted" not in whole
    assert token not in whole


def test_a_second_click_or_a_reload_shows_the_same_reference(database: Database, clock: FixedClock) -> None:
    token = started(database, clock)
    first = completed(database, clock, token)
    assert completed(database, clock, token, narrative="other") == first
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Complaint)) == 1
        draft = read_draft(session, clock, token, vault=VAULT)
        assert (draft.answers, draft.complaint_id is not None) == ({}, True)
    with pytest.raises(Conflict), database.write() as session:
        save_draft(session, clock, token, {}, vault=VAULT)


def test_two_clicks_at_once_are_one_complaint(database: Database, clock: FixedClock) -> None:
    token = started(database, clock)
    seen: list[tuple[str, str | None]] = []
    both = threading.Barrier(2)

    def click() -> None:
        both.wait()
        seen.append(completed(database, clock, token))

    clicks = [threading.Thread(target=click) for _ in range(2)]
    for one in clicks:
        one.start()
    for one in clicks:
        one.join()
    assert len(seen) == 2
    assert seen[0] == seen[1]
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Complaint)) == 1


def test_a_refused_field_loses_nothing(database: Database, clock: FixedClock) -> None:
    token = started(database, clock)
    with pytest.raises(InvalidInput):
        completed(database, clock, token, age_band="old")
    with database.read() as session:
        assert read_draft(session, clock, token, vault=VAULT).answers["step"] == 1
    assert completed(database, clock, token)[0].startswith("CP-")


def test_a_draft_lives_a_week_from_its_last_change(database: Database, clock: FixedClock) -> None:
    token, other = started(database, clock), started(database, clock)
    clock.move_to(clock.now() + timedelta(days=6))
    with database.write() as session:
        save_draft(session, clock, token, {"step": 3}, vault=VAULT)
    clock.move_to(clock.now() + timedelta(days=1))
    with database.write() as session:
        assert forget_old_drafts(session, clock) == 1
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(ReportDraft)) == 1
        assert read_draft(session, clock, token, vault=VAULT).answers == {"step": 3}
        with pytest.raises(NotFound):
            read_draft(session, clock, other, vault=VAULT)
    clock.move_to(clock.now() + timedelta(days=6))
    with pytest.raises(NotFound), database.write() as session:
        save_draft(session, clock, token, {}, vault=VAULT)


def test_a_draft_that_is_too_large_is_refused(sqlite: Database, clock: FixedClock) -> None:
    with pytest.raises(TooLarge), sqlite.write() as session:
        start_draft(session, clock, {"narrative": "x" * 64_000}, vault=VAULT)


def test_the_photos_of_a_draft_go_with_it_and_those_of_others_stay(
        database: Database, clock: FixedClock, tmp_path: Path) -> None:
    store = FileStore(tmp_path / "files")
    with database.write() as session:
        gone = start_draft(session, clock, {"narrative": "a"}, vault=VAULT)
        add_file(session, PUBLIC, clock, NewFile(files_of_draft(gone), "skin.pdf", PDF % b"1"), store=store)
    clock.move_to(clock.now() + LIFETIME - timedelta(days=1))
    with database.write() as session:
        living = start_draft(session, clock, {"narrative": "b"}, vault=VAULT)
        add_file(session, PUBLIC, clock, NewFile(files_of_draft(living), "skin.pdf", PDF % b"2"), store=store)
        add_file(session, PUBLIC, clock, NewFile("complaint:1", "skin.pdf", PDF % b"3"), store=store)
    clock.move_to(clock.now() + timedelta(days=2))
    with database.write() as session:
        assert forget_old_drafts(session, clock) == 1
        assert forget_draft_files(session, clock, store=store) == 1
    with database.write() as session:
        assert forget_draft_files(session, clock, store=store) == 0
        assert attachments_of(session, files_of_draft(gone)) == ()
        assert len(attachments_of(session, files_of_draft(living))) == 1
    assert sum(path.is_file() for path in store.directory.rglob("*")) == 2
