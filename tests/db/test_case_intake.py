"""Reports that others send as files: taken in once, followed up, never changing a case by themselves."""
from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, select

from tests.e2b_reports import accepted
from tests.factories_complaint import VAULT, make_lots, make_product
from tests.factories_reports import person
from traceapp.adverse_event.model import AdverseEvent
from traceapp.adverse_event.service import about
from traceapp.audit.model import AuditEntry
from traceapp.complaint.model import Complaint, ComplaintNote
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Forbidden, InvalidInput
from traceapp.core.ids import new_id
from traceapp.db import Database
from traceapp.export.e2b_r3.writer import write_batch
from traceapp.submission.case_files import read_cases
from traceapp.submission.case_intake import IncomingCase, Taken, TakenCase, age_band, take_case
from traceapp.submission.report_model import ReceivedCase, ReceivedNumber, Report
from traceapp.worklist.legal_clocks import clocks_about
from traceapp.worklist.tasks import open_tasks

INCOMING = IncomingCase(
    "e2b-r3", "FR-AGENCY-77", "20261120101500", "ab" * 32, "Agency", narrative="Blisters after one hour.",
    reactions=("Blister",), product="Plaster", lot="a1", seriousness=("hospitalised",), happened_on=date(2026, 11, 18),
    age=Decimal(40), age_unit="a", sex="female")


def take(database: Database, clock: FixedClock, **changes: Any) -> TakenCase:
    with database.write() as session:
        return take_case(session, person("u-li"), clock, replace(INCOMING, **changes), vault=VAULT)


def test_a_report_becomes_a_complaint_and_an_adverse_event_with_its_batch_and_its_clock(
        database: Database, clock: FixedClock) -> None:
    lot = make_lots(database, clock, make_product(database, clock), "A1")[0]
    taken = take(database, clock)
    with database.read() as session:
        event = session.scalars(select(AdverseEvent).where(AdverseEvent.id == taken.adverse_event_id)).one()
        complaint = session.scalars(select(Complaint)).one()
        kinds = {task.kind for task in open_tasks(session)}
    assert (taken.how, event.complaint_id, event.lot_key) == ("created", complaint.id, lot.lot_key)
    assert (event.is_serious, event.sex, event.age_band, event.onset_on) == (True, "female", "18-44", date(2026, 11, 18))
    assert complaint.narrative == "Blister\nPlaster\nBlisters after one hour.\ne2b-r3: FR-AGENCY-77 (Agency)"
    assert {"clock.report", "adverse_event.assess"} <= kinds


def test_the_same_report_again_changes_nothing_and_another_one_of_the_case_is_noted_for_a_person(
        database: Database, clock: FixedClock) -> None:
    first = take(database, clock)
    assert take(database, clock) == replace(first, how=Taken.already)
    followed = take(database, clock, version="20261121080000", narrative="She recovered.", correction="nullification")
    assert followed == replace(first, how=Taken.followed)
    again = {"version": "20261121080000", "narrative": "She recovered.", "correction": "nullification"}
    assert take(database, clock, **again, sha256="cd" * 32).how == "already"
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Complaint)) == 1
        assert session.scalar(select(AdverseEvent.state)) == "draft"
        (note,) = session.scalars(select(ComplaintNote.text))
        assert note.startswith("nullification · 20261121080000 · Agency") and "She recovered." in note
        assert "adverse_event.taken_back" in {task.kind for task in open_tasks(session)}


@pytest.mark.parametrize(("correction", "wanted"), [
    ("", "adverse_event.follow_up"), ("amendment", "adverse_event.follow_up"),
    ("nullification", "adverse_event.taken_back")])
def test_news_ask_somebody_to_read_them_and_a_case_taken_back_to_decide(
        sqlite: Database, clock: FixedClock, correction: str, wanted: str) -> None:
    first = take(sqlite, clock)
    assert take(sqlite, clock, narrative="More.", correction=correction).reference == first.reference
    with sqlite.read() as session:
        kinds = [task.kind for task in open_tasks(session) if task.kind.startswith("adverse_event.")]
        assert session.scalar(select(AdverseEvent.state)) == "draft"
    assert sorted(kinds) == sorted(["adverse_event.assess", wanted])


def test_a_case_that_is_taken_back_before_it_was_here_is_kept_for_somebody_to_decide(
        sqlite: Database, clock: FixedClock) -> None:
    assert take(sqlite, clock, correction="nullification", correction_reason="Entered twice.").how == "created"
    with sqlite.read() as session:
        kinds = {task.kind for task in open_tasks(session)}
        told = session.scalars(select(Complaint.narrative)).one()
    assert "adverse_event.taken_back" in kinds and "nullification · Entered twice." in told


@pytest.mark.parametrize(("first", "then"), [
    (("FR-A-1", ()), ("FR-A-1", ())),
    (("FR-A-1", ("FR-B-2",)), ("FR-B-2", ())),
    (("FR-A-1", ()), ("FR-B-2", ("FR-A-1",))),
    (("FR-A-1", ("FR-C-3",)), ("FR-B-2", ("FR-C-3",))),
    (("FR-A-1", ("X" * 201, "FR-C-3")), ("FR-C-3", ("X" * 201,)))])
def test_a_follow_up_finds_its_case_by_any_number_of_any_earlier_report(
        database: Database, clock: FixedClock, first: tuple[str, tuple[str, ...]], then: tuple[str, tuple[str, ...]]) -> None:
    ours = take(database, clock, case_id=first[0], other_ids=first[1])
    news = {"narrative": "She recovered.", "case_id": then[0], "other_ids": then[1]}
    assert take(database, clock, **news) == replace(ours, how=Taken.followed)
    assert take(database, clock, **news) == replace(ours, how=Taken.already)
    assert take(database, clock, case_id="FR-NOBODY-9", other_ids=("FR-NOBODY-8", "X" * 201)).how == "created"


def test_numbers_that_came_one_after_another_lead_to_the_first_report_of_the_case(
        database: Database, clock: FixedClock) -> None:
    ours = take(database, clock, case_id="FR-A-1", content="a")
    take(database, clock, case_id="FR-B-2", other_ids=("FR-A-1",), content="b")
    assert take(database, clock, case_id="FR-C-3", other_ids=("FR-B-2",), content="c") == replace(ours, how=Taken.followed)
    # What the first report said is here already, though this one bears none of the numbers that it had.
    assert take(database, clock, case_id="FR-C-3", content="a") == replace(ours, how=Taken.already)
    with database.read() as session:
        kept = {(one.number, one.complaint_id) for one in session.scalars(select(ReceivedNumber))}
    assert kept == {(number, ours.complaint_id) for number in ("FR-A-1", "FR-B-2", "FR-C-3")}


def test_a_file_that_follows_up_under_a_number_among_the_earlier_ids_of_the_first_finds_the_case(
        database: Database, clock: FixedClock) -> None:
    first, later = accepted(), accepted()
    report, = first.each("N.2.r")
    report.put("C.1.9.1", "true")
    for number in ("JP-AGENCY-8", "8"):
        report.add("C.1.9.1.r").put("C.1.9.1.r.2", number)
        report.each("C.1.9.1.r")[-1].put("C.1.9.1.r.1", "Agency")
    for element in ("C.1.1", "C.1.8.1"):
        later.each("N.2.r")[0].put(element, "JP-AGENCY-8")
    later.each("N.2.r")[0].put("H.1", "She recovered.")
    with database.write() as session:
        taken = [take_case(session, person("u-li"), clock, read_cases(write_batch(batch))[0], vault=VAULT)
                 for batch in (first, later)]
    assert taken[1] == replace(taken[0], how=Taken.followed)
    with database.read() as session:
        # A number without a country may be anybody's.
        assert set(session.scalars(select(ReceivedNumber.number))) == {"CN-MAKER-1", "JP-AGENCY-8"}


def test_a_report_that_is_here_already_may_still_tell_another_number(database: Database, clock: FixedClock) -> None:
    ours = take(database, clock, case_id="FR-A-1", content="c")
    sent_on = {"case_id": "DE-HOUSE-4", "other_ids": ("FR-A-1",), "content": "c"}
    for _ in range(2):
        assert take(database, clock, **sent_on) == replace(ours, how=Taken.already)
    assert take(database, clock, case_id="DE-HOUSE-4", narrative="She recovered.", content="d").how == "followed"
    with database.read() as session:
        told = list(session.scalars(select(AuditEntry.data).where(AuditEntry.action == "received_case.numbered")))
    assert [json.loads(one)["numbers"] for one in told] == [["DE-HOUSE-4"]]


def test_the_versions_of_one_number_stay_apart_whatever_came_under_others(database: Database, clock: FixedClock) -> None:
    take(database, clock, case_id="FR-A-1", version="1")
    for narrative, others in (("b", ("FR-A-1",)), ("c", ()), ("d", ("FR-A-1",))):
        assert take(database, clock, case_id="FR-B-2", version="1", narrative=narrative, other_ids=others).how == "followed"
    with database.read() as session:
        kept = [(one.case_id, one.version) for one in session.scalars(select(ReceivedCase).order_by(
            ReceivedCase.case_id, ReceivedCase.version))]
        assert kept == [
            ("FR-A-1", "1"), ("FR-B-2", "1"), ("FR-B-2", "1 #2"), ("FR-B-2", "1 #3")]


def test_a_number_of_another_form_is_another_number(database: Database, clock: FixedClock) -> None:
    take(database, clock, case_id="FR-A-1")
    assert take(database, clock, form="emdr", case_id="FR-A-1").how == "created"


def test_a_report_about_a_case_that_we_reported_follows_that_case_by_our_number(
        database: Database, clock: FixedClock) -> None:
    ours, at = take(database, clock), clock.now()
    with database.write() as session:
        session.add(Report(
            id=new_id(at), about=about(ours.adverse_event_id), reference="AE", jurisdiction="CN", form="e2b-r3",
            format="xml", profile="full", kind="initial", version=1, number="CN-ACME-1", state="sent", case_revision=1,
            sha256="0" * 64, prepared_at=at, prepared_by="u-li", sent_at=at))
    news = {"narrative": "The authority asks.", "case_id": "FR-OTHER-5"}
    assert take(database, clock, **news, other_ids=("CN-ACME-1",)) == replace(ours, how=Taken.followed)
    assert take(database, clock, **{**news, "case_id": "FR-OTHER-6"}).how == "created"


def test_where_it_happened_decides_which_authorities_are_asked(database: Database, clock: FixedClock) -> None:
    make_lots(database, clock, make_product(database, clock), "A1")
    taken = take(database, clock, country="US")
    with database.read() as session:
        event = session.scalars(select(AdverseEvent)).one()
        clocks = {one.rule_id: one.ground for one in clocks_about(session, about(taken.adverse_event_id))}
    assert event.details == {"event_country": "US"}
    assert clocks == {"CN-MD-04": "home", "US-MD-01": "happened"}


def test_the_clocks_of_a_file_count_from_the_day_on_which_it_reached_us(database: Database, clock: FixedClock) -> None:
    came = clock.now() - timedelta(days=3)
    taken = take(database, clock, learned_at=came)
    take(database, clock, narrative="She recovered.", learned_at=came)
    with database.read() as session:
        assert {one.started_at for one in clocks_about(session, about(taken.adverse_event_id))} == {came}
        due = [task.due_at for task in open_tasks(session) if task.kind == "adverse_event.follow_up"]
    assert due == [came + timedelta(days=1)]
    with pytest.raises(InvalidInput):
        take(database, clock, case_id="other", learned_at=clock.now() + timedelta(days=1))


def test_reports_that_say_different_things_under_one_version_are_both_kept(
        database: Database, clock: FixedClock) -> None:
    take(database, clock)
    assert [take(database, clock, narrative=text).how for text in ("Other words.", "Other words.", "Third.")] == [
        "followed", "already", "followed"]
    with database.read() as session:
        assert set(session.scalars(select(ReceivedCase.version))) == {
            "20261120101500", "20261120101500 #2", "20261120101500 #3"}


def test_a_text_longer_than_a_complaint_may_be_goes_on_in_notes(database: Database, clock: FixedClock) -> None:
    taken = take(database, clock, narrative="x" * 15_000)
    with database.read() as session:
        complaint = session.scalars(select(Complaint).where(Complaint.id == taken.complaint_id)).one()
        notes = list(session.scalars(select(ComplaintNote.text).order_by(ComplaintNote.position)))
    assert (complaint.narrative + "".join(notes)).count("x") == 15_000


def test_who_may_not_take_in_complaints_takes_in_no_reports(database: Database, clock: FixedClock) -> None:
    with pytest.raises(Forbidden), database.write() as session:
        take_case(session, person("u-wang", "operator"), clock, INCOMING, vault=VAULT)


@pytest.mark.parametrize(("age", "unit", "band"), [
    ("23", "mo", "0-1"), ("24", "mo", "2-13"), ("13", "a", "2-13"), ("14", "a", "14-17"), ("17.9", "year", "14-17"),
    ("18", "a", "18-44"), ("65", "a", "65+"), ("3", "d", "0-1"), ("4", "{decade}", "unknown"), ("-1", "a", "unknown")])
def test_an_age_falls_into_its_band(age: str, unit: str, band: str) -> None:
    assert age_band(Decimal(age), unit) == band
