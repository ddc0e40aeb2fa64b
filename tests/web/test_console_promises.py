"""Service promises in the console and by API."""
from __future__ import annotations

from tests.factories_web import Console
from tests.http_clients import ApiClient
from traceapp.complaint.policy import DEFAULT_PROMISES, Promise
from traceapp.complaint.promising import kept_promises

HOURS, OFFERS = kept_promises(DEFAULT_PROMISES)


def form(**changes: str) -> dict[str, str]:
    values = {f"{row}-{step}": str(number) for row, numbers in HOURS.items()
              for step, number in zip(Promise._fields, numbers, strict=True)}
    return values | {f"offers-{one}": offer for one, offer in OFFERS.items()} | {
        "reason": "agreed", "revision": "0", "form_token": repr(changes)} | changes


def test_the_manager_sets_promises_and_the_page_shows_what_holds_and_who_set_it(console: Console) -> None:
    manager = console.browser("quality_manager")
    page = manager.get("/console/promises").text
    assert "Nobody has set others yet" in page and 'value="240"' in page
    refused = manager.post("/console/promises", form(**{"critical-decision": "200"}))
    assert refused.status_code == 422 and "within 168 hours" in refused.text and 'value="200"' in refused.text
    assert manager.post("/console/promises", form(**{"none-resolution": "1200", "offers-none": ""})).status_code == 303
    page = manager.get("/console/promises").text
    assert "50 d" in page and "agreed" in page and "Nobody has set others yet" not in page
    assert manager.post("/console/promises", form(**{"none-resolution": "1300"})).status_code == 412
    assert manager.post("/console/promises", form(**{"none-resolution": "x", "revision": "1"})).status_code == 422


def test_quality_reads_the_promises_and_operators_do_not(console: Console) -> None:
    quality = console.browser("quality")
    assert "Set other promises" not in quality.get("/console/promises").text
    assert quality.post("/console/promises", form()).status_code == 403
    assert console.browser("operator").get("/console/promises").status_code == 403


def test_the_interface_sets_promises_from_a_moment_on_and_lists_them(console: Console) -> None:
    api = ApiClient(console.app, console.database, console.clock, "quality_manager")
    seen = api.get("/service-promises")
    later = "2027-03-01T00:00:00+00:00"
    body = {"hours": HOURS, "offers": OFFERS | {"minor": ""}, "reason": "spring", "valid_from": later}
    made = api.post("/service-promises", body)
    assert made["valid_from"].startswith("2027-03-01") and made["offers"]["minor"] == ""
    after = api.get("/service-promises")
    assert after["versions"][0]["reason"] == "spring" and after["current"] == seen["current"]
    assert api.post("/service-promises", body | {"seen_version": 0}, 412)["code"] == "stale"
    wrong = api.post("/service-promises", body | {"hours": HOURS | {"critical": [9, 10, 24, 240]}}, 422)
    assert wrong["place"] == "critical/first_answer"
    assert ApiClient(console.app, console.database, console.clock, "quality").post(
        "/service-promises", body, 403)["code"] == "forbidden"
