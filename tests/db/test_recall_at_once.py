"""A recall when things happen at once, or the clock goes back: on both databases, with real threads."""
from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal as D

import pytest
from sqlalchemy import func, select

from tests.factories import PASSWORD, make_user
from tests.factories_recall import VAULT, House, Tray, decided, deliver, make_house, running, token_of
from traceapp.audit.model import AuditEntry
from traceapp.audit.verify import verify
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Problem
from traceapp.db import Database
from traceapp.identity.service import actor_of
from traceapp.recall.answer import AnswerLine, RecordAnswer, none_left, notice_of_token, record_answer
from traceapp.recall.book_model import RecallDisposition
from traceapp.recall.disposing import (
    ConfirmDisposition,
    ProposeDisposition,
    confirm_disposition,
    propose_disposition,
    signers_of,
)
from traceapp.recall.executing import NoteAttempt, note_attempt
from traceapp.recall.model import Notice, Recall, RecallLedger
from traceapp.recall.service import ApproveRecall, SubmitRecall, approve_recall, submit_recall
from traceapp.recall.told import advance_told
from traceapp.trace.model import Lot

HOUR = timedelta(hours=1)


@pytest.fixture
def house(database: Database, clock: FixedClock) -> House:
    return make_house(database, clock)


def at_once(*acts: Callable[[], object]) -> list[str]:
    """What came of each, begun at the same moment: nothing, or the code of its refusal."""
    gate, outcomes = threading.Barrier(len(acts)), [""] * len(acts)

    def run(number: int, act: Callable[[], object]) -> None:
        gate.wait()
        try:
            act()
        except Problem as problem:
            outcomes[number] = problem.code

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def answer(database: Database, clock: FixedClock, token: str, *lines: AnswerLine, seen: int | None = None) -> None:
    with database.write() as session:
        record_answer(session, clock, RecordAnswer(
            token, lines or none_left(notice_of_token(session, token)), "Wang", "counted", seen))


def moves(database: Database, recall: Recall, action: str) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(AuditEntry).where(
            AuditEntry.stream == f"recall:{recall.id}", AuditEntry.action == action)) or 0


def test_two_last_answers_at_once_are_both_kept_and_the_recall_goes_on_once(
        database: Database, clock: FixedClock, house: House) -> None:
    recall = running(database, clock, house)
    tokens = [token_of(database, recall, party.id) for party in (house.maker.clinic, house.maker.hospital)]
    assert at_once(*(lambda one=token: answer(database, clock, one) for token in tokens)) == ["", ""]
    with database.write() as session:
        advance_told(session, clock)
    with database.read() as session:
        assert session.get_one(Recall, recall.id).state == "executing"
        assert {one.state for one in session.scalars(select(Notice))} == {"answered"}
        assert all(line.used == line.shipped for line in session.scalars(select(RecallLedger)))
    assert moves(database, recall, "recall.executing") == 1


def test_of_two_people_of_one_consignee_who_answer_differently_at_once_one_is_shown_the_other(
        database: Database, clock: FixedClock, house: House) -> None:
    recall = running(database, clock, house)
    token = token_of(database, recall, house.maker.clinic.id)
    outcomes = at_once(*(lambda on_hand=amount: answer(
        database, clock, token, AnswerLine(house.first.lot_key, D(on_hand), D(0), D(0)), seen=0) for amount in (5, 7)))
    assert sorted(outcomes) == ["", "answered-meanwhile"]
    with database.read() as session:
        kept = session.get_one(RecallLedger, (house.first.lot_key, recall.id, house.maker.clinic.id))
        assert kept.on_hand == (5, 7)[outcomes.index("")]
        assert session.get_one(Notice, (recall.id, house.maker.clinic.id)).answers == 1


def test_of_two_submissions_at_once_one_is_refused_and_one_snapshot_is_kept(
        database: Database, clock: FixedClock, house: House) -> None:
    recall = decided(database, clock, house)

    def submit() -> None:
        with database.write() as session:
            submit_recall(session, house.writer, clock, SubmitRecall(recall.id, PASSWORD))

    assert sorted(at_once(submit, submit)) == ["", "wrong-state"]
    assert moves(database, recall, "recall.submitted") == 1


@pytest.mark.parametrize("by", ["letter", "telephone", "link"])
def test_a_clock_that_goes_back_an_hour_before_every_step_loses_nothing(
        database: Database, clock: FixedClock, house: House, by: str) -> None:
    recall, tray = decided(database, clock, house), Tray()

    def back() -> FixedClock:
        clock.move_to(clock.now() - HOUR)
        return clock

    with database.write() as session:
        submit_recall(session, house.writer, back(), SubmitRecall(recall.id, PASSWORD))
    with database.write() as session:
        approve_recall(session, house.manager, back(), ApproveRecall(recall.id, PASSWORD), vault=VAULT)
    back()
    if by == "letter":
        assert deliver(database, clock, tray) == 2 and deliver(database, back(), tray) == 0
    for party in (house.maker.clinic, house.maker.hospital):
        if by == "telephone":
            with database.write() as session:
                note_attempt(session, house.writer, back(), NoteAttempt(recall.id, party.id, "telephone", True))
        elif by == "link":  # a part is an answer too: who wrote back was told
            token = token_of(database, recall, party.id)
            with database.read() as session:
                line = notice_of_token(session, token).lines[0]
            answer(database, back(), token, AnswerLine(line.lot_key, line.shipped, D(0), D(0)))
    with database.read() as session:
        assert session.get_one(Recall, recall.id).state == "executing"
    with database.snapshot() as session:
        assert verify(session).broken is None
    assert len(tray.letters) == (2 if by == "letter" else 0)
    assert moves(database, recall, "recall.executing") == 1


def test_a_person_with_two_windows_cannot_approve_twice(database: Database, clock: FixedClock, house: House) -> None:
    recall = decided(database, clock, house)
    with database.write() as session:
        submit_recall(session, house.writer, clock, SubmitRecall(recall.id, PASSWORD))

    def approve() -> None:
        with database.write() as session:
            approve_recall(session, replace(house.manager), clock, ApproveRecall(recall.id, PASSWORD), vault=VAULT)

    assert sorted(at_once(approve, approve)) == ["", "wrong-state"]
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Notice)) == 2


def test_of_two_second_signers_at_once_one_destroys_and_the_first_signer_is_none_of_them(
        database: Database, clock: FixedClock, house: House) -> None:
    recall = running(database, clock, house)
    with database.write() as session:
        asked = propose_disposition(session, house.manager, clock, ProposeDisposition(
            recall.id, house.first.lot_key, "destroy", D(30), "cannot be mended", PASSWORD))

    def sign(actor: Actor) -> None:
        with database.write() as session:
            confirm_disposition(session, actor, clock, ConfirmDisposition(recall.id, asked.id, PASSWORD, "XH-9"))

    third = actor_of(make_user(database, clock, "quality_manager", "third"))
    outcomes = at_once(*(lambda one=actor: sign(one) for actor in (house.manager, house.second_manager, third)))
    assert outcomes[0] in ("same-person", "not-proposed")
    assert sorted(outcomes[1:]) == ["", "not-proposed"]
    with database.read() as session:
        row = session.scalars(select(RecallDisposition)).one()
        assert (row.state, row.decided_by) == ("decided", (house.second_manager, third)[outcomes[1:].index("")].id)
        assert {one.user_id for one in signers_of(session, row)} == {house.manager.id, row.decided_by}
        assert session.get_one(Lot, house.first.lot_key).lost == 30
    assert moves(database, recall, "recall.disposition_decided") == 1
