"""The forms and answers that ship: every form over a case of the database, answers of authorities, files of others."""
from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from tests.db.test_cli_commands import here, run, upgraded
from tests.db.test_legal_clocks import assess, make_event
from tests.factories_complaint import VAULT
from tests.factories_reports import Desk, person
from tests.made_once import acted_once
from traceapp.adverse_event.model import AdverseEvent
from traceapp.attachment.store import FileStore
from traceapp.audit.model import AuditEntry
from traceapp.catalog.model import Product, Registration
from traceapp.cli.settings import database as cli_database
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.submission.case_export import CaseExport, export_case
from traceapp.submission.case_files import read_cases
from traceapp.submission.case_intake import Taken
from traceapp.submission.model import ExportRecord
from traceapp.submission.report_answers import read_e2b_answer, read_emdr_answer
from traceapp.submission.report_house import report_desk
from traceapp.submission.report_model import ReceivedCase, Report
from traceapp.submission.report_queries import answers_of, files_of
from traceapp.submission.sealed_files import read_kept
from traceapp.vault.service import PersonDetails

__all__ = ["here"]


@pytest.fixture
def desk(database: Database, clock: FixedClock, tmp_path: Path) -> Desk:
    return Desk(database, clock, report_desk(FileStore(tmp_path / "files"), VAULT))


@pytest.fixture
def event(database: Database, clock: FixedClock) -> AdverseEvent:
    def act() -> AdverseEvent:
        made = make_event(database, clock, seriousness=("hospitalised",))
        assess(database, clock, made, seriousness=("hospitalised",))
        return made

    return acted_once(database, clock, act)


def ack(shared: Path, name: str) -> bytes:
    return (shared / "conformance" / "icsr" / "e2b-r3" / "samples" / name).read_bytes()


@pytest.mark.parametrize(("form", "jurisdiction"), [
    ("e2b-r3", "US"), ("emdr", "US"), ("mir", "EU"), ("nmpa-device", "CN"), ("nmpa-drug", "CN"),
    ("nmpa-cosmetic", "CN"), ("csv", "CN"), ("values", "SG")])
def test_every_form_is_made_from_a_case_and_says_what_was_found(
        desk: Desk, event: AdverseEvent, form: str, jurisdiction: str) -> None:
    report = desk.prepare(event, form=form, jurisdiction=jurisdiction)
    assert report.sha256 is not None and desk.desk.store.path_of(report.sha256).stat().st_size > 100
    assert report.number and all(one["code"] and one["text"] for one in report.findings)


@pytest.mark.parametrize(("jurisdiction", "number"), [("US", "K-1"), ("EU", ""), ("CN", "苏械注准1")])
def test_a_report_says_of_the_product_what_its_own_market_says(
        desk: Desk, event: AdverseEvent, jurisdiction: str, number: str) -> None:
    with desk.database.write() as session:
        product = session.get_one(Product, event.product_id)
        product.registration_number = "苏械注准1"
        session.add(Registration(id="r1", product_id=product.id, market="US", number="K-1", created_at=desk.clock.now()))
    report = desk.prepare(event, form="values", jurisdiction=jurisdiction)
    values = json.loads(desk.desk.store.path_of(report.sha256 or "").read_bytes())
    assert values.get("product.registration_number", "") == number
    with desk.database.write() as session:
        exported = export_case(session, person("u-li"), desk.clock, CaseExport(
            event.reference, "values", jurisdiction=jurisdiction), desk=desk.desk)
    assert json.loads(exported.data).get("product.registration_number", "") == number


LOADED = """<ack><submission><coreId>CI-77</coreId><batchId>{batch}</batchId><numReportPassed>{passed}</numReportPassed>
<numReportFailed>{failed}</numReportFailed><report id="{number}"><status>{status}</status></report>{failure}</submission></ack>"""
FAILURE = ("<failure><reportId>{number}</reportId><detail><section>B5</section><errorMessage>Missing</errorMessage>"
           "</detail></failure>")


@pytest.mark.parametrize(("passed", "state", "number"), [(True, "acknowledged", "CI-77"), (False, "rejected", "")])
def test_what_fda_says_of_a_device_report_finds_it_and_settles_it(
        desk: Desk, event: AdverseEvent, passed: bool, state: str, number: str) -> None:
    report = desk.prepare(event, form="emdr", jurisdiction="US")
    assert report.message_id
    with desk.database.write() as session:  # what the case lacks for FDA is not this test's
        session.get_one(Report, report.id).findings = []
    desk.check(report)
    desk.approve(report)
    desk.send(report)
    content = LOADED.format(batch=report.message_id, number=report.number, passed=int(passed), failed=int(not passed),
                            status="Passed" if passed else "Failed",
                            failure="" if passed else FAILURE.format(number=report.number))
    desk.take(content.encode())
    found = desk.again(report)
    assert (found.state, found.acknowledgement) == (state, number)
    with desk.database.read() as session:
        ((answer, _match),) = answers_of(session, report.id)
    assert answer.reader == "emdr" and any("B5" in text for text in answer.texts) != passed


@pytest.mark.parametrize("content", [b"hello", b"<a/>", b"", b"PK\x03\x04"])
def test_what_is_no_answer_is_none(content: bytes) -> None:
    assert read_e2b_answer(content) is None and read_emdr_answer(content) is None


def test_an_answer_of_the_fda_finds_its_report_by_the_batch(shared: Path, desk: Desk, event: AdverseEvent) -> None:
    report = desk.prepare(event, form="e2b-r3", jurisdiction="US")
    content = ack(shared, "R3ack-positive.ack")
    said = read_e2b_answer(content)
    assert said is not None and said[0].verdict == "accepted"
    desk.take(content.replace(said[0].names[0].encode(), report.message_id.encode()))
    with desk.database.read() as session:
        assert [answer.reader for answer, _match in answers_of(session, report.id)] == ["e2b-r3"]


def test_a_refusal_of_the_fda_tells_what_was_wrong(shared: Path) -> None:
    said = read_e2b_answer(ack(shared, "R3ack-negative.ack"))
    assert said is not None and said[0].verdict == "rejected" and said[0].texts


def test_every_sample_of_the_authorities_becomes_cases_with_their_numbers(shared: Path) -> None:
    samples = sorted((shared / "conformance" / "icsr").glob("**/*.xml"))
    read = {path.name: read_cases(path.read_bytes()) for path in samples
            if b"MCCI_IN200100UV01" in path.read_bytes()[:3000] or b"PORR_IN040001UV01" in path.read_bytes()[:3000]}
    assert len(read) >= 4
    assert all(one.case_id and one.version and one.sha256 for cases in read.values() for one in cases)
    assert {one.country for cases in read.values() for one in cases} == {"US"}


@pytest.fixture
def filled(capsys: pytest.CaptureFixture[str], here: Path, shared: Path) -> dict[str, Any]:
    """A database into which a sample was taken."""
    upgraded()
    path = sorted((shared / "conformance" / "icsr" / "e2b-r3" / "samples").glob("*.xml"))[0]
    code, lines, talk = run(capsys, "icsr", "import", str(path))
    assert code == 0, (lines, talk)
    return {"path": path, **json.loads(lines[0])}


def test_a_file_is_taken_in_once_by_the_command_line(capsys: pytest.CaptureFixture[str], filled: dict[str, Any]) -> None:
    assert filled["how"] == Taken.created
    code, lines, _ = run(capsys, "icsr", "import", str(filled["path"]))
    assert (code, json.loads(lines[0])["how"]) == (0, "already")
    with cli_database().read() as session:
        assert session.scalar(select(ReceivedCase.adverse_event_id)) == filled["adverse_event"]


def test_the_command_line_says_which_file_told_of_which_case(
        capsys: pytest.CaptureFixture[str], filled: dict[str, Any]) -> None:
    others = sorted(filled["path"].parent.glob("*.xml"))
    code, lines, _ = run(capsys, "icsr", "import", *map(str, others))
    told = [json.loads(line) for line in lines]
    assert code == 0 and filled["message"] == f"New case {filled['case']}."
    assert [(one["how"], one["case"]) for one in told] == [
        ("already", filled["case"]), ("followed", filled["case"]), ("followed", filled["case"])]
    assert told[0]["message"] == f"{filled['case']} has this report already. Nothing was changed."
    assert told[2]["message"].startswith(f"A later report about {filled['case']}: noted in it")


def test_a_file_that_is_no_report_is_told_and_the_others_are_taken(
        capsys: pytest.CaptureFixture[str], filled: dict[str, Any], here: Path) -> None:
    (here / "x.xml").write_bytes(b"<a/>")
    code, lines, _ = run(capsys, "icsr", "import", str(here / "x.xml"), str(filled["path"]), str(here / "none.xml"))
    told = [json.loads(line) for line in lines]
    assert (code, [one["ok"] for one in told]) == (1, [False, True, False])
    assert told[0]["error"]["code"] == "unknown-format"


@pytest.mark.parametrize("form", ["e2b-r3", "emdr", "mir", "nmpa-device", "nmpa-drug", "csv"])
def test_a_case_leaves_by_the_command_line_recorded_with_its_hash(
        capsys: pytest.CaptureFixture[str], filled: dict[str, Any], here: Path, form: str) -> None:
    with cli_database().read() as session:
        case = session.scalars(select(AdverseEvent.reference)).one()
    _code, lines, talk = run(capsys, "icsr", "export", case.lower(), "--format", form, "--to", str(here))
    assert len(lines) == 1, talk
    told = json.loads(lines[0])
    assert Path(told["file"]).stat().st_size > 100 and told["form"].endswith(form)
    with cli_database().read() as session:
        assert session.scalar(select(ExportRecord.sha256).where(ExportRecord.kind == "icsr")) == told["sha256"]
    if form == "e2b-r3":
        code, lines, _ = run(capsys, "icsr", "check", told["file"])
        assert json.loads(lines[0])["format"] is not None
    assert run(capsys, "icsr", "export", "AE-0", "--format", form, "--to", str(here))[0] == 1


def test_several_cases_leave_as_one_table(capsys: pytest.CaptureFixture[str], filled: dict[str, Any], here: Path) -> None:
    with cli_database().read() as session:
        case = session.scalars(select(AdverseEvent.reference)).one()
    code, lines, _ = run(capsys, "icsr", "export", case, case, "--format", "csv", "--as", "csv", "--to", str(here))
    told = [json.loads(line) for line in lines]
    assert (code, len(told)) == (0, 1)
    with Path(told[0]["file"]).open(encoding="utf-8-sig", newline="") as file:
        assert [row["Reference"] for row in csv.DictReader(file)] == [case, case]


def test_a_version_of_a_case_is_told_by_its_latest_news(shared: Path) -> None:
    path = sorted((shared / "conformance" / "icsr" / "e2b-r3" / "samples").glob("*.xml"))[0]
    one = read_cases(path.read_bytes())[0]
    assert replace(one, version="x") != one and one.version[:2] == "20"


def test_a_full_report_names_the_person_and_the_look_at_him_is_recorded(
        database: Database, clock: FixedClock, desk: Desk) -> None:
    event = make_event(database, clock, contact=PersonDetails(name="Zhang San", phone="13900000004"), affected="me")
    report = desk.prepare(event, form="values", profile="full")
    with database.read() as session:
        files = {one.role: read_kept(session, desk.desk, one.sha256).decode() for one in files_of(session, report.id)}
        seen = list(session.scalars(select(AuditEntry.action).where(AuditEntry.action.contains("reveal"))))
    assert "Zhang San" in files["form"] and "Zhang San" not in files["masked"] and "13900000004" not in files["masked"]
    assert len(seen) == 1
