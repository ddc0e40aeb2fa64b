"""Tables of reports to authorities: what was made, by whom it was approved, when it was sent, what came back."""
from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.db import Base, JsonText, Revisioned, UtcTime, enum_check
from traceapp.export.case_report import Profile, ReportKind

from .report_states import AnswerVerdict, FileRole, ReportState


class Report(Revisioned, Base):
    """One report of one case to one authority. `version` counts from 1 for a case and a jurisdiction. `number` is what
    the authority knows the case by, `message_id` what it knows this file by, where the form has such an id.
    `clock_ids` are the legal clocks that it answers, `due_at` the earliest of them. `findings` are those of the file
    that lies here; `warnings_reason` says why its warnings may stand. `case_revision` is the case's when the file was
    made."""

    __tablename__ = "report"
    __table_args__ = (
        enum_check("state", ReportState), enum_check("kind", ReportKind), enum_check("profile", Profile),
        CheckConstraint("state <> 'sent' OR (sha256 IS NOT NULL AND sent_at IS NOT NULL)", name="sent_has_a_file"),
        CheckConstraint("state <> 'acknowledged' OR (sha256 IS NOT NULL AND acknowledgement <> '')",
                        name="acknowledged_has_a_proof"),
        Index("uq_report_version", "about", "jurisdiction", "version", unique=True),
        Index("ix_report_state", "state", "due_at"), Index("ix_report_prepared", "prepared_at", "id"),
        Index("ix_report_number", "number"), Index("ix_report_message", "message_id"))

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    about: Mapped[str] = mapped_column(String(120))
    reference: Mapped[str] = mapped_column(String(40))
    lot_key: Mapped[str | None] = mapped_column(String(32))
    product_id: Mapped[str | None] = mapped_column(String(32))
    jurisdiction: Mapped[str] = mapped_column(String(8))
    receiver: Mapped[str] = mapped_column(String(200), default="")
    form: Mapped[str] = mapped_column(String(24))
    format: Mapped[str] = mapped_column(String(8))
    profile: Mapped[str] = mapped_column(String(8))
    kind: Mapped[str] = mapped_column(String(16))
    version: Mapped[int] = mapped_column(Integer)
    earlier_id: Mapped[str | None] = mapped_column(ForeignKey("report.id"))
    number: Mapped[str] = mapped_column(String(100))
    message_id: Mapped[str] = mapped_column(String(200), default="")
    clock_ids: Mapped[Any] = mapped_column(JsonText, default=list)
    due_at: Mapped[datetime | None] = mapped_column(UtcTime)
    reason: Mapped[str] = mapped_column(Text, default="")
    expected_next_on: Mapped[date | None]
    state: Mapped[str] = mapped_column(String(16), default=ReportState.prepared)
    case_revision: Mapped[int] = mapped_column(Integer)
    sha256: Mapped[str | None] = mapped_column(String(64))
    findings: Mapped[Any] = mapped_column(JsonText, default=list)
    warnings_reason: Mapped[str] = mapped_column(Text, default="")
    prepared_at: Mapped[datetime] = mapped_column(UtcTime)
    prepared_by: Mapped[str] = mapped_column(String(80))
    checked_at: Mapped[datetime | None] = mapped_column(UtcTime)
    checked_by: Mapped[str | None] = mapped_column(String(80))
    approved_at: Mapped[datetime | None] = mapped_column(UtcTime)
    approved_by: Mapped[str | None] = mapped_column(String(80))
    sent_at: Mapped[datetime | None] = mapped_column(UtcTime)
    sent_by: Mapped[str | None] = mapped_column(String(80))
    channel: Mapped[str] = mapped_column(String(80), default="")
    sent_id: Mapped[str] = mapped_column(String(120), default="")
    answered_at: Mapped[datetime | None] = mapped_column(UtcTime)
    acknowledgement: Mapped[str] = mapped_column(String(120), default="")


class ReportFile(Base):
    """A file of a report as it was made; `round` counts how often the report was made anew, so that what was signed
    once is never lost. The bytes lie in the file store under `sha256`, or where `SealedFile` says."""

    __tablename__ = "report_file"
    append_only = True
    __table_args__ = (enum_check("role", FileRole), Index("ix_report_file_sha256", "sha256"))

    report_id: Mapped[str] = mapped_column(ForeignKey("report.id"), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    role: Mapped[str] = mapped_column(String(8))
    round: Mapped[int] = mapped_column(Integer)
    name: Mapped[str] = mapped_column(String(200))
    media_type: Mapped[str] = mapped_column(String(80))
    sha256: Mapped[str] = mapped_column(String(64))
    size_bytes: Mapped[int] = mapped_column(Integer)
    added_at: Mapped[datetime] = mapped_column(UtcTime)
    added_by: Mapped[str] = mapped_column(String(80))


class SealedFile(Base):
    """A file that names persons: `sha256` is the hash of what it says, by which it is known and signed; the bytes lie
    in the file store under `kept_as`, sealed by a key of their own, which the vault sealed (`sealed_key`)."""

    __tablename__ = "sealed_file"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    kept_as: Mapped[str] = mapped_column(String(64))
    sealed_key: Mapped[str] = mapped_column(Text)
    sealed_at: Mapped[datetime] = mapped_column(UtcTime)


class ReportSignature(Base):
    """A signature on a report: who, when, what it means, and the hash of what was signed.

    Source: 21 CFR 11.50 and 11.70.
    """

    __tablename__ = "report_signature"
    append_only = True

    report_id: Mapped[str] = mapped_column(ForeignKey("report.id"), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    user_id: Mapped[str] = mapped_column(String(32))
    user_name: Mapped[str] = mapped_column(String(120))
    meaning: Mapped[str] = mapped_column(String(40))
    reason: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UtcTime)
    signed_hash: Mapped[str] = mapped_column(String(64))


class ReportAnswer(Base):
    """What an authority answered, as a file or as a person read it there. `names` are the numbers by which it names the
    report; `sha256` is None where a person wrote down what a page said."""

    __tablename__ = "report_answer"
    append_only = True
    __table_args__ = (enum_check("verdict", AnswerVerdict), Index("ix_report_answer_at", "at", "id"),
                      Index("uq_report_answer_part", "sha256", "part", unique=True))

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcTime)
    by: Mapped[str] = mapped_column(String(80))
    reader: Mapped[str] = mapped_column(String(24))
    verdict: Mapped[str] = mapped_column(String(12))
    names: Mapped[Any] = mapped_column(JsonText)
    number: Mapped[str] = mapped_column(String(120), default="")
    texts: Mapped[Any] = mapped_column(JsonText)
    name: Mapped[str] = mapped_column(String(200), default="")
    media_type: Mapped[str] = mapped_column(String(80), default="")
    sha256: Mapped[str | None] = mapped_column(String(64))
    part: Mapped[int] = mapped_column(Integer, default=0)


class ReportAnswerMatch(Base):
    """Which report an answer is about, and who said so: the answer itself by its numbers, or a person. An answer
    without a match is shown until it has one."""

    __tablename__ = "report_answer_match"
    append_only = True
    __table_args__ = (Index("ix_report_answer_match_report", "report_id"),)

    answer_id: Mapped[str] = mapped_column(ForeignKey("report_answer.id"), primary_key=True)
    report_id: Mapped[str] = mapped_column(ForeignKey("report.id"))
    at: Mapped[datetime] = mapped_column(UtcTime)
    by: Mapped[str] = mapped_column(String(80))
    reason: Mapped[str] = mapped_column(Text, default="")


class ReportSeries(Base):
    """The last number given out of a series of report numbers, as of one sender in one year."""

    __tablename__ = "report_series"

    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    last: Mapped[int] = mapped_column(Integer)


class ReceivedCase(Base):
    """A report that somebody sent us as a file: `case_id` is the sender's, `version` tells its reports of one case
    apart; `digest` is the hash of what we read in it, `sha256` that of the file. With the complaint and the adverse
    event that it became, or that it follows up."""

    __tablename__ = "received_case"
    append_only = True
    __table_args__ = (Index("ix_received_case_complaint", "complaint_id"),)

    form: Mapped[str] = mapped_column(String(24), primary_key=True)
    case_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    version: Mapped[str] = mapped_column(String(60), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64))
    digest: Mapped[str] = mapped_column(String(64))
    complaint_id: Mapped[str] = mapped_column(String(32))
    adverse_event_id: Mapped[str] = mapped_column(String(32))
    at: Mapped[datetime] = mapped_column(UtcTime)
    by: Mapped[str] = mapped_column(String(80))


class ReceivedNumber(Base):
    """A number by which somebody knows a case that came in as a file: the sender's own, or another that a report of it
    bore. With the complaint that the case is here."""

    __tablename__ = "received_number"
    append_only = True

    form: Mapped[str] = mapped_column(String(24), primary_key=True)
    number: Mapped[str] = mapped_column(String(200), primary_key=True)
    complaint_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcTime)


class ReceivedMessage(Base):
    """The report itself, as a file of it alone, sealed by the vault: it names persons. None when it was erased. Sealing
    it anew goes over `id`."""

    __tablename__ = "received_message"
    __table_args__ = (
        ForeignKeyConstraint(["form", "case_id", "version"],
                             ["received_case.form", "received_case.case_id", "received_case.version"]),
        Index("uq_received_message_case", "form", "case_id", "version", unique=True))

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    form: Mapped[str] = mapped_column(String(24))
    case_id: Mapped[str] = mapped_column(String(200))
    version: Mapped[str] = mapped_column(String(60))
    sealed: Mapped[str | None] = mapped_column(Text)
    erased_at: Mapped[datetime | None] = mapped_column(UtcTime)
