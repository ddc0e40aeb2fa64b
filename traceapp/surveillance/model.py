"""Tables of surveillance: what is expected, and the signals."""
from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Float, Index, Integer, String, Text, false, text
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.db import Base, JsonText, Revisioned, UtcTime, enum_check

from .alarm import NodeKind, SeverityGroup
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
    """A case: something stands out. `lot_key` is the key of the node that opened it and never changes; `node_key`,
    `name` and the numbers are those of its strongest alarm. A case that was merged points to the one that took it."""

    __tablename__ = "signal"
    __table_args__ = (
        enum_check("state", SignalState), enum_check("kind", NodeKind), enum_check("severity_group", SeverityGroup),
        CheckConstraint("priority IS NULL OR priority IN ('high', 'medium', 'low')", name="priority_is_known"),
        CheckConstraint("(state = 'merged') = (merged_into_id IS NOT NULL)", name="merged_points_to_a_case"),
        Index("ix_signal_id", "id"), Index("ix_signal_reference", "reference"),
        Index("ix_signal_state_opened", "state", "opened_at"), Index("ix_signal_merged_into_id", "merged_into_id"))

    lot_key: Mapped[str] = mapped_column(String(32), primary_key=True)
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    reference: Mapped[str] = mapped_column(String(20))
    kind: Mapped[str] = mapped_column(String(10))
    node_key: Mapped[str] = mapped_column(String(32))
    name: Mapped[str] = mapped_column(String(200))
    severity_group: Mapped[str] = mapped_column(String(8))
    product_id: Mapped[str | None] = mapped_column(String(32))
    method: Mapped[str] = mapped_column(String(24))
    opened_at: Mapped[datetime] = mapped_column(UtcTime)
    since: Mapped[date]
    observed: Mapped[int] = mapped_column(Integer)
    expected: Mapped[float] = mapped_column(Float)
    llr: Mapped[float] = mapped_column(Float)
    critical: Mapped[float] = mapped_column(Float)
    state: Mapped[str] = mapped_column(String(12), default=SignalState.open)
    assignee_id: Mapped[str | None] = mapped_column(String(32))
    priority: Mapped[str | None] = mapped_column(String(6))
    due_at: Mapped[datetime | None] = mapped_column(UtcTime)
    merged_into_id: Mapped[str | None] = mapped_column(String(32))


class SignalAlarm(Base):
    """One alarm of a case as it was: its numbers, its evidence and its finished lots, frozen."""

    __tablename__ = "signal_alarm"
    __table_args__ = (enum_check("kind", NodeKind), enum_check("severity_group", SeverityGroup),
                      Index("ix_signal_alarm_signal_id", "signal_id"))
    append_only = True

    lot_key: Mapped[str] = mapped_column(String(32), primary_key=True)
    signal_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcTime)
    kind: Mapped[str] = mapped_column(String(10))
    node_key: Mapped[str] = mapped_column(String(32))
    name: Mapped[str] = mapped_column(String(200))
    severity_group: Mapped[str] = mapped_column(String(8))
    method: Mapped[str] = mapped_column(String(24))
    product_id: Mapped[str | None] = mapped_column(String(32))
    since: Mapped[date]
    observed: Mapped[int] = mapped_column(Integer)
    expected: Mapped[float] = mapped_column(Float)
    llr: Mapped[float] = mapped_column(Float)
    critical: Mapped[float] = mapped_column(Float)
    lot_keys: Mapped[Any] = mapped_column(JsonText)
    evidence: Mapped[Any] = mapped_column(JsonText)


class SignalNode(Base):
    """A node that raised an alarm in a case, with the reports that the detector last saw and the latest alarm of it."""

    __tablename__ = "signal_node"
    __table_args__ = (Index("ix_signal_node_node_key", "node_key"), Index("ix_signal_node_signal_id", "signal_id"))

    lot_key: Mapped[str] = mapped_column(String(32), primary_key=True)
    signal_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(10), primary_key=True)
    node_key: Mapped[str] = mapped_column(String(32), primary_key=True)
    severity_group: Mapped[str] = mapped_column(String(8), primary_key=True)
    observed: Mapped[int] = mapped_column(Integer)
    recorded: Mapped[int] = mapped_column(Integer)
    lots_hash: Mapped[str] = mapped_column(String(32), index=True)


class SignalLot(Base):
    """A finished lot of a case; `is_standing` while the case is neither refuted nor closed."""

    __tablename__ = "signal_lot"
    __table_args__ = (Index("ix_signal_lot_signal_id", "signal_id"),)

    lot_key: Mapped[str] = mapped_column(String(32), primary_key=True)
    signal_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    is_standing: Mapped[bool] = mapped_column(default=True)


class SignalDecision(Base):
    """What was decided about a signal, by whom, why; `details` holds the answers of its form."""

    __tablename__ = "signal_decision"
    append_only = True

    lot_key: Mapped[str] = mapped_column(String(32), primary_key=True)
    signal_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    action: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UtcTime)
    by: Mapped[str] = mapped_column(String(120))
    details: Mapped[Any] = mapped_column(JsonText, default=dict, server_default="{}")


class SilenceRule(Revisioned, Base):
    """Under which no case is opened from `from_on` to `until_on`, both days included: for one node, or for a product,
    narrowed by group and kind."""

    __tablename__ = "silence_rule"
    __table_args__ = (
        CheckConstraint("until_on >= from_on", name="ends_after_it_begins"),
        CheckConstraint("node_key IS NOT NULL OR product_id IS NOT NULL", name="is_about_something"),
        CheckConstraint("node_key IS NULL OR kind IS NOT NULL", name="node_has_a_kind"),
        Index("ix_silence_rule_running", "until_on", sqlite_where=text("ended_at IS NULL"),
              postgresql_where=text("ended_at IS NULL")))

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    kind: Mapped[str | None] = mapped_column(String(10))
    node_key: Mapped[str | None] = mapped_column(String(32))
    name: Mapped[str] = mapped_column(String(200))
    product_id: Mapped[str | None] = mapped_column(String(32))
    severity_group: Mapped[str | None] = mapped_column(String(8))
    reason: Mapped[str] = mapped_column(Text)
    from_on: Mapped[date]
    until_on: Mapped[date]
    set_at: Mapped[datetime] = mapped_column(UtcTime)
    set_by: Mapped[str] = mapped_column(String(120))
    ended_at: Mapped[datetime | None] = mapped_column(UtcTime)
    ended_by: Mapped[str | None] = mapped_column(String(120))
    end_reason: Mapped[str] = mapped_column(Text, default="")


class SilencedAlarm(Base):
    """The latest alarm of a node while a rule kept it silent, and how often it came."""

    __tablename__ = "silenced_alarm"
    __table_args__ = (Index("ix_silenced_alarm_silence_id", "silence_id"),)

    lot_key: Mapped[str] = mapped_column(String(32), primary_key=True)
    silence_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(10), primary_key=True)
    severity_group: Mapped[str] = mapped_column(String(8), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    product_id: Mapped[str | None] = mapped_column(String(32))
    first_at: Mapped[datetime] = mapped_column(UtcTime)
    at: Mapped[datetime] = mapped_column(UtcTime)
    times: Mapped[int] = mapped_column(Integer)
    observed: Mapped[int] = mapped_column(Integer)
    expected: Mapped[float] = mapped_column(Float)
    llr: Mapped[float] = mapped_column(Float)
    critical: Mapped[float] = mapped_column(Float)
    lot_keys: Mapped[Any] = mapped_column(JsonText)
    evidence: Mapped[Any] = mapped_column(JsonText)
    looked_at: Mapped[datetime | None] = mapped_column(UtcTime)
