"""Reads of task forces."""
from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.core.errors import NotFound

from .crisis_model import TaskForce, TaskForceCase, TaskForceEntry, TaskForceMember
from .model import Complaint


@dataclass(frozen=True, slots=True)
class Crisis:
    """A task force with its people, its cases and its line of time, oldest first."""

    force: TaskForce
    members: list[TaskForceMember]
    cases: list[Complaint]
    entries: list[TaskForceEntry]


def task_forces(session: Session, limit: int = 200) -> list[TaskForce]:
    """All task forces, those that work first, then the latest."""
    return list(session.scalars(select(TaskForce).order_by(
        TaskForce.ended_at.is_not(None), TaskForce.opened_at.desc(), TaskForce.id).limit(limit)))


def crisis_of(session: Session, task_force_id: str) -> Crisis:
    """Everything about one. Raises NotFound."""
    force = session.get(TaskForce, task_force_id)
    if force is None:
        raise NotFound("There is no such task force.", code="unknown-task-force")
    return Crisis(
        force,
        list(session.scalars(select(TaskForceMember).where(TaskForceMember.task_force_id == force.id)
                             .order_by(TaskForceMember.user_id))),
        list(session.scalars(select(Complaint).join(TaskForceCase, TaskForceCase.complaint_id == Complaint.id)
                             .where(TaskForceCase.task_force_id == force.id).order_by(Complaint.received_at))),
        list(session.scalars(select(TaskForceEntry).where(TaskForceEntry.task_force_id == force.id)
                             .order_by(TaskForceEntry.position))))


def task_forces_of(session: Session, complaint_id: str) -> list[TaskForce]:
    """The task forces that work or worked on a case."""
    return list(session.scalars(
        select(TaskForce).join(TaskForceCase, TaskForceCase.task_force_id == TaskForce.id)
        .where(TaskForceCase.complaint_id == complaint_id).order_by(TaskForce.opened_at)))
