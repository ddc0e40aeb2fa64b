"""Tables of what history says of a product: the wait until a report, and the usual number of reports."""
from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Float, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.db import Base, JsonText, UtcTime, enum_check

from .alarm import SeverityGroup


class DetectionFit(Base):
    """One fit to the history of a product, numbered from 1. `waits`: the chance of a report within so many whole days,
    empty where there were too few reports. `in_force_from`: since when it may be used, None where history is too short.
    `left_out`: lots and why; `publicity`: windows of days. `digest`: of what it was computed from."""

    __tablename__ = "detection_fit"
    append_only = True

    product_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    fitted_at: Mapped[datetime] = mapped_column(UtcTime)
    fitted_by: Mapped[str] = mapped_column(String(120))
    in_force_from: Mapped[datetime | None] = mapped_column(UtcTime)
    digest: Mapped[str] = mapped_column(String(64))
    lots: Mapped[int] = mapped_column(Integer)
    delay_reports: Mapped[int] = mapped_column(Integer)
    waits: Mapped[Any] = mapped_column(JsonText)
    left_out: Mapped[Any] = mapped_column(JsonText, default=list)
    publicity: Mapped[Any] = mapped_column(JsonText, default=list)
    unexposed: Mapped[int] = mapped_column(Integer, default=0)


class DetectionRate(Base):
    """The usual number of reports of a severity group per unit, as one fit found it; `region` is empty for all.
    `exposure`: units times the chance that their report was seen. `family_mean` and `family_shape` are the law of the
    rates of the other products of its kind (of all regions, for a region) that it leans on; no mean: there are none
    with reports; no shape: they do not differ. `history`: from how many reports the rate is known, in effect."""

    __tablename__ = "detection_rate"
    append_only = True
    __table_args__ = (enum_check("severity_group", SeverityGroup),
                      CheckConstraint("rate > 0 AND low <= high", name="rate_is_positive"))

    product_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    severity_group: Mapped[str] = mapped_column(String(8), primary_key=True)
    region: Mapped[str] = mapped_column(String(100), primary_key=True, default="")
    reports: Mapped[int] = mapped_column(Integer)
    exposure: Mapped[float] = mapped_column(Float)
    rate: Mapped[float] = mapped_column(Float)
    low: Mapped[float] = mapped_column(Float)
    high: Mapped[float] = mapped_column(Float)
    history: Mapped[int] = mapped_column(Integer)
    family_mean: Mapped[float | None] = mapped_column(Float)
    family_shape: Mapped[float | None] = mapped_column(Float)
