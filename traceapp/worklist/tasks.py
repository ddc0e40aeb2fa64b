"""Duties of people: raised by a use case, done by a person, dropped when they no longer make sense."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from traceapp.audit import record
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, NotFound
from traceapp.core.ids import new_id
from traceapp.db.insert import insert_if_new, insert_rows
from traceapp.db.page import Order, Page, page_of

from .model import Task, TaskState
from .policy import refuse_by_hand

_COLUMNS = ("id", "kind", "about", "lot_key", "params", "role", "created_at", "due_at", "state")
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class RaiseTask:
    """`kind` says what to do, `about` on what (`complaint:…`, also the stream of its trail); `role` may do it."""

    kind: str
    about: str
    role: str
    due_at: datetime
    lot_key: str | None = None
    params: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TaskCounts:
    """Open tasks: `late`; `due` before a moment that is soon; `later`; of all these, those that one person took."""

    late: int
    due: int
    later: int
    mine: int


def raise_task(session: Session, actor: Actor, clock: Clock, command: RaiseTask) -> Task:
    """A new task, or the open one of the same kind about the same thing; then the earlier due time stands."""
    now = clock.now()
    added = insert_if_new(session, Task, {
        "id": new_id(now), "kind": command.kind, "about": command.about, "lot_key": command.lot_key,
        "params": dict(command.params), "role": command.role, "created_at": now, "due_at": command.due_at,
        "state": TaskState.open})
    task = session.scalars(select(Task).where(Task.about == command.about, Task.kind == command.kind,
                                              Task.state == TaskState.open).with_for_update()).one()
    if added:
        record(session, actor, now, "task.raised", task.about,
               {"task": task.id, "kind": task.kind, "due_at": task.due_at, "role": task.role})
    elif command.due_at < task.due_at:
        record(session, actor, now, "task.due_earlier", task.about,
               {"task": task.id, "kind": task.kind, "before": task.due_at, "after": command.due_at})
        task.due_at = command.due_at
    return task


def raise_new_tasks(session: Session, actor: Actor, clock: Clock, commands: Sequence[RaiseTask]) -> None:
    """Tasks about things that were made in this very transaction, so that none of them can be open yet."""
    now = clock.now()
    rows = [(new_id(now), command.kind, command.about, command.lot_key, dict(command.params), command.role, now,
             command.due_at, str(TaskState.open)) for command in commands]
    insert_rows(session, Task, _COLUMNS, rows)
    for task_id, kind, about, _lot, _params, role, _now, due_at, _state in rows:
        record(session, actor, now, "task.raised", about,
               {"task": task_id, "kind": kind, "due_at": due_at, "role": role})


def _open_task(session: Session, task_id: str) -> Task:
    task = session.get(Task, task_id, with_for_update=True)
    if task is None:
        raise NotFound("There is no such task.", code="unknown-task")
    if task.state != TaskState.open:
        raise Conflict("This task was already ended. Reload the page to see by whom.", code="task-ended")
    return task


def _end(session: Session, actor: Actor, at: datetime, task: Task, ending: tuple[TaskState, str]) -> None:
    task.state, task.outcome = ending
    task.done_at, task.done_by = at, actor.id
    record(session, actor, at, f"task.{task.state}", task.about,
           {"task": task.id, "kind": task.kind, "due_at": task.due_at, "is_late": at > task.due_at})


def complete_task(session: Session, actor: Actor, clock: Clock, task_id: str, outcome: str) -> Task:
    """The task, ended by hand. `outcome` is a short code or sentence without personal values.

    Raises NotFound; Conflict when it was ended before, or ends with its act alone.
    """
    task = _open_task(session, task_id)
    refuse_by_hand(task.kind)
    _end(session, actor, clock.now(), task, (TaskState.done, outcome))
    return task


def complete_tasks(session: Session, actor: Actor, clock: Clock, about: str, kind: str, outcome: str = "") -> int:
    """How many open tasks of this kind about this thing are done by the act that the caller just recorded."""
    return _end_all(session, actor, clock, (about, kind), (TaskState.done, outcome))


def drop_tasks(session: Session, actor: Actor, clock: Clock, about: str, kind: str | None = None) -> int:
    """How many open tasks about this thing (of one kind, or all) no longer stand because they lost their sense."""
    return _end_all(session, actor, clock, (about, kind), (TaskState.dropped, ""))


def _end_all(session: Session, actor: Actor, clock: Clock, which: tuple[str, str | None],
             ending: tuple[TaskState, str]) -> int:
    about, kind = which
    wanted = select(Task).where(Task.about == about, Task.state == TaskState.open).order_by(Task.id)
    if kind is not None:
        wanted = wanted.where(Task.kind == kind)
    tasks = session.scalars(wanted.with_for_update()).all()
    for task in tasks:
        _end(session, actor, clock.now(), task, ending)
    return len(tasks)


def with_open_tasks(session: Session, abouts: Sequence[str]) -> set[str]:
    """Those of the things about which somebody has something to do."""
    found: set[str] = set()
    for start in range(0, len(abouts), _AT_ONCE):
        found |= set(session.scalars(select(Task.about).where(
            Task.about.in_(abouts[start:start + _AT_ONCE]), Task.state == TaskState.open).distinct()))
    return found


def assign_task(session: Session, actor: Actor, clock: Clock, task_id: str, assignee_id: str | None) -> Task:
    """The open task, now somebody's (None: nobody's). Raises NotFound; Conflict when it was ended."""
    task = _open_task(session, task_id)
    record(session, actor, clock.now(), "task.assigned", task.about,
           {"task": task.id, "before": task.assignee_id, "after": assignee_id})
    task.assignee_id = assignee_id
    return task


def open_task_page(session: Session, roles: Sequence[str], after: str | None = None, limit: int = 50) -> Page[Task]:
    """What is still to do for these roles, the most urgent first, a page at a time."""
    wanted = select(Task).where(Task.state == TaskState.open, Task.role.in_(roles))
    return page_of(session, wanted, Order(Task.due_at, Task.id), after, limit)


def open_tasks(session: Session, roles: Sequence[str] | None = None, *, since: datetime | None = None,
               until: datetime | None = None, assignee_id: str | None = None, limit: int = 200) -> list[Task]:
    """What is still to do (for these roles, or all; taken by one person, or whoever), the most urgent first; due from
    `since` on and before `until`."""
    wanted = select(Task).where(Task.state == TaskState.open)
    if roles is not None:
        wanted = wanted.where(Task.role.in_(roles))
    if since is not None:
        wanted = wanted.where(Task.due_at >= since)
    if until is not None:
        wanted = wanted.where(Task.due_at < until)
    if assignee_id is not None:
        wanted = wanted.where(Task.assignee_id == assignee_id)
    return list(session.scalars(wanted.order_by(Task.due_at, Task.id).limit(limit)))


def open_task_counts(session: Session, roles: Sequence[str], user_id: str, now: datetime, soon: datetime) -> TaskCounts:
    """How much is still to do for these roles, in one statement."""
    is_late, is_later = Task.due_at < now, Task.due_at >= soon
    found = session.execute(select(
        func.count(), func.count().filter(is_late), func.count().filter(is_later),
        func.count().filter(Task.assignee_id == user_id)).where(
        Task.state == TaskState.open, Task.role.in_(roles))).one()
    whole, late, later, own = found
    return TaskCounts(late, whole - late - later, later, own)


def tasks_about(session: Session, about: str) -> list[Task]:
    """Every task about one thing, open or ended, the earliest due first."""
    return list(session.scalars(select(Task).where(Task.about == about).order_by(Task.due_at, Task.id)))


def task_by_id(session: Session, task_id: str) -> Task | None:
    """The task, or None."""
    return session.get(Task, task_id)
