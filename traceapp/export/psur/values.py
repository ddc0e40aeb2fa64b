"""What a periodic report tells: sales, cases, signals, recalls, reports of one product in one period. Pure."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

# Counts of cases below this are not told to the public, since few people could be known again.
SMALLEST_CELL = 5
# What is shown in the place of a count that is hidden.
HIDDEN = -1

Counts = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class TermCount:
    """Cases with one term; `zh`, `en` are its names."""

    zh: str
    en: str
    serious: int
    not_serious: int


@dataclass(frozen=True, slots=True)
class SignalLine:
    """A lot that stood out: what was seen where so much was expected, and what was decided."""

    reference: str
    lot: str
    opened_on: date
    observed: int
    expected: float
    state: str
    decision: str


@dataclass(frozen=True, slots=True)
class RecallLine:
    """A recall of batches of the product."""

    reference: str
    recall_class: str
    title_zh: str
    title_en: str
    announced_on: date | None
    state: str
    lots: int
    shipped: Decimal


@dataclass(frozen=True, slots=True)
class ReportsLine:
    """What one authority was told of: how many reports, how many it confirmed, how many were late."""

    jurisdiction: str
    sent: int
    acknowledged: int
    late: int


@dataclass(frozen=True, slots=True)
class PeriodicReport:
    """`months` as in `2026-11`; `sales` and `cases_by_month` have a value for each. `by_*` count cases by the codes of
    the fields. `last_on` is the last day of the period."""

    code: str
    name_zh: str
    name_en: str
    registration_number: str
    risk_class: str
    unit: str
    holder: str
    first_on: date
    last_on: date
    made_at: datetime
    months: Sequence[str]
    sales: Sequence[Decimal]
    countries: Sequence[tuple[str, Decimal]]
    cases_by_month: Sequence[int]
    serious: int
    not_serious: int
    by_outcome: Counts
    by_criterion: Counts
    by_causality: Counts
    by_age: Counts
    by_sex: Counts
    terms: Sequence[TermCount]
    signals: Sequence[SignalLine]
    recalls: Sequence[RecallLine]
    reports: Sequence[ReportsLine]
    is_public: bool = False

    @property
    def units(self) -> Decimal:
        """Units that were shipped in the period, net of returns."""
        return sum(self.sales, Decimal(0))

    @property
    def cases(self) -> int:
        """All cases of the period."""
        return self.serious + self.not_serious


def for_the_public(report: PeriodicReport) -> PeriodicReport:
    """The same with small counts hidden, and without what was decided in the house's own words."""
    serious, not_serious = hide_small([report.serious, report.not_serious])
    terms = []
    for one in report.terms:
        first, second = hide_small([one.serious, one.not_serious])
        terms.append(replace(one, serious=first, not_serious=second))
    return replace(
        report, is_public=True, serious=serious, not_serious=not_serious,
        cases_by_month=hide_small(report.cases_by_month), by_outcome=_hidden(report.by_outcome),
        by_criterion=_hidden(report.by_criterion), by_causality=_hidden(report.by_causality),
        by_age=_hidden(report.by_age), by_sex=_hidden(report.by_sex),
        terms=terms,
        signals=[replace(one, observed=hide_small([one.observed])[0], decision="") for one in report.signals])


def hide_small(counts: Sequence[int]) -> list[int]:
    """The counts with small ones hidden. Where only one is, the next smallest is hidden too: what is left of a total
    that is known elsewhere would tell it."""
    small = [at for at, count in enumerate(counts) if 0 < count < SMALLEST_CELL]
    if len(small) == 1:
        others = sorted((count, at) for at, count in enumerate(counts) if at not in small and count > 0)
        small += [at for _count, at in others[:1]]
    return [HIDDEN if at in small else count for at, count in enumerate(counts)]


def _hidden(counts: Counts) -> Counts:
    return dict(zip(counts, hide_small(list(counts.values())), strict=True))
