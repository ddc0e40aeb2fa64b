"""A CAPA goes only where table and guards let it; answers are due after fifteen working days."""
from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from traceapp.capa.effects import nearest_node
from traceapp.capa.model import CapaCause
from traceapp.capa.policy import ActionFacts, Facts, answer_due, refuse_step, took_part
from traceapp.capa.states import (
    ENDED,
    TRANSITIONS,
    WORK,
    CapaState,
    CauseKind,
    actions_from,
    next_state,
    refuse_out_of_turn,
    work_in,
)
from traceapp.core.errors import Conflict
from traceapp.identity.policy import PERMISSIONS
from traceapp.surveillance.alarm import NodeKind

ALLOWED = {
    ("open", "investigate"): "investigating", ("reopened", "investigate"): "investigating",
    ("investigating", "plan"): "planned", ("planned", "think_again"): "investigating", ("planned", "begin"): "acting",
    ("acting", "verify"): "verifying", ("verifying", "close"): "closed", ("verifying", "reopen"): "reopened",
    ("closed", "reopen"): "reopened", ("open", "cancel"): "cancelled", ("investigating", "cancel"): "cancelled",
    ("planned", "cancel"): "cancelled", ("reopened", "cancel"): "cancelled",
}
DONE = ActionFacts("done", "u1", date(2026, 12, 1), "u1")
TO_DO = ActionFacts("open", "u1", date(2026, 12, 1))
TODAY, STATED_AT = date(2026, 11, 30), datetime(2026, 11, 20, tzinfo=UTC)
BEFORE = ActionFacts("done", "u1", date(2026, 12, 1), "u1", datetime(2026, 11, 19, tzinfo=UTC))
AFTER = ActionFacts("done", "u1", date(2026, 12, 1), "u1", datetime(2026, 11, 21, tzinfo=UTC))


@pytest.mark.parametrize("state", list(CapaState))
@pytest.mark.parametrize("action", list(TRANSITIONS))
def test_every_state_and_action_is_as_stated(state: CapaState, action: str) -> None:
    expected = ALLOWED.get((str(state), action))
    if expected is None:
        with pytest.raises(Conflict) as refused:
            next_state(state, action)
        assert refused.value.code == "wrong-state" and action not in actions_from(state)
    else:
        assert next_state(state, action) == expected and action in actions_from(state)


@pytest.mark.parametrize("state", list(CapaState))
@pytest.mark.parametrize("work", list(WORK))
def test_work_is_done_in_its_states_alone(state: CapaState, work: str) -> None:
    if work in work_in(state):
        refuse_out_of_turn(state, work)
    else:
        with pytest.raises(Conflict, match=str(state)):
            refuse_out_of_turn(state, work)


def test_nothing_is_changed_in_what_has_ended() -> None:
    assert all(not work_in(state) for state in ENDED)
    assert actions_from("cancelled") == () and actions_from("closed") == ("reopen",)


def test_the_criterion_can_only_be_stated_before_anything_is_done() -> None:
    assert not WORK["state_criterion"] & {CapaState.acting, CapaState.verifying}
    assert WORK["finish_action"] == {CapaState.acting}


def test_whatever_surveillance_watches_can_be_named_as_a_cause() -> None:
    assert {str(kind) for kind in NodeKind} < {str(kind) for kind in CauseKind}


def test_who_closes_is_fewer_than_who_writes() -> None:
    assert PERMISSIONS["capa.close"] < PERMISSIONS["capa.write"] < PERMISSIONS["capa.read"]


@pytest.mark.parametrize(("action", "facts", "code"), [
    ("plan", Facts(("supposed", "excluded")), "no-cause"),
    ("begin", Facts(conclusions=(None,)), "no-actions"),
    ("begin", Facts(actions=(DONE,), conclusions=(None,)), "no-actions"),
    ("begin", Facts(actions=(TO_DO, ActionFacts("open", None, date(2026, 12, 1))), conclusions=(None,)), "action-without-owner"),
    ("begin", Facts(actions=(ActionFacts("open", "u1", None),), conclusions=(None,)), "action-without-owner"),
    ("begin", Facts(actions=(TO_DO,)), "no-criterion"),
    ("begin", Facts(actions=(TO_DO, ActionFacts("open", "u2", date(2026, 12, 1), is_owner_here=False)), conclusions=(None,)), "owner-left"),
    ("begin", Facts(actions=(TO_DO,), conclusions=(None,), planned_on=date(2026, 11, 29)), "criterion-past"),
    ("verify", Facts(actions=(BEFORE, ActionFacts("dropped", "u1", None)), stated_at=STATED_AT), "nothing-done"),
    ("reopen", Facts(actions=(DONE,), conclusions=("not_effective", None)), "not-concluded"),
    ("begin", Facts(actions=(TO_DO,), conclusions=("not_effective",)), "no-criterion"),
    ("verify", Facts(actions=(DONE, TO_DO)), "actions-open"),
    ("verify", Facts(actions=(ActionFacts("dropped", "u1", None),)), "nothing-done"),
    ("close", Facts(actions=(DONE,), conclusions=(None,)), "not-verified"),
    ("close", Facts(actions=(DONE,), conclusions=("effective", "not_effective")), "not-verified"),
    ("close", Facts(actions=(DONE,), conclusions=("effective",), open_questions=1), "question-open"),
])
def test_a_step_is_refused_while_something_is_missing(action: str, facts: Facts, code: str) -> None:
    with pytest.raises(Conflict) as refused:
        refuse_step(action, facts, TODAY)
    assert refused.value.code == code


@pytest.mark.parametrize(("action", "facts"), [
    ("plan", Facts(("excluded", "confirmed"))), ("plan", Facts(no_cause="all samples were used up")),
    ("begin", Facts(actions=(DONE, TO_DO), conclusions=("not_effective", None))),
    ("verify", Facts(actions=(DONE, ActionFacts("dropped", None, None)))),
    ("begin", Facts(actions=(TO_DO,), conclusions=(None,), planned_on=TODAY)),
    ("verify", Facts(actions=(BEFORE, AFTER), stated_at=STATED_AT)), ("reopen", Facts(conclusions=("effective",))),
    ("close", Facts(actions=(DONE,), conclusions=("not_effective", "effective"))), ("investigate", Facts()),
])
def test_a_step_is_free_once_all_is_there(action: str, facts: Facts) -> None:
    refuse_step(action, facts, TODAY)


def test_who_owned_an_action_or_reported_one_done_took_part() -> None:
    facts = Facts(actions=(ActionFacts("done", "owner", date(2026, 12, 1), "reporter"), ActionFacts("dropped", "other", None)))
    assert [took_part(facts, who) for who in ("owner", "reporter", "other", "manager")] == [True, True, True, False]


@pytest.mark.parametrize(("asked_on", "last_day", "is_sure"), [
    (date(2026, 3, 2), date(2026, 3, 23), True),  # three plain weeks
    (date(2026, 3, 7), date(2026, 3, 27), True),  # asked on a Saturday
    (date(2026, 9, 21), date(2026, 10, 19), True),  # over the holidays of October, with the make-up days around them
    (date(2026, 12, 21), date(2027, 1, 11), False),  # into a year whose holidays nobody has entered
])
def test_an_answer_is_due_at_the_end_of_the_fifteenth_working_day(asked_on: date, last_day: date, is_sure: bool) -> None:
    due_at, sure = answer_due(asked_on)
    end = datetime(last_day.year, last_day.month, last_day.day, 15, 59, 59, tzinfo=UTC)  # 23:59:59 in Shanghai
    assert (due_at.astimezone(UTC).replace(microsecond=0), sure) == (end, is_sure)


def cause(key: str, kind: str, verdict: str, parent: str | None = None) -> CapaCause:
    return CapaCause(id=key, parent_id=parent, position=int(key), kind=kind, verdict=verdict)


@pytest.mark.parametrize(("causes", "kind"), [
    ((), None), ((cause("1", "method", "confirmed"), cause("2", "lot", "supposed")), None),
    ((cause("1", "method", "confirmed"), cause("2", "supplier", "confirmed", "1"), cause("3", "upstream", "confirmed")), "upstream"),
    ((cause("1", "upstream", "excluded"), cause("2", "line", "confirmed"), cause("3", "lane", "confirmed")), "line"),
])
def test_what_is_told_to_surveillance_is_the_confirmed_node_nearest_to_the_problem(
        causes: tuple[CapaCause, ...], kind: str | None) -> None:
    assert nearest_node(causes) == kind
