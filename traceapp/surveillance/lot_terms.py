"""Which term stands out with which lot of a product: reports beside what lots and terms alone would make one expect.

Counted are the reports about the product that name their lot and a term, of harm or not, not set aside, each cluster of
duplicates once; a report counts once for each of its terms. Expected: reports of the lot times reports of the term,
divided by all reports.
"""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from traceapp.complaint.model import UNKNOWN_LOT, Complaint
from traceapp.complaint.triage import TriageResult

_MOST_GROUPS = 20_000


@dataclass(frozen=True, slots=True)
class LotTermsWish:
    """Reports received from `since` on. `lots` are shown whatever they hold; at most `rows` and `columns` are."""

    product_id: str
    since: datetime
    lots: tuple[str, ...] = ()
    rows: int = 15
    columns: int = 10


@dataclass(frozen=True, slots=True)
class TermCell:
    """`component` is log2 of observed to expected, drawn towards 0 where little was seen; it stands out where even its
    lower limit `low` is above 0."""

    reports: int
    expected: float
    component: float
    low: float

    @property
    def stands_out(self) -> bool:
        """Whether chance hardly explains it, one cell looked at alone."""
        return self.low > 0


@dataclass(frozen=True, slots=True)
class LotTerms:
    """A table: `lots` by `terms`, what stands out most first. `reports` in all; how many lots and terms are not shown;
    `is_cut`: there was more than was looked at."""

    reports: int
    lots: tuple[str, ...]
    terms: tuple[str, ...]
    cells: dict[tuple[str, str], TermCell]
    of_lot: dict[str, int]
    of_term: dict[str, int]
    hidden_lots: int
    hidden_terms: int
    is_cut: bool


def lot_terms(session: Session, wish: LotTermsWish) -> LotTerms:
    """The table of a product; one query, grouped by the database."""
    rows = session.execute(
        select(Complaint.lot_key, Complaint.terms, func.count())
        .where(Complaint.product_id == wish.product_id, Complaint.received_at >= wish.since,
               Complaint.lot_key != UNKNOWN_LOT, Complaint.is_quarantined.is_(False), Complaint.master_id.is_(None),
               Complaint.triage_result.in_((TriageResult.untriaged, TriageResult.complaint)))
        .group_by(Complaint.lot_key, Complaint.terms)
        .order_by(func.count().desc(), Complaint.lot_key, Complaint.terms).limit(_MOST_GROUPS + 1)).all()
    return _table([(lot, tuple(sorted(set(terms))), count) for lot, terms, count in rows[:_MOST_GROUPS] if terms],
                  wish, is_cut=len(rows) > _MOST_GROUPS)


def _table(groups: Iterable[tuple[str, tuple[str, ...], int]], wish: LotTermsWish, *, is_cut: bool) -> LotTerms:
    both: Counter[tuple[str, str]] = Counter()
    of_lot: Counter[str] = Counter()
    of_term: Counter[str] = Counter()
    for lot, terms, count in groups:
        of_lot[lot] += count
        for term in terms:
            both[lot, term] += count
            of_term[term] += count
    total = sum(of_lot.values())
    cells = _cells(both, of_lot, of_term, total)
    ordered = sorted(cells, key=lambda pair: (-cells[pair].low, -cells[pair].reports, pair))
    lots = tuple(dict.fromkeys([*(lot for lot in wish.lots if lot in of_lot), *(lot for lot, _term in ordered)]))
    terms = tuple(dict.fromkeys([*(term for lot, term in ordered if lot in wish.lots),
                                 *(term for _lot, term in ordered)]))
    shown_lots, shown_terms = lots[:wish.rows], terms[:wish.columns]
    shown = {pair: cell for pair, cell in cells.items() if pair[0] in shown_lots and pair[1] in shown_terms}
    return LotTerms(total, shown_lots, shown_terms, shown, {lot: of_lot[lot] for lot in shown_lots},
                    {term: of_term[term] for term in shown_terms}, len(lots) - len(shown_lots),
                    len(terms) - len(shown_terms), is_cut)


def _cells(both: Counter[tuple[str, str]], of_lot: Counter[str], of_term: Counter[str],
           total: int) -> dict[tuple[str, str], TermCell]:
    if not both:
        return {}
    from traceapp.signals.disproportionality import information_component

    pairs = list(both)
    expected = [of_lot[lot] * of_term[term] / total for lot, term in pairs]
    found = information_component([both[pair] for pair in pairs], expected)
    return {pair: TermCell(both[pair], expected[n], float(found.value[n]), float(found.low[n]))
            for n, pair in enumerate(pairs)}
