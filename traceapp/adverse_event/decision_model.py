"""The table of what a manager decided of an adverse event beyond its assessment."""
from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.db import Base, UtcTime, enum_check


class DecisionKind(StrEnum):
    """`group_event`: several cases at one place belong together; `remedial_action_needed`: against an unreasonable risk
    of substantial harm; `large_impact`: on society, of a cosmetic."""

    group_event = "group_event"
    public_health_threat = "public_health_threat"
    remedial_action_needed = "remedial_action_needed"
    large_impact = "large_impact"


class AdverseEventDecision(Base):
    """One decision, which stands once for an event. It stays under the lot that the event had then. `known_at`: since
    when we knew what it rests on."""

    __tablename__ = "adverse_event_decision"
    append_only = True
    __table_args__ = (enum_check("kind", DecisionKind),)

    lot_key: Mapped[str] = mapped_column(String(32), primary_key=True)
    adverse_event_id: Mapped[str] = mapped_column(String(32), primary_key=True, index=True)
    kind: Mapped[str] = mapped_column(String(24), primary_key=True)
    known_at: Mapped[datetime] = mapped_column(UtcTime)
    at: Mapped[datetime] = mapped_column(UtcTime)
    by: Mapped[str] = mapped_column(String(80))
    reason: Mapped[str] = mapped_column(Text)
