"""Reports to authorities: prepared, checked, approved by another, sent, answered; what follows for the clocks."""
from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from tests.db.test_legal_clocks import assess, make_event, running
from tests.factories_reports import Desk, an_answer, make_desk, person
from tests.made_once import acted_once
from traceapp.adverse_event.clocks import begin_earlier
from traceapp.adverse_event.model import AdverseEvent
from traceapp.adverse_event.service import about
from traceapp.attachment.store import hash_of
from traceapp.audit.verify import verify
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict, Forbidden, InvalidInput
from traceapp.db import Database
from traceapp.submission.report_answering import MatchAnswer, match_answer
from traceapp.submission.report_deciding import ChangeReport, change_report
from traceapp.submission.report_model import ReportAnswerMatch, ReportFile, ReportSignature
from traceapp.submission.report_preparing import RenewReport, renew_report
from traceapp.submission.sealed_files import read_kept
from traceapp.worklist.legal_clocks import clocks_about
from traceapp.worklist.tasks import open_tasks


@pytest.fixture
def desk(database: Database, clock: FixedClock, tmp_path: Path) -> Desk:
    return Desk(database, clock, make_desk(tmp_path / "files"))


@pytest.fixture
def event(database: Database, clock: FixedClock) -> AdverseEvent:
    def act() -> AdverseEvent:
        made = make_event(database, clock, seriousness=("hospitalised",))
        assess(database, clock, made, seriousness=("hospitalised",))
        return made

    return acted_once(database, clock, act)


def files(database: Database, report_id: str) -> list[ReportFile]:
    with database.read() as session:
        return list(session.scalars(select(ReportFile).where(ReportFile.report_id == report_id)
                                    .order_by(ReportFile.position)))


def duties(database: Database) -> set[str]:
    with database.read() as session:
        return {task.kind for task in open_tasks(session) if task.kind.startswith("report.")}


def clock_states(database: Database, event: AdverseEvent) -> dict[str, tuple[str, str, str]]:
    with database.read() as session:
        return {one.rule_id: (one.state, one.acknowledgement, one.report_sha256)
                for one in clocks_about(session, about(event.id))}


def test_a_report_that_the_authority_confirms_ends_its_clock_with_file_and_number(
        database: Database, desk: Desk, event: AdverseEvent) -> None:
    report = desk.prepare(event)
    assert (report.state, report.version, report.due_at) == ("prepared", 1, running(database, event)["CN-MD-02"].due_at)
    desk.check(report)
    assert duties(database) == {"report.approve"}
    desk.approve(report)
    assert duties(database) == {"report.send"}
    desk.send(report)
    assert duties(database) == {"report.answer"}
    assert clock_states(database, event)["CN-MD-02"][0] == "running"
    desk.take(an_answer("accepted", report.number, number="NMPA-77"))
    assert desk.again(report).state == "acknowledged"
    assert clock_states(database, event)["CN-MD-02"] == ("reported", "NMPA-77", report.sha256)
    assert duties(database) == set()
    with database.snapshot() as session:
        assert verify(session).broken is None


def test_a_report_that_the_authority_refuses_leaves_its_clock_running_and_asks_for_a_correction(
        database: Database, desk: Desk, event: AdverseEvent) -> None:
    report = desk.sent(event)
    desk.take(an_answer("rejected", report.number, texts=("B5 is empty",)))
    assert desk.again(report).state == "rejected"
    assert clock_states(database, event)["CN-MD-02"][0] == "running"
    assert duties(database) == {"report.correct"}
    second = desk.prepare(event)
    assert (second.version, second.earlier_id, second.number) == (2, report.id, report.number)
    assert desk.again(report).state == "corrected"
    assert duties(database) == set()


def test_a_late_refusal_lets_the_clock_that_was_ended_run_again(
        database: Database, desk: Desk, event: AdverseEvent) -> None:
    report = desk.sent(event)
    due = running(database, event)["CN-MD-02"].due_at
    desk.note(report, "accepted", number="A-1")
    assert "CN-MD-02" not in running(database, event)
    desk.take(an_answer("rejected", report.number))
    assert running(database, event)["CN-MD-02"].due_at == due
    assert clock_states(database, event)["CN-MD-02"] == ("running", "", "")
    with database.read() as session:
        assert [task.due_at for task in open_tasks(session) if task.kind == "clock.report"] == [due]


def test_an_error_is_never_overridden_and_a_warning_needs_a_reason(
        database: Database, clock: FixedClock, desk: Desk) -> None:
    event = make_event(database, clock, narrative="ERROR red")
    report = desk.prepare(event)
    assert [one["element"] for one in report.findings] == ["B5"]
    with pytest.raises(Conflict) as refused:
        desk.check(report, reason="the authority will understand")
    assert refused.value.code == "report-has-errors" and "B5" in refused.value.text
    with database.write() as session:
        change_report(session, person("u-li"), clock, ChangeReport(report.id, "withdraw", "wrong words"))
    with database.write() as session:
        session.execute(text("UPDATE adverse_event SET narrative = 'red', onset_on = NULL"))
    report = desk.prepare(event)
    with pytest.raises(InvalidInput) as warned:
        desk.check(report, reason=" ")
    assert warned.value.place == "reason"
    assert desk.check(report, reason="nobody knows the day").warnings_reason == "nobody knows the day"


def test_nobody_approves_what_he_checked_and_nobody_without_his_password(
        database: Database, desk: Desk, event: AdverseEvent) -> None:
    manager = desk.manager()
    report = desk.prepare(event)
    desk.check(report, manager.id)
    with pytest.raises(Forbidden) as same:
        desk.approve(report, manager)
    assert same.value.code in ("same-person", "forbidden")
    other = desk.manager("u-second")
    with pytest.raises(Forbidden) as wrong:
        desk.approve(report, other, "guessed")
    assert wrong.value.place == "password"
    with pytest.raises(Forbidden):
        desk.approve(report, person("u-wang"))
    assert desk.again(report).state == "checked"
    desk.approve(report, other)
    with database.read() as session:
        assert [(one.user_id, one.meaning) for one in session.scalars(select(ReportSignature))] == [
            (other.id, "approved")]


def test_a_case_that_changed_after_the_file_was_made_must_be_prepared_anew_and_keeps_the_old_file(
        database: Database, clock: FixedClock, desk: Desk, event: AdverseEvent) -> None:
    report = desk.prepare(event)
    desk.check(report)
    first = report.sha256
    assess(database, clock, event, seriousness=("hospitalised",), outcome="recovered")
    with pytest.raises(Conflict) as moved:
        desk.approve(report)
    assert moved.value.code == "case-moved"
    with database.write() as session:
        again = renew_report(session, person("u-li"), clock, RenewReport(report.id), desk=desk.desk)
    assert (again.state, again.sha256 != first, again.checked_by) == ("prepared", True, None)
    assert [(one.role, one.round) for one in files(database, report.id)] == [
        ("form", 1), ("case", 1), ("form", 2), ("case", 2)]
    assert duties(database) == set()
    desk.check(report)
    desk.approve(report)


def test_a_report_that_is_made_anew_answers_the_clocks_that_began_since(
        database: Database, clock: FixedClock, desk: Desk, event: AdverseEvent) -> None:
    report = desk.prepare(event)
    clock.move_to(clock.now() + timedelta(hours=1))
    assess(database, clock, event, seriousness=("death",), outcome="fatal")
    with database.write() as session:
        again = renew_report(session, person("u-li"), clock, RenewReport(report.id), desk=desk.desk)
    begun = running(database, event)
    assert set(again.clock_ids) == {begun["CN-MD-01"].id, begun["CN-MD-02"].id}
    assert again.due_at == begun["CN-MD-01"].due_at


def test_a_confirmation_ends_the_clock_that_stepped_in_the_place_of_the_one_that_was_reported(
        database: Database, clock: FixedClock, desk: Desk, event: AdverseEvent) -> None:
    report = desk.sent(event)
    with database.write() as session:
        here = session.get_one(AdverseEvent, (event.lot_key, event.id))
        known, here.awareness_at = here.awareness_at, here.awareness_at - timedelta(days=3)
        session.flush()
        begin_earlier(session, person("u-li"), clock, here, known)
    desk.take(an_answer("accepted", report.number, number="NMPA-77"))
    with database.read() as session:
        states = sorted((one.started_at < known, one.state) for one in clocks_about(session, about(event.id))
                        if one.rule_id == "CN-MD-02")
    assert states == [(False, "superseded"), (True, "reported")]


def test_a_file_with_more_answers_than_can_be_taken_is_refused_whole(
        database: Database, desk: Desk, event: AdverseEvent) -> None:
    with pytest.raises(InvalidInput) as refused:
        desk.take(b"ACK " + json.dumps([{"names": ["x"], "verdict": "received"}] * 2001).encode())
    assert refused.value.code == "too-many-answers"


def test_a_file_that_was_changed_on_disk_is_not_approved(database: Database, desk: Desk, event: AdverseEvent) -> None:
    report = desk.prepare(event)
    desk.check(report)
    desk.desk.store.path_of(report.sha256 or "").write_bytes(b"other words")
    with pytest.raises(Conflict) as refused:
        desk.approve(report)
    assert refused.value.code == "not-what-was-checked"


def test_a_follow_up_names_what_it_follows_and_comes_only_after_it(
        database: Database, desk: Desk, event: AdverseEvent) -> None:
    with pytest.raises(Conflict) as early:
        desk.prepare(event, kind="followup")
    assert early.value.code == "not-reported-before"
    first = desk.sent(event)
    desk.note(first, "accepted", number="A-1")
    with pytest.raises(Conflict) as twice:
        desk.prepare(event)
    assert twice.value.code == "reported-before"
    with pytest.raises(InvalidInput):
        desk.prepare(event, kind="amendment")
    second = desk.prepare(event, kind="followup")
    with desk.desk.store.path_of(second.sha256 or "").open() as file:
        head = file.readline()
    assert head.startswith(f"{first.number} v2 followup after {first.number} {(first.sha256 or '')[:8]}")
    with pytest.raises(Conflict) as standing:
        desk.prepare(event, kind="followup")
    assert standing.value.code == "report-open"


def test_a_full_report_is_kept_beside_one_that_names_nobody(
        database: Database, desk: Desk, event: AdverseEvent) -> None:
    report = desk.prepare(event, profile="full")
    with database.read() as session:
        kept = {one.role: read_kept(session, desk.desk, one.sha256).decode() for one in files(database, report.id)}
    assert "Zhang San" in kept["form"] and "Zhang San" not in kept["masked"]
    assert json.loads(kept["case"])["patient.name"] == "Zhang San"


def test_an_answer_is_taken_once_and_one_that_nobody_knows_waits_for_a_person(
        database: Database, clock: FixedClock, desk: Desk, event: AdverseEvent) -> None:
    report = desk.sent(event)
    content = an_answer("accepted", "UNKNOWN-9", number="N-1")
    (answer,) = desk.take(content)
    assert [one.id for one in desk.take(content)] == [answer.id]
    assert duties(database) == {"report.answer", "report.look"}
    assert desk.again(report).state == "sent"
    with database.write() as session:
        match_answer(session, person("u-li"), clock, MatchAnswer(answer.id, report.id, "the portal shows it there"))
    assert (desk.again(report).state, desk.again(report).acknowledgement) == ("acknowledged", "N-1")
    assert duties(database) == set()
    with pytest.raises(Conflict), database.write() as session:
        match_answer(session, person("u-li"), clock, MatchAnswer(answer.id, report.id, "again"))


def test_an_answer_to_an_approved_report_proves_that_it_was_sent_and_one_to_an_unapproved_one_is_looked_at(
        database: Database, desk: Desk, event: AdverseEvent) -> None:
    report = desk.prepare(event)
    desk.take(an_answer("received", report.number))
    assert (desk.again(report).state, duties(database)) == ("prepared", {"report.look"})
    desk.check(report)
    desk.approve(report)
    desk.take(an_answer("accepted", report.number, number="A-2"))
    found = desk.again(report)
    assert (found.state, found.channel, found.acknowledgement) == ("acknowledged", "by its answer", "A-2")


@pytest.mark.parametrize(("verdict", "more", "place"), [
    ("accepted", {}, "number"), ("rejected", {"number": "9"}, "text"), ("perhaps", {}, "verdict")])
def test_what_a_person_read_at_the_authority_needs_its_proof(
        desk: Desk, event: AdverseEvent, verdict: str, more: dict[str, str], place: str) -> None:
    report = desk.sent(event)
    with pytest.raises(InvalidInput) as refused:
        desk.note(report, verdict, **more)
    assert refused.value.place == place


def test_a_report_is_not_sent_before_it_was_approved_or_tomorrow(
        clock: FixedClock, desk: Desk, event: AdverseEvent) -> None:
    report = desk.prepare(event)
    with pytest.raises(Conflict):
        desk.send(report)
    desk.check(report)
    desk.approve(report)
    for moment in (clock.now() - timedelta(hours=1), clock.now() + timedelta(hours=1)):
        with pytest.raises(InvalidInput) as refused:
            desk.send(report, sent_at=moment)
        assert refused.value.place == "sent_at"
    with pytest.raises(InvalidInput):
        desk.send(report, channel=" ")


def test_a_report_that_was_sent_in_the_minute_of_its_approval_is_noted_by_that_minute(
        clock: FixedClock, desk: Desk, event: AdverseEvent) -> None:
    report = desk.prepare(event)
    desk.check(report)
    minute = clock.now().replace(second=0, microsecond=0)
    clock.move_to(minute + timedelta(seconds=40))
    desk.approve(report)
    clock.move_to(minute + timedelta(seconds=50))
    assert desk.send(report, sent_at=minute).sent_at == minute


def test_numbers_of_a_manufacturer_are_given_in_order_of_the_year_and_stay_with_the_case(
        database: Database, clock: FixedClock, tmp_path: Path, event: AdverseEvent) -> None:
    desk = Desk(database, clock, make_desk(tmp_path / "files", "emdr"))
    report = desk.prepare(event, jurisdiction="US")
    assert report.number == "3001234567-2026-00001"
    with database.write() as session:
        change_report(session, person("u-li"), clock, ChangeReport(report.id, "withdraw", "typed wrongly"))
    assert desk.prepare(event, jurisdiction="US").number == "3001234567-2026-00002"
    assert Desk(database, clock, make_desk(tmp_path / "files", "e2b-r3")).prepare(
        event, jurisdiction="GB").number == f"CN-ACMELTD-{event.reference}"


def test_a_nullified_case_is_taken_back_at_the_authority_and_nothing_else(
        database: Database, clock: FixedClock, desk: Desk, event: AdverseEvent) -> None:
    report = desk.sent(event)
    desk.note(report, "accepted", number="A-1")
    with database.write() as session:
        session.execute(text("UPDATE adverse_event SET state = 'nullified'"))
    with pytest.raises(Conflict) as refused:
        desk.prepare(event, kind="followup")
    assert refused.value.code == "case-nullified"
    assert desk.prepare(event, kind="nullification", reason="another maker's").version == 2


@pytest.mark.parametrize("statement", [
    "UPDATE report_file SET sha256 = 'x'", "DELETE FROM report_signature", "UPDATE report_answer SET verdict = 'accepted'",
    "DELETE FROM report_answer_match"])
def test_files_signatures_and_answers_cannot_be_changed_afterwards(
        database: Database, desk: Desk, event: AdverseEvent, statement: str) -> None:
    report = desk.sent(event)
    desk.take(an_answer("received", report.number))
    with database.read() as session:
        assert session.scalar(select(ReportAnswerMatch.report_id)) == report.id
    with pytest.raises(DBAPIError), database.write() as session:
        session.execute(text(statement))


def test_what_was_kept_is_what_was_hashed(database: Database, desk: Desk, event: AdverseEvent) -> None:
    report = desk.prepare(event)
    for one in files(database, report.id):
        data = desk.desk.store.path_of(one.sha256).read_bytes()
        assert (hash_of(data), len(data)) == (one.sha256, one.size_bytes)
    assert report.sha256 == files(database, report.id)[0].sha256


def test_a_refused_first_report_is_corrected_by_a_first_report_not_a_second(
        database: Database, desk: Desk, event: AdverseEvent) -> None:
    report = desk.sent(event)
    desk.take(an_answer("rejected", report.number))
    again = desk.prepare(event)
    assert desk.desk.store.path_of(again.sha256 or "").read_text().startswith(f"{report.number} v1 initial after - ")


def test_an_answer_finds_the_very_file_that_it_names(database: Database, desk: Desk, event: AdverseEvent) -> None:
    first = desk.sent(event)
    second = desk.sent(event, kind="followup")
    desk.take(an_answer("accepted", f"M-{first.number}-1", number="A-1"))
    assert (desk.again(first).state, desk.again(second).state) == ("acknowledged", "sent")
