"""The archive of a report, what changed since the one before, and what is still to be reported."""
from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path

import pytest

from tests.db.test_legal_clocks import assess, make_event
from tests.factories_reports import Desk, an_answer, make_desk
from traceapp.adverse_event.model import AdverseEvent
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.submission.report_comparing import changes_since_earlier
from traceapp.submission.report_model import Report
from traceapp.submission.report_package import archive, package_name, package_of
from traceapp.submission.report_queries import (
    ReportFilter,
    clocks_to_report,
    report_page,
    waiting_answers,
)


@pytest.fixture
def desk(database: Database, clock: FixedClock, tmp_path: Path) -> Desk:
    return Desk(database, clock, make_desk(tmp_path / "files"))


@pytest.fixture
def event(database: Database, clock: FixedClock) -> AdverseEvent:
    return make_event(database, clock, seriousness=("hospitalised",))


def unpacked(desk: Desk, report: Report, *, is_masked: bool = False) -> dict[str, bytes]:
    with desk.database.read() as session:
        data = package_of(session, desk.desk, session.get_one(Report, report.id), is_masked=is_masked)
        assert data == package_of(session, desk.desk, session.get_one(Report, report.id), is_masked=is_masked)
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        return {name: file.read(name) for name in file.namelist()}


def test_the_package_holds_file_findings_answers_and_a_list_of_hashes(desk: Desk, event: AdverseEvent) -> None:
    report = desk.sent(event)
    desk.take(an_answer("accepted", report.number, number="N-5"))
    files = unpacked(desk, report)
    manifest = json.loads(files["manifest.json"])
    assert sorted(files) == sorted([f"{event.reference}.txt", "answers/1-ack.txt", "findings.json", "manifest.json"])
    assert {one["name"]: one["sha256"] for one in manifest["files"]} == {
        name: hashlib.sha256(data).hexdigest() for name, data in files.items() if name != "manifest.json"}
    assert (manifest["sha256"], manifest["acknowledgement"], manifest["earlier"]) == (report.sha256, "N-5", None)
    assert manifest["signatures"][0]["meaning"] == "approved"
    assert package_name(report) == f"{event.reference}-CN-v1.zip"


def test_the_package_that_others_may_see_names_nobody(desk: Desk, event: AdverseEvent) -> None:
    report = desk.sent(event, profile="full")
    desk.take(an_answer("rejected", report.number, texts=("A1: Zhang San is too long",)))
    assert sum(b"Zhang San" in data for data in unpacked(desk, report).values()) == 3
    masked = unpacked(desk, report, is_masked=True)
    assert not any(b"Zhang San" in data for data in masked.values()) and len(masked) == 3


def test_the_same_files_in_any_order_give_the_same_bytes() -> None:
    files = [("b.txt", b"2"), ("a.txt", b"1")]
    assert archive(files) == archive(reversed(files))


def test_a_follow_up_shows_what_it_says_anew(database: Database, clock: FixedClock, desk: Desk,
                                             event: AdverseEvent) -> None:
    first = desk.sent(event)
    desk.note(first, "accepted", number="A-1")
    assess(database, clock, event, seriousness=("hospitalised",), outcome="recovered")
    second = desk.prepare(event, kind="followup")
    with database.read() as session:
        found = {one.place: (one.before, one.after) for one in changes_since_earlier(
            session, desk.desk, session.get_one(Report, second.id))}
        assert changes_since_earlier(session, desk.desk, session.get_one(Report, first.id)) == []
    assert found["event.outcome"] == ("unknown", "recovered")
    assert not any(place.startswith("head.") for place in found)


def test_what_is_due_stands_with_the_report_that_answers_it(database: Database, clock: FixedClock, desk: Desk,
                                                            event: AdverseEvent) -> None:
    with database.read() as session:
        assert [(one.clock.rule_id, one.report) for one in clocks_to_report(session)] == [("CN-MD-02", None)]
    report = desk.sent(event)
    with database.read() as session:
        assert [one.report.id for one in clocks_to_report(session) if one.report] == [report.id]
        assert [one.id for one in report_page(session, ReportFilter(text=event.reference.lower())).rows] == [report.id]
        assert report_page(session, ReportFilter(states=("prepared",), jurisdiction="CN")).total == 0
        assert waiting_answers(session) == []
    desk.note(report, "accepted", number="A-1")
    desk.take(an_answer("received", "SOMETHING-ELSE"))
    with database.read() as session:
        # The initial report is done; what it began, the evaluation of the case, is due now.
        assert [(one.clock.rule_id, one.report) for one in clocks_to_report(session)] == [("CN-MD-09", None)]
        assert [one.names for one in waiting_answers(session)] == [["SOMETHING-ELSE"]]
