"""Tables of the EPCIS interface: what events can be found by, capture jobs, named queries, subscriptions."""
from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.db import Base, JsonText, UtcTime, enum_check


class ErrorBehaviour(StrEnum):
    """`rollback`: all of a document or nothing; `proceed`: what is sound of it."""

    rollback = "rollback"
    proceed = "proceed"


class EventTerm(Base):
    """One thing that an event can be found by beside its items (`EventItem`), derived from it. `key` follows from
    `value` in its canonical form, so that all ways of writing a URI meet; `at` is the event's time, so that a page of
    one key is a range of the index."""

    __tablename__ = "event_term"
    # On SQLite what is found lies in the key itself.
    __table_args__ = ({"sqlite_with_rowid": False},)

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    key: Mapped[str] = mapped_column(String(32), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcTime, primary_key=True)
    event_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    subject_key: Mapped[str] = mapped_column(String(32))
    value: Mapped[str] = mapped_column(Text)


class CaptureJob(Base):
    """One request to capture a document, with what came of it. Without `capture_id` nothing of it was stored."""

    __tablename__ = "capture_job"
    __table_args__ = (enum_check("behaviour", ErrorBehaviour), Index("ix_capture_job_capture", "capture_id"))
    append_only = True

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    finished_at: Mapped[datetime] = mapped_column(UtcTime)
    actor_id: Mapped[str] = mapped_column(String(80))
    behaviour: Mapped[str] = mapped_column(String(8))
    capture_id: Mapped[str | None] = mapped_column(String(32))
    errors: Mapped[Any] = mapped_column(JsonText)


class NamedQuery(Base):
    """A query under a name; `parameters` are name and values as they were sent."""

    __tablename__ = "epcis_query"

    name: Mapped[str] = mapped_column(String(120), primary_key=True)
    parameters: Mapped[Any] = mapped_column(JsonText)
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    created_by: Mapped[str] = mapped_column(String(80))


class Subscription(Base):
    """Who is told of the events that a named query finds. Without a `schedule` at once, else at `next_at` with what
    has gathered. `sealed_secret` is what deliveries are signed with. Since `paused_at` nobody is told."""

    __tablename__ = "epcis_subscription"
    __table_args__ = (ForeignKeyConstraint(["query_name"], ["epcis_query.name"]),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    query_name: Mapped[str] = mapped_column(String(120), index=True)
    dest: Mapped[str] = mapped_column(String(2000))
    sealed_secret: Mapped[str] = mapped_column(Text)
    schedule: Mapped[Any | None] = mapped_column(JsonText)
    reports_if_empty: Mapped[bool] = mapped_column(default=False)
    initial_record_time: Mapped[datetime] = mapped_column(UtcTime)
    next_at: Mapped[datetime | None] = mapped_column(UtcTime, index=True)
    last_notified_at: Mapped[datetime | None] = mapped_column(UtcTime)
    paused_at: Mapped[datetime | None] = mapped_column(UtcTime)
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    created_by: Mapped[str] = mapped_column(String(80))


class GatheredEvent(Base):
    """An event that a subscription will be told of when its time comes."""

    __tablename__ = "epcis_gathered"
    __table_args__ = (ForeignKeyConstraint(["subscription_id"], ["epcis_subscription.id"]),)

    subscription_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    event_id: Mapped[str] = mapped_column(String(32), primary_key=True)
