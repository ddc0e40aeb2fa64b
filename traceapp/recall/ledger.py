"""Keeping the books: answers that staff took by telephone, and lines that were settled for a reason."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.audit import record
from traceapp.catalog.texts import required_text, short_text
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, InvalidInput, NotFound
from traceapp.identity.policy import permit
from traceapp.vault.service import Vault
from traceapp.worklist.tasks import drop_tasks

from .answer import AnswerLine, RecordAnswer, write_answers
from .answer_said import counted_of
from .cases import is_running, notice_stream, recall_by_id
from .exceeding import follow_excess
from .model import Notice, Recall, RecallLedger
from .naming import PassOn
from .notices import UNTOLD_TASKS, notice_for, notices_for
from .policy import LineState, line_state, unaccounted
from .states import RecallState

WAYS = ("telephone", "visit", "letter", "e-mail")
_MOST_NAMED = 50


@dataclass(frozen=True, slots=True)
class AnswerByStaff:
    """An answer that came another way than by the link; `way` is one of WAYS, `answered_by` who said it there."""

    recall_id: str
    consignee_id: str
    lines: tuple[AnswerLine, ...]
    answered_by: str
    way: str = "telephone"
    explanation: str = ""
    seen: int | None = None
    passed: tuple[PassOn, ...] = ()


@dataclass(frozen=True, slots=True)
class SettleLine:
    """Close one line for a reason, although it has no answer or leaves units unaccounted for."""

    recall_id: str
    consignee_id: str
    lot_key: str
    reason: str


def record_answer_by_staff(session: Session, actor: Actor, clock: Clock, command: AnswerByStaff, *,
                           vault: Vault | None = None) -> Notice:
    """Write down what a consignee said; the trail says which way it came. Raises as record_answer, and Forbidden."""
    notice, = record_answers_by_staff(session, actor, clock, [command], vault=vault)
    return notice


def record_answers_by_staff(session: Session, actor: Actor, clock: Clock, commands: Sequence[AnswerByStaff], *,
                            vault: Vault | None = None) -> list[Notice]:
    """The same for many consignees of one recall, each of them once."""
    permit(actor, "recall.write")
    if any(command.way not in WAYS for command in commands):
        raise InvalidInput("Say how the answer came: %(ways)s.", code="unknown-way", place="way",
                           ways=", ".join(WAYS))
    by_consignee = notices_for(session, commands[0].recall_id, [one.consignee_id for one in commands])
    notices = [by_consignee[command.consignee_id] for command in commands]
    recall = _running(session, commands[0].recall_id)
    before = [notice.answers for notice in notices]
    write_answers(session, clock, recall, [(notice, actor, RecordAnswer(
        token="", lines=command.lines, answered_by=command.answered_by, explanation=command.explanation,
        seen=command.seen, way=command.way, passed=command.passed))
        for notice, command in zip(notices, commands, strict=True)], vault=vault)
    for notice, command, answers in zip(notices, commands, before, strict=True):
        if notice.answers != answers:
            record(session, actor, clock.now(), "notice.answer_taken", notice_stream(notice.id),
                   {"recall": recall.id, "way": command.way})
    return notices


def settle_line(session: Session, actor: Actor, clock: Clock, command: SettleLine) -> RecallLedger:
    """Close a line of the ledger for a reason. Raises NotFound, InvalidInput without a reason, Conflict when the line
    is accounted for or settled already, or the recall is not running."""
    permit(actor, "recall.write")
    notice = notice_for(session, command.recall_id, command.consignee_id, lock=True)
    recall = _running(session, command.recall_id)
    row = session.get(RecallLedger, (command.lot_key, recall.id, command.consignee_id), with_for_update=True)
    if row is None:
        raise NotFound("This lot did not go to this consignee.", code="unknown-line", place="lot_key")
    reason = short_text(required_text(command.reason, place="reason"), 2000, place="reason")
    state = state_of(row)
    if state == LineState.unproved:
        raise Conflict("Only a photo or certificate is missing here. Add it, or accept the destruction without one.",
                       code="unproved")
    if state in (LineState.accounted, LineState.settled):
        raise Conflict("There is nothing left to settle here.", code="not-open")
    row.settled_at, row.settled_by, row.settled_reason = clock.now(), actor.id, reason
    record(session, actor, clock.now(), "notice.settled", notice_stream(notice.id), {
        "recall": recall.id, "lot": row.lot_key, "was": str(state), "reason": reason,
        "unaccounted": unaccounted(row.shipped, counted_of(row), row.came_back)})
    session.flush()
    if state == LineState.excess:
        follow_excess(session, actor, clock, (recall, notice), session.scalars(select(RecallLedger).where(
            RecallLedger.recall_id == recall.id, RecallLedger.consignee_id == command.consignee_id)).all())
    if not _is_waited_for(session, recall.id, command.consignee_id):
        for kind in UNTOLD_TASKS:
            drop_tasks(session, actor, clock, notice_stream(notice.id), kind)
    return row


def state_of(row: RecallLedger) -> LineState:
    """Where a line of the ledger stands."""
    return line_state(row.shipped, counted_of(row), row.came_back, is_settled=row.settled_at is not None,
                      unproved=row.unproved)


def _running(session: Session, recall_id: str) -> Recall:
    """The recall, shared: closing it waits. Raises Conflict when it is not running."""
    recall = session.get(Recall, recall_id, with_for_update={"read": True})
    if recall is None:
        return recall_by_id(session, recall_id)
    if not is_running(recall):
        raise Conflict("The ledger can be changed only while the recall is running; it is “%(state)s”.",
                       code="wrong-state", state=RecallState(recall.state))
    return recall


def _is_waited_for(session: Session, recall_id: str, consignee_id: str) -> bool:
    """Whether a lot of this consignee is neither answered nor settled."""
    return session.scalar(select(RecallLedger.lot_key).where(
        RecallLedger.recall_id == recall_id, RecallLedger.consignee_id == consignee_id,
        RecallLedger.on_hand.is_(None), RecallLedger.settled_at.is_(None)).limit(1)) is not None
