"""Duplicates that were planted among complaints: how many are found (recall), how many of those found are ones
(precision), and which kinds are missed. Judged are pairs of a report and the earlier one that it is said to repeat."""
from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator

from traceapp.complaint.likeness import Facts
from traceapp.complaint.neighbours import Known, Neighbours, most_alike

from .complaint_reports import Told, reports
from .registry import Row, benchmark

NUMBER, LOTS = 20_000, 400
SEEDS = {"seen": 11, "held out": 2026}
"""The weights were looked at with the first seed only."""


def facts_of(told: Told) -> Facts:
    """What a stored complaint of this report would be compared by."""
    return Facts(None if told.lot is None else str(told.lot), told.contact, told.happened, told.site, told.place,
                 told.band, told.sex, frozenset(told.terms), told.text, told.learned)


def suspected(number: int, lots: int, seed: int) -> Iterator[tuple[Told, Told | None]]:
    """Each report, and the earlier one that it is suspected to repeat."""
    by_lot: defaultdict[str | None, Neighbours] = defaultdict(Neighbours)
    by_contact: defaultdict[str | None, Neighbours] = defaultdict(Neighbours)
    earlier: list[Told] = []
    for told in reports(number, lots, seed):
        facts = facts_of(told)
        places = [place[key] for place, key in ((by_lot, facts.lot_key), (by_contact, facts.contact)) if key]
        found = most_alike(facts, [other for place in places for other in place.near(told.learned)])
        yield told, None if found is None else earlier[int(found)]
        for place in places:
            place.add(Known(told.learned, str(len(earlier)), facts))
        earlier.append(told)


@benchmark("duplicates")
def duplicates() -> Iterator[Row]:
    """Precision and recall, and reports a second."""
    for name, seed in SEEDS.items():
        begun = time.perf_counter()
        pairs = list(suspected(NUMBER, LOTS, seed))
        rate = NUMBER / (time.perf_counter() - begun)
        seen: set[int] = set()
        planted = right = given = 0
        for told, other in pairs:
            planted += told.event in seen
            given += other is not None
            right += other is not None and other.event == told.event
            seen.add(told.event)
        yield Row(f"duplicates, {name} seed", right / given * 100, "% precise", "recall", right / planted * 100,
                  right / given, None, f"{planted} planted in {NUMBER:,}, {given} suspected, {rate:,.0f} reports/s")
