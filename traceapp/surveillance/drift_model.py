"""The table of test results of suppliers that rise, or are near a limit, as of the last night."""
from __future__ import annotations

from datetime import datetime

from sqlalchemy import Float, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.db import Base, UtcTime


class ResultDrift(Base):
    """One characteristic of one material of one supplier. `share` of the tolerance that the last lot uses, `slope` a
    lot, `p` the chance of such an order without a trend; `since` the number of the first of the higher lots; `is_told`:
    it rises so clearly that a task was raised; `found_at`: when it was listed first."""

    __tablename__ = "result_drift"
    __table_args__ = (Index("ix_result_drift_product", "product_id"), Index("uq_result_drift_id", "id", unique=True))

    supplier_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    product_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    name_zh: Mapped[str] = mapped_column(String(120), primary_key=True)
    id: Mapped[str] = mapped_column(String(32))
    name_en: Mapped[str] = mapped_column(String(120))
    lots: Mapped[int] = mapped_column(Integer)
    share: Mapped[float] = mapped_column(Float)
    slope: Mapped[float] = mapped_column(Float)
    p: Mapped[float | None] = mapped_column(Float)
    is_rising: Mapped[bool]
    is_near: Mapped[bool]
    is_told: Mapped[bool] = mapped_column(default=False)
    since: Mapped[str] = mapped_column(String(200), default="")
    last_lot_key: Mapped[str] = mapped_column(String(32))
    found_at: Mapped[datetime] = mapped_column(UtcTime)
    looked_at: Mapped[datetime] = mapped_column(UtcTime)
