"""Tables of scans. Counts are written in batches, beside the answer, never before it."""
from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.db import Base, UtcTime


class Scan(Base):
    """One scan; the address is cut to its network, the row lives ninety days."""

    __tablename__ = "scan"
    __table_args__ = (Index("ix_scan_scanned_at", "scanned_at"),)

    lot_key: Mapped[str] = mapped_column(String(32), primary_key=True)
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    serial: Mapped[str | None] = mapped_column(String(20))
    scanned_at: Mapped[datetime] = mapped_column(UtcTime)
    network: Mapped[str] = mapped_column(String(50), default="")
    language: Mapped[str] = mapped_column(String(8), default="")


class ScanCount(Base):
    """How often the codes of a lot were scanned so far, and the first time."""

    __tablename__ = "scan_count"

    lot_key: Mapped[str] = mapped_column(String(32), primary_key=True)
    scans: Mapped[int] = mapped_column(Integer)
    first_at: Mapped[datetime] = mapped_column(UtcTime)
