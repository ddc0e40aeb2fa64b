"""Which finished lots come from each ancestor."""
from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from traceapp.core.errors import InvalidInput
from traceapp.signals.genealogy import membership, shares_of_leaves


def test_shares_multiply_along_a_path_and_add_up_over_paths() -> None:
    edges = [("raw", "bulk 1"), ("raw", "bulk 2"), ("bulk 1", "lot"), ("bulk 2", "lot")]
    shares = {("raw", "bulk 1"): 0.5, ("bulk 1", "lot"): 0.4, ("bulk 2", "lot"): 0.6}
    found = shares_of_leaves(["lot"], edges, shares)
    assert found["raw"] == {0: pytest.approx(0.5 * 0.4 + 0.6)}
    assert found["lot"] == {0: 1.0}


def test_a_finished_lot_that_went_into_another_is_an_ancestor_and_a_leaf() -> None:
    assert shares_of_leaves(["a", "b"], [("a", "b")])["a"] == {0: 1.0, 1: 1.0}


def test_a_branch_without_finished_lots_is_left_out() -> None:
    assert set(shares_of_leaves(["lot"], [("raw", "lot"), ("other", "scrap")])) == {"lot", "raw"}


def test_a_circle_is_refused_and_named() -> None:
    with pytest.raises(InvalidInput, match="circle") as refusal:
        shares_of_leaves(["c"], [("a", "b"), ("b", "a"), ("b", "c")])
    assert refusal.value.code == "cycle"


@pytest.mark.parametrize("share", [0.0, -0.1, 1.1, float("nan")])
def test_a_share_out_of_range_is_refused(share: float) -> None:
    with pytest.raises(InvalidInput, match="share"):
        shares_of_leaves(["b"], [("a", "b")], {("a", "b"): share})


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=30))
def test_the_leaves_of_a_node_are_those_that_a_plain_walk_reaches(pairs: list[tuple[int, int]]) -> None:
    edges = [(str(min(pair)), str(max(pair))) for pair in pairs if pair[0] != pair[1]]
    leaves = ["8", "9", "10", "11"]
    found = shares_of_leaves(leaves, edges)
    for node in map(str, range(12)):
        reached, frontier = {node}, [node]
        while frontier:
            at = frontier.pop()
            fresh = {child for parent, child in edges if parent == at} - reached
            reached |= fresh
            frontier += fresh
        assert set(found.get(node, {})) == {leaves.index(leaf) for leaf in reached if leaf in leaves}


def test_the_matrix_holds_a_row_a_set() -> None:
    assert membership([{0: 1.0, 2: 0.5}, {}, {1: 1.0}], 3).toarray().tolist() == [[1, 0, 0.5], [0, 0, 0], [0, 1, 0]]


# Deliveries of three farms over two producers and a trader to three markets; what each delivery went into.
RELATIONS = [
    ("F1P1_1", "P1T1_1"), ("F2P1_1", "P1T1_1"), ("P1T1_1", "T1M1_1"), ("F1P1_2", "P1T1_2"), ("P1T1_2", "T1M2_1"),
    ("F2P2_1", "P2T1_1"), ("F3P2_1", "P2T1_1"), ("P2T1_1", "T1M2_2"), ("F3P2_1", "P2T1_2"), ("P2T1_2", "T1M3_1"),
]  # fmt: skip
SENDERS = [
    ("farm1", "F1P1_1"), ("farm1", "F1P1_2"), ("farm2", "F2P1_1"), ("farm2", "F2P2_1"), ("farm3", "F3P2_1"),
    ("producer1", "P1T1_1"), ("producer1", "P1T1_2"), ("producer2", "P2T1_1"), ("producer2", "P2T1_2"),
    *(("trader1", delivery) for delivery in ("T1M1_1", "T1M2_1", "T1M2_2", "T1M3_1")),
]  # fmt: skip
RECEIVERS = [("T1M1_1", "market1"), ("T1M2_1", "market2"), ("T1M2_2", "market2"), ("T1M3_1", "market3")]


def traced(weights: dict[str, float], edges: list[tuple[str, str]]) -> dict[str, float]:
    """The part of the weight that lies on the forward trace of each node."""
    below = shares_of_leaves(list(weights), edges)
    sizes = list(weights.values())
    return {node: sum(sizes[leaf] for leaf in leaves) / sum(sizes) for node, leaves in below.items()}


def test_stations_trace_forward_to_the_published_parts_of_an_outbreak() -> None:
    found = traced({"market1": 0.0, "market2": 1.0, "market3": 2.0}, RELATIONS + SENDERS + RECEIVERS)
    third = pytest.approx(1 / 3)
    assert [found[name] for name in ("farm1", "farm2", "farm3", "producer1", "producer2", "trader1", "market1",
                                     "market2", "market3")] == [third, third, 1, third, 1, 1, 0, third,
                                                                pytest.approx(2 / 3)]


def test_deliveries_trace_forward_to_the_published_parts_of_an_outbreak() -> None:
    found = traced({"T1M2_2": 1.0, "T1M3_1": 2.0}, RELATIONS)
    assert "F1P1_1" not in found and "F1P1_2" not in found and "F2P1_1" not in found
    assert found["F2P2_1"] == pytest.approx(1 / 3) and found["F3P2_1"] == 1
