"""Named queries and subscriptions over HTTP: events reach a subscriber once, signed, at once or by the clock."""
from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from tests.factories_trace import make_batch, make_hand
from tests.http_clients import ApiClient
from tests.web.test_epcis_capture import Partner, document, seen
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.core.errors import InvalidInput
from traceapp.db import Database
from traceapp.jobs.sweeps import tell_subscribers
from traceapp.outbox.model import OutboxMessage
from traceapp.trace.query_model import Subscription
from traceapp.trace.resealing import reseal_subscriptions, subscriptions_under_older_keys
from traceapp.trace.schedules import checked_schedule, next_time
from traceapp.trace.subscriptions import sealed_about
from traceapp.trace.webhooks import signature_of
from traceapp.vault.service import Vault
from traceapp.worklist.model import Task

QUERY = {"name": "received", "query": {"EQ_bizStep": ["receiving"]}}


class Subscriber:
    """A server of a partner; answers with the statuses in `answers`, then 200."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.got.append((dict(self.headers), body))
                self.send_response(outer.answers.pop(0) if outer.answers else 200)
                self.send_header("Location", "/elsewhere")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Silent."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}/hook?x=1"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def events(self) -> list[str]:
        return [event["eventTime"] for _, body in self.got
                for event in json.loads(body)["epcisBody"]["queryResults"]["resultsBody"]["eventList"]]


@pytest.fixture
def subscriber() -> Iterator[Subscriber]:
    found = Subscriber()
    yield found
    found.server.shutdown()
    found.server.server_close()


@pytest.fixture
def partner(app: Flask, sqlite: Database, clock: FixedClock) -> Partner:
    partner = Partner(ApiClient(app, sqlite, clock, "quality_manager"))
    assert partner.send("/queries", QUERY).headers["Location"] == "/epcis/queries/received"
    return partner


def events_of(partner: Partner, path: str) -> list[Any]:
    results = partner.get(path).get_json()["epcisBody"]["queryResults"]
    assert results["queryName"] == "received"
    return results["resultsBody"]["eventList"]  # type: ignore[no-any-return]


def subscribed(partner: Partner, **wanted: Any) -> dict[str, Any]:
    answer = partner.send("/queries/received/subscriptions", wanted)
    assert answer.status_code == 201, answer.get_data(as_text=True)
    assert "signatureToken" not in answer.get_json()
    return answer.get_json()  # type: ignore[no-any-return]


def test_a_named_query_is_a_view_of_the_events(partner: Partner) -> None:
    partner.job(document(seen(1), seen(2, bizStep="shipping"), seen(3)))
    assert len(events_of(partner, "/epcis/queries/received/events")) == 2
    assert len(events_of(partner, "/epcis/queries/received/events?perPage=1")) == 1
    assert partner.get("/epcis/queries").get_json() == [QUERY]
    assert partner.get("/epcis/queries/received").get_json() == QUERY
    again = partner.send("/queries", QUERY)
    assert (again.status_code, again.get_json()["type"]) == (409, "epcisException:ResourceAlreadyExistsException")
    headers = {"Authorization": f"Bearer {partner.token}"}
    assert partner.client.delete("/epcis/queries/received", headers=headers).status_code == 204
    gone = partner.get("/epcis/queries/received/events")
    assert (gone.status_code, gone.get_json()["type"]) == (404, "epcisException:NoSuchNameException")


@pytest.mark.parametrize(("body", "kind"), [
    ({"name": "a b", "query": {}}, "ValidationException"), ({"name": "x"}, "ValidationException"),
    ({"name": "x", "query": {"EQ_wrong": 1}}, "QueryParameterException"),
    ({"name": "x", "query": {"EQ_bizStep": [{}]}}, "QueryParameterException"),
    ({"name": "x", "query": {}, "more": 1}, "ValidationException"),
    ({"name": "SimpleEventQuery", "query": {}}, "ValidationException")])
def test_what_is_no_query_is_refused(partner: Partner, body: Any, kind: str) -> None:
    answer = partner.send("/queries", body)
    assert (answer.status_code, answer.get_json()["type"]) == (400, f"epcisException:{kind}")


def test_a_subscriber_is_told_of_each_new_event_once_and_signed(
        app: Flask, partner: Partner, subscriber: Subscriber) -> None:
    partner.job(document(seen(1)))
    told = subscribed(partner, dest=subscriber.address, signatureToken="of the partner", stream=True)
    partner.job(document(seen(2), seen(3, bizStep="shipping"), seen(4)))
    partner.job(document(seen(2)))
    for _ in range(2):
        tell_subscribers(app.extensions["traceapp"])
    assert subscriber.events() == ["2026-11-01T05:00:02Z", "2026-11-01T05:00:04Z"]
    headers, body = subscriber.got[0]
    assert headers["GS1-Signature"] == signature_of("of the partner", body)
    results = json.loads(body)["epcisBody"]["queryResults"]
    assert (results["queryName"], results["subscriptionID"]) == ("received", told["subscriptionID"])
    shown = partner.get(f"/epcis/queries/received/subscriptions/{told['subscriptionID']}").get_json()
    assert shown["stream"]
    assert shown["lastNotifiedAt"]


def test_acts_of_our_own_are_told_too(
        app: Flask, partner: Partner, subscriber: Subscriber, sqlite: Database, actor: Actor, clock: FixedClock) -> None:
    subscribed(partner, dest=subscriber.address, stream=True)
    with sqlite.write() as session:
        make_batch(make_hand(session, actor, clock))
    tell_subscribers(app.extensions["traceapp"])
    assert len(subscriber.events()) == 2
    assert "GS1-Signature" not in subscriber.got[0][0]


def test_a_subscriber_that_fails_is_told_again_with_the_same_bytes(
        app: Flask, partner: Partner, subscriber: Subscriber, clock: FixedClock) -> None:
    subscribed(partner, dest=subscriber.address, signatureToken="t", stream=True)
    subscriber.answers = [503, 302]
    partner.job(document(seen(1)))
    world = app.extensions["traceapp"]
    for minutes in (0, 2, 10):
        clock.move_to(clock.now() + timedelta(minutes=minutes))
        tell_subscribers(world)
    assert len(subscriber.got) == 3
    assert len({(headers["Idempotency-Key"], headers["GS1-Signature"], body) for headers, body in subscriber.got}) == 1


def test_an_address_that_takes_nothing_is_a_task_until_it_takes_something(
        app: Flask, partner: Partner, subscriber: Subscriber, sqlite: Database) -> None:
    told = subscribed(partner, dest=subscriber.address, stream=True)
    name = f"subscription:{told['subscriptionID']}"

    def tasks() -> list[tuple[str, str]]:
        with sqlite.read() as session:
            return [(one.kind, one.state) for one in session.scalars(select(Task).where(Task.about == name))]

    subscriber.answers = [404, 404]
    for number in (1, 2):
        partner.job(document(seen(number)))
        tell_subscribers(app.extensions["traceapp"])
    assert tasks() == [("subscription.not_told", "open")]
    partner.job(document(seen(3)))
    tell_subscribers(app.extensions["traceapp"])
    assert tasks() == [("subscription.not_told", "done")]


def test_who_has_unsubscribed_hears_nothing_more(
        app: Flask, partner: Partner, subscriber: Subscriber, sqlite: Database) -> None:
    told = subscribed(partner, dest=subscriber.address, stream=True)
    partner.job(document(seen(1)))
    gone = partner.client.delete(f"/epcis/queries/received/subscriptions/{told['subscriptionID']}",
                                 headers={"Authorization": f"Bearer {partner.token}"})
    assert gone.status_code == 204
    tell_subscribers(app.extensions["traceapp"])
    assert subscriber.got == []
    with sqlite.read() as session:
        assert session.scalars(select(OutboxMessage)).all() == []


def test_by_the_clock_what_has_gathered_is_told_together(
        app: Flask, partner: Partner, subscriber: Subscriber, clock: FixedClock) -> None:
    subscribed(partner, dest=subscriber.address, schedule={"hour": "9", "minute": "5"}, reportIfEmpty=True)
    world = app.extensions["traceapp"]
    for second in (1, 2):
        partner.job(document(seen(second)))
        tell_subscribers(world)
    assert subscriber.got == []
    clock.move_to(datetime(2026, 11, 22, 9, 5, tzinfo=UTC))
    for _ in range(2):
        tell_subscribers(world)
    assert (len(subscriber.got), len(subscriber.events())) == (1, 2)
    clock.move_to(datetime(2026, 11, 23, 9, 5, tzinfo=UTC))
    tell_subscribers(world)
    assert (len(subscriber.got), len(subscriber.events())) == (2, 2)


def test_the_token_of_a_subscriber_moves_under_a_new_key(
        app: Flask, partner: Partner, subscriber: Subscriber, sqlite: Database, actor: Actor, clock: FixedClock) -> None:
    told = subscribed(partner, dest=subscriber.address, signatureToken="of the partner", stream=True)
    older = app.extensions["traceapp"].settings.vault_key
    vault = Vault(f"{base64.urlsafe_b64encode(b'n' * 32).decode()},{older}")
    with sqlite.read() as session:
        assert subscriptions_under_older_keys(session, vault) == 1
    with sqlite.write() as session:
        reseal_subscriptions(session, actor, clock, 10, vault=vault)
    with sqlite.read() as session:
        found = session.get_one(Subscription, told["subscriptionID"])
        assert vault.open_text(found.sealed_secret, sealed_about(found.id)) == "of the partner"
        assert subscriptions_under_older_keys(session, vault) == 0


def test_who_asks_for_the_past_is_told_of_it_first(app: Flask, partner: Partner, subscriber: Subscriber) -> None:
    partner.job(document(seen(1)))
    subscribed(partner, dest=subscriber.address, stream=True, initialRecordTime="2026-01-01T00:00:00Z")
    tell_subscribers(app.extensions["traceapp"])
    assert subscriber.events() == ["2026-11-01T05:00:01Z"]


@pytest.mark.parametrize(("wanted", "kind"), [
    ({"dest": "ftp://example.org/x", "stream": True}, "ValidationException"), ({"stream": True}, "ValidationException"),
    ({"dest": "https://u:p@example.org/", "stream": True}, "ValidationException"),
    ({"dest": "https://example.org/ x", "stream": True}, "ValidationException"),
    ({"dest": "https://example.org/"}, "SubscriptionControlsException"),
    ({"dest": "https://example.org/", "stream": True, "schedule": {"hour": "1"}}, "SubscriptionControlsException"),
    ({"dest": "https://example.org/", "schedule": {"hour": "25"}}, "SubscriptionControlsException"),
    ({"dest": "https://example.org/", "schedule": {"second": "[0-59]"}}, "SubscriptionControlsException"),
    ({"dest": "https://example.org/", "schedule": {"month": "2", "dayOfMonth": "30"}}, "SubscriptionControlsException"),
    ({"dest": "https://example.org/", "stream": True, "initialRecordTime": 7}, "ValidationException"),
    ({"dest": "https://example.org/", "stream": True, "hush": "x"}, "ValidationException")])
def test_what_is_no_subscription_is_refused(partner: Partner, sqlite: Database, wanted: Any, kind: str) -> None:
    answer = partner.send("/queries/received/subscriptions", wanted)
    assert (answer.status_code, answer.get_json()["type"]) == (400, f"epcisException:{kind}")
    with sqlite.read() as session:
        assert session.scalars(select(Subscription)).all() == []


def test_websockets_are_not_offered_and_say_so(partner: Partner) -> None:
    for path, headers in (("?stream=true", {}), ("", {"Upgrade": "websocket"})):
        answer = partner.get(f"/epcis/queries/received/events{path}", **headers)
        assert (answer.status_code, answer.get_json()["type"]) == (501, "epcisException:ImplementationException")


@pytest.mark.parametrize(("schedule", "after", "following"), [
    ({"hour": "1", "minute": "5"}, "2026-11-22T08:00:00", "2026-11-23T01:05:00"),
    ({"hour": "1", "minute": "5"}, "2026-11-22T01:04:59", "2026-11-22T01:05:00"),
    ({"minute": "[0-1],30"}, "2026-11-22T08:01:00", "2026-11-22T08:30:00"),
    ({"second": "7"}, "2026-11-22T08:01:07", "2026-11-22T08:02:07"),
    ({"dayOfWeek": "1"}, "2026-11-22T08:00:00", "2026-11-23T00:00:00"),
    ({"month": "2", "dayOfMonth": "29"}, "2026-11-22T08:00:00", "2028-02-29T00:00:00"),
    ({"dayOfMonth": "31"}, "2026-11-30T23:59:59", "2026-12-31T00:00:00")])
def test_the_next_time_of_a_schedule(schedule: dict[str, str], after: str, following: str) -> None:
    checked = checked_schedule(schedule)
    found = next_time(checked, datetime.fromisoformat(after).replace(tzinfo=UTC))
    assert found == datetime.fromisoformat(following).replace(tzinfo=UTC)


@pytest.mark.parametrize("schedule", [{}, [], {"hour": 1}, {"hour": ""}, {"hour": "1-2"}, {"hour": "[5-2]"}, {"day": "1"},
                                      {"hour": "1," * 200}, {"minute": "*"}])
def test_what_is_no_schedule_is_refused(schedule: Any) -> None:
    with pytest.raises(InvalidInput):
        checked_schedule(schedule)
