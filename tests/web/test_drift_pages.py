"""Rising test results in the console: the list, one series with its chart and table, and where else they show."""
from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from tests.factories_cases import world_of
from tests.factories_recall import House, make_house
from tests.factories_surveillance import add_lot
from tests.factories_web import Console
from tests.http_clients import ApiClient
from traceapp.jobs.drift_sweep import look_at_results
from traceapp.trace.model import TestResult


@pytest.fixture(scope="module")
def house(console: Console) -> House:
    """Eight lots of the supplier, each with more monomer than the one before."""
    made = make_house(console.database, console.clock)
    with console.database.write() as session:
        for number in range(8):
            lot = add_lot(session, made.maker.plaster, f"DR{number}", 1, console.clock.now() + timedelta(days=number))
            lot.supplier_id = made.maker.supplier.id
            session.add(TestResult(lot_key=lot.lot_key, inspection_id="i1", position=1, name_zh="残留单体",
                                   name_en="residual monomer", value=Decimal(f"0.{60 + 5 * number}"), upper=Decimal(1),
                                   is_within=True))
    assert look_at_results(world_of(console)) == 1
    assert look_at_results(world_of(console)) == 0
    return made


def test_a_rise_is_a_task_a_line_of_the_list_and_a_page_with_its_lots(console: Console, house: House) -> None:
    quality = console.browser("quality")
    machine = ApiClient(console.app, console.database, console.clock, "quality")
    (row,) = machine.get("/drifts")["rows"]
    address = f"/console/signals/drifts/{row['id']}"
    assert address in quality.get("/console/today").get_data(as_text=True)
    listed = quality.get("/console/signals/drifts").get_data(as_text=True)
    assert address in listed and "Rising" in listed and "Near the limit" in listed and "95 %" in listed
    assert address not in quality.get("/console/signals/drifts?supplier=nobody").get_data(as_text=True)
    assert "DR7" in listed and "DR5" not in listed
    near = machine.get("/results-near-limits")
    assert [(one["number"], round(one["share"], 2)) for one in near["rows"]][:2] == [("DR7", 0.95), ("DR6", 0.9)]
    assert near["looked_at"] >= 8
    page = quality.get(address).get_data(as_text=True)
    assert "residual monomer" in page and "<svg" in page and "DR0" in page and "higher from DR" in page
    assert address in quality.get(f"/console/partners/{house.maker.supplier.id}").get_data(as_text=True)
    points = machine.get(f"/drifts/{row['id']}")["points"]
    assert [round(point["share"], 2) for point in points] == [0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95]
    quality.language = "zh"
    assert "残留单体" in quality.get(address).get_data(as_text=True)


def test_a_series_that_is_not_listed_is_not_found(console: Console, house: House) -> None:
    assert console.browser("quality").get("/console/signals/drifts/none").status_code == 404
