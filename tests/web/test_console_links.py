"""Links in the console and by API: seen, added, changed, withdrawn; and where codes lead now."""
from __future__ import annotations

import pytest

from tests.factories_trace import CASE_GTIN, UNIT_GTIN, make_batch, make_hand
from tests.factories_web import Console
from tests.http_clients import ApiClient
from traceapp.core.actor import Actor
from traceapp.identity.policy import permissions_of
from traceapp.trace.model import Lot

LOT = f"(01){UNIT_GTIN}(10)B1"
FORM = {"link_type": "instructions", "href": "https://maker.example/leaflet", "title": "Leaflet", "default_use": "no",
        "languages": "zh，en", "media_type": "text/html", "contexts": "CN"}


@pytest.fixture(scope="module")
def lot(console: Console) -> Lot:
    manager = Actor(id="u-manager", role="quality_manager", name="Li Wen", scopes=permissions_of("quality_manager"))
    with console.database.write() as session:
        return make_batch(make_hand(session, manager, console.clock))


@pytest.fixture(scope="module")
def api(console: Console, lot: Lot) -> ApiClient:
    return ApiClient(console.app, console.database, console.clock, "quality", "api-quality")


def test_a_lot_shows_where_its_code_leads_and_a_link_joins_it(console: Console, lot: Lot) -> None:
    quality = console.browser("quality")
    page = quality.get(f"/console/lots/{lot.lot_key}?part=links").get_data(as_text=True)
    assert f"http://127.0.0.1:8000/s/01/{UNIT_GTIN}/10/B1" in page
    assert "Recall status" in page
    assert "automatic" in page
    assert f"anchor=https://id.gs1.org/01/{UNIT_GTIN}/10/B1" in page
    path = f"/console/links/new?anchor=https://id.gs1.org/01/{UNIT_GTIN}/10/B1"
    assert f'value="{LOT}"' in quality.get(path).get_data(as_text=True)
    sent = quality.submit(path, {"anchor": LOT, **FORM}, follow_redirects=True)
    assert sent.status_code == 200
    assert "The link “Leaflet” is added." in sent.get_data(as_text=True)
    page = quality.get(f"/console/lots/{lot.lot_key}?part=links").get_data(as_text=True)
    assert page.count("https://maker.example/leaflet") == 2
    assert "text/html · zh, en · CN" in page
    for address in (f"/console/products/{lot.product_id}", "/console/links", f"/console/links?code={UNIT_GTIN}"):
        assert "https://maker.example/leaflet" in quality.get(address).get_data(as_text=True)


def test_a_link_is_changed_and_withdrawn_with_its_reason(console: Console, lot: Lot, api: ApiClient) -> None:
    quality = console.browser("quality")
    link = api.post("/links", {"anchor": UNIT_GTIN, "link_type": "gs1:faqs", "href": "https://x.example/faq", "title": "Questions"})
    path = f"/console/links/{link['id']}/change"
    assert 'value="https://x.example/faq"' in quality.get(path).get_data(as_text=True)
    values = {"anchor": link["anchor"], "link_type": "faqs", "href": "https://x.example/faq2", "title": "Questions",
              "default_use": "default"}
    assert quality.submit(path, values).status_code == 303
    assert api.get(f"/links/{link['id']}")["href"] == "https://x.example/faq2"
    assert console.app.test_client().get(f"/01/{UNIT_GTIN}").location == "https://x.example/faq2"
    refused = quality.submit(f"/console/links/{link['id']}/withdraw", {"reason": " "})
    assert refused.status_code == 422
    assert quality.submit(f"/console/links/{link['id']}/withdraw", {"reason": "old"}).status_code == 303
    page = quality.get("/console/links?withdrawn=1&text=faq2").get_data(as_text=True)
    assert "Withdrawn" in page
    assert "old" in page
    assert "faq2" not in quality.get("/console/links?text=faq2").get_data(as_text=True).partition("<table")[2]


@pytest.mark.parametrize(("changes", "words"), [
    ({"anchor": "(01)06901234500012"}, "Code: "), ({"anchor": f"{LOT}(21)7"}, "Leave out (22) and (10)"),
    ({"href": "ftp://x.example/"}, "Address: Enter a whole address"), ({"title": ""}, "Title: This must be filled in."),
    ({"languages": "Chinese"}, "Languages: "), ({"media_type": "pdf"}, "Media type: "), ({"contexts": "a&b"}, "Contexts: "),
    ({"link_type": "recallStatus"}, "Kind of link: "), ({"anchor": "(01)09506000134352(10)X"}, "Code: Register a link for")])
def test_a_refused_form_says_which_field_and_keeps_what_was_typed(console: Console, lot: Lot, changes: dict[str, str],
                                                                  words: str) -> None:
    quality = console.browser("quality")
    answer = quality.submit("/console/links/new", {"anchor": LOT, **FORM, "href": "https://typed.example/", **changes})
    page = answer.get_data(as_text=True)
    assert answer.status_code in (409, 422)
    assert words in page
    assert changes.get("href", "https://typed.example/") in page


def test_a_code_is_looked_up_whatever_stands_in_it(console: Console, lot: Lot) -> None:
    quality = console.browser("quality")
    for code in (f"]Q1http://127.0.0.1:8000/01/{UNIT_GTIN}/10/B1/21/7?17=281104", f"(01){CASE_GTIN}(10)B1(21)7"):
        page = quality.get("/console/links", query_string={"code": code}).get_data(as_text=True)
        assert "Where this code leads now" in page
        assert "/10/B1/21/7" in page
    page = quality.get("/console/links?code=(01)06901234500012").get_data(as_text=True)
    assert "The check digit is wrong" in page
    assert "Nothing is known of this code" in quality.get("/console/links?code=00614141123452").get_data(as_text=True)


def test_links_are_sent_out_as_a_file(console: Console, lot: Lot, api: ApiClient) -> None:
    api.post("/links", {"anchor": LOT, "link_type": "gs1:review", "href": "https://x.example/review", "title": "Reviews"})
    answer = console.browser("quality").get("/console/links/export?format=csv&text=review")
    assert answer.status_code == 200
    assert "gs1:review" in answer.get_data(as_text=True)


def test_an_operator_sees_links_and_changes_none(console: Console, lot: Lot) -> None:
    operator = console.browser("operator")
    page = operator.get(f"/console/products/{lot.product_id}").get_data(as_text=True)
    assert "Where its codes lead" in page
    assert "Add a link" not in page
    assert operator.get("/console/links/new").status_code == 403


def test_the_interface_lists_adds_changes_and_withdraws(api: ApiClient, lot: Lot) -> None:
    new = {"anchor": LOT, "link_type": "https://gs1.org/voc/support", "href": "https://x.example/help", "title": "Help",
           "languages": ["en"]}
    first = api.post("/links", new, Idempotency_Key="link-1")
    etag = api.etag
    assert api.post("/links", new, Idempotency_Key="link-1")["id"] == first["id"]
    assert (first["link_type"], first["anchor"], first["key"]) == (
        "gs1:support", f"https://id.gs1.org/01/{UNIT_GTIN}/10/B1", f"https://id.gs1.org/01/{UNIT_GTIN}")
    assert api.post("/links", new, 409)["code"] == "same-link"
    path = f"/links/{first['id']}"
    changed = {**new, "title": "Help!"}
    api.call("PUT", path, changed, status=428)
    assert api.call("PUT", path, changed, status=200, If_Match=etag)["title"] == "Help!"
    assert api.call("PUT", path, changed, status=412, If_Match=etag)["code"] == "stale"
    assert [row["id"] for row in api.get(f"/links?anchor={LOT}&link_type=gs1:support")["rows"]] == [first["id"]]
    api.post(f"{path}/withdrawal", {"reason": "gone"}, 428)
    api.get(path)
    gone = api.post(f"{path}/withdrawal", {"reason": "gone"}, 200, If_Match=api.etag)
    assert (gone["withdrawal_reason"], bool(gone["withdrawn_at"])) == ("gone", True)
    assert api.get(f"/links?anchor={LOT}&link_type=gs1:support")["total"] == 0
    assert api.get(f"/links?anchor={LOT}&link_type=gs1:support&with_withdrawn=true")["total"] == 1
    assert len(api.get("/link-types")) == 57


@pytest.mark.parametrize(("changes", "place"), [
    ({"link_type": "gs1:nosuchlt"}, "link_type"), ({"href": "x"}, "href"), ({"anchor": "nonsense"}, "anchor"),
    ({"languages": ["zzz"]}, "languages"), ({"nothing": 1}, "nothing"), ({"default_use": "maybe"}, "default_use")])
def test_the_interface_names_the_place_of_what_is_wrong(api: ApiClient, changes: dict[str, object], place: str) -> None:
    body = {"anchor": LOT, "link_type": "gs1:support", "href": "https://x.example/h", "title": "Help", **changes}
    assert api.post("/links", body, 422)["place"] == place
    assert api.get("/links?key=nonsense", 422)["place"] == "key"
