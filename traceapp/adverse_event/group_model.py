"""Tables of group events that were found by themselves: several persons, one place and one lot within some days."""
from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.db import Base, Revisioned, UtcTime, enum_check


class GroupState(StrEnum):
    """`found` until a person has said that it is a group, or is none."""

    found = "found"
    confirmed = "confirmed"
    refused = "refused"


class GroupEvent(Revisioned, Base):
    """`place` is `consignee:` with its id, or `region:` with a region of China. `known_at`: awareness of the complaint
    that made it a group; the clocks run from there. `least` and `days` are the rule as it stood."""

    __tablename__ = "group_event"
    __table_args__ = (enum_check("state", GroupState), Index("uq_group_event_id", "id", unique=True),
                      Index("ix_group_event_state", "state", "known_at"))

    lot_key: Mapped[str] = mapped_column(String(32), primary_key=True)
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    reference: Mapped[str] = mapped_column(String(20))
    place: Mapped[str] = mapped_column(String(120))
    known_at: Mapped[datetime] = mapped_column(UtcTime)
    found_at: Mapped[datetime] = mapped_column(UtcTime)
    least: Mapped[int] = mapped_column(Integer)
    days: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(String(10), default=GroupState.found)
    decided_at: Mapped[datetime | None] = mapped_column(UtcTime)
    decided_by: Mapped[str | None] = mapped_column(String(80))
    reason: Mapped[str] = mapped_column(Text, default="")


class GroupEventCase(Base):
    """A complaint that a group consists of."""

    __tablename__ = "group_event_case"

    lot_key: Mapped[str] = mapped_column(String(32), primary_key=True)
    group_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    complaint_id: Mapped[str] = mapped_column(String(32), primary_key=True, index=True)
    added_at: Mapped[datetime] = mapped_column(UtcTime)
