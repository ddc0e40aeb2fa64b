"""The likeliest cause on the page of a signal, and the result of a sample entered there and by API."""
from __future__ import annotations

import io
from datetime import timedelta

import pytest
from PIL import Image
from sqlalchemy import select

from tests.factories_recall import House, make_house
from tests.factories_surveillance import add_reactions
from tests.factories_web import Console
from tests.http_clients import ApiClient
from traceapp.attachment.model import Attachment
from traceapp.surveillance.cause_model import CauseSample
from traceapp.surveillance.model import Signal
from traceapp.surveillance.rescoring import rescore_lot
from traceapp.trace.model import Lot


@pytest.fixture(scope="module")
def house(console: Console) -> House:
    """The house of the bad glue, with reactions to both of its batches."""
    made = make_house(console.database, console.clock)
    with console.database.write() as session:
        for lot in (made.first, made.second):
            add_reactions(session, session.get_one(Lot, lot.lot_key), console.clock.now() - timedelta(days=9), 8)
    return made


@pytest.fixture(scope="module")
def signal(console: Console, house: House) -> Signal:
    with console.database.write() as session:
        found = rescore_lot(session, console.clock, house.second.lot_key)
    assert found is not None
    return found


def entered(house: House, **changes: str) -> dict[str, str]:
    return {"lot": house.second.lot_key, "taken": "stock", "sampled_on": "2026-11-20", "method": "culture, 48 h",
            "result": "clean", "sensitivity": "90", "specificity": "99", "note": ""} | changes


def test_the_section_names_what_it_could_be_and_how_sure_that_is(console: Console, signal: Signal) -> None:
    page = console.browser("quality").get(f"/console/signals/{signal.id}").get_data(as_text=True)
    section = page[page.index('id="causes"'):page.index('id="basis"')]
    assert "A-1" in section
    assert "Chance alone explains it" in section
    assert "What to test next" in section
    assert "stated default" in section


def test_a_result_is_entered_with_its_report_and_the_causes_are_weighed_anew(console: Console, signal: Signal,
                                                                           house: House) -> None:
    browser = console.browser("quality")
    api = ApiClient(console.app, console.database, console.clock, "quality")
    before = api.get(f"/signals/{signal.id}/causes")
    path = f"/console/signals/{signal.id}/samples/new?lot={house.second.lot_key}"
    picture = io.BytesIO()
    Image.new("RGB", (4, 4), "red").save(picture, "PNG")
    picture.seek(0)
    answer = browser.post(path, {**browser.hidden(path), **entered(house), "file": (picture, "report.png")})
    assert answer.status_code == 303
    page = browser.get(f"/console/signals/{signal.id}").get_data(as_text=True)
    assert "finds 90 of 100 bad ones, clears 99 of 100 good ones" in page
    assert "report.png" in page
    after = api.get(f"/signals/{signal.id}/causes")
    key = house.glue.lot_key
    odds = [found["nodes"][key]["posterior"] / found["no_cause"] for found in (after, before)]
    assert odds[0] / odds[1] == pytest.approx(0.1 / 0.99)
    with console.database.read() as session:
        sample = session.scalars(select(CauseSample)).one()
        assert session.scalars(select(Attachment.about)).all() == [f"sample:{sample.id}"]
    path = f"/console/signals/{signal.id}/samples/new?lot={sample.lot_key}&corrects={sample.id}"
    form = {**browser.hidden(path), **entered(house, result="unclear"), "corrects": sample.id}
    refused = browser.post(path, form)
    assert refused.status_code == 422
    assert "Say why the earlier result was wrong" in refused.get_data(as_text=True)
    assert browser.post(path, form | {"note": "dish broke"}).status_code == 303
    results = api.get(f"/lots/{sample.lot_key}/samples")
    assert [(row["result"], row["corrects"]) for row in results] == [("unclear", sample.id), ("clean", None)]
    assert api.get(f"/signals/{signal.id}/causes")["nodes"][key]["posterior"] == pytest.approx(
        before["nodes"][key]["posterior"])


def test_what_is_wrong_with_a_result_stands_beside_its_field(console: Console, signal: Signal, house: House) -> None:
    browser = console.browser("quality")
    path = f"/console/signals/{signal.id}/samples/new"
    for changes, field in (({"sensitivity": "0"}, "sensitivity"), ({"result": ""}, "result"), ({"lot": ""}, "lot"),
                           ({"sampled_on": "2027-01-01"}, "sampled_on")):
        answer = browser.post(path, {**browser.hidden(path), **entered(house, **changes)})
        assert answer.status_code == 422
        assert f'href="#f-{field}' in answer.get_data(as_text=True)


def test_the_ranking_leaves_the_house_as_a_table_with_chance_as_its_last_row(console: Console, signal: Signal) -> None:
    answer = console.browser("quality").get(f"/console/signals/{signal.id}/causes/file?format=csv")
    lines = answer.get_data(as_text=True).strip().splitlines()
    assert lines[0].endswith("Since")
    assert "Chance alone" in lines[-1]
    assert any("A-1" in line for line in lines)


def test_an_operator_neither_reads_causes_nor_enters_results(console: Console, signal: Signal, house: House) -> None:
    api = ApiClient(console.app, console.database, console.clock, "operator")
    api.get(f"/signals/{signal.id}/causes", 403)
    api.post(f"/lots/{house.second.lot_key}/samples", {"taken": "stock", "sampled_on": "2026-11-20", "method": "x",
                                                       "result": "clean"}, 403)
