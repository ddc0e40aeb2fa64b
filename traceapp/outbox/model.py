"""Tables of the outbox."""
from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.db import Base, JsonText, UtcTime, enum_check


class MessageState(StrEnum):
    """`uncertain`: the attempt was cut off after the server may have accepted it; a person decides."""

    pending = "pending"
    sent = "sent"
    written = "written"
    uncertain = "uncertain"
    failed = "failed"


class OutboxMessage(Base):
    """One message to one recipient. `recipient` is a reference (`contact:…`), never an address of a person."""

    __tablename__ = "outbox_message"
    __table_args__ = (enum_check("state", MessageState), Index("ix_outbox_message_due", "state", "due_at"),
                      Index("ix_outbox_message_number", "message_id"))

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    recipient: Mapped[str] = mapped_column(String(80))
    subject_key: Mapped[str] = mapped_column(String(80), index=True)
    payload: Mapped[Any] = mapped_column(JsonText)
    message_id: Mapped[str] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(16), default=MessageState.pending)
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    due_at: Mapped[datetime] = mapped_column(UtcTime)
    lease_until: Mapped[datetime | None] = mapped_column(UtcTime)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    done_at: Mapped[datetime | None] = mapped_column(UtcTime)


class OutboxAttempt(Base):
    """One try, with what the other side said."""

    __tablename__ = "outbox_attempt"
    __table_args__ = (ForeignKeyConstraint(["message_id"], ["outbox_message.id"]),)
    append_only = True

    message_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcTime)
    outcome: Mapped[str] = mapped_column(String(16))
    detail: Mapped[str] = mapped_column(Text, default="")
