"""Tables of CAPAs."""
from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.db import Base, Revisioned, UtcTime, enum_check

from .states import ActionState, CapaKind, CapaState, CauseKind, Conclusion, LinkKind, Verdict

_IS_RUNNING = "origin <> '' AND state NOT IN ('closed', 'cancelled')"


class Capa(Revisioned, Base):
    """One problem from its description to the proof that it is gone. `origin` (`signal:…`) is what it was opened from:
    one of each kind runs for it at a time. `problem_kind` is a term of the list of what goes wrong, or "". `no_cause`:
    why the cause cannot be found. `changes` counts every act on it, so that each is a new revision."""

    __tablename__ = "capa"
    __table_args__ = (
        enum_check("kind", CapaKind), enum_check("state", CapaState),
        Index("ix_capa_state_opened", "state", "opened_at"), Index("ix_capa_opened", "opened_at"),
        Index("ix_capa_owner", "owner_id"),
        Index("uq_capa_running_origin", "origin", "kind", unique=True, sqlite_where=text(_IS_RUNNING),
              postgresql_where=text(_IS_RUNNING)))

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    reference: Mapped[str] = mapped_column(String(20), unique=True)
    kind: Mapped[str] = mapped_column(String(12))
    state: Mapped[str] = mapped_column(String(16), default=CapaState.open)
    title: Mapped[str] = mapped_column(String(300))
    problem: Mapped[str] = mapped_column(Text)
    problem_kind: Mapped[str] = mapped_column(String(40), default="")
    origin: Mapped[str] = mapped_column(String(80), default="")
    owner_id: Mapped[str] = mapped_column(String(32))
    due_on: Mapped[date]
    opened_at: Mapped[datetime] = mapped_column(UtcTime)
    opened_by: Mapped[str] = mapped_column(String(32))
    closed_at: Mapped[datetime | None] = mapped_column(UtcTime)
    no_cause: Mapped[str] = mapped_column(Text, default="")
    changes: Mapped[int] = mapped_column(Integer, default=0)


class CapaProduct(Base):
    """A product that a CAPA is about."""

    __tablename__ = "capa_product"

    product_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    capa_id: Mapped[str] = mapped_column(ForeignKey("capa.id"), primary_key=True, index=True)


class CapaLink(Base):
    """A thing that a CAPA is about: what it is, its id, and what people call it. An inspection is found under its
    lot."""

    __tablename__ = "capa_link"
    __table_args__ = (enum_check("kind", LinkKind), Index("ix_capa_link_target", "kind", "target_id"))

    capa_id: Mapped[str] = mapped_column(ForeignKey("capa.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    target_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    lot_key: Mapped[str | None] = mapped_column(String(32))
    name: Mapped[str] = mapped_column(String(200))
    added_at: Mapped[datetime] = mapped_column(UtcTime)
    added_by: Mapped[str] = mapped_column(String(32))


class CapaWhy(Base):
    """One answer of the five whys, in order."""

    __tablename__ = "capa_why"

    capa_id: Mapped[str] = mapped_column(ForeignKey("capa.id"), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    answer: Mapped[str] = mapped_column(Text)


class CapaCause(Base):
    """A node of the cause tree: `parent_id` is what it would explain, None for the problem itself."""

    __tablename__ = "capa_cause"
    __table_args__ = (enum_check("kind", CauseKind), enum_check("verdict", Verdict),
                      Index("ix_capa_cause_capa", "capa_id", "position"))

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    capa_id: Mapped[str] = mapped_column(ForeignKey("capa.id"))
    parent_id: Mapped[str | None] = mapped_column(ForeignKey("capa_cause.id"))
    position: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(String(16))
    text: Mapped[str] = mapped_column(Text)
    evidence: Mapped[str] = mapped_column(Text, default="")
    verdict: Mapped[str] = mapped_column(String(10), default=Verdict.supposed)


class CapaAction(Base):
    """What is done about it, by whom, by when. `escalated_at`: the manager was told that it is late."""

    __tablename__ = "capa_action"
    __table_args__ = (
        enum_check("state", ActionState),
        CheckConstraint("(state = 'done') = (done_at IS NOT NULL)", name="done_has_its_time"),
        Index("ix_capa_action_capa", "capa_id", "position"), Index("ix_capa_action_due", "state", "due_on"))

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    capa_id: Mapped[str] = mapped_column(ForeignKey("capa.id"))
    position: Mapped[int] = mapped_column(Integer)
    what: Mapped[str] = mapped_column(Text)
    owner_id: Mapped[str | None] = mapped_column(String(32))
    due_on: Mapped[date | None]
    state: Mapped[str] = mapped_column(String(10), default=ActionState.open)
    done_at: Mapped[datetime | None] = mapped_column(UtcTime)
    done_by: Mapped[str | None] = mapped_column(String(32))
    outcome: Mapped[str] = mapped_column(Text, default="")
    escalated_at: Mapped[datetime | None] = mapped_column(UtcTime)


class CapaCheck(Base):
    """A verification of effectiveness: the criterion, stated before anything was done; then what was found."""

    __tablename__ = "capa_check"
    __table_args__ = (
        enum_check("conclusion", Conclusion),
        CheckConstraint("(conclusion IS NULL) = (concluded_at IS NULL)", name="conclusion_has_its_time"),
        Index("ix_capa_check_capa", "capa_id", "position"), Index("ix_capa_check_due", "planned_on"))

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    capa_id: Mapped[str] = mapped_column(ForeignKey("capa.id"))
    position: Mapped[int] = mapped_column(Integer)
    criterion: Mapped[str] = mapped_column(Text)
    method: Mapped[str] = mapped_column(Text)
    planned_on: Mapped[date]
    stated_at: Mapped[datetime] = mapped_column(UtcTime)
    stated_by: Mapped[str] = mapped_column(String(32))
    result: Mapped[str] = mapped_column(Text, default="")
    conclusion: Mapped[str | None] = mapped_column(String(16))
    concluded_at: Mapped[datetime | None] = mapped_column(UtcTime)
    concluded_by: Mapped[str | None] = mapped_column(String(32))
    escalated_at: Mapped[datetime | None] = mapped_column(UtcTime)


class CapaQuestion(Base):
    """A question of quality to development, with the last moment for the answer; `is_due_sure` off: it was counted over
    a year whose holidays nobody has entered."""

    __tablename__ = "capa_question"
    __table_args__ = (
        CheckConstraint("(answered_at IS NULL) = (answer = '')", name="answer_has_its_time"),
        Index("ix_capa_question_capa", "capa_id", "position"), Index("ix_capa_question_due", "answered_at", "due_at"))

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    capa_id: Mapped[str] = mapped_column(ForeignKey("capa.id"))
    position: Mapped[int] = mapped_column(Integer)
    question: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[datetime] = mapped_column(UtcTime)
    asked_by: Mapped[str] = mapped_column(String(32))
    asked_of_id: Mapped[str] = mapped_column(String(32))
    due_at: Mapped[datetime] = mapped_column(UtcTime)
    is_due_sure: Mapped[bool]
    answer: Mapped[str] = mapped_column(Text, default="")
    answered_at: Mapped[datetime | None] = mapped_column(UtcTime)
    answered_by: Mapped[str | None] = mapped_column(String(32))
    escalated_at: Mapped[datetime | None] = mapped_column(UtcTime)


class CapaDecision(Base):
    """What changed the state, by whom, why; a closing is signed: its meaning and the hash of what was signed.

    Source: 21 CFR 11.50 and 11.70.
    """

    __tablename__ = "capa_decision"
    append_only = True

    capa_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    action: Mapped[str] = mapped_column(String(16))
    before: Mapped[str] = mapped_column(String(16))
    after: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UtcTime)
    user_id: Mapped[str] = mapped_column(String(32))
    user_name: Mapped[str] = mapped_column(String(120))
    meaning: Mapped[str] = mapped_column(String(40), default="")
    signed_hash: Mapped[str] = mapped_column(String(64), default="")
