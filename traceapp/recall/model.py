"""Tables of recalls: case, evaluation, frozen scope, notices, ledger, checks, signatures."""
from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, Float, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.db import Base, JsonText, Revisioned, UtcTime, enum_check

from .states import CheckLevel, Depth, NoticeState, RecallClass, RecallState, TriggerKind


class Recall(Revisioned, Base):
    """One recall case. Title, risk, action and remedy are what the public and consignees read; `reason` stays inside.
    `scope_rule`: {"rules": [as data], "roots": [lot keys], "left_out": {lot key: why}}. `scope_hash` stands while the
    scope is frozen; `scope_number` counts how often it grew after people were told. `approved_at` is the first
    approval: from then on people are told. `trigger_text` names what `trigger_kind` is about; `owner_id` runs the case.
    `check_share` is the share of level B. `is_drill`: a rehearsal, of which nobody outside ever knows.
    `letter_version`: the templates of its letters, as they were submitted (None: the first ones). `needs_proof`: units
    that a consignee destroyed count as proved by a photo or certificate alone. `capa_id`: the CAPA that was linked
    first; `ended_without`: why it could end without one, or before a report was confirmed. `lessons`: what the house
    does otherwise from now on; `authority_letter`: number and day of the letter with which an authority ended it."""

    __tablename__ = "recall"
    __table_args__ = (enum_check("state", RecallState), enum_check("recall_class", RecallClass),
                      enum_check("trigger_kind", TriggerKind), enum_check("depth", Depth),
                      enum_check("check_level", CheckLevel),
                      CheckConstraint("check_share IS NULL OR (check_share > 0.1 AND check_share < 1)",
                                      name="share_is_between_a_and_c"),
                      Index("ix_recall_state_opened", "state", "opened_at"))

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    reference: Mapped[str] = mapped_column(String(20), unique=True)
    state: Mapped[str] = mapped_column(String(16), default=RecallState.draft)
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
    opened_at: Mapped[datetime] = mapped_column(UtcTime)
    opened_by: Mapped[str] = mapped_column(String(32))
    trigger_kind: Mapped[str] = mapped_column(String(12), default=TriggerKind.other)
    trigger_text: Mapped[str] = mapped_column(String(300), default="")
    awareness_at: Mapped[datetime | None] = mapped_column(UtcTime)
    owner_id: Mapped[str | None] = mapped_column(String(32))
    is_drill: Mapped[bool] = mapped_column(default=False)
    is_mandated: Mapped[bool] = mapped_column(default=False)
    mandate: Mapped[str] = mapped_column(Text, default="")
    decided_at: Mapped[datetime | None] = mapped_column(UtcTime)
    decided_by: Mapped[str | None] = mapped_column(String(32))
    decision: Mapped[str] = mapped_column(Text, default="")
    depth: Mapped[str | None] = mapped_column(String(10))
    check_level: Mapped[str | None] = mapped_column(String(1))
    check_share: Mapped[float | None] = mapped_column(Float)
    needs_proof: Mapped[bool] = mapped_column(default=False)
    check_seed: Mapped[int | None] = mapped_column(Integer)
    scope_number: Mapped[int] = mapped_column(Integer, default=1)
    submitted_at: Mapped[datetime | None] = mapped_column(UtcTime)
    submitted_by: Mapped[str | None] = mapped_column(String(32))
    approved_at: Mapped[datetime | None] = mapped_column(UtcTime)
    approved_by: Mapped[str | None] = mapped_column(String(32))
    closed_at: Mapped[datetime | None] = mapped_column(UtcTime)
    closing_note: Mapped[str] = mapped_column(Text, default="")
    ended_without: Mapped[str] = mapped_column(Text, default="", server_default="")
    lessons: Mapped[str] = mapped_column(Text, default="", server_default="")
    authority_letter: Mapped[str] = mapped_column(Text, default="", server_default="")
    capa_id: Mapped[str | None] = mapped_column(String(32))
    answer_by: Mapped[datetime | None] = mapped_column(UtcTime)
    scope_rule: Mapped[Any] = mapped_column(JsonText, default=dict)
    scope_hash: Mapped[str | None] = mapped_column(String(64))
    letter_version: Mapped[str | None] = mapped_column(String(20))


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
    """One lot at one consignee: what was shipped (net of returns, frozen with the scope), what the consignee says of
    it, and `came_back`: what we counted at our own gate. Units of the product. A settled line was closed by staff for a
    reason, answered or not. `passed_on` and `passed_to` are what the rows of those come to whom it named. `unproved`:
    so many of the destroyed are claimed, and nothing shows it; staff may take the word for it, for a reason. `more`: so
    many units a growing scope adds to a line that people were told of before; with the approval they are shipped."""

    __tablename__ = "recall_ledger"
    __table_args__ = (
        CheckConstraint("on_hand IS NULL OR (on_hand >= 0 AND used >= 0 AND returned >= 0 AND received >= 0)",
                        name="answers_are_not_negative"),
        CheckConstraint("passed_on >= 0 AND destroyed >= 0 AND corrected >= 0 AND came_back >= 0",
                        name="places_are_not_negative"),
        CheckConstraint("on_hand IS NOT NULL OR (passed_on = 0 AND destroyed = 0 AND corrected = 0)",
                        name="no_answer_places_nothing"),
        CheckConstraint("unproved >= 0 AND unproved <= destroyed", name="unproved_is_of_the_destroyed"),
        CheckConstraint("more >= 0", name="a_line_grows"),
        Index("ix_recall_ledger_recall", "recall_id", "consignee_id"))

    lot_key: Mapped[str] = mapped_column(String(32), primary_key=True)
    recall_id: Mapped[str] = mapped_column(ForeignKey("recall.id"), primary_key=True)
    consignee_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    shipped: Mapped[Decimal]
    more: Mapped[Decimal] = mapped_column(default=Decimal(0), server_default="0")
    received: Mapped[Decimal | None]
    on_hand: Mapped[Decimal | None]
    used: Mapped[Decimal | None]
    returned: Mapped[Decimal | None]
    passed_on: Mapped[Decimal] = mapped_column(default=Decimal(0))
    passed_to: Mapped[str] = mapped_column(Text, default="")
    destroyed: Mapped[Decimal] = mapped_column(default=Decimal(0))
    corrected: Mapped[Decimal] = mapped_column(default=Decimal(0))
    came_back: Mapped[Decimal] = mapped_column(default=Decimal(0))
    unproved: Mapped[Decimal] = mapped_column(default=Decimal(0))
    accepted_at: Mapped[datetime | None] = mapped_column(UtcTime)
    accepted_by: Mapped[str | None] = mapped_column(String(32))
    accepted_reason: Mapped[str] = mapped_column(Text, default="")
    scope_number: Mapped[int] = mapped_column(Integer, default=1)
    answered_at: Mapped[datetime | None] = mapped_column(UtcTime)
    answered_by: Mapped[str] = mapped_column(String(200), default="")
    explanation: Mapped[str] = mapped_column(Text, default="")
    settled_at: Mapped[datetime | None] = mapped_column(UtcTime)
    settled_by: Mapped[str | None] = mapped_column(String(80))
    settled_reason: Mapped[str] = mapped_column(Text, default="")


class Notice(Base):
    """The letter to one consignee, with the hash of its answer link and when it was read and answered. `answers`
    counts what was recorded; `answered_at` stands once every lot is answered. `answer_by`: the day that its letter
    names; it moves when it is told anew, and not when others are."""

    __tablename__ = "notice"
    __table_args__ = (enum_check("state", NoticeState), Index("ix_notice_token", "token_hash"),
                      Index("ix_notice_state", "recall_id", "state"))

    recall_id: Mapped[str] = mapped_column(ForeignKey("recall.id"), primary_key=True)
    consignee_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    id: Mapped[str] = mapped_column(String(32))
    token_hash: Mapped[str] = mapped_column(String(64))
    sealed_token: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(12), default=NoticeState.queued)
    queued_at: Mapped[datetime] = mapped_column(UtcTime)
    sent_at: Mapped[datetime | None] = mapped_column(UtcTime)
    opened_at: Mapped[datetime | None] = mapped_column(UtcTime)
    answer_by: Mapped[datetime] = mapped_column(UtcTime)
    answered_at: Mapped[datetime | None] = mapped_column(UtcTime)
    answers: Mapped[int] = mapped_column(Integer, default=0)
    reminders: Mapped[int] = mapped_column(Integer, default=0)
    reminded_at: Mapped[datetime | None] = mapped_column(UtcTime)


class RecallEvaluation(Base):
    """One version of the health hazard evaluation, as `evaluation.Hazard` writes it; signatures cover its hash."""

    __tablename__ = "recall_evaluation"
    append_only = True

    recall_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    content: Mapped[Any] = mapped_column(JsonText)
    content_hash: Mapped[str] = mapped_column(String(64))
    written_by: Mapped[str] = mapped_column(String(32))
    written_at: Mapped[datetime] = mapped_column(UtcTime)


class RecallSnapshot(Base):
    """The scope as it was frozen, each time: lots with quantities, consignees with units, under its hash."""

    __tablename__ = "recall_snapshot"
    append_only = True

    recall_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    scope_number: Mapped[int] = mapped_column(Integer)
    scope_hash: Mapped[str] = mapped_column(String(64))
    content: Mapped[Any] = mapped_column(JsonText)
    taken_at: Mapped[datetime] = mapped_column(UtcTime)
    taken_by: Mapped[str] = mapped_column(String(32))


class NoticeAttempt(Base):
    """One time that somebody tried to reach a consignee by another way than a letter of ours, and what came of it."""

    __tablename__ = "notice_attempt"
    append_only = True

    recall_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    consignee_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    way: Mapped[str] = mapped_column(String(12))
    reached: Mapped[bool]
    note: Mapped[str] = mapped_column(Text, default="")
    at: Mapped[datetime] = mapped_column(UtcTime)
    by: Mapped[str] = mapped_column(String(32))


class EffectivenessCheck(Base):
    """A consignee that was drawn to be asked whether it got, understood and followed the notice; None: not asked yet.
    Drawn anew after the scope grew."""

    __tablename__ = "effectiveness_check"
    __table_args__ = (CheckConstraint("(received IS NULL) = (checked_at IS NULL)", name="asked_is_answered"),)

    recall_id: Mapped[str] = mapped_column(ForeignKey("recall.id"), primary_key=True)
    scope_number: Mapped[int] = mapped_column(Integer, primary_key=True)
    consignee_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    drawn_at: Mapped[datetime] = mapped_column(UtcTime)
    way: Mapped[str] = mapped_column(String(12), default="")
    received: Mapped[bool | None]
    understood: Mapped[bool | None]
    acted: Mapped[bool | None]
    note: Mapped[str] = mapped_column(Text, default="")
    checked_at: Mapped[datetime | None] = mapped_column(UtcTime)
    checked_by: Mapped[str | None] = mapped_column(String(32))


class RecallSignature(Base):
    """A signature on a recall: who, when, what it means, and the hash of what was signed. `qualification`: of who
    signed for medicine, as it read then; empty: it was not stated.

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
    qualification: Mapped[str] = mapped_column(String(300), default="", server_default="")
    at: Mapped[datetime] = mapped_column(UtcTime)
    signed_hash: Mapped[str] = mapped_column(String(64))
