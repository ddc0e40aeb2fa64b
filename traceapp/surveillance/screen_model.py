"""Tables of the nightly screen: what was looked at of each product, and the pairs of lot and term that it found."""
from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Float, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.db import Base, JsonText, UtcTime


class ScreenRun(Base):
    """The last screen of a product. `prior` is that of the shrinkage, `is_fitted` unless there were too few pairs;
    `pairs` is how many lots and terms came up together, `kept` how many of them are listed; `jumps`: the terms that
    jumped on the day before, as `jumps.Jump` writes them."""

    __tablename__ = "screen_run"

    product_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    ran_at: Mapped[datetime] = mapped_column(UtcTime)
    reports: Mapped[int] = mapped_column(Integer)
    lots: Mapped[int] = mapped_column(Integer)
    terms: Mapped[int] = mapped_column(Integer)
    pairs: Mapped[int] = mapped_column(Integer)
    kept: Mapped[int] = mapped_column(Integer)
    prior: Mapped[Any] = mapped_column(JsonText)
    is_fitted: Mapped[bool]
    jumps: Mapped[Any] = mapped_column(JsonText, default=list, server_default="[]")


class ScreenCell(Base):
    """A lot and a term with at least two reports. PRR and ROR are empty where no other lot has the term; EB05 where it
    cannot matter. `flagged_at`: when it first stood out by both lower limits. `id` is the same every night."""

    __tablename__ = "screen_cell"
    __table_args__ = (Index("ix_screen_cell_ic025", "ic025"), Index("ix_screen_cell_flagged", "is_flagged", "ic025"),
                      Index("ix_screen_cell_product", "product_id", "ic025"),
                      Index("uq_screen_cell_id", "id", unique=True))

    lot_key: Mapped[str] = mapped_column(String(32), primary_key=True)
    term: Mapped[str] = mapped_column(String(80), primary_key=True)
    product_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    id: Mapped[str] = mapped_column(String(32))
    reports: Mapped[int] = mapped_column(Integer)
    lot_reports: Mapped[int] = mapped_column(Integer)
    term_reports: Mapped[int] = mapped_column(Integer)
    expected: Mapped[float] = mapped_column(Float)
    ic: Mapped[float] = mapped_column(Float)
    ic025: Mapped[float] = mapped_column(Float)
    ebgm: Mapped[float] = mapped_column(Float)
    eb05: Mapped[float | None] = mapped_column(Float)
    prr: Mapped[float | None] = mapped_column(Float)
    ror: Mapped[float | None] = mapped_column(Float)
    is_flagged: Mapped[bool] = mapped_column(default=False)
    flagged_at: Mapped[datetime | None] = mapped_column(UtcTime)
