"""The table of who is on duty when."""
from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.db import Base, JsonText, UtcTime


class DutyShift(Base):
    """A person is on duty on these days of the week (0 is Monday) from one minute of the day to another; an end that
    is not after the beginning is on the next day. In the zone of the house."""

    __tablename__ = "duty_shift"
    __table_args__ = (
        CheckConstraint("starts_minute BETWEEN 0 AND 1439 AND ends_minute BETWEEN 0 AND 1439", name="minutes_of_a_day"),
        CheckConstraint("last_on IS NULL OR last_on >= first_on", name="ends_after_it_begins"))

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    user_id: Mapped[str] = mapped_column(String(32), index=True)
    weekdays: Mapped[Any] = mapped_column(JsonText)
    starts_minute: Mapped[int] = mapped_column(Integer)
    ends_minute: Mapped[int] = mapped_column(Integer)
    first_on: Mapped[date]
    last_on: Mapped[date | None]
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    created_by: Mapped[str] = mapped_column(String(80))
