"""Tables of what is watched: nodes with their tests, which lots are in them, how lots were counted last, and the budget
of false alarms."""
from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Float, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.db import Base, JsonText, UtcTime, enum_check

from .alarm import NodeKind, SeverityGroup

# Every complaint counts some rows anew. Where their page has room for the new version, PostgreSQL leaves the indexes as
# they are.
ROOM = {"postgresql_with": {"fillfactor": 80}}


class WatchNode(Base):
    """One test: what lots have in common, and one group of severity. `subject` is a lot's key, a party's or a site's
    id, or the words of the record; `period` the quarter, "" where there is none. `observed` is the sum of what its
    members count. `alpha` is what the test may spend in its whole life, frozen at its start; `planned`, `critical` and
    `history` belong to its present stage, `critical` None where no count can alarm. `expected`: the cumulative reports
    to be expected at the end of `projected_on` and of each day after it, before that day none are known. `nearness` to
    the line at the last look, in whole hundredths: 1 alarms. `test_key` is node and group in one, for lists;
    `alarmed` the reports of its last alarm; `margin` what the expected count is multiplied by for the ratio."""

    __tablename__ = "watch_node"
    __table_args__ = (enum_check("kind", NodeKind), enum_check("severity_group", SeverityGroup),
                      CheckConstraint("observed >= 0", name="observed_is_no_debt"),
                      Index("ix_watch_node_nearness", "nearness", "test_key"),
                      Index("ix_watch_node_kind", "kind", "nearness", "test_key"),
                      Index("ix_watch_node_begun", "kind", "severity_group", "begun_on"),
                      Index("ix_watch_node_product", "product_id", "nearness"), ROOM)

    node_key: Mapped[str] = mapped_column(String(32), primary_key=True)
    severity_group: Mapped[str] = mapped_column(String(8), primary_key=True)
    test_key: Mapped[str] = mapped_column(String(41))
    kind: Mapped[str] = mapped_column(String(10))
    subject: Mapped[str] = mapped_column(String(200))
    period: Mapped[str] = mapped_column(String(6), default="")
    name: Mapped[str] = mapped_column(String(200))
    product_id: Mapped[str | None] = mapped_column(String(32))
    begun_on: Mapped[date]
    lots: Mapped[int] = mapped_column(Integer, default=0)
    observed: Mapped[int] = mapped_column(Integer, default=0)
    alpha: Mapped[float | None] = mapped_column(Float)
    minimum_events: Mapped[int] = mapped_column(Integer)
    stage: Mapped[int] = mapped_column(Integer, default=0)
    first_plan: Mapped[float] = mapped_column(Float)
    planned: Mapped[float | None] = mapped_column(Float)
    critical: Mapped[float | None] = mapped_column(Float)
    history: Mapped[int | None] = mapped_column(Integer)
    margin: Mapped[float] = mapped_column(Float, default=1.0)
    expected: Mapped[Any] = mapped_column(JsonText, default=list)
    projected_on: Mapped[date | None]
    nearness: Mapped[float] = mapped_column(Float, default=0.0)
    alarmed: Mapped[int] = mapped_column(Integer, default=0)


class WatchMember(Base):
    """A lot in a node, and how many of its complaints are counted there. `consignees`: only what these were sent and
    what complaints name them counts; None: the whole lot."""

    __tablename__ = "watch_member"
    __table_args__ = (Index("ix_watch_member_node", "node_key", "lot_key"), ROOM)

    lot_key: Mapped[str] = mapped_column(String(32), primary_key=True)
    node_key: Mapped[str] = mapped_column(String(32), primary_key=True)
    consignees: Mapped[Any] = mapped_column(JsonText, nullable=True)
    harm: Mapped[int] = mapped_column(Integer, default=0)
    serious: Mapped[int] = mapped_column(Integer, default=0)


class WatchLot(Base):
    """A lot that is watched, as counted last. Complaints received at or after `watched_until` are not counted and
    nothing more is expected: publicity, or the end of its life in use."""

    __tablename__ = "watch_lot"
    __table_args__ = ROOM

    lot_key: Mapped[str] = mapped_column(String(32), primary_key=True)
    watched_until: Mapped[datetime] = mapped_column(UtcTime)
    harm: Mapped[int] = mapped_column(Integer, default=0)
    serious: Mapped[int] = mapped_column(Integer, default=0)


class WatchProduct(Base):
    """How many of a product's counted complaints name a consignee, as of the last nightly run."""

    __tablename__ = "watch_product"

    product_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    counted: Mapped[int] = mapped_column(Integer)
    named: Mapped[int] = mapped_column(Integer)
    counted_on: Mapped[date]


class AlarmLine(Base):
    """A critical value that was worked out once: `key` says for which level, plan, least count and history; `value`
    None where no count can alarm, `size` the exact rate of false alarms."""

    __tablename__ = "alarm_line"

    key: Mapped[str] = mapped_column(String(120), primary_key=True)
    value: Mapped[float | None] = mapped_column(Float)
    size: Mapped[float] = mapped_column(Float)


class FalseAlarmBudget(Base):
    """A version of what the house promises: false alarms for a hundred lots released, and how they are split."""

    __tablename__ = "false_alarm_budget"
    append_only = True
    __table_args__ = (CheckConstraint("per_hundred_lots > 0 AND per_hundred_lots <= 100", name="promise_is_a_share"),)

    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    per_hundred_lots: Mapped[float] = mapped_column(Float)
    weights: Mapped[Any] = mapped_column(JsonText)
    reason: Mapped[str] = mapped_column(Text)
    set_at: Mapped[datetime] = mapped_column(UtcTime)
    set_by: Mapped[str] = mapped_column(String(120))
