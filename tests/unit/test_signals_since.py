"""A lasting thing whose fault begins on some day: the average over days by enumeration, and what is said of it."""
from __future__ import annotations

import math
from dataclasses import replace

import pytest

from traceapp.core.errors import InvalidInput
from traceapp.signals.causes import RATE_RATIOS, Beliefs, Chance, Known, Lot, rank_causes
from traceapp.signals.samples import Found, Result
from traceapp.signals.shifts import Change

QUICK = Chance(replications=99, seed=5)
NAMES = [f"lot {number}" for number in range(12)]
# The line makes every second lot; its last three have many complaints.
LINE = NAMES[::2]
EDGES = [("line", name) for name in LINE]
LATE = [Lot(name, 9 if name in LINE[3:] else 1, 1.0) for name in NAMES]
DAYS = {name: float(number) for number, name in enumerate(NAMES)}


def weighed(lots: list[Lot], inside: list[str]) -> float:
    total = sum(lot.complaints for lot in lots)
    seen = sum(lot.complaints for lot in lots if lot.name in inside)
    part = len(inside) / len(lots)
    return sum(r**seen / (1 + (r - 1) * part) ** total for r in RATE_RATIOS) / len(RATE_RATIOS)


def test_the_factor_is_the_average_over_the_days_on_which_it_may_have_begun() -> None:
    known = Known(days=DAYS, lasting={"line"})
    ranking = rank_causes(LATE, EDGES, beliefs=Beliefs(known=known), chance=QUICK)
    factor = 0.5 * weighed(LATE, LINE) + 0.5 * sum(weighed(LATE, LINE[day:]) for day in range(1, 6)) / 5
    top = ranking.classes[0]
    assert (top.members, top.since) == (("line",), 6.0)
    assert top.log_bf == pytest.approx(math.log(factor))


def test_the_numbers_are_those_of_the_lots_since_then() -> None:
    top = rank_causes(LATE, EDGES, beliefs=Beliefs(known=Known(days=DAYS, lasting={"line"})), chance=QUICK).classes[0]
    assert (top.lots, top.complaints, top.exposure) == (tuple(LINE[3:]), 27, 3.0)
    assert top.rate_ratio == pytest.approx(9.0)
    assert top.explained == pytest.approx(24.0)


def test_a_fault_since_ever_names_no_day() -> None:
    always = [Lot(name, 6 if name in LINE else 1, 1.0) for name in NAMES]
    top = rank_causes(always, EDGES, beliefs=Beliefs(known=Known(days=DAYS, lasting={"line"})), chance=QUICK).classes[0]
    assert (top.members, top.since, len(top.lots)) == (("line",), None, 6)


@pytest.mark.parametrize("known", [Known(days=DAYS), Known(lasting={"line"}),
                                   Known(days={name: 1.0 for name in NAMES}, lasting={"line"})])
def test_without_days_or_without_anything_lasting_the_factor_is_the_plain_one(known: Known) -> None:
    found = rank_causes(LATE, EDGES, beliefs=Beliefs(known=known), chance=QUICK).classes
    line = next(one for one in found if one.members == ("line",))
    assert (line.log_bf, line.since) == (pytest.approx(math.log(weighed(LATE, LINE))), None)


def test_a_sample_of_a_lot_made_before_the_fault_began_says_nothing_of_it() -> None:
    def chances(*results: Result) -> dict[str, float]:
        known = Known(results, DAYS, {"line"}, {LINE[0]: (), LINE[5]: ()})
        return dict(rank_causes(LATE, EDGES, beliefs=Beliefs(known=known), chance=QUICK).chances)

    clean_before, clean_after = (chances(Result(LINE[at], Found.clean))["line"] for at in (0, 5))
    assert clean_before > chances()["line"] * 0.99
    assert clean_after < chances()["line"]


def test_a_complaint_of_known_place_counts_with_the_dose_of_the_place() -> None:
    # Half of every lot went to the clinic. Of ten complaints six tell their place: five the clinic, one another.
    names = [f"lot {number}" for number in range(6)]
    lots = [Lot(name, 5 if at < 2 else 1, 1.0) for at, name in enumerate(names)]
    edges = [("clinic", name) for name in names[:3]]
    shares = dict.fromkeys(edges, 0.5)
    places = {"clinic": {names[0]: [(1.0, 3), (0.0, 1)], names[1]: [(1.0, 2)]}}
    ranking = rank_causes(lots, edges, shares=shares, beliefs=Beliefs(known=Known(places=places)), chance=QUICK)
    clinic = next(one for one in ranking.classes if one.members == ("clinic",))
    # Five with dose 1, one with dose 0, five that do not tell with dose one half; fourteen in all.
    factor = sum(r**5 * (1 + (r - 1) * 0.5)**5 / (1 + (r - 1) * 0.25)**14 for r in RATE_RATIOS) / len(RATE_RATIOS)
    assert clinic.log_bf == pytest.approx(math.log(factor))
    assert (clinic.complaints, clinic.since) == (10, None)
    blind = rank_causes(lots, edges, shares=shares, chance=QUICK)
    assert clinic.log_bf > next(one for one in blind.classes if one.members == ("clinic",)).log_bf


def test_what_lots_met_later_than_they_were_made_is_dated_by_when_they_met_it() -> None:
    # The lane takes the line's lots in another order: those with many complaints travel last.
    edges = [("lane", name) for name in LINE]
    order = [LINE[at] for at in (3, 0, 4, 1, 5, 2)]
    lots = [Lot(name, 9 if name in order[3:] else 1, 1.0) for name in NAMES]
    met = {"lane": {name: 100.0 + at for at, name in enumerate(order)}}
    known = Known(days=DAYS, lasting={"lane"}, met=met)
    top = rank_causes(lots, edges, beliefs=Beliefs(known=known), chance=QUICK).classes[0]
    assert (top.members, top.since, set(top.lots)) == (("lane",), 103.0, set(order[3:]))
    by_making = rank_causes(lots, edges, beliefs=Beliefs(known=Known(days=DAYS, lasting={"lane"})), chance=QUICK)
    assert by_making.classes[0].log_bf < top.log_bf
    seen = Known([Result(order[0], Found.clean)], DAYS, {"lane"}, met=met).given({"lane": 103.0}).results[0]
    late = Known([Result(order[4], Found.clean)], DAYS, {"lane"}, met=met).given({"lane": 103.0}).results[0]
    assert (seen.unseen, late.unseen) == (frozenset({"lane"}), frozenset())


def test_a_change_that_is_seen_otherwise_takes_its_part_of_the_belief_to_its_day() -> None:
    known = Known(days=DAYS, lasting={"line"}, changed={"line": Change(7.0, 0.6)})
    top = rank_causes(LATE, EDGES, beliefs=Beliefs(known=known), chance=QUICK).classes[0]
    # The first lot since the seventh day is that of the eighth, the fifth of the line; harm may begin with the sixth.
    spread = 0.5 * weighed(LATE, LINE) + 0.5 * sum(weighed(LATE, LINE[day:]) for day in range(1, 6)) / 5
    since = 0.5 * weighed(LATE, LINE[4:]) + 0.5 * weighed(LATE, LINE[5:])
    assert top.log_bf == pytest.approx(math.log(0.4 * spread + 0.6 * since))
    # Complaints that speak clearly for another day are heard.
    assert top.since == 6.0


def test_what_changed_explains_complaints_about_later_lots_better_and_about_earlier_ones_worse() -> None:
    def factor(worse: list[str], changed: dict[str, Change]) -> float:
        lots = [Lot(name, 4 if name in worse else 1, 1.0) for name in NAMES]
        known = Known(days=DAYS, lasting={"line"}, changed=changed)
        found = rank_causes(lots, EDGES, beliefs=Beliefs(known=known), chance=QUICK).classes
        return next(one for one in found if one.members == ("line",)).log_bf

    change = {"line": Change(6.0, 0.7)}
    assert factor(LINE[3:], change) > factor(LINE[3:], {}) + 0.5
    assert factor(LINE[:3], change) < factor(LINE[:3], {})


@pytest.mark.parametrize("day", [-5.0, 0.0])
def test_a_change_before_all_lots_is_a_fault_since_ever(day: float) -> None:
    known = Known(days=DAYS, lasting={"line"}, changed={"line": Change(day, 1.0)})
    found, plain = (rank_causes(LATE, EDGES, beliefs=Beliefs(known=one), chance=QUICK).classes[0]
                    for one in (known, replace(known, changed={})))
    assert (found.members, found.log_bf) == (("line",), pytest.approx(plain.log_bf))


def test_a_change_after_all_lots_says_nothing_of_them() -> None:
    without, late = (rank_causes(LATE, EDGES, chance=QUICK, beliefs=Beliefs(known=Known(
        days=DAYS, lasting={"line"}, changed=changed))) for changed in ({}, {"line": Change(99.0, 0.7)}))
    assert late.classes[0].log_bf == without.classes[0].log_bf


@pytest.mark.parametrize("wrong", [(math.nan, 0.5), (1.0, 1.5), (1.0, -0.1)])
def test_a_change_without_a_day_or_with_no_part_is_refused(wrong: tuple[float, float]) -> None:
    with pytest.raises(InvalidInput):
        Change(*wrong)
