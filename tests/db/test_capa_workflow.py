"""CAPAs from the problem to the signed end: who may, in which order, what is left behind."""
from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from tests.factories import PASSWORD
from tests.factories_capa import capa_in, opened_capa, prepare, step
from tests.factories_recall import House, make_house, opened
from tests.factories_surveillance import add_reactions
from traceapp.audit.model import AuditEntry
from traceapp.audit.verify import verify
from traceapp.capa.model import Capa, CapaAction, CapaDecision, CapaLink
from traceapp.capa.queries import CapaFilter, actions_of, capa_page, capas_about, checks_of, decisions_of, progress_of
from traceapp.capa.reminding import is_any_late, tell_late
from traceapp.capa.service import (
    AddAction,
    AddCause,
    AnswerQuestion,
    AskDevelopment,
    ChangeAction,
    CloseCapa,
    ConcludeCheck,
    DropAction,
    FinishAction,
    GiveUpCause,
    JudgeCause,
    LinkCapa,
    LinkTo,
    MoveCapa,
    OpenCapa,
    StateCriterion,
    WriteWhys,
    add_action,
    add_cause,
    answer_question,
    ask_development,
    change_action,
    close_capa,
    conclude_check,
    drop_action,
    finish_action,
    give_up_cause,
    judge_cause,
    link_capa,
    move_capa,
    open_capa,
    running_for,
    state_criterion,
    write_whys,
)
from traceapp.capa.states import TRANSITIONS, CapaState
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict, Forbidden, InvalidInput, NotFound, Stale
from traceapp.db import Database
from traceapp.identity.model import User
from traceapp.surveillance.alarm import NodeKind
from traceapp.surveillance.model import Signal
from traceapp.surveillance.priors import confirmed_causes
from traceapp.surveillance.rescoring import rescore_lot
from traceapp.worklist.model import Task


@pytest.fixture
def house(database: Database, clock: FixedClock) -> House:
    return make_house(database, clock)


def signalled(database: Database, clock: FixedClock, house: House) -> Signal:
    with database.write() as session:
        add_reactions(session, house.second, clock.now() - timedelta(days=9), 12)
    with database.write() as session:
        signal = rescore_lot(session, clock, house.second.lot_key)
    assert signal is not None
    return signal


def trail(database: Database, capa_id: str) -> list[str]:
    with database.read() as session:
        return list(session.scalars(select(AuditEntry.action).where(AuditEntry.stream == f"capa:{capa_id}")
                                    .order_by(AuditEntry.seq)))


def open_duties(database: Database) -> list[tuple[str, str | None]]:
    with database.read() as session:
        return sorted((task.kind, task.assignee_id) for task in session.scalars(
            select(Task).where(Task.state == "open", Task.kind.startswith("capa."))))


@pytest.mark.parametrize("state", list(CapaState))
def test_the_use_cases_follow_the_table_in_every_state(sqlite: Database, clock: FixedClock, state: CapaState) -> None:
    house = make_house(sqlite, clock)
    capa: Capa | None = None
    for action, (from_states, to_state, _permission) in TRANSITIONS.items():
        capa = capa or capa_in(sqlite, clock, house, state)  # what refused an act is as it was before
        if state in from_states:
            prepare(sqlite, clock, house, action, capa.id)
        entries = len(trail(sqlite, capa.id))
        if state in from_states:
            step(sqlite, clock, house, action, capa.id)
        else:
            with pytest.raises(Conflict) as refused:
                step(sqlite, clock, house, action, capa.id)
            assert refused.value.code == "wrong-state"
        with sqlite.read() as session:
            assert session.get_one(Capa, capa.id).state == (to_state if state in from_states else state), (state, action)
        assert (len(trail(sqlite, capa.id)) > entries) == (state in from_states)
        capa = None if state in from_states else capa


@pytest.mark.parametrize(("column", "value"), [("state", "waiting"), ("kind", "both")])
def test_the_database_knows_the_states_and_kinds(database: Database, clock: FixedClock, house: House, column: str,
                                                 value: str) -> None:
    capa = opened_capa(database, clock, house)
    with pytest.raises(DBAPIError, match=f"{column}_is_known"), database.write() as session:
        session.execute(text(f"UPDATE capa SET {column} = '{value}' WHERE id = '{capa.id}'"))


def test_a_case_runs_from_the_signal_to_the_signed_end(database: Database, clock: FixedClock, house: House) -> None:
    signal = signalled(database, clock, house)
    capa = opened_capa(database, clock, house, LinkTo("signal", signal.id), LinkTo("supplier", house.maker.supplier.id))
    for action in ("investigate", "plan", "begin", "verify", "close"):
        prepare(database, clock, house, action, capa.id)
        step(database, clock, house, action, capa.id)
    with database.read() as session:
        ended = session.get_one(Capa, capa.id)
        decision = decisions_of(session, capa.id)[-1]
        assert (ended.state, ended.closed_at) == ("closed", clock.now())
        assert (decision.action, decision.user_id, decision.meaning) == ("close", house.manager.id, "closed as effective")
        assert len(decision.signed_hash) == 64 and decision.reason == "no redness in three months"
        assert [one.id for one in capas_about(session, "signal", signal.id)] == [capa.id]
        assert confirmed_causes(session)[NodeKind.upstream] == 1
    with database.write() as session:
        assert verify(session).broken is None
    assert "cause.noted" in trail(database, capa.id)
    assert open_duties(database) == []
    step(database, clock, house, "reopen", capa.id)
    with database.read() as session:
        assert sum(confirmed_causes(session).values()) == 0 and session.get_one(Capa, capa.id).closed_at is None


def test_a_second_one_for_the_same_signal_is_refused_with_the_first_ones_number(
        database: Database, clock: FixedClock, house: House) -> None:
    link = LinkTo("signal", signalled(database, clock, house).id)
    first = opened_capa(database, clock, house, link)
    with pytest.raises(Conflict, match=first.reference) as refused:
        opened_capa(database, clock, house, link)
    assert refused.value.code == "capa-runs"
    with database.write() as session:
        prevention = open_capa(session, house.writer, clock, OpenCapa("preventive", "Other glues", "Could be there too", (link,)))
        assert running_for(session, link, "preventive") is not None
    step(database, clock, house, "cancel", first.id)
    again = opened_capa(database, clock, house, link)
    assert len({first.id, prevention.id, again.id}) == 3


def test_a_case_is_not_reopened_beside_its_successor(database: Database, clock: FixedClock, house: House) -> None:
    link = LinkTo("signal", signalled(database, clock, house).id)
    first = opened_capa(database, clock, house, link)
    for action in ("investigate", "plan", "begin", "verify", "close"):
        prepare(database, clock, house, action, first.id)
        step(database, clock, house, action, first.id)
    second = opened_capa(database, clock, house, link)
    with pytest.raises(Conflict, match=second.reference):
        step(database, clock, house, "reopen", first.id)


def test_two_people_who_open_one_for_the_same_signal_at_once_get_one(
        database: Database, clock: FixedClock, house: House) -> None:
    link, outcomes = LinkTo("signal", signalled(database, clock, house).id), []
    ready = threading.Barrier(2, timeout=20)

    def open_one() -> None:
        ready.wait()
        try:
            opened_capa(database, clock, house, link)
            outcomes.append("opened")
        except Conflict as refusal:
            outcomes.append(refusal.code)

    people = [threading.Thread(target=open_one) for _ in range(2)]
    for one in people:
        one.start()
    for one in people:
        one.join(timeout=30)
    assert sorted(outcomes) == ["capa-runs", "opened"]


def test_what_is_linked_must_be_there_and_twice_is_once(database: Database, clock: FixedClock, house: House) -> None:
    recall = opened(database, clock, house)
    capa = opened_capa(database, clock, house)
    with database.write() as session:
        link_capa(session, house.writer, clock, LinkCapa(capa.id, LinkTo("recall", recall.id)))
        link_capa(session, house.writer, clock, LinkCapa(capa.id, LinkTo("recall", recall.id)))
    with database.read() as session:
        links = list(session.scalars(select(CapaLink).where(CapaLink.capa_id == capa.id)))
    assert [(one.kind, one.name) for one in links] == [("recall", recall.reference)]
    assert trail(database, capa.id).count("capa.linked") == 1
    for kind in ("signal", "recall", "complaint", "adverse_event", "supplier", "inspection"):
        with pytest.raises(NotFound), database.write() as session:
            link_capa(session, house.writer, clock, LinkCapa(capa.id, LinkTo(kind, "0" * 32)))
    with pytest.raises(InvalidInput), database.write() as session:
        link_capa(session, house.writer, clock, LinkCapa(capa.id, LinkTo("weather", "x")))


def test_the_signature_covers_what_was_found_and_done(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    hashes = []
    for answer in ("too warm", "too cold"):
        capa = capa_in(sqlite, clock, house, CapaState.verifying)
        with sqlite.write() as session:
            conclude_check(session, house.writer, clock, ConcludeCheck(capa.id, "effective", answer))
        step(sqlite, clock, house, "close", capa.id)
        with sqlite.read() as session:
            hashes.append(decisions_of(session, capa.id)[-1].signed_hash)
    assert hashes[0] != hashes[1]


def test_a_decision_cannot_be_changed_afterwards(database: Database, clock: FixedClock, house: House) -> None:
    capa_in(database, clock, house, CapaState.investigating)
    with pytest.raises(DBAPIError), database.write() as session:
        session.execute(CapaDecision.__table__.update().values(reason="other"))  # type: ignore[attr-defined]


def test_whoever_had_an_action_does_not_close(database: Database, clock: FixedClock, house: House) -> None:
    capa = capa_in(database, clock, house, CapaState.planned)
    with database.write() as session:
        add_action(session, house.writer, clock, AddAction(capa.id, "Train the line", house.manager.id, date(2026, 12, 20)))
    for action in ("begin", "verify"):
        prepare(database, clock, house, action, capa.id)
        step(database, clock, house, action, capa.id)
    prepare(database, clock, house, "close", capa.id)
    with pytest.raises(Forbidden) as refused:
        step(database, clock, house, "close", capa.id)
    assert refused.value.code == "same-person"
    with pytest.raises(Forbidden) as refused, database.write() as session:
        close_capa(session, house.second_manager, clock, CloseCapa(capa.id, "wrong", "all good"))
    assert refused.value.code == "signature-refused"
    with pytest.raises(Forbidden), database.write() as session:
        close_capa(session, house.writer, clock, CloseCapa(capa.id, PASSWORD, "all good"))
    with database.write() as session:
        assert close_capa(session, house.second_manager, clock, CloseCapa(capa.id, PASSWORD, "all good")).state == "closed"


def test_what_did_not_help_reopens_the_case_and_takes_a_new_criterion(
        database: Database, clock: FixedClock, house: House) -> None:
    capa = capa_in(database, clock, house, CapaState.verifying)
    with database.write() as session:
        conclude_check(session, house.writer, clock, ConcludeCheck(capa.id, "not_effective", "Four more reports"))
    with database.read() as session:
        assert session.get_one(Capa, capa.id).state == "reopened"
        assert decisions_of(session, capa.id)[-1].reason == "Four more reports"
    assert open_duties(database) == [("capa.investigate", house.writer.id)]
    for action in ("investigate", "plan"):
        step(database, clock, house, action, capa.id)
    with database.write() as session:
        add_action(session, house.writer, clock, AddAction(capa.id, "Change supplier", house.writer.id, date(2026, 12, 20)))
    with pytest.raises(Conflict) as refused:
        step(database, clock, house, "begin", capa.id)
    assert refused.value.code == "no-criterion"


def test_what_was_done_before_does_not_count_again_after_it_did_not_help(
        database: Database, clock: FixedClock, house: House) -> None:
    capa = capa_in(database, clock, house, CapaState.verifying)
    with database.write() as session:
        conclude_check(session, house.writer, clock, ConcludeCheck(capa.id, "not_effective", "Four more reports"))
    clock.move_to(clock.now() + timedelta(days=1))
    for action in ("investigate", "plan"):
        step(database, clock, house, action, capa.id)
    prepare(database, clock, house, "begin", capa.id)
    step(database, clock, house, "begin", capa.id)
    with database.write() as session:
        dropped = drop_action(session, house.writer, clock, DropAction(
            capa.id, actions_of(session, capa.id)[-1].id, "Not needed after all"))
        assert dropped.state == "dropped"
    with pytest.raises(Conflict) as refused:
        step(database, clock, house, "verify", capa.id)
    assert refused.value.code == "nothing-done"


def test_a_criterion_that_was_in_use_is_not_left_without_a_conclusion(
        database: Database, clock: FixedClock, house: House) -> None:
    capa = capa_in(database, clock, house, CapaState.verifying)
    with pytest.raises(Conflict) as refused:
        step(database, clock, house, "reopen", capa.id)
    assert refused.value.code == "not-concluded"
    with database.read() as session:
        assert [one.criterion for one in checks_of(session, capa.id)] == ["No redness above expectation in 90 days"]


def test_work_begins_with_people_who_are_here_and_a_day_that_is_not_past(
        database: Database, clock: FixedClock, house: House) -> None:
    capa = capa_in(database, clock, house, CapaState.planned)
    with database.write() as session:
        action = add_action(session, house.writer, clock, AddAction(
            capa.id, "Test the glue", house.second_manager.id, clock.now().date() + timedelta(days=20)))
        state_criterion(session, house.writer, clock, StateCriterion(
            capa.id, "None", "Count", clock.now().date() + timedelta(days=2)))
        session.get_one(User, house.second_manager.id).is_active = False
    with pytest.raises(Conflict) as left:
        step(database, clock, house, "begin", capa.id)
    with database.write() as session:
        change_action(session, house.writer, clock, ChangeAction(
            capa.id, action.id, "Test the glue", house.writer.id, clock.now().date() + timedelta(days=20)))
    clock.move_to(clock.now() + timedelta(days=3))
    with pytest.raises(Conflict) as past:
        step(database, clock, house, "begin", capa.id)
    assert (left.value.code, past.value.code) == ("owner-left", "criterion-past")


def test_effective_is_not_said_before_the_planned_day(database: Database, clock: FixedClock, house: House) -> None:
    capa = capa_in(database, clock, house, CapaState.planned)
    with database.write() as session:
        add_action(session, house.writer, clock, AddAction(capa.id, "Test the glue", house.writer.id, date(2026, 12, 20)))
        state_criterion(session, house.writer, clock, StateCriterion(capa.id, "None", "Count", date(2026, 12, 1)))
    for action in ("begin", "verify"):
        if action == "verify":
            prepare(database, clock, house, action, capa.id)
        step(database, clock, house, action, capa.id)
    with pytest.raises(Conflict) as refused, database.write() as session:
        conclude_check(session, house.writer, clock, ConcludeCheck(capa.id, "effective", "None so far"))
    assert refused.value.code == "too-early"
    clock.move_to(datetime(2026, 11, 30, 16, 0, tzinfo=UTC))  # 1 December in Shanghai
    with database.write() as session:
        assert conclude_check(session, house.writer, clock, ConcludeCheck(capa.id, "effective", "None")).conclusion == "effective"


def test_the_criterion_stands_once_work_began(database: Database, clock: FixedClock, house: House) -> None:
    capa = capa_in(database, clock, house, CapaState.planned)
    with database.write() as session:
        for criterion in ("fewer than five", "none at all"):
            state_criterion(session, house.writer, clock, StateCriterion(capa.id, criterion, "count", date(2027, 2, 1)))
    prepare(database, clock, house, "begin", capa.id)
    step(database, clock, house, "begin", capa.id)
    with pytest.raises(Conflict), database.write() as session:
        state_criterion(session, house.writer, clock, StateCriterion(capa.id, "twenty is fine", "count", date(2027, 2, 1)))
    with database.read() as session:
        checks = checks_of(session, capa.id)
    assert [one.criterion for one in checks] == ["No redness above expectation in 90 days"]


def test_a_search_without_a_cause_says_why(database: Database, clock: FixedClock, house: House) -> None:
    capa = capa_in(database, clock, house, CapaState.investigating)
    with database.write() as session:
        write_whys(session, house.writer, clock, WriteWhys(capa.id, ("The glue irritates", " ", "It holds monomer")))
        cause = add_cause(session, house.writer, clock, AddCause(capa.id, "method", "Cured too short"))
        deeper = add_cause(session, house.writer, clock, AddCause(capa.id, "machine", "Lamp is old", cause.id))
        judge_cause(session, house.writer, clock, JudgeCause(capa.id, deeper.id, "excluded", "Lamp measured: as new"))
    with pytest.raises(InvalidInput), database.write() as session:
        judge_cause(session, house.writer, clock, JudgeCause(capa.id, cause.id, "confirmed", "  "))
    with pytest.raises(NotFound), database.write() as session:
        add_cause(session, house.writer, clock, AddCause(capa.id, "man", "Tired", "0" * 32))
    with pytest.raises(InvalidInput), database.write() as session:
        write_whys(session, house.writer, clock, WriteWhys(capa.id, ("why",) * 8))
    with pytest.raises(Conflict, match="No cause"):
        step(database, clock, house, "plan", capa.id)
    with database.write() as session:
        give_up_cause(session, house.writer, clock, GiveUpCause(capa.id, "All packs were thrown away"))
    step(database, clock, house, "plan", capa.id)


def test_each_action_is_a_duty_of_its_owner_and_the_last_one_done_asks_for_the_verification(
        database: Database, clock: FixedClock, house: House) -> None:
    capa = capa_in(database, clock, house, CapaState.acting)
    with pytest.raises(InvalidInput), database.write() as session:
        add_action(session, house.writer, clock, AddAction(capa.id, "Nobody does this", None, date(2026, 12, 20)))
    with database.write() as session:
        other = add_action(session, house.writer, clock, AddAction(capa.id, "Tell the supplier", house.manager.id, date(2026, 12, 20)))
        other = change_action(session, house.writer, clock, ChangeAction(capa.id, other.id, "Tell the supplier", house.second_manager.id, date(2026, 12, 22)))
        first = actions_of(session, capa.id)[0]
    assert open_duties(database) == sorted([("capa.action", house.writer.id), ("capa.action", house.second_manager.id)])
    stranger = replace(house.manager, id="u-stranger", role="operator", scopes=frozenset({"capa.act"}))
    with pytest.raises(Forbidden) as refused, database.write() as session:
        finish_action(session, stranger, clock, FinishAction(capa.id, first.id, "done"))
    assert refused.value.code == "not-yours"
    with database.write() as session:
        finish_action(session, house.writer, clock, FinishAction(capa.id, first.id, "Test in use since Monday"))
        drop_action(session, house.writer, clock, DropAction(capa.id, other.id, "The supplier knows"))
    with pytest.raises(Conflict), database.write() as session:
        finish_action(session, house.writer, clock, FinishAction(capa.id, first.id, "once more"))
    assert open_duties(database) == [("capa.verify", house.writer.id)]
    with database.read() as session:
        progress = progress_of(session, [capa.id])[capa.id]
    assert (progress.actions, progress.done, progress.next_due_on) == (1, 1, None)


def test_a_question_to_development_is_a_duty_until_it_is_answered(database: Database, clock: FixedClock, house: House) -> None:
    capa = capa_in(database, clock, house, CapaState.investigating)
    with database.write() as session:
        question = ask_development(session, house.writer, clock, AskDevelopment(capa.id, "Which monomer is left?", house.manager.id))
    assert (question.due_at.date(), question.is_due_sure) == (date(2026, 12, 11), True)
    assert ("capa.answer", house.manager.id) in open_duties(database)
    stranger = replace(house.manager, id="u-stranger", role="operator", scopes=frozenset({"capa.act"}))
    with pytest.raises(Forbidden), database.write() as session:
        answer_question(session, stranger, clock, AnswerQuestion(capa.id, question.id, "I guess"))
    with database.write() as session:
        answer_question(session, house.manager, clock, AnswerQuestion(capa.id, question.id, "Isobornyl acrylate"))
    with pytest.raises(Conflict), database.write() as session:
        answer_question(session, house.manager, clock, AnswerQuestion(capa.id, question.id, "or not"))
    assert "capa.answer" not in {kind for kind, _who in open_duties(database)}


def test_what_is_late_is_told_to_the_manager_once(database: Database, clock: FixedClock, house: House) -> None:
    capa = capa_in(database, clock, house, CapaState.acting)
    with database.write() as session:
        question = ask_development(session, house.writer, clock, AskDevelopment(capa.id, "Which monomer?", house.manager.id))
    with database.write() as session:
        assert (is_any_late(session, clock), tell_late(session, clock)) == (False, 0)
    clock.move_to(clock.now() + timedelta(days=30))
    with database.write() as session:
        assert is_any_late(session, clock)
        assert tell_late(session, clock) == 2
    with database.write() as session:
        assert (is_any_late(session, clock), tell_late(session, clock)) == (False, 0)
        late = capa_page(session, CapaFilter(late_at=clock.now()))
        assert [row.id for row in late.rows] == [capa.id]
    assert [kind for kind, _who in open_duties(database)].count("capa.late") == 1
    assert trail(database, capa.id).count("capa.late") == 2
    with database.write() as session:
        answer_question(session, house.manager, clock, AnswerQuestion(capa.id, question.id, "Isobornyl acrylate"))
    assert "capa.late" in {kind for kind, _who in open_duties(database)}
    with database.write() as session:
        change_action(session, house.writer, clock, ChangeAction(
            capa.id, actions_of(session, capa.id)[0].id, "Test each glue lot", house.writer.id, date(2027, 1, 20)))
    assert "capa.late" not in {kind for kind, _who in open_duties(database)}


def test_a_stale_version_is_refused_and_leaves_nothing(database: Database, clock: FixedClock, house: House) -> None:
    capa = capa_in(database, clock, house, CapaState.investigating)
    with database.write() as session:
        add_action(session, house.writer, clock, AddAction(capa.id, "Look at the lamp", revision=capa.revision))
    with pytest.raises(Stale), database.write() as session:
        add_action(session, house.writer, clock, AddAction(capa.id, "Look at the oven", revision=capa.revision))
    with database.read() as session:
        assert len(list(session.scalars(select(CapaAction).where(CapaAction.capa_id == capa.id)))) == 1


def test_the_same_link_twice_is_one_and_too_many_are_refused(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    link = LinkTo("supplier", house.maker.supplier.id)
    capa = opened_capa(sqlite, clock, house, link, link)
    with sqlite.read() as session:
        assert len(list(session.scalars(select(CapaLink).where(CapaLink.capa_id == capa.id)))) == 1
    for many in ({"links": (link,) * 201}, {"product_ids": (house.maker.plaster.id,) * 51}):
        with pytest.raises(InvalidInput) as refused, sqlite.write() as session:
            open_capa(session, house.writer, clock, replace(OpenCapa("preventive", "Glue", "Glue"), **many))  # type: ignore[arg-type]
        assert refused.value.code == "too-many"


@pytest.mark.parametrize(("change", "place"), [
    ({"title": " "}, "title"), ({"title": "x" * 301}, "title"), ({"problem": ""}, "problem"), ({"kind": "both"}, "kind"),
    ({"problem_kind": "witchcraft"}, "problem_kind"), ({"due_on": date(2026, 11, 1)}, "due_on"),
    ({"owner_id": "0" * 32}, "owner_id")])
def test_a_description_that_says_nothing_is_refused_at_its_place(
        sqlite: Database, clock: FixedClock, change: dict[str, object], place: str) -> None:
    house = make_house(sqlite, clock)
    with pytest.raises(InvalidInput) as refused, sqlite.write() as session:
        open_capa(session, house.writer, clock, replace(OpenCapa("corrective", "Redness", "It is red"), **change))  # type: ignore[arg-type]
    assert refused.value.place == place
    with sqlite.read() as session:
        assert session.scalars(select(Capa)).first() is None


def test_only_quality_opens_and_only_a_manager_cancels(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    with pytest.raises(Forbidden), sqlite.write() as session:
        open_capa(session, replace(house.writer, role="operator"), clock, OpenCapa("corrective", "Redness", "It is red"))
    capa = opened_capa(sqlite, clock, house)
    with pytest.raises(Forbidden), sqlite.write() as session:
        move_capa(session, house.writer, clock, MoveCapa(capa.id, "cancel", "no need"))
    with pytest.raises(InvalidInput), sqlite.write() as session:
        move_capa(session, house.manager, clock, MoveCapa(capa.id, "cancel", " "))
