"""Tables of recalls: case, frozen scope, notices, ledger, approvals."""
from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.db import Base, JsonText, Revisioned, UtcTime, enum_check

from .states import NoticeState, RecallClass, RecallState


class Recall(Revisioned, Base):
    """One recall case. Title, risk, action and remedy are what the public and consignees read; `reason` stays inside.
    `scope_rule`: {"roots": [lot keys], "left_out": {lot key: why}}. `scope_hash` stands while the scope is frozen.
    `extends_id`: the earlier recall that this one takes to further batches."""

    __tablename__ = "recall"
    __table_args__ = (enum_check("state", RecallState), enum_check("recall_class", RecallClass),
                      Index("ix_recall_state_opened", "state", "opened_at"))

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    reference: Mapped[str] = mapped_column(String(20), unique=True)
    state: Mapped[str] = mapped_column(String(12), default=RecallState.draft)
    recall_class: Mapped[str] = mapped_column(String(4))
    title_zh: Mapped[str] = mapped_column(String(300))
    title_en: Mapped[str] = mapped_column(String(300))
    reason: Mapped[str] = mapped_column(Text)
    risk_zh: Mapped[str] = mapped_column(Text)
    risk_en: Mapped[str] = mapped_column(Text)
    action_zh: Mapped[str] = mapped_column(Text)
    action_en: Mapped[str] = mapped_column(Text)
    remedy_zh: Mapped[str] = mapped_column(Text, default="")
    remedy_en: Mapped[str] = mapped_column(Text, default="")
    contact: Mapped[str] = mapped_column(String(200))
    signal_id: Mapped[str | None] = mapped_column(String(32))
    root_lot_key: Mapped[str | None] = mapped_column(String(32))
    extends_id: Mapped[str | None] = mapped_column(String(32))
    opened_at: Mapped[datetime] = mapped_column(UtcTime)
    opened_by: Mapped[str] = mapped_column(String(32))
    submitted_at: Mapped[datetime | None] = mapped_column(UtcTime)
    submitted_by: Mapped[str | None] = mapped_column(String(32))
    approved_at: Mapped[datetime | None] = mapped_column(UtcTime)
    approved_by: Mapped[str | None] = mapped_column(String(32))
    closed_at: Mapped[datetime | None] = mapped_column(UtcTime)
    closing_note: Mapped[str] = mapped_column(Text, default="")
    answer_by: Mapped[datetime | None] = mapped_column(UtcTime)
    scope_rule: Mapped[Any] = mapped_column(JsonText, default=dict)
    scope_hash: Mapped[str | None] = mapped_column(String(64))


class RecallLot(Base):
    """A lot in scope, with where its units were when the scope was last looked at (after `submit`: frozen). `path` is
    the way from a chosen lot to this one, lot numbers with arrows between."""

    __tablename__ = "recall_lot"
    __table_args__ = (Index("ix_recall_lot_recall", "recall_id"),)

    lot_key: Mapped[str] = mapped_column(String(32), primary_key=True)
    recall_id: Mapped[str] = mapped_column(ForeignKey("recall.id"), primary_key=True)
    path: Mapped[str] = mapped_column(Text, default="")
    made: Mapped[Decimal]
    in_stock: Mapped[Decimal]
    shipped: Mapped[Decimal]


class RecallLedger(Base):
    """One lot at one consignee: what was shipped (net of returns, frozen with the scope), and what the consignee says
    of it. Units of the product. A settled line was closed by staff for a reason, answered or not."""

    __tablename__ = "recall_ledger"
    __table_args__ = (
        CheckConstraint("on_hand IS NULL OR (on_hand >= 0 AND used >= 0 AND returned >= 0 AND received >= 0)",
                        name="answers_are_not_negative"),
        Index("ix_recall_ledger_recall", "recall_id", "consignee_id"))

    lot_key: Mapped[str] = mapped_column(String(32), primary_key=True)
    recall_id: Mapped[str] = mapped_column(ForeignKey("recall.id"), primary_key=True)
    consignee_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    shipped: Mapped[Decimal]
    received: Mapped[Decimal | None]
    on_hand: Mapped[Decimal | None]
    used: Mapped[Decimal | None]
    returned: Mapped[Decimal | None]
    answered_at: Mapped[datetime | None] = mapped_column(UtcTime)
    answered_by: Mapped[str] = mapped_column(String(200), default="")
    explanation: Mapped[str] = mapped_column(Text, default="")
    settled_at: Mapped[datetime | None] = mapped_column(UtcTime)
    settled_by: Mapped[str | None] = mapped_column(String(80))
    settled_reason: Mapped[str] = mapped_column(Text, default="")


class Notice(Base):
    """The letter to one consignee, with the hash of its answer link and when it was read and answered. `answers`
    counts what was recorded; `answered_at` stands once every lot is answered."""

    __tablename__ = "notice"
    __table_args__ = (enum_check("state", NoticeState), Index("ix_notice_token", "token_hash"))

    recall_id: Mapped[str] = mapped_column(ForeignKey("recall.id"), primary_key=True)
    consignee_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    id: Mapped[str] = mapped_column(String(32))
    token_hash: Mapped[str] = mapped_column(String(64))
    sealed_token: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(12), default=NoticeState.queued)
    queued_at: Mapped[datetime] = mapped_column(UtcTime)
    sent_at: Mapped[datetime | None] = mapped_column(UtcTime)
    opened_at: Mapped[datetime | None] = mapped_column(UtcTime)
    answered_at: Mapped[datetime | None] = mapped_column(UtcTime)
    answers: Mapped[int] = mapped_column(Integer, default=0)
    reminders: Mapped[int] = mapped_column(Integer, default=0)
    reminded_at: Mapped[datetime | None] = mapped_column(UtcTime)


class RecallSignature(Base):
    """A signature on a recall: who, when, what it means, and the hash of what was signed.

    Source: 21 CFR 11.50 and 11.70.
    """

    __tablename__ = "recall_signature"
    append_only = True

    recall_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    user_id: Mapped[str] = mapped_column(String(32))
    user_name: Mapped[str] = mapped_column(String(120))
    meaning: Mapped[str] = mapped_column(String(40))
    reason: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UtcTime)
    signed_hash: Mapped[str] = mapped_column(String(64))
