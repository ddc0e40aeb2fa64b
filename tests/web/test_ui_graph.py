"""The genealogy picture: nothing lost, nothing on top of another, quick, and safe to click."""
from __future__ import annotations

import time
import xml.etree.ElementTree as ET
from collections import Counter
from dataclasses import replace

import pytest

from traceapp.web.ui.graph import ALL, Edge, FoldWish, GraphWords, Node, drawn, genealogy

WORDS = GraphWords("Where it went", lambda n, _kind: f"… and {n} more")


def test_a_circle_is_drawn_and_not_followed_for_ever() -> None:
    nodes = [Node(k, k) for k in "abc"]
    picture = genealogy(nodes, [Edge("a", "b"), Edge("b", "c"), Edge("c", "a")], WORDS)
    assert len(shapes(picture, "rect")) == 3 and len(shapes(picture, "path")) == 3


def test_receivers_stand_together_at_the_end() -> None:
    nodes = [Node("raw", "raw"), Node("lot", "lot"), Node("near", "near", kind="party"), Node("far", "far", kind="party")]
    root = parsed(genealogy(nodes, [Edge("raw", "near"), Edge("raw", "lot"), Edge("lot", "far")], WORDS))
    left = {str(t.text): t.get("x") for t in root.iter(TEXT) if t.get("class") == "nm"}
    assert left["near"] == left["far"] != left["lot"]


def test_stages_have_their_headings_above_their_first_column() -> None:
    words = GraphWords("Where it went", WORDS.more, stages=("Raw lots", "Batches", "Consignees"))
    nodes = [Node("r", "r", stage=0), Node("b", "b", stage=1), Node("c", "c", kind="party", stage=2)]
    root = parsed(genealogy(nodes, [Edge("r", "b"), Edge("b", "c")], words))
    heads = {t.text: int(t.get("x", "")) for t in root.iter(TEXT) if t.get("class") == "head"}
    boxes = sorted(int(e.get("x", "")) for e in shapes(str(genealogy(nodes, [Edge("r", "b"), Edge("b", "c")], words)), "rect"))
    assert (list(heads), sorted(heads.values())) == (["Raw lots", "Batches", "Consignees"], boxes)


SVG = "{http://www.w3.org/2000/svg}"
TEXT = f"{SVG}text"


def parsed(picture: str) -> ET.Element:
    return ET.fromstring(str(picture).replace("<svg ", f'<svg xmlns="{SVG[1:-1]}" ', 1))


def shapes(picture: str, tag: str) -> list[ET.Element]:
    return [e for e in parsed(picture).iter(SVG + tag) if e.get("class", "").split()[0] in ("box", "edge")]


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
    picture = genealogy([Node("a", "<b>x", "&", status='"', url='/x?"<')], [], GraphWords("<i>", WORDS.more))
    assert Counter(e.tag for e in parsed(picture).iter())[f"{SVG}b"] == 0


def test_nothing_at_all_is_an_empty_picture() -> None:
    assert not shapes(genealogy([], [], WORDS), "rect")


def many(count: int) -> tuple[list[Node], list[Edge]]:
    """Two layers of many lots and two lines from each of the first."""
    half = count // 2
    nodes = [Node(f"n{i}", f"L-{i}", "Plaster", meaning="go", status="Released", url=f"?at=n{i}") for i in range(count)]
    return nodes, [Edge(f"n{i}", f"n{half + (i * 7 + way * 31) % half}", "3 kg") for i in range(half) for way in (0, 1)]


def test_a_small_quantity_of_nodes_has_cards_and_very_many_have_one_line_each() -> None:
    open_all = FoldWish(opened=frozenset({ALL}))
    few, lots = (str(drawn(*many(count), WORDS, open_all).svg) for count in (100, 600))
    assert "3 kg" in few and "Plaster</text>" in few
    assert "3 kg" not in lots and "Plaster</text>" not in lots
    assert len(shapes(lots, "rect")) == 600
    assert lots.count("Plaster, Released") == 600
    boxes = sorted((int(box.get("x", "")), int(box.get("y", ""))) for box in shapes(lots, "rect"))
    assert all(x != a or y - b >= 24 for (a, b), (x, y) in zip(boxes, boxes[1:], strict=False))
    assert max(y for _, y in boxes) < 3200 < max(int(box.get("y", "")) for box in shapes(few, "rect")) * 2


def test_of_thousands_of_lines_only_the_way_that_is_followed_is_drawn() -> None:
    nodes, edges = many(2400)
    hot = [replace(edge, hot=position < 3) for position, edge in enumerate(edges)]
    open_all = FoldWish(opened=frozenset({ALL}))
    assert len(shapes(drawn(nodes, hot, WORDS, open_all).svg, "path")) == 3
    assert len(shapes(drawn(*many(1000), WORDS, open_all).svg, "path")) == 1000


def test_the_chosen_node_can_be_jumped_to_and_what_is_not_on_its_ways_is_pale() -> None:
    nodes = [Node("a", "A", chosen=True, url="?at=a"), Node("b", "B", pale=True, url="?at=b")]
    root = parsed(genealogy(nodes, [Edge("a", "b")], WORDS))
    links = {link.get("href"): link for link in root.iter(f"{SVG}a")}
    assert (links["?at=a"].get("id"), links["?at=a"].get("aria-current")) == ("at", "true")
    assert "pale" in links["?at=b"].get("class", "").split()


def test_five_thousand_nodes_are_drawn_in_a_second_and_weigh_what_a_page_may() -> None:
    nodes, edges = many(5000)
    best, size = 9.0, 0
    for _ in range(2):
        start = time.process_time()
        size = len(drawn(nodes, edges, WORDS, FoldWish(opened=frozenset({ALL}))).svg)
        best = min(best, time.process_time() - start)
    assert best < 1
    assert size < 3_000_000
