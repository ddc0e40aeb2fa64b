"""Tables of what the public is told of recalls: what was changed of a notice, who wants mail, which mail was sent."""
from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.db import Base, JsonText, UtcTime, enum_check


class RevisionKind(StrEnum):
    """`correction`: texts were changed; `withdrawal`: the whole notice was taken back."""

    correction = "correction"
    withdrawal = "withdrawal"


class RecallRevision(Base):
    """A change of a notice that people had read: which texts were what before and after, and what people are told of
    it in both languages. `signed_hash` covers the texts as they stand afterwards."""

    __tablename__ = "recall_revision"
    __table_args__ = (enum_check("kind", RevisionKind),)
    append_only = True

    recall_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    kind: Mapped[str] = mapped_column(String(12))
    said_zh: Mapped[str] = mapped_column(Text)
    said_en: Mapped[str] = mapped_column(Text)
    before: Mapped[Any] = mapped_column(JsonText)
    after: Mapped[Any] = mapped_column(JsonText)
    signed_hash: Mapped[str] = mapped_column(String(64))
    made_by: Mapped[str] = mapped_column(String(32))
    at: Mapped[datetime] = mapped_column(UtcTime)


class RecallSubscriber(Base):
    """Somebody who asked for mail about recalls. The address is sealed; its keyed hash finds it again. The row goes
    with its last subscription. `bounces`: so many mails came back since the address was last confirmed; from
    `suspended_at` on it gets none until it is confirmed again."""

    __tablename__ = "recall_subscriber"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    address_hash: Mapped[str] = mapped_column(String(64), unique=True)
    sealed_address: Mapped[str] = mapped_column(Text)
    language: Mapped[str] = mapped_column(String(8))
    leave_hash: Mapped[str] = mapped_column(String(64), unique=True)
    sealed_leave: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    bounces: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    suspended_at: Mapped[datetime | None] = mapped_column(UtcTime)


class RecallSubscription(Base):
    """What they want to hear of: one product, one lot, or, with neither, every recall. Nothing is sent before
    `confirmed_at`; the secret of the link that confirms is kept sealed for the mail that carries it, until then."""

    __tablename__ = "recall_subscription"
    __table_args__ = (CheckConstraint("product_id IS NULL OR lot_key IS NULL", name="about_one_thing"),
                      Index("ix_recall_subscription_product", "product_id"),
                      Index("ix_recall_subscription_lot", "lot_key"))

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    subscriber_id: Mapped[str] = mapped_column(ForeignKey("recall_subscriber.id"), index=True)
    product_id: Mapped[str | None] = mapped_column(String(32))
    lot_key: Mapped[str | None] = mapped_column(String(32))
    confirm_hash: Mapped[str] = mapped_column(String(64), index=True)
    sealed_confirm: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[datetime] = mapped_column(UtcTime)
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcTime)


class SubscriberMail(Base):
    """The mail of one event of a recall to one subscriber: there is one at most. `event`: see `announcing`."""

    __tablename__ = "recall_subscriber_mail"

    event: Mapped[str] = mapped_column(String(80), primary_key=True)
    subscriber_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    queued_at: Mapped[datetime] = mapped_column(UtcTime)
