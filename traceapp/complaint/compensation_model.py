"""The table of what we offer where a promise was broken."""
from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.db import Base, UtcTime, enum_check


class CompensationState(StrEnum):
    """Approved is not paid: whoever carries it out says so in the case."""

    proposed = "proposed"
    approved = "approved"
    declined = "declined"


class Compensation(Base):
    """What the rule offers for one broken promise; `offer` is the code of the rule's row."""

    __tablename__ = "compensation"
    __table_args__ = (enum_check("state", CompensationState), Index("ix_compensation_state", "state", "proposed_at"),
                      UniqueConstraint("complaint_id", "kind", "round"))

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    complaint_id: Mapped[str] = mapped_column(String(32))
    kind: Mapped[str] = mapped_column(String(12))
    round: Mapped[int] = mapped_column(Integer)
    severity: Mapped[str] = mapped_column(String(10))
    offer: Mapped[str] = mapped_column(String(24))
    state: Mapped[str] = mapped_column(String(10), default=CompensationState.proposed)
    proposed_at: Mapped[datetime] = mapped_column(UtcTime)
    decided_at: Mapped[datetime | None] = mapped_column(UtcTime)
    decided_by: Mapped[str | None] = mapped_column(String(80))
    reason: Mapped[str] = mapped_column(Text, default="")
