"""Scan statistics: the published tree, exact enumeration of small ones, and calibration."""
from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from traceapp.core.errors import InvalidInput
from traceapp.signals.errors import NoExposure
from traceapp.signals.genealogy import shares_of_leaves
from traceapp.signals.scan import scan_bernoulli, scan_poisson, scan_tree_temporal

LEAVES = [f"Leaf{number}" for number in range(1, 13)]
EDGES = [
    *(("Node1", leaf) for leaf in LEAVES[:3]), *(("Node2", leaf) for leaf in LEAVES[3:7]),
    *(("Node3", leaf) for leaf in LEAVES[7:11]), ("Node4", "Leaf12"), ("Node5", "Node1"), ("Node5", "Node2"),
    ("Node6", "Node3"), ("Node6", "Node4"), ("Root", "Node5"), ("Root", "Node6"),
]  # fmt: skip
CASES = [1, 2, 0, 6, 4, 2, 5, 9, 14, 7, 3, 2]
PEOPLE = [200, 300, 400, 200, 300, 200, 600, 400, 200, 200, 400, 700]


def test_the_poisson_scan_of_the_published_tree_has_its_printed_results() -> None:
    scan = scan_poisson(CASES, PEOPLE, shares_of_leaves(LEAVES, EDGES), replications=9999, seed=4)
    raised = [finding for finding in scan.findings if finding.llr > 0]
    assert [finding.node for finding in raised] == ["Leaf9", "Node3", "Node6", "Leaf10", "Leaf4", "Leaf8"]
    assert [round(finding.llr, 6) for finding in raised] == [
        13.136308, 11.148394, 3.318753, 2.579169, 1.619486, 1.156791]
    first, second = raised[:2]
    assert (first.count, round(first.expected, 2), round(first.rate_ratio or 0, 2)) == (14, 2.68, 6.66)
    assert round(first.excess, 1) == 11.9
    assert (second.count, round(second.expected, 1), round(second.rate_ratio or 0, 2)) == (33, 16.1, 3.63)
    assert round(second.excess, 1) == 23.9
    for finding, printed in zip(raised, (2e-5, 4e-5, 0.081, 0.188, 0.492, 0.637), strict=True):
        assert finding.p == pytest.approx(printed, abs=1e-4 + 4 * math.sqrt(printed * (1 - printed) / 9999))
    # As the program prints them, for 9,999 replications of its own.
    printed = {"Leaf9": (14, 2.68, 6.66, 1e-4), "Node3": (33, 16.1, 3.63, 1e-4), "Leaf4": (6, 2.68, 2.39, 0.4879),
               "Leaf8": (9, 5.37, 1.81, 0.64)}  # fmt: skip
    for finding in raised:
        if finding.node in printed:
            count, expected, ratio, p = printed[finding.node]
            assert (finding.count, round(finding.rate_ratio or 0, 2)) == (count, ratio)
            assert finding.expected == pytest.approx(expected, abs=0.006 if expected < 10 else 0.06)
            assert finding.p == pytest.approx(p, abs=2e-4 + 5 * math.sqrt(2 * p * (1 - p) / 9999))


def test_the_critical_ratios_of_the_published_tree_are_the_known_ones() -> None:
    scan = scan_poisson(CASES, PEOPLE, shares_of_leaves(LEAVES, EDGES), replications=99_999, seed=4)
    assert scan.critical(0.05) == pytest.approx(3.7030, abs=0.06)
    assert scan.critical(0.01) == pytest.approx(4.9735, abs=0.13)


def plain_ratio(count: int, expected: float, total: int) -> float:
    if count <= expected + 1e-9:
        return 0.0
    rest = (total - count) * math.log((total - count) / (total - expected)) if count < total else 0.0
    return count * math.log(count / expected) + rest


def test_p_agrees_with_the_enumeration_of_all_outcomes_on_a_dag() -> None:
    people, total = [2.0, 3.0, 5.0, 1.0], 6
    nodes = {"a": (0, 1), "b": (1, 2), "c": (0, 1, 3), "leaf 3": (3,)}

    def largest(cases: tuple[int, ...]) -> float:
        return max(
            plain_ratio(sum(cases[i] for i in members), total * sum(people[i] for i in members) / 11, total)
            for members in nodes.values()
        )

    observed = (3, 1, 1, 1)
    target, exact = largest(observed), 0.0
    for cases in itertools.product(range(total + 1), repeat=4):
        if sum(cases) == total and largest(cases) >= target - 1e-9:
            ways = math.factorial(total) / math.prod(math.factorial(count) for count in cases)
            exact += ways * math.prod((size / 11) ** count for size, count in zip(people, cases, strict=True))
    scan = scan_poisson(observed, people, nodes, replications=20_000, seed=5)
    assert scan.findings[0].llr == pytest.approx(target)
    assert scan.findings[0].p == pytest.approx(exact, abs=4 * math.sqrt(exact * (1 - exact) / 20_000) + 1e-4)


def test_p_is_not_smaller_than_it_should_be_under_chance() -> None:
    rng = np.random.default_rng(11)
    nodes = shares_of_leaves(LEAVES, EDGES)
    share = np.array(PEOPLE) / sum(PEOPLE)
    smallest = [
        scan_poisson(rng.multinomial(40, share), PEOPLE, nodes, replications=199, seed=seed).findings[0].p
        for seed in range(300)
    ]
    for alpha in (0.05, 0.2):
        assert np.mean(np.array(smallest) <= alpha) < alpha + 3 * math.sqrt(alpha * (1 - alpha) / 300)


def test_a_node_with_several_parents_counts_for_each_of_them_once() -> None:
    nodes = shares_of_leaves(["x", "y"], [("p", "x"), ("q", "x"), ("q", "y"), ("r", "p"), ("r", "q")])
    scan = scan_poisson([5, 1], [1, 1], nodes, replications=99)
    assert {finding.node: finding.count for finding in scan.findings} == {"x": 5, "y": 1, "p": 5, "q": 6, "r": 6}


def test_the_same_seed_gives_the_same_p() -> None:
    nodes = shares_of_leaves(LEAVES, EDGES)
    first, again = (scan_poisson(CASES, PEOPLE, nodes, replications=199, seed=8) for _ in range(2))
    assert first.findings == again.findings


def test_without_cases_nothing_stands_out() -> None:
    scan = scan_poisson([0, 0], [3, 4], {"a": (0,), "b": (1,)}, replications=9)
    assert all(finding.p == 1.0 and finding.llr == 0.0 for finding in scan.findings)


def test_cases_where_nobody_was_are_refused() -> None:
    with pytest.raises(NoExposure, match="leaf 1"):
        scan_poisson([1, 2], [5, 0], {"a": (0, 1)})


def test_the_bernoulli_scan_follows_its_definition() -> None:
    scan = scan_bernoulli([5, 1, 0], [10, 10, 20], {"a": (0,), "ab": (0, 1), "c": (2,)}, 0.1, replications=4999, seed=2)
    first = scan.findings[0]
    assert first.node == "a"
    assert first.llr == pytest.approx(5 * math.log(5 / 1) + 5 * math.log(5 / 9))
    assert first.rate_ratio == pytest.approx(5.0)
    # Two of three nodes can reach it; Bonferroni bounds p, P(Binomial(10, .1) >= 5) alone is below it.
    alone = sum(math.comb(10, k) * 0.1**k * 0.9 ** (10 - k) for k in range(5, 11))
    assert alone * 0.4 < first.p < 5 * alone + 0.002


def test_more_cases_than_trials_are_refused() -> None:
    with pytest.raises(InvalidInput, match="below its cases"):
        scan_bernoulli([3], [2], {"a": (0,)}, 0.5)


def test_cases_bunched_in_time_are_found_in_their_node_and_window() -> None:
    cases = np.zeros((3, 20), dtype=int)
    cases[0, 4:8] = 4
    cases[1] = 1
    cases[2, ::2] = 1
    windows = [(first, last) for first in range(20) for last in range(first, min(20, first + 6))]
    scan = scan_tree_temporal(cases, {"a": (0,), "b": (1,), "bc": (1, 2), "abc": (0, 1, 2)}, windows, seed=1)
    first = scan.findings[0]
    assert (first.node, first.window, first.count) == ("a", (4, 7), 16)
    assert first.llr == pytest.approx(16 * math.log(20 / 4))
    assert first.expected == pytest.approx(16 * 4 / 20)
    assert first.p == pytest.approx(1 / 1000)
    assert next(finding for finding in scan.findings if finding.node == "b").p > 0.5


def test_too_few_replications_have_no_critical_value() -> None:
    scan = scan_poisson(CASES, PEOPLE, {"a": (0,)}, replications=19)
    with pytest.raises(InvalidInput, match="too few replications"):
        scan.critical(0.01)
