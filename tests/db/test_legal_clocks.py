"""Legal clocks of adverse events: begun, kept, ended, and what reminds of them; on both databases."""
from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select

from tests.factories_complaint import a_report, make_lots, make_product, scanned, submit
from tests.factories_reports import person
from tests.made_once import acted_once
from traceapp.adverse_event.clocks import events_without_clocks, start_clocks
from traceapp.adverse_event.model import AdverseEvent
from traceapp.adverse_event.service import (
    AssessAdverseEvent,
    ChangeAdverseEvent,
    OpenAdverseEvent,
    about,
    assess_adverse_event,
    change_adverse_event,
    open_adverse_event,
)
from traceapp.audit.model import AuditEntry
from traceapp.catalog.model import Party, PartyRole, Site
from traceapp.complaint.service import TriageComplaint, triage_complaint
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict, Forbidden, InvalidInput, Stale
from traceapp.db import Database
from traceapp.rules import Kind, Role, Situation, Trigger
from traceapp.worklist.clock_model import LegalClock
from traceapp.worklist.legal_clocks import (
    EndClock,
    SetClockDay,
    Subject,
    clocks_about,
    end_clock,
    reopen_clock,
    run_clocks,
    set_clock_day,
)
from traceapp.worklist.tasks import tasks_about

QUALITY = Actor(id="u-quality", role="quality", name="Li Wen")
PROOF = {"acknowledgement": "ACK-2026-1", "sha256": "ab" * 32}


def make_event(database: Database, clock: FixedClock, *, kind: str = "device", country: str | None = None,
               **changes: Any) -> AdverseEvent:
    """An adverse event of a report that staff took as a complaint with harm; `country`: of a consignee."""
    def act() -> AdverseEvent:
        product = make_product(database, clock, kind=kind)
        lot = make_lots(database, clock, product, "A1")[0]
        complaint = submit(database, clock, a_report(lot=scanned(lot), **changes)).complaint
        with database.write() as session:
            complaint = triage_complaint(session, QUALITY, clock, TriageComplaint(
                complaint.id, "complaint", harm="yes", seriousness=tuple(changes.get("seriousness", ()))))
            if country:
                session.add(a_party("clinic", country, clock))
                session.flush()
                complaint.consignee_id = "clinic"
        with database.write() as session:
            return open_adverse_event(session, QUALITY, clock, OpenAdverseEvent(complaint.id))

    return acted_once(database, clock, act, country, repr(changes))


def a_party(code: str, country: str, clock: FixedClock) -> Party:
    return Party(id=code, code=code, name_zh=code, name_en=code, country=country, created_at=clock.now())


def running(database: Database, event: AdverseEvent) -> dict[str, LegalClock]:
    with database.read() as session:
        return {one.rule_id: one for one in clocks_about(session, about(event.id)) if one.state == "running"}


def assess(database: Database, clock: FixedClock, event: AdverseEvent, **changes: Any) -> None:
    with database.write() as session:
        assess_adverse_event(session, QUALITY, clock, AssessAdverseEvent(
            event.id, changes.pop("reason", "read the file"), narrative="Redness", **changes))


def end(database: Database, clock: FixedClock, one: LegalClock, decision: str, **more: Any) -> LegalClock:
    with database.write() as session:
        return end_clock(session, QUALITY, clock, EndClock(one.id, decision, more.pop("reason", "because"), **more))


def test_an_event_runs_every_clock_that_matches_from_the_moment_we_learned_of_it(
        database: Database, clock: FixedClock) -> None:
    event = make_event(database, clock, seriousness=("death", "hospitalised"))
    found = running(database, event)
    assert list(found) == ["CN-MD-01", "CN-MD-02"]
    assert {one.started_at for one in found.values()} == {event.awareness_at}
    assert found["CN-MD-01"].why == ["death"]
    assert found["CN-MD-01"].rule["article"].startswith("SAMR Order 1")
    assert found["CN-MD-01"].due_at - event.awareness_at <= timedelta(days=8)


def test_one_task_reminds_of_the_earliest_clock_and_of_the_next_when_it_is_ended(
        database: Database, clock: FixedClock) -> None:
    event = make_event(database, clock, seriousness=("death", "hospitalised"))
    found = running(database, event)
    end(database, clock, found["CN-MD-01"], "reported", **PROOF)
    with database.read() as session:
        tasks = [task for task in tasks_about(session, about(event.id)) if task.kind == "clock.report"]
    assert [(task.state, task.due_at) for task in tasks if task.state == "open"] == [
        ("open", found["CN-MD-02"].due_at)]
    assert [task.due_at for task in tasks if task.state == "done"] == [found["CN-MD-01"].due_at]
    end(database, clock, found["CN-MD-02"], "not_reportable")
    end(database, clock, running(database, event)["CN-MD-08"], "not_reportable")
    with database.read() as session:
        assert {task.state for task in tasks_about(session, about(event.id)) if task.kind == "clock.report"} == {"done"}


def test_after_a_report_the_evaluation_of_what_was_told_is_due(database: Database, clock: FixedClock) -> None:
    event = make_event(database, clock, seriousness=("hospitalised",))
    clock.move_to(clock.now() + timedelta(days=3))
    end(database, clock, running(database, event)["CN-MD-02"], "reported", **PROOF)
    found = running(database, event)
    assert list(found) == ["CN-MD-09"]
    assert found["CN-MD-09"].started_at == clock.now() and found["CN-MD-09"].why == ["serious_evaluation"]
    end(database, clock, found["CN-MD-09"], "reported", **PROOF)
    assert running(database, event) == {}


def test_what_a_first_assessment_finds_counts_from_awareness_and_what_a_later_one_finds_from_then(
        database: Database, clock: FixedClock) -> None:
    event = make_event(database, clock)
    assert list(running(database, event)) == ["CN-MD-11"]
    clock.move_to(clock.now() + timedelta(days=2))
    assess(database, clock, event, seriousness=("hospitalised",))
    assert running(database, event)["CN-MD-02"].started_at == event.awareness_at
    clock.move_to(clock.now() + timedelta(days=3))
    assess(database, clock, event, seriousness=("death",), outcome="fatal")
    found = running(database, event)
    assert list(found) == ["CN-MD-01", "CN-MD-02", "CN-MD-11"]
    assert found["CN-MD-01"].started_at == clock.now()
    assert found["CN-MD-02"].started_at == event.awareness_at


def test_a_clock_that_was_decided_as_not_reportable_runs_anew_for_a_fact_that_was_not_known(
        database: Database, clock: FixedClock) -> None:
    event = make_event(database, clock, country="US")
    own_role(database, clock, "registrant", "US")
    assess(database, clock, event, seriousness=("hospitalised",))
    end(database, clock, running(database, event)["US-MD-01"], "not_reportable", reason="unrelated")
    assess(database, clock, event, seriousness=("hospitalised",), reason="again")
    assert "US-MD-01" not in running(database, event)
    assess(database, clock, event, seriousness=("hospitalised", "death"), outcome="fatal")
    assert running(database, event)["US-MD-01"].why == ["death", "serious_injury"]


def own_role(database: Database, clock: FixedClock, role: str, country: str) -> None:
    """We are this for every product, and at home there."""
    with database.write() as session:
        session.add(a_party("house", country, clock))
        session.flush()
        session.add(Site(id="plant", party_id="house", code="plant", name_zh="厂", name_en="Plant", is_own=True))
        session.add(PartyRole(party_id="house", product_id="*", role=role))


def test_a_hospital_has_the_clocks_of_a_hospital(database: Database, clock: FixedClock) -> None:
    own_role(database, clock, "user_facility", "US")
    event = make_event(database, clock, seriousness=("hospitalised",))
    assert list(running(database, event)) == ["US-MD-03"]


def test_the_authority_of_the_place_is_asked_beside_our_own(database: Database, clock: FixedClock) -> None:
    event = make_event(database, clock, country="DE", seriousness=("death",))
    assert {(one.jurisdiction, rule) for rule, one in running(database, event).items()} == {
        ("CN", "CN-MD-04"), ("EU", "EU-MD-02")}


def test_without_a_rule_it_is_undetermined_until_a_person_decides(database: Database, clock: FixedClock) -> None:
    own_role(database, clock, "registrant", "JP")
    event = make_event(database, clock, kind="cosmetic", seriousness=("death",))
    found = running(database, event)["undetermined"]
    assert found.rule == {} and found.is_provisional
    with database.read() as session:
        kinds = {task.kind: task.role for task in tasks_about(session, about(event.id)) if task.state == "open"}
    assert kinds["clock.decide"] == "quality_manager" and "clock.report" in kinds
    with pytest.raises(Forbidden):
        end(database, clock, found, "not_reportable", reason="Japan asks for no report of cosmetics")
    with database.write() as session:
        end_clock(session, person("u-boss", "quality_manager"), clock, EndClock(
            found.id, "not_reportable", "Japan asks for no report of cosmetics"))
    with database.read() as session:
        assert not {"clock.decide", "clock.report"} & {
            task.kind for task in tasks_about(session, about(event.id)) if task.state == "open"}


def test_a_rule_that_matches_later_takes_the_place_of_the_undetermined_clock(
        database: Database, clock: FixedClock) -> None:
    own_role(database, clock, "registrant", "SG")
    event = make_event(database, clock)
    assert list(running(database, event)) == ["undetermined"]
    assess(database, clock, event, seriousness=("death",), outcome="fatal")
    assert list(running(database, event)) == ["SG-MD-01a"]
    with database.read() as session:
        assert {one.rule_id: one.state for one in clocks_about(session, about(event.id))}["undetermined"] == "superseded"


@pytest.mark.parametrize(("changes", "place"), [
    ({"acknowledgement": ""}, "acknowledgement"), ({"sha256": ""}, "sha256"), ({"sha256": "xy" * 32}, "sha256"),
    ({"reason": " "}, "reason"), ({"decision": "forgotten"}, "decision")])
def test_a_report_needs_its_proof_and_every_end_a_reason(
        database: Database, clock: FixedClock, changes: dict[str, str], place: str) -> None:
    one = running(database, make_event(database, clock))["CN-MD-11"]
    asked = {"decision": "reported", **PROOF, **changes}
    with pytest.raises(InvalidInput) as refused:
        end(database, clock, one, **asked)
    assert refused.value.place == place


def test_a_clock_ends_once_and_the_trail_says_whether_it_was_late(database: Database, clock: FixedClock) -> None:
    event = make_event(database, clock)
    one = running(database, event)["CN-MD-11"]
    clock.move_to(clock.now() + timedelta(days=32))
    end(database, clock, one, "reported", **PROOF)
    with pytest.raises(Conflict):
        end(database, clock, one, "not_reportable")
    with database.read() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "clock.reported")).one()
    data = json.loads(entry.data)
    assert data["is_late"] is True and data["sha256"] == PROOF["sha256"]


def test_working_days_over_a_year_without_calendar_ask_the_administrator_for_one(
        database: Database, clock: FixedClock) -> None:
    clock.move_to(datetime(2026, 12, 28, 9, tzinfo=UTC))
    decided = Situation("CN", frozenset({Kind.device}), frozenset({Role.registrant}), frozenset({Trigger.recall_decided_1}))
    with database.write() as session:
        begun = run_clocks(session, QUALITY, clock, Subject("recall:r1", "RC-1"), decided, clock.now())
        assert {one.rule_id: one.is_provisional for one in begun} == {"CN-MR-01": False, "CN-MR-04": True}
    with database.read() as session:
        (task,) = tasks_about(session, "service:calendars")
    assert (task.kind, task.role, task.params["reference"]) == ("clock.calendar", "administrator", "CN")


def test_two_people_do_not_end_the_same_version(database: Database, clock: FixedClock) -> None:
    one = running(database, make_event(database, clock))["CN-MD-11"]
    with pytest.raises(Stale):
        end(database, clock, one, "not_reportable", revision=one.revision + 1)


def test_a_case_is_not_closed_while_a_clock_runs(database: Database, clock: FixedClock) -> None:
    event = make_event(database, clock)
    assess(database, clock, event)
    with pytest.raises(Conflict) as refused, database.write() as session:
        change_adverse_event(session, QUALITY, clock, ChangeAdverseEvent(event.id, "close", "done"))
    assert refused.value.code == "clocks-run"
    end(database, clock, running(database, event)["CN-MD-11"], "not_reportable")
    with database.write() as session:
        assert change_adverse_event(session, QUALITY, clock, ChangeAdverseEvent(
            event.id, "close", "done")).state == "closed"


def test_a_nullified_case_has_no_clocks_and_the_manager_decides_it(database: Database, clock: FixedClock,
                                                                   actor: Actor) -> None:
    event = make_event(database, clock)
    with pytest.raises(Forbidden), database.write() as session:
        change_adverse_event(session, QUALITY, clock, ChangeAdverseEvent(event.id, "nullify", "another product"))
    assert running(database, event)
    with database.write() as session:
        change_adverse_event(session, actor, clock, ChangeAdverseEvent(event.id, "nullify", "another product"))
    assert running(database, event) == {}


def test_quality_nullifies_a_case_once_no_clock_runs(database: Database, clock: FixedClock) -> None:
    event = make_event(database, clock)
    for one in running(database, event).values():
        end(database, clock, one, "not_reportable")
    with database.write() as session:
        assert change_adverse_event(session, QUALITY, clock, ChangeAdverseEvent(
            event.id, "nullify", "another product")).state == "nullified"



def test_events_from_before_there_were_clocks_are_found_once(database: Database, clock: FixedClock) -> None:
    event = make_event(database, clock)
    with database.write() as session:
        session.execute(delete(LegalClock))
    with database.write() as session:
        found = events_without_clocks(session, 10)
        assert [one.id for one in found] == [event.id]
        start_clocks(session, QUALITY, clock, found[0], found[0].awareness_at)
    with database.write() as session:
        assert events_without_clocks(session, 10) == []


def test_only_a_clock_that_a_report_ended_runs_again_and_it_runs_from_its_own_beginning(
        database: Database, clock: FixedClock) -> None:
    event = make_event(database, clock, seriousness=("death", "hospitalised"))
    found = running(database, event)
    end(database, clock, found["CN-MD-01"], "reported", **PROOF)
    end(database, clock, found["CN-MD-02"], "not_reportable")
    with database.write() as session:
        reopen_clock(session, QUALITY, clock, found["CN-MD-01"].id, "refused")
    with pytest.raises(Conflict) as refused, database.write() as session:
        reopen_clock(session, QUALITY, clock, found["CN-MD-02"].id, "refused")
    assert refused.value.code == "clock-not-reported"
    again = running(database, event)
    one = again["CN-MD-01"]
    assert (one.started_at, one.due_at, one.acknowledgement) == (
        found["CN-MD-01"].started_at, found["CN-MD-01"].due_at, "")
    assert "CN-MD-02" not in again


def test_a_death_after_a_reported_injury_runs_the_clock_of_the_same_rule_again(
        database: Database, clock: FixedClock) -> None:
    subject = Subject("adverse_event:x", "AE-1")
    japan = Situation("JP", frozenset({Kind.device}), frozenset({Role.registrant}), frozenset({Trigger.serious_unexpected}))
    died = replace(japan, triggers=frozenset({Trigger.serious_unexpected, Trigger.death}))
    with database.write() as session:
        (first,) = run_clocks(session, QUALITY, clock, subject, japan, clock.now())
    end(database, clock, first, "reported", **PROOF)
    with database.write() as session:
        assert run_clocks(session, QUALITY, clock, subject, japan, clock.now()) == []
        (again,) = run_clocks(session, QUALITY, clock, subject, died, clock.now())
    assert (again.rule_id, again.why) == (first.rule_id, ["death", "serious_unexpected"])


def test_when_no_rule_matches_any_more_a_person_is_asked_anew(database: Database, clock: FixedClock) -> None:
    subject = Subject("adverse_event:x", "AE-1")
    nobody = Situation("JP", frozenset({Kind.device}), frozenset({Role.registrant}), frozenset({Trigger.not_serious}))
    serious = replace(nobody, triggers=frozenset({Trigger.serious_unexpected}))
    with database.write() as session:
        assert [one.rule_id for one in run_clocks(session, QUALITY, clock, subject, nobody, clock.now())] == [
            "undetermined"]
        (rule,) = run_clocks(session, QUALITY, clock, subject, serious, clock.now())
        session.flush()
        end_clock(session, QUALITY, clock, EndClock(rule.id, "not_reportable", "it was another product"))
        assert [one.rule_id for one in run_clocks(session, QUALITY, clock, subject, nobody, clock.now())] == [
            "undetermined"]


@pytest.mark.parametrize("day", [date(2036, 11, 24), date(9999, 12, 31)])
def test_a_day_that_a_person_sets_is_one_that_somebody_will_see(
        sqlite: Database, clock: FixedClock, day: date) -> None:
    subject = Subject("recall:x", "RC-1")
    rising = Situation("EU", frozenset({Kind.device}), frozenset({Role.registrant}), frozenset({Trigger.rise_of_not_serious}))
    with sqlite.write() as session:
        (one,) = run_clocks(session, QUALITY, clock, subject, rising, clock.now())
    with pytest.raises(InvalidInput) as refused, sqlite.write() as session:
        set_clock_day(session, QUALITY, clock, SetClockDay(one.id, day, "the plan"))
    assert refused.value.place == "last_day"
