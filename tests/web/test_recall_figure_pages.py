"""How far recalls are, on pages and by the interface: nothing that cannot be said yet looks like a number."""
from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from lxml import html

from tests.factories_recall import TEXTS, House, make_house, running
from tests.factories_web import Console
from tests.http_clients import ApiClient
from tests.web.test_public_recalls import signed_in
from traceapp.recall.model import Recall
from traceapp.web.figure_words import per_cent, span


@pytest.fixture(scope="module")
def house(console: Console) -> House:
    return make_house(console.database, console.clock)


@pytest.fixture(scope="module")
def recall(console: Console, house: House) -> Recall:
    return running(console.database, console.clock, house)


def text_of(page: bytes) -> str:
    return " ".join(html.fromstring(page).xpath("//main")[0].text_content().split())


def test_the_status_page_says_funnel_regions_units_figures_and_clocks(console: Console, recall: Recall) -> None:
    text = text_of(signed_in(console, "writer").get(f"/console/recalls/{recall.id}/status").data)
    for part in ("To be told2 / 2", "Told0 / 2", "Accounted for0 / 2", "Jiangsu · China", "1,550",
                 "not everybody was told yet, after 0 min", "consignees told ÷ direct consignees",
                 "cannot be said yet: the sample is not drawn yet", "China · recall notice · CN-MR-"):
        assert part in text, part


def test_a_time_is_said_in_the_unit_in_which_people_count_it(console: Console) -> None:
    with console.app.test_request_context("/", headers={"Accept-Language": "en"}):
        assert [span(hours) for hours in (0.02, 0.7, 1, 26.5, 72)] == ["1 min", "42 min", "1 h", "26.5 h", "3 days"]


def test_the_overview_and_today_show_open_recalls_as_funnels(console: Console, recall: Recall) -> None:
    writer = signed_in(console, "writer")
    for path in ("/console/recalls/figures", "/console/today", f"/console/recalls/{recall.id}"):
        page = writer.get(path)
        assert page.status_code == 200
        assert "Accounted for" in text_of(page.data), path
        assert b'class="chart funnel"' in page.data, path


def test_the_house_stands_beside_its_recalls(console: Console, recall: Recall) -> None:
    text = text_of(signed_in(console, "writer").get("/console/recalls/figures").data)
    for part in ("The house, by its drills", "Time to trace, in drills", "≤ 2 h", "Products drilled within a year"):
        assert part in text, part
    api = ApiClient(console.app, console.database, console.clock, "quality", "writer")
    by_kind = {row["kind"]: row for row in api.get("/recall-figures")["figures"]}
    assert by_kind["trace_time"]["cannot_be_said"] == "no_drill" and by_kind["drill_cadence"]["share"] == 0.0
    (balance,) = [row for row in api.get(f"/recalls/{recall.id}/figures")["figures"] if row["kind"] == "mass_balance"]
    assert balance["target"] == 1.0 and balance["denominator"] == "3"


def test_a_drill_is_marked_as_one(console: Console, house: House) -> None:
    drill = running(console.database, console.clock, house, replace(TEXTS, is_drill=True, root_lot_keys=(
        house.other_glue.lot_key,)))
    assert "This is a drill." in text_of(signed_in(console, "writer").get(f"/console/recalls/{drill.id}/status").data)


def test_the_interface_tells_numerator_denominator_and_why_there_is_none(console: Console, recall: Recall) -> None:
    api = ApiClient(console.app, console.database, console.clock, "quality", "writer")
    found = api.get(f"/recalls/{recall.id}/figures")
    assert found["funnel"] == {"consignees": 2, "told": 0, "answered": 0, "returned": 0, "accounted": 0}
    by_kind = {row["kind"]: row for row in found["figures"]}
    assert by_kind["notice_completeness"] | {} == {
        "kind": "notice_completeness", "share": 0.0, "hours": None, "numerator": "0", "denominator": "2", "unit": None,
        "target": 1.0, "is_met": False, "cannot_be_said": None, "hours_so_far": None}
    assert by_kind["notice_time"]["hours_so_far"] == 0 and by_kind["notice_time"]["is_met"] is None
    assert (by_kind["response_rate"]["share"], by_kind["response_rate"]["cannot_be_said"]) == (None, "nobody_told")


@pytest.mark.parametrize(("part", "whole", "said"), [
    (1999, 2000, "99.9 %"), (2000, 2000, "100 %"), (1, 3, "33.3 %"), (0, 7, "0 %")])
def test_a_share_is_never_rounded_up(part: int, whole: int, said: str) -> None:
    assert per_cent(Decimal(part), Decimal(whole)) == said
