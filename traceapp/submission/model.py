"""Tables of what left the house."""
from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.db import Base, JsonText, UtcTime


class ExportRecord(Base):
    """One export: by whom, of what, how many rows, and the hash of the file."""

    __tablename__ = "export_record"
    append_only = True
    __table_args__ = (Index("ix_export_record_at", "at"), Index("ix_export_record_sha256", "sha256"))

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcTime)
    actor_id: Mapped[str] = mapped_column(String(80))
    actor_role: Mapped[str] = mapped_column(String(40))
    kind: Mapped[str] = mapped_column(String(40))
    format: Mapped[str] = mapped_column(String(8))
    filters: Mapped[Any] = mapped_column(JsonText)
    rows: Mapped[int] = mapped_column(Integer)
    sha256: Mapped[str] = mapped_column(String(64))
