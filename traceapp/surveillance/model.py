"""Tables of surveillance: what is expected, and the signals."""
from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Float, Index, Integer, String, Text, false
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.db import Base, JsonText, Revisioned, UtcTime, enum_check

from .states import SignalState


class DetectionBasis(Revisioned, Base):
    """What is expected of a product: reports of harm per unit, delays in days, and the detector's own numbers.
    Statistics, not quantities: floats. `is_default` until somebody has set it; `follows_history`: the rate and the wait
    are those of the newest fit (see `fit_model`) once history is long enough."""

    __tablename__ = "detection_basis"
    __table_args__ = (
        CheckConstraint("rate_per_unit > 0 AND rate_per_unit < 1", name="rate_is_a_share"),
        CheckConstraint("alpha > 0 AND alpha < 0.5", name="alpha_is_small"),
        CheckConstraint("minimum_events >= 1", name="minimum_is_positive"))

    product_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    rate_per_unit: Mapped[float] = mapped_column(Float)
    use_mean_days: Mapped[float] = mapped_column(Float)
    report_shape: Mapped[float] = mapped_column(Float)
    report_mean_days: Mapped[float] = mapped_column(Float)
    alpha: Mapped[float] = mapped_column(Float)
    minimum_events: Mapped[int] = mapped_column(Integer)
    note: Mapped[str] = mapped_column(Text, default="")
    set_by: Mapped[str] = mapped_column(String(120))
    set_at: Mapped[datetime] = mapped_column(UtcTime)
    is_default: Mapped[bool] = mapped_column(default=False)
    follows_history: Mapped[bool] = mapped_column(default=False, server_default=false())


class Signal(Revisioned, Base):
    """A lot that stands out. `evidence` holds the numbers as they were when it was opened, frozen."""

    __tablename__ = "signal"
    __table_args__ = (enum_check("state", SignalState), Index("ix_signal_id", "id"),
                      Index("ix_signal_state_opened", "state", "opened_at"))

    lot_key: Mapped[str] = mapped_column(String(32), primary_key=True)
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    reference: Mapped[str] = mapped_column(String(20))
    product_id: Mapped[str] = mapped_column(String(32))
    method: Mapped[str] = mapped_column(String(24))
    opened_at: Mapped[datetime] = mapped_column(UtcTime)
    since: Mapped[date]
    observed: Mapped[int] = mapped_column(Integer)
    expected: Mapped[float] = mapped_column(Float)
    llr: Mapped[float] = mapped_column(Float)
    critical: Mapped[float] = mapped_column(Float)
    evidence: Mapped[Any] = mapped_column(JsonText)
    state: Mapped[str] = mapped_column(String(10), default=SignalState.open)
    assignee_id: Mapped[str | None] = mapped_column(String(32))


class SignalDecision(Base):
    """What was decided about a signal, by whom, why."""

    __tablename__ = "signal_decision"
    append_only = True

    lot_key: Mapped[str] = mapped_column(String(32), primary_key=True)
    signal_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    action: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UtcTime)
    by: Mapped[str] = mapped_column(String(120))
