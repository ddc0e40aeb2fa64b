"""Tables of task forces: who works on a crisis, about which cases, and what happened, in one line of time."""
from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, Integer, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.db import Base, JsonText, Revisioned, UtcTime, enum_check


class CrisisCause(StrEnum):
    """A cluster of critical reports on one batch, or somebody's decision."""

    cluster = "cluster"
    decision = "decision"


class EntryKind(StrEnum):
    opened = "opened"
    joined = "joined"
    case_added = "case_added"
    hold_proposed = "hold_proposed"
    held = "held"
    note = "note"
    ended = "ended"


class TaskForce(Revisioned, Base):
    """Open until somebody says why it ends; of one batch at most one is open."""

    __tablename__ = "task_force"
    __table_args__ = (
        enum_check("cause", CrisisCause),
        Index("uq_task_force_open_lot", "lot_key", unique=True, sqlite_where=text("ended_at IS NULL"),
              postgresql_where=text("ended_at IS NULL")),
        Index("ix_task_force_opened", "opened_at", "id"))

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    reference: Mapped[str] = mapped_column(String(20))
    cause: Mapped[str] = mapped_column(String(10))
    lot_key: Mapped[str | None] = mapped_column(String(32))
    reason: Mapped[str] = mapped_column(Text)
    opened_at: Mapped[datetime] = mapped_column(UtcTime)
    opened_by: Mapped[str] = mapped_column(String(80))
    held_at: Mapped[datetime | None] = mapped_column(UtcTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcTime)
    ended_by: Mapped[str | None] = mapped_column(String(80))
    end_reason: Mapped[str] = mapped_column(Text, default="")


class TaskForceMember(Base):
    __tablename__ = "task_force_member"

    task_force_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    user_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    duty: Mapped[str] = mapped_column(String(120), default="")


class TaskForceCase(Base):
    __tablename__ = "task_force_case"

    task_force_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    complaint_id: Mapped[str] = mapped_column(String(32), primary_key=True, index=True)


class TaskForceEntry(Base):
    """One entry; `params` names whom or what it is about, `text` is what somebody wrote."""

    __tablename__ = "task_force_entry"
    __table_args__ = (enum_check("kind", EntryKind),)

    task_force_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcTime)
    by: Mapped[str] = mapped_column(String(80))
    kind: Mapped[str] = mapped_column(String(16))
    params: Mapped[Any] = mapped_column(JsonText, default=dict)
    text: Mapped[str] = mapped_column(Text, default="")
