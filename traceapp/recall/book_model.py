"""Tables of the books of a recall: answers, what came back, what becomes of it, differences, tries of the checks."""
from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Index, Integer, String, Text, false
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.db import Base, JsonText, UtcTime, enum_check


class NoticeAnswer(Base):
    """One answer of a consignee as it was given: who, when, which way (`link`, or one of WAYS), `lines`: {lot key:
    {place: units}}. A late one came after the end: the books stand as they were signed, and somebody looks at it;
    `passed`: whom it named, as `naming.kept` writes them."""

    __tablename__ = "notice_answer"
    append_only = True

    recall_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    consignee_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    answered_at: Mapped[datetime] = mapped_column(UtcTime)
    answered_by: Mapped[str] = mapped_column(String(200))
    way: Mapped[str] = mapped_column(String(12))
    lines: Mapped[Any] = mapped_column(JsonText)
    explanation: Mapped[str] = mapped_column(Text, default="")
    is_late: Mapped[bool] = mapped_column(default=False)
    passed: Mapped[Any] = mapped_column(JsonText, default=list, server_default="[]")


class LateState(StrEnum):
    """`waiting` is work for quality. The rest ends by itself or by somebody: `same`: it says what the books say;
    `replaced`: a later one of the same came, about the same lots; `taken`: the case was reopened, and it counts;
    `noted`: the books stand, for a reason; `withdrawn`: the notice was withdrawn, nobody counts any more."""

    waiting = "waiting"
    same = "same"
    replaced = "replaced"
    taken = "taken"
    noted = "noted"
    withdrawn = "withdrawn"


class LateAnswer(Base):
    """What becomes of an answer that came after the end; what it said stands in NoticeAnswer."""

    __tablename__ = "recall_late_answer"
    __table_args__ = (enum_check("state", LateState), Index("ix_recall_late_answer_state", "recall_id", "state"))

    recall_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    consignee_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    state: Mapped[str] = mapped_column(String(10))
    came_at: Mapped[datetime] = mapped_column(UtcTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcTime)
    ended_by: Mapped[str | None] = mapped_column(String(80))
    reason: Mapped[str] = mapped_column(Text, default="")


class LatePassedAnswer(Base):
    """What somebody who got units from a consignee said after the end, as it was given, and what becomes of it.
    `lines`: {lot key: {place: units}}; `passed`: whom it named, as `naming.kept` writes them."""

    __tablename__ = "recall_late_passed"
    __table_args__ = (enum_check("state", LateState), Index("ix_recall_late_passed_state", "recall_id", "state"))

    passed_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    recall_id: Mapped[str] = mapped_column(String(32))
    answered_by: Mapped[str] = mapped_column(String(200))
    lines: Mapped[Any] = mapped_column(JsonText)
    passed: Mapped[Any] = mapped_column(JsonText)
    explanation: Mapped[str] = mapped_column(Text, default="")
    state: Mapped[str] = mapped_column(String(10))
    came_at: Mapped[datetime] = mapped_column(UtcTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcTime)
    ended_by: Mapped[str | None] = mapped_column(String(80))
    reason: Mapped[str] = mapped_column(Text, default="")


class LateReturnState(StrEnum):
    """`waiting` is work for quality; `noted`: the recall stays ended, for a reason; `taken`: the case was reopened."""

    waiting = "waiting"
    noted = "noted"
    taken = "taken"


class LateReturn(Base):
    """What becomes of goods of an ended recall that came back; what came stands in RecallReturn."""

    __tablename__ = "recall_late_return"
    __table_args__ = (enum_check("state", LateReturnState),
                      Index("ix_recall_late_return_recall", "recall_id", "consignee_id"))

    lot_key: Mapped[str] = mapped_column(String(32), primary_key=True)
    return_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    recall_id: Mapped[str] = mapped_column(String(32))
    consignee_id: Mapped[str] = mapped_column(String(32))
    units: Mapped[Decimal]
    state: Mapped[str] = mapped_column(String(10))
    came_at: Mapped[datetime] = mapped_column(UtcTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcTime)
    ended_by: Mapped[str | None] = mapped_column(String(80))
    reason: Mapped[str] = mapped_column(Text, default="")


class RecallReturn(Base):
    """Units that came back and were counted at our gate; `event_id` is the event that took them into stock, `sscc` the
    pallet or carton in which they came, where its label was scanned. Outside the scope: counted in, stopped by a hold
    of its own, and not part of the books."""

    __tablename__ = "recall_return"
    append_only = True
    __table_args__ = (CheckConstraint("units > 0", name="something_came"),
                      Index("ix_recall_return_recall", "recall_id", "consignee_id"))

    lot_key: Mapped[str] = mapped_column(String(32), primary_key=True)
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    recall_id: Mapped[str] = mapped_column(String(32))
    consignee_id: Mapped[str] = mapped_column(String(32))
    units: Mapped[Decimal]
    is_in_scope: Mapped[bool]
    document_number: Mapped[str] = mapped_column(String(80), default="")
    note: Mapped[str] = mapped_column(Text, default="")
    sscc: Mapped[str] = mapped_column(String(18), default="", server_default="")
    event_id: Mapped[str] = mapped_column(String(32))
    counted_at: Mapped[datetime] = mapped_column(UtcTime)
    counted_by: Mapped[str] = mapped_column(String(32))


class ContainerReturn(Base):
    """A pallet or carton that came back, or came back in one, once for each time that it left: `despatch_id` is the
    event by which it had."""

    __tablename__ = "recall_container_return"
    append_only = True

    container_key: Mapped[str] = mapped_column(String(32), primary_key=True)
    despatch_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    recall_id: Mapped[str] = mapped_column(String(32))
    consignee_id: Mapped[str] = mapped_column(String(32))
    sscc: Mapped[str] = mapped_column(String(18))
    taken_at: Mapped[datetime] = mapped_column(UtcTime)
    taken_by: Mapped[str] = mapped_column(String(32))


class DispositionKind(StrEnum):
    """What becomes of units in our hands. `rework`: they become a batch with a number of its own, to be inspected and
    released like any other. `release`: the same without work on them. `keep`: they stay stopped, as proof or as
    samples."""

    rework = "rework"
    destroy = "destroy"
    supplier = "supplier"
    release = "release"
    keep = "keep"


class DispositionState(StrEnum):
    """`proposed`: signed by one of the two that it needs."""

    proposed = "proposed"
    decided = "decided"
    withdrawn = "withdrawn"


class RecallDisposition(Base):
    """What becomes of some units of a recalled lot in our hands; its signatures stand with those of the recall, over
    `content_hash`. `of_kept`: about units of which it was decided before that they are kept; that decision stays to be
    read. `partner_id`: the supplier that gets them back; `new_number`: the batch that they become;
    `certificate`: the record that shows their destruction."""

    __tablename__ = "recall_disposition"
    __table_args__ = (enum_check("kind", DispositionKind), enum_check("state", DispositionState),
                      CheckConstraint("units > 0", name="of_something"),
                      CheckConstraint("of_kept = false OR kind <> 'keep'", name="kept_once"),
                      Index("ix_recall_disposition_recall", "recall_id"))

    lot_key: Mapped[str] = mapped_column(String(32), primary_key=True)
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    recall_id: Mapped[str] = mapped_column(String(32))
    kind: Mapped[str] = mapped_column(String(10))
    units: Mapped[Decimal]
    of_kept: Mapped[bool] = mapped_column(default=False, server_default=false())
    reason: Mapped[str] = mapped_column(Text)
    partner_id: Mapped[str | None] = mapped_column(String(32))
    new_number: Mapped[str] = mapped_column(String(80), default="")
    certificate: Mapped[str] = mapped_column(String(200), default="")
    state: Mapped[str] = mapped_column(String(10), default=DispositionState.proposed)
    content_hash: Mapped[str] = mapped_column(String(64))
    proposed_at: Mapped[datetime] = mapped_column(UtcTime)
    proposed_by: Mapped[str] = mapped_column(String(32))
    decided_at: Mapped[datetime | None] = mapped_column(UtcTime)
    decided_by: Mapped[str | None] = mapped_column(String(32))


class LotDifference(Base):
    """Why the units of one lot do not add up, in somebody's words, for exactly this difference."""

    __tablename__ = "recall_lot_difference"

    lot_key: Mapped[str] = mapped_column(String(32), primary_key=True)
    recall_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    difference: Mapped[Decimal]
    reason: Mapped[str] = mapped_column(Text)
    explained_at: Mapped[datetime] = mapped_column(UtcTime)
    explained_by: Mapped[str] = mapped_column(String(32))


class CheckTry(Base):
    """One time that somebody of the sample was asked, and what came of it; the answers None where nobody was
    reached."""

    __tablename__ = "effectiveness_try"
    append_only = True
    __table_args__ = (CheckConstraint("(received IS NULL) = (understood IS NULL) AND (received IS NULL) = "
                                      "(acted IS NULL)", name="asked_all_or_none"),)

    recall_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    scope_number: Mapped[int] = mapped_column(Integer, primary_key=True)
    consignee_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    way: Mapped[str] = mapped_column(String(12))
    spoken_to: Mapped[str] = mapped_column(String(200), default="")
    received: Mapped[bool | None]
    understood: Mapped[bool | None]
    acted: Mapped[bool | None]
    note: Mapped[str] = mapped_column(Text, default="")
    at: Mapped[datetime] = mapped_column(UtcTime)
    by: Mapped[str] = mapped_column(String(32))
