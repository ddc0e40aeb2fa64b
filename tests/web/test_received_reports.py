"""Files of reports that others send, by the interface and in the console: taken in, sent on whole, hostile ones refused."""
from __future__ import annotations

import io
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from tests.factories_api import Plant, make_plant
from tests.factories_web import Browser, Console
from tests.xml_facts import lost
from traceapp.complaint.model import Complaint
from traceapp.submission.report_model import ReceivedMessage

SET = Path(__file__).parents[2] / ".." / "shared" / "conformance" / "icsr"
E2B = SET / "e2b-r3" / "samples" / "FAERS2022Scenario1.xml"
MDR = SET / "emdr" / "3500A_Sample_HL7_Submission_082415.xml"
ROOTS = {"e2b-r3": "MCCI_IN200100UV01", "emdr": "PORR_IN040001UV01"}
needs_samples = pytest.mark.skipif(not MDR.exists(), reason="the official samples are not here")


@pytest.fixture(scope="module")
def plant(console: Console) -> Plant:
    return make_plant(console)


@pytest.fixture
def quality(console: Console) -> Browser:
    return console.browser("quality")


def part(content: bytes) -> dict[str, Any]:
    return {"file": (io.BytesIO(content), "report.xml")}


def kept(console: Console) -> tuple[int, int]:
    with console.database.read() as session:
        return tuple(session.scalar(select(func.count()).select_from(table)) or 0  # type: ignore[return-value]
                     for table in (Complaint, ReceivedMessage))


def opened(plant: Plant, report_id: str, position: int) -> bytes:
    """A file of a report that names persons."""
    return plant.api.client.post(f"/api/v1/reports/{report_id}/files/{position}", json={"reason": "to hand it in"},
                                 headers={"Authorization": f"Bearer {plant.api.token}"}).get_data()


@needs_samples
@pytest.mark.parametrize(("form", "path"), [("e2b-r3", E2B), ("emdr", MDR)])
def test_a_report_comes_in_and_leaves_whole_by_the_interface(plant: Plant, form: str, path: Path) -> None:
    (taken,) = plant.api.upload("/received-reports", part(path.read_bytes()))
    assert (taken["how"], taken["form"]) == ("created", form)
    report = plant.api.post(f"/adverse-events/{taken['adverse_event_id']}/reports",
                            {"jurisdiction": "US", "form": form, "profile": "full"})
    files = plant.api.get(f"/reports/{report['id']}/files")
    number = next(one["position"] for one in files if one["role"] == "form")
    sent = opened(plant, report["id"], number)
    gone = lost(path.read_bytes(), sent, "/id", "/creationTime", "/device/id", "/controlActProcess/effectiveTime",
                "/asAgent/representedOrganization/name", "/asAgent/representedOrganization/id")
    assert [fact for fact in gone if "/subjectOf1/controlActEvent/author/" not in fact[0]] == []
    assert plant.api.upload("/received-reports", part(sent))[0]["how"] == "already"
    assert not any(b"Robertson" in opened(plant, report["id"], one["position"]) for one in files if one["role"] != "form")


@needs_samples
def test_the_console_takes_a_file_in_and_shows_the_case(plant: Plant, quality: Browser) -> None:
    page = "/console/adverse-events"
    assert "Take in a report file" in quality.get(page).get_data(as_text=True)
    data = E2B.read_bytes().replace(b"US-APHARMA-8744554B", b"US-APHARMA-9999999C")
    answer = quality.post(f"{page}/files", {**quality.hidden(page), **part(data)})
    here = answer.headers["Location"]
    text = quality.get(here).get_data(as_text=True)
    assert answer.status_code == 303 and "1 new, 0 about known cases, 0 here already: AE-" in text
    assert "is kept sealed" in text and "Reported without a name." not in text
    again = quality.post(f"{page}/files", {**quality.hidden(page), **part(data)})
    assert again.headers["Location"] == here
    plant.api.post(f"/adverse-events/{here.rpartition('/')[2]}/person/erasure", {"reason": "Asked for by letter"}, 204)
    assert "is kept sealed" not in quality.get(here).get_data(as_text=True)


def test_no_file_is_told_in_the_console(quality: Browser) -> None:
    page = "/console/adverse-events"
    answer = quality.post(f"{page}/files", quality.hidden(page))
    assert answer.status_code == 422 and "Choose a file." in answer.get_data(as_text=True)


def whole(root: str, inner: str, before: str = "") -> bytes:
    return f'{before}<{root} xmlns="urn:hl7-org:v3" ITSVersion="XML_1.0">{inner}</{root}>'.encode()


LAUGHS = "<!DOCTYPE m [<!ENTITY a0 'ha'>" + "".join(
    f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 12)) + "]>"
BAD = {
    "bomb": lambda root: whole(root, "<id>&a11;</id>", LAUGHS),
    "quadratic": lambda root: whole(root, "&x;" * 20_000, f"<!DOCTYPE m [<!ENTITY x '{'k' * 90_000}'>]>"),
    "outside": lambda root: whole(root, "&x;", '<!DOCTYPE m [<!ENTITY x SYSTEM "file:///etc/passwd">]>'),
    "encoding": lambda root: whole(root, "", '<?xml version="1.0" encoding="EBCDIC-CP-US"?>'),
    "bytes": lambda root: whole(root, "").replace(b"><", b">\xff\xfe\xfa<"),
    "elements": lambda root: whole(root, "<a/>" * 1_500_000),
    "deep": lambda root: whole(root, "<a>" * 5_000 + "</a>" * 5_000),
    "spaces": lambda root: whole(root, "".join(f'<n{n}:a xmlns:n{n}="urn:{n}"/>' for n in range(30_000))),
    "open": lambda root: whole(root, "<a>"),
    "nothing": lambda root: b"",
}


@pytest.mark.parametrize("form", ROOTS)
@pytest.mark.parametrize("kind", BAD)
def test_a_hostile_file_is_refused_in_bounded_time_and_leaves_nothing(
        console: Console, plant: Plant, quality: Browser, form: str, kind: str) -> None:
    before, data, page = kept(console), BAD[kind](ROOTS[form]), "/console/adverse-events"
    begun = time.process_time()
    answer = plant.api.client.post("/api/v1/received-reports", data=part(data), content_type="multipart/form-data",
                                   headers={"Authorization": f"Bearer {plant.api.token}"})
    assert answer.status_code in (413, 422) and answer.get_json()["detail"], answer.get_data(as_text=True)
    shown = quality.post(f"{page}/files", {**quality.hidden(page), **part(data)})
    assert shown.status_code in (413, 422) and "/etc/passwd" not in shown.get_data(as_text=True)
    assert time.process_time() - begun < 8
    assert kept(console) == before


def test_a_file_larger_than_may_be_sent_is_refused_before_it_is_read(console: Console, plant: Plant) -> None:
    before = kept(console)
    most = console.app.config["MAX_CONTENT_LENGTH"]
    answer = plant.api.client.post("/api/v1/received-reports", data=part(b" " * (most + 1)),
                                   content_type="multipart/form-data",
                                   headers={"Authorization": f"Bearer {plant.api.token}"})
    assert answer.status_code == 413 and kept(console) == before


def test_who_may_not_take_in_complaints_takes_in_no_reports(console: Console) -> None:
    page = "/console/adverse-events"
    for role in ("operator", "regulator"):
        person = console.browser(role)
        assert person.post(f"{page}/files", part(b"<a/>")).status_code in (403, 404)
