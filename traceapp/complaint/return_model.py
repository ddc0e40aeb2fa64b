"""The table of goods that were asked back because of a complaint."""
from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.db import Base, Revisioned, UtcTime, enum_check

from .return_states import ReturnState


class ComplaintReturn(Revisioned, Base):
    """So much of a lot. `received_quantity` is what came, in the same unit; `shipment_id` the event of its receipt,
    where a consignee sent it; `replacement_lot_key` what was sent instead."""

    __tablename__ = "complaint_return"
    __table_args__ = (
        enum_check("state", ReturnState), CheckConstraint("quantity > 0", name="quantity_is_positive"),
        CheckConstraint("received_quantity IS NULL OR received_quantity > 0", name="received_is_positive"),
        Index("ix_complaint_return_complaint", "complaint_id"))

    lot_key: Mapped[str] = mapped_column(String(32), primary_key=True)
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    complaint_id: Mapped[str] = mapped_column(String(32))
    quantity: Mapped[Decimal]
    unit: Mapped[str] = mapped_column(String(3))
    state: Mapped[str] = mapped_column(String(12), default=ReturnState.asked)
    asked_at: Mapped[datetime] = mapped_column(UtcTime)
    asked_by: Mapped[str] = mapped_column(String(80))
    received_at: Mapped[datetime | None] = mapped_column(UtcTime)
    received_quantity: Mapped[Decimal | None]
    consignee_id: Mapped[str | None] = mapped_column(String(32))
    shipment_id: Mapped[str | None] = mapped_column(String(32))
    settled_at: Mapped[datetime | None] = mapped_column(UtcTime)
    replacement_lot_key: Mapped[str | None] = mapped_column(String(32))
    note: Mapped[str] = mapped_column(Text, default="")
