"""Returns that went past the goods-in of a recall, with a complaint or by another system's document, join its books."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, exists, func, select, update
from sqlalchemy.orm import Session

from traceapp.core.actor import SYSTEM
from traceapp.core.clock import Clock
from traceapp.trace.model import Event, ShipmentLine

from .book_model import RecallReturn
from .cases import IS_TOLD_LINE, RUNS, TOLD
from .follow_model import ScopeFollow
from .model import Recall, RecallLedger, RecallSnapshot
from .returning import enter, line_of
from .states import RecallState

# An event may be recorded by a transaction that ends later than one that looks for it.
_OVERLAP = timedelta(minutes=5)
_HAS_ENDED: ColumnElement[bool] = TOLD & Recall.state.in_((RecallState.terminated, RecallState.closed_no_action))
_LOOKED = func.coalesce(ScopeFollow.returns_at, ScopeFollow.looked_at, type_=ScopeFollow.looked_at.type)
_SINCE = select(func.min(_LOOKED, type_=ScopeFollow.looked_at.type)).join(
    Recall, Recall.id == ScopeFollow.recall_id).where(_HAS_ENDED).scalar_subquery()


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


@dataclass(frozen=True, slots=True)
class LateSearch:
    """What was found `at` a moment; whether it is all that there was."""

    at: datetime
    found: tuple[_Back, ...]
    is_all: bool


def late_returns_to_book(session: Session, clock: Clock, limit: int = 500) -> LateSearch:
    """Goods of ended recalls that came back past their books. To be called after `book_returns`: a recall that runs
    comes first."""
    at, found = clock.now(), tuple(_come_late(session, limit))
    return LateSearch(at, found, len(found) < limit)


def book_late_returns(session: Session, clock: Clock, search: LateSearch) -> int:
    """Count them in the books too, each return once; somebody has to look at each. Answers how many."""
    booked = sum(_book(session, clock, back) for back in search.found)
    if search.is_all:
        session.execute(update(ScopeFollow).where(ScopeFollow.recall_id.in_(select(Recall.id).where(_HAS_ENDED)))
                        .values(returns_at=search.at - _OVERLAP), execution_options={"synchronize_session": False})
    session.flush()
    return booked


def may_late_returns_wait(session: Session) -> bool:
    """Whether events were recorded since returns of ended recalls were looked for last."""
    return session.scalar(select(Event.id).where(Event.recorded_at > _SINCE).limit(1)) is not None


# When a line of a recall was frozen.
_FROZEN = select(func.max(RecallSnapshot.taken_at)).where(
    RecallSnapshot.recall_id == RecallLedger.recall_id,
    RecallSnapshot.scope_number == RecallLedger.scope_number).scalar_subquery()
_IS_NEW = (TOLD & IS_TOLD_LINE & (ShipmentLine.units < 0) & (Event.recorded_at > _FROZEN)
           & ~exists().where(RecallReturn.lot_key == ShipmentLine.lot_key,
                             RecallReturn.event_id == ShipmentLine.event_id))
_IS_ITS_LINE = (RecallLedger.lot_key == ShipmentLine.lot_key) & (RecallLedger.consignee_id == ShipmentLine.consignee_id)


def _passed_by(session: Session, limit: int) -> list[_Back]:
    """Returns by lines of which people were told, recorded after the line was frozen and in no books yet; of several
    recalls that name a line the latest comes first."""
    rows = session.execute(
        select(RecallLedger.recall_id, ShipmentLine.lot_key, ShipmentLine.consignee_id, ShipmentLine.event_id)
        .join_from(Recall, ScopeFollow, ScopeFollow.recall_id == Recall.id)
        .join(Event, Event.recorded_at > ScopeFollow.looked_at)
        .join(ShipmentLine, ShipmentLine.shipment_id == Event.id)
        .join(RecallLedger, (RecallLedger.recall_id == Recall.id) & _IS_ITS_LINE)
        .where(RUNS, _IS_NEW)
        .distinct().order_by(RecallLedger.recall_id.desc(), ShipmentLine.event_id).limit(limit))
    return [_Back(*row) for row in rows]


def _come_late(session: Session, limit: int) -> list[_Back]:
    """The same of ended recalls, beginning with what happened lately: there are many of them."""
    rows = session.execute(
        select(RecallLedger.recall_id, ShipmentLine.lot_key, ShipmentLine.consignee_id, ShipmentLine.event_id)
        .join_from(Event, ShipmentLine, ShipmentLine.shipment_id == Event.id)
        .join(RecallLedger, _IS_ITS_LINE).join(Recall, Recall.id == RecallLedger.recall_id)
        .join(ScopeFollow, ScopeFollow.recall_id == Recall.id)
        .where(_HAS_ENDED, Event.recorded_at > _SINCE, Event.recorded_at > _LOOKED, _IS_NEW)
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
