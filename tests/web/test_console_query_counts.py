"""Lists ask the database the same number of questions for one row and for fifty."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import event

from tests.factories_trace import GOOD, Hand, Maker, at, gtin, make_batch, make_maker
from tests.factories_web import Console
from traceapp.catalog.service import Level, NewContact, NewParty, NewProduct, create_party, create_product
from traceapp.core.actor import SYSTEM, Actor
from traceapp.trace.inspecting import RecordInspection, record_inspection
from traceapp.trace.overview import lot_head
from traceapp.worklist.tasks import RaiseTask, raise_task

ACTOR = Actor(id="u-manager", role="quality_manager", name="Li Wen")
MOST = 25
# Batches, products and partners, each counted only where a page does not hold them.
SEVERAL_LISTS = ("/console/search?q=B",)
PATHS = ("/console/lots", "/console/products", "/console/partners", "/console/labels", "/console/today",
         "/console/accounts", "/console/search?q=B", "/console/lots/produce?product={plaster}",
         "/console/shipments/new?lot={lot}", "/console/lots/{lot}", "/console/lots/{lot}?part=inspections",
         "/console/lots/{lot}?part=shipments", "/console/lots/{lot}?part=complaints", "/console/lots/{lot}?part=events",
         "/console/lots/{lot}?part=history", "/console/gaps", "/console/excursions", "/console/lots/{lot}?part=journey",
         "/console/lots/{lot}?part=storage")


@contextmanager
def counted(console: Console) -> Iterator[list[str]]:
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if not statement.startswith(("BEGIN", "COMMIT", "ROLLBACK")):
            asked.append(statement)

    event.listen(console.database.engine, "before_cursor_execute", note)
    yield asked
    event.remove(console.database.engine, "before_cursor_execute", note)


def grow(console: Console, maker: Maker, first: int, last: int) -> None:
    """More lots, products, partners, tasks; and more of everything about the batch B0."""
    with console.database.write() as session:
        hand = Hand(session, ACTOR, console.clock, maker)
        head = lot_head(session, _keys["lot"])
        assert head is not None
        for number in range(first, last):
            raw = hand.raw(maker.glue, f"B-{number}", "5")
            record_inspection(session, ACTOR, console.clock, RecordInspection(
                head.lot.lot_key, f"R-{number}", "Own", at(8), Decimal(0), GOOD))
            hand.ship(head.lot, maker.clinic if number % 2 else maker.hospital, str(number + 1))
            create_product(session, ACTOR, console.clock, NewProduct(
                f"B-{number}", "device", "产品", "Product", "EA", levels=(Level("unit", gtin(9000 + number)),)))
            create_party(session, ACTOR, console.clock, NewParty(
                f"B-{number}", "单位", "Partner", contacts=(NewContact("质量部", email="a@b.example"),),
                roles=("user_facility", "distributor")))
            raise_task(session, SYSTEM, console.clock, RaiseTask(
                "exposure.missing", f"lot:{raw.lot_key}", "quality_manager",
                console.clock.now() + timedelta(hours=number)))


_keys: dict[str, str] = {}


@pytest.fixture(scope="module")
def counts(console: Console) -> dict[str, tuple[int, int]]:
    """How many statements each page needed with one row and with many."""
    people = {"/console/accounts": console.browser("administrator")}
    person = console.browser("quality_manager")
    with console.database.write() as session:
        maker = make_maker(session, ACTOR, console.clock)
        batch = make_batch(Hand(session, ACTOR, console.clock, maker), "B0", "100000")
    _keys.update(lot=batch.lot_key, plaster=maker.plaster.id)
    grow(console, maker, 0, 1)
    found: dict[str, list[int]] = {path: [] for path in PATHS}
    for last in (1, 26):
        if last > 1:
            grow(console, maker, 1, last)
        for path in PATHS:
            people.get(path, person).get(path.format(**_keys))  # whatever is asked only once
            with counted(console) as asked:
                answer = people.get(path, person).get(path.format(**_keys))
            assert answer.status_code == 200, (path, answer.status_code)
            found[path].append(len(asked))
    return {path: (few, many) for path, (few, many) in found.items()}


@pytest.mark.parametrize("path", PATHS)
def test_more_rows_do_not_mean_more_statements(counts: dict[str, tuple[int, int]], path: str) -> None:
    few, many = counts[path]
    assert many <= few + (3 if path in SEVERAL_LISTS else 1), "a list is counted only where a page does not hold it"
    assert many <= MOST
