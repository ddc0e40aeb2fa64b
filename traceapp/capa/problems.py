"""The problem database: how often which kind of problem was seen with which product, month by month, counted afresh
from complaints, signals and CAPAs each time, so that it is never behind them."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from sqlalchemy import case, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.sql.elements import ColumnElement

from traceapp.complaint.model import Complaint
from traceapp.complaint.triage import TriageResult
from traceapp.core.errors import InvalidInput
from traceapp.surveillance.model import Signal

from .model import Capa, CapaProduct

ZONE = ZoneInfo("Asia/Shanghai")
MOST_MONTHS = 24
FIRST_YEAR, LAST_YEAR = 1990, 2200
_MONTH = "month_number"
# A signal says that something stands out, not what went wrong.
STANDS_OUT, NOT_CODED = "stands_out", ""


@dataclass(frozen=True, slots=True)
class ProblemFilter:
    """Whole months at home, the last included; of one product or one kind where wished."""

    first_month: date
    last_month: date
    product_id: str | None = None
    kind: str | None = None


@dataclass(slots=True)
class ProblemRow:
    """One product (None: not known) and one kind of problem: counts over the period, and everything by month."""

    product_id: str | None
    kind: str
    complaints: int = 0
    signals: int = 0
    capas: int = 0
    by_month: list[int] = field(default_factory=list)

    @property
    def total(self) -> int:
        return self.complaints + self.signals + self.capas


def year_until(last: date) -> date:
    """The first day of the twelve months of which the last is this day's."""
    return date(max(last.year - (last.month < 12), date.min.year), last.month % 12 + 1, 1)


def months_of(wanted: ProblemFilter) -> list[date]:
    """The first day of each month of the period. Raises InvalidInput for a period that is upside down, longer than two
    years, or in years of which nobody keeps records."""
    for day, place in ((wanted.first_month, "since"), (wanted.last_month, "until")):
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            raise InvalidInput("Ask for years from %(first)s to %(last)s.", code="no-such-years", place=place,
                               first=FIRST_YEAR, last=LAST_YEAR)
    month = wanted.first_month.replace(day=1)
    found: list[date] = []
    while month <= wanted.last_month and len(found) <= MOST_MONTHS:
        found.append(month)
        month = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    if not found:
        raise InvalidInput("The period ends before it begins.", place="until")
    if len(found) > MOST_MONTHS:
        raise InvalidInput("Ask for at most %(most)s months.", code="too-long", place="since", most=MOST_MONTHS)
    return found


def problem_rows(session: Session, wanted: ProblemFilter) -> list[ProblemRow]:
    """The counts, the most frequent first. A complaint counts once for each thing that went wrong in it; duplicates,
    what is another maker's and what is held back do not count. Three statements."""
    months = months_of(wanted)
    rows: dict[tuple[str | None, str], ProblemRow] = {}
    for source, product_id, kind, place, count in _counted(session, wanted, months):
        if wanted.kind is not None and kind != wanted.kind:
            continue
        row = rows.setdefault((product_id, kind), ProblemRow(product_id, kind, by_month=[0] * len(months)))
        setattr(row, source, getattr(row, source) + count)
        row.by_month[place] += count
    return sorted(rows.values(), key=lambda row: (-row.total, row.product_id or "", row.kind))


def _counted(session: Session, wanted: ProblemFilter,
             months: Sequence[date]) -> list[tuple[str, str | None, str, int, int]]:
    """(source, product, kind, number of the month, how many)."""
    found: list[tuple[str, str | None, str, int, int]] = []
    bucket, within = _buckets(Complaint.received_at, months)
    complaints = select(Complaint.product_id, Complaint.terms, bucket, func.count()).where(
        *within, Complaint.master_id.is_(None), Complaint.is_quarantined.is_(False),
        Complaint.triage_result.not_in((TriageResult.not_ours, TriageResult.inquiry)))
    if wanted.product_id:
        complaints = complaints.where(Complaint.product_id == wanted.product_id)
    for product_id, codes, place, count in session.execute(
            complaints.group_by(Complaint.product_id, Complaint.terms, _MONTH)):
        found.extend(("complaints", product_id, code, place, count) for code in codes or (NOT_CODED,))
    bucket, within = _buckets(Signal.opened_at, months)
    signals = select(Signal.product_id, bucket, func.count()).where(*within, Signal.merged_into_id.is_(None))
    if wanted.product_id:
        signals = signals.where(Signal.product_id == wanted.product_id)
    found.extend(("signals", product_id, STANDS_OUT, place, count) for product_id, place, count in session.execute(
        signals.group_by(Signal.product_id, _MONTH)))
    bucket, within = _buckets(Capa.opened_at, months)
    capas = select(CapaProduct.product_id, Capa.problem_kind, bucket, func.count()).outerjoin(
        CapaProduct, CapaProduct.capa_id == Capa.id).where(*within)
    if wanted.product_id:
        capas = capas.where(CapaProduct.product_id == wanted.product_id)
    found.extend(("capas", *row) for row in session.execute(
        capas.group_by(CapaProduct.product_id, Capa.problem_kind, _MONTH)))
    return found


def _buckets(column: InstrumentedAttribute[datetime],
             months: Sequence[date]) -> tuple[ColumnElement[int], tuple[ColumnElement[bool], ColumnElement[bool]]]:
    """The number of the month that a moment falls into, and the condition that it falls into any."""
    last = months[-1]
    ends = [_begin(month) for month in (*months[1:], date(last.year + last.month // 12, last.month % 12 + 1, 1))]
    bucket = case(*((column < end, place) for place, end in enumerate(ends)), else_=len(months) - 1)
    return bucket.label(_MONTH), (column >= _begin(months[0]), column < ends[-1])


def _begin(month: date) -> datetime:
    return datetime.combine(month, time(), ZONE)
