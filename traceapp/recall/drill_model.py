"""Tables of drills: what was asked for, what each step took, and the plan by which they come round."""
from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Float, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.db import Base, JsonText, Revisioned, UtcTime, enum_check


class Direction(StrEnum):
    """`forward`: from a raw lot to everybody who has something of it; `backward`: from a finished lot, also to what it
    was made of."""

    forward = "forward"
    backward = "backward"


class DrillState(StrEnum):
    """`waiting` for its moment or the scheduler; `failed`: ended without a report."""

    waiting = "waiting"
    running = "running"
    done = "done"
    failed = "failed"


class DrillPlan(Revisioned, Base):
    """Every so many months two drills for a product, or for a family of which it is the first: one each way, one of
    them outside working hours. `next_at`: when they are asked for the next time."""

    __tablename__ = "drill_plan"
    __table_args__ = (CheckConstraint("every_months > 0 AND every_months <= 60", name="months_are_some"),
                      Index("ix_drill_plan_next", "next_at"))

    product_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    every_months: Mapped[int] = mapped_column(Integer)
    next_at: Mapped[datetime] = mapped_column(UtcTime)
    made_at: Mapped[datetime] = mapped_column(UtcTime)
    made_by: Mapped[str] = mapped_column(String(32))


class DrillPlanProduct(Base):
    """A product of a plan, its first one among them; `plan_id` is that one's id."""

    __tablename__ = "drill_plan_product"
    __table_args__ = (Index("ix_drill_plan_product_plan", "plan_id"),)

    product_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    plan_id: Mapped[str] = mapped_column(String(32))


class WorkingHours(Base):
    """When the house works, from `set_at` on: on these days of the week (0 is Monday) from one minute of the day to
    another, in this time zone. `calendar`: whose public holidays it keeps, empty: none that is known; None: nobody
    said, so those of the country of its first site."""

    __tablename__ = "working_hours"
    append_only = True
    __table_args__ = (CheckConstraint("opens_minute >= 0 AND opens_minute < closes_minute AND closes_minute <= 1440",
                                      name="hours_are_some"),)

    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    zone: Mapped[str] = mapped_column(String(60))
    weekdays: Mapped[Any] = mapped_column(JsonText)
    opens_minute: Mapped[int] = mapped_column(Integer)
    closes_minute: Mapped[int] = mapped_column(Integer)
    calendar: Mapped[str | None] = mapped_column(String(2))
    reason: Mapped[str] = mapped_column(Text)
    set_at: Mapped[datetime] = mapped_column(UtcTime)
    set_by: Mapped[str] = mapped_column(String(80))


class Drill(Base):
    """One drill. `seed` decides the lot, where none was named, and all that is played. `due_at`: not before;
    `out_of_hours`: outside working hours on purpose; `is_provisional`: chosen by the day of the week alone, because the
    holidays of that year were not known. `product_id`: of this product only; `recall_id`: the case that was
    played. `report` stands once it is done; `looked_at`: somebody read it. `lease_until`: a process has it; `begun`:
    how often a process began the step that it stands before. `failure`: why it ended without a report, a text with
    fields out of `failure_values`; `failed_step`: at which step."""

    __tablename__ = "drill"
    __table_args__ = (enum_check("direction", Direction), enum_check("state", DrillState),
                      Index("ix_drill_state_due", "state", "due_at"), Index("ix_drill_asked", "asked_at"))

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    seed: Mapped[int] = mapped_column(BigInteger)
    direction: Mapped[str] = mapped_column(String(8))
    state: Mapped[str] = mapped_column(String(8), default=DrillState.waiting)
    product_id: Mapped[str | None] = mapped_column(String(32))
    lot_key: Mapped[str | None] = mapped_column(String(32))
    is_planned: Mapped[bool] = mapped_column(default=False)
    out_of_hours: Mapped[bool] = mapped_column(default=False)
    is_provisional: Mapped[bool] = mapped_column(default=False)
    due_at: Mapped[datetime] = mapped_column(UtcTime)
    asked_at: Mapped[datetime] = mapped_column(UtcTime)
    asked_by: Mapped[str] = mapped_column(String(32))
    lease_until: Mapped[datetime | None] = mapped_column(UtcTime)
    begun: Mapped[int] = mapped_column(Integer, default=0)
    started_at: Mapped[datetime | None] = mapped_column(UtcTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcTime)
    recall_id: Mapped[str | None] = mapped_column(String(32), unique=True)
    report: Mapped[Any] = mapped_column(JsonText, default=None, nullable=True)
    failure: Mapped[str] = mapped_column(Text, default="")
    failure_values: Mapped[Any] = mapped_column(JsonText, default=None, nullable=True)
    failed_step: Mapped[str] = mapped_column(String(12), default="")
    looked_at: Mapped[datetime | None] = mapped_column(UtcTime)
    looked_by: Mapped[str | None] = mapped_column(String(32))


class DrillStep(Base):
    """One line of the log of a drill: when the step began by the clock, and how long it took by one that never goes
    back."""

    __tablename__ = "drill_step"
    append_only = True

    drill_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    step: Mapped[str] = mapped_column(String(12))
    started_at: Mapped[datetime] = mapped_column(UtcTime)
    seconds: Mapped[float] = mapped_column(Float)
    count: Mapped[int] = mapped_column(Integer, default=0)


class DrillLot(Base):
    """The sums of a lot in scope when the scope of a drill was frozen; `placed`: of the stock, what lay at a known
    place. The books of the drill are kept by them: real work goes on meanwhile, and after."""

    __tablename__ = "drill_lot"
    __table_args__ = (Index("ix_drill_lot_recall", "recall_id"),)

    lot_key: Mapped[str] = mapped_column(String(32), primary_key=True)
    recall_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    made: Mapped[Decimal]
    consumed: Mapped[Decimal]
    shipped: Mapped[Decimal]
    returned: Mapped[Decimal]
    sampled: Mapped[Decimal]
    lost: Mapped[Decimal]
    placed: Mapped[Decimal]


class DrillProduct(Base):
    """A product that a drill reached: a finished lot of it was in scope."""

    __tablename__ = "drill_product"

    product_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    drill_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    ended_at: Mapped[datetime] = mapped_column(UtcTime)
