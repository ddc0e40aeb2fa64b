"""Tables of the work list."""
from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.db import Base, JsonText, UtcTime, enum_check


class TaskState(StrEnum):
    open = "open"
    done = "done"
    dropped = "dropped"


class Task(Base):
    """Something a person must do by a time. `about` names the thing (`complaint:…`), `kind` says what to do;
    the same duty about the same thing is open once."""

    __tablename__ = "task"
    __table_args__ = (
        enum_check("state", TaskState), Index("ix_task_state_due_at", "state", "due_at"),
        Index("uq_task_open_duty", "about", "kind", unique=True, sqlite_where=text("state = 'open'"),
              postgresql_where=text("state = 'open'")))

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(60))
    about: Mapped[str] = mapped_column(String(120), index=True)
    lot_key: Mapped[str | None] = mapped_column(String(32), index=True)
    params: Mapped[Any] = mapped_column(JsonText)
    role: Mapped[str] = mapped_column(String(24))
    assignee_id: Mapped[str | None] = mapped_column(String(32), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    due_at: Mapped[datetime] = mapped_column(UtcTime)
    state: Mapped[str] = mapped_column(String(12), default=TaskState.open)
    done_at: Mapped[datetime | None] = mapped_column(UtcTime)
    done_by: Mapped[str | None] = mapped_column(String(80))
    outcome: Mapped[str | None]


class WorkRow(Base):
    """What a lower package asks a higher one to do, written in the same transaction; `jobs` picks it up."""

    __tablename__ = "work_row"
    __table_args__ = (Index("ix_work_row_kind_done_at", "kind", "done_at"),
                      Index("ix_work_row_open", "kind", "created_at", "id", sqlite_where=text("done_at IS NULL"),
                            postgresql_where=text("done_at IS NULL")))

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    subject_key: Mapped[str] = mapped_column(String(80))
    payload: Mapped[Any] = mapped_column(JsonText)
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    lease_until: Mapped[datetime | None] = mapped_column(UtcTime)
    attempts: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None]
    done_at: Mapped[datetime | None] = mapped_column(UtcTime)


class RunSlot(Base):
    """One firing of one scheduled job; the primary key makes it happen once, whoever leads."""

    __tablename__ = "run_slot"

    job: Mapped[str] = mapped_column(String(60), primary_key=True)
    slot: Mapped[datetime] = mapped_column(UtcTime, primary_key=True)
    ran_at: Mapped[datetime] = mapped_column(UtcTime)


class SchedulerLease(Base):
    """Who leads the scheduler, and until when."""

    __tablename__ = "scheduler_lease"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    holder: Mapped[str] = mapped_column(String(80))
    until: Mapped[datetime] = mapped_column(UtcTime)
