"""What the key figures of recalls are made of, read in a fixed number of statements, however many recalls."""
from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, literal, or_, select
from sqlalchemy.orm import Session

from traceapp.catalog.model import Party
from traceapp.trace.model import Lot
from traceapp.worklist.clock_model import ClockState, LegalClock

from .balance import IS_OPEN, RECOVERED, UNACCOUNTED
from .figures import Figure, RecallCounts, RecallCourse, RegionFacts, UnitFacts, figures
from .model import EffectivenessCheck, Notice, NoticeAttempt, Recall, RecallLedger
from .part import WHOLE, RecallPart
from .states import ENDED, UNTOLD

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class RecallFigures:
    """How far one recall is: the consignees of its funnel, the units, the key figures."""

    counts: RecallCounts
    units: tuple[UnitFacts, ...]
    figures: tuple[Figure, ...]


def figures_of(session: Session, now: datetime, recalls: Iterable[Recall],
               part: RecallPart = WHOLE) -> dict[str, RecallFigures]:
    """The figures of each recall, or of a part of it, as they stand at `now`. Four statements."""
    wanted = list(recalls)
    ids = [recall.id for recall in wanted]
    told, units = _consignees(session, ids, part), _units(session, ids, part)
    checks, clocks = _checks(session, ids, part), _clocks(session, ids, now)
    found: dict[str, RecallFigures] = {}
    for recall in wanted:
        counts = RecallCounts(**told.get(recall.id, {}), **checks.get(recall.id, {}), **clocks.get(recall.id, {}))
        course = RecallCourse(recall.recall_class, recall.awareness_at, recall.decided_at, recall.answer_by,
                              recall.closed_at, recall.check_level, recall.state in ENDED, now, _grown_at(recall))
        its_units = tuple(units.get(recall.id, ()))
        found[recall.id] = RecallFigures(counts, its_units, figures(course, counts, its_units))
    return found


def _grown_at(recall: Recall) -> datetime | None:
    """When a further scope was submitted, once it is what people are told of; a decision after it begins anew."""
    at = recall.submitted_at if recall.scope_number > 1 and recall.state not in UNTOLD else None
    return at if at and recall.decided_at and at >= recall.decided_at else None


def regions_of(session: Session, recall_id: str, part: RecallPart = WHOLE) -> tuple[RegionFacts, ...]:
    """The consignees of a recall by country and region, those with most left to do first. One statement."""
    one = _per_consignee([recall_id], part).subquery()
    open_count = _count_if(one.c.open_lines > 0)
    rows = session.execute(
        select(func.coalesce(Party.country, ""), func.coalesce(Party.region, ""), func.count(),
               _count_if(one.c.told_at.is_not(None)), _count_if(one.c.answered_at.is_not(None)),
               _count_if(one.c.returned > 0), open_count)
        .select_from(one).outerjoin(Party, Party.id == one.c.consignee_id)
        .group_by(Party.country, Party.region).order_by(open_count.desc(), Party.country, Party.region))
    return tuple(RegionFacts(*row) for row in rows)


def counts_of(session: Session, recall_id: str) -> RecallCounts:
    """How far the consignees of one recall are, without its sample and clocks. One statement."""
    return RecallCounts(**_consignees(session, [recall_id], WHOLE).get(recall_id, {}))


def _count_if(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count(case((condition, 1)))


def _per_consignee(recall_ids: Sequence[str], part: RecallPart) -> Select[Any]:
    """One row a consignee with a notice: when it was told and answered, what its lines come to. What was said before it
    was written to again, because the scope grew, does not count as told; as in `told`."""
    is_since = case((RecallLedger.answered_at >= Notice.queued_at, RecallLedger.answered_at))
    lines = (select(RecallLedger.recall_id, RecallLedger.consignee_id,
                    func.min(is_since, type_=Notice.sent_at.type).label("said_at"),
                    func.sum(func.coalesce(RecallLedger.on_hand, 0)).label("on_hand"),
                    func.sum(func.coalesce(RecallLedger.returned, RecallLedger.came_back)).label("returned"),
                    func.sum(case((IS_OPEN, 1), else_=0)).label("open_lines"))
             .join(Notice, and_(Notice.recall_id == RecallLedger.recall_id,
                                Notice.consignee_id == RecallLedger.consignee_id))
             .where(RecallLedger.recall_id.in_(recall_ids), part.of_lines)
             .group_by(RecallLedger.recall_id, RecallLedger.consignee_id).subquery())
    reached = (select(NoticeAttempt.recall_id, NoticeAttempt.consignee_id, func.min(NoticeAttempt.at).label("at"))
               .join(Notice, and_(Notice.recall_id == NoticeAttempt.recall_id,
                                  Notice.consignee_id == NoticeAttempt.consignee_id))
               .where(NoticeAttempt.recall_id.in_(recall_ids), NoticeAttempt.reached.is_(True),
                      NoticeAttempt.at >= Notice.queued_at)
               .group_by(NoticeAttempt.recall_id, NoticeAttempt.consignee_id).subquery())
    told_at = case((and_(reached.c.at.is_not(None), or_(Notice.sent_at.is_(None), reached.c.at < Notice.sent_at)),
                    reached.c.at), else_=func.coalesce(Notice.sent_at, lines.c.said_at, Notice.answered_at))
    in_time = and_(Notice.answered_at.is_not(None), Notice.answered_at <= Notice.answer_by)
    return (select(Notice.recall_id, Notice.consignee_id, told_at.label("told_at"),
                   Notice.answered_at.label("answered_at"), case((in_time, 1)).label("in_time"),
                   func.coalesce(lines.c.on_hand, 0).label("on_hand"),
                   func.coalesce(lines.c.returned, 0).label("returned"),
                   func.coalesce(lines.c.open_lines, 0).label("open_lines"))
            .outerjoin(lines, and_(lines.c.recall_id == Notice.recall_id,
                                   lines.c.consignee_id == Notice.consignee_id))
            .outerjoin(reached, and_(reached.c.recall_id == Notice.recall_id,
                                     reached.c.consignee_id == Notice.consignee_id))
            .where(Notice.recall_id.in_(recall_ids), part.of_notices))


def _consignees(session: Session, recall_ids: Sequence[str], part: RecallPart) -> dict[str, dict[str, Any]]:
    one = _per_consignee(recall_ids, part).subquery()
    answered = one.c.answered_at.is_not(None)
    rows = session.execute(select(
        one.c.recall_id, func.count().label("consignees"), _count_if(one.c.told_at.is_not(None)).label("told"),
        func.min(one.c.told_at, type_=Notice.sent_at.type).label("first_told_at"),
        func.max(one.c.told_at, type_=Notice.sent_at.type).label("last_told_at"), _count_if(answered).label("answered"),
        func.count(one.c.in_time).label("in_time"),
        _count_if(and_(answered, one.c.on_hand == 0)).label("zero_stock"),
        _count_if(one.c.returned > 0).label("returned"),
        _count_if(one.c.open_lines == 0).label("accounted")).group_by(one.c.recall_id))
    return {row.recall_id: {name: value for name, value in row._mapping.items() if name != "recall_id"}
            for row in rows}


def _units(session: Session, recall_ids: Sequence[str], part: RecallPart) -> dict[str, list[UnitFacts]]:
    amount = RecallLedger.shipped.type
    rows = session.execute(
        select(RecallLedger.recall_id, Lot.unit, func.sum(RecallLedger.shipped), func.sum(RECOVERED, type_=amount),
               func.sum(func.abs(UNACCOUNTED), type_=amount))
        .join(Lot, Lot.lot_key == RecallLedger.lot_key)
        .where(RecallLedger.recall_id.in_(recall_ids), part.of_lines)
        .group_by(RecallLedger.recall_id, Lot.unit).order_by(RecallLedger.recall_id, Lot.unit))
    found: dict[str, list[UnitFacts]] = {}
    for recall_id, unit, *sums in rows:
        found.setdefault(recall_id, []).append(UnitFacts(unit, *(value or _ZERO for value in sums)))
    return found


def _checks(session: Session, recall_ids: Sequence[str], part: RecallPart) -> dict[str, dict[str, Any]]:
    """Of the sample of the present scope: drawn, asked, and those who got, understood and followed the notice."""
    check = EffectivenessCheck
    is_verified = and_(check.received.is_(True), check.understood.is_(True), check.acted.is_(True))
    rows = session.execute(
        select(check.recall_id, func.count(), _count_if(check.checked_at.is_not(None)), _count_if(is_verified))
        .join(Recall, and_(Recall.id == check.recall_id, Recall.scope_number == check.scope_number))
        .where(check.recall_id.in_(recall_ids), part.among_consignees(check.consignee_id)).group_by(check.recall_id))
    return {key: {"drawn": drawn, "asked": asked, "verified": verified} for key, drawn, asked, verified in rows}


def _clocks(session: Session, recall_ids: Sequence[str], now: datetime) -> dict[str, dict[str, Any]]:
    """Reports that were due, and those of them that the authority confirmed in time."""
    reported = LegalClock.state == ClockState.reported
    is_due = or_(reported, and_(LegalClock.state == ClockState.running, LegalClock.due_at < now))
    on_time = and_(reported, LegalClock.ended_at <= LegalClock.due_at, LegalClock.acknowledgement != "")
    about = literal("recall:") + Recall.id
    rows = session.execute(
        select(Recall.id, _count_if(is_due), _count_if(on_time)).join(LegalClock, LegalClock.about == about)
        .where(Recall.id.in_(recall_ids)).group_by(Recall.id))
    return {key: {"reports_due": due, "reports_on_time": good} for key, due, good in rows}
