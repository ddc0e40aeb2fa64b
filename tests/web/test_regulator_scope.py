"""A regulator reaches the cases of its jurisdictions and products by any route, and nothing else by any."""
from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from tests.factories_oversight import Abroad, make_abroad
from tests.factories_web import Browser, Console
from tests.web.test_console_files import a_file
from traceapp.identity.policy import permissions_of
from traceapp.web.oversight import BOUNDED, LISTED, OPEN
from traceapp.web.permissions import SIGNED_IN

UNKNOWN = "0" * 32
# endpoint -> (addresses that list, what of Europe must stand in one of them); {…} are ids of the story
LISTS: dict[str, tuple[tuple[str, ...], str]] = {
    "api_adverse_events.list_events": (("/api/v1/adverse-events",), "inside"),
    "api_exports.adverse_events": (("/api/v1/exports/adverse-events?format=json",), "inside"),
    "api_exports.recalls": (("/api/v1/exports/recalls?format=json",), "recall"),
    "api_recalls.list_recalls": (("/api/v1/recalls",), "recall"),
    "api_records.list_jobs": (("/api/v1/exports/records/jobs",), ""),
    "api_records.read_job": ((f"/api/v1/exports/records/jobs/{UNKNOWN}",), ""),
    "api_records.read_file": ((f"/api/v1/exports/records/jobs/{UNKNOWN}/file",), ""),
    "api_records.records": (tuple(f"/api/v1/exports/records?format=csv&{query}" for query in (
        "lot=P-2", "lot=P-2&direction=upstream", "lot=P-9", "lot={other}", "since=2026-01-01T00:00:00Z",
        "lot=P-2&direction=both")), "second"),
    "api_files.read_file": (("/api/v1/files/{file}",), ""),
    "console.file": (("/console/files/{file}",), ""),
    "regulator.cases": (("/regulator/cases", "/regulator/cases?q={outside}", "/regulator/cases?q={home_recall}",
                         "/regulator/cases?q=P-9"), "inside"),
    "regulator.records": (("/regulator/records", "/regulator/records?chosen=1&lot=P-9",
                           "/regulator/records?chosen=1&since=2026-01-01"), ""),
    "regulator.records_file": (("/regulator/records/file?format=csv&lot=P-2",
                                "/regulator/records/file?format=csv&lot=P-9",
                                "/regulator/records/file?format=csv&since=2026-01-01"), "second"),
    "regulator.report_file": (("/regulator/reports/file?format=csv", "/regulator/reports/file?format=csv&lot=P-9"),
                              "inside"),
    "regulator.reports": (("/regulator/reports?since=2026-01-01", "/regulator/reports?lot=P-9"), ""),
}


@pytest.fixture(scope="module")
def abroad(console: Console) -> Abroad:
    return make_abroad(console)


@pytest.fixture(scope="module")
def europe(abroad: Abroad) -> Browser:
    return abroad.browser(abroad.regulator("europe", ("EU",)))


@pytest.fixture(scope="module")
def machine(abroad: Abroad) -> FlaskClient:
    return abroad.machine(abroad.regulator("machine", ("EU",)))


def reachable(console: Console) -> Iterator[Rule]:
    """Every route that the permissions of a regulator open."""
    table: dict[str, str] = console.app.extensions["permissions"]
    mine = permissions_of("regulator") | {SIGNED_IN}
    for rule in console.app.url_map.iter_rules():
        if table.get(rule.endpoint) in mine:
            yield rule


def marks_of_home(abroad: Abroad) -> tuple[str, ...]:
    """What stands for things that Europe must not see."""
    return (abroad.outside.reference, abroad.outside.id, abroad.home_recall.reference, abroad.home_recall.id,
            abroad.home_report.id, abroad.house.other.lot_key, "Hospital Two", "第二医院")


def opened(address: str, europe: Browser, machine: FlaskClient) -> TestResponse:
    return machine.get(address) if address.startswith("/api/") else europe.get(address)


def test_every_route_that_a_regulator_may_open_says_how_it_is_bounded(console: Console) -> None:
    """What is not in the table is not there for regulators; so it has no line of its own without need."""
    endpoints = {rule.endpoint for rule in reachable(console)}
    unreachable = {"console.records", "console.records_file", "console.records_job", "console.records_job_cancel",
                   "console.records_job_file", "console.records_order", "api_history.read_history"}
    assert endpoints - set(BOUNDED) == unreachable
    assert set(BOUNDED) - endpoints == set()
    assert {name for name, bound in BOUNDED.items() if bound == LISTED and name not in LISTS} == {
        "api_records.create_job", "api_records.cancel_job"}


def test_what_is_outside_of_the_scope_is_not_there_by_any_address(console: Console, abroad: Abroad, europe: Browser,
                                                                 machine: FlaskClient) -> None:
    walked = 0
    for rule in reachable(console):
        bound = BOUNDED.get(rule.endpoint, OPEN)
        if isinstance(bound, str):
            continue
        kinds = [bound[0]] if bound[0] else ["adverse_event", "recall", "report"]
        for kind in kinds:
            answers = []
            for key in (abroad.key(kind, inside=False), UNKNOWN, abroad.key(kind, inside=True)):
                values = {bound[1]: key} if bound[0] else {"kind": kind, "key": key}
                with console.app.test_request_context("/"):
                    address = str(rule.build(values, append_unknown=False)[1])  # type: ignore[index]
                answers.append(opened(address, europe, machine))
            outside, unknown, inside = answers
            assert (outside.status_code, unknown.status_code) == (404, 404), rule.rule
            if rule.rule.startswith("/api/"):
                assert outside.get_json()["title"] == unknown.get_json()["title"]
            assert inside.status_code == 200, rule.rule
            text = inside.get_data().decode("utf-8", "replace")
            assert not [mark for mark in marks_of_home(abroad) if mark in text], rule.rule
            walked += 1
    assert walked > 15


@pytest.mark.parametrize("endpoint", LISTS)
def test_a_list_holds_and_counts_what_is_in_scope_alone(abroad: Abroad, europe: Browser, machine: FlaskClient,
                                                       endpoint: str) -> None:
    addresses, wanted = LISTS[endpoint]
    told = ""
    for address in addresses:
        address = address.format(outside=abroad.outside.reference, home_recall=abroad.home_recall.reference,
                                 other=abroad.house.other.lot_key, file=abroad.attachment_of(abroad.home_report))
        answer = opened(address, europe, machine)
        text = answer.get_data().decode("utf-8", "replace")
        asked = address.partition("?")[2]
        assert answer.status_code in (200, 404, 422), (address, answer.status_code)
        assert not [mark for mark in marks_of_home(abroad) if mark in text and mark not in asked], address
        told += text
    marks = {"inside": abroad.inside.reference, "recall": abroad.recall.reference, "second": "P-2"}
    assert marks.get(wanted, "") in told


@pytest.mark.parametrize(("query", "europe_sees", "staff_see"), [
    ("term=redness", 1, 2), ("term=smell", 0, 0), ("jurisdiction=EU", 1, 1), ("jurisdiction=CN", 0, 2),
    ("reported=sent", 1, 1), ("reported=none", 0, 1), ("region=nowhere", 0, 0), ("sort=reference&oldest_first=true", 1, 2)])
def test_the_interface_chooses_as_the_listing_does(abroad: Abroad, machine: FlaskClient, query: str, europe_sees: int,
                                                   staff_see: int) -> None:
    staff = abroad.console.browser("quality").client
    for client, seen in ((machine, europe_sees), (staff, staff_see)):
        answer = client.get(f"/api/v1/adverse-events?{query}&limit=1").get_json()
        assert (answer["total"], len(answer["rows"]), bool(answer["next"])) == (seen, min(seen, 1), seen > 1)
    file = machine.get(f"/api/v1/exports/adverse-events?{query}&format=json").get_json()
    assert len(file["rows"] if isinstance(file, dict) else file) == europe_sees


def test_counts_are_those_of_the_scope(abroad: Abroad, europe: Browser, machine: FlaskClient) -> None:
    assert machine.get("/api/v1/adverse-events").get_json()["total"] == 1
    assert machine.get("/api/v1/recalls").get_json()["total"] == 1
    assert '<p class="n">1</p>' in europe.get("/regulator/reports?since=2026-01-01").get_data(as_text=True)
    told = machine.get(f"/api/v1/recalls/{abroad.recall.id}/notices").get_json()
    assert told["totals"]["consignees"] == len(told["notices"]) == 1


def test_a_recall_shows_the_consignees_of_the_scope_and_at_home_those_everywhere(abroad: Abroad) -> None:
    path = f"/api/v1/recalls/{abroad.recall.id}/ledger"
    home = abroad.machine(abroad.regulator("home", ("CN",)))
    assert {row["consignee_en"] for row in home.get(path).get_json()["rows"]} == {"Clinic One"}
    path = f"/api/v1/recalls/{abroad.home_recall.id}/ledger"
    assert {row["consignee_en"] for row in home.get(path).get_json()["rows"]} == {"Hospital Two"}
    assert home.get("/api/v1/adverse-events").get_json()["total"] == 2


def test_an_authority_sees_what_it_was_sent_and_not_what_others_were(abroad: Abroad, europe: Browser) -> None:
    page = europe.get(f"/regulator/adverse-events/{abroad.inside.id}").get_data(as_text=True)
    assert f"/regulator/authority-reports/{abroad.report.id}" in page
    assert abroad.home_report.id not in page


def test_clocks_are_those_of_the_jurisdictions(abroad: Abroad, machine: FlaskClient) -> None:
    clocks = machine.get(f"/api/v1/adverse-events/{abroad.inside.id}/clocks").get_json()
    assert {one["jurisdiction"] for one in clocks} == {"EU"}


def test_a_file_is_there_with_the_case_that_it_hangs_on(abroad: Abroad, europe: Browser, machine: FlaskClient) -> None:
    for case, status in ((abroad.inside, 200), (abroad.outside, 404)):
        key = a_file(abroad.console, f"adverse_event:{case.id}", f"{case.reference}.png")
        assert europe.get(f"/console/files/{key}").status_code == status
        assert machine.get(f"/api/v1/files/{key}").status_code == status


def test_products_bound_a_scope_further(abroad: Abroad) -> None:
    user = abroad.regulator("masks", ("CN", "EU"), (abroad.mask_id,))
    masks, machine = abroad.browser(user), abroad.machine(user)
    assert machine.get("/api/v1/adverse-events").get_json()["total"] == 0
    assert machine.get("/api/v1/recalls").get_json()["total"] == 0
    for kind, path in (("adverse_event", "adverse-events"), ("recall", "recalls"), ("lot", "lots"),
                       ("report", "authority-reports")):
        assert masks.get(f"/regulator/{path}/{abroad.key(kind, inside=True)}").status_code == 404
    assert "Plaster" not in masks.get("/regulator/").get_data(as_text=True)
    assert machine.get("/api/v1/exports/records?format=csv&since=2026-01-01T00:00:00Z").status_code == 422


def test_without_a_jurisdiction_nothing_is_there_and_the_account_is_told_whom_to_ask(console: Console,
                                                                                    abroad: Abroad) -> None:
    user = abroad.regulator("nobody-yet", ())
    browser, machine = abroad.browser(user), abroad.machine(user)
    assert "Ask the administrator" in browser.get("/regulator/").get_data(as_text=True)
    walked = 0
    for rule in reachable(console):
        if BOUNDED.get(rule.endpoint, OPEN) == OPEN or "GET" not in (rule.methods or ()):
            continue
        with console.app.test_request_context("/"):
            address = str(rule.build(dict.fromkeys(rule.arguments, UNKNOWN))[1])  # type: ignore[index]
        answer = opened(address, browser, machine)
        assert answer.status_code == 403, address
        told = answer.get_data(as_text=True)
        assert "Ask the administrator of this service to set it" in told or '"code":"no-scope"' in told
        walked += 1
    assert walked > 20


def test_staff_are_not_bounded(console: Console, abroad: Abroad) -> None:
    quality = console.browser("quality")
    for case in (abroad.inside, abroad.outside):
        assert quality.get(f"/regulator/evidence/adverse_event/{case.id}").status_code == 200
