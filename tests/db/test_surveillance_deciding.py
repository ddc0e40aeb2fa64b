"""A case goes through its states by acts with reasons; one can take another; silence keeps a case from opening."""
from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError

from tests.db.test_surveillance_cases import GLUE, an_alarm, lots_of, raised
from tests.factories_surveillance import add_product
from traceapp.audit.model import AuditEntry
from traceapp.complaint.case_parts import RESCORE
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict, Forbidden, InvalidInput, NotFound, Problem
from traceapp.core.ids import name_key
from traceapp.db import Database
from traceapp.surveillance.alarm import NodeKind
from traceapp.surveillance.case_lots import alarms_of_case
from traceapp.surveillance.case_reads import decisions_of_case, merged_into, recall_roots, takers_of
from traceapp.surveillance.deciding import Assessment, Decide, decide_signal
from traceapp.surveillance.model import Signal, SilencedAlarm
from traceapp.surveillance.silence import LiftSilence, SetSilence, end_over, is_any_over, lift_silence, set_silence
from traceapp.surveillance.states import TRANSITIONS, SignalState
from traceapp.worklist.model import Task, TaskState, WorkRow

SEEN = Assessment("retained samples of L1 to L3, line records", "real", "moderate", "recall", 14)
OTHER = an_alarm("L7", ["L7"], 6, 5.0)
Act = Callable[..., Signal]


@pytest.fixture
def act(sqlite: Database, clock: FixedClock, actor: Actor) -> Act:
    """Do an act with what its form needs."""
    def done(signal: Signal, action: str, **more: Any) -> Signal:
        needed: dict[str, Any] = {"prioritise": {"priority": "high"}, "assess": {"assessment": SEEN}}.get(action, {})
        with sqlite.write() as session:
            return decide_signal(session, actor, clock, Decide(signal.lot_key, signal.id, action, "a reason",
                                                               **(needed | more)))
    return done


@pytest.fixture
def pair(sqlite: Database, clock: FixedClock) -> tuple[Signal, Signal]:
    """The case of the glue, and one of a lot that has nothing to do with it."""
    first, second = raised(sqlite, clock, GLUE, OTHER)
    assert first is not None and second is not None
    return first, second


def open_tasks(database: Database, signal: Signal) -> list[tuple[str, Any]]:
    with database.read() as session:
        return [(task.kind, task.due_at) for task in session.scalars(select(Task).where(
            Task.about == f"signal:{signal.id}", Task.state == TaskState.open))]


@pytest.mark.parametrize("action", list(TRANSITIONS))
@pytest.mark.parametrize("state", list(SignalState))
def test_every_state_allows_just_what_the_table_says(sqlite: Database, pair: tuple[Signal, Signal], act: Act,
                                                     state: SignalState, action: str) -> None:
    case, other = pair
    with sqlite.write() as session:
        session.execute(update(Signal).where(Signal.id == case.id).values(
            state=state, merged_into_id=other.id if state == SignalState.merged else None))
    from_states, to_state, _permission = TRANSITIONS[action]
    more = {"into_id": other.id} if action == "merge" else {}
    if state in from_states:
        assert act(case, action, **more).state == to_state
    else:
        with pytest.raises(Conflict):
            act(case, action, **more)


def test_the_database_refuses_a_state_that_is_none_and_a_merged_case_that_points_nowhere(
        database: Database, clock: FixedClock) -> None:
    raised(database, clock, GLUE)
    for change in ("state = 'new'", "state = 'merged'", "merged_into_id = 'x'", "priority = 'urgent'", "kind = 'shift'"):
        with pytest.raises(IntegrityError), database.write() as session:
            session.execute(text(f"UPDATE signal SET {change}"))


def test_each_step_ends_its_duty_and_begins_the_next_one_with_its_day(sqlite: Database, pair: tuple[Signal, Signal],
                                                                     act: Act, clock: FixedClock) -> None:
    case, _ = pair
    now = clock.now()
    day, two_days = now + timedelta(days=1), now + timedelta(days=2)
    assert open_tasks(sqlite, case) == [("signal.review", day)]
    act(case, "validate")
    assert open_tasks(sqlite, case) == [("signal.prioritise", day)]
    assert act(case, "prioritise").due_at == two_days
    assert open_tasks(sqlite, case) == [("signal.assess", two_days)]
    act(case, "assess")
    assert open_tasks(sqlite, case) == [("signal.decide", two_days)]
    assert act(case, "confirm").due_at is None
    assert open_tasks(sqlite, case) == []
    with sqlite.read() as session:
        told = {decision.action: decision.details for _case, decision in decisions_of_case(session, case)}
    assert told == {"validate": {}, "prioritise": {"priority": "high"}, "confirm": {}, "assess": {
        "looked_at": SEEN.looked_at, "is_real": "real", "severity": "moderate", "proposal": "recall", "people": 14}}


@pytest.mark.parametrize(("action", "more", "place"), [
    ("prioritise", {"priority": "urgent"}, "priority"), ("prioritise", {"priority": None}, "priority"),
    ("assess", {"assessment": None}, "looked_at"),
    ("assess", {"assessment": Assessment(" ", "real", "moderate", "recall")}, "looked_at"),
    ("assess", {"assessment": Assessment("x", "maybe", "moderate", "recall")}, "is_real"),
    ("assess", {"assessment": Assessment("x", "real", "awful", "recall")}, "severity"),
    ("assess", {"assessment": Assessment("x", "real", "moderate", "pray")}, "proposal"),
    ("assess", {"assessment": Assessment("x", "real", "moderate", "recall", -1)}, "people"),
    ("merge", {"into_id": "nope"}, "into_id"), ("merge", {"into_id": None}, "into_id")])
def test_what_a_form_lacks_is_refused_at_its_field_and_changes_nothing(
        sqlite: Database, pair: tuple[Signal, Signal], act: Act, action: str, more: dict[str, Any], place: str) -> None:
    case, _ = pair
    for step in ("validate", "prioritise"):
        act(case, step)
    with pytest.raises(InvalidInput) as refused:
        act(case, action, **more)
    assert refused.value.place == place
    with sqlite.read() as session:
        assert session.get_one(Signal, (case.lot_key, case.id)).state == "prioritised"


def test_who_may_not_decide_is_refused(sqlite: Database, pair: tuple[Signal, Signal], clock: FixedClock) -> None:
    operator = Actor(id="o", role="operator", scopes=frozenset({"trace.read"}))
    with pytest.raises(Forbidden), sqlite.write() as session:
        decide_signal(session, operator, clock, Decide(pair[0].lot_key, pair[0].id, "refute", "x"))


def test_a_merged_case_shows_its_alarms_and_lots_in_the_one_that_took_it_until_it_is_reopened(
        sqlite: Database, pair: tuple[Signal, Signal], act: Act, clock: FixedClock) -> None:
    taker, case = pair
    act(case, "merge", into_id=taker.id)
    assert lots_of(sqlite, taker) == {*GLUE.lot_keys, name_key("L7")}
    assert lots_of(sqlite, case) == set()
    with sqlite.read() as session:
        assert [one.id for one in merged_into(session, taker)] == [case.id]
        assert {one.name for one in alarms_of_case(session, taker)} == {"A-2231", "L7"}
    assert raised(sqlite, clock, OTHER, an_alarm("L7", ["L7"], 9, 6.0))[1].id == taker.id  # type: ignore[union-attr]
    act(case, "reopen")
    assert lots_of(sqlite, case) == {name_key("L7")}
    with sqlite.read() as session:
        assert session.get_one(Signal, (case.lot_key, case.id)).merged_into_id is None
        assert merged_into(session, taker) == []


def test_a_case_that_took_others_takes_them_along_when_it_is_merged(sqlite: Database, clock: FixedClock, act: Act,
                                                                   pair: tuple[Signal, Signal]) -> None:
    taker, case = pair
    third, = raised(sqlite, clock, an_alarm("L5", ["L5"], 6, 5.0))
    assert third is not None
    act(third, "merge", into_id=case.id)
    act(case, "merge", into_id=taker.id)
    with sqlite.read() as session:
        assert {one.id for one in merged_into(session, taker)} == {case.id, third.id}


def test_nothing_is_merged_into_itself_or_into_what_is_decided(sqlite: Database, pair: tuple[Signal, Signal],
                                                              act: Act) -> None:
    taker, case = pair
    act(taker, "refute")
    for into in (case.id, taker.id):
        with pytest.raises(Conflict):
            act(case, "merge", into_id=into)
    with sqlite.read() as session:
        assert takers_of(session, case) == []


def test_a_recall_starts_from_the_strongest_node_or_from_all_of_its_lots(sqlite: Database, clock: FixedClock) -> None:
    glue, = raised(sqlite, clock, GLUE)
    line, = raised(sqlite, clock, an_alarm("line 3", ("L11", "L12"), 9, 5.0, NodeKind.line))
    assert glue is not None and line is not None
    with sqlite.read() as session:
        assert recall_roots(session, glue) == (name_key("A-2231"),)
        assert set(recall_roots(session, line)) == {name_key("L11"), name_key("L12")}


def silenced(database: Database, actor: Actor, clock: FixedClock, **changes: Any) -> str:
    values: dict[str, Any] = {"reason": "a questionnaire brings reports", "product_id": "p1",
                              "until_on": clock.now().date() + timedelta(days=10)}
    with database.write() as session:
        if changes.get("product_id", "p1") == "p1":
            add_product(session, clock.now(), "P1")
            values["product_id"] = name_key("P1")
        return set_silence(session, actor, clock, SetSilence(**(values | changes))).id


def test_an_alarm_under_silence_opens_nothing_and_is_kept_until_the_end(database: Database, clock: FixedClock,
                                                                        actor: Actor) -> None:
    rule = silenced(database, actor, clock)
    alarm = an_alarm("L1", ["L1"], 6, 5.0, product_id=name_key("P1"))
    more = an_alarm("L1", ["L1"], 7, 5.5, product_id=name_key("P1"))
    assert raised(database, clock, alarm, more, OTHER)[:2] == [None, None]
    with database.read() as session:
        kept = session.scalars(select(SilencedAlarm)).one()
        assert (kept.observed, kept.times, kept.silence_id, kept.evidence) == (7, 2, rule, {"reports": 7})
        assert not is_any_over(session, clock)
    clock.move_to(clock.now() + timedelta(days=11))
    with database.write() as session:
        assert end_over(session, clock) == 1
    with database.write() as session:
        assert end_over(session, clock) == 0
        assert session.scalars(select(WorkRow.subject_key).where(WorkRow.kind == RESCORE)).all() == [name_key("L1")]
        assert list(session.scalars(select(AuditEntry.action).where(AuditEntry.action.like("silence.%"))
                                    .order_by(AuditEntry.at, AuditEntry.seq))) == ["silence.set", "silence.kept", "silence.ended"]
    assert raised(database, clock, more)[0] is not None


def test_a_silence_covers_its_kind_and_group_alone(sqlite: Database, clock: FixedClock, actor: Actor) -> None:
    silenced(sqlite, actor, clock, kind="supplier", group="serious")
    assert None not in raised(sqlite, clock, an_alarm("L1", ["L1"], 6, 5.0, product_id=name_key("P1")))


def test_a_silence_for_one_node_leaves_its_lots_to_others(sqlite: Database, clock: FixedClock, actor: Actor) -> None:
    case, = raised(sqlite, clock, GLUE)
    assert case is not None
    with sqlite.write() as session:
        decide_signal(session, actor, clock, Decide(case.lot_key, case.id, "refute", "a batch of another glue"))
    rule = silenced(sqlite, actor, clock, kind="upstream", node_key=GLUE.node_key, product_id=None)
    more = an_alarm("A-2231", ("L1", "L2", "L3"), 20, 12.0, NodeKind.upstream)
    assert raised(sqlite, clock, more) == [None]
    assert raised(sqlite, clock, an_alarm("L1", ["L1"], 6, 5.0))[0] is not None
    with sqlite.write() as session:
        assert lift_silence(session, actor, clock, LiftSilence(rule, "answered", 1)).end_reason == "answered"
    with pytest.raises(Conflict), sqlite.write() as session:
        lift_silence(session, actor, clock, LiftSilence(rule, "again"))


@pytest.mark.parametrize(("changes", "refusal", "place"), [
    ({"until_on": date(2026, 11, 21)}, InvalidInput, "until_on"),
    ({"until_on": date(2027, 11, 24)}, InvalidInput, "until_on"),
    ({"reason": " "}, InvalidInput, "reason"), ({"product_id": None}, InvalidInput, "product_id"),
    ({"product_id": "nobody"}, NotFound, "product_id"), ({"kind": "shift"}, InvalidInput, "kind"),
    ({"group": "all"}, InvalidInput, "group"), ({"node_key": "n", "kind": None}, InvalidInput, "kind"),
    ({"node_key": "n", "kind": "line"}, NotFound, "node_key")])
def test_a_silence_needs_an_end_within_a_year_a_reason_and_something_known(
        sqlite: Database, clock: FixedClock, actor: Actor, changes: dict[str, Any], refusal: type[Problem],
        place: str) -> None:
    with pytest.raises(refusal) as refused:
        silenced(sqlite, actor, clock, **changes)
    assert refused.value.place == place
