"""Despatches of recalled lots whose consignees nobody told: each is work by name until they are, or a reason says why
nobody has to be."""
from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from traceapp.audit import record
from traceapp.catalog.model import Party
from traceapp.catalog.texts import required_text, short_text
from traceapp.core.actor import SYSTEM, Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, NotFound
from traceapp.core.ids import name_key
from traceapp.identity.policy import permit
from traceapp.trace.model import Lot
from traceapp.worklist.tasks import RaiseTask, complete_tasks, drop_tasks, raise_task

from .cases import is_running, recall_by_id, recall_stream
from .drafting import named
from .model import Recall
from .policy import approval_due
from .untold_model import UntoldDespatch, UntoldSource, UntoldState

# Tell whoever got units of a recalled lot and stands in no letter.
UNTOLD_DESPATCH_TASK = "recall.untold_despatch"
_WAITS = UntoldDespatch.state == UntoldState.waiting


@dataclass(frozen=True, slots=True)
class NoteUntold:
    """Nobody has to be told of this despatch; `reason`: why."""

    recall_id: str
    lot_key: str
    event_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class UntoldRow:
    """A despatch that waits or waited, with the names of what it is about; `name_zh` and `name_en` empty: nobody whom
    we know."""

    row: UntoldDespatch
    number: str
    unit: str | None
    name_zh: str
    name_en: str


def begin_untold(session: Session, actor: Actor, clock: Clock, recall: Recall, row: UntoldDespatch) -> None:
    """Keep it as work that names whom to tell."""
    row.recall_id, row.came_at, row.state = recall.id, clock.now(), UntoldState.waiting
    session.add(row)
    party = session.get(Party, row.consignee_id) if row.consignee_id else None
    raise_task(session, actor, clock, RaiseTask(
        UNTOLD_DESPATCH_TASK, _about(row), "quality", approval_due(recall.recall_class, clock.now()), params={
            "recall_id": recall.id, "reference": recall.reference, "consignee_id": row.consignee_id or "",
            "name_zh": party.name_zh if party else row.sent_to[:200],
            "name_en": party.name_en if party else row.sent_to[:200]}))
    record(session, actor, clock.now(), "recall.untold_despatch", recall_stream(recall), {
        "lot": row.lot_key, "event": row.event_id, "source": str(row.source), "consignee": row.consignee_id,
        "units": row.units, "left_at": row.left_at, "reason": row.reason})


def note_untold(session: Session, actor: Actor, clock: Clock, command: NoteUntold) -> UntoldDespatch:
    """Say why nobody has to be told. Raises NotFound, InvalidInput without a reason; Conflict when it does not wait any
    more, and for what stands in our own books while the recall runs: who has units has to be told (code
    `has-to-be-told`)."""
    permit(actor, "recall.write")
    recall = recall_by_id(session, command.recall_id, lock=True)
    row = session.get(UntoldDespatch, (command.lot_key, recall.id, command.event_id), with_for_update=True)
    if row is None:
        raise NotFound("There is no such despatch.", code="unknown-despatch")
    reason = short_text(required_text(command.reason, place="reason"), 2000, place="reason")
    if row.state != UntoldState.waiting:
        raise Conflict("This despatch does not wait any more. Reload the page to see what became of it.",
                       code="not-open")
    if row.source == UntoldSource.booked and is_running(recall):
        raise Conflict("These units are with somebody by our own books. Extend the recall, so that they are told.",
                       code="has-to-be-told")
    row.reason = reason
    _end(session, actor, clock, [row], UntoldState.noted)
    record(session, actor, clock.now(), "recall.untold_noted", recall_stream(recall), {
        "lot": row.lot_key, "event": row.event_id, "reason": reason})
    session.flush()
    return row


def take_untold(session: Session, actor: Actor, clock: Clock, recall: Recall) -> None:
    """What is in our books went into the ledger with the scope that was just approved."""
    rows = session.scalars(select(UntoldDespatch).where(
        UntoldDespatch.recall_id == recall.id, UntoldDespatch.source == UntoldSource.booked,
        UntoldDespatch.state.in_((UntoldState.waiting, UntoldState.noted))).with_for_update()).all()
    _end(session, actor, clock, rows, UntoldState.taken)


def end_told(session: Session, clock: Clock, recall: Recall, rows: Iterable[tuple[UntoldDespatch, str]]) -> None:
    """What others told of is in our books by now, or was taken back: nobody has to do anything about it, and why."""
    over = list(rows)
    for row, reason in over:
        row.reason = reason
        record(session, SYSTEM, clock.now(), "recall.untold_noted", recall_stream(recall), {
            "lot": row.lot_key, "event": row.event_id, "reason": reason})
    _end(session, SYSTEM, clock, [row for row, _reason in over], UntoldState.noted)


def withdraw_untold(session: Session, actor: Actor, clock: Clock, recall: Recall) -> None:
    """The notice was taken back: nobody is told any more."""
    rows = session.scalars(select(UntoldDespatch).where(UntoldDespatch.recall_id == recall.id, _WAITS)).all()
    for about in {_about(row) for row in rows}:
        drop_tasks(session, actor, clock, about)
    _end(session, actor, clock, rows, UntoldState.withdrawn)


def untold_of(session: Session, recall_id: str, limit: int = 200) -> list[UntoldDespatch]:
    """Those of a recall, what waits first, then the latest."""
    return [one.row for one in untold_rows(session, recall_id, limit)]


def untold_rows(session: Session, recall_id: str, limit: int = 200) -> list[UntoldRow]:
    """The same with the names, in one statement."""
    rows = session.execute(
        select(UntoldDespatch, Lot.number, Lot.unit, Party.name_zh, Party.name_en)
        .join(Lot, Lot.lot_key == UntoldDespatch.lot_key)
        .outerjoin(Party, Party.id == UntoldDespatch.consignee_id).where(UntoldDespatch.recall_id == recall_id)
        .order_by(case((_WAITS, 0), else_=1), UntoldDespatch.came_at.desc(), UntoldDespatch.lot_key,
                  UntoldDespatch.event_id).limit(limit))
    return [UntoldRow(row, number, unit, zh or "", en or zh or "") for row, number, unit, zh, en in rows]


def grown_units(session: Session, recall_id: str) -> dict[tuple[str, str], Decimal]:
    """{(lot key, consignee id): units} that our books have and the ledger of a recall does not have yet."""
    units = func.sum(UntoldDespatch.units, type_=UntoldDespatch.units.type)
    rows = session.execute(select(UntoldDespatch.lot_key, UntoldDespatch.consignee_id, units).where(
        UntoldDespatch.recall_id == recall_id, UntoldDespatch.source == UntoldSource.booked,
        UntoldDespatch.state.in_((UntoldState.waiting, UntoldState.noted)))
        .group_by(UntoldDespatch.lot_key, UntoldDespatch.consignee_id))
    return {(key, consignee): total for key, consignee, total in rows if consignee and total}


def refuse_untold(session: Session, recall: Recall) -> None:
    """Nothing when everybody whom a despatch names was told. Raises Conflict (code `untold-despatch`)."""
    waiting = [one for one in untold_rows(session, recall.id) if one.row.state == UntoldState.waiting]
    if waiting:
        raise Conflict("Units left of which nobody was told: %(what)s. Extend the recall to them, or say of each why "
                       "nobody has to be told.", code="untold-despatch",
                       what=named([f"{one.number} · {one.name_zh or one.row.sent_to or '?'}" for one in waiting]))


def _about(row: UntoldDespatch) -> str:
    """What the task is about: one a recall and whom to tell."""
    return f"untold:{row.recall_id}:{row.consignee_id or name_key(row.sent_to)}"


def _end(session: Session, actor: Actor, clock: Clock, rows: Sequence[UntoldDespatch], state: UntoldState) -> None:
    """End these, and the work about each of whom none waits any more."""
    for row in rows:
        row.state, row.ended_at, row.ended_by = state, clock.now(), actor.id
    session.flush()
    for recall_id, about in {(row.recall_id, _about(row)) for row in rows}:
        if about not in _waiting_abouts(session, recall_id):
            complete_tasks(session, actor, clock, about, UNTOLD_DESPATCH_TASK, str(state))


def _waiting_abouts(session: Session, recall_id: str) -> Iterable[str]:
    return {_about(row) for row in session.scalars(select(UntoldDespatch).where(
        UntoldDespatch.recall_id == recall_id, _WAITS))}
