"""The table of what counts as a group event."""
from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.db import Base, UtcTime


class GroupRuleVersion(Base):
    """From `set_at` on, `least` persons within `days` days at one place with one lot are a group event."""

    __tablename__ = "group_rule"
    append_only = True
    __table_args__ = (CheckConstraint("least BETWEEN 2 AND 20", name="least_is_several"),
                      CheckConstraint("days BETWEEN 1 AND 60", name="days_are_seen"))

    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    least: Mapped[int] = mapped_column(Integer)
    days: Mapped[int] = mapped_column(Integer)
    reason: Mapped[str] = mapped_column(Text)
    set_at: Mapped[datetime] = mapped_column(UtcTime)
    set_by: Mapped[str] = mapped_column(String(80))
