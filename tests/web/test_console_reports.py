"""Reports to authorities in the console and by the interface: from the case to the authority's answer."""
from __future__ import annotations

import io
import json
import re
import zipfile

import pytest
from sqlalchemy import select

from tests.factories import PASSWORD
from tests.factories_cases import assessed, world_of
from tests.factories_complaint import make_lots, make_product, scanned
from tests.factories_reports import an_answer, read_note
from tests.factories_web import Browser, Console
from tests.http_clients import ApiClient
from traceapp.adverse_event.model import AdverseEvent
from traceapp.audit.model import AuditEntry
from traceapp.submission.model import ExportRecord
from traceapp.submission.report_model import Report
from traceapp.trace.model import Lot


@pytest.fixture(scope="module")
def lot(console: Console) -> Lot:
    product = make_product(console.database, console.clock)
    world_of(console).reports.readers["note"] = read_note  # type: ignore[index]
    return make_lots(console.database, console.clock, product, "20260901")[0]


@pytest.fixture
def case(console: Console, lot: Lot) -> AdverseEvent:
    return assessed(console, lot=scanned(lot), happened_on=None)


def again(console: Console, report: Report) -> Report:
    with console.database.read() as session:
        return session.get_one(Report, report.id)


def prepared(console: Console, case: AdverseEvent) -> Report:
    quality = console.browser("quality")
    answer = quality.submit(f"/console/adverse-events/{case.id}/reports/new", {
        "form": "values", "kind": "initial", "profile": "masked"})
    assert answer.status_code == 303, answer.get_data(as_text=True)
    with console.database.read() as session:
        return session.get_one(Report, answer.headers["Location"].rpartition("/")[2])


def act(browser: Browser, report: Report, name: str, **values: object) -> int:
    """The status of an act through the form that the page offers for it."""
    return browser.post(f"/console/reports/{report.id}/{name}", {
        "revision": report.revision, "form_token": f"{name}-{report.id}-{sorted(values.items())}", **values}).status_code


def test_a_report_goes_from_the_case_to_the_confirmation_by_two_people(console: Console, case: AdverseEvent) -> None:
    quality, manager = console.browser("quality"), console.browser("quality_manager")
    page = quality.get(f"/console/adverse-events/{case.id}").get_data(as_text=True)
    assert f"/console/adverse-events/{case.id}/reports/new" in page
    report = prepared(console, case)
    page = quality.get(f"/console/reports/{report.id}").get_data(as_text=True)
    assert "It is not known when it began." in page and "Warning" in page and "do=approve" not in page
    assert act(quality, report, "check", reason="") == 422
    assert act(quality, report, "check", reason="nobody knows") == 303
    report = again(console, report)
    assert "do=approve" not in quality.get(f"/console/reports/{report.id}").get_data(as_text=True)
    assert act(quality, report, "approve", password=PASSWORD) == 403
    assert act(manager, report, "approve", password="wrong", meaning="approved") == 422
    assert "nobody knows" in manager.get(f"/console/reports/{report.id}?do=approve").get_data(as_text=True)
    assert manager.post(f"/console/reports/{report.id}/approve", {
        "revision": report.revision, "password": PASSWORD, "form_token": "second"}).status_code == 303
    report = again(console, report)
    assert act(quality, report, "send", channel="web portal", sent_at="2026-11-22T16:00", sent_id="S-1") == 303
    answer = quality.post("/console/reports/answers", {
        "file": (io.BytesIO(an_answer("accepted", "S-1", number="NMPA-9")), "ack.txt"), "form_token": "file"})
    assert answer.status_code == 303, answer.get_data(as_text=True)
    page = quality.get(f"/console/reports/{report.id}").get_data(as_text=True)
    assert "Confirmed by the authority" in page and "NMPA-9" in page and "ack.txt" in page
    assert f"/console/reports/{report.id}" in quality.get("/console/search?q=NMPA-9").get_data(as_text=True)
    page = quality.get(f"/console/adverse-events/{case.id}").get_data(as_text=True)
    assert "Reported and confirmed" in page and "NMPA-9" in page


def test_the_list_says_what_is_due_and_an_answer_that_fits_nothing_is_placed_by_a_person(
        console: Console, case: AdverseEvent) -> None:
    quality = console.browser("quality")
    page = quality.get("/console/reports").get_data(as_text=True)
    assert case.reference in page and "Prepare it" in page
    quality.post("/console/reports/answers", {
        "file": (io.BytesIO(an_answer("received", "NOBODY-1")), "ack.txt"), "form_token": "unknown"})
    page = quality.get("/console/reports").get_data(as_text=True)
    assert "Answers that fit no report" in page and "NOBODY-1" in page
    found = re.search(r"/console/reports/answers/\w+", page)
    assert found
    report = prepared(console, case)
    answer = quality.post(f"{found.group(0)}/match", {"report_id": report.id, "reason": "", "form_token": "m"})
    assert answer.status_code == 422
    answer = quality.post(f"{found.group(0)}/match", {"report_id": report.id, "reason": "told us", "form_token": "n"})
    assert answer.headers["Location"] == f"/console/reports/{report.id}"
    assert "NOBODY-1" not in quality.get("/console/reports").get_data(as_text=True)
    answer = quality.post("/console/reports/answers", {"file": (io.BytesIO(b"hello"), "x.txt"), "form_token": "x"})
    assert answer.status_code == 422 and "can be read here" in answer.get_data(as_text=True)


def test_a_report_that_lies_here_is_offered_instead_of_a_second_one(console: Console, case: AdverseEvent) -> None:
    quality = console.browser("quality")
    report = prepared(console, case)
    page = quality.get(f"/console/adverse-events/{case.id}/reports/new").get_data(as_text=True)
    assert f"/console/reports/{report.id}" in page and "Prepare the report</button>" not in page
    assert act(quality, report, "change", action="withdraw", reason="") == 422
    report = again(console, report)
    assert quality.post(f"/console/reports/{report.id}/change", {
        "action": "withdraw", "reason": "typed wrongly", "revision": report.revision, "form_token": "w"}).status_code == 303
    assert "Prepare the report</button>" in quality.get(f"/console/adverse-events/{case.id}/reports/new").get_data(as_text=True)


def test_files_and_package_leave_as_downloads_that_are_recorded(console: Console, case: AdverseEvent) -> None:
    quality = console.browser("quality")
    report = prepared(console, case)
    answer = quality.get(f"/console/reports/{report.id}/files/1")
    assert answer.headers["X-Content-SHA256"] == report.sha256
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert json.loads(answer.get_data())["head.reference"] == case.reference
    package = quality.get(f"/console/reports/{report.id}/package/export")
    with zipfile.ZipFile(io.BytesIO(package.get_data())) as file:
        assert "manifest.json" in file.namelist()
    with console.database.read() as session:
        hashes = set(session.scalars(select(ExportRecord.sha256).where(ExportRecord.kind == "report")))
    assert {answer.headers["X-Content-SHA256"], package.headers["X-Content-SHA256"]} <= hashes
    for position in ("99", "x", "0"):
        assert quality.get(f"/console/reports/{report.id}/files/{position}").status_code == 404


def test_the_pages_read_in_chinese(console: Console, case: AdverseEvent) -> None:
    quality = console.browser("quality")
    quality.language = "zh"
    assert "报告类型" in quality.get(f"/console/adverse-events/{case.id}/reports/new").get_data(as_text=True)
    report = prepared(console, case)
    quality.language = "zh"
    page = quality.get(f"/console/reports/{report.id}").get_data(as_text=True)
    assert "文件检查结果" in page and "发生日期不详" in page and "Findings" not in page
    assert "待报告" in quality.get("/console/reports").get_data(as_text=True)


def test_the_interface_does_the_same(console: Console, case: AdverseEvent) -> None:
    api = ApiClient(console.app, console.database, console.clock, "quality")
    boss = ApiClient(console.app, console.database, console.clock, "quality_manager")
    report = api.post(f"/adverse-events/{case.id}/reports", {"jurisdiction": "CN", "form": "values"})
    path = f"/reports/{report['id']}"
    assert [one["code"] for one in report["findings"]] == ["no-onset"]
    api.get(path)
    api.post(f"{path}/check", {"reason": "nobody knows"}, 200, If_Match=api.etag)
    boss.get(path)
    assert boss.post(f"{path}/approval", {"password": "x"}, 403, If_Match=boss.etag)["code"] == "signature-refused"
    assert api.post(f"{path}/approval", {"password": PASSWORD}, 403, If_Match='"9"')["code"] == "forbidden"
    boss.get(path)
    assert boss.post(f"{path}/approval", {"password": PASSWORD}, 200, If_Match=boss.etag)["state"] == "approved"
    api.get(path)
    api.post(f"{path}/sending", {"channel": "gateway", "sent_at": console.clock.now().isoformat()}, 200, If_Match=api.etag)
    assert api.upload(f"{path}/answers", {"verdict": "rejected"}, 422)["place"] == "text"
    assert api.upload(f"{path}/answers", {"verdict": "rejected", "text": "B5 is empty", "file": (
        io.BytesIO(b"%PDF"), "no.pdf")})["state"] == "rejected"
    due = [one for one in api.get("/reports-due") if one["report"] and one["report"]["id"] == report["id"]]
    assert [one["clock"]["state"] for one in due] == ["running"]
    page = console.browser("quality").get(f"/console{path}").get_data(as_text=True)
    assert f'href="/console/adverse-events/{case.id}/reports/new?authority=CN">Prepare the corrected report' in page
    again = api.post(f"/adverse-events/{case.id}/reports", {"jurisdiction": "CN", "form": "values"})
    assert (again["version"], again["earlier_id"]) == (2, report["id"])
    assert api.get(path)["state"] == "corrected"
    assert api.post(f"{path}/renewal", None, 409, If_Match=api.etag)["code"] == "wrong-state"
    assert {one["version"] for one in api.get(f"/reports?adverse_event_id={case.id}")["rows"]} == {2, 1}


def test_the_periodic_report_leaves_as_word_and_pdf_and_a_wrong_wish_comes_back(
        console: Console, case: AdverseEvent) -> None:
    quality = console.browser("quality")
    assert 'value="2025-01-01"' in quality.get("/console/reports/periodic").get_data(as_text=True)
    path = f"/console/reports/periodic/export?product={case.product_id}&since=2026-01-01&until=2026-11-30"
    for form, magic in (("docx", b"PK"), ("pdf", b"%PDF")):
        answer = quality.get(f"{path}&form={form}&audience=public")
        assert answer.status_code == 200 and answer.get_data().startswith(magic)
        with console.database.read() as session:
            row = session.scalars(select(ExportRecord).where(ExportRecord.sha256 == answer.headers["X-Content-SHA256"])).one()
        assert (row.kind, row.filters["public"]) == ("periodic_report", "yes")
    for wrong, status in (("since=x", 422), ("until=2025-01-01", 422), ("product=none", 404)):
        answer = quality.get(f"{path}&form=pdf".replace(wrong.partition("=")[0] + "=", "unused=") + f"&{wrong}")
        assert answer.status_code == status and "Download" in answer.get_data(as_text=True)


@pytest.fixture
def full_report(console: Console, case: AdverseEvent) -> Report:
    """A report that names persons."""
    answer = console.browser("quality").submit(f"/console/adverse-events/{case.id}/reports/new", {
        "form": "values", "kind": "initial", "profile": "full"})
    with console.database.read() as session:
        return session.get_one(Report, answer.headers["Location"].rpartition("/")[2])


def looks(console: Console) -> list[str]:
    with console.database.read() as session:
        return [json.loads(one.data)["reason"] for one in session.scalars(
            select(AuditEntry).where(AuditEntry.action == "report.opened").order_by(AuditEntry.seq))]


@pytest.mark.parametrize(("address", "file"), [("files/1", "1"), ("package/export", "")])
def test_what_names_persons_is_handed_out_for_a_reason_that_is_recorded(console: Console, full_report: Report,
                                                                       address: str, file: str) -> None:
    quality, page = console.browser("quality"), f"/console/reports/{full_report.id}"
    asked = quality.get(f"{page}/{address}")
    assert asked.status_code == 303 and "do=open" in asked.headers["Location"]
    assert "names persons" in quality.get(asked.headers["Location"]).get_data(as_text=True)
    before = looks(console)
    refused = quality.post(f"{page}/open", {"file": file, "reason": ""})
    assert refused.status_code == 422 and "Say why you need this" in refused.get_data(as_text=True)
    assert looks(console) == before
    given = quality.post(f"{page}/open", {"file": file, "reason": "handing it in"})
    assert given.status_code == 200 and "attachment" in given.headers["Content-Disposition"]
    assert looks(console) == [*before, "handing it in"]
    with console.database.read() as session:
        assert session.scalars(select(ExportRecord).where(
            ExportRecord.sha256 == given.headers["X-Content-SHA256"])).one().actor_role == "quality"


def test_the_interface_asks_for_the_reason_too(console: Console, full_report: Report) -> None:
    api, path = ApiClient(console.app, console.database, console.clock, "quality"), f"/reports/{full_report.id}"
    for one in (f"{path}/files/1", f"{path}/package"):
        assert api.get(one, 422)["code"] == "reason-needed"
        assert api.client.post(f"/api/v1{one}", json={"reason": "handing it in"},
                               headers={"Authorization": f"Bearer {api.token}"}).status_code == 200
    masked = next(one for one in api.get(f"{path}/files") if one["role"] == "masked")
    answer = api.client.get(f"/api/v1{path}/files/{masked['position']}",
                            headers={"Authorization": f"Bearer {api.token}"})
    assert answer.status_code == 200
