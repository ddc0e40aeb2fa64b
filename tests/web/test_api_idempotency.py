"""A request with an Idempotency-Key: key, effect and answer stand together or not at all, on both databases."""
from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from tests.applications import Applications
from tests.factories import PASSWORD
from tests.factories_recall import House, make_house, submitted
from tests.http_clients import ApiClient
from traceapp.app import create_app
from traceapp.complaint.model import Complaint
from traceapp.config import Settings
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.identity.model import IdempotencyKey

BODY = {"narrative": "Itching", "lot_text": "P-1"}


@pytest.fixture
def app(settings: Settings, database: Database, clock: FixedClock, applications: Applications) -> Flask:
    """The application over each of the two databases."""
    return applications.open(settings, database, clock)


@pytest.fixture
def staff(app: Flask, database: Database, clock: FixedClock) -> ApiClient:
    return ApiClient(app, database, clock, "quality")


def report(app: Flask, token: str, key: str, body: dict[str, Any] | None = None) -> TestResponse:
    return app.test_client().post("/api/v1/complaints", json=body or BODY,
                                  headers={"Authorization": f"Bearer {token}", "Idempotency-Key": key})


def counted(database: Database, model: type = Complaint) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def test_the_same_request_is_done_once_and_answered_alike(app: Flask, database: Database, staff: ApiClient) -> None:
    first, again = (report(app, staff.token, "key-1") for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.get_data() == first.get_data()
    for name in ("Content-Type", "Location", "ETag"):
        assert again.headers[name] == first.headers[name]
    assert ("Idempotency-Replayed" in first.headers, again.headers["Idempotency-Replayed"]) == (False, "true")
    assert counted(database) == 1


def test_another_request_with_the_same_key_is_refused(app: Flask, database: Database, staff: ApiClient) -> None:
    report(app, staff.token, "key-1")
    other = report(app, staff.token, "key-1", BODY | {"narrative": "Other"})
    assert (other.status_code, other.get_json()["code"]) == (422, "idempotency-key-reused")
    assert counted(database) == 1


def test_the_same_key_of_somebody_else_is_another_key(app: Flask, database: Database, clock: FixedClock,
                                                      staff: ApiClient) -> None:
    report(app, staff.token, "key-1")
    other = ApiClient(app, database, clock, "quality_manager")
    assert "Idempotency-Replayed" not in report(app, other.token, "key-1").headers
    assert counted(database) == 2


@pytest.mark.parametrize("body", [{"narrative": ""}, {"narrative": "x", "seriousness": ["no such sign"]}])
def test_a_refused_request_leaves_its_key_free(app: Flask, database: Database, staff: ApiClient,
                                               body: dict[str, Any]) -> None:
    assert report(app, staff.token, "key-1", body).status_code == 422
    assert counted(database, IdempotencyKey) == 0
    assert report(app, staff.token, "key-1").status_code == 201


def test_an_effect_that_is_not_committed_leaves_its_key_free(app: Flask, database: Database,
                                                             staff: ApiClient) -> None:
    def fail(_session: Session) -> None:
        raise RuntimeError("the disk is full")

    event.listen(Session, "before_commit", fail)
    try:
        assert report(app, staff.token, "key-1").status_code == 500
    finally:
        event.remove(Session, "before_commit", fail)
    assert (counted(database), counted(database, IdempotencyKey)) == (0, 0)
    assert "Idempotency-Replayed" not in report(app, staff.token, "key-1").headers
    assert counted(database) == 1


@pytest.mark.parametrize(("moment", "stored", "is_replayed"), [("before_commit", 0, False), ("after_commit", 1, True)])
def test_a_server_that_dies_around_the_commit_has_done_all_or_nothing(
        settings: Settings, database: Database, clock: FixedClock, staff: ApiClient, app: Flask, moment: str,
        stored: int, is_replayed: bool) -> None:
    child = os.fork()
    if child == 0:
        try:
            own = Database(database.url.render_as_string(hide_password=False), is_durable=False)
            event.listen(Session, moment, lambda _session: os._exit(9))
            report(create_app(settings, database=own, clock=clock), staff.token, "key-1")
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert (counted(database), counted(database, IdempotencyKey)) == (stored, stored)
    again = report(app, staff.token, "key-1")
    assert (again.status_code, "Idempotency-Replayed" in again.headers) == (201, is_replayed)
    assert counted(database) == 1


def test_requests_with_one_key_at_the_same_time_do_it_once(app: Flask, database: Database, staff: ApiClient) -> None:
    barrier = Barrier(6)

    def sent(_number: int) -> TestResponse:
        barrier.wait(10)
        return report(app, staff.token, "key-1")

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(sent, range(6)))
    assert [answer.status_code for answer in answers] == [201] * 6
    assert len({answer.get_data() for answer in answers}) == 1
    assert sum("Idempotency-Replayed" not in answer.headers for answer in answers) == 1
    assert counted(database) == 1


@pytest.mark.parametrize("key", ["", "k" * 201])
def test_a_key_that_cannot_be_kept_is_refused_with_its_place(app: Flask, staff: ApiClient, key: str) -> None:
    answer = report(app, staff.token, key)
    assert (answer.status_code, answer.get_json()["place"]) == (422, "Idempotency-Key")


@pytest.fixture
def house(database: Database, clock: FixedClock) -> House:
    return make_house(database, clock)


def test_a_signature_that_is_refused_counts_although_its_key_is_free(app: Flask, database: Database,
                                                                     clock: FixedClock, house: House) -> None:
    recall = submitted(database, clock, house)
    manager = ApiClient(app, database, clock, "quality_manager", "manager")
    path, body = f"/recalls/{recall.id}/approval", {"password": "not the password"}
    manager.get(f"/recalls/{recall.id}")
    headers = {"If_Match": manager.etag, "Idempotency_Key": "sign"}
    for _ in range(10):
        manager.post(path, body, 403, **headers)
    assert manager.post(path, body, 429, **headers)["code"] == "too-many-requests"
    assert counted(database, IdempotencyKey) == 0


def test_what_is_kept_of_a_request_does_not_give_away_the_password_in_it(app: Flask, database: Database,
                                                                         clock: FixedClock, house: House) -> None:
    recall = submitted(database, clock, house)
    manager = ApiClient(app, database, clock, "quality_manager", "manager")
    path, body = f"/api/v1/recalls/{recall.id}/approval", f'{{"password": "{PASSWORD}"}}'
    manager.get(f"/recalls/{recall.id}")
    answer = manager.client.post(path, data=body, content_type="application/json", headers={
        "Authorization": f"Bearer {manager.token}", "If-Match": manager.etag, "Idempotency-Key": "sign"})
    assert answer.status_code == 200, answer.get_data(as_text=True)
    with database.read() as session:
        kept = session.scalars(select(IdempotencyKey)).one()
    guesses = {sha256(text.encode()).hexdigest() for text in (body, path + body, f"{path}?\n{body}")}
    assert kept.request_hash not in guesses
    assert PASSWORD not in kept.body
