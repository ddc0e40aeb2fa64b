"""Lots by terms: the counts, what is expected of them, and what is left out."""
from __future__ import annotations

import math
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from tests.factories_surveillance import add_complaint, add_lot, add_product
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.surveillance.lot_terms import LotTermsWish, lot_terms
from traceapp.trace.model import Lot


def reported(session: Session, clock: FixedClock, lot: Lot, count: int, *terms: str, **changes: object) -> None:
    for _ in range(count):
        add_complaint(session, lot, clock.now(), terms=list(terms), **changes)


def a_product(session: Session, clock: FixedClock, count: int = 3) -> list[Lot]:
    at = clock.now() - timedelta(days=90)
    product = add_product(session, at)
    return [add_lot(session, product, f"L{number}", 1000, at) for number in range(1, count + 1)]


def wish(lot: Lot, clock: FixedClock, **changes: object) -> LotTermsWish:
    values: dict[str, object] = {"product_id": lot.product_id, "since": clock.now() - timedelta(days=30)}
    return LotTermsWish(**(values | changes))  # type: ignore[arg-type]


def test_a_cell_says_how_many_there_are_and_how_many_the_margins_make_one_expect(
        database: Database, clock: FixedClock) -> None:
    with database.write() as session:
        first, second, _third = a_product(session, clock)
        reported(session, clock, first, 8, "itch", "red")
        reported(session, clock, first, 2, "red", "itch")
        reported(session, clock, second, 30, "loose")
        reported(session, clock, second, 10, "itch", "itch")
        found = lot_terms(session, wish(first, clock))
    assert (found.reports, found.of_lot[first.lot_key], found.of_term["itch"]) == (50, 10, 20)
    cell = found.cells[first.lot_key, "itch"]
    assert (cell.reports, cell.expected) == (10, pytest.approx(10 * 20 / 50))
    assert cell.component == pytest.approx(math.log2(10.5 / 4.5))
    assert found.cells[first.lot_key, "red"].stands_out and not found.cells[second.lot_key, "itch"].stands_out
    assert (found.lots[0], found.terms[0]) == (first.lot_key, "red")
    assert (second.lot_key, "red") not in found.cells


def test_duplicates_what_is_set_aside_unknown_lots_and_older_reports_do_not_count(
        sqlite: Database, clock: FixedClock) -> None:
    with sqlite.write() as session:
        lot, *_others = a_product(session, clock)
        reported(session, clock, lot, 1, "red")
        reported(session, clock, lot, 1, "red", master_id="another")
        reported(session, clock, lot, 1, "red", is_quarantined=True)
        reported(session, clock, lot, 1, "red", triage_result="not_ours")
        reported(session, clock, lot, 1)
        add_complaint(session, lot, clock.now(), lot_key="unknown", terms=["red"])
        add_complaint(session, lot, clock.now() - timedelta(days=31), terms=["red"])
        reported(session, clock, lot, 1, "loose", is_harm=False)
        found = lot_terms(session, wish(lot, clock))
    assert {pair[1]: cell.reports for pair, cell in found.cells.items()} == {"red": 1, "loose": 1}


def test_few_rows_and_columns_are_shown_the_most_striking_first_and_the_lot_that_is_asked_about(
        sqlite: Database, clock: FixedClock) -> None:
    with sqlite.write() as session:
        lots = a_product(session, clock, 6)
        for number, lot in enumerate(lots):
            reported(session, clock, lot, 3 + number, f"own-{number}")
            reported(session, clock, lot, 2, "red")
        found = lot_terms(session, wish(lots[0], clock, lots=(lots[2].lot_key,), rows=2, columns=3))
    assert len(found.lots) == 2 and found.lots[0] == lots[2].lot_key
    assert (len(found.terms), found.terms[0]) == (3, "own-2")
    assert (found.hidden_lots, found.hidden_terms) == (4, 4)
    assert all(lot in found.lots and term in found.terms for lot, term in found.cells)


def test_a_product_without_reports_is_an_empty_table(sqlite: Database, clock: FixedClock) -> None:
    with sqlite.write() as session:
        lot, *_others = a_product(session, clock)
        found = lot_terms(session, wish(lot, clock))
    assert (found.reports, found.lots, found.cells) == (0, (), {})
