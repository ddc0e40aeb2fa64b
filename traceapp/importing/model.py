"""Tables of imports: what was uploaded, how far it is, what was wrong, and how columns were read before."""
from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.db import Base, JsonText, UtcTime, enum_check

from .states import ImportState


class ImportJob(Base):
    """An uploaded table and what becomes of it. `head` are the titles in row `head_row`; `mapping`: field -> place of
    its column; `at_row`: the last row that was dealt with, as a spreadsheet counts, written in the transaction that
    stored it. The counts are rows of the work that goes on; `checked` keeps those of the look. `holder` works on it
    until `lease_until`."""

    __tablename__ = "import_job"
    __table_args__ = (
        enum_check("state", ImportState), Index("ix_import_job_state", "state", "created_at"),
        Index("ix_import_job_sha256", "sha256"), Index("ix_import_job_created", "created_at", "id"),
        CheckConstraint("at_row >= 0 AND stored >= 0 AND already >= 0 AND changed >= 0 AND refused >= 0",
                        name="counts_are_not_negative"))

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(String(200))
    sha256: Mapped[str] = mapped_column(String(64))
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String(12))
    head_row: Mapped[int] = mapped_column(Integer)
    head: Mapped[Any] = mapped_column(JsonText)
    sample: Mapped[Any] = mapped_column(JsonText)
    mapping: Mapped[Any] = mapped_column(JsonText)
    zone: Mapped[str] = mapped_column(String(60))
    may_change: Mapped[bool] = mapped_column(default=False)
    skips_faulty: Mapped[bool] = mapped_column(default=False)
    rows: Mapped[int | None] = mapped_column(BigInteger)
    at_row: Mapped[int] = mapped_column(BigInteger, default=0)
    read_bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    stored: Mapped[int] = mapped_column(BigInteger, default=0)
    already: Mapped[int] = mapped_column(BigInteger, default=0)
    changed: Mapped[int] = mapped_column(BigInteger, default=0)
    refused: Mapped[int] = mapped_column(BigInteger, default=0)
    checked: Mapped[Any] = mapped_column(JsonText, nullable=True)
    trouble: Mapped[Any] = mapped_column(JsonText, nullable=True)
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    created_by: Mapped[str] = mapped_column(String(80))
    actor_role: Mapped[str] = mapped_column(String(24))
    started_at: Mapped[datetime | None] = mapped_column(UtcTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcTime)
    holder: Mapped[str | None] = mapped_column(String(32))
    lease_until: Mapped[datetime | None] = mapped_column(UtcTime)

    @property
    def dealt_with(self) -> int:
        """How many rows the present work has behind it."""
        return self.stored + self.already + self.changed + self.refused


class ImportFault(Base):
    """What was wrong with a cell, or with a row as a whole (`place` None). Kept for the first ten thousand, until the
    file is looked at or taken in anew."""

    __tablename__ = "import_fault"

    import_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    row: Mapped[int] = mapped_column(BigInteger)
    field: Mapped[str] = mapped_column(String(40))
    place: Mapped[int | None] = mapped_column(Integer)
    value: Mapped[str] = mapped_column(String(200))
    code: Mapped[str] = mapped_column(String(60))
    message: Mapped[str] = mapped_column(Text)
    params: Mapped[Any] = mapped_column(JsonText)

    @property
    def text(self) -> str:
        return self.message % self.params if self.params else self.message


class ImportMapping(Base):
    """How the columns under these titles were read the last time; `signature` follows from the titles."""

    __tablename__ = "import_mapping"

    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    signature: Mapped[str] = mapped_column(String(64), primary_key=True)
    mapping: Mapped[Any] = mapped_column(JsonText)
    used_at: Mapped[datetime] = mapped_column(UtcTime)
    used_by: Mapped[str] = mapped_column(String(80))
