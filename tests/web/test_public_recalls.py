"""What everybody can read of recalls: list, page, JSON, Atom; asked again only when something changed; and mail."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from lxml import etree, html
from sqlalchemy import event, select
from werkzeug.test import TestResponse

from tests.applications import Applications
from tests.db.test_recall_revisions import WITHDRAWAL, correction
from tests.db.test_recall_subscribers import link_of
from tests.factories import PASSWORD
from tests.factories_recall import TEXTS, House, Tray, make_house, running, submitted
from tests.factories_trace import UNIT_GTIN
from tests.factories_web import Browser, Console
from tests.http_clients import ApiClient
from traceapp.identity.service import prove_password, sign_in
from traceapp.jobs.sweeps import deliver
from traceapp.outbox.delivery import deliver_due
from traceapp.recall.model import Recall
from traceapp.recall.public_model import RecallSubscriber
from traceapp.recall.revising import CORRECTED, correct_notice, withdraw_notice
from traceapp.recall.service import ApproveRecall, approve_recall
from traceapp.recall.subscriber_mail import KINDS, PublicSender
from traceapp.trace.release import LiftHold, lift_hold
from traceapp.web.consumer.state import NAME

ENGLISH = {"Accept-Language": "en"}
ATOM = "{http://www.w3.org/2005/Atom}"


@dataclass(frozen=True, slots=True)
class Shown:
    """A house with a recall of two batches, as the public asks about it."""

    console: Console
    house: House
    recall: Recall

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.console.app.test_client().get(path, headers=ENGLISH | {
            name.replace("_", "-"): value for name, value in headers.items()})

    def text(self, path: str) -> str:
        return " ".join(html.fromstring(self.get(path).data).xpath("//main")[0].text_content().split())


@pytest.fixture(scope="module")
def shown(console: Console) -> Shown:
    house = make_house(console.database, console.clock)
    recall = running(console.database, console.clock, house)
    console.clock.move_to(console.clock.now() + timedelta(minutes=1))
    return Shown(console, house, recall)


def json_of(shown: Shown, path: str = "/recalls.json") -> Any:
    return shown.get(path).get_json()


def feed_of(shown: Shown, path: str = "/recalls.atom") -> etree._Element:
    return etree.fromstring(shown.get(path).data)


def test_a_feed_is_an_atom_feed(shown: Shown) -> None:
    feed = feed_of(shown)
    assert feed.tag == f"{ATOM}feed"
    assert [len(feed.findall(f"{ATOM}{name}")) for name in ("id", "title", "updated", "author")] == [1, 1, 1, 1]
    links = {link.get("rel"): link.get("href") for link in feed.findall(f"{ATOM}link")}
    assert links["self"] == feed.findtext(f"{ATOM}id") == "http://127.0.0.1:8000/recalls.atom?lang=en"
    (entry,) = feed.findall(f"{ATOM}entry")
    assert entry.findtext(f"{ATOM}id") == f"http://127.0.0.1:8000/recalls/{shown.recall.reference}"
    for name in ("updated", "published"):
        assert entry.findtext(f"{ATOM}{name}", "").endswith("Z")
    assert {"P-1", "P-2"} <= set(entry.findtext(f"{ATOM}summary", "").replace(",", "").split())
    chinese = feed_of(shown, "/recalls.atom?lang=zh")
    assert chinese.findtext(f"{ATOM}entry/{ATOM}title") == TEXTS.title_zh
    assert chinese.findtext(f"{ATOM}entry/{ATOM}id") == entry.findtext(f"{ATOM}id")


@pytest.mark.parametrize("path", ["/recalls", "/recalls.json", "/recalls.atom", "/recalls/{reference}", "/recalls/{reference}.json"])
def test_nothing_is_sent_again_that_has_not_changed(shown: Shown, path: str) -> None:
    path = path.format(reference=shown.recall.reference)
    first = shown.get(path)
    assert first.headers["Cache-Control"] == "public, max-age=1"
    for headers in ({"If_None_Match": first.headers["ETag"]}, {"If_Modified_Since": first.headers["Last-Modified"]}):
        again = shown.get(path, **headers)
        assert (again.status_code, again.data) == (304, b"")
    assert shown.get(path, If_None_Match='W/"another"').status_code == 200


@pytest.mark.parametrize("path", ["/recalls", "/recalls.json", "/recalls.atom", "/recalls/{reference}", "/recalls/{reference}.json"])
def test_who_asks_again_costs_one_question_to_the_database(shown: Shown, path: str) -> None:
    path = path.format(reference=shown.recall.reference)
    first, seen = shown.get(path), list[str]()
    event.listen(shown.console.database.engine, "before_cursor_execute", note := lambda *said: seen.append(said[2]))
    again = shown.get(path)
    event.remove(shown.console.database.engine, "before_cursor_execute", note)
    assert again.data == first.data
    assert len([statement for statement in seen if "SELECT" in statement]) == 1


def test_the_message_for_machines_is_found_from_the_list_the_feed_and_the_page(shown: Shown) -> None:
    (row,), path = json_of(shown)["recalls"], f"/recalls/{shown.recall.reference}.json"
    assert urlsplit(row["message"]).path == path
    assert json_of(shown, path)["reference"] == shown.recall.reference
    related = [link.get("href") for link in feed_of(shown).iter(f"{ATOM}link") if link.get("rel") == "related"]
    assert related == [row["message"]]
    page = shown.get(f"/recalls/{shown.recall.reference}").get_data(as_text=True)
    assert f'<link rel="alternate" type="application/json" href="{path}">' in page and f'<a href="{path}">JSON</a>' in page


def test_the_list_is_narrowed_to_a_product_or_a_batch(shown: Shown) -> None:
    for query, count in ((f"product={UNIT_GTIN}", 1), ("lot=P-1", 1), ("lot=P-9", 0), (f"product={UNIT_GTIN}&lot=P-9", 0)):
        assert json_of(shown, f"/recalls.json?{query}")["total"] == count
        assert len(feed_of(shown, f"/recalls.atom?{query}").findall(f"{ATOM}entry")) == count
        assert (TEXTS.title_en in shown.text(f"/recalls?{query}")) == bool(count)
    assert "No recall is about this" in shown.text("/recalls?lot=P-9")


def test_a_long_list_is_read_page_by_page(shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    second = running(shown.console.database, shown.console.clock, shown.house, replace(
        TEXTS, root_lot_keys=(shown.house.other_glue.lot_key,), title_en="Another"))
    monkeypatch.setattr("traceapp.web.consumer.recall_feeds.FEED_ROWS", 1)
    seen, path = [], "/recalls.json"
    while path:
        page = json_of(shown, path)
        seen += [row["reference"] for row in page["recalls"]]
        path = page["next"] and page["next"].removeprefix("http://127.0.0.1:8000")
    assert seen == [second.reference, shown.recall.reference]
    following = {link.get("rel"): link.get("href") for link in feed_of(shown).findall(f"{ATOM}link")}["next"]
    parts = urlsplit(following)
    assert feed_of(shown, f"{parts.path}?{parts.query}").findtext(f"{ATOM}entry/{ATOM}title") == TEXTS.title_en


def test_a_correction_and_a_withdrawal_are_said_everywhere(console: Console, shown: Shown) -> None:
    database, clock, house = console.database, console.clock, shown.house
    clock.move_to(clock.now() + timedelta(minutes=1))
    recall = running(database, clock, house)
    before = json_of(shown)["recalls"][0]
    clock.move_to(clock.now() + timedelta(hours=1))
    with database.write() as session:
        correct_notice(session, house.manager, clock, correction(recall.id))
    row = json_of(shown)["recalls"][0]
    assert row["updated_at"] > before["updated_at"]
    assert (row["contact"], row["revisions"][0]["before"]) == ("400 111 2222", {"contact": TEXTS.contact})
    page = shown.text(f"/recalls/{recall.reference}")
    assert "Corrected on 22 Nov 2026: The telephone number is another." in page
    assert f"Until 22 Nov 2026Contact{TEXTS.contact}" in page
    clock.move_to(clock.now() + timedelta(minutes=20))
    with database.write() as session:
        withdraw_notice(session, house.manager, clock, replace(WITHDRAWAL, recall_id=recall.id))
    assert json_of(shown)["recalls"][0]["status"] == "withdrawn"
    assert "withdrawn on 22 Nov 2026" in shown.text("/")
    for text in (shown.text(f"/recalls/{recall.reference}"), shown.text("/recalls")):
        assert "Withdrawn on 22 Nov 2026: Samples were mixed up" in text
    entry = feed_of(shown).find(f"{ATOM}entry")
    assert entry is not None
    assert entry.findtext(f"{ATOM}title") == f"Withdrawn: {TEXTS.title_en}"
    assert entry.find(f"{ATOM}category").get("term") == "withdrawn"  # type: ignore[union-attr]
    summary = entry.findtext(f"{ATOM}summary") or ""
    assert "Samples were mixed up" in summary and "P-1" in summary
    assert TEXTS.action_en not in summary and TEXTS.risk_en not in summary
    page = shown.get(f"/recalls/{recall.reference}").get_data(as_text=True)
    assert f"<s>{TEXTS.action_en}</s>" in page and f"<strong>{TEXTS.action_en}</strong>" not in page
    assert "not part of this recall" not in page


@dataclass(slots=True)
class Worker:
    """A process that answers scans, with a cache of its own and a watch that the test moves."""

    app: Any
    seconds: float = 1000.0

    def says(self, path: str) -> tuple[str, bool]:
        client = self.app.test_client()
        page = client.get(f"/s{path}", headers={"Accept": "application/json"})
        status = client.get(f"/recall-status{path}")
        for answer in (page, status):
            assert answer.headers["Cache-Control"] == "public, max-age=1"
        return page.get_json()["verdict"], status.get_json()["is_recalled"]

    def recall_link(self, path: str) -> int:
        return int(self.app.test_client().get(f"{path}?linkType=gs1:recallStatus").status_code)


@pytest.fixture
def workers(console: Console) -> Iterator[list[Worker]]:
    applications = Applications()
    other = applications.open(console.app.extensions["traceapp"].settings, console.database, console.clock)
    made, ticks = [Worker(console.app), Worker(other)], []
    for worker in made:
        pages = worker.app.extensions[NAME].pages
        ticks.append((pages, pages._tick))
        pages._tick = lambda worker=worker: worker.seconds
    yield made
    for pages, tick in ticks:
        pages._tick = tick
    applications.close()


def test_every_worker_tells_a_recall_and_its_withdrawal_one_second_after_the_commit_and_not_before(
        console: Console, shown: Shown, workers: list[Worker]) -> None:
    house, path = shown.house, f"/01/{UNIT_GTIN}/10/P-9"
    with console.database.write() as session:
        for key in session.scalars(select(Recall.id)).all():
            lift_hold(session, house.manager, console.clock, LiftHold("a fresh start", source=f"recall:{key}"))
    recall = submitted(console.database, console.clock, house, replace(
        TEXTS, root_lot_keys=(house.other_glue.lot_key,)))
    stopped = ("on_hold", False)
    assert [worker.says(path) for worker in workers] == [stopped] * 2
    with console.database.write() as session:
        approve_recall(session, house.manager, console.clock, ApproveRecall(recall.id, PASSWORD, "yes"),
                       vault=console.app.extensions["traceapp"].vault)
        for worker in workers:
            worker.seconds += 1
        assert [worker.says(path) for worker in workers] == [stopped] * 2
    for worker in workers:
        worker.seconds += 1
    assert [worker.says(path) for worker in workers] == [("recalled", True)] * 2
    assert [worker.recall_link(path) for worker in workers] == [307, 307]
    console.clock.move_to(console.clock.now() + timedelta(minutes=20))
    with console.database.write() as session:
        withdraw_notice(session, house.manager, console.clock, replace(WITHDRAWAL, recall_id=recall.id))
    for worker in workers:
        worker.seconds += 1
    assert [worker.says(path) for worker in workers] == [stopped] * 2
    page = workers[0].app.test_client().get(f"/s{path}", headers=ENGLISH).get_data(as_text=True)
    assert f"The recall {recall.reference} of this batch was withdrawn on" in page


def test_mail_is_asked_for_confirmed_and_ended_on_pages(shown: Shown) -> None:
    client, lot = shown.console.app.test_client(), shown.house.first.lot_key
    assert f"/recalls/subscribe?lot={lot}" in shown.get(f"/t/{lot}").get_data(as_text=True)
    assert "P-1" in shown.text(f"/recalls/subscribe?lot={lot}")
    answers = [client.post("/recalls/subscribe?lang=en", data={"email": address, "lot": lot})
               for address in ("new@home.example", "new@home.example")]
    assert {(answer.status_code, answer.location) for answer in answers} == {(303, "/recalls/subscribe?sent=1&lang=en")}
    assert client.post("/recalls/subscribe?lang=en", data={"email": "nobody"}).status_code == 422
    assert client.get("/recalls/subscribe?lot=nothing").status_code == 404
    world, tray = shown.console.app.extensions["traceapp"], Tray()
    sender = PublicSender(tray, world.vault, world.settings.base_url, world.clock)
    deliver_due(world.database, world.clock, sender.send, sender.settled, kinds=KINDS)
    mail = next(letter for letter in reversed(tray.letters) if letter.to == "new@home.example")
    confirm = f"/recalls/subscribe/{link_of(mail.text)}?lang=en"
    page = client.get(confirm)
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert "Confirmed" not in page.get_data(as_text=True)
    assert "Confirmed" in client.post(confirm, follow_redirects=True).get_data(as_text=True)
    assert client.get("/recalls/subscribe/nobody").status_code == 404


def test_one_click_of_a_mail_program_ends_mail_without_a_page(shown: Shown) -> None:
    world, client = shown.console.app.extensions["traceapp"], shown.console.app.test_client()
    client.post("/recalls/subscribe?lang=en", data={"email": "leaves@home.example"})
    with world.database.read() as session:
        who = session.scalars(select(RecallSubscriber).order_by(RecallSubscriber.id.desc())).first()
        assert who is not None
        token = world.vault.open_text(who.sealed_leave, f"recall_subscriber:{who.id}")
    assert "End it" in client.get(f"/recalls/leave/{token}?lang=en").get_data(as_text=True)
    answer = client.post(f"/recalls/leave/{token}", data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    with world.database.read() as session:
        assert session.get(RecallSubscriber, who.id) is None
    assert client.post(f"/recalls/leave/{token}", data={"List-Unsubscribe": "One-Click"}).status_code == 200


def test_one_source_asks_for_mail_a_few_times_an_hour(shown: Shown) -> None:
    client = shown.console.app.test_client()
    shown.console.clock.move_to(shown.console.clock.now() + timedelta(hours=2))
    answers = [client.post("/recalls/subscribe", data={"email": f"n{number}@home.example"}).status_code
               for number in range(31)]
    assert answers == [303] * 30 + [429]


def test_the_sweep_writes_mail_to_files_where_no_server_is_set(shown: Shown) -> None:
    world = shown.console.app.extensions["traceapp"]
    assert deliver(world) > 0
    mails = [path.read_bytes() for path in (world.settings.var_dir / "mail").glob("*.eml")]
    assert any(b"n0@home.example" in mail for mail in mails)


def signed_in(console: Console, name: str) -> Browser:
    browser = Browser(console.app, console.app.test_client())
    with console.database.write() as session:
        token = sign_in(session, console.clock, prove_password(session, name, PASSWORD), "test").token
    with browser.client.session_transaction() as cookie:
        cookie["token"] = token
    return browser


def test_the_console_corrects_and_withdraws_a_notice(shown: Shown) -> None:
    console = shown.console
    console.clock.move_to(console.clock.now() + timedelta(hours=1))
    recall = running(console.database, console.clock, shown.house)
    browser, path = signed_in(console, "manager"), f"/console/recalls/{recall.id}/notice"
    said = {"said_zh": "电话改了。", "said_en": "The number is another.", "reason": "typed wrong", "password": PASSWORD}
    texts = {name: getattr(TEXTS, name) for name in CORRECTED} | {"contact": "400 333 4444"}
    page = browser.get(f"{path}?do=correct").get_data(as_text=True)
    assert TEXTS.risk_en in page
    softened = browser.post(f"{path}/correct", texts | said | {"risk_en": "A voluntary measure"})
    assert softened.status_code == 422
    assert "400 333 4444" in softened.get_data(as_text=True)
    assert browser.post(f"{path}/correct", texts | said | {"password": "wrong"}).status_code == 422
    assert browser.post(f"{path}/correct", texts | said).status_code == 303
    page = browser.get(path).get_data(as_text=True)
    assert "The number is another." in page and "400 333 4444" in page and TEXTS.contact in page
    assert browser.post(f"{path}/withdraw", said).status_code == 303
    page = browser.get(path).get_data(as_text=True)
    assert "Notice withdrawn" in page and "Correct the notice" not in page
    writer = signed_in(console, "writer")
    assert "Correct the notice" not in writer.get(path).get_data(as_text=True)
    assert writer.post(f"{path}/correct", texts | said).status_code == 403


def test_the_interface_corrects_and_withdraws_a_notice(shown: Shown) -> None:
    console = shown.console
    console.clock.move_to(console.clock.now() + timedelta(hours=1))
    recall = running(console.database, console.clock, shown.house)
    api = ApiClient(console.app, console.database, console.clock, "quality_manager", "second")
    said = {"said_zh": "电话改了。", "said_en": "The number is another.", "reason": "typed wrong", "password": PASSWORD}
    api.get(f"/recalls/{recall.id}")
    body = api.post(f"/recalls/{recall.id}/corrections", said | {"contact": "400 1"}, 200, If_Match=api.etag)
    assert body["contact"] == "400 1"
    api.get(f"/recalls/{recall.id}")
    body = api.post(f"/recalls/{recall.id}/withdrawal", said, 200, If_Match=api.etag)
    assert body["state"] == "cancelled"
    assert [row["kind"] for row in api.get(f"/recalls/{recall.id}/revisions")["revisions"]] == [
        "correction", "withdrawal"]
