"""The genealogy picture: nothing lost, nothing on top of another, quick, and safe to click."""
from __future__ import annotations

import time
import xml.etree.ElementTree as ET
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from traceapp.web.ui.graph import Edge, GraphWords, Node, folded, genealogy
from traceapp.web.ui.layering import _Proper, layers, place

WORDS = GraphWords("Where it went", lambda n: f"… and {n} more")


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[int], list[tuple[int, int]]]:
    """Nodes 0…n-1 and edges from a smaller to a larger one."""
    size = draw(st.integers(1, 25))
    pairs = st.tuples(st.integers(0, size - 1), st.integers(0, size - 1)).filter(lambda p: p[0] < p[1])
    return list(range(size)), draw(st.lists(pairs, unique=True, max_size=50)) if size > 1 else []


@settings(max_examples=60, deadline=None)
@given(graphs())
def test_what_went_in_stands_left_of_what_came_out_and_nothing_overlaps(
    graph: tuple[list[int], list[tuple[int, int]]],
) -> None:
    keys, edges = graph
    placed = place(keys, edges, (50, 10))
    assert set(placed.layer) == set(keys)
    assert all(placed.layer[a] < placed.layer[b] for a, b in edges)
    for depth in set(placed.layer.values()):
        rows = sorted(placed.row[k] for k in keys if placed.layer[k] == depth)
        assert all(b - a >= 60 - 1e-6 for a, b in zip(rows, rows[1:], strict=False))
    assert all(25 - 1e-6 <= row <= placed.height - 25 + 1e-6 for row in placed.row.values())


@settings(max_examples=60, deadline=None)
@given(graphs())
def test_a_layer_is_the_longest_way_from_a_source(graph: tuple[list[int], list[tuple[int, int]]]) -> None:
    keys, edges = graph
    longest = dict.fromkeys(keys, 0)
    for key in keys:
        longest[key] = max([0, *(longest[a] + 1 for a, b in edges if b == key)])
    layer = layers(keys, edges)
    with_parents = {b for _, b in edges}
    assert all(layer[k] == longest[k] for k in with_parents)


@settings(max_examples=40, deadline=None)
@given(graphs())
def test_sweeping_never_leaves_more_crossings_than_it_found(graph: tuple[list[int], list[tuple[int, int]]]) -> None:
    keys, edges = graph
    proper = _Proper(layers(keys, edges), edges)
    before = proper._crossings()
    proper.reduce_crossings()
    assert proper._crossings() <= before


def test_crossings_are_counted_right_and_undone() -> None:
    keys, edges = list("abxy"), [("a", "y"), ("b", "x")]
    proper = _Proper(layers(keys, edges), edges)
    assert proper._crossings() == 1
    proper.reduce_crossings()
    assert proper._crossings() == 0


def test_a_cycle_is_drawn_and_not_followed_for_ever() -> None:
    nodes = [Node(k, k) for k in "abc"]
    picture = genealogy(nodes, [Edge("a", "b"), Edge("b", "c"), Edge("c", "a")], WORDS)
    assert len(shapes(picture, "rect")) == 3 and len(shapes(picture, "path")) == 3


def test_a_late_material_stands_beside_the_batch_that_it_goes_into() -> None:
    layer = layers(list("abcm"), [("a", "b"), ("b", "c"), ("m", "c")])
    assert layer == {"a": 0, "b": 1, "c": 2, "m": 1}


def test_receivers_stand_together_at_the_end() -> None:
    nodes = [Node("raw", "raw"), Node("lot", "lot"), Node("near", "near", kind="party"), Node("far", "far", kind="party")]
    root = parsed(genealogy(nodes, [Edge("raw", "near"), Edge("raw", "lot"), Edge("lot", "far")], WORDS))
    left = {str(t.text): t.get("x") for t in root.iter(TEXT) if t.get("class") == "nm"}
    assert left["near"] == left["far"] != left["lot"]


SVG = "{http://www.w3.org/2000/svg}"
TEXT = f"{SVG}text"


def parsed(picture: str) -> ET.Element:
    return ET.fromstring(str(picture).replace("<svg ", f'<svg xmlns="{SVG[1:-1]}" ', 1))


def shapes(picture: str, tag: str) -> list[ET.Element]:
    return [e for e in parsed(picture).iter(SVG + tag) if e.get("class", "").split()[0] in ("box", "edge")]


def fan(count: int) -> tuple[list[Node], list[Edge]]:
    nodes = [Node("L", "L", focus=True), *(Node(f"c{n}", f"Clinic {n}", kind="party") for n in range(count))]
    return nodes, [Edge("L", f"c{n}", "10") for n in range(count)]


def test_a_large_fan_is_folded_and_says_how_many_more() -> None:
    nodes, edges = folded(*fan(44), WORDS.more, keep=8)
    assert [n.label for n in nodes if n.kind == "more"] == ["… and 37 more"]
    assert len(nodes) == 1 + 7 + 1 and len(edges) == 8


def test_a_fan_of_just_the_limit_is_left_alone() -> None:
    nodes, edges = fan(8)
    assert folded(nodes, edges, WORDS.more, keep=8) == (nodes, edges)


def test_what_is_worst_stays_in_sight() -> None:
    nodes, edges = fan(30)
    nodes[30] = Node("c29", "Clinic 29", kind="party", meaning="stop", status="Not told")
    shown, _ = folded(nodes, edges, WORDS.more, keep=4)
    assert "c29" in {n.key for n in shown}


def test_a_fold_that_hides_a_stop_says_so() -> None:
    nodes, edges = fan(6)
    nodes = [nodes[0], *(Node(n.key, n.label, kind="party", meaning="stop", status="Not told") for n in nodes[1:])]
    fold = folded(nodes, edges, WORDS.more, keep=3)[0][-1]
    assert (fold.meaning, fold.status) == ("stop", "Not told")


def test_the_focus_is_never_folded() -> None:
    nodes = [Node("L", "L"), *(Node(f"c{n}", f"{n}", focus=n == 25) for n in range(26))]
    shown, _ = folded(nodes, [Edge("L", f"c{n}") for n in range(26)], WORDS.more, keep=3)
    assert "c25" in {n.key for n in shown}


@settings(max_examples=40, deadline=None)
@given(graphs(), st.integers(2, 6))
def test_folding_counts_every_node_and_keeps_every_connection(
    graph: tuple[list[int], list[tuple[int, int]]], keep: int
) -> None:
    nodes = [Node(str(k), str(k)) for k in graph[0]]
    edges = [Edge(str(a), str(b)) for a, b in graph[1]]
    shown, kept = folded(nodes, edges, lambda n: str(n), keep=keep)
    hidden = sum(int(n.label) for n in shown if n.kind == "more")
    assert len([n for n in shown if n.kind != "more"]) + hidden == len(nodes)
    keys = {n.key for n in shown}
    assert all(e.parent in keys and e.child in keys for e in kept)
    assert bool(kept) == bool(edges)


def test_nodes_are_links_that_say_what_they_are() -> None:
    node = Node("a", "A-1", "Adhesive", "material", "stop", "Recalled", "/lots/a")
    (link,) = parsed(genealogy([node], [], WORDS)).iter(f"{SVG}a")
    assert link.get("href") == "/lots/a"
    assert link.get("aria-label") == "A-1, Adhesive, Recalled"
    assert link.findtext(f"{SVG}title") == "A-1, Adhesive, Recalled"


def test_a_state_is_told_by_sign_and_word_and_not_by_colour_alone() -> None:
    signs = set()
    for meaning in ("go", "stop", "check", "info", "plain"):
        root = parsed(genealogy([Node("a", "A", meaning=meaning, status=f"word {meaning}")], [], WORDS))
        signs.add(next(e.get("d") for e in root.iter() if e.get("class") == "sign"))
        assert f"word {meaning}" in [e.text for e in root.iter(TEXT)]
    assert len(signs) == 5


def test_quantities_stand_on_their_edges() -> None:
    picture = genealogy([Node("a", "A"), Node("b", "B")], [Edge("a", "b", "420 kg")], WORDS)
    assert [e.text for e in parsed(picture).iter(TEXT) if "qty" in e.get("class", "")] == ["420 kg"]


def test_an_edge_to_nowhere_is_left_out_and_a_key_twice_is_refused() -> None:
    assert not shapes(genealogy([Node("a", "A")], [Edge("a", "gone")], WORDS), "path")
    with pytest.raises(ValueError, match="same key"):
        genealogy([Node("a", "A"), Node("a", "B")], [], WORDS)


def test_text_from_people_is_escaped() -> None:
    picture = genealogy([Node("a", "<b>x", "&", status='"', url='/x?"<')], [], GraphWords("<i>", str))
    assert Counter(e.tag for e in parsed(picture).iter())[f"{SVG}b"] == 0


def test_nothing_at_all_is_an_empty_picture() -> None:
    assert not shapes(genealogy([], [], WORDS), "rect")


def test_three_hundred_nodes_are_drawn_in_a_fifth_of_a_second() -> None:
    nodes = [Node(f"n{i}", f"L-{i}", "Plaster") for i in range(300)]
    edges = [Edge(f"n{i}", f"n{100 + (i * 7 + k * 31) % 100}", "3 kg") for i in range(100) for k in range(3)]
    edges += [Edge(f"n{100 + i}", f"n{200 + (i * 13 + k * 17) % 100}", "240") for i in range(100) for k in range(3)]
    best = 9.0
    for _ in range(3):
        start = time.process_time()
        genealogy(nodes, edges, WORDS, keep=1000)
        best = min(best, time.process_time() - start)
    assert best < 0.2
