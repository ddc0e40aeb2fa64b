"""Tables of complaints. `lot_key` is the lot, or `unknown` where none could be bound."""
from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.db import Base, JsonText, Revisioned, UtcTime, enum_check

from .states import ComplaintState, Severity
from .triage import Investigation, TriageResult

UNKNOWN_LOT = "unknown"


class Channel(StrEnum):
    consumer = "consumer"
    telephone = "telephone"
    email = "email"
    wechat = "wechat"
    hospital = "hospital"
    sales = "sales"
    api = "api"
    file_import = "file_import"


class LotCapture(StrEnum):
    """How the lot became known: read from the code, typed by a person, inferred by staff, or not at all."""

    scan = "scan"
    typed = "typed"
    inferred = "inferred"
    none = "none"


class Complaint(Revisioned, Base):
    """What somebody said. `awareness_at` is day 0 and is written once; the person stands in the vault.
    `possible_duplicate_of` is what the service suspects, `master_id` what staff decided; `source_hash` is keyed,
    holds for one day, and is kept only to see bursts. `triage` is what was answered and what follows, as judged;
    `responder_id` took it first and answers for it until it is handed over."""

    __tablename__ = "complaint"
    __table_args__ = (
        enum_check("channel", Channel), enum_check("lot_capture", LotCapture), enum_check("state", ComplaintState),
        enum_check("severity", Severity), enum_check("triage_result", TriageResult),
        enum_check("investigation", Investigation),
        CheckConstraint("satisfaction BETWEEN 1 AND 5", name="satisfaction_is_a_grade"),
        CheckConstraint("recommendation BETWEEN 0 AND 10", name="recommendation_is_a_grade"),
        Index("ix_complaint_source", "source_hash"), Index("ix_complaint_person", "person_id"),
        Index("ix_complaint_product_received", "product_id", "received_at"),
        Index("ix_complaint_lot_received", "lot_key", "received_at"),
        Index("ix_complaint_lot_awareness", "lot_key", "awareness_at"),
        Index("ix_complaint_state_received", "state", "received_at"), Index("ix_complaint_received", "received_at"),
        Index("ix_complaint_id", "id"), Index("ix_complaint_reference", "reference"),
        Index("ix_complaint_follow_up", "follow_up_hash"))

    lot_key: Mapped[str] = mapped_column(String(32), primary_key=True)
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    reference: Mapped[str] = mapped_column(String(20))
    channel: Mapped[str] = mapped_column(String(16))
    lot_capture: Mapped[str] = mapped_column(String(10))
    lot_text: Mapped[str] = mapped_column(String(200), default="")
    serial: Mapped[str | None] = mapped_column(String(20))
    product_id: Mapped[str | None] = mapped_column(String(32))
    consignee_id: Mapped[str | None] = mapped_column(String(32))
    place: Mapped[str] = mapped_column(String(200), default="")
    received_at: Mapped[datetime] = mapped_column(UtcTime)
    awareness_at: Mapped[datetime] = mapped_column(UtcTime)
    happened_on: Mapped[date | None]
    narrative: Mapped[str] = mapped_column(Text)
    terms: Mapped[Any] = mapped_column(JsonText, default=list)
    affected: Mapped[str] = mapped_column(String(16), default="unknown")
    age_band: Mapped[str] = mapped_column(String(16), default="unknown")
    sex: Mapped[str] = mapped_column(String(10), default="unknown")
    seriousness: Mapped[Any] = mapped_column(JsonText, default=list)
    use_text: Mapped[str] = mapped_column(Text, default="")
    is_harm: Mapped[bool | None]
    severity: Mapped[str] = mapped_column(String(10))
    state: Mapped[str] = mapped_column(String(16))
    triage_result: Mapped[str] = mapped_column(String(12), default=TriageResult.untriaged)
    is_quarantined: Mapped[bool] = mapped_column(default=False)
    source_hash: Mapped[str | None] = mapped_column(String(64))
    person_id: Mapped[str | None] = mapped_column(String(32))
    possible_duplicate_of: Mapped[str | None] = mapped_column(String(32))
    master_id: Mapped[str | None] = mapped_column(String(32))
    follow_up_hash: Mapped[str | None] = mapped_column(String(64))
    decision: Mapped[str] = mapped_column(Text, default="")
    kinds: Mapped[Any] = mapped_column(JsonText, default=list)
    triage: Mapped[Any] = mapped_column(JsonText, default=dict)
    is_suspected_fake: Mapped[bool] = mapped_column(default=False)
    investigation: Mapped[str] = mapped_column(String(12), default=Investigation.undecided)
    cause: Mapped[str] = mapped_column(Text, default="")
    solution: Mapped[str] = mapped_column(Text, default="")
    improvement: Mapped[str] = mapped_column(Text, default="")
    responder_id: Mapped[str | None] = mapped_column(String(32))
    times_reopened: Mapped[int] = mapped_column(Integer, default=0)
    satisfaction: Mapped[int | None] = mapped_column(Integer)
    recommendation: Mapped[int | None] = mapped_column(Integer)
    surveyed_at: Mapped[datetime | None] = mapped_column(UtcTime)


class ComplaintNote(Base):
    """Correspondence and follow-up, in order; `is_public` ones show on the reporter's own page."""

    __tablename__ = "complaint_note"

    lot_key: Mapped[str] = mapped_column(String(32), primary_key=True)
    complaint_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcTime)
    by: Mapped[str] = mapped_column(String(80))
    text: Mapped[str] = mapped_column(Text)
    is_public: Mapped[bool] = mapped_column(default=False)


class SubmittedForm(Base):
    """Which complaint a form became: the key of a form (hashed, with who sent it) counts once."""

    __tablename__ = "submitted_form"

    key_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    complaint_id: Mapped[str] = mapped_column(String(32))
    submitted_at: Mapped[datetime] = mapped_column(UtcTime, index=True)


class ImportedFile(Base):
    """A file of complaints that was taken in, by the hash of its content: a second import of it is refused."""

    __tablename__ = "complaint_import"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    id: Mapped[str] = mapped_column(String(32))
    name: Mapped[str] = mapped_column(String(200))
    rows_taken: Mapped[int] = mapped_column(Integer)
    rows_refused: Mapped[int] = mapped_column(Integer)
    imported_at: Mapped[datetime] = mapped_column(UtcTime)
    imported_by: Mapped[str] = mapped_column(String(80))


class ReportDraft(Base):
    """Answers so far of somebody who is filling in the form; sealed like a person, and short-lived."""

    __tablename__ = "report_draft"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    sealed: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    changed_at: Mapped[datetime] = mapped_column(UtcTime, index=True)
    complaint_id: Mapped[str | None] = mapped_column(String(32))


class UsedChallenge(Base):
    """A proof of work that was handed in; each counts once."""

    __tablename__ = "used_challenge"

    challenge: Mapped[str] = mapped_column(String(100), primary_key=True)
    used_at: Mapped[datetime] = mapped_column(UtcTime, index=True)
