"""Large graphs folded: bounded, nothing lost, what matters in sight, opened by name."""
from __future__ import annotations

from collections import Counter
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.test_ui_layering import Graph, knotted, on_circles
from traceapp.web.ui.folding import ALL, FOLD, Folded, FoldWish, folded
from traceapp.web.ui.graph_model import Edge, GraphWords, Node, ways_through

WORDS = GraphWords("Where it went", lambda n, kind: f"and {n} more {kind}")
WISH = FoldWish(url=lambda name: f"?open={name}")


def fan(count: int) -> tuple[list[Node], list[Edge]]:
    nodes = [Node("L", "L", focus=True), *(Node(f"c{n}", f"Clinic {n}", kind="party", amount=(Decimal(10 + n), "EA"))
                                           for n in range(count))]
    return nodes, [Edge("L", f"c{n}", amount=(Decimal(10 + n), "EA")) for n in range(count)]


def folds(found: Folded) -> list[Node]:
    return [node for node in found.nodes if node.kind == "more"]


def test_a_large_fan_is_folded_and_says_how_many_more_and_how_much() -> None:
    found = folded(*fan(44), WORDS, replace(WISH, tall=8))
    (fold,) = folds(found)
    total = sum(10 + n for n in range(7, 44))
    assert (fold.label, fold.sub, found.hidden) == ("and 37 more party", f"{total} EA", 37)
    assert len(found.nodes) == 1 + 7 + 1
    assert [edge.quantity for edge in found.edges if edge.child == fold.key] == [f"{total} EA"]


def test_a_fan_of_just_the_limit_is_left_alone() -> None:
    found = folded(*fan(8), WORDS, WISH)
    assert (found.hidden, len(found.nodes), len(found.edges)) == (0, 9, 8)


def test_amounts_of_two_units_stand_side_by_side_and_what_is_not_known_is_not_added() -> None:
    nodes, edges = fan(30)
    nodes[20] = replace(nodes[20], amount=(Decimal(5), "KGM"))
    assert folds(folded(nodes, edges, WORDS, WISH))[0].sub.endswith(" EA · 5 KGM")
    nodes[20] = replace(nodes[20], amount=None)
    edges[19] = replace(edges[19], amount=None)
    found = folded(nodes, edges, WORDS, WISH)
    assert folds(found)[0].sub == ""
    assert [edge.quantity for edge in found.edges if edge.child.startswith(FOLD)] == [""]


def test_what_is_worst_stays_in_sight() -> None:
    nodes, edges = fan(30)
    nodes[30] = Node("c29", "Clinic 29", kind="party", meaning="stop", status="Not told")
    assert "c29" in folded(nodes, edges, WORDS, WISH).layer


def test_a_fold_that_hides_stops_says_so_with_their_number() -> None:
    nodes, edges = fan(20)
    nodes = [nodes[0], *(replace(node, meaning="stop", status="Not told") for node in nodes[1:])]
    (fold,) = folds(folded(nodes, edges, WORDS, replace(WISH, tall=4)))
    assert (fold.meaning, fold.status) == ("stop", f"Not told × {20 - 3}")


def test_the_focus_is_not_folded_unless_there_are_very_many() -> None:
    nodes = [Node("L", "L"), *(Node(f"c{n}", f"{n}", focus=n == 25) for n in range(26))]
    assert "c25" in folded(nodes, [Edge("L", f"c{n}") for n in range(26)], WORDS, WISH).layer
    many = [replace(node, focus=True) for node in nodes[1:]]
    found = folded([nodes[0], *many], [Edge("L", f"c{n}") for n in range(26)], WORDS, WISH)
    assert found.hidden > 0
    assert folds(found)[0].focus


def test_a_fold_is_opened_by_its_name_and_the_others_stay_as_they_are() -> None:
    nodes, edges = fan(40)
    nodes += [Node("M", "M", focus=True), *(Node(f"d{n}", f"Ward {n}", kind="container", stage=3) for n in range(40))]
    edges += [Edge("M", f"d{n}") for n in range(40)]
    whole = folded(nodes, edges, WORDS, WISH)
    first, second = folds(whole)
    opened = folded(nodes, edges, WORDS, replace(WISH, opened=frozenset({first.key.removeprefix(FOLD)})))
    assert [fold.key for fold in folds(opened)] == [second.key]
    assert (first.url, opened.folds) == (f"?open={first.key.removeprefix(FOLD)}", 2)
    assert folds(folded(nodes, edges, WORDS, replace(WISH, opened=frozenset({ALL})))) == []


def test_what_is_chosen_or_found_comes_out_of_its_fold_and_the_fold_keeps_its_name() -> None:
    nodes, edges = fan(40)
    before = folds(folded(nodes, edges, WORDS, WISH))[0]
    way, _ = ways_through(edges, "c33")
    marked = [replace(node, chosen=node.key == "c33", found=node.key == "c35", pale=node.key not in way) for node in nodes]
    found = folded(marked, edges, WORDS, WISH)
    (fold,) = folds(found)
    assert {"c33", "c35"} <= set(found.layer)
    assert (fold.key, fold.pale) == (before.key, True)
    assert f" {before.label.split()[1]} " not in f" {fold.label} "


@settings(max_examples=60, deadline=None)
@given(knotted(), st.integers(1, 6))
def test_folding_counts_every_node_keeps_every_connection_and_makes_no_circle(graph: Graph, keep: int) -> None:
    nodes = [Node(str(key), str(key)) for key in graph[0]]
    edges = [Edge(str(a), str(b)) for a, b in graph[1]]
    found = folded(nodes, edges, WORDS, FoldWish(keep=keep, most=8, tall=3))
    hidden = sum(int(node.label.split()[1]) for node in folds(found))
    assert len(found.nodes) - len(folds(found)) + hidden == len(nodes)
    assert hidden == found.hidden
    keys = {node.key for node in found.nodes}
    assert all(edge.parent in keys and edge.child in keys for edge in found.edges)
    if not on_circles(graph[1]):
        assert all(found.layer[edge.parent] < found.layer[edge.child] for edge in found.edges)
    assert set(found.layer.values()) == set(range(max(found.layer.values()) + 1))


@pytest.mark.parametrize("shape", ["wide", "deep", "both"])
def test_the_first_view_of_five_thousand_nodes_is_small(shape: str) -> None:
    size = 5000
    parents = {"wide": lambda n: n // 900, "deep": lambda n: n - 1, "both": lambda n: max(0, n - 40)}[shape]
    nodes = [Node(str(n), str(n), focus=n == 0, like=str(n % 7)) for n in range(size)]
    edges = [Edge(str(parents(n)), str(n)) for n in range(1, size)]
    found = folded(nodes, edges, WORDS, WISH)
    assert 3 <= len(found.nodes) <= 150
    assert found.hidden + len(found.nodes) - len(folds(found)) == size
    assert all(found.layer[edge.parent] < found.layer[edge.child] for edge in found.edges)
    assert max(Counter(found.layer.values()).values()) <= 12


def test_the_ways_through_a_node_are_what_leads_to_it_and_what_comes_of_it() -> None:
    edges = [Edge(*pair) for pair in ("ab", "bc", "bd", "xb", "xc", "de", "cf")]
    nodes, pairs = ways_through(edges, "d")
    assert nodes == set("abxde")
    assert pairs == {("a", "b"), ("x", "b"), ("b", "d"), ("d", "e")}


def test_ways_through_a_circle_end() -> None:
    edges = [Edge(*pair) for pair in ("ab", "ba", "bc")]
    assert ways_through(edges, "b")[0] == set("abc")
