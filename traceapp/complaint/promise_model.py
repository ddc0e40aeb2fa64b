"""The table of what the house promises about complaints, and offers where a promise was broken."""
from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.db import Base, JsonText, UtcTime


class ServicePromise(Base):
    """All promises and offers as they hold for what is received from `valid_from` on. `hours`: a severity, or
    `service_only`, to its four numbers; `offers`: a severity to the code of an offer, empty for none."""

    __tablename__ = "service_promise"
    append_only = True
    __table_args__ = (Index("ix_service_promise_valid", "valid_from", "version"),)

    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    valid_from: Mapped[datetime] = mapped_column(UtcTime)
    hours: Mapped[Any] = mapped_column(JsonText)
    offers: Mapped[Any] = mapped_column(JsonText)
    reason: Mapped[str] = mapped_column(Text)
    set_at: Mapped[datetime] = mapped_column(UtcTime)
    set_by: Mapped[str] = mapped_column(String(80))
