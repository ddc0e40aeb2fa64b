"""What is to be expected of a lot in each of its nodes: today and on the coming days, for each group of severity.

A node that holds whole lots expects what the lots do. One that holds what some consignees were sent expects what those
units cause, times the share of the product's counted complaints that name a consignee at all: it counts no others.
That share is counted by the nightly run over the whole product; until it has, all are taken to name theirs.
"""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from traceapp.complaint.model import UNKNOWN_LOT, Complaint

from .alarm import SeverityGroup
from .basis import Basis, bases_of
from .exposure import Delivery, entries_of
from .judging import PROJECTED_DAYS
from .membership import Enrolled, Membership
from .observe import counted, planned_length
from .watch_model import WatchProduct

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# The weight of ten complaints that name their consignee is given to the share, so that the first few do not swing it.
_WEIGHT = 10


@dataclass(frozen=True, slots=True)
class Rates:
    """What detection needs to know of a product. `named`: of the counted complaints, those that name a consignee."""

    basis: Basis
    named: float = 1.0

    def history(self, group: str) -> int | None:
        """From how many reports the rate of a group was learnt; None where it was stated."""
        return self.basis.history(SeverityGroup(group))


def rates_of(session: Session, product_ids: Iterable[str]) -> dict[str, Rates]:
    """The rates of products as the basis in force and the last nightly run know them."""
    wanted = sorted(set(product_ids))
    bases = bases_of(session, wanted)
    counted_last = {row.product_id: row for row in session.scalars(
        select(WatchProduct).where(WatchProduct.product_id.in_(wanted)))}
    found = {}
    for product_id in wanted:
        row = counted_last.get(product_id)
        named, number = (row.named, row.counted) if row else (0, 0)
        found[product_id] = Rates(bases[product_id], (named + _WEIGHT) / (number + _WEIGHT))
    return found


def count_product(session: Session, product_id: str, on: date) -> WatchProduct:
    """The product's counted complaints, and those of them that name a consignee."""
    number, named = session.execute(
        select(func.count(), func.count(Complaint.consignee_id))
        .where(Complaint.product_id == product_id, Complaint.lot_key != UNKNOWN_LOT,
               *counted(SeverityGroup.harm))).one()
    return WatchProduct(product_id=product_id, counted=number, named=named, counted_on=on)


class Projection:
    """Expected reports of one lot from `on` for a number of days, for any part of its lines.

    A lot can be in a node for each of ten thousand consignees: what is the same for all of them is worked out once.
    """

    def __init__(self, enrolled: Enrolled, rates: Rates, on: date, days: int = PROJECTED_DAYS) -> None:
        self.enrolled, self.rates, self.on, self.days = enrolled, rates, on, days
        end = min(enrolled.watched_until.date(), on + timedelta(days=days))
        self._first = min(on, end)
        self._span = (end - self._first).days + 1
        self._lines: dict[str, list[Delivery]] = defaultdict(list)
        for line in enrolled.lines:
            self._lines[line.consignee_id].append(line)
        self._units: dict[tuple[date, str, str], NDArray[np.float64]] = {}

    def planned(self, group: str) -> float:
        """All reports that the lot will cause, by its size as made."""
        lines = [(line.day, line.units) for line in self.enrolled.lines]
        return planned_length(self.enrolled.lot, lines, self.rates.basis.rate(SeverityGroup(group)))

    def expected(self, member: Membership, group: str) -> NDArray[np.float64]:
        """The cumulative expected reports of a membership at the end of each day; shape (days,)."""
        if member.consignees is None:
            return self._curve(self.enrolled.lines, group)
        lines = [line for consignee_id in member.consignees for line in self._lines[consignee_id]]
        found = self._of_one(lines[0], group) if len(lines) == 1 else self._curve(lines, group)
        return found * self.rates.named

    def _of_one(self, line: Delivery, group: str) -> NDArray[np.float64]:
        """The same for one despatch: what is expected grows with its units, so that it is worked out once for a unit of
        each day and region."""
        key = line.day, self.enrolled.regions.get(line.consignee_id, ""), group
        if key not in self._units:
            self._units[key] = self._curve([Delivery(line.day, 1, line.consignee_id)], group)
        return self._units[key] * line.units

    def _curve(self, lines: Sequence[Delivery], group: str) -> NDArray[np.float64]:
        import numpy as np

        from traceapp.signals.exposure import expected_curve

        if not lines:
            return np.zeros(self.days)
        basis, severity = self.rates.basis, SeverityGroup(group)
        entries = entries_of((lines, list(self.enrolled.holds)), basis, severity, self.enrolled.regions)
        found = expected_curve(entries, basis.rate(severity), basis.law, self._first, self._span)
        days = (self.on - self._first).days + np.arange(self.days)
        return found[np.minimum(days, self._span - 1)]


def written(expected: Iterable[float]) -> list[float]:
    """A row of expected counts as it is kept: nine digits say more than is known."""
    return [float(f"{value:.9g}") for value in expected]
