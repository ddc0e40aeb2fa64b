"""The table of periods whose report has a legal clock."""
from __future__ import annotations

from datetime import date

from sqlalchemy import CheckConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.db import Base


class PeriodicClock(Base):
    """The clock of one period of a product in one market. The primary key lets a period begin once, whoever begins it.
    Both days are counted."""

    __tablename__ = "periodic_clock"
    __table_args__ = (CheckConstraint("last_on >= first_on", name="period_is_in_order"),
                      Index("uq_periodic_clock_clock", "clock_id", unique=True),
                      Index("ix_periodic_clock_product", "product_id"))

    registration_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    rule_id: Mapped[str] = mapped_column(String(20), primary_key=True)
    first_on: Mapped[date] = mapped_column(primary_key=True)
    last_on: Mapped[date]
    product_id: Mapped[str] = mapped_column(String(32))
    clock_id: Mapped[str] = mapped_column(String(32))
