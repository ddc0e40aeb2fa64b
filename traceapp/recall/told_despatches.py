"""Despatches of lots in scope that only events of other systems tell of: whoever they name is compared with our books
and the ledger, and who stands in neither becomes work by name."""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

from sqlalchemy import ColumnElement, exists, func, or_, select
from sqlalchemy.orm import Session

from traceapp.core.actor import SYSTEM
from traceapp.core.clock import Clock
from traceapp.trace.many_keys import in_parts, listed
from traceapp.trace.model import Event, ShipmentLine
from traceapp.trace.party_uris import Known, partners_of
from traceapp.trace.told_despatches import Sent, sent_of, told_since

from .cases import lot_keys_of
from .follow_model import ScopeFollow
from .model import Recall, RecallLedger, RecallLot
from .states import ENDED, RecallState
from .telling_model import PassedLine, PassedNotice
from .untold import begin_untold, end_told
from .untold_model import UntoldDespatch, UntoldSource, UntoldState

# An event may be recorded by a transaction that ends later than one that looks for it.
_OVERLAP = timedelta(minutes=5)
ZERO = Decimal(0)
_FOLLOWED: ColumnElement[bool] = (
    Recall.decided_at.is_not(None) & Recall.is_drill.is_(False) & (Recall.state != RecallState.cancelled)
    & or_(Recall.state != RecallState.closed_no_action, Recall.approved_at.is_not(None)))
_HAS_OTHER_LOTS: ColumnElement[bool] = ScopeFollow.told_at.is_(None) | (
    (ScopeFollow.told_revision != Recall.revision) & Recall.state.not_in(ENDED))
# What waits is compared again: it may have been booked, or a consignee may have named who got it.
_AGAIN = timedelta(hours=1)
_WAITS: ColumnElement[bool] = exists().where(
    UntoldDespatch.recall_id == Recall.id, UntoldDespatch.source == UntoldSource.told,
    UntoldDespatch.state == UntoldState.waiting)
_LAST = select(func.min(ScopeFollow.told_at, type_=ScopeFollow.looked_at.type)).join(
    Recall, Recall.id == ScopeFollow.recall_id).where(_FOLLOWED).scalar_subquery()
IN_OUR_BOOKS = "现已记入我方账目 / it is in our books now"
TAKEN_BACK = "发送方已更正该事件 / its sender took the event back"


def _as_whole(clock: Clock) -> ColumnElement[bool]:
    """The cases of which all lots are compared, and not only those that others named since."""
    return _HAS_OTHER_LOTS | (_WAITS & (ScopeFollow.told_at < clock.now() - _AGAIN))


def are_despatches_told(session: Session, clock: Clock) -> bool:
    """Whether others may have told of despatches of lots in scope since that was looked at."""
    case = select(Recall.id).join(ScopeFollow, ScopeFollow.recall_id == Recall.id).where(_FOLLOWED, _as_whole(clock))
    event = select(Event.id).where(Event.recorded_at > _LAST, Event.capture_id.is_not(None))
    return any(session.scalar(found.limit(1)) is not None for found in (case, event))


def follow_told(session: Session, clock: Clock, limit: int = 20) -> int:
    """Look at what others told of since; answers how many despatches became work. To be called after `follow_scopes`,
    which begins to follow a case."""
    now, done = clock.now(), 0
    rows = session.execute(select(Recall, ScopeFollow, _as_whole(clock)).join(
        ScopeFollow, ScopeFollow.recall_id == Recall.id).where(_FOLLOWED).order_by(Recall.id)
        .with_for_update(skip_locked=True, of=ScopeFollow)).all()
    for recall, follow in [(recall, follow) for recall, follow, is_whole in rows if is_whole][:limit]:
        done += _compare(session, clock, recall, lot_keys_of(session, recall))
        follow.told_at, follow.told_revision = now - _OVERLAP, recall.revision
    others = [(recall, follow) for recall, follow, is_whole in rows if not is_whole]
    if others:
        since = min(follow.told_at for _recall, follow in others if follow.told_at)
        touched = told_since(session, since)
        for recall, follow in others:
            keys = _in_scope(session, recall, touched)
            done += _compare(session, clock, recall, keys) if keys else 0
            follow.told_at = now - _OVERLAP
    session.flush()
    return done


def compare_again(session: Session, clock: Clock, lot_keys: Sequence[str]) -> None:
    """What was told of these lots and waits, beside books that just changed."""
    for recall in session.scalars(select(Recall).where(Recall.id.in_(select(UntoldDespatch.recall_id).where(
            UntoldDespatch.lot_key.in_(lot_keys), UntoldDespatch.source == UntoldSource.told,
            UntoldDespatch.state == UntoldState.waiting))).order_by(Recall.id)).all():
        _compare(session, clock, recall, _in_scope(session, recall, lot_keys))


def _in_scope(session: Session, recall: Recall, keys: Iterable[str]) -> list[str]:
    of_case = select(RecallLot.lot_key).where(RecallLot.recall_id == recall.id)
    return [key for part in in_parts(sorted(keys), 5000)
            for key in session.scalars(of_case.where(RecallLot.lot_key.in_(listed(session, part))))]


@dataclass(slots=True)
class _Books:
    """What stands beside what others tell: our despatches by lot and consignee, the lines of the ledger, the names of
    those whom units were passed on to, and what was kept of these events before."""

    shipped: dict[tuple[str, str], Decimal]
    by_lot: dict[str, Decimal]
    lines: set[tuple[str, str]]
    passed: set[tuple[str, str]]
    kept: dict[tuple[str, str], UntoldDespatch]
    told: dict[tuple[str, str, str], Decimal] = field(default_factory=lambda: defaultdict(Decimal))

    @property
    def told_ones(self) -> set[str]:
        """The consignees in the ledger."""
        return {consignee for _lot, consignee in self.lines}

    def has(self, sent: Sent, taker: Known | None) -> bool:
        """Whether somebody was or will be told of these units anyway. What others told before counts first."""
        place = (sent.lot_key, taker.party_id if taker else "", sent.step)
        ours = self.shipped.get(place[:2], ZERO) if taker else ZERO if sent.to else self.by_lot.get(sent.lot_key, ZERO)
        if sent.units is None:
            return ours > 0 or place[:2] in self.lines
        self.told[place] += sent.units
        return self.told[place] <= ours or self._is_passed(sent.lot_key, taker)

    def _is_passed(self, lot_key: str, taker: Known | None) -> bool:
        return taker is not None and any(
            (lot_key, name.casefold()) in self.passed for name in (taker.name_zh, taker.name_en))


def _compare(session: Session, clock: Clock, recall: Recall, lot_keys: Sequence[str]) -> int:
    """Compare all that is told of these lots; answers how many became work."""
    sent, books = sent_of(session, lot_keys), _books(session, recall, lot_keys)
    partners = partners_of(session, {uri for one in sent for uri in (*one.to, *one.by)})
    begun, over = 0, list[tuple[UntoldDespatch, str]]()
    standing: set[tuple[str, str]] = set()
    for one in sent:
        taker, giver = (_first(partners, uris) for uris in (one.to, one.by))
        place = (one.lot_key, one.event_id)
        row = books.kept.get(place)
        standing.add(place)
        if (taker and taker.is_own) or (row and row.state != UntoldState.waiting):
            continue
        is_there = books.has(one, taker)
        if row is not None and is_there:
            over.append((row, IN_OUR_BOOKS))
        elif row is None and not is_there:
            begun += 1
            begin_untold(session, SYSTEM, clock, recall, UntoldDespatch(
                lot_key=one.lot_key, event_id=one.event_id, source=UntoldSource.told, reason="",
                consignee_id=taker.party_id if taker else None, sent_to=one.to[0] if one.to else "", units=one.units,
                giver_id=giver.party_id if giver and giver.party_id in books.told_ones else None, left_at=one.at))
    over += [(row, TAKEN_BACK) for place, row in books.kept.items()
             if row.state == UntoldState.waiting and place not in standing]
    end_told(session, clock, recall, over)
    return begun


def _first(partners: dict[str, Known], uris: Iterable[str]) -> Known | None:
    return next((partners[uri] for uri in uris if uri in partners), None)


def _books(session: Session, recall: Recall, lot_keys: Collection[str]) -> _Books:
    books = _Books({}, defaultdict(Decimal), set(), set(), {})
    for part in in_parts(sorted(lot_keys), 5000):
        keys = listed(session, part)
        for lot, consignee, units in session.execute(
                select(ShipmentLine.lot_key, ShipmentLine.consignee_id,
                       func.sum(ShipmentLine.units, type_=ShipmentLine.units.type))
                .where(ShipmentLine.lot_key.in_(keys), ShipmentLine.units > 0)
                .group_by(ShipmentLine.lot_key, ShipmentLine.consignee_id)):
            books.shipped[lot, consignee] = units
            books.by_lot[lot] += units
        books.lines |= {(lot, consignee) for lot, consignee in session.execute(select(
            RecallLedger.lot_key, RecallLedger.consignee_id).where(
            RecallLedger.recall_id == recall.id, RecallLedger.lot_key.in_(keys)))}
        books.passed |= {(lot, name.casefold()) for lot, name in session.execute(
            select(PassedLine.lot_key, PassedNotice.name).join(PassedNotice, PassedNotice.id == PassedLine.notice_id)
            .where(PassedNotice.recall_id == recall.id, PassedLine.units > 0, PassedLine.lot_key.in_(keys)))}
        for row in session.scalars(select(UntoldDespatch).where(
                UntoldDespatch.recall_id == recall.id, UntoldDespatch.source == UntoldSource.told,
                UntoldDespatch.lot_key.in_(keys))):
            books.kept[row.lot_key, row.event_id] = row
    return books
