"""What comes back to our gate during a recall: counted, taken into stopped stock, set against what was said."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import case, exists, func, select
from sqlalchemy.orm import Session

from traceapp.audit import record
from traceapp.catalog.model import Party
from traceapp.catalog.queries import contains
from traceapp.catalog.texts import short_text
from traceapp.code.beginning import lot_of_scan
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, NotFound
from traceapp.core.ids import new_id
from traceapp.identity.policy import permit
from traceapp.trace.holds import MANUAL, PlaceHold, place_hold
from traceapp.trace.model import HoldKind, Lot
from traceapp.trace.shipping import ReturnUnits, return_units

from .book_model import RecallReturn
from .cases import IS_TOLD_LINE, RUNS, TOLD, is_running, is_told, notice_stream, recall_by_id
from .late_returns import begin_late_return
from .model import Notice, Recall, RecallLedger, RecallLot
from .notices import notice_for

Line = tuple[Recall, Notice, RecallLedger | None]


@dataclass(frozen=True, slots=True)
class TakeBack:
    """Units of a lot that a consignee sent back, as counted. `code`: what was scanned or typed. `is_outside`: taken in
    although the recall is not about this lot. `sscc`: the pallet or carton that they came in."""

    recall_id: str
    consignee_id: str
    code: str
    units: Decimal
    document_number: str = ""
    note: str = ""
    is_outside: bool = False
    sscc: str = ""


@dataclass(frozen=True, slots=True)
class Sender:
    """A consignee that got units of a lot in a recall."""

    recall_id: str
    reference: str
    consignee_id: str
    name_zh: str
    name_en: str


def take_back(session: Session, actor: Actor, clock: Clock, command: TakeBack) -> RecallReturn:
    """Take units back: an event brings them into own stock, where the recall's hold stops them, and the ledger counts
    them. After the end they are taken in too, and somebody looks at it.

    Raises NotFound for an unknown code or consignee; Conflict (code `not-in-scope`) for a lot that this recall is not
    about, unless it is taken in as such, and for more units than this consignee got by our records.
    """
    permit(actor, "trace.record")
    notice = notice_for(session, command.recall_id, command.consignee_id, lock=True)
    recall = session.get(Recall, command.recall_id, with_for_update={"read": True}) or recall_by_id(
        session, command.recall_id)
    refuse_drill(recall)
    if not is_told(recall):
        raise Conflict("Nobody was told of this recall yet; take these units back as an ordinary return.",
                       code="not-told")
    key = lot_of_scan(session, command.code)
    row = session.get(RecallLedger, (key, recall.id, notice.consignee_id), with_for_update=True)
    if row is None and not command.is_outside:
        raise _out_of_scope(session, recall, notice, key)
    document = short_text(command.document_number, 80, place="document_number")
    shipment = return_units(session, actor, clock, ReturnUnits(
        key, notice.consignee_id, command.units, clock.now(), document, command.sscc))
    return enter(session, actor, clock, (recall, notice, row), RecallReturn(
        lot_key=key, units=command.units, document_number=document, event_id=shipment.id, sscc=command.sscc,
        note=short_text(command.note, 2000, place="note")))


def return_or_take_back(session: Session, actor: Actor, clock: Clock, command: ReturnUnits) -> RecallReturn | None:
    """Take units back as an ordinary return. Where this consignee was told of the lot in a recall, it is counted in the
    books of that recall as well, of several the latest that runs; answers None where there is none. Raises as
    `return_units`."""
    told = _told_of(session, command.lot_key, command.consignee_id)
    if told is None:
        return_units(session, actor, clock, command)
        return None
    permit(actor, "trace.record")
    line = line_of(session, told, command.lot_key, command.consignee_id)
    shipment = return_units(session, actor, clock, command)
    return enter(session, actor, clock, line, RecallReturn(
        lot_key=command.lot_key, units=command.units, event_id=shipment.id, note="",
        document_number=short_text(command.document_number, 80, place="document_number")))


def _told_of(session: Session, lot_key: str, consignee_id: str) -> Recall | None:
    """The recall in whose books a return of this lot by this consignee belongs."""
    return session.scalar(
        select(Recall).join(RecallLedger, RecallLedger.recall_id == Recall.id)
        .where(RecallLedger.lot_key == lot_key, RecallLedger.consignee_id == consignee_id, TOLD, IS_TOLD_LINE)
        .order_by(case((RUNS, 0), else_=1), Recall.opened_at.desc()).limit(1))


def line_of(session: Session, recall: Recall, lot_key: str, consignee_id: str) -> Line:
    """A line of the books, locked in the order in which taking back locks."""
    notice = notice_for(session, recall.id, consignee_id, lock=True)
    session.refresh(recall, with_for_update={"read": True})
    return recall, notice, session.get(RecallLedger, (lot_key, recall.id, consignee_id), with_for_update=True)


def enter(session: Session, actor: Actor, clock: Clock, line: Line, counted: RecallReturn) -> RecallReturn:
    """Keep what came back, and count it in its line; outside the scope it is stopped by itself."""
    recall, notice, row = line
    counted.id, counted.recall_id, counted.consignee_id = new_id(clock.now()), recall.id, notice.consignee_id
    counted.is_in_scope, counted.counted_at, counted.counted_by = row is not None, clock.now(), actor.id
    session.add(counted)
    if row is None:
        _stop(session, actor, clock, recall, counted.lot_key)
    else:
        _count(session, actor, clock, (recall, notice, row), counted)
    record(session, actor, clock.now(), "notice.came_back", notice_stream(notice.id), {
        "recall": recall.id, "lot": counted.lot_key, "units": counted.units, "in_scope": row is not None})
    session.flush()
    return counted


def refuse_drill(recall: Recall) -> None:
    """Nothing for a real recall. Raises Conflict for a drill, which moves no goods."""
    if recall.is_drill:
        raise Conflict("This is a drill: nothing is sent, so nothing comes back and nothing is disposed of.",
                       code="drill")


def _count(session: Session, actor: Actor, clock: Clock, case: tuple[Recall, Notice, RecallLedger],
           counted: RecallReturn) -> None:
    recall, notice, row = case
    row.came_back += counted.units
    if is_running(recall):
        # A reason that closed the line was given for other numbers.
        row.settled_at, row.settled_by, row.settled_reason = None, None, ""
        return
    begin_late_return(session, actor, clock, (recall, notice), counted)


def _stop(session: Session, actor: Actor, clock: Clock, recall: Recall, lot_key: str) -> None:
    place_hold(session, actor, clock, PlaceHold((lot_key,), HoldKind.manual, MANUAL, (
        f"{recall.reference}: 召回退货，不在召回范围 / came back with the recall, not in its scope")))


def _out_of_scope(session: Session, recall: Recall, notice: Notice, lot_key: str) -> Conflict:
    number = session.scalar(select(Lot.number).where(Lot.lot_key == lot_key)) or lot_key
    is_known = session.scalar(select(RecallLot.lot_key).where(
        RecallLot.recall_id == recall.id, RecallLot.lot_key == lot_key)) is not None
    if is_known:
        return Conflict("Batch %(lot)s is recalled, but by our records it did not go to this consignee. Take it in "
                        "from the consignee that it went through.", code="not-in-scope", place="code", lot=number)
    others = session.scalars(select(Recall.reference).join(RecallLot, RecallLot.recall_id == Recall.id).where(
        RecallLot.lot_key == lot_key, RUNS).order_by(Recall.reference)).all()
    if others:
        return Conflict("Batch %(lot)s belongs to another recall: %(others)s. Choose that one.", code="not-in-scope",
                        place="code", lot=number, others=", ".join(others))
    return Conflict("Batch %(lot)s is not in the scope of %(reference)s. Put it aside, or take it in as not in scope: "
                    "it is stopped until quality decides.", code="not-in-scope", place="code", lot=number,
                    reference=recall.reference)


def senders_of(session: Session, lot_key: str | None, text: str = "", limit: int = 50) -> tuple[Sender, ...]:
    """Who can send units of this lot back (None: units of any), in which recall; running recalls first. `text` looks
    into names and code."""
    found = (select(Recall, Party).join(Notice, Notice.recall_id == Recall.id)
             .join(Party, Party.id == Notice.consignee_id).where(Recall.approved_at.is_not(None),
                                                                    Recall.is_drill.is_(False)))
    if lot_key is not None:
        found = found.where(exists(select(RecallLedger.lot_key).where(
            RecallLedger.recall_id == Notice.recall_id, RecallLedger.consignee_id == Notice.consignee_id,
            RecallLedger.lot_key == lot_key)))
    if text.strip():
        pattern = contains(text.strip())
        found = found.where(Party.name_zh.ilike(pattern, escape="\\") | Party.name_en.ilike(pattern, escape="\\")
                            | Party.code.ilike(pattern, escape="\\"))
    rows = session.execute(found.order_by(case((RUNS, 0), else_=1), Recall.opened_at.desc(), Party.code).limit(limit))
    return tuple(Sender(recall.id, recall.reference, party.id, party.name_zh, party.name_en)
                 for recall, party in rows)


def returns_of(session: Session, recall_id: str, consignee_id: str | None = None,
               limit: int = 200) -> Sequence[RecallReturn]:
    """What was counted at our gate, the latest first."""
    found = select(RecallReturn).where(RecallReturn.recall_id == recall_id)
    if consignee_id is not None:
        found = found.where(RecallReturn.consignee_id == consignee_id)
    return session.scalars(found.order_by(RecallReturn.counted_at.desc(), RecallReturn.id.desc()).limit(limit)).all()


def return_of(session: Session, recall_id: str, return_id: str) -> tuple[RecallReturn, RecallLedger | None]:
    """One of them, with the line of the ledger that it went to. Raises NotFound."""
    row = session.scalar(select(RecallReturn).where(RecallReturn.recall_id == recall_id, RecallReturn.id == return_id))
    if row is None:
        raise NotFound("There is no such return.", code="unknown-return")
    return row, session.get(RecallLedger, (row.lot_key, recall_id, row.consignee_id))


def outside_scope(session: Session, recall_id: str) -> Decimal:
    """Units that came back with this recall although it is not about them."""
    return session.scalar(select(func.sum(RecallReturn.units, type_=RecallReturn.units.type)).where(
        RecallReturn.recall_id == recall_id, RecallReturn.is_in_scope.is_(False))) or Decimal(0)
