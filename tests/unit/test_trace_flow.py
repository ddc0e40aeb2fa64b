"""How much of one lot is in another: in proportion, and at least and at most, against lots that are really mixed."""
from __future__ import annotations

import random
from collections import defaultdict
from decimal import Decimal

import pytest

from traceapp.trace.flow import (
    Link,
    as_decimal,
    downstream_amounts,
    downstream_ranges,
    links_from,
    upstream_amounts,
    upstream_ranges,
)

D = Decimal


def plant(seed: int) -> tuple[list[Link], dict[str, D], dict[str, dict[str, int]]]:
    """Lots of single pieces, each piece from some raw lot, handed on by whatever hand takes them: the lines, what was
    made, and how many pieces of each earlier lot are really in each lot."""
    chance = random.Random(seed)
    pieces: dict[str, list[frozenset[str]]] = {}
    made: dict[str, D] = {}
    links = []
    for number in range(10):
        name = str(number)
        taken: list[frozenset[str]] = []
        for earlier in chance.sample(sorted(pieces), min(len(pieces), chance.randint(0, 3))):
            here = pieces[earlier]
            chance.shuffle(here)
            if chance.random() < 0.5:
                here.sort(key=len)
            out = min(len(here), chance.choice((1, 2, 5, 20)))
            if out:
                taken += [here.pop() | {earlier} for _ in range(out)]
                links.append(Link(earlier, name, D(out)))
        pieces[name] = taken or [frozenset() for _ in range(chance.choice((2, 6, 20)))]
        made[name] = D(len(pieces[name]))
        for piece in pieces[name]:
            held[seed, name].append(piece | {name})
    return links, made, {name: {other: sum(other in piece for piece in held[seed, name]) for other in made}
                         for name in made}


held: dict[tuple[int, str], list[frozenset[str]]] = defaultdict(list)


def reached(links: list[Link], root: str, *, up: bool) -> list[Link]:
    found, inside = [], {root}
    for link in sorted(links, key=lambda one: int(one.child), reverse=up):
        if (link.child if up else link.parent) in inside:
            found.append(link)
            inside.add(link.parent if up else link.child)
    return found


@pytest.mark.parametrize("seed", range(60))
def test_what_is_really_in_a_lot_lies_between_at_least_and_at_most(seed: int) -> None:
    links, made, real = plant(seed)
    for root in made:
        for lot, (low, high) in downstream_ranges(root, reached(links, root, up=False), made).items():
            assert high is not None
            assert low <= real[lot][root] <= high, (root, lot)
        for lot, (low, high) in upstream_ranges(root, reached(links, root, up=True), made).items():
            assert high is not None
            assert low <= real[root][lot] <= high, (root, lot)


def test_the_share_lies_between_too_and_all_that_leaves_the_root_is_sure() -> None:
    links = [Link("root", "mix", D(4)), Link("other", "mix", D(6)), Link("mix", "a", D(5)), Link("mix", "b", D(5)),
             Link("b", "whole", D(5))]
    made = {"root": D(4), "other": D(6), "mix": D(10), "a": D(5), "b": D(5), "whole": D(5)}
    ranges = downstream_ranges("root", [link for link in links if link.parent != "other"], made)
    assert ranges == {"root": (D(4), D(4)), "mix": (D(4), D(4)), "a": (D(0), D(4)), "b": (D(0), D(4)),
                      "whole": (D(0), D(4))}
    assert downstream_amounts("root", [link for link in links if link.parent != "other"], made)["whole"] == 2
    up = upstream_ranges("whole", links[:2] + links[3:], made)
    assert up == {"whole": (D(5), D(5)), "b": (D(5), D(5)), "mix": (D(5), D(5)), "root": (D(0), D(4)),
                  "other": (D(0), D(6))}


def test_a_circle_leaves_everything_possible() -> None:
    links = [Link("root", "a", D(1)), Link("a", "b", D(1)), Link("b", "a", D(1)), Link("b", "c", D(1))]
    made = dict.fromkeys("abc", D(9)) | {"root": D(3)}
    assert downstream_ranges("root", links, made)["c"] == (D(0), D(3))
    assert downstream_amounts("root", links, made)["c"] is None


def test_what_is_not_stated_is_between_nothing_and_all() -> None:
    made = {"root": D(3), "a": D(9)}
    assert downstream_ranges("root", [Link("root", "a", None)], made)["a"] == (D(0), D(3))
    assert upstream_ranges("a", [Link("root", "a", None)], made)["root"] == (D(0), D(3))
    assert upstream_ranges("a", [Link("root", "a", None)], {"a": D(9)})["root"] == (D(0), None)


def test_a_third_of_three_is_one_over_any_number_of_steps() -> None:
    links = [Link(f"{number}", f"{number + 1}", D(1)) for number in range(3000)]
    made = dict.fromkeys((str(number) for number in range(3001)), D(1)) | {"0": D(3)}
    thirds = [*links, *(Link("0", "1", D(1)) for _ in range(2))]
    assert as_decimal(downstream_amounts("0", thirds, made)["3000"]) == 3
    assert as_decimal(upstream_amounts("3000", [Link("0", "3000", D(1) / 3)] * 3, {"3000": D(1)})["0"]) == 1


def reached_from(links: list[Link], roots: tuple[str, ...], *, up: bool) -> list[Link]:
    return list(dict.fromkeys(link for root in roots for link in reached(links, root, up=up)))


@pytest.mark.parametrize("seed", range(60))
def test_of_several_lots_together_what_is_really_there_lies_between_too_and_counts_once(seed: int) -> None:
    links, made, _real = plant(seed)
    names = sorted(made, key=int)
    for roots in (tuple(names[:2]), (names[1], names[4], names[7]), (names[3], names[9])):
        for lot, (low, high) in downstream_ranges(roots, reached_from(links, roots, up=False), made).items():
            pieces = sum(any(root in piece for root in roots) for piece in held[seed, lot][:int(made[lot])])
            assert high is not None
            assert low <= pieces <= high, (roots, lot)
        for lot, (low, high) in upstream_ranges(roots, reached_from(links, roots, up=True), made).items():
            # A piece that went from the lot into one of them and from there into another is in both.
            pieces = made[lot] if lot in roots else sum(
                lot in piece and not any(int(lot) < int(other) < int(root) and other in piece for other in roots)
                for root in roots for piece in held[seed, root][:int(made[root])])
            assert high is not None
            assert low <= pieces <= high, (roots, lot)


def test_a_root_in_another_root_counts_there_and_not_twice() -> None:
    links = [Link("a", "b", D(4)), Link("b", "c", D(5)), Link("a", "c", D(2))]
    made = {"a": D(10), "b": D(20), "c": D(7)}
    assert downstream_amounts(("a", "b"), links, made) == {"a": D(10), "b": D(20), "c": D(7)}
    assert upstream_amounts(("b", "c"), links, made) == {"b": D(20), "c": D(7), "a": D(6)}


def test_ways_end_at_roots_of_another_unit() -> None:
    links = [Link("kg", "m", D(1)), Link("m", "x", D(1)), Link("kg", "y", D(1)), Link("z", "x", D(1))]
    assert links_from(("kg",), links, {"m"}) == [links[2]]
    assert links_from(("m",), links, {"kg"}) == [links[1]]
