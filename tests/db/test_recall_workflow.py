"""From draft to closed: two people, frozen scope, holds with the commit, nobody forgotten."""
from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal as D

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from tests.factories import PASSWORD
from tests.factories_recall import (
    HAZARD,
    TEXTS,
    VAULT,
    WITHOUT,
    House,
    decide,
    decided,
    make_house,
    opened,
    placed,
    running,
    submitted,
    token_of,
)
from traceapp.audit.model import AuditEntry
from traceapp.audit.verify import verify
from traceapp.catalog.service import NewParty, create_party
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict, Forbidden, InvalidInput, NotFound, Problem, Stale
from traceapp.db import Database
from traceapp.outbox.model import OutboxMessage
from traceapp.recall.assessors import NO_ASSESSOR_TASK
from traceapp.recall.evaluation import MEDICAL, QUALITY
from traceapp.recall.executing import checks_of
from traceapp.recall.model import Notice, Recall, RecallLedger, RecallLot, RecallSignature
from traceapp.recall.notices import NO_ADDRESS_TASK
from traceapp.recall.revising import WithdrawNotice, withdraw_notice
from traceapp.recall.service import (
    ApproveRecall,
    AssessRecall,
    CancelRecall,
    ChangeRecall,
    ConcludeChecks,
    DecideNone,
    DecideRecall,
    DrawSample,
    ExtendRecall,
    NoteAttempt,
    RecordCheck,
    ReopenRecall,
    ReturnRecall,
    SetScope,
    SettleLine,
    SignEvaluation,
    SubmitRecall,
    TerminateRecall,
    WriteEvaluation,
    approve_recall,
    assess_recall,
    cancel_recall,
    change_recall,
    conclude_checks,
    decide_none,
    decide_recall,
    draw_sample,
    extend_recall,
    note_attempt,
    open_recall,
    reassess_recall,
    record_check,
    reopen_recall,
    return_recall,
    set_scope,
    settle_line,
    sign_evaluation,
    submit_recall,
    terminate_recall,
    write_evaluation,
)
from traceapp.recall.states import TRANSITIONS, UNTOLD, RecallState
from traceapp.trace.model import Event, Hold, Lot
from traceapp.trace.shipping import ReturnUnits, ShipLine, ShipLots, return_units, ship_lots
from traceapp.vault.service import token_hash
from traceapp.worklist.clock_model import LegalClock
from traceapp.worklist.model import WorkRow
from traceapp.worklist.tasks import open_tasks


@pytest.fixture
def house(database: Database, clock: FixedClock) -> House:
    return make_house(database, clock)


def act(database: Database, clock: FixedClock, house: House, action: str, recall_id: str) -> None:
    """Do one action of the table with all it needs."""
    with database.write() as session:
        _ACTS[action](session, clock, house, session.get_one(Recall, recall_id))


def _evaluate(session: Session, clock: FixedClock, house: House, recall: Recall) -> None:
    if recall.state == RecallState.assessing:
        write_evaluation(session, house.writer, clock, WriteEvaluation(recall.id, HAZARD))
    for signer, meaning in ((house.writer, QUALITY), (house.second_manager, MEDICAL)):
        sign_evaluation(session, signer, clock, SignEvaluation(recall.id, meaning, PASSWORD))


def _decide_none(session: Session, clock: FixedClock, house: House, recall: Recall) -> None:
    for person in (house.manager, house.second_manager):
        decide_none(session, person, clock, DecideNone(recall.id, "chance", PASSWORD))


def _submit(session: Session, clock: FixedClock, house: House, recall: Recall) -> None:
    submit_recall(session, house.writer, clock, SubmitRecall(recall.id, PASSWORD))


def _submitted_first(session: Session, clock: FixedClock, house: House, recall: Recall) -> None:
    if recall.state == RecallState.planned and recall.submitted_at is None:
        _submit(session, clock, house, recall)


def _return(session: Session, clock: FixedClock, house: House, recall: Recall) -> None:
    _submitted_first(session, clock, house, recall)
    return_recall(session, house.manager, clock, ReturnRecall(recall.id, "wrong texts"))


def _approve(session: Session, clock: FixedClock, house: House, recall: Recall) -> None:
    _submitted_first(session, clock, house, recall)
    approve_recall(session, house.manager, clock, ApproveRecall(recall.id, PASSWORD), vault=VAULT)


def _tell(session: Session, clock: FixedClock, house: House, recall: Recall) -> None:
    """Everybody is reached by telephone; that moves the recall on by itself."""
    if recall.state != RecallState.notifying:
        raise Conflict("not from here", code="wrong-state")
    for consignee_id in session.scalars(select(Notice.consignee_id).where(Notice.recall_id == recall.id)).all():
        note_attempt(session, house.writer, clock, NoteAttempt(recall.id, consignee_id, "telephone", True))


def _check(session: Session, clock: FixedClock, house: House, recall: Recall) -> None:
    if recall.state == RecallState.executing:
        for consignee_id in session.scalars(select(Notice.consignee_id).where(Notice.recall_id == recall.id)).all():
            for way in ("telephone", "visit"):
                note_attempt(session, house.writer, clock, NoteAttempt(recall.id, consignee_id, way, False))
    draw_sample(session, house.writer, clock, DrawSample(recall.id, 7))


def _conclude(session: Session, clock: FixedClock, house: House, recall: Recall) -> None:
    for row in checks_of(session, recall) if recall.state == RecallState.effectiveness else ():
        record_check(session, house.writer, clock, RecordCheck(recall.id, row.consignee_id, "telephone", True, True,
                                                               True))
    conclude_checks(session, house.writer, clock, ConcludeChecks(recall.id, "all understood"))


_ACTS: dict[str, Callable[[Session, FixedClock, House, Recall], object]] = {
    "assess": lambda s, c, h, r: assess_recall(s, h.writer, c, AssessRecall(r.id)), "evaluated": _evaluate,
    "decide": lambda s, c, h, r: decide_recall(s, h.manager, c, DecideRecall(r.id, "II", "rash", PASSWORD)),
    "decide_none": _decide_none, "reassess": lambda s, c, h, r: reassess_recall(s, h.writer, c, r.id, "more is known"),
    "submit": _submit, "return": _return, "approve": _approve, "execute": _tell, "check": _check,
    "conclude": _conclude,
    "terminate": lambda s, c, h, r: terminate_recall(s, h.manager, c, TerminateRecall(
        r.id, "all back", PASSWORD, without=WITHOUT)),
    "extend": lambda s, c, h, r: extend_recall(s, h.writer, c, ExtendRecall(r.id, "another lot")),
    "reopen": lambda s, c, h, r: reopen_recall(s, h.manager, c, ReopenRecall(r.id, "new complaints"), vault=VAULT),
    "cancel": lambda s, c, h, r: cancel_recall(s, h.writer, c, CancelRecall(r.id, "false alarm")),
    "withdraw": lambda s, c, h, r: withdraw_notice(s, h.manager, c, WithdrawNotice(
        r.id, "样品弄混了", "Samples were mixed up", "retested", PASSWORD))}
_TO_DECISION = ("assess", "evaluated")
_TO_TOLD = (*_TO_DECISION, "decide", "submit", "approve")
WAYS_TO: dict[RecallState, tuple[str, ...]] = {
    RecallState.draft: (), RecallState.assessing: ("assess",), RecallState.decision: _TO_DECISION,
    RecallState.planned: (*_TO_DECISION, "decide"), RecallState.notifying: _TO_TOLD,
    RecallState.executing: (*_TO_TOLD, "execute"), RecallState.effectiveness: (*_TO_TOLD, "execute", "check"),
    RecallState.closing: (*_TO_TOLD, "execute", "check", "conclude"),
    RecallState.terminated: (*_TO_TOLD, "execute", "check", "conclude", "terminate"),
    RecallState.cancelled: ("cancel",), RecallState.closed_no_action: (*_TO_DECISION, "decide_none")}


def settle_lines(database: Database, clock: FixedClock, house: House, recall_id: str) -> None:
    with database.write() as session:
        for row in session.scalars(select(RecallLedger).where(RecallLedger.recall_id == recall_id,
                                                              RecallLedger.settled_at.is_(None))).all():
            settle_line(session, house.writer, clock, SettleLine(recall_id, row.consignee_id, row.lot_key, "gone"))


def settle_all(database: Database, clock: FixedClock, house: House, recall_id: str) -> None:
    settle_lines(database, clock, house, recall_id)
    with database.write() as session:
        placed(session, clock, house, recall_id)


def in_state(database: Database, clock: FixedClock, house: House, state: RecallState) -> Recall:
    recall = opened(database, clock, house)
    for action in WAYS_TO[state]:
        if action == "terminate":
            settle_all(database, clock, house, recall.id)
        act(database, clock, house, action, recall.id)
    return recall


@pytest.mark.parametrize("state", list(RecallState))
def test_the_use_cases_follow_the_table_in_every_state(sqlite: Database, clock: FixedClock, state: RecallState) -> None:
    house = make_house(sqlite, clock)
    recall: Recall | None = None
    for action, (from_states, to_state, _permission) in TRANSITIONS.items():
        if recall is None:  # what refused an act is as it was before
            recall = in_state(sqlite, clock, house, state)
            if state == RecallState.closing:
                settle_all(sqlite, clock, house, recall.id)
        with sqlite.read() as session:
            entries = len(session.scalars(select(AuditEntry.seq).where(
                AuditEntry.stream == f"recall:{recall.id}")).all())
        # Nobody was told of these: there is nothing to withdraw.
        is_allowed = state in from_states and not (action == "withdraw" and state in UNTOLD)
        if is_allowed:
            act(sqlite, clock, house, action, recall.id)
        else:
            with pytest.raises(Conflict) as refused:
                act(sqlite, clock, house, action, recall.id)
            assert refused.value.code == ("not-told" if state in from_states else "wrong-state")
        with sqlite.read() as session:
            after = session.get_one(Recall, recall.id).state
            grown = len(session.scalars(select(AuditEntry.seq).where(
                AuditEntry.stream == f"recall:{recall.id}")).all()) - entries
        assert after == (to_state if is_allowed else state), (state, action)
        assert (grown > 0) == is_allowed
        recall = None if is_allowed else recall


def test_a_drill_walks_every_act_of_the_table_and_nothing_leaves_the_house(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    outside = (Event, Hold, OutboxMessage, LegalClock, WorkRow)
    with sqlite.read() as session:
        before = [session.scalar(select(func.count()).select_from(table)) for table in outside]
    drill = replace(TEXTS, root_lot_keys=(house.glue.lot_key,), is_drill=True)
    walked, cancelled = opened(sqlite, clock, house, drill), opened(sqlite, clock, house, drill)
    done = ("assess", "evaluated", "reassess", "evaluated", "decide", "submit", "return", "approve", "extend",
            "approve", "check", "conclude", "terminate", "reopen", "evaluated", "decide_none")
    # Letters that are noted count as sent, so that “execute” follows from the approval; nothing public is withdrawn.
    assert {*done, "cancel", "execute", "withdraw"} == set(TRANSITIONS)
    act(sqlite, clock, house, "cancel", cancelled.id)
    for action in done:
        if action == "terminate":
            settle_lines(sqlite, clock, house, walked.id)
        act(sqlite, clock, house, action, walked.id)
    with sqlite.read() as session:
        assert session.get_one(Recall, walked.id).state == "closed_no_action"
        assert session.get_one(Recall, cancelled.id).state == "cancelled"
        assert [session.scalar(select(func.count()).select_from(table)) for table in outside] == before
        assert session.scalar(select(func.count()).select_from(Notice)) == 2
        assert not session.get_one(Lot, house.first.lot_key).is_on_hold


@pytest.mark.parametrize("state", [state for state in RecallState if state not in UNTOLD])
def test_scope_and_texts_stand_once_people_were_told(sqlite: Database, clock: FixedClock, state: RecallState) -> None:
    house = make_house(sqlite, clock)
    recall = in_state(sqlite, clock, house, state)
    with pytest.raises(Conflict), sqlite.write() as session:
        change_recall(session, house.writer, clock, ChangeRecall(recall.id, TEXTS))
    with pytest.raises(Conflict), sqlite.write() as session:
        set_scope(session, house.writer, clock, SetScope(recall.id, (house.first.lot_key,)))


@pytest.mark.parametrize(("field", "value", "place"), [
    ("risk_en", "  ", "risk_en"), ("title_zh", "", "title_zh"), ("recall_class", "IV", "recall_class"),
    ("action_zh", "以防万一请退回", "action_zh"), ("title_en", "two\nlines", "title_en"), ("contact", "x" * 201, "contact"),
])
def test_a_text_that_cannot_stand_is_refused_by_its_field(sqlite: Database, clock: FixedClock, field: str, value: str,
                                                          place: str) -> None:
    house = make_house(sqlite, clock)
    with pytest.raises(InvalidInput) as refused, sqlite.write() as session:
        open_recall(session, house.writer, clock, replace(TEXTS, **{field: value}))
    assert refused.value.place == place
    with sqlite.read() as session:
        assert session.scalars(select(Recall)).all() == []


def test_an_unknown_signal_or_lot_opens_nothing(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    for command in (replace(TEXTS, signal_id="nope"), replace(TEXTS, root_lot_keys=("nope",))):
        with pytest.raises(NotFound), sqlite.write() as session:
            open_recall(session, house.writer, clock, command)
    with sqlite.read() as session:
        assert session.scalars(select(Recall)).all() == []


def test_submitting_freezes_quantities_and_consignees_under_a_hash(database: Database, clock: FixedClock,
                                                                   house: House) -> None:
    recall = submitted(database, clock, house)
    with database.read() as session:
        ledger = {(row.lot_key, row.consignee_id): row.shipped for row in session.scalars(select(RecallLedger))}
        signature = session.scalars(select(RecallSignature).where(RecallSignature.meaning == "submitted")).one()
        tasks = [(task.kind, task.role) for task in open_tasks(session) if task.kind.startswith("recall.")]
    assert ledger == {(house.first.lot_key, house.maker.clinic.id): D(350),
                      (house.second.lot_key, house.maker.clinic.id): D(1000),
                      (house.first.lot_key, house.maker.hospital.id): D(200)}
    assert recall.scope_hash is not None
    assert len(recall.scope_hash) == 64
    assert (signature.user_id, signature.meaning, signature.reason) == (house.writer.id, "submitted", "all of it")
    assert tasks == [("recall.approve", "quality_manager")]


def test_submitting_asks_for_the_password(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    recall = decided(sqlite, clock, house)
    with pytest.raises(Forbidden) as refused, sqlite.write() as session:
        submit_recall(session, house.writer, clock, SubmitRecall(recall.id, "wrong"))
    assert refused.value.code == "signature-refused"
    with sqlite.read() as session:
        assert session.get_one(Recall, recall.id).submitted_at is None
        assert session.scalars(select(RecallSignature).where(RecallSignature.meaning == "submitted")).all() == []


def test_a_recall_without_lots_cannot_be_decided(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    with pytest.raises(Conflict, match="No lot is in scope"):
        decided(sqlite, clock, house, TEXTS)


def test_approval_stops_every_lot_and_tells_every_consignee_in_one_commit(database: Database, clock: FixedClock,
                                                                          house: House) -> None:
    recall = running(database, clock, house)
    with database.read() as session:
        lots = {lot.number: lot.is_recalled for lot in session.scalars(select(Lot))}
        holds = {hold.lot_key: (hold.kind, hold.source) for hold in session.scalars(select(Hold).where(
            Hold.lifted_at.is_(None)))}
        notices = {notice.consignee_id: notice for notice in session.scalars(select(Notice))}
        messages = session.scalars(select(OutboxMessage)).all()
        signers = session.execute(select(
            RecallSignature.user_id, RecallSignature.meaning, RecallSignature.signed_hash).where(
            RecallSignature.meaning.in_(("submitted", "approved"))).order_by(RecallSignature.position)).all()
        event = session.scalars(select(Event).order_by(Event.id.desc())).first()
    assert lots == {"A-1": True, "P-1": True, "P-2": True, "B-1": False, "F-1": False, "A-9": False, "P-9": False}
    assert holds == dict.fromkeys((house.glue.lot_key, house.first.lot_key, house.second.lot_key),
                                  ("recall", f"recall:{recall.id}"))
    assert {notice.state for notice in notices.values()} == {"queued"}
    assert notices.keys() == {house.maker.clinic.id, house.maker.hospital.id}
    assert sorted(message.kind for message in messages) == ["recall.notice"] * 2
    assert [(user, meaning) for user, meaning, _hash in signers] == [
        (house.writer.id, "submitted"), (house.manager.id, "approved")]
    assert signers[0].signed_hash == signers[1].signed_hash
    assert recall.answer_by == clock.now() + timedelta(days=3)
    assert event is not None
    assert (event.disposition or "").endswith("recalled")


def test_secrets_are_nowhere_in_the_database(database: Database, clock: FixedClock, house: House) -> None:
    recall = running(database, clock, house)
    token = token_of(database, recall, house.maker.clinic.id)
    with database.read() as session:
        notice = session.get_one(Notice, (recall.id, house.maker.clinic.id))
        assert notice.token_hash == token_hash(token)
        for table in ("notice", "outbox_message", "audit_entry", "task"):
            rows = session.execute(text(f"SELECT * FROM {table}")).all()
            assert rows or table == "task"
            assert all(token not in str(row) for row in rows), table


def test_who_submitted_cannot_approve(database: Database, clock: FixedClock, house: House) -> None:
    recall = opened(database, clock, house)
    with database.write() as session:
        decide(session, clock, house, recall)
        submit_recall(session, house.manager, clock, SubmitRecall(recall.id, PASSWORD))
    with pytest.raises(Forbidden) as refused, database.write() as session:
        approve_recall(session, house.manager, clock, ApproveRecall(recall.id, PASSWORD), vault=VAULT)
    assert refused.value.code == "same-person"
    with database.read() as session:
        assert session.scalars(select(Hold).where(Hold.kind == "recall")).all() == []
    with database.write() as session:
        approve_recall(session, house.second_manager, clock, ApproveRecall(recall.id, PASSWORD), vault=VAULT)


def test_quality_without_the_permission_cannot_approve(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    recall = submitted(sqlite, clock, house)
    with pytest.raises(Forbidden), sqlite.write() as session:
        approve_recall(session, house.writer, clock, ApproveRecall(recall.id, PASSWORD), vault=VAULT)


def test_a_token_cannot_do_more_than_its_scopes_though_its_user_could(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    reader = replace(house.manager, scopes=frozenset({"recall.read", "recall.write"}), source="token:ta_1")
    recall = submitted(sqlite, clock, house)
    with pytest.raises(Forbidden), sqlite.write() as session:
        approve_recall(session, reader, clock, ApproveRecall(recall.id, PASSWORD), vault=VAULT)
    with pytest.raises(Forbidden), sqlite.write() as session:
        open_recall(session, replace(house.writer, scopes=frozenset({"recall.read"})), clock, TEXTS)


def test_a_wrong_password_approves_nothing(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    recall = submitted(sqlite, clock, house)
    with pytest.raises(Forbidden) as refused, sqlite.write() as session:
        approve_recall(session, house.manager, clock, ApproveRecall(recall.id, "guess"), vault=VAULT)
    assert refused.value.code == "signature-refused"
    with sqlite.read() as session:
        assert session.scalars(select(Hold).where(Hold.kind == "recall")).all() == []
        assert session.scalars(select(Notice)).all() == []


def test_of_two_people_who_approve_at_once_one_is_told_so(database: Database, clock: FixedClock, house: House) -> None:
    recall = submitted(database, clock, house)
    gate, outcomes = threading.Barrier(2), []

    def approve(person: object) -> None:
        gate.wait()
        try:
            with database.write() as session:
                approve_recall(session, person, clock, ApproveRecall(recall.id, PASSWORD, revision=recall.revision),  # type: ignore[arg-type]
                               vault=VAULT)
            outcomes.append("approved")
        except (Conflict, Stale) as error:
            outcomes.append(error.code)

    threads = [threading.Thread(target=approve, args=(person,)) for person in (house.manager, house.second_manager)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(outcomes)[0] == "approved"
    assert sorted(outcomes)[1] in ("stale", "wrong-state")
    with database.read() as session:
        assert len(session.scalars(select(Notice)).all()) == 2
        assert len(session.scalars(select(OutboxMessage)).all()) == 2
        assert len(session.scalars(select(RecallSignature).where(
            RecallSignature.meaning.in_(("submitted", "approved")))).all()) == 2


def test_units_that_moved_after_submission_are_named_and_stop_the_approval(database: Database, clock: FixedClock,
                                                                           house: House) -> None:
    recall = submitted(database, clock, house)
    with database.write() as session:
        return_units(session, house.writer, clock, ReturnUnits(house.first.lot_key, house.maker.hospital.id, D(30),
                                                               clock.now()))
    with pytest.raises(Conflict, match="P-1 · 第二医院") as refused, database.write() as session:
        approve_recall(session, house.manager, clock, ApproveRecall(recall.id, PASSWORD), vault=VAULT)
    assert refused.value.code == "scope-moved"
    with database.read() as session:
        assert session.scalars(select(Hold).where(Hold.kind == "recall")).all() == []
    for action in ("return", "submit", "approve"):
        act(database, clock, house, action, recall.id)
    with database.read() as session:
        row = session.get_one(RecallLedger, (house.first.lot_key, recall.id, house.maker.hospital.id))
        assert row.shipped == D(170)


def test_a_return_that_came_back_after_submission_is_seen_too(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    recall = submitted(sqlite, clock, house)
    with sqlite.write() as session:
        return_units(session, house.writer, clock, ReturnUnits(house.first.lot_key, house.maker.hospital.id, D(200),
                                                               clock.now()))
    with pytest.raises(Conflict, match="P-1"), sqlite.write() as session:
        approve_recall(session, house.manager, clock, ApproveRecall(recall.id, PASSWORD), vault=VAULT)


def test_what_was_changed_behind_the_signature_is_not_approved(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    for statement in ("UPDATE recall_ledger SET shipped = shipped + 1000000", "UPDATE recall SET risk_zh = '没事'",
                      "UPDATE recall SET check_level = 'E'", "UPDATE recall SET depth = 'wholesale'",
                      "DELETE FROM recall_lot WHERE path = 'A-1'"):
        recall = submitted(sqlite, clock, house)
        with sqlite.write() as session:
            session.execute(text(statement))
        with pytest.raises(Conflict) as refused, sqlite.write() as session:
            approve_recall(session, house.manager, clock, ApproveRecall(recall.id, PASSWORD), vault=VAULT)
        assert refused.value.code == "not-what-was-signed"


def test_a_consignee_without_an_address_is_a_visible_notice_and_a_task(database: Database, clock: FixedClock,
                                                                       house: House) -> None:
    with database.write() as session:
        silent = create_party(session, house.writer, clock, NewParty("MUTE", "无联系人药店", "Silent Shop"))
        ship_lots(session, house.writer, clock, ShipLots(
            silent.id, "D-9", clock.now(), None, "", (ShipLine(house.first.lot_key, None, D(5)),)))
    recall = running(database, clock, house)
    with database.read() as session:
        notice = session.get_one(Notice, (recall.id, silent.id))
        tasks = [task for task in open_tasks(session) if task.kind == NO_ADDRESS_TASK]
    assert notice.state == "not_sent"
    assert [(task.about, task.params["consignee_id"]) for task in tasks] == [(f"notice:{notice.id}", silent.id)]


def test_a_recall_of_lots_that_nobody_has_still_stops_them(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    recall = running(sqlite, clock, house, replace(TEXTS, root_lot_keys=(house.bulk.lot_key,)))
    with sqlite.read() as session:
        assert session.get_one(Lot, house.first.lot_key).is_recalled
        assert session.get_one(Recall, recall.id).state == RecallState.notifying


def test_sending_back_thaws_the_scope_and_ends_the_task(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    recall = submitted(sqlite, clock, house)
    act(sqlite, clock, house, "return", recall.id)
    with sqlite.read() as session:
        found = session.get_one(Recall, recall.id)
        assert (found.state, found.scope_hash, found.submitted_by) == (RecallState.planned, None, None)
        assert session.scalars(select(RecallLedger)).all() == []
        assert session.scalars(select(RecallLot)).all() != []
        assert "recall.approve" not in [task.kind for task in open_tasks(session)]


def test_a_recalled_lot_can_no_longer_be_shipped(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    running(sqlite, clock, house)
    with pytest.raises(Problem) as refused, sqlite.write() as session:
        ship_lots(session, house.writer, clock, ShipLots(
            house.maker.hospital.id, "D-3", clock.now(), None, "", (ShipLine(house.second.lot_key, None, D(10)),)))
    assert refused.value.code == "lot-recalled"


def test_closing_leaves_the_lots_recalled_and_the_trail_whole(database: Database, clock: FixedClock,
                                                              house: House) -> None:
    recall = in_state(database, clock, house, RecallState.closing)
    with pytest.raises(Conflict) as refused, database.write() as session:
        terminate_recall(session, house.manager, clock, TerminateRecall(
            recall.id, "done", PASSWORD, without=WITHOUT))
    assert refused.value.code == "ledger-open"
    assert len(refused.value.errors) == 3
    assert "P-1 · 第一诊所: unanswered" in refused.value.errors.values()
    settle_all(database, clock, house, recall.id)
    act(database, clock, house, "terminate", recall.id)
    with database.read() as session:
        assert session.get_one(Recall, recall.id).state == RecallState.terminated
        assert session.get_one(Lot, house.first.lot_key).is_recalled
        assert {task.kind for task in open_tasks(session)} - {NO_ASSESSOR_TASK} == {"clock.decide", "clock.report"}
    with database.snapshot() as session:
        assert verify(session).broken is None
