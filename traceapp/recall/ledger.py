"""Closing the books: answers that staff took by telephone, lines that were settled, and the end of a recall."""
from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.audit import record
from traceapp.catalog.texts import required_text, short_text
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, InvalidInput, NotFound
from traceapp.identity.policy import permit
from traceapp.worklist.model import Task, TaskState
from traceapp.worklist.tasks import drop_tasks

from .answer import AnswerLine, RecordAnswer, counted_of, write_answer
from .cases import for_action, line_names, move, notice_stream, recall_by_id, recall_stream
from .clocks import complete_clocks
from .drafting import named
from .model import Notice, Recall, RecallLedger
from .notices import notice_for
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


@dataclass(frozen=True, slots=True)
class SettleLine:
    """Close one line for a reason, although it has no answer or leaves units unaccounted for."""

    recall_id: str
    consignee_id: str
    lot_key: str
    reason: str


@dataclass(frozen=True, slots=True)
class CloseRecall:
    """`note` says what the recall came to."""

    recall_id: str
    note: str
    revision: int | None = None


def record_answer_by_staff(session: Session, actor: Actor, clock: Clock, command: AnswerByStaff) -> Notice:
    """Write down what a consignee said; the trail says which way it came. Raises as record_answer, and Forbidden."""
    permit(actor, "recall.write")
    if command.way not in WAYS:
        raise InvalidInput("Say how the answer came: %(ways)s.", code="unknown-way", place="way",
                           ways=", ".join(WAYS))
    notice = notice_for(session, command.recall_id, command.consignee_id, lock=True)
    recall = _running(session, command.recall_id)
    before = notice.answers
    write_answer(session, actor, clock, (recall, notice), RecordAnswer(
        token="", lines=command.lines, answered_by=command.answered_by, explanation=command.explanation,
        seen=command.seen))
    if notice.answers != before:
        record(session, actor, clock.now(), "notice.answer_taken", notice_stream(notice.id),
               {"recall": recall.id, "way": command.way})
    return notice


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
    if state in (LineState.accounted, LineState.settled):
        raise Conflict("There is nothing left to settle here.", code="not-open")
    row.settled_at, row.settled_by, row.settled_reason = clock.now(), actor.id, reason
    record(session, actor, clock.now(), "notice.settled", notice_stream(notice.id), {
        "recall": recall.id, "lot": row.lot_key, "was": str(state), "reason": reason,
        "unaccounted": unaccounted(row.shipped, counted_of(row))})
    session.flush()
    if not _is_waited_for(session, recall.id, command.consignee_id):
        drop_tasks(session, actor, clock, notice_stream(notice.id))
    return row


def close_recall(session: Session, actor: Actor, clock: Clock, command: CloseRecall) -> Recall:
    """End a recall whose every line is accounted for or settled. The lots stay recalled; the clocks of its closing
    reports begin.

    Raises Conflict (code `ledger-open`) naming what is open, `errors` by `<consignee id>/<lot key>`; Stale.
    """
    recall = for_action(session, actor, "close", command.recall_id, command.revision)
    note = short_text(required_text(command.note, place="note"), 4000, place="note")
    _refuse_open(session, recall)
    recall.closed_at, recall.closing_note = clock.now(), note
    move(session, actor, clock, recall, "close", {"note": note})
    abouts = select(Notice.id).where(Notice.recall_id == recall.id)
    streams = [notice_stream(key) for key in session.scalars(abouts)] + [recall_stream(recall)]
    for about in _with_open_tasks(session, streams):
        drop_tasks(session, actor, clock, about)
    complete_clocks(session, actor, clock, recall)
    session.flush()
    return recall


def state_of(row: RecallLedger) -> LineState:
    """Where a line of the ledger stands."""
    return line_state(row.shipped, counted_of(row), is_settled=row.settled_at is not None)


def _running(session: Session, recall_id: str) -> Recall:
    """The recall, shared: closing it waits. Raises Conflict when it is not running."""
    recall = session.get(Recall, recall_id, with_for_update={"read": True})
    if recall is None:
        return recall_by_id(session, recall_id)
    if recall.state != RecallState.notifying:
        raise Conflict("The ledger can be changed only while the recall is running; it is “%(state)s”.",
                       code="wrong-state", state=str(recall.state))
    return recall


def _is_waited_for(session: Session, recall_id: str, consignee_id: str) -> bool:
    """Whether a lot of this consignee is neither answered nor settled."""
    return session.scalar(select(RecallLedger.lot_key).where(
        RecallLedger.recall_id == recall_id, RecallLedger.consignee_id == consignee_id,
        RecallLedger.on_hand.is_(None), RecallLedger.settled_at.is_(None)).limit(1)) is not None


def _refuse_open(session: Session, recall: Recall) -> None:
    unsettled = session.scalars(select(RecallLedger).where(
        RecallLedger.recall_id == recall.id, RecallLedger.settled_at.is_(None))
        .order_by(RecallLedger.consignee_id, RecallLedger.lot_key))
    lines = [row for row in unsettled if state_of(row) in (LineState.unanswered, LineState.unaccounted)]
    if not lines:
        return
    shown = lines[:_MOST_NAMED]
    names = line_names(session, [(row.lot_key, row.consignee_id) for row in shown])
    errors = {f"{row.consignee_id}/{row.lot_key}": f"{names[row.lot_key, row.consignee_id]}: {state_of(row)}"
              for row in shown}
    raise Conflict("%(count)d lines are still open: %(what)s. Get an answer for each, or settle it with a reason.",
                   code="ledger-open", count=len(lines), errors=errors,
                   what=named([*errors.values()] + [""] * (len(lines) - len(shown)), 5))


def _with_open_tasks(session: Session, abouts: list[str]) -> list[str]:
    found: list[str] = []
    for start in range(0, len(abouts), 500):
        found += session.scalars(select(Task.about).where(
            Task.about.in_(abouts[start:start + 500]), Task.state == TaskState.open).distinct())
    return found
