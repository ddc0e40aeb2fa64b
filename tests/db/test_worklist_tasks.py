"""Tasks: raised once, done once, most urgent first."""
from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from traceapp.audit.model import AuditEntry
from traceapp.core.actor import SYSTEM, Actor
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict, NotFound
from traceapp.db import Database
from traceapp.worklist.model import Task
from traceapp.worklist.tasks import (
    RaiseTask,
    assign_task,
    complete_task,
    complete_tasks,
    drop_tasks,
    open_tasks,
    raise_task,
    tasks_about,
)


def raised(database: Database, clock: FixedClock, about: str, hours: int, role: str = "quality") -> str:
    with database.write() as session:
        due_at = clock.now() + timedelta(hours=hours)
        return raise_task(session, SYSTEM, clock, RaiseTask("complaint.triage", about, role, due_at)).id


def test_the_most_urgent_task_comes_first_and_a_role_sees_only_its_own(database: Database, clock: FixedClock) -> None:
    late = raised(database, clock, "complaint:a", 9)
    soon = raised(database, clock, "complaint:b", 1)
    raised(database, clock, "complaint:c", 0, role="operator")
    with database.read() as session:
        assert [task.id for task in open_tasks(session, ("quality",))] == [soon, late]
        assert len(open_tasks(session)) == 3
        assert len(open_tasks(session, limit=2)) == 2


def test_the_same_open_duty_is_not_raised_twice_and_the_earlier_time_stands(
        database: Database, clock: FixedClock) -> None:
    first = raised(database, clock, "complaint:a", 5)
    assert raised(database, clock, "complaint:a", 9) == first
    assert raised(database, clock, "complaint:a", 2) == first
    with database.read() as session:
        (task,) = open_tasks(session)
        assert task.due_at == clock.now() + timedelta(hours=2)
        actions = list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.seq)))
    assert actions == ["task.raised", "task.due_earlier"]


def test_a_duty_can_be_raised_again_once_it_was_done(database: Database, clock: FixedClock, actor: Actor) -> None:
    first = raised(database, clock, "complaint:a", 5)
    with database.write() as session:
        complete_task(session, actor, clock, first, "triaged")
    assert raised(database, clock, "complaint:a", 5) != first


def test_a_task_is_done_once_by_a_named_person_and_lateness_is_recorded(
        database: Database, clock: FixedClock, actor: Actor) -> None:
    task_id = raised(database, clock, "complaint:a", 1)
    clock.move_to(clock.now() + timedelta(hours=2))
    with database.write() as session:
        complete_task(session, actor, clock, task_id, "triaged")
    with pytest.raises(Conflict) as refused, database.write() as session:
        complete_task(session, actor, clock, task_id, "again")
    assert refused.value.code == "task-ended"
    with database.read() as session:
        (task,) = tasks_about(session, "complaint:a")
        assert (task.state, task.done_by, task.outcome) == ("done", actor.id, "triaged")
        last = session.scalars(select(AuditEntry).order_by(AuditEntry.seq.desc())).first()
        assert last is not None
        assert '"is_late":true' in last.data


def test_an_unknown_task_is_not_found(database: Database, clock: FixedClock, actor: Actor) -> None:
    with pytest.raises(NotFound), database.write() as session:
        complete_task(session, actor, clock, "0" * 32, "")


def test_dropping_ends_only_what_is_about_the_thing(database: Database, clock: FixedClock, actor: Actor) -> None:
    raised(database, clock, "complaint:a", 1)
    other = raised(database, clock, "complaint:b", 1)
    with database.write() as session:
        assert drop_tasks(session, actor, clock, "complaint:a", "adverse_event.assess") == 0
        assert drop_tasks(session, actor, clock, "complaint:a") == 1
        assert complete_tasks(session, actor, clock, "complaint:a", "complaint.triage") == 0
    with database.read() as session:
        assert [task.id for task in open_tasks(session)] == [other]
        assert session.scalar(select(func.count()).select_from(Task)) == 2


def test_a_task_can_be_given_to_a_person(database: Database, clock: FixedClock, actor: Actor) -> None:
    task_id = raised(database, clock, "complaint:a", 1)
    with database.write() as session:
        assert assign_task(session, actor, clock, task_id, "u-1").assignee_id == "u-1"


@pytest.mark.parametrize("kind", ["complaint.promote", "clock.report", "clock.decide"])
def test_a_duty_of_the_law_is_not_done_by_saying_so(
        sqlite: Database, clock: FixedClock, actor: Actor, kind: str) -> None:
    with sqlite.write() as session:
        task = raise_task(session, actor, clock, RaiseTask(kind, "complaint:a", "quality", clock.now()))
    with pytest.raises(Conflict) as refused, sqlite.write() as session:
        complete_task(session, actor, clock, task.id, "done")
    assert refused.value.code == "ends-with-its-act"
