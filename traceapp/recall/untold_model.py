"""The table of despatches of recalled lots of which nobody told those who got them."""
from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import CheckConstraint, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.db import Base, UtcTime, enum_check


class UntoldSource(StrEnum):
    """`booked`: in our own books, after the scope was frozen; `told`: only by an event of another system."""

    booked = "booked"
    told = "told"


class UntoldState(StrEnum):
    """`waiting` is work for quality. `taken`: it is in the ledger of the recall, its consignee was told; `noted`: a
    reason says why nobody has to be; `withdrawn`: the notice was withdrawn."""

    waiting = "waiting"
    taken = "taken"
    noted = "noted"
    withdrawn = "withdrawn"


class UntoldDespatch(Base):
    """Units of a lot in scope that left, by an event, and are not in the ledger of the recall. `sent_to` is the URI of
    whom the event names, `consignee_id` the partner that it is, where one of ours; `giver_id` the consignee in the
    ledger that sent it on; `units` in the lot's unit, None: not stated. `reason`: why it was booked late, then why it
    was noted."""

    __tablename__ = "recall_untold_despatch"
    __table_args__ = (enum_check("source", UntoldSource), enum_check("state", UntoldState),
                      CheckConstraint("units IS NULL OR units > 0", name="something_left"),
                      CheckConstraint("source <> 'booked' OR (consignee_id IS NOT NULL AND units IS NOT NULL)",
                                      name="what_is_booked_is_known"),
                      Index("ix_recall_untold_despatch_recall", "recall_id", "state"))

    lot_key: Mapped[str] = mapped_column(String(32), primary_key=True)
    recall_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    event_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    source: Mapped[str] = mapped_column(String(8))
    consignee_id: Mapped[str | None] = mapped_column(String(32))
    sent_to: Mapped[str] = mapped_column(String(2000), default="")
    giver_id: Mapped[str | None] = mapped_column(String(32))
    units: Mapped[Decimal | None]
    left_at: Mapped[datetime] = mapped_column(UtcTime)
    came_at: Mapped[datetime] = mapped_column(UtcTime)
    reason: Mapped[str] = mapped_column(Text, default="")
    state: Mapped[str] = mapped_column(String(10), default=UntoldState.waiting)
    ended_at: Mapped[datetime | None] = mapped_column(UtcTime)
    ended_by: Mapped[str | None] = mapped_column(String(32))
