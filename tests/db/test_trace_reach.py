"""What a lot reaches, against an oracle that goes through time hour by hour; on both databases."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from sqlalchemy import Connection

from tests.conftest import new_postgresql
from tests.genealogies import Genealogy, Line, Oracle, genealogy, moment, store
from traceapp.core.errors import InvalidInput, NotFound
from traceapp.core.ids import name_key
from traceapp.db import Database
from traceapp.models import metadata
from traceapp.trace.model import Lot, LotEdge
from traceapp.trace.reach import DOWN, UP, Reached, Walk, Wanted
from traceapp.trace.reach_pages import reached_page

EVERY = [genealogy(seed) for seed in range(400)]


def walked_on(connection: Connection, of: Genealogy, root: int, direction: str, **more: object) -> dict[int, Reached]:
    numbers = {of.key(number): number for number in range(of.lots)}
    walk = Walk(connection, Wanted(of.key(root), direction, **more))  # type: ignore[arg-type]
    return {numbers[one.lot_key]: one for level in walk.levels() for one in level}


def walked(database: Database, of: Genealogy, root: int, direction: str, **more: object) -> dict[int, Reached]:
    with database.reading() as connection:
        return walked_on(connection, of, root, direction, **more)


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def stored(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    """What reads a database of its own with all genealogies."""
    with ExitStack() as stack:
        if request.param == "sqlite":
            database = Database(f"sqlite:///{tmp_path_factory.mktemp('reach') / 'test.db'}", is_durable=False)
            stack.callback(database.close)
        else:
            database = stack.enter_context(new_postgresql(request.getfixturevalue("pg_server")))
        metadata.create_all(database.engine, tables=[metadata.tables[kind.__tablename__] for kind in (Lot, LotEdge)])
        store(database, EVERY)
        yield stack.enter_context(database.reading())


@pytest.mark.parametrize("by_time", [True, False])
def test_random_genealogies_reach_what_the_oracle_says(
        stored: Connection, by_time: bool) -> None:
    for of in EVERY:
        root = of.seed % of.lots
        for direction in (UP, DOWN):
            found = walked_on(stored, of, root, direction, by_time=by_time)
            oracle = Oracle(of, root, up=direction == UP, by_time=by_time)
            assert {number: one.depth for number, one in found.items()} == oracle.steps, (of, root, direction)


@pytest.mark.parametrize("by_time", [True, False])
def test_following_line_by_line_reaches_the_same_lots_at_the_same_times_as_lines_drawn_together(
        stored: Connection, by_time: bool) -> None:
    for of in EVERY:
        root = of.seed % of.lots
        for direction in (UP, DOWN):
            drawn_together = walked_on(stored, of, root, direction, by_time=by_time)
            assert drawn_together == walked_on(stored, of, root, direction, by_time=by_time, with_amounts=True), of


def test_what_is_upstream_of_a_lot_has_it_downstream(stored: Connection) -> None:
    for of in EVERY[:60]:
        above = {number: set(walked_on(stored, of, number, UP)) for number in range(of.lots)}
        below = {number: set(walked_on(stored, of, number, DOWN)) for number in range(of.lots)}
        assert all((one in above[other]) == (other in below[one]) for one in above for other in above), of


def test_a_bad_input_that_arrived_later_leaves_out_what_had_left_before(
        stored: Connection) -> None:
    for of in EVERY:
        since = of.seed % 10
        found = walked_on(stored, of, 0, DOWN, since=moment(since))
        oracle = Oracle(of, 0, up=False, by_time=True, since=since)
        assert {number: one.depth for number, one in found.items()} == oracle.steps, of


def genealogy_of(*lines: Line, things: frozenset[int] = frozenset(), started: tuple[int, ...] = (0,) * 6) -> Genealogy:
    return Genealogy(0, 6, things, started, lines)


def test_a_tank_hands_on_only_after_the_bad_input_came_in(database: Database) -> None:
    tank = genealogy_of(Line(0, 2, "made", 5), Line(1, 2, "made", 1), Line(2, 3, "made", 2), Line(2, 4, "made", 6))
    store(database, [tank])
    assert set(walked(database, tank, 0, DOWN)) == {0, 2, 4}
    assert set(walked(database, tank, 0, DOWN, by_time=False)) == {0, 2, 3, 4}
    assert set(walked(database, tank, 3, UP)) == {3, 2, 1}
    assert walked(database, tank, 0, DOWN)[4].arrived_at == moment(6)


def test_a_carton_that_is_used_again_carries_only_what_is_in_it(database: Database) -> None:
    cartons = genealogy_of(Line(0, 2, "packed", 1, 3), Line(1, 2, "packed", 4), Line(2, 3, "packed", 2, 3),
                           Line(2, 4, "packed", 5), things=frozenset({0, 1, 2, 3, 4}))
    store(database, [cartons])
    assert set(walked(database, cartons, 0, DOWN)) == {0, 2, 3}
    assert set(walked(database, cartons, 1, DOWN)) == {1, 2, 4}
    assert set(walked(database, cartons, 3, UP)) == {3, 2, 0}


def test_what_was_put_into_a_carton_on_its_pallet_is_on_the_pallet(database: Database) -> None:
    pallet = genealogy_of(Line(2, 3, "packed", 1, 9), Line(0, 2, "packed", 4, 6), things=frozenset({0, 2, 3}))
    store(database, [pallet])
    assert walked(database, pallet, 0, DOWN)[3].arrived_at == moment(4)


def test_a_time_before_the_lot_began_is_a_mistake_and_leaves_nothing_out(database: Database) -> None:
    mistaken = genealogy_of(Line(0, 1, "made", 5), Line(1, 2, "made", 3), started=(0, 5, 3, 0, 0, 0))
    store(database, [mistaken])
    assert set(walked(database, mistaken, 0, DOWN)) == {0, 1, 2}
    assert set(walked(database, mistaken, 2, UP)) == {0, 1, 2}


def test_an_unknown_lot_reaches_nothing(database: Database) -> None:
    nothing = genealogy_of()
    assert walked(database, nothing, 0, DOWN) == {}


def test_pages_together_are_the_whole_nearest_first_and_each_lot_once(
        stored: Connection) -> None:
    for of in EVERY[:40]:
        whole = walked_on(stored, of, 0, DOWN)
        found, after = [], None
        while True:
            page = reached_page(stored, Wanted(of.key(0), DOWN), after, limit=2)
            found += [(one.depth, one.lot_key) for one in page.rows]
            assert len(page.rows) <= 2
            if (after := page.next) is None:
                break
        assert found == sorted((one.depth, one.lot_key) for one in whole.values())


@pytest.mark.parametrize("after", ["x", "1.", "-1.aa", "1.zz", "99999999.aa", "1.aa\n", "١.aa"])
def test_a_place_that_is_not_ours_is_refused(sqlite: Database, after: str) -> None:
    with sqlite.reading() as connection, pytest.raises(InvalidInput):
        reached_page(connection, Wanted(name_key("urn:x"), DOWN), after)


def test_a_page_of_an_unknown_lot_is_refused(database: Database) -> None:
    with database.reading() as connection, pytest.raises(NotFound):
        reached_page(connection, Wanted(name_key("urn:x"), UP))
