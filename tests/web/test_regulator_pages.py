"""What a regulator sees: three tasks, no names, and proof."""
from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from openpyxl import load_workbook
from sqlalchemy import event, select, text

from tests.factories_cases import assessed, reported, world_of
from tests.factories_complaint import scanned
from tests.factories_recall import House, make_house, opened, running
from tests.factories_reports import Desk, make_desk
from tests.factories_web import Browser, Console
from traceapp.adverse_event.model import AdverseEvent
from traceapp.recall.model import Recall
from traceapp.submission.model import ExportRecord
from traceapp.submission.report_model import Report
from traceapp.vault.service import PersonDetails

SECRET = PersonDetails(name="Zhang San", phone="13900000004")


@pytest.fixture(scope="module")
def house(console: Console) -> House:
    return make_house(console.database, console.clock)


@pytest.fixture(scope="module")
def case(console: Console, house: House) -> AdverseEvent:
    return assessed(console, lot=scanned(house.second), contact=SECRET,
                    narrative="She called from 13900000004 about the redness",
                    details={"history": "told by 13900000004", "fault": "glue too strong", "use_began_on": "2026-11",
                             "device_item_1": "yes", "codes_e": ["E1708"]})


@pytest.fixture(scope="module")
def recall(console: Console, house: House, case: AdverseEvent) -> Recall:
    return running(console.database, console.clock, house)


@pytest.fixture
def regulator(console: Console, case: AdverseEvent, recall: Recall) -> Browser:
    return console.browser("regulator")


def exports(console: Console) -> list[ExportRecord]:
    with console.database.read() as session:
        return list(session.scalars(select(ExportRecord).order_by(ExportRecord.id)))


def test_the_home_offers_three_tasks_and_nothing_else(regulator: Browser) -> None:
    page = regulator.get("/regulator/").get_data(as_text=True)
    for task in ("1. Download reports", "2. Open a case or batch", "3. Verify evidence"):
        assert task in page
    assert page.count("<li><a href=") == 3
    assert re.findall('href="(/console[^"]*)"', page) == ["/console/account"]


def test_no_page_shows_who_the_person_is(regulator: Browser, case: AdverseEvent, recall: Recall,
                                        house: House) -> None:
    for path in ("/regulator/", "/regulator/reports", "/regulator/cases", f"/regulator/adverse-events/{case.id}",
                 f"/regulator/lots/{house.second.lot_key}", f"/regulator/recalls/{recall.id}",
                 f"/regulator/evidence/adverse_event/{case.id}"):
        answer = regulator.get(path)
        page = answer.get_data(as_text=True)
        assert answer.status_code == 200, path
        assert "Zhang San" not in page and "13900000004" not in page, path


def test_an_authority_reads_the_whole_assessment(regulator: Browser, case: AdverseEvent) -> None:
    page = regulator.get(f"/regulator/adverse-events/{case.id}").get_data(as_text=True)
    for text_shown in ("glue too strong", "told by […]", "Cannot be determined", "Not known: counts as not expected"):
        assert text_shown in page, text_shown


@pytest.mark.parametrize("path", ["/console", "/console/complaints", "/console/lots", "/console/signals",
                                  "/console/recalls", "/console/adverse-events"])
def test_the_console_is_closed_to_a_regulator(regulator: Browser, path: str) -> None:
    assert regulator.get(path, follow_redirects=True).status_code == 403


def test_a_number_leads_straight_to_its_case(regulator: Browser, case: AdverseEvent, recall: Recall,
                                            house: House) -> None:
    for number, target in ((case.reference.lower(), f"/regulator/adverse-events/{case.id}"),
                           (recall.reference, f"/regulator/recalls/{recall.id}"),
                           ("P-2", f"/regulator/lots/{house.second.lot_key}")):
        assert regulator.get(f"/regulator/cases?q={number}").headers["Location"] == target
    assert "Nothing has this number" in regulator.get("/regulator/cases?q=AE-0").get_data(as_text=True)


def test_a_recall_that_nobody_was_told_of_is_not_there(console: Console, regulator: Browser, house: House) -> None:
    draft = opened(console.database, console.clock, house)
    assert regulator.get(f"/regulator/recalls/{draft.id}").status_code == 404
    assert regulator.get(f"/regulator/evidence/recall/{draft.id}").status_code == 404
    assert draft.reference not in regulator.get("/regulator/cases").get_data(as_text=True)


def test_a_complaint_has_no_page_and_no_chain_here(console: Console, regulator: Browser, house: House) -> None:
    complaint = reported(console, lot=scanned(house.first))
    assert regulator.get(f"/regulator/evidence/complaint/{complaint.id}").status_code == 404


def test_the_reports_of_a_period_leave_in_three_formats_each_recorded_with_its_hash(
        console: Console, regulator: Browser, case: AdverseEvent) -> None:
    query = "since=2026-11-01&until=2026-11-30&lot=P-2"
    found = {}
    for form in ("csv", "json", "xlsx"):
        answer = regulator.get(f"/regulator/reports/file?{query}&format={form}")
        content = answer.get_data()
        assert answer.status_code == 200 and "attachment" in answer.headers["Content-Disposition"]
        record = {row.sha256: row for row in exports(console)}[hashlib.sha256(content).hexdigest()]
        assert (record.format, record.actor_role, record.filters["lot"]) == (form, "regulator", "P-2")
        found[form] = content
    rows = list(csv.DictReader(io.StringIO(found["csv"].decode("utf-8-sig"))))
    assert [row["Reference"] for row in rows] == [case.reference]
    assert [row["reference"] for row in json.loads(found["json"])["rows"]] == [case.reference]
    sheet = load_workbook(io.BytesIO(found["xlsx"]), read_only=True).worksheets[0]
    assert [row[0] for row in sheet.iter_rows(min_row=2, values_only=True)] == [case.reference]
    assert all(b"13900000004" not in content for content in found.values())


def test_a_period_without_reports_is_an_empty_file_and_says_so_before(regulator: Browser) -> None:
    page = regulator.get("/regulator/reports?since=2020-01-01&until=2020-12-31").get_data(as_text=True)
    assert '<p class="n">0</p>' in page
    answer = regulator.get("/regulator/reports/file?since=2020-01-01&until=2020-12-31&format=csv")
    assert len(answer.get_data().decode("utf-8-sig").splitlines()) == 1


@pytest.mark.parametrize(("query", "field"), [("since=yesterday", "since"), ("since=2026-12-01&until=2026-11-01", "until"),
                                              ("lot=P-404", "lot")])
def test_a_wrong_wish_is_refused_at_its_field_and_no_file_is_made(console: Console, regulator: Browser, query: str,
                                                                 field: str) -> None:
    before = len(exports(console))
    answer = regulator.get(f"/regulator/reports?{query}")
    assert answer.status_code == 422 and f'href="#f-{field}"' in answer.get_data(as_text=True)
    assert regulator.get(f"/regulator/reports/file?{query}&format=csv").status_code == 422
    assert len(exports(console)) == before


def test_a_downloaded_file_proves_itself_and_a_changed_one_does_not(regulator: Browser) -> None:
    content = regulator.get("/regulator/reports/file?format=csv").get_data()
    good = regulator.post("/regulator/evidence/file", {"file": (io.BytesIO(content), "a.csv")})
    assert "left here and is unchanged" in good.get_data(as_text=True)
    bad = regulator.post("/regulator/evidence/file", {"file": (io.BytesIO(content + b"x"), "a.csv")})
    assert "did not leave here" in bad.get_data(as_text=True)


def test_the_whole_trail_is_verified_on_demand(regulator: Browser) -> None:
    assert "every link holds" in regulator.post("/regulator/evidence/verify").get_data(as_text=True)


def test_a_changed_entry_shows_in_the_chain_of_its_case(console: Console, regulator: Browser, house: House) -> None:
    other = assessed(console, lot=scanned(house.first))
    path = f"/regulator/evidence/adverse_event/{other.id}"
    assert "every link holds" in regulator.get(path).get_data(as_text=True)
    with console.database.engine.connect() as connection:
        connection.execute(text("DROP TRIGGER IF EXISTS audit_entry_no_update"))
        for (name,) in connection.execute(text(
                "SELECT name FROM sqlite_master WHERE type='trigger' AND tbl_name='audit_entry'")).all():
            connection.execute(text(f'DROP TRIGGER "{name}"'))
        connection.execute(text("UPDATE audit_entry SET data='{}' WHERE stream=:stream AND seq=1"),
                           {"stream": f"adverse_event:{other.id}"})
        connection.commit()
    assert "Entry 1 is not what was sealed." in regulator.get(path).get_data(as_text=True)
    assert "The trail is broken at" in regulator.post("/regulator/evidence/verify").get_data(as_text=True)


def test_quality_reads_evidence_but_not_the_regulators_pages(console: Console, case: AdverseEvent,
                                                            recall: Recall) -> None:
    quality = console.browser("quality")
    assert quality.get("/regulator/evidence").status_code == 200
    assert quality.get("/regulator/reports").status_code == 403


def test_the_lists_ask_as_many_questions_for_many_as_for_few(console: Console, regulator: Browser,
                                                            house: House) -> None:
    asked: list[str] = []
    event.listen(console.database.engine, "before_cursor_execute", lambda *a: asked.append(a[2]))
    regulator.get("/regulator/cases")
    few = len(asked)
    for _ in range(6):
        assessed(console, lot=scanned(house.first))
    asked.clear()
    regulator.get("/regulator/cases")
    assert len(asked) == few


def test_the_pages_read_in_chinese(regulator: Browser, case: AdverseEvent) -> None:
    regulator.language = "zh"
    assert "核验证据" in regulator.get("/regulator/").get_data(as_text=True)
    page = regulator.get(f"/regulator/adverse-events/{case.id}").get_data(as_text=True)
    assert "关联性" in page and "Assessment" not in page


@pytest.fixture
def sent_report(console: Console, house: House, tmp_path: Path) -> Report:
    """A report with persons that was sent, and one that was only prepared."""
    desk = Desk(console.database, console.clock, replace(
        make_desk(tmp_path), store=world_of(console).files, vault=world_of(console).vault))
    desk.prepare(assessed(console, lot=scanned(house.first)))
    return desk.sent(assessed(console, lot=scanned(house.first)), profile="full")


def test_what_was_sent_is_there_without_persons_and_what_was_not_is_not(
        console: Console, regulator: Browser, sent_report: Report) -> None:
    path = f"/regulator/authority-reports/{sent_report.id}"
    regulator.get(f"/regulator/adverse-events/{sent_report.about.partition(':')[2]}")
    assert regulator.last is not None and path in regulator.last.get_data(as_text=True)
    page = regulator.get(path).get_data(as_text=True)
    assert "web portal" in page and sent_report.sha256 in page and "Zhang San" not in page
    file = regulator.get(f"{path}/file")
    assert file.status_code == 200 and b"Zhang San" not in file.get_data()
    assert {row.sha256: row for row in exports(console)}[file.headers["X-Content-SHA256"]].actor_role == "regulator"
    with zipfile.ZipFile(io.BytesIO(regulator.get(f"{path}/package").get_data())) as package:
        assert not any(b"Zhang San" in package.read(name) for name in package.namelist())
    with console.database.read() as session:
        unsent = session.scalars(select(Report).where(Report.state == "prepared")).first()
    assert unsent is not None
    for ending in ("", "/file", "/package"):
        assert regulator.get(f"/regulator/authority-reports/{unsent.id}{ending}").status_code == 404
    assert regulator.get(f"/regulator/evidence/report/{unsent.id}").status_code == 404


def test_evidence_leaves_as_a_file_that_the_program_beside_it_finds_sound(
        console: Console, regulator: Browser, sent_report: Report, tmp_path: Path) -> None:
    path = f"/regulator/evidence/report/{sent_report.id}"
    assert f"{path}/file" in regulator.get(path).get_data(as_text=True)
    (tmp_path / "evidence.json").write_bytes(regulator.get(f"{path}/file").get_data())
    (tmp_path / "check.py").write_bytes(regulator.get("/regulator/evidence/script").get_data())
    (tmp_path / "package.zip").write_bytes(
        regulator.get(f"/regulator/authority-reports/{sent_report.id}/package").get_data())
    done = subprocess.run([sys.executable, "-I", "-S", "check.py", "evidence.json", "package.zip"], cwd=tmp_path,
                          capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.count("ok ")) == (0, 2), done.stdout + done.stderr


def test_one_archive_proves_a_case_with_the_program_in_it(console: Console, regulator: Browser, sent_report: Report,
                                                          tmp_path: Path) -> None:
    event_id = sent_report.about.partition(":")[2]
    path = f"/regulator/adverse-events/{event_id}/evidence"
    assert path in regulator.get(f"/regulator/adverse-events/{event_id}").get_data(as_text=True)
    answer = regulator.get(path)
    assert answer.headers["X-Content-SHA256"] in {row.sha256 for row in exports(console)}
    with zipfile.ZipFile(io.BytesIO(answer.get_data())) as packet:
        packet.extractall(tmp_path)
    assert not any(b"Zhang San" in file.read_bytes() for file in tmp_path.iterdir())
    told = (tmp_path / "README.txt").read_text(encoding="utf-8").splitlines()
    commands = [line.split() for line in told if line.startswith("python3")]
    assert len(commands) >= 2
    for command in commands:
        done = subprocess.run([sys.executable, "-I", "-S", *command[1:]], cwd=tmp_path, capture_output=True, text=True,
                              check=False)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("query", "is_there"), [
    ("term=redness", True), ("term=smell", False), ("term=E1708", True), ("term=E0402", False), ("term=fault", False),
    ("reported=none", True), ("reported=acknowledged", False),
    ("reported=late", False), ("serious=yes", False), ("region=江苏", False), ("jurisdiction=CN", True),
    ("jurisdiction=US", False), ("sort=reference", True), ("sort=-outcome", True), ("sort=nonsense", True)])
def test_the_listing_is_chosen_and_sorted_and_its_file_holds_the_same(regulator: Browser, case: AdverseEvent,
                                                                     query: str, is_there: bool) -> None:
    page = regulator.get(f"/regulator/reports?lot=P-2&{query}").get_data(as_text=True)
    assert (f'adverse-events/{case.id}"' in page) == is_there, query
    assert ("No case fits" in page) != is_there
    content = regulator.get(f"/regulator/reports/file?lot=P-2&{query}&format=csv").get_data().decode("utf-8-sig")
    assert [row["Reference"] for row in csv.DictReader(io.StringIO(content))] == [case.reference] * is_there


def test_the_codes_that_cases_have_can_be_chosen(regulator: Browser) -> None:
    page = regulator.get("/regulator/reports").get_data(as_text=True)
    assert re.findall(r'<option value="(E\d+)"[^>]*>([^<]+)<', page) == [("E1708", "E1708 Itching")]
    page = regulator.get("/regulator/reports?term=E0402").get_data(as_text=True)
    assert re.findall(r'<option value="(E\d+)"([^>]*)>', page) == [("E0402", " selected"), ("E1708", "")]


def test_the_listing_says_what_was_sent_and_what_is_due(regulator: Browser, sent_report: Report) -> None:
    page = regulator.get("/regulator/reports?reported=sent").get_data(as_text=True)
    assert sent_report.reference in page and "Sent" in page


def test_a_case_shows_its_clocks_and_what_its_batch_was_made_of(regulator: Browser, case: AdverseEvent) -> None:
    page = regulator.get(f"/regulator/adverse-events/{case.id}").get_data(as_text=True)
    for shown in ("Legal clocks", "Made of 2 batches", "A-1", "Where it went"):
        assert shown in page, shown
