"""Tables of files, kept once by the hash of their content."""
from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.db import Base, UtcTime


class StoredFile(Base):
    """A file on disk under its SHA-256; `media_type` is what its content says, not its name."""

    __tablename__ = "stored_file"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    media_type: Mapped[str] = mapped_column(String(60))
    size_bytes: Mapped[int] = mapped_column(Integer)
    stored_at: Mapped[datetime] = mapped_column(UtcTime)


class Attachment(Base):
    """A file as it hangs on a thing (`about`: `inspection:…`, `complaint:…`), with the name it came with."""

    __tablename__ = "attachment"
    __table_args__ = (Index("ix_attachment_about", "about"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    about: Mapped[str] = mapped_column(String(120))
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    name: Mapped[str] = mapped_column(String(200))
    is_public: Mapped[bool] = mapped_column(default=False)
    added_at: Mapped[datetime] = mapped_column(UtcTime)
    added_by: Mapped[str] = mapped_column(String(80))
