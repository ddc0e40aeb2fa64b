"""Tables of the search for causes: results of samples, and causes that closed corrective actions confirmed."""
from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Float, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.db import Base, UtcTime, enum_check
from traceapp.signals.samples import Found, Taken

from .alarm import NodeKind


class CauseSample(Base):
    """A sample of a lot and what its test found. `sensitivity` and `specificity` are those of the test as stated. A
    result that was wrong stays; the one that `corrects` it counts in its place."""

    __tablename__ = "cause_sample"
    append_only = True
    __table_args__ = (
        enum_check("taken", Taken), enum_check("result", Found),
        CheckConstraint("sensitivity > 0 AND sensitivity <= 1 AND specificity > 0 AND specificity <= 1",
                        name="test_is_stated"),
        CheckConstraint("sensitivity + specificity > 1", name="test_tells_something"))

    lot_key: Mapped[str] = mapped_column(String(32), primary_key=True)
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    taken: Mapped[str] = mapped_column(String(10))
    sampled_on: Mapped[date]
    method: Mapped[str] = mapped_column(String(200))
    result: Mapped[str] = mapped_column(String(14))
    sensitivity: Mapped[float] = mapped_column(Float)
    specificity: Mapped[float] = mapped_column(Float)
    note: Mapped[str] = mapped_column(Text, default="")
    corrects: Mapped[str | None] = mapped_column(String(32))
    at: Mapped[datetime] = mapped_column(UtcTime)
    by: Mapped[str] = mapped_column(String(120))


class ConfirmedCause(Base):
    """What kind of thing a closed corrective action found to be the cause: one row an action, `about` names it."""

    __tablename__ = "confirmed_cause"
    __table_args__ = (enum_check("kind", NodeKind),)

    about: Mapped[str] = mapped_column(String(80), primary_key=True)
    kind: Mapped[str] = mapped_column(String(12))
    at: Mapped[datetime] = mapped_column(UtcTime)
    by: Mapped[str] = mapped_column(String(120))
