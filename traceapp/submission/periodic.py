"""The values of a periodic report: sales, cases, signals, recalls and reports of one product in one period."""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from traceapp.adverse_event.model import AdverseEvent
from traceapp.adverse_event.states import AdverseEventState
from traceapp.catalog.model import Party, Product, Site
from traceapp.complaint.terms import terms
from traceapp.core.errors import InvalidInput, NotFound
from traceapp.export.psur.values import PeriodicReport, RecallLine, ReportsLine, SignalLine, TermCount
from traceapp.recall.cases import is_told
from traceapp.recall.model import Recall, RecallLot
from traceapp.surveillance.model import Signal, SignalDecision
from traceapp.surveillance.states import SignalState
from traceapp.trace.model import Lot, ShipmentLine

from .report_model import Report
from .report_queries import SENT
from .report_states import ReportState

ZONE = ZoneInfo("Asia/Shanghai")
MOST_MONTHS = 60
_AHEAD = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Period:
    """From the first day to the last, both counted, in our zone."""

    product_id: str
    first_on: date
    last_on: date

    @property
    def since(self) -> datetime:
        """The first moment."""
        return _midnight(self.first_on)

    @property
    def until(self) -> datetime:
        """The first moment that does not count any more."""
        return _midnight(self.last_on + timedelta(days=1))


def read_periodic(session: Session, wanted: Period, made_at: datetime) -> PeriodicReport:
    """Everything that the report tells. Needs `Database.snapshot()`. Raises NotFound for the product, InvalidInput for
    a period that ends before it begins, or a year ahead, or is longer than five years."""
    if wanted.last_on < wanted.first_on:
        raise InvalidInput("The period ends before it begins.", place="until")
    if wanted.last_on > made_at.date() + _AHEAD:
        raise InvalidInput("This day is in the future.", code="in-the-future", place="until")
    starts = list(_months(wanted.first_on, wanted.last_on))
    if len(starts) > MOST_MONTHS:
        raise InvalidInput("A period has at most %(most)d months.", code="period-too-long", place="until",
                           most=MOST_MONTHS)
    product = session.get(Product, wanted.product_id)
    if product is None:
        raise NotFound("There is no such product.", code="unknown-product", place="product_id")
    counted = _cases(session, wanted, starts)
    holder = session.scalar(select(Party.name_zh).join(Site, Site.party_id == Party.id).where(Site.is_own)
                            .order_by(Site.code).limit(1))
    return PeriodicReport(
        product.code, product.name_zh, product.name_en, product.registration_number, product.risk_class, product.unit,
        holder or "", wanted.first_on, wanted.last_on, made_at, [f"{start:%Y-%m}" for start in starts],
        _sales(session, wanted, starts), _countries(session, wanted), counted.by_month, counted.serious,
        counted.not_serious, _ordered(counted.outcomes), _ordered(counted.criteria), _ordered(counted.causalities),
        dict(sorted(counted.ages.items())), _ordered(counted.sexes), _terms(counted), _signals(session, wanted),
        _recalls(session, wanted), _reports(session, wanted))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), ZONE).astimezone(UTC)


def _months(first: date, last: date) -> Iterator[date]:
    """The first day of each month that the period touches."""
    month = first.replace(day=1)
    while month <= last:
        yield month
        month = (month + timedelta(days=32)).replace(day=1)


def _shipped(wanted: Period, *columns: Any) -> Any:
    return (select(*columns).select_from(ShipmentLine).join(Lot, Lot.lot_key == ShipmentLine.lot_key)
            .where(Lot.product_id == wanted.product_id, ShipmentLine.shipped_at >= wanted.since,
                   ShipmentLine.shipped_at < wanted.until))


def _sales(session: Session, wanted: Period, starts: list[date]) -> list[Decimal]:
    """Units of each month, returns taken off."""
    ends = [_midnight(one) for one in starts[1:]] + [wanted.until]
    sums = [func.sum(case(((ShipmentLine.shipped_at >= _midnight(start)) & (ShipmentLine.shipped_at < end),
                           ShipmentLine.units), else_=None)) for start, end in zip(starts, ends, strict=True)]
    return [units or Decimal(0) for units in session.execute(_shipped(wanted, *sums)).one()]


def _countries(session: Session, wanted: Period) -> list[tuple[str, Decimal]]:
    rows = session.execute(_shipped(wanted, Party.country, func.sum(ShipmentLine.units))
                           .outerjoin(Party, Party.id == ShipmentLine.consignee_id).group_by(Party.country)).all()
    return sorted(((country or "", units) for country, units in rows), key=lambda row: (-row[1], row[0]))


class _Counted:
    """Cases counted by what they say."""

    def __init__(self, months: int) -> None:
        self.by_month = [0] * months
        self.serious = self.not_serious = 0
        self.outcomes: Counter[str] = Counter()
        self.criteria: Counter[str] = Counter()
        self.causalities: Counter[str] = Counter()
        self.ages: Counter[str] = Counter()
        self.sexes: Counter[str] = Counter()
        self.terms: Counter[tuple[str, bool]] = Counter()


def _cases(session: Session, wanted: Period, starts: list[date]) -> _Counted:
    """Every case of the product that became known in the period and was not nullified."""
    found, places = _Counted(len(starts)), {(one.year, one.month): at for at, one in enumerate(starts)}
    rows = session.execute(select(
        AdverseEvent.awareness_at, AdverseEvent.is_serious, AdverseEvent.outcome, AdverseEvent.causality,
        AdverseEvent.age_band, AdverseEvent.sex, AdverseEvent.seriousness, AdverseEvent.terms).where(
        AdverseEvent.product_id == wanted.product_id, AdverseEvent.awareness_at >= wanted.since,
        AdverseEvent.awareness_at < wanted.until, AdverseEvent.state != AdverseEventState.nullified)
        .execution_options(yield_per=2000))
    for awareness_at, is_serious, outcome, causality, age, sex, criteria, codes in rows:
        local = awareness_at.astimezone(ZONE)
        found.by_month[places[local.year, local.month]] += 1
        found.serious += is_serious
        found.not_serious += not is_serious
        for counter, value in ((found.outcomes, outcome), (found.causalities, causality), (found.ages, age),
                               (found.sexes, sex)):
            counter[value] += 1
        found.criteria.update(set(criteria))
        found.terms.update((code, is_serious) for code in set(codes))
    return found


def _ordered(counts: Counter[str]) -> dict[str, int]:
    """The most frequent first."""
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _terms(counted: _Counted) -> list[TermCount]:
    known, codes = terms(), {code for code, _serious in counted.terms}
    found = [TermCount(known[code].zh if code in known else code, known[code].en if code in known else code,
                       counted.terms[code, True], counted.terms[code, False]) for code in codes]
    return sorted(found, key=lambda one: (-(one.serious + one.not_serious), one.en))


def _signals(session: Session, wanted: Period) -> list[SignalLine]:
    """Signals that were opened in the period, with the latest decision about each; a merged one stands in another."""
    rows = session.scalars(select(Signal).where(
        Signal.product_id == wanted.product_id, Signal.opened_at >= wanted.since, Signal.opened_at < wanted.until,
        Signal.state != SignalState.merged).order_by(Signal.opened_at, Signal.id)).all()
    ids = [signal.id for signal in rows]
    decided = {one.signal_id: one.reason for one in session.scalars(select(SignalDecision).where(
        SignalDecision.signal_id.in_(ids)).order_by(SignalDecision.position))}
    return [SignalLine(signal.reference, signal.name, signal.opened_at.astimezone(ZONE).date(), signal.observed,
                       signal.expected, str(signal.state), decided.get(signal.id, "")) for signal in rows]


def _recalls(session: Session, wanted: Period) -> list[RecallLine]:
    """Recalls with batches of the product that were announced in the period."""
    rows = session.execute(
        select(Recall, func.count(RecallLot.lot_key), func.sum(RecallLot.shipped))
        .join(RecallLot, RecallLot.recall_id == Recall.id).join(Lot, Lot.lot_key == RecallLot.lot_key)
        .where(Lot.product_id == wanted.product_id, Recall.approved_at >= wanted.since,
               Recall.approved_at < wanted.until).group_by(Recall.id).order_by(Recall.approved_at, Recall.id)).all()
    return [RecallLine(recall.reference, str(recall.recall_class), recall.title_zh, recall.title_en,
                       recall.approved_at.astimezone(ZONE).date() if recall.approved_at else None, str(recall.state),
                       lots, shipped or Decimal(0)) for recall, lots, shipped in rows if is_told(recall)]


def _reports(session: Session, wanted: Period) -> list[ReportsLine]:
    """What authorities were told of the product in the period."""
    late = case(((Report.due_at.is_not(None)) & (Report.sent_at > Report.due_at), 1), else_=0)
    taken = case((Report.state == ReportState.acknowledged, 1), else_=0)
    rows = session.execute(select(Report.jurisdiction, func.count(), func.sum(taken), func.sum(late)).where(
        Report.product_id == wanted.product_id, Report.state.in_(SENT), Report.sent_at >= wanted.since,
        Report.sent_at < wanted.until).group_by(Report.jurisdiction).order_by(Report.jurisdiction)).all()
    return [ReportsLine(jurisdiction, sent, int(acknowledged or 0), int(late_ones or 0))
            for jurisdiction, sent, acknowledged, late_ones in rows]
