"""Service clocks of complaints: begun at intake, moved with the severity, ended by what was done."""
from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.db.insert import insert_rows

from .clock_model import ClockKind, ServiceClock
from .model import Complaint
from .policy import DueTimes, due_times
from .promising import promises_at
from .states import Severity
from .triage import ComplaintKind

_COLUMNS = ("complaint_id", "kind", "round", "started_at", "due_at")


def promised(session: Session, complaint: Complaint, started_at: datetime) -> DueTimes:
    """What is due when for this complaint, counted from `started_at`, by what was promised when it was received."""
    is_service = bool(complaint.kinds) and ComplaintKind.product_quality not in complaint.kinds
    return due_times(Severity(complaint.severity), started_at, is_service_only=is_service,
                     promises=promises_at(session, complaint.received_at))


def begin_clocks(session: Session, complaints: Sequence[Complaint]) -> None:
    """The four clocks of each of these new complaints, from awareness."""
    insert_rows(session, ServiceClock, _COLUMNS, [
        row for complaint in complaints
        for row in _rows(session, complaint, complaint.awareness_at, tuple(ClockKind), 1)])


def begin_again(session: Session, complaint: Complaint, at: datetime) -> None:
    """Decision and resolution of a case that was opened again, from then."""
    last = max((clock.round for clock in clocks_of(session, complaint.id)), default=0)
    insert_rows(session, ServiceClock, _COLUMNS,
                _rows(session, complaint, at, (ClockKind.decision, ClockKind.resolution), last + 1))


def _rows(session: Session, complaint: Complaint, at: datetime, kinds: Collection[ClockKind],
          number: int) -> list[tuple[Any, ...]]:
    due = promised(session, complaint, at)._asdict()
    return [(complaint.id, str(kind), number, at, due[kind]) for kind in kinds]


def end_clocks(session: Session, complaint: Complaint, kinds: Collection[ClockKind], at: datetime) -> None:
    """These clocks end now, where they still run."""
    for clock in clocks_of(session, complaint.id):
        if clock.kind in kinds and clock.ended_at is None:
            clock.ended_at = at


def move_clocks(session: Session, complaint: Complaint) -> None:
    """Clocks that run are due by the severity as it is judged now, counted from where they began."""
    for clock in clocks_of(session, complaint.id):
        if clock.ended_at is None:
            clock.due_at = promised(session, complaint, clock.started_at)._asdict()[clock.kind]


def clocks_of(session: Session, complaint_id: str) -> list[ServiceClock]:
    """All clocks of a complaint, in the order in which they fall due."""
    return list(session.scalars(select(ServiceClock).where(ServiceClock.complaint_id == complaint_id)
                                .order_by(ServiceClock.round, ServiceClock.due_at, ServiceClock.kind)))
