"""The phases of a recall: what each step asks for, and that it is refused without it."""
from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal as D

import pytest
from sqlalchemy import select, update

from tests.factories import PASSWORD
from tests.factories_recall import (
    HAZARD,
    TEXTS,
    VAULT,
    WITHOUT,
    House,
    Tray,
    decided,
    deliver,
    make_house,
    opened,
    placed,
    running,
)
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict, Forbidden, InvalidInput, NotFound, Problem
from traceapp.db import Database
from traceapp.recall.checking import (
    Conclusion,
    NoteCheckTry,
    check_tries,
    conclusion_of,
    note_check_try,
    refuse_claim,
)
from traceapp.recall.evaluation import MEDICAL, QUALITY, evaluation_signatures, latest_evaluation
from traceapp.recall.executing import checks_of
from traceapp.recall.model import Notice, Recall, RecallLedger, RecallLot, RecallSignature, RecallSnapshot
from traceapp.recall.service import (
    ApproveRecall,
    AssessRecall,
    CancelRecall,
    ConcludeChecks,
    DecideNone,
    DecideRecall,
    DrawSample,
    ExtendRecall,
    MandateRecall,
    NoteAttempt,
    RecordCheck,
    SetScope,
    SetStrategy,
    SettleLine,
    SignEvaluation,
    SubmitRecall,
    TerminateRecall,
    WriteEvaluation,
    approve_recall,
    assess_recall,
    cancel_recall,
    conclude_checks,
    decide_none,
    decide_recall,
    draw_sample,
    extend_recall,
    mandate_recall,
    note_attempt,
    record_check,
    set_scope,
    set_strategy,
    settle_line,
    sign_evaluation,
    submit_recall,
    terminate_recall,
    write_evaluation,
)
from traceapp.recall.shares import share_of
from traceapp.recall.states import RecallState
from traceapp.recall.told import advance_told, untold
from traceapp.trace.holds import LiftHold, lift_hold
from traceapp.trace.model import Hold, Lot
from traceapp.trace.shipping import ReturnUnits, ShipLine, ShipLots, return_units, ship_lots
from traceapp.worklist.legal_clocks import clocks_about


@pytest.fixture
def house(database: Database, clock: FixedClock) -> House:
    return make_house(database, clock)


def assessing(database: Database, clock: FixedClock, house: House) -> Recall:
    recall = opened(database, clock, house)
    with database.write() as session:
        assess_recall(session, house.writer, clock, AssessRecall(recall.id))
        write_evaluation(session, house.writer, clock, WriteEvaluation(recall.id, HAZARD))
    return recall


def executing(database: Database, clock: FixedClock, house: House) -> Recall:
    recall = running(database, clock, house)
    deliver(database, clock, Tray())
    return recall


def state_of(database: Database, recall: Recall) -> str:
    with database.read() as session:
        return session.get_one(Recall, recall.id).state


def test_an_evaluation_needs_its_factors_and_names_each_that_is_missing(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    recall = assessing(sqlite, clock, house)
    with pytest.raises(InvalidInput) as refused, sqlite.write() as session:
        write_evaluation(session, house.writer, clock, WriteEvaluation(recall.id, replace(
            HAZARD, conclusion=" ", likelihood="often", proposed_class="IV")))
    assert refused.value.errors.keys() == {"conclusion", "likelihood", "proposed_class"}


def test_two_different_people_sign_the_same_version(database: Database, clock: FixedClock, house: House) -> None:
    recall = assessing(database, clock, house)

    def sign(person: object, meaning: str) -> None:
        with database.write() as session:
            sign_evaluation(session, person, clock, SignEvaluation(recall.id, meaning, PASSWORD))  # type: ignore[arg-type]

    sign(house.writer, QUALITY)
    with pytest.raises(Forbidden) as refused:
        sign(house.writer, MEDICAL)
    assert refused.value.code == "same-person"
    sign(house.manager, QUALITY)
    assert state_of(database, recall) == "assessing"
    # A new version was signed by nobody.
    with database.write() as session:
        write_evaluation(session, house.writer, clock, WriteEvaluation(recall.id, replace(HAZARD, defective="2 %")))
    sign(house.second_manager, MEDICAL)
    assert state_of(database, recall) == "assessing"
    sign(house.writer, QUALITY)
    assert state_of(database, recall) == "decision"
    with database.read() as session:
        last = latest_evaluation(session, recall.id)
        assert last is not None
        assert (last.version, {one.user_id for one in evaluation_signatures(session, last)}) == (
            2, {house.writer.id, house.second_manager.id})


def test_an_evaluation_that_nobody_wrote_cannot_be_signed(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    recall = opened(sqlite, clock, house)
    with sqlite.write() as session:
        assess_recall(session, house.writer, clock, AssessRecall(recall.id))
    with pytest.raises(Conflict) as refused, sqlite.write() as session:
        sign_evaluation(session, house.writer, clock, SignEvaluation(recall.id, QUALITY, PASSWORD))
    assert refused.value.code == "no-evaluation"


def test_the_decision_stops_the_lots_and_what_is_downstream_and_starts_the_clocks(
        database: Database, clock: FixedClock, house: House) -> None:
    recall = decided(database, clock, house)
    with database.read() as session:
        lots = {lot.number: (lot.is_on_hold, lot.is_recalled) for lot in session.scalars(select(Lot))}
        begun = {one.rule_id for one in clocks_about(session, f"recall:{recall.id}")}
    assert {number for number, (held, _recalled) in lots.items() if held} == {"A-1", "P-1", "P-2"}
    assert not any(is_recalled for _held, is_recalled in lots.values())
    assert "CN-MR-02" in begun
    with pytest.raises(Problem) as refused, database.write() as session:
        ship_lots(session, house.writer, clock, ShipLots(
            house.maker.hospital.id, "D-7", clock.now(), None, "", (ShipLine(house.second.lot_key, None, 1),)))  # type: ignore[arg-type]
    assert refused.value.code == "lot-on-hold"
    with database.read() as session:
        hold = session.scalars(select(Hold).where(Hold.lot_key == house.second.lot_key)).one()
    with pytest.raises(Conflict, match="ends with the recall"), database.write() as session:
        lift_hold(session, house.writer, clock, LiftHold("let it go", None, hold.lot_key, hold.id))


def test_cancelling_frees_what_the_decision_stopped(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    recall = decided(sqlite, clock, house)
    with sqlite.write() as session:
        cancel_recall(session, house.writer, clock, CancelRecall(recall.id, "the laboratory mixed up samples"))
    with sqlite.read() as session:
        assert not any(lot.is_on_hold for lot in session.scalars(select(Lot)))


def test_a_recall_that_people_were_told_of_is_not_cancelled(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    recall = running(sqlite, clock, house)
    with sqlite.write() as session:
        extend_recall(session, house.writer, clock, ExtendRecall(recall.id, "another lot"))
    with pytest.raises(Conflict) as refused, sqlite.write() as session:
        cancel_recall(session, house.writer, clock, CancelRecall(recall.id, "no"))
    assert refused.value.code == "was-told"


def test_no_recall_takes_two_people_who_sign_the_same_words(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    recall = assessing(sqlite, clock, house)
    with sqlite.write() as session:
        for person, meaning in ((house.writer, QUALITY), (house.manager, MEDICAL)):
            sign_evaluation(session, person, clock, SignEvaluation(recall.id, meaning, PASSWORD))
        decide_none(session, house.manager, clock, DecideNone(recall.id, "chance", PASSWORD))
    assert state_of(sqlite, recall) == "decision"
    for person, words, code in ((house.manager, "chance", "same-person"),
                                (house.second_manager, "other words", "other-justification")):
        with pytest.raises(Problem) as refused, sqlite.write() as session:
            decide_none(session, person, clock, DecideNone(recall.id, words, PASSWORD))
        assert refused.value.code == code
    with sqlite.write() as session:
        decide_none(session, house.second_manager, clock, DecideNone(recall.id, "chance", PASSWORD))
    assert state_of(sqlite, recall) == "closed_no_action"


def test_a_decision_is_signed_and_has_a_class_and_a_reason(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    recall = assessing(sqlite, clock, house)
    with sqlite.write() as session:
        for person, meaning in ((house.writer, QUALITY), (house.manager, MEDICAL)):
            sign_evaluation(session, person, clock, SignEvaluation(recall.id, meaning, PASSWORD))
    for command, error in ((DecideRecall(recall.id, "II", "rash", "guess"), Forbidden),
                           (DecideRecall(recall.id, "IV", "rash", PASSWORD), InvalidInput),
                           (DecideRecall(recall.id, "II", " ", PASSWORD), InvalidInput)):
        with pytest.raises(error), sqlite.write() as session:
            decide_recall(session, house.manager, clock, command)
    with pytest.raises(Forbidden), sqlite.write() as session:
        decide_recall(session, house.writer, clock, DecideRecall(recall.id, "II", "rash", PASSWORD))
    assert state_of(sqlite, recall) == "decision"


def test_a_class_milder_than_the_signed_one_needs_a_word_of_its_own_and_a_graver_one_none(
        sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    recall = assessing(sqlite, clock, house)
    with sqlite.write() as session:
        for person, meaning in ((house.writer, QUALITY), (house.manager, MEDICAL)):
            sign_evaluation(session, person, clock, SignEvaluation(recall.id, meaning, PASSWORD))
    with pytest.raises(InvalidInput) as refused, sqlite.write() as session:
        decide_recall(session, house.manager, clock, DecideRecall(recall.id, "III", "rash", PASSWORD, why_milder=" "))
    assert (refused.value.code, refused.value.place) == ("milder-class", "why_milder")
    with sqlite.write() as session:
        with session.begin_nested() as graver:
            assert decide_recall(session, house.manager, clock, DecideRecall(
                recall.id, "I", "rash", PASSWORD)).decision == "rash"
            graver.rollback()
        decided = decide_recall(session, house.manager, clock, DecideRecall(
            recall.id, "III", "rash", PASSWORD, why_milder="seen by a doctor"))
        assert (decided.recall_class, decided.decision) == ("III", "rash\nII → III: seen by a doctor")
        signed = session.scalars(select(RecallSignature).where(RecallSignature.meaning == "decided")).one()
        assert signed.reason == decided.decision


@pytest.mark.parametrize(("level", "share"), [("B", None), ("B", 0.1), ("B", 1.0), ("A", 0.5), ("F", None)])
def test_a_level_takes_a_share_where_it_is_b_and_only_there(sqlite: Database, clock: FixedClock, level: str,
                                                            share: float | None) -> None:
    house = make_house(sqlite, clock)
    recall = decided(sqlite, clock, house)
    with pytest.raises(InvalidInput), sqlite.write() as session:
        set_strategy(session, house.writer, clock, SetStrategy(recall.id, "user", level, share))


def test_a_recall_goes_on_by_itself_once_every_consignee_was_told(database: Database, clock: FixedClock,
                                                                   house: House) -> None:
    recall = running(database, clock, house)
    with database.read() as session:
        assert untold(session, recall.id) == sorted((house.maker.clinic.id, house.maker.hospital.id))
    with database.write() as session:
        note_attempt(session, house.writer, clock, NoteAttempt(recall.id, house.maker.clinic.id, "telephone", False))
        note_attempt(session, house.writer, clock, NoteAttempt(recall.id, house.maker.clinic.id, "visit", True))
    assert state_of(database, recall) == "notifying"
    deliver(database, clock, Tray())
    assert state_of(database, recall) == "executing"


def test_silent_consignees_are_tried_three_times_by_two_ways_before_the_checks(sqlite: Database,
                                                                               clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    recall = executing(sqlite, clock, house)
    with pytest.raises(Conflict) as refused, sqlite.write() as session:
        draw_sample(session, house.writer, clock, DrawSample(recall.id, 1))
    assert refused.value.code == "silent"
    assert "第一诊所" in refused.value.text
    with sqlite.write() as session:
        for consignee in (house.maker.clinic, house.maker.hospital):
            for way in ("telephone", "visit"):
                note_attempt(session, house.writer, clock, NoteAttempt(recall.id, consignee.id, way, False))
        draw_sample(session, house.writer, clock, DrawSample(recall.id, 1))
    assert state_of(sqlite, recall) == "effectiveness"


def test_checks_end_only_when_all_that_were_drawn_understood_and_acted(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    recall = executing(sqlite, clock, house)
    clinic, hospital = house.maker.clinic.id, house.maker.hospital.id
    with sqlite.write() as session:
        for consignee in (clinic, hospital):
            for way in ("telephone", "visit"):
                note_attempt(session, house.writer, clock, NoteAttempt(recall.id, consignee, way, False))
        draw_sample(session, house.writer, clock, DrawSample(recall.id, 1))
        assert [row.consignee_id for row in checks_of(session, session.get_one(Recall, recall.id))] == sorted(
            (clinic, hospital))

    def check(consignee: str, *, acted: bool) -> None:
        with sqlite.write() as session:
            record_check(session, house.writer, clock, RecordCheck(recall.id, consignee, "telephone", True, True, acted))

    def conclude() -> None:
        with sqlite.write() as session:
            conclude_checks(session, house.writer, clock, ConcludeChecks(recall.id, "two asked"))

    check(clinic, acted=True)
    with pytest.raises(Conflict) as refused:
        conclude()
    assert refused.value.code == "not-asked"
    check(hospital, acted=False)
    with pytest.raises(Conflict) as refused:
        conclude()
    assert refused.value.code == "check-failed"
    with pytest.raises(NotFound):
        check("nobody", acted=True)
    with sqlite.write() as session:
        note_check_try(session, house.writer, clock, NoteCheckTry(recall.id, hospital, "visit", "closed on Sundays"))
    check(hospital, acted=True)
    with sqlite.read() as session:
        tries = check_tries(session, session.get_one(Recall, recall.id))
        found = conclusion_of(session, session.get_one(Recall, recall.id))
    assert [(one.way, one.acted) for one in tries[hospital]] == [
        ("telephone", False), ("visit", None), ("telephone", True)]
    assert (found.share.method, found.share.least, found.is_enough) == ("census", 1.0, True)
    conclude()
    assert state_of(sqlite, recall) == "closing"
    with pytest.raises(Forbidden), sqlite.write() as session:
        terminate_recall(session, house.manager, clock, TerminateRecall(recall.id, "done", "guess"))
    assert state_of(sqlite, recall) == "closing"


def test_a_conclusion_claims_no_more_than_its_sample_proves_and_not_before_the_level_is_met() -> None:
    clean = Conclusion(share_of(12, 12, 120), needed=12, waiting=0, failed=0)
    assert clean.is_enough
    for claimed in (None, 0, 79):
        refuse_claim(clean, claimed)
    with pytest.raises(Conflict, match="at least 79 %") as refused:
        refuse_claim(clean, 80)
    assert (refused.value.code, refused.value.place) == ("not-supported", "claimed")
    with pytest.raises(Conflict) as refused:
        refuse_claim(Conclusion(share_of(11, 11, 120), needed=12, waiting=0, failed=0), None)
    assert refused.value.code == "level-not-met"


def test_a_scope_grows_in_the_same_case_and_only_who_is_new_to_it_is_written_to(database: Database, clock: FixedClock,
                                                                                house: House) -> None:
    recall = executing(database, clock, house)
    lots = (house.glue.lot_key, house.first.lot_key, house.second.lot_key)
    with database.write() as session:
        extend_recall(session, house.writer, clock, ExtendRecall(recall.id, "P-9 too: complaints"))
        with pytest.raises(Conflict) as refused:
            set_scope(session, house.writer, clock, SetScope(
                recall.id, (house.glue.lot_key, house.second.lot_key, house.other.lot_key), None,
                {house.first.lot_key: "not this one"}))
        assert refused.value.code == "lots-told"
        set_scope(session, house.writer, clock, SetScope(recall.id, (*lots, house.other.lot_key)))
    with database.read() as session:
        assert session.get_one(Lot, house.other.lot_key).is_on_hold
        assert session.get_one(Lot, house.first.lot_key).is_recalled
    with database.write() as session:
        submit_recall(session, house.writer, clock, SubmitRecall(recall.id, PASSWORD))
        approve_recall(session, house.manager, clock, ApproveRecall(recall.id, PASSWORD), vault=VAULT)
    tray = Tray()
    deliver(database, clock, tray)
    with database.read() as session:
        ledger = {(row.lot_key, row.consignee_id): row.scope_number for row in session.scalars(select(RecallLedger))}
        told = {row.consignee_id: row.state for row in session.scalars(select(Notice))}
        snapshots = session.scalars(select(RecallSnapshot).order_by(RecallSnapshot.position)).all()
        assert session.scalars(select(RecallLot.lot_key)).all().count(house.other.lot_key) == 1
        assert session.get_one(Lot, house.other.lot_key).is_recalled
        clocks = {one.rule_id for one in clocks_about(session, f"recall:{recall.id}")}
    assert ledger[house.other.lot_key, house.maker.hospital.id] == 2
    assert set(ledger.values()) == {1, 2}
    assert len(ledger) == 4
    assert told == {house.maker.clinic.id: "sent", house.maker.hospital.id: "sent"}
    assert len(tray.letters) == 1  # the hospital only
    assert "P-9" in tray.letters[0].text
    assert [row.scope_number for row in snapshots] == [1, 2]
    assert state_of(database, recall) == "executing"
    assert clocks


def test_an_order_of_an_authority_is_noted_in_any_state(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    recall = opened(sqlite, clock, house)
    with pytest.raises(InvalidInput), sqlite.write() as session:
        mandate_recall(session, house.manager, clock, MandateRecall(recall.id, " "))
    with sqlite.write() as session:
        mandate_recall(session, house.manager, clock, MandateRecall(recall.id, "NMPA 2026-117"))
    with sqlite.read() as session:
        found = session.get_one(Recall, recall.id)
        assert (found.is_mandated, found.mandate, found.state) == (True, "NMPA 2026-117", RecallState.draft)


def test_a_draft_without_any_lot_is_assessed_but_not_decided(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    with pytest.raises(Conflict) as refused:
        decided(sqlite, clock, house, TEXTS)
    assert refused.value.code == "no-lots"


def test_a_settled_ledger_ends_with_a_signature(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    recall = executing(sqlite, clock, house)
    with sqlite.write() as session:
        set_level = session.get_one(Recall, recall.id)
        set_level.check_level = "E"
        for row in session.scalars(select(RecallLedger).where(RecallLedger.recall_id == recall.id)).all():
            settle_line(session, house.writer, clock, SettleLine(recall.id, row.consignee_id, row.lot_key, "used up"))
        for notice in session.scalars(select(Notice)).all():
            for way in ("telephone", "visit"):
                note_attempt(session, house.writer, clock, NoteAttempt(recall.id, notice.consignee_id, way, True))
        draw_sample(session, house.writer, clock, DrawSample(recall.id, 3))
        assert checks_of(session, set_level) == []
        conclude_checks(session, house.writer, clock, ConcludeChecks(recall.id, "level E asks nobody"))
        placed(session, clock, house, recall.id)
        terminate_recall(session, house.manager, clock, TerminateRecall(
            recall.id, "all used", PASSWORD, without=WITHOUT))
    assert state_of(sqlite, recall) == "terminated"


def test_a_scope_grows_also_after_units_came_back_and_what_was_told_stands_as_told(database: Database, clock: FixedClock,
                                                                                    house: House) -> None:
    recall = executing(database, clock, house)
    lots = (house.glue.lot_key, house.first.lot_key, house.second.lot_key, house.other.lot_key)
    with database.write() as session:
        return_units(session, house.writer, clock, ReturnUnits(house.first.lot_key, house.maker.hospital.id, D(120),
                                                               clock.now()))
        extend_recall(session, house.writer, clock, ExtendRecall(recall.id, "P-9 too"))
        set_scope(session, house.writer, clock, SetScope(recall.id, lots))
        submit_recall(session, house.writer, clock, SubmitRecall(recall.id, PASSWORD))
    clock.move_to(clock.now() + timedelta(hours=1))
    with database.write() as session:
        return_units(session, house.writer, clock, ReturnUnits(house.first.lot_key, house.maker.clinic.id, D(30),
                                                               clock.now()))
        approve_recall(session, house.manager, clock, ApproveRecall(recall.id, PASSWORD), vault=VAULT)
    with database.read() as session:
        assert session.get_one(RecallLedger, (house.first.lot_key, recall.id, house.maker.hospital.id)).shipped == 200
        # An answer from before does not prove that the hospital knows of P-9.
        assert untold(session, recall.id) == [house.maker.hospital.id]
    assert state_of(database, recall) == "notifying"
    deliver(database, clock, Tray())
    assert state_of(database, recall) == "executing"


def test_a_recall_that_two_answers_at_once_left_behind_goes_on_by_the_sweep(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    recall = running(sqlite, clock, house)
    with sqlite.write() as session:
        session.execute(update(Notice).values(state="sent"))
        assert advance_told(session, clock) == 1
        assert advance_told(session, clock) == 0
    assert state_of(sqlite, recall) == "executing"
