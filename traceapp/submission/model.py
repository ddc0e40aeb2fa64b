"""Tables of what left the house, and of files that are made in the background."""
from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.db import Base, JsonText, UtcTime, enum_check
from traceapp.making.model import MadeByJob

from .records_states import FileState


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


class RecordsJob(MadeByJob, Base):
    """A file of records that is made, or was: forgotten with its file after a week. `asked` is an `AskedRecords`,
    `told` what the record of the export will say, `texts` the titles in `language`; `total` and `done` count events."""

    __tablename__ = "records_job"
    __table_args__ = (
        enum_check("state", FileState), Index("ix_records_job_state", "state", "created_at"),
        Index("ix_records_job_owner", "created_by", "created_at"),
        CheckConstraint("done BETWEEN 0 AND total", name="done_is_a_part"),
        CheckConstraint("state <> 'done' OR (rows IS NOT NULL AND sha256 IS NOT NULL AND size_bytes IS NOT NULL)",
                        name="done_has_a_file"))

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    asked: Mapped[Any] = mapped_column(JsonText)
    told: Mapped[Any] = mapped_column(JsonText)
    texts: Mapped[Any] = mapped_column(JsonText)
    form: Mapped[str] = mapped_column(String(8))
    language: Mapped[str] = mapped_column(String(8))
    rows: Mapped[int | None] = mapped_column(Integer)
    created_role: Mapped[str] = mapped_column(String(40))
