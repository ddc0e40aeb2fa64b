"""Printing labels by API: order, follow, fetch, cancel; and the log."""
from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from tests.applications import Applications
from tests.factories_trace import make_batch, make_hand
from tests.factories_web import Console
from tests.made_once import made_once
from traceapp.code.allocating import AllocateSerials, allocate_serials
from traceapp.code.signature import CodeKeys
from traceapp.config import Settings
from traceapp.core.actor import SYSTEM, Actor
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.identity.model import User
from traceapp.identity.policy import permissions_of
from traceapp.identity.service import NewToken, create_token
from traceapp.jobs.print_sweep import print_labels


class Machine:
    """A token of a role, over a batch with the serial numbers K0001 to K1000."""

    def __init__(self, console: Console, key: str, range_id: str, role: str = "operator") -> None:
        self.console, self.key, self.range_id = console, key, range_id
        console.browser(role)
        with console.database.write() as session:
            user = session.query(User).filter(User.sign_in_name == role).one()
            _, self.token = create_token(session, SYSTEM, console.clock, NewToken(
                "test", user.id, tuple(permissions_of(role))))

    def __call__(self, method: str, path: str, body: dict[str, Any] | None = None) -> TestResponse:
        return self.console.app.test_client().open(
            f"/api/v1/lots/{self.key}/{path}", method=method, json=body,
            headers={"Authorization": f"Bearer {self.token}"})


@pytest.fixture
def machine(settings: Settings, sqlite: Database, clock: FixedClock, actor: Actor,
            applications: Applications) -> Machine:

    def numbered(session: Session) -> tuple[str, str]:
        lot = make_batch(make_hand(session, actor, clock))
        return lot.lot_key, allocate_serials(session, actor, clock, AllocateSerials(lot.lot_key, 1000, "K", 4),
                                             keys=CodeKeys("")).id

    key, range_id = made_once(sqlite, clock, numbered)
    return Machine(Console(applications.open(settings, sqlite, clock), sqlite, clock), key, range_id)


def test_a_small_print_is_done_at_once(machine: Machine) -> None:
    answer = machine("POST", "print-jobs", {"format": "zpl", "copies": 3})
    job = answer.json
    assert (answer.status_code, job["state"], job["total"], job["done"]) == (201, "done", 3, 3)  # type: ignore[index]
    assert machine("GET", f"print-jobs/{job['id']}").json == job  # type: ignore[index]
    file = machine("GET", f"print-jobs/{job['id']}/file")  # type: ignore[index]
    assert (file.status_code, file.headers["X-Content-SHA256"]) == (200, job["sha256"])  # type: ignore[index]
    other = machine.console.app.test_client().get(f"/api/v1/lots/{machine.key}/print-jobs/{job['id']}/file", headers={  # type: ignore[index]
        "Authorization": f"Bearer {machine.token}", "If-Match": '"another"'})
    assert (other.status_code, other.data) == (200, file.data)  # a file has no versions to choose from
    log = machine("GET", "print-log").json
    assert [(row["job_id"], row["labels"], row["first_serial"]) for row in log["rows"]] == [(job["id"], 3, None)]  # type: ignore[index]


def test_a_large_print_is_followed_and_fetched(machine: Machine) -> None:
    job = machine("POST", "print-jobs", {"format": "zpl", "range_id": machine.range_id}).json
    assert (job["state"], job["first_serial"], job["last_serial"]) == ("queued", "K0001", "K1000")  # type: ignore[index]
    path = f"print-jobs/{job['id']}"  # type: ignore[index]
    assert machine("GET", f"{path}/file").status_code == 404
    print_labels(machine.console.app.extensions["traceapp"])
    assert machine("GET", path).json["state"] == "done"  # type: ignore[index]
    assert machine("GET", f"{path}/file").data.count(b"^XA") == 1000
    assert machine("POST", f"{path}/cancel").status_code == 409
    assert [row["id"] for row in machine("GET", "print-jobs").json["rows"]] == [job["id"]]  # type: ignore[index]


def test_a_job_that_waits_is_cancelled(machine: Machine) -> None:
    job = machine("POST", "print-jobs", {"format": "zpl", "range_id": machine.range_id}).json
    assert machine("POST", f"print-jobs/{job['id']}/cancel").json["state"] == "cancelled"  # type: ignore[index]
    assert machine("GET", "print-log").json["total"] == 0  # type: ignore[index]


def test_a_reprint_names_the_field_that_is_missing(machine: Machine) -> None:
    order = {"format": "zpl", "range_id": machine.range_id, "first": "K0001", "last": "K0009"}
    machine("POST", "print-jobs", order)
    refused = machine("POST", "print-jobs", order)
    assert (refused.status_code, refused.json["code"]) == (422, "reprint")  # type: ignore[index]
    assert machine("POST", "print-jobs", {**order, "reason": "torn"}).status_code == 201


@pytest.mark.parametrize("body", [
    {"template": "bar"}, {"dpi": 72}, {"copies": 0}, {"module_mm": 0.2}, {"range_id": "0"}, {"template": "pallet"},
    {"colour": "red"}, {"format": "sheet", "columns": 50}, {"copies": True}, {"width_mm": 1e300}])
def test_what_cannot_be_printed_is_refused(machine: Machine, body: dict[str, Any]) -> None:
    assert machine("POST", "print-jobs", body).status_code in (404, 422)
    assert machine("GET", "print-jobs").json["total"] == 0  # type: ignore[index]


@pytest.mark.parametrize(("language", "said"), [
    ("en", "This label cannot be printed: The labels reach from 0.0 to 540.0 mm, but page_width_mm is 210 mm: change "
           "margins, gaps, offsets or label size."),
    ("zh", "此标签无法打印：标签从 0.0 排到 540.0 mm，而page_width_mm只有 210 mm。请减少列数或行数，改小标签，换更大的纸张，或减小偏移。")])
def test_a_refusal_keeps_the_names_that_a_machine_sends(machine: Machine, language: str, said: str) -> None:
    refused = machine("POST", f"print-jobs?lang={language}", {"format": "sheet", "columns": 9, "width_mm": 60})
    assert (refused.status_code, refused.json["detail"]) == (422, said)  # type: ignore[index]
    assert (refused.json["code"], refused.json["place"]) == ("label", "columns")  # type: ignore[index]


def test_why_a_job_failed_is_said_in_english_with_the_names_of_the_fields(machine: Machine) -> None:
    job = machine("POST", "print-jobs", {"format": "zpl", "range_id": machine.range_id, "module_mm": 0.2}).json
    print_labels(machine.console.app.extensions["traceapp"])
    assert machine("GET", f"print-jobs/{job['id']}").json["trouble"] == {  # type: ignore[index]
        "code": "label", "message": "This label cannot be printed: module_mm is 0.2 mm; for QR Code with Digital Link it "
                                    "must be from 0.396 to 0.990 mm."}


def test_jobs_and_logs_of_other_lots_and_of_none_are_not_found(machine: Machine) -> None:
    for path in ("print-jobs/0", "print-jobs/0/file", f"print-jobs/{'a' * 32}/file"):
        assert machine("GET", path).status_code == 404
    machine.key = "0" * 32
    for path in ("print-jobs", "print-log"):
        assert machine("GET", path).status_code == 404
