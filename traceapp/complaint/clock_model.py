"""The table of what we promised of a complaint, and whether it was kept."""
from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, Integer, String, text
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.db import Base, UtcTime, enum_check


class ClockKind(StrEnum):
    first_answer = "first_answer"
    triage = "triage"
    decision = "decision"
    resolution = "resolution"


class ServiceClock(Base):
    """One promise. `round` counts on when a case is opened again; `escalated_at`: somebody was called because it ran
    over. `due_at` moves with the severity while it runs, and stays as it was when it ended."""

    __tablename__ = "service_clock"
    __table_args__ = (
        enum_check("kind", ClockKind),
        Index("ix_service_clock_running", "due_at", sqlite_where=text("ended_at IS NULL"),
              postgresql_where=text("ended_at IS NULL")),
        Index("ix_service_clock_started", "started_at"))

    complaint_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(12), primary_key=True)
    round: Mapped[int] = mapped_column(Integer, primary_key=True)
    started_at: Mapped[datetime] = mapped_column(UtcTime)
    due_at: Mapped[datetime] = mapped_column(UtcTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcTime)
    escalated_at: Mapped[datetime | None] = mapped_column(UtcTime)

    def is_late(self, now: datetime) -> bool:
        """Whether it ended after it was due, or runs on past it."""
        return (self.ended_at or now) > self.due_at
