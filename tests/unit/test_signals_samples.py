"""Results of samples: posteriors against Bayes' theorem written out cause by cause, and the sample to take next."""
from __future__ import annotations

import math

import pytest

from traceapp.core.errors import InvalidInput
from traceapp.signals.causes import RATE_RATIOS, Beliefs, Chance, Known, Lot, explain_away, rank_causes
from traceapp.signals.samples import Found, Result, Test, log_odds, next_samples

QUICK = Chance(replications=99, seed=3)
# Two raw lots in the same bulk (twins), one of them also in a kept lot; a third raw lot elsewhere; a lane of a and b.
EDGES = [("raw 1", "bulk"), ("raw 2", "bulk"), ("bulk", "a"), ("bulk", "b"), ("raw 3", "c"), ("raw 3", "d"),
         ("raw 2", "kept"), ("lane", "a"), ("lane", "b")]
COUNTS, SIZES = {"a": 5, "b": 4, "c": 1, "d": 1}, {"a": 1.0, "b": 1.0, "c": 2.0, "d": 1.0}
LOTS = [Lot(name, COUNTS[name], SIZES[name]) for name in "abcd"]
ABOVE_KEPT = {"kept", "raw 2"}
BELOW = {"raw 1": "ab", "raw 2": "ab", "bulk": "ab", "lane": "ab", "raw 3": "cd", "a": "a", "b": "b", "c": "c",
         "d": "d"}


def enumerated(chances: dict[str, float], none: float) -> dict[str, float]:
    """The posterior of every node and of "none" by enumeration; `chances`: P(results | node is the cause)."""
    total, whole = sum(COUNTS.values()), sum(SIZES.values())

    def fit(node: str) -> float:
        seen, part = sum(COUNTS[one] for one in BELOW[node]), sum(SIZES[one] for one in BELOW[node]) / whole
        return sum(r**seen / (1 + (r - 1) * part) ** total for r in RATE_RATIOS) / len(RATE_RATIOS)

    priors = {node: 0.5 * 0.8 / 2 / (4 if BELOW[node] == "ab" else 1) if len(BELOW[node]) == 2 else 0.5 * 0.2 / 4
              for node in BELOW}
    joint = {node: priors[node] * fit(node) * chances[node] for node in BELOW} | {"none": 0.5 * none}
    return {node: value / sum(joint.values()) for node, value in joint.items()}


def ranked(*results: Result) -> dict[str, float]:
    ranking = rank_causes(LOTS, EDGES, beliefs=Beliefs(known=Known(results)), chance=QUICK)
    return dict(ranking.chances) | {"none": ranking.no_cause}


def test_without_a_sample_twins_share_the_chance_of_their_class() -> None:
    assert ranked() == pytest.approx(enumerated(dict.fromkeys(BELOW, 1.0), 1.0))


def test_a_bad_sample_raises_what_lies_above_it_by_bayes_theorem() -> None:
    by_hand = enumerated({node: 0.95 if node in ABOVE_KEPT else 0.02 for node in BELOW}, 0.02)
    found = ranked(Result("kept", Found.contaminated))
    assert found == pytest.approx(by_hand)
    assert found["raw 2"] > 0.9 > found["raw 1"]


def test_a_clean_sample_lowers_what_lies_above_it_and_the_twin_takes_over() -> None:
    by_hand = enumerated({node: 0.2 if node in ABOVE_KEPT else 0.9 for node in BELOW}, 0.9)
    assert ranked(Result("kept", Found.clean, Test(0.8, 0.9))) == pytest.approx(by_hand)


def test_two_samples_multiply_and_an_unclear_one_says_nothing() -> None:
    chances = {node: (0.95 if node in ABOVE_KEPT else 0.02) * (0.05 if node in ("raw 1", "raw 2", "bulk", "a", "lane")
                                                              else 0.98) for node in BELOW}
    found = ranked(Result("kept", Found.contaminated), Result("a", Found.clean), Result("b", Found.unclear))
    assert found == pytest.approx(enumerated(chances, 0.02 * 0.98))


def test_a_retained_sample_cannot_show_what_happened_on_the_way() -> None:
    found = ranked(Result("a", Found.contaminated, unseen=frozenset({"lane"})))
    assert found == pytest.approx(enumerated(
        {node: 0.95 if node in ("raw 1", "raw 2", "bulk", "a") else 0.02 for node in BELOW}, 0.02))
    assert found["lane"] < ranked()["lane"] / 10


def test_a_class_is_divided_where_samples_say_different_things_of_its_members() -> None:
    ranking = rank_causes(LOTS, EDGES, beliefs=Beliefs(known=Known([Result("kept", Found.contaminated)])),
                          chance=QUICK)
    assert ranking.classes[0].members == ("raw 2",)
    assert ("bulk", "lane", "raw 1") in [found.members for found in ranking.classes]


def test_a_test_without_error_settles_what_it_sees() -> None:
    assert ranked(Result("kept", Found.clean, Test(1.0, 1.0)))["raw 2"] < 1e-20
    assert ranked(Result("kept", Found.contaminated, Test(1.0, 1.0)))["raw 2"] == pytest.approx(1.0)


@pytest.mark.parametrize("stated", [(0.0, 0.9), (1.1, 0.9), (0.5, 0.5), (0.9, -0.1)])
def test_a_test_that_tells_nothing_is_refused(stated: tuple[float, float]) -> None:
    with pytest.raises(InvalidInput):
        Test(*stated)


def test_odds_go_to_everything_upstream_and_to_nothing_else() -> None:
    assert log_odds([Result("a", Found.contaminated)], EDGES) == pytest.approx(
        dict.fromkeys(("a", "bulk", "raw 1", "raw 2", "lane"), math.log(0.95 / 0.02)))


def test_the_next_sample_is_the_one_whose_answer_is_least_known() -> None:
    posterior = {"raw 1": 0.4, "raw 2": 0.4, "raw 3": 0.1}
    first, *others = next_samples(posterior, EDGES, {"kept": (), "c": (), "d": (), "a": ("lane",)}, test=Test(1, 1))
    assert (first.node, first.chance) == ("kept", pytest.approx(0.4))
    assert first.bits == pytest.approx(-0.4 * math.log2(0.4) - 0.6 * math.log2(0.6))
    # A sample of d would tell what one of c tells: it is not named a second time.
    assert [one.node for one in others] == ["a", "c"]


def test_a_sample_that_can_only_confirm_what_is_known_is_not_proposed() -> None:
    assert next_samples({"raw 1": 1.0}, EDGES, {"kept": (), "a": ()}) == ()


def test_a_bad_sample_that_the_first_cause_explains_does_not_point_to_a_second() -> None:
    names = [f"lot {number}" for number in range(16)]
    edges = [("bad", name) for name in names[:4]] + [("other", name) for name in names[3:8]]
    lots = [Lot(name, 16 if index < 4 else 2, 1.0) for index, name in enumerate(names)]
    known = Known([Result("lot 3", Found.contaminated)])
    assert [cause.members for cause in explain_away(lots, edges, beliefs=Beliefs(known=known), chance=QUICK)] == [
        ("bad",)]
