"""Returns that went past the goods-in of a recall, with a complaint or by another system's document, join its books."""
from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from traceapp.core.actor import SYSTEM
from traceapp.core.clock import Clock
from traceapp.trace.model import Event, ShipmentLine

from .book_model import RecallReturn
from .cases import RUNS
from .follow_model import ScopeFollow
from .model import Recall, RecallLedger, RecallSnapshot
from .returning import IS_TOLD_LINE, enter, line_of


def book_returns(session: Session, clock: Clock, limit: int = 500) -> int:
    """Count in the books of running recalls what came back since they were followed last, each return once; answers how
    many. To be called before `follow_scopes`, which moves on what was looked at."""
    return sum(_book(session, clock, back) for back in _passed_by(session, limit))


def are_returns_to_book(session: Session) -> bool:
    """Whether there is one."""
    return bool(_passed_by(session, 1))


@dataclass(frozen=True, slots=True)
class _Back:
    """A return of a line of a recall."""

    recall_id: str
    lot_key: str
    consignee_id: str
    event_id: str


def _passed_by(session: Session, limit: int) -> list[_Back]:
    """Returns by lines of which people were told, recorded after the line was frozen and in no books yet; of several
    recalls that name a line the latest comes first."""
    frozen = select(func.max(RecallSnapshot.taken_at)).where(
        RecallSnapshot.recall_id == RecallLedger.recall_id,
        RecallSnapshot.scope_number == RecallLedger.scope_number).scalar_subquery()
    rows = session.execute(
        select(RecallLedger.recall_id, ShipmentLine.lot_key, ShipmentLine.consignee_id, ShipmentLine.event_id)
        .join_from(Recall, ScopeFollow, ScopeFollow.recall_id == Recall.id)
        .join(Event, Event.recorded_at > ScopeFollow.looked_at)
        .join(ShipmentLine, ShipmentLine.shipment_id == Event.id)
        .join(RecallLedger, (RecallLedger.recall_id == Recall.id) & (RecallLedger.lot_key == ShipmentLine.lot_key)
              & (RecallLedger.consignee_id == ShipmentLine.consignee_id))
        .where(RUNS, IS_TOLD_LINE, ShipmentLine.units < 0, Event.recorded_at > frozen,
               ~exists().where(RecallReturn.lot_key == ShipmentLine.lot_key,
                               RecallReturn.event_id == ShipmentLine.event_id))
        .distinct().order_by(RecallLedger.recall_id.desc(), ShipmentLine.event_id).limit(limit))
    return [_Back(*row) for row in rows]


def _book(session: Session, clock: Clock, back: _Back) -> int:
    line = line_of(session, session.get_one(Recall, back.recall_id), back.lot_key, back.consignee_id)
    # Another scheduler, or a later recall, may have been first.
    if session.scalar(select(RecallReturn.id).where(
            RecallReturn.lot_key == back.lot_key, RecallReturn.event_id == back.event_id)) is not None:
        return 0
    units = session.scalar(select(func.sum(ShipmentLine.units, type_=ShipmentLine.units.type)).where(
        ShipmentLine.lot_key == back.lot_key, ShipmentLine.consignee_id == back.consignee_id,
        ShipmentLine.event_id == back.event_id))
    assert units is not None
    enter(session, SYSTEM, clock, line, RecallReturn(
        lot_key=back.lot_key, units=-units, document_number="", event_id=back.event_id, note=""))
    return 1
