"""Cause ranking: the definition computed the long way round, twins, second causes, and planted causes."""
from __future__ import annotations

import math

import numpy as np
import pytest

from traceapp.core.errors import InvalidInput
from traceapp.signals.causes import RATE_RATIOS, Beliefs, Chance, Lot, explain_away, rank_causes
from traceapp.signals.errors import NoExposure
from traceapp.signals.separation import splits

QUICK = Chance(replications=199, seed=1)
EDGES = [("raw 1", "a"), ("raw 1", "b"), ("raw 2", "b"), ("raw 2", "c"), ("raw 3", "c"), ("raw 3", "d")]


def lots(complaints: list[int], exposure: list[float] | None = None) -> list[Lot]:
    return [Lot(name, count, size) for name, count, size in
            zip("abcd", complaints, exposure or [2.0, 1.0, 3.0, 4.0], strict=True)]


def test_posteriors_are_those_of_the_definition() -> None:
    counts, sizes = [1, 6, 5, 1], [2.0, 1.0, 3.0, 4.0]
    below = {"raw 1": "ab", "raw 2": "bc", "raw 3": "cd", "a": "a", "b": "b", "c": "c", "d": "d"}
    weighed = {}
    for node, members in below.items():
        inside = ["abcd".index(member) for member in members]
        seen, part = sum(counts[i] for i in inside), sum(sizes[i] for i in inside) / 10
        factor = sum(ratio**seen / (1 + (ratio - 1) * part) ** 13 for ratio in RATE_RATIOS) / len(RATE_RATIOS)
        weighed[node] = 0.5 * (0.8 / 3 if len(members) == 2 else 0.2 / 4) * factor
    whole = sum(weighed.values()) + 0.5
    ranking = rank_causes(lots(counts, sizes), EDGES, chance=QUICK)
    assert {found.members[0]: found.posterior for found in ranking.classes} == pytest.approx(
        {node: value / whole for node, value in weighed.items()})
    assert ranking.no_cause == pytest.approx(0.5 / whole)
    assert ranking.classes[0].members == ("raw 2",)
    assert sum(found.posterior for found in ranking.classes) + ranking.no_cause == pytest.approx(1.0)


def test_the_rate_ratio_compares_inside_with_outside_and_lies_within_its_limits() -> None:
    top = rank_causes(lots([1, 6, 5, 1]), EDGES, chance=QUICK).classes[0]
    assert top.lots == ("b", "c")
    assert (top.complaints, top.expected, top.exposure) == (11, pytest.approx(13 * 0.4), 4.0)
    assert top.rate_ratio == pytest.approx((11 / 4) / (2 / 6))
    assert top.high is not None and top.rate_ratio is not None
    assert 1 < top.low < top.rate_ratio < top.high
    assert top.explained == pytest.approx(11 - 4 * 2 / 6)


def test_a_dose_of_half_explains_less_than_a_whole_one() -> None:
    shares = {("raw 2", "b"): 1.0, ("raw 2", "c"): 0.1}
    concentrated = rank_causes(lots([0, 12, 3, 2]), EDGES, shares=shares, chance=QUICK)
    plain = rank_causes(lots([0, 12, 3, 2]), EDGES, chance=QUICK)
    by_dose = next(found for found in concentrated.classes if found.members == ("raw 2",))
    by_name = next(found for found in plain.classes if found.members == ("raw 2",))
    assert by_dose.log_bf > by_name.log_bf
    long_way = math.log(sum(
        math.exp(12 * math.log(r) + 3 * math.log(1 + (r - 1) * 0.1) - 17 * math.log(1 + (r - 1) * (0.1 + 0.03)))
        for r in RATE_RATIOS) / len(RATE_RATIOS))
    assert by_dose.log_bf == pytest.approx(long_way)


def test_ancestors_with_the_same_lots_are_one_class_and_the_unshipped_lot_tells_them_apart() -> None:
    edges = [("raw 7", "bulk"), ("raw 8", "bulk"), ("raw 9", "bulk"), ("bulk", "a"), ("bulk", "b"),
             ("raw 7", "kept"), ("raw 8", "kept")]  # fmt: skip
    ranking = rank_causes([*lots([8, 5, 1, 1]), Lot("kept", 0, 0.0)], edges, chance=QUICK)
    top = ranking.classes[0]
    assert top.members == ("bulk", "raw 7", "raw 8", "raw 9")
    best = top.splits[0]
    assert (best.sample, best.points_to, best.bits) == ("kept", ("raw 7", "raw 8"), pytest.approx(1.0))
    assert {split.sample for split in top.splits} >= {"raw 7", "raw 8", "raw 9"}


def test_a_weight_learnt_from_the_past_decides_between_equal_evidence() -> None:
    edges = [("left", "a"), ("left", "b"), ("right", "c"), ("right", "d")]
    even = [4, 4, 4, 4]
    sizes = [1.0, 1.0, 1.0, 1.0]
    ranking = rank_causes(lots(even, sizes), edges, beliefs=Beliefs(weights={"right": 3.0}), chance=QUICK)
    posterior = {found.members[0]: found.posterior for found in ranking.classes}
    assert posterior["right"] == pytest.approx(3 * posterior["left"])


def test_a_second_cause_shows_once_the_first_is_explained_away() -> None:
    names = [f"lot {number}" for number in range(20)]
    edges = [("bad 1", name) for name in names[:4]] + [("bad 2", name) for name in names[3:7]]
    edges += [("fine", name) for name in names[7:]]
    rates = [9.0] * 4 + [5.0] * 3 + [1.0] * 13
    found = explain_away([Lot(name, int(2 * rate), 1.0) for name, rate in zip(names, rates, strict=True)], edges,
                         chance=QUICK)
    assert [cause.members for cause in found][:2] == [("bad 1",), ("bad 2",)]
    assert all(cause.p <= 0.05 for cause in found)


def test_complaints_in_proportion_to_exposure_have_no_cause() -> None:
    ranking = rank_causes(lots([4, 2, 6, 8]), EDGES, chance=QUICK)
    assert ranking.no_cause > 0.5
    assert explain_away(lots([4, 2, 6, 8]), EDGES, chance=QUICK) == ()


def test_without_complaints_nothing_is_learnt() -> None:
    ranking = rank_causes(lots([0, 0, 0, 0]), EDGES, chance=QUICK)
    assert ranking.no_cause == pytest.approx(0.5)
    assert all(found.log_bf == pytest.approx(0.0) for found in ranking.classes)


def test_one_lot_alone_cannot_be_compared() -> None:
    ranking = rank_causes([Lot("a", 9, 2.0)], [("raw", "a")], chance=QUICK)
    (only,) = ranking.classes
    assert only.members == ("a", "raw")
    assert (only.rate_ratio, only.log_bf, only.p) == (None, pytest.approx(0.0), 1.0)
    assert ranking.no_cause == pytest.approx(0.5)


def test_all_complaints_inside_leave_the_ratio_without_upper_bound() -> None:
    top = rank_causes(lots([5, 6, 0, 0]), EDGES, chance=QUICK).classes[0]
    assert top.members == ("raw 1",)
    assert top.rate_ratio is None and top.high is None
    assert top.low > 1
    assert top.explained == pytest.approx(11, abs=0.01)


def test_complaints_without_exposure_name_the_lot() -> None:
    with pytest.raises(NoExposure, match="Lot b has 2 complaints"):
        rank_causes(lots([0, 2, 0, 0], [1.0, 0.0, 1.0, 1.0]), EDGES)


def test_a_plant_that_shipped_nothing_has_nothing_to_rank() -> None:
    with pytest.raises(InvalidInput, match="nothing to rank"):
        rank_causes([Lot("a", 0, 0.0)], [("raw", "a")])


def test_a_class_of_one_needs_no_sample() -> None:
    assert splits(["raw"], {"raw": 1.0}, [("raw", "a")]) == ()


def test_a_planted_raw_lot_comes_first_in_most_plants() -> None:
    # A cosmetic plant: 12 raw materials of 8 lots, 80 bulks, 240 finished lots; 30 complaints, rate ratio 10.
    first = 0
    for seed in range(12):
        rng = np.random.default_rng(seed)
        used = rng.integers(8, size=(80, 12))
        edges = [(f"raw {kind}-{used[bulk, kind]}", f"bulk {bulk}") for bulk in range(80) for kind in range(12)]
        edges += [(f"bulk {lot // 3}", f"lot {lot}") for lot in range(240)]
        exposure = rng.uniform(0.5, 1.5, 240)
        kind, number = int(rng.integers(12)), int(rng.integers(8))
        raised = np.where(used[np.arange(240) // 3, kind] == number, 10.0, 1.0)
        counts = rng.multinomial(30, exposure * raised / (exposure * raised).sum())
        sold = [Lot(f"lot {lot}", int(counts[lot]), float(exposure[lot])) for lot in range(240)]
        top = rank_causes(sold, edges, chance=Chance(replications=19)).classes[0]
        first += f"raw {kind}-{number}" in top.members
    assert first >= 10
