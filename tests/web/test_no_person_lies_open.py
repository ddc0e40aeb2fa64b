"""Names and contacts that nobody else has are brought in by every way, used in everything, and then looked for: in the
database's own file, in every file of the house, in the log, and in every answer that is masked."""
from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.factories_cases import world_of
from tests.factories_complaint import make_lots, make_product
from tests.factories_web import Console
from tests.http_clients import ApiClient
from traceapp.jobs.sweeps import deliver, rescore
from traceapp.trace.model import Lot

# As a person would write them; what is looked for is a part that cannot stand there by chance.
REPORTER = {"name": "Quetzalina Obregonsky", "phone": "139 1234 9876", "email": "q.obregonsky@canary.example"}
PATIENT = {"patient_name": "Xochitl Mbekistan", "record_number": "REC-77-CANARY", "born_on": "1987-06-05"}
ROW = {"name": "羽生结弦之", "phone": "13755512347"}
CANARIES = ("Quetzalina", "Obregonsky", "139 1234 9876", "13912349876", "q.obregonsky", "canary.example", "Xochitl",
            "Mbekistan", "REC-77-CANARY", "1987-06-05", "19870605", "羽生结弦之", "13755512347")
FORMS = (("values", "json"), ("e2b-r3", "xml"), ("emdr", "xml"), ("nmpa-device", "xlsx"), ("mir", "json"))


def spellings(canary: str) -> Iterator[bytes]:
    """How a text may stand in bytes."""
    yield canary.encode("utf-8")
    yield canary.encode("utf-16-le")
    yield json.dumps(canary)[1:-1].encode()
    for start in range(3):  # base64 depends on where it begins
        yield base64.b64encode(b"x" * start + canary.encode("utf-8"))[4:-4]


NEEDLES = {needle: canary for canary in CANARIES for needle in spellings(canary) if len(needle) > 6}


def seen_in(data: bytes) -> set[str]:
    """The canaries in some bytes, also in the parts of an archive or workbook."""
    found = {canary for needle, canary in NEEDLES.items() if needle in data}
    if data.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                found |= seen_in(archive.read(name))
    return found


class Office:
    """Two people at the interface."""

    def __init__(self, console: Console) -> None:
        self.api = ApiClient(console.app, console.database, console.clock, "quality_manager", "boss")
        self.quality = ApiClient(console.app, console.database, console.clock, "quality", "li")

    def raw(self, path: str, body: dict[str, Any] | None = None) -> bytes:
        """The bytes of an answer."""
        headers = {"Authorization": f"Bearer {self.quality.token}"}
        client = self.quality.client
        answer = client.get(f"/api/v1{path}", headers=headers) if body is None else client.post(
            f"/api/v1{path}", json=body, headers=headers)
        assert answer.status_code == 200, answer.get_data(as_text=True)[:300]
        return answer.get_data()


@pytest.fixture(scope="module")
def office(console: Console) -> Office:
    return Office(console)


@pytest.fixture(scope="module")
def case(console: Console, office: Office) -> dict[str, Any]:
    """An adverse event whose reporter and patient are known, with a full and a masked report in every form."""
    lot: Lot = make_lots(console.database, console.clock, make_product(console.database, console.clock), "20260901")[0]
    api = office.quality
    told = api.post("/complaints", {
        "channel": "telephone", "narrative": "Red skin after two days", "terms": ["redness"], "affected": "other",
        "lot_key": lot.lot_key, "contact": REPORTER})
    api.get(f"/complaints/{told['id']}")
    api.call("POST", f"/complaints/{told['id']}/triage", {"result": "complaint", "harm": "yes"}, status=200,
             If_Match=api.etag)
    event = api.post("/adverse-events", {"complaint_id": told["id"]})
    api.post(f"/adverse-events/{event['id']}/patient", PATIENT, 204)
    table = f"批号,接收日期,问题描述,姓名,电话\n20260901,2026-11-20,皮肤发红,{ROW['name']},{ROW['phone']}\n".encode()
    assert api.upload("/complaint-imports", {"file": (io.BytesIO(table), "来信.csv"), "mode": "good_rows"})["rows_taken"] == 1
    api.post("/persons/search", {"contact": REPORTER["phone"], "reason": "she calls back"}, 200)
    assert "Xochitl" in json.dumps(api.post(f"/adverse-events/{event['id']}/person", {"reason": "asked her"}, 200))
    return event


@pytest.fixture(scope="module")
def reports(console: Console, office: Office, case: dict[str, Any]) -> list[dict[str, Any]]:
    """The reports, each withdrawn after a second person looked at it, so that the next one can be made."""
    made = []
    for form, fmt in FORMS:
        for profile in ("full", "masked"):
            report = office.quality.post(f"/adverse-events/{case['id']}/reports", {
                "jurisdiction": "CN", "form": form, "format": fmt, "profile": profile})
            made.append(report)
            office.quality.get(f"/reports/{report['id']}")
            office.quality.call("POST", f"/reports/{report['id']}/changes", {"action": "withdraw", "reason": "a test"},
                                status=200, If_Match=office.quality.etag)
    rescore(world_of(console))
    deliver(world_of(console))
    return made


def test_the_canaries_are_really_there_where_they_may_be_seen(office: Office, reports: list[dict[str, Any]]) -> None:
    """Else the other tests would look for what was never said."""
    seen = set()
    for report in reports:
        if report["profile"] == "full":
            files = office.quality.get(f"/reports/{report['id']}/files")
            for file in files:
                if file["role"] == "form":
                    seen |= seen_in(office.raw(f"/reports/{report['id']}/files/{file['position']}", {"reason": "a test"}))
    assert {"Xochitl", "REC-77-CANARY", "Quetzalina"} <= seen, seen


def test_nothing_of_a_person_lies_open_in_the_database_or_in_any_file(console: Console,
                                                                     reports: list[dict[str, Any]]) -> None:
    here = world_of(console)
    base = Path(str(console.database.engine.url.database))
    files = [path for path in (*base.parent.glob(base.name + "*"), *here.settings.var_dir.rglob("*")) if path.is_file()]
    assert len(files) > 12 and reports
    assert {str(path): seen for path in files if (seen := seen_in(path.read_bytes()))} == {}


def test_no_answer_that_is_masked_names_a_person(console: Console, office: Office, case: dict[str, Any],
                                                 reports: list[dict[str, Any]]) -> None:
    event, complaint = case["id"], case["complaint_id"]
    paths = [f"/adverse-events/{event}", "/adverse-events", f"/complaints/{complaint}", "/complaints", "/tasks",
             f"/adverse-events/{event}/versions", f"/complaints/{complaint}/notes", "/exports/complaints?format=csv",
             "/exports/adverse-events?format=json", "/exports/adverse-events?format=xlsx",
             f"/history?kind=adverse_event&id={event}", f"/history?kind=complaint&id={complaint}", "/reports"]
    for report in reports:
        paths += [f"/reports/{report['id']}", f"/reports/{report['id']}/value-changes"]
        files = office.quality.get(f"/reports/{report['id']}/files")
        paths += [f"/reports/{report['id']}/files/{file['position']}" for file in files
                  if report["profile"] == "masked" or file["role"] == "masked"]
        if report["profile"] == "masked":
            paths.append(f"/reports/{report['id']}/package")
    assert {path: seen for path in paths if (seen := seen_in(office.raw(path)))} == {}
    regulator, quality = console.browser("regulator"), console.browser("quality")
    pages = [(regulator, f"/regulator/{path}") for path in (
        "reports", "cases", f"adverse-events/{event}", f"adverse-events/{event}/evidence", "reports/file?format=csv",
        f"evidence/adverse_event/{event}/file")] + [(quality, f"/console/{path}") for path in (
            "complaints", f"complaints/{complaint}", "adverse-events", f"adverse-events/{event}", "persons",
            "search?q=20260901", *(f"reports/{report['id']}" for report in reports))]
    for browser, path in pages:
        assert seen_in(browser.get(path, follow_redirects=True).get_data()) == set(), path


def test_the_log_names_nobody(console: Console, office: Office, case: dict[str, Any],
                              capfd: pytest.CaptureFixture[str]) -> None:
    office.quality.post("/persons/search", {"contact": REPORTER["email"], "reason": "she calls back"}, 200)
    office.quality.post(f"/adverse-events/{case['id']}/person", {"reason": "asked her"}, 200)
    office.quality.post("/complaints", {"channel": "telephone", "narrative": "x", "contact": {
        "name": REPORTER["name"], "phone": "not a number of Obregonsky"}}, 422)
    out, err = capfd.readouterr()
    assert "persons" in out + err  # there is a log
    assert seen_in((out + err).encode()) == set()
