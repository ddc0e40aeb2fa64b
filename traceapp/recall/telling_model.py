"""Tables of those who are told besides the direct consignees: whom these passed units on to, and consumers."""
from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.db import Base, UtcTime, enum_check

from .states import NoticeState


class PassedNotice(Base):
    """The notice to somebody who got units from a consignee, or from somebody who had them from one (`parent_id`),
    named by whoever gave them or by staff, with its own link. `depth`: how many hands after the consignee. It is no
    line of the ledger: the units stay the consignee's. `answer_by`: the day that its letter names."""

    __tablename__ = "notice_pass_on"
    __table_args__ = (enum_check("state", NoticeState), CheckConstraint("depth > 0", name="after_the_consignee"),
                      Index("ix_notice_pass_on_consignee", "recall_id", "consignee_id"),
                      Index("ix_notice_pass_on_token", "token_hash"))

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    recall_id: Mapped[str] = mapped_column(ForeignKey("recall.id"))
    consignee_id: Mapped[str] = mapped_column(String(32))
    parent_id: Mapped[str | None] = mapped_column(String(32))
    depth: Mapped[int] = mapped_column(Integer, default=1)
    name: Mapped[str] = mapped_column(String(200))
    email: Mapped[str] = mapped_column(String(254), default="")
    mobile: Mapped[str] = mapped_column(String(16), default="")
    phone: Mapped[str] = mapped_column(String(40), default="")
    language: Mapped[str] = mapped_column(String(8), default="zh")
    token_hash: Mapped[str] = mapped_column(String(64))
    sealed_token: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(12), default=NoticeState.queued)
    named_at: Mapped[datetime] = mapped_column(UtcTime)
    named_by: Mapped[str] = mapped_column(String(80))
    sent_at: Mapped[datetime | None] = mapped_column(UtcTime)
    opened_at: Mapped[datetime | None] = mapped_column(UtcTime)
    answer_by: Mapped[datetime] = mapped_column(UtcTime)
    answered_at: Mapped[datetime | None] = mapped_column(UtcTime)
    answers: Mapped[int] = mapped_column(Integer, default=0)
    reminders: Mapped[int] = mapped_column(Integer, default=0)
    reminded_at: Mapped[datetime | None] = mapped_column(UtcTime)


class PassedLine(Base):
    """Units of one lot that were passed on, as the giver says (none: it took that back), and what the taker says of
    them. `passed_on`: what the rows of those that it names in turn come to; `unproved`: of those
    destroyed, how many neither a file nor a reason (`accepted_reason`) covers."""

    __tablename__ = "notice_pass_on_line"
    __table_args__ = (
        CheckConstraint("units >= 0 AND passed_on >= 0", name="units_are_not_negative"),
        CheckConstraint("on_hand IS NULL OR (on_hand >= 0 AND used >= 0 AND returned >= 0)",
                        name="answers_are_not_negative"),
        CheckConstraint("unproved >= 0 AND unproved <= destroyed AND corrected >= 0", name="proved_are_destroyed"),)

    notice_id: Mapped[str] = mapped_column(ForeignKey("notice_pass_on.id"), primary_key=True)
    lot_key: Mapped[str] = mapped_column(String(32), primary_key=True)
    units: Mapped[Decimal]
    on_hand: Mapped[Decimal | None]
    used: Mapped[Decimal | None]
    returned: Mapped[Decimal | None]
    passed_on: Mapped[Decimal] = mapped_column(default=Decimal(0))
    destroyed: Mapped[Decimal] = mapped_column(default=Decimal(0))
    corrected: Mapped[Decimal] = mapped_column(default=Decimal(0))
    unproved: Mapped[Decimal] = mapped_column(default=Decimal(0))
    accepted_at: Mapped[datetime | None] = mapped_column(UtcTime)
    accepted_by: Mapped[str | None] = mapped_column(String(32))
    accepted_reason: Mapped[str] = mapped_column(Text, default="")
    answered_at: Mapped[datetime | None] = mapped_column(UtcTime)
    answered_by: Mapped[str] = mapped_column(String(200), default="")
    explanation: Mapped[str] = mapped_column(Text, default="")


class ConsumerNotice(Base):
    """That a person of the vault is told of a recall, and what came of it. One row a person and recall, without a name
    or an address."""

    __tablename__ = "consumer_notice"
    __table_args__ = (enum_check("state", NoticeState), Index("ix_consumer_notice_state", "recall_id", "state"))

    recall_id: Mapped[str] = mapped_column(ForeignKey("recall.id"), primary_key=True)
    person_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    id: Mapped[str] = mapped_column(String(32))
    state: Mapped[str] = mapped_column(String(12), default=NoticeState.queued)
    queued_at: Mapped[datetime] = mapped_column(UtcTime)
    settled_at: Mapped[datetime | None] = mapped_column(UtcTime)


class ConsumerLot(Base):
    """That a person of the vault was, or is to be, told of a batch: what was told is known by itself, not by when.
    The key begins with the person, so that who was told is looked up by who complained."""

    __tablename__ = "consumer_notice_lot"
    __table_args__ = (ForeignKeyConstraint(["recall_id", "person_id"],
                                           ["consumer_notice.recall_id", "consumer_notice.person_id"]),)

    person_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    recall_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    lot_key: Mapped[str] = mapped_column(String(32), primary_key=True)
