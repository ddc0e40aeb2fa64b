"""Exchange with partners as staff see it: documents that came, and who is told of events."""
from __future__ import annotations

import io
import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from lxml import html

from tests.db.test_trace_capture import document, made, seen
from tests.factories_web import Browser, Console
from tests.http_clients import ApiClient
from tests.statements import traced
from traceapp.core.actor import SYSTEM
from traceapp.trace.capture import CaptureDocument, capture_document
from traceapp.trace.query_model import Subscription
from traceapp.trace.subscription_list import Standing, subscription_list
from traceapp.trace.subscriptions import match_events
from traceapp.web.console.finding_words import FINDING_WORDS


def send(browser: Browser, content: bytes, **more: str) -> Any:
    return browser.submit("/console/exchange/new", {"file": (io.BytesIO(content), "from-partner.json"), **more},
                          content_type="multipart/form-data")


def text(browser: Browser, path: str) -> str:
    return browser.get(path).get_data(as_text=True)


@pytest.fixture
def browser(console: Console) -> Browser:
    return console.browser("quality")


@pytest.fixture
def api(console: Console) -> ApiClient:
    console.browser("quality")
    return ApiClient(console.app, console.database, console.clock, "quality")


def faulty() -> bytes:
    wrong = seen("urn:x:b", "no_such_step", 2)
    return document(made({"urn:x:a": 1}, {"urn:x:b": 2}), wrong).content


def test_a_document_is_taken_in_looked_at_and_its_events_are_downloaded(browser: Browser, api: ApiClient) -> None:
    sent = document(made({"urn:x:p1": 1}, {"urn:x:p2": 2}), seen("urn:x:p2", "shipping", 3))
    answer = send(browser, sent.content)
    assert answer.status_code == 303
    page = text(browser, answer.headers["Location"])
    assert "from-partner.json" in page and "The document was sound." in page
    assert answer.headers["Location"] in text(browser, "/console/exchange")
    (file,) = html.fromstring(page).xpath("//a[contains(@href, 'events.json')]/@href")
    events = json.loads(browser.get(file).data)["epcisBody"]["eventList"]
    assert [event["type"] for event in events] == ["TransformationEvent", "ObjectEvent"]
    key = answer.headers["Location"].rsplit("/", 1)[1]
    told = api.get(f"/documents/{key}")
    assert (told["state"], told["events"], told["name"]) == ("stored", 2, "from-partner.json")
    assert api.get(f"/documents/{told['jobs'][0]['id']}")["id"] == key
    assert api.get(f"/documents/{key}/events")["epcisBody"]["eventList"] == events
    assert key in {row["id"] for row in api.get("/documents")["rows"]}


def test_a_faulty_document_is_refused_with_the_place_or_taken_in_part(browser: Browser) -> None:
    refused = send(browser, faulty())
    assert refused.status_code == 422
    assert "/epcisBody/eventList/1/bizStep" in refused.get_data(as_text=True)
    taken = send(browser, faulty(), proceeds="1")
    assert taken.status_code == 303
    page = text(browser, taken.headers["Location"])
    assert "Stored in part" in page and "/epcisBody/eventList/1/bizStep" in page


def test_faults_are_said_in_chinese_on_chinese_pages_with_what_was_found(console: Console) -> None:
    browser = console.browser("quality", "zh-CN")
    page = send(browser, faulty()).get_data(as_text=True)
    assert "标准用语表中没有这个词。" in page
    assert "“no_such_step” is no bizStep" in page


def test_every_kind_of_finding_has_words() -> None:
    """Codes are words with hyphens that the checkers say beside a place."""
    said = {code for path in Path("traceapp/epcis").glob("*.py") for code in re.findall(
        r'(?:error|flag|Finding|refusal)\((?:[^"()]|\([^()]*\)|f?"[^"]*")*?, "([a-z]+(?:-[a-z]+)+)"', path.read_text(encoding="utf-8"))}
    assert len(said) > 30
    assert said <= FINDING_WORDS.keys()


def test_a_request_that_stored_nothing_is_listed_with_its_faults(browser: Browser, api: ApiClient) -> None:
    event = made({"urn:x:q1": 1}, {"urn:x:q2": 2}, eventID="urn:uuid:00000000-0000-4000-8000-00000000000a")
    headers = {"Authorization": f"Bearer {api.token}", "Content-Type": "application/ld+json"}
    post = lambda content: api.client.post("/epcis/capture", data=content, headers=headers)  # noqa: E731
    assert post(document(event).content).status_code == 202
    job = post(document(event | {"eventTime": "2026-11-09T01:00:00Z"}).content).headers["Location"].rsplit("/", 1)[1]
    assert "Nothing was stored" in text(browser, "/console/exchange")
    page = text(browser, f"/console/exchange/{job}")
    assert "event-id-reused" in page and "Sent by a system" in page


def test_pages_of_documents_follow_one_another_with_the_same_statements(console: Console, browser: Browser) -> None:
    def statements() -> int:
        with traced(console.database) as ran:
            browser.get("/console/exchange")
        return len(ran)

    first = statements()
    for number in range(60):
        with console.database.write() as session:
            capture_document(session, SYSTEM, console.clock, CaptureDocument(
                f"many-{number}", document(seen(f"urn:x:m{number}", "shipping", 3)).content))
    assert statements() <= first + 1
    following = html.fromstring(browser.get("/console/exchange").data).xpath("//a[@rel='next']/@href")
    assert following
    assert not set(re.findall("many-[0-9]+<", text(browser, "/console/exchange"))) & set(
        re.findall("many-[0-9]+<", text(browser, following[0])))


@pytest.mark.parametrize("path", ["/console/exchange/nothing", "/console/exchange/nothing/events.json"])
def test_a_document_that_is_not_there_is_not_found(browser: Browser, path: str) -> None:
    assert browser.get(path).status_code == 404


def test_both_pages_speak_chinese(console: Console) -> None:
    browser = console.browser("quality", "zh")
    assert "收到的文件" in text(browser, "/console/exchange")
    assert "事件推送" in text(browser, "/console/exchange/subscriptions")


def standing(console: Console, address: str) -> Standing:
    with console.database.read() as session:
        return next(row for row in subscription_list(session) if row.subscription.dest == address)


def subscribed(console: Console, browser: Browser, address: str, **more: Any) -> str:
    """Subscribe the address; answers the secret that the page shows."""
    values = {"dest": address, "time": "stream", "query": "+", "name": f"q-{address.rsplit('/', 1)[1]}", "steps": ["shipping"]}
    answer = browser.submit("/console/exchange/subscriptions/new", values | more)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    (secret,) = html.fromstring(answer.data).xpath("//span[@class='copy']/code/text()")
    return str(secret)


def test_an_address_is_subscribed_and_its_secret_is_shown_once(console: Console, browser: Browser) -> None:
    secret = subscribed(console, browser, "https://partner.example/a")
    assert len(secret) > 30
    page = text(browser, "/console/exchange/subscriptions")
    assert "https://partner.example/a" in page and secret not in page
    found = standing(console, "https://partner.example/a")
    assert (found.parameters, found.subscription.schedule) == ({"EQ_bizStep": ["shipping"]}, None)


@pytest.mark.parametrize(("values", "said"), [
    ({"dest": "ftp://x"}, "https address"), ({"name": ""}, "must be filled in"), ({"name": "a b"}, "letters, digits"),
    ({"time": "sometimes"}, "Choose one of the list")])
def test_a_subscription_that_cannot_be_is_refused(browser: Browser, values: dict[str, str], said: str) -> None:
    answer = browser.submit("/console/exchange/subscriptions/new", {
        "dest": "https://partner.example/b", "time": "stream", "query": "+", "name": "bad", "steps": []} | values)
    assert (answer.status_code, said in answer.get_data(as_text=True)) == (422, True)


def ship(console: Console, number: int) -> None:
    with console.database.write() as session:
        stored = capture_document(session, SYSTEM, console.clock, document(seen(f"urn:x:s{number}", "shipping", 3)))
        match_events(session, console.clock, f"capture:{stored.id}")


def test_a_paused_address_is_told_of_nothing_and_of_all_of_it_when_resumed(
        console: Console, browser: Browser, api: ApiClient) -> None:
    subscribed(console, browser, "https://partner.example/c", time="hourly")
    ship(console, 1)
    one = standing(console, "https://partner.example/c")
    assert (one.gathered, one.subscription.paused_at) == (1, None)
    path = f"/console/exchange/subscriptions/{one.subscription.id}"
    console.clock.move_to(console.clock.now() + timedelta(minutes=1))
    assert browser.post(f"{path}/pause").status_code == 303
    ship(console, 2)
    assert standing(console, "https://partner.example/c").gathered == 1
    assert "Rests" in text(browser, "/console/exchange/subscriptions")
    assert browser.post(f"{path}/pause").status_code == 409
    told = api.post(f"/subscriptions/{one.subscription.id}/resumption", None, 200)
    assert (told["gathered"], told["paused_at"]) == (2, None)
    api.post(f"/subscriptions/{one.subscription.id}/resumption", None, 409)
    api.post("/subscriptions/nothing/pause", None, 404)
    assert browser.post(f"/console/exchange/subscriptions/{one.subscription.query_name}/{one.subscription.id}/end"
                        ).status_code == 303
    with console.database.read() as session:
        assert session.get(Subscription, one.subscription.id) is None


def test_an_operator_sees_documents_and_no_subscriptions(console: Console) -> None:
    operator = console.browser("operator")
    assert "/console/exchange/subscriptions" not in text(operator, "/console/exchange")
    assert operator.get("/console/exchange/subscriptions").status_code == 403
    assert console.browser("regulator").get("/console/exchange").status_code == 403
