"""Tables of the EPCIS interface: what events can be found by, and capture jobs."""
from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.db import Base, JsonText, UtcTime, enum_check


class ErrorBehaviour(StrEnum):
    """`rollback`: all of a document or nothing; `proceed`: what is sound of it."""

    rollback = "rollback"
    proceed = "proceed"


class EventTerm(Base):
    """One thing that an event can be found by, derived from it. `key` follows from `value` in its canonical form, so
    that all ways of writing a URI meet; `at` is the event's time, so that a page of one key is a range of the index."""

    __tablename__ = "event_term"
    __table_args__ = (Index("ix_event_term_event", "event_id"),)

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    key: Mapped[str] = mapped_column(String(32), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcTime, primary_key=True)
    event_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    subject_key: Mapped[str] = mapped_column(String(32))
    value: Mapped[str] = mapped_column(Text)


class CaptureJob(Base):
    """One request to capture a document, with what came of it. Without `capture_id` nothing of it was stored."""

    __tablename__ = "capture_job"
    __table_args__ = (enum_check("behaviour", ErrorBehaviour),)
    append_only = True

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    finished_at: Mapped[datetime] = mapped_column(UtcTime)
    actor_id: Mapped[str] = mapped_column(String(80))
    behaviour: Mapped[str] = mapped_column(String(8))
    capture_id: Mapped[str | None] = mapped_column(String(32))
    errors: Mapped[Any] = mapped_column(JsonText)
