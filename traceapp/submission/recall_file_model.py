"""Tables of the files that authorities get of a recall: what was made, what people wrote for it, where it was sent."""
from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, Integer, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.db import Base, JsonText, UtcTime, enum_check
from traceapp.making.model import MadeByJob
from traceapp.making.states import FileState

from .recall_file_states import FileStep


class RecallFile(Base):
    """One version of one file, as it was made. `missing` are the keys of fields that the law asks for and in which
    nothing stood; `scope_hash` is that of the scope then, empty before it was frozen."""

    __tablename__ = "recall_file"
    append_only = True

    recall_id: Mapped[str] = mapped_column(ForeignKey("recall.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(24), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    made_at: Mapped[datetime] = mapped_column(UtcTime)
    made_by: Mapped[str] = mapped_column(String(80))
    missing: Mapped[Any] = mapped_column(JsonText)
    scope_hash: Mapped[str] = mapped_column(String(64), default="")
    scope_number: Mapped[int] = mapped_column(Integer)


_IS_OPEN = text("state IN ('queued', 'running')")


class RecallFileJob(MadeByJob, Base):
    """A file, or the archive of all of a recall (`kind` is `package`), that is made, or was; one of a kind at a time.
    `version` is the one that came of it. `done` and `total` count lines of the ledger. Forgotten after a week, the
    archive with it; files stay."""

    __tablename__ = "recall_file_job"
    __table_args__ = (
        enum_check("state", FileState), Index("ix_recall_file_job_state", "state", "created_at"),
        Index("ix_recall_file_job_recall", "recall_id", "created_at"),
        Index("uq_recall_file_job_open", "recall_id", "kind", unique=True, sqlite_where=_IS_OPEN,
              postgresql_where=_IS_OPEN))

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    recall_id: Mapped[str] = mapped_column(ForeignKey("recall.id"))
    kind: Mapped[str] = mapped_column(String(24))
    version: Mapped[int | None] = mapped_column(Integer)
    created_role: Mapped[str] = mapped_column(String(40))


class RecallFileCopy(Base):
    """One form of a version: the bytes lie in the file store under `sha256`."""

    __tablename__ = "recall_file_copy"
    append_only = True
    __table_args__ = (ForeignKeyConstraint(
        ["recall_id", "kind", "version"], ["recall_file.recall_id", "recall_file.kind", "recall_file.version"]),)

    recall_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(24), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    name: Mapped[str] = mapped_column(String(120), primary_key=True)
    form: Mapped[str] = mapped_column(String(12))
    language: Mapped[str] = mapped_column(String(8), default="")
    media_type: Mapped[str] = mapped_column(String(100))
    sha256: Mapped[str] = mapped_column(String(64))
    size_bytes: Mapped[int] = mapped_column(Integer)


class RecallFileStep(Base):
    """What happened to a version by hand: it was sent, confirmed or refused. `at` is when, `noted_at` when it was
    written down; `number` is the authority's; the proof lies in the file store under `proof_sha256`."""

    __tablename__ = "recall_file_step"
    append_only = True
    __table_args__ = (enum_check("step", FileStep), ForeignKeyConstraint(
        ["recall_id", "kind", "version"], ["recall_file.recall_id", "recall_file.kind", "recall_file.version"]))

    recall_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(24), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    step: Mapped[str] = mapped_column(String(12))
    at: Mapped[datetime] = mapped_column(UtcTime)
    noted_at: Mapped[datetime] = mapped_column(UtcTime)
    by: Mapped[str] = mapped_column(String(80))
    authority: Mapped[str] = mapped_column(String(200), default="")
    channel: Mapped[str] = mapped_column(String(80), default="")
    number: Mapped[str] = mapped_column(String(120), default="")
    note: Mapped[str] = mapped_column(Text, default="")
    proof_name: Mapped[str] = mapped_column(String(200), default="")
    proof_sha256: Mapped[str] = mapped_column(String(64), default="")


class RecallFileText(Base):
    """What somebody wrote for a field that the case does not hold; the last position counts."""

    __tablename__ = "recall_file_text"
    append_only = True

    recall_id: Mapped[str] = mapped_column(ForeignKey("recall.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(24), primary_key=True)
    key: Mapped[str] = mapped_column(String(40), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UtcTime)
    by: Mapped[str] = mapped_column(String(80))
