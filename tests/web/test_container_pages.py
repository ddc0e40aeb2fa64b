"""A pallet or carton comes back: its label is scanned where goods come in, and what is in it stands there to be counted."""
from __future__ import annotations

from decimal import Decimal as D

import pytest
from sqlalchemy import select

from tests.db.test_recall_containers import CARTON, OTHER, Gate, in_cases, packed, shipped
from tests.factories_web import Console
from tests.http_clients import ApiClient
from traceapp.recall.book_model import RecallReturn


@pytest.fixture(scope="module")
def gate(console: Console) -> Gate:
    made = Gate(console.database, console.clock)
    made.told(packed(CARTON, (in_cases(made.house.second.uri), 2), (made.house.first.uri, 30)), shipped(CARTON),
              packed(OTHER, (made.house.second.uri, 7)), shipped(OTHER))
    return made


def test_the_gate_scans_a_label_counts_and_takes_it_in_once(console: Console, gate: Gate) -> None:
    operator = console.browser("operator")
    moved = operator.get(f"/console/goods-in?code=(00){CARTON}")
    assert moved.status_code == 302
    path = moved.location
    text = operator.get(path).get_data(as_text=True)
    assert "Clinic One" in text and "P-1" in text and 'value="400"' in text and gate.recall.reference in text
    values = {"code": CARTON, "recall": gate.recall.id, f"units-{gate.first}": "31", f"units-{gate.second}": "400"}
    refused = operator.submit(path, values)
    assert refused.status_code == 422 and f'id="e-units-{gate.first}"' in refused.get_data(as_text=True)
    taken = operator.submit(path, values | {f"units-{gate.first}": "29"})
    assert taken.status_code == 303
    assert "is taken in: 2 batches" in operator.get(taken.location).get_data(as_text=True)
    again = operator.get(path).get_data(as_text=True)
    assert "was taken in already; nothing was counted twice" in again and "Take the units in" not in again
    with console.database.read() as session:
        assert sorted(session.scalars(select(RecallReturn.units))) == [29, 400]


def test_a_label_that_no_record_tells_of_is_refused_plainly_in_both_languages(console: Console, gate: Gate) -> None:
    path = "/console/goods-in/containers?code=069012340000000047"
    assert "No record tells of the pallet or carton" in console.browser("operator").get(path).get_data(as_text=True)
    assert "没有托盘或箱 069012340000000047 的记录" in console.browser("operator", "zh").get(path).get_data(as_text=True)


def test_the_interface_reads_and_takes_a_container(console: Console, gate: Gate) -> None:
    api = ApiClient(console.app, console.database, console.clock, "operator")
    found = api.get(f"/containers/{OTHER}")
    assert [(line["number"], line["units"]) for line in found["lines"]] == [("P-2", "7")]
    assert [case["reference"] for case in found["recalls"]] == [gate.recall.reference]
    rows = api.post(f"/recalls/{gate.recall.id}/returns/containers", {"code": f"00{OTHER}"})
    assert [(row["sscc"], row["units"]) for row in rows] == [(OTHER, "7")]
    again = api.post(f"/recalls/{gate.recall.id}/returns/containers", {"code": OTHER}, 409)
    assert again["code"] == "container-taken"
    assert gate.came_back(gate.second, gate.house.maker.clinic.id) >= D(7)


def test_the_page_of_the_consignee_says_in_what_it_came(console: Console, gate: Gate) -> None:
    case = f"/console/recalls/{gate.recall.id}/consignees/{gate.house.maker.clinic.id}"
    assert f"SSCC {CARTON}" in console.browser("quality").get(case).get_data(as_text=True)
