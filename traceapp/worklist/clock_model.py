"""The table of running legal clocks."""
from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.db import Base, JsonText, Revisioned, UtcTime, enum_check

UNDETERMINED = "undetermined"
# Why a clock was superseded: the report that it follows was refused; the day that it counts from was corrected; the
# event turned out to have been known earlier.
REFUSED, OTHER_START, KNOWN_EARLIER = "refused", "other-start", "known-earlier"


class ClockState(StrEnum):
    """`superseded`: another clock stepped in its place, or will once a report is confirmed."""

    running = "running"
    reported = "reported"
    not_reportable = "not_reportable"
    superseded = "superseded"


class LegalClock(Revisioned, Base):
    """One rule that runs for one thing (`adverse_event:…`). `rule` is the row as it stood, so that a new law rewrites
    nothing; `why` the facts that matched; `ground` why this authority is asked at all. `started_at` is written once.
    `has_limit` off: the law gives no number, and `due_at` is when a person has to have set the day. A report is
    `reported` with the hash of the file that was sent and the authority's acknowledgement; where `is_repeating`, the
    next one is due after it. `follows_id`: the clock whose report began this one."""

    __tablename__ = "legal_clock"
    __table_args__ = (enum_check("state", ClockState), Index("ix_legal_clock_about", "about"),
                      Index("ix_legal_clock_due", "state", "due_at"))

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    about: Mapped[str] = mapped_column(String(120))
    lot_key: Mapped[str | None] = mapped_column(String(32))
    reference: Mapped[str] = mapped_column(String(40))
    jurisdiction: Mapped[str] = mapped_column(String(8))
    rule_id: Mapped[str] = mapped_column(String(20))
    rule: Mapped[Any] = mapped_column(JsonText)
    why: Mapped[Any] = mapped_column(JsonText)
    started_at: Mapped[datetime] = mapped_column(UtcTime)
    due_at: Mapped[datetime] = mapped_column(UtcTime)
    has_limit: Mapped[bool] = mapped_column(default=True)
    is_provisional: Mapped[bool] = mapped_column(default=False)
    ground: Mapped[str] = mapped_column(String(10), default="")
    is_repeating: Mapped[bool] = mapped_column(default=False)
    state: Mapped[str] = mapped_column(String(16), default=ClockState.running)
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcTime)
    ended_by: Mapped[str | None] = mapped_column(String(80))
    reason: Mapped[str] = mapped_column(Text, default="")
    acknowledgement: Mapped[str] = mapped_column(String(120), default="")
    report_sha256: Mapped[str] = mapped_column(String(64), default="")
    follows_id: Mapped[str | None] = mapped_column(String(32))
