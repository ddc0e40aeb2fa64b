"""After the end of a recall: what people read behind their links, what staff decide, and the same by API."""
from __future__ import annotations

from datetime import timedelta
from decimal import Decimal as D

import pytest
from sqlalchemy import select

from tests.db.test_recall_books import Case
from tests.db.test_recall_hands import named, to, ward_says
from tests.db.test_recall_late import over
from tests.factories_cases import world_of
from tests.factories_recall import VAULT, Tray, token_of
from tests.factories_web import Console
from tests.http_clients import ApiClient
from traceapp.outbox.delivery import deliver_due
from traceapp.recall.answer import AnswerLine
from traceapp.recall.following import follow_scopes
from traceapp.recall.handing import Posts
from traceapp.recall.model import RecallLedger
from traceapp.recall.passed_sending import PassedSender
from traceapp.recall.passing_on import PASSED_KINDS, sealed_about
from traceapp.recall.telling_model import PassedNotice
from traceapp.worklist.tasks import open_tasks


class Ended(Case):
    """The clinic passed 60 of P-1 on to ward 3; the recall ended, and an hour passed."""

    def __init__(self, console: Console) -> None:
        super().__init__(console.database, console.clock)
        self.console = console
        self.answer(self.clinic, AnswerLine(self.first, D(0), D(290), D(0)), passed=(to("Ward 3", self.first, 60),))
        with self.database.write() as session:
            follow_scopes(session, self.clock)
        over(self, is_answered=True)
        self.clock.move_to(self.clock.now() + timedelta(hours=1))
        self.ward: PassedNotice = named(self)["Ward 3"]
        self.own = f"/console/recalls/{self.recall.id}"
        self.api = ApiClient(console.app, self.database, self.clock, "quality_manager")

    def page(self, path: str) -> str:
        return self.console.browser("quality").get(path).get_data(as_text=True)

    def linked(self, path: str, **values: str) -> tuple[int, str]:
        """The page behind a link, or the answer to a form sent there."""
        client = self.console.app.test_client()
        answer = client.post(f"{path}?lang=en", data=values) if values else client.get(f"{path}?lang=en")
        return answer.status_code, answer.get_data(as_text=True)

    @property
    def link(self) -> str:
        return f"/r/{token_of(self.database, self.recall, self.clinic)}"

    @property
    def ward_link(self) -> str:
        return f"/r/p/{VAULT.open_text(self.ward.sealed_token, sealed_about(self.ward.id))}"


@pytest.fixture(scope="module")
def ended(console: Console) -> Ended:
    return Ended(console)


def test_a_consignee_names_receivers_after_the_end_and_finds_what_it_said(ended: Ended) -> None:
    status, page = ended.linked(ended.link)
    assert status == 200 and "tell them when the recall is opened again" in page
    fields = {f"used:{ended.first}": "250", f"received:{ended.first}": "350", "answered_by": "Li", "to-0-id": ended.ward.id,
              f"to-0-units:{ended.first}": "60", "to-1-name": "Ward 4", "to-1-contact": "w4@x.example",
              f"to-1-units:{ended.first}": "40"}
    assert ended.linked(ended.link, **fields)[0] == 303
    page = ended.linked(ended.link)[1]
    assert "somebody is looking at it" in page and 'value="Ward 4"' in page and "Ward 4 (w4@x.example): P-1 × 40" in page
    assert 'value="250"' in page
    shown = ended.page(f"{ended.own}/consignees/{ended.clinic}")
    assert "Ward 4 (w4@x.example): P-1 × 40" in shown and "Waits to be looked at" in shown
    assert list(named(ended)) == ["Ward 3"]


def test_what_somebody_further_down_says_after_the_end_is_shown_and_decided_on_its_page(ended: Ended) -> None:
    fields = {f"on_hand:{ended.first}": "5", f"used:{ended.first}": "55", "answered_by": "Wu"}
    assert ended.linked(ended.ward_link, **fields)[0] == 303
    status, page = ended.linked(ended.ward_link)
    assert status == 200 and "What you told us after the end" in page and "can correct it here until" not in page
    own = f"{ended.own}/passed/{ended.ward.id}"
    assert f'href="{own}"' in ended.page("/console/today")
    assert "Late answer waits" in ended.page(f"{ended.own}/consignees/{ended.clinic}")
    assert "Waits to be looked at" in ended.page(own)
    quality = ended.console.browser("quality")
    assert quality.post(f"{own}/late", {**quality.hidden(f"{own}?do=late"), "reason": " "}).status_code == 422
    assert quality.post(f"{own}/late", {**quality.hidden(f"{own}?do=late"), "reason": "counted twice"}).status_code == 303
    page = ended.page(own)
    assert "The books stand" in page and "counted twice" in page and "Or reopen" not in page


def test_the_same_is_read_and_decided_by_api(ended: Ended) -> None:
    ward_says(ended, "Ward 3", 6, 54, 0)
    path = f"/recalls/{ended.recall.id}/passed/{ended.ward.id}"
    assert [one["state"] for one in ended.api.get(f"{path}/late")] == ["waiting", "noted"]
    (row,) = ended.api.get(f"/recalls/{ended.recall.id}/passed")["passed"]
    assert row["is_late"] is True
    assert ended.api.post(f"{path}/late", {"reason": "counted twice"}, 200) == {"answers": 1}
    assert ended.api.post(f"{path}/late", {"reason": "again"}, 409)["code"] == "not-open"
    assert ended.api.post(f"/recalls/other/passed/{ended.ward.id}/late", {"reason": "x"}, 404)
    kept = ended.api.get(f"/recalls/{ended.recall.id}/consignees/{ended.clinic}")["history"][0]
    assert [one["name"] for one in kept["passed"]] == ["Ward 3", "Ward 4"]


def test_goods_that_came_back_after_the_end_are_shown_and_decided_on_the_page_and_by_api(ended: Ended) -> None:
    ended.take(7)
    own = f"{ended.own}/consignees/{ended.clinic}"
    page = ended.page(own)
    assert "7 of batch P-1 came back" in page and "Goods of an ended recall came back" in page
    quality = ended.console.browser("quality")
    hidden = quality.hidden(f"{own}?do=late-returns")
    assert quality.post(f"{own}/late-returns", {**hidden, "reason": ""}).status_code == 422
    assert quality.post(f"{own}/late-returns", {**hidden, "reason": "told to the authority"}).status_code == 303
    assert "told to the authority" in ended.page(own)
    ended.take(3)
    path = f"/recalls/{ended.recall.id}/consignees/{ended.clinic}"
    assert sorted(one["state"] for one in ended.api.get(path)["late_returns"]) == ["noted", "waiting"]
    assert ended.api.post(f"{path}/late-returns", {"reason": "three more"}, 200) == {"returns": 1}


def test_reopened_by_api_the_names_are_told(ended: Ended) -> None:
    ended.api.get(f"/recalls/{ended.recall.id}")
    ended.api.post(f"/recalls/{ended.recall.id}/reopening", {"reason": "new"}, 200, If_Match=ended.api.etag)
    assert list(named(ended)) == ["Ward 3", "Ward 4"]


def test_far_more_than_was_sent_is_asked_about_with_its_figure_on_every_page_and_by_api(ended: Ended) -> None:
    fields = {f"received:{ended.second}": "1000", f"returned:{ended.second}": "999999", "answered_by": "Li",
              "explanation": "counted"}
    status, page = ended.linked(ended.link, **fields)
    assert status == 422 and "999,999 pcs, and not the 1,000 pcs" in page and "far more than was sent" in page
    assert ended.linked(ended.link, **fields, **{f"sure:{ended.second}": "99999"})[0] == 422
    assert ended.linked(ended.link, **fields, **{f"sure:{ended.second}": "999999"})[0] == 303
    own = f"{ended.own}/consignees/{ended.clinic}"
    page = ended.page(own)
    assert "998,999 more than the 1,000 that we sent" in page and "Far more than was sent" in page and "They say far more than we sent: find out why" in page
    assert "Their own explanation does not close the line" in ended.page(f"{own}?do=settle-{ended.second}")
    quality = ended.console.browser("quality")
    typed = {f"returned-{ended.second}": "5000", f"received-{ended.second}": "1000", "answered_by": "Li", "way": "telephone",
             "explanation": "counted"}
    hidden = {name: value for name, value in quality.hidden(f"{own}?do=answer").items() if not name.startswith("to-")}
    refused = quality.post(f"{own}/answer", {**hidden, **typed})
    assert refused.status_code == 422 and f'name="sure-{ended.second}" value="5000"' in refused.text
    hidden["form_token"] = "another"
    assert quality.post(f"{own}/answer", {**hidden, **typed, f"sure-{ended.second}": "5000"}).status_code == 303
    line = {"lot_key": ended.second, "on_hand": "0", "used": "0", "returned": "7000"}
    path = f"/recalls/{ended.recall.id}/consignees/{ended.clinic}/answer"
    body = {"lines": [line], "answered_by": "Li", "explanation": "counted"}
    assert f"sure:{ended.second}" in str(ended.api.post(path, body, 422))
    ended.api.post(path, {**body, "lines": [{**line, "sure": "7000"}]}, 200)
    with ended.database.read() as session:
        assert session.get_one(RecallLedger, (ended.second, ended.recall.id, ended.clinic)).returned == 7000
        assert [task.kind for task in open_tasks(session)].count("recall.excess") == 1


def test_somebody_further_down_is_sent_its_letter_again_from_its_page_and_by_api(ended: Ended) -> None:
    ward = named(ended)["Ward 4"]
    sender = PassedSender(Posts(Tray("refused"), None), world_of(ended.console).vault, "https://x.example", ended.clock)
    deliver_due(ended.database, ended.clock, sender.send, sender.settled, kinds=PASSED_KINDS)
    own = f"{ended.own}/passed/{ward.id}"
    assert "Send again what did not arrive" in ended.page(own)
    quality = ended.console.browser("quality")
    assert quality.post(f"{own}/send-again", quality.hidden(own)).status_code == 303
    assert "Send again what did not arrive" not in ended.page(own)
    assert ended.api.post(f"/recalls/{ended.recall.id}/passed/{ward.id}/letters", None, 200) == {"letters": 0}
    with ended.database.read() as session:
        assert session.scalar(select(PassedNotice.state).where(PassedNotice.id == ward.id)) == "queued"
