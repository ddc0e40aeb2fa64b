"""Adverse events: promoted once, assessed without contradictions, never losing an earlier version."""
from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import DBAPIError

from tests.factories_complaint import a_report, dump, make_lots, make_product, scanned, submit
from traceapp.adverse_event.model import AdverseEvent, AdverseEventVersion
from traceapp.adverse_event.queries import (
    AdverseEventFilter,
    adverse_event_by_id,
    adverse_event_by_reference,
    adverse_event_lines,
    adverse_event_page,
    adverse_events_of_complaint,
    versions_of,
)
from traceapp.adverse_event.service import (
    AssessAdverseEvent,
    ChangeAdverseEvent,
    OpenAdverseEvent,
    about,
    assess_adverse_event,
    change_adverse_event,
    follow_complaint,
    open_adverse_event,
)
from traceapp.adverse_event.states import TRANSITIONS, AdverseEventState
from traceapp.audit.model import AuditEntry
from traceapp.complaint.model import Complaint
from traceapp.complaint.service import (
    BindLot,
    ChangeComplaint,
    LinkDuplicate,
    TriageComplaint,
    bind_lot,
    change_complaint,
    link_duplicate,
    triage_complaint,
)
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict, InvalidInput, Problem, Stale
from traceapp.db import Database
from traceapp.vault.service import PersonDetails
from traceapp.worklist.legal_clocks import EndClock, clocks_about, end_clock
from traceapp.worklist.tasks import tasks_about

ASSESSED = {"narrative": "Redness for two days", "reason": "First assessment", "outcome": "recovered",
            "causality": "probable", "terms": ("redness",)}


def triaged(database: Database, clock: FixedClock, actor: Actor, **changes: Any) -> Complaint:
    complaint = submit(database, clock, a_report(**changes)).complaint
    with database.write() as session:
        return triage_complaint(session, actor, clock, TriageComplaint(
            complaint.id, "complaint", harm="yes", seriousness=tuple(changes.get("seriousness", ()))))


def opened(database: Database, clock: FixedClock, actor: Actor, **changes: Any) -> AdverseEvent:
    complaint = triaged(database, clock, actor, **changes)
    with database.write() as session:
        return open_adverse_event(session, actor, clock, OpenAdverseEvent(complaint.id))


def assess(database: Database, clock: FixedClock, actor: Actor, event_id: str, **changes: Any) -> AdverseEvent:
    with database.write() as session:
        return assess_adverse_event(session, actor, clock, AssessAdverseEvent(event_id, **{**ASSESSED, **changes}))


def change(database: Database, clock: FixedClock, actor: Actor, event_id: str, action: str) -> AdverseEvent:
    with database.write() as session:
        return change_adverse_event(session, actor, clock, ChangeAdverseEvent(event_id, action, "Because"))


def test_day_zero_is_the_complaints_and_the_fields_come_along(
        database: Database, clock: FixedClock, actor: Actor) -> None:
    (lot,) = make_lots(database, clock, make_product(database, clock), "A2231K")
    received = clock.now()
    complaint = triaged(database, clock, actor, lot=scanned(lot), seriousness=("hospitalised",))
    clock.move_to(received + timedelta(days=2))
    with database.write() as session:
        event = open_adverse_event(session, actor, clock, OpenAdverseEvent(complaint.id, complaint.revision))
    assert (event.awareness_at, event.created_at) == (received, clock.now())
    assert (event.lot_key, event.is_serious, event.terms) == (lot.lot_key, True, ["redness", "itching"])
    with database.read() as session:
        tasks = {task.kind: task.state for task in tasks_about(session, f"complaint:{complaint.id}")}
        assert tasks["complaint.promote"] == "done"
        (assessing,) = (task for task in tasks_about(session, f"adverse_event:{event.id}")
                        if task.kind == "adverse_event.assess")
        assert assessing.due_at == received + timedelta(hours=72)


def test_day_zero_is_that_of_the_earliest_duplicate(database: Database, clock: FixedClock, actor: Actor) -> None:
    earlier = triaged(database, clock, actor)
    clock.move_to(clock.now() + timedelta(days=1))
    later = triaged(database, clock, actor)
    with database.write() as session:
        link_duplicate(session, actor, clock, LinkDuplicate(earlier.id, later.id, "Same person"))
    with database.write() as session:
        event = open_adverse_event(session, actor, clock, OpenAdverseEvent(later.id))
        assert event.awareness_at == earlier.awareness_at
    with pytest.raises(Conflict) as refused, database.write() as session:
        open_adverse_event(session, actor, clock, OpenAdverseEvent(earlier.id))
    assert refused.value.code == "is-a-duplicate"


def test_an_event_stays_one_adverse_event_when_another_of_its_reports_counts(
        database: Database, clock: FixedClock, actor: Actor) -> None:
    first, second = triaged(database, clock, actor), triaged(database, clock, actor)
    with database.write() as session:
        open_adverse_event(session, actor, clock, OpenAdverseEvent(first.id))
        link_duplicate(session, actor, clock, LinkDuplicate(first.id, second.id, "Same person"))
    with pytest.raises(Conflict) as refused, database.write() as session:
        open_adverse_event(session, actor, clock, OpenAdverseEvent(second.id))
    assert refused.value.code == "already-opened"


def test_only_a_triaged_complaint_is_promoted_and_only_once(
        database: Database, clock: FixedClock, actor: Actor) -> None:
    untouched = submit(database, clock, a_report()).complaint
    inquiry = submit(database, clock, a_report()).complaint
    with database.write() as session:
        triage_complaint(session, actor, clock, TriageComplaint(inquiry.id, "inquiry", harm="no", note="a question"))
    for complaint_id in (untouched.id, inquiry.id):
        with pytest.raises(Conflict), database.write() as session:
            open_adverse_event(session, actor, clock, OpenAdverseEvent(complaint_id))
    event = opened(database, clock, actor)
    assert event.complaint_id is not None
    with pytest.raises(Conflict) as refused, database.write() as session:
        open_adverse_event(session, actor, clock, OpenAdverseEvent(event.complaint_id))
    assert refused.value.code == "already-opened"
    change(database, clock, actor, event.id, "nullify")
    with database.write() as session:
        open_adverse_event(session, actor, clock, OpenAdverseEvent(event.complaint_id))
    with database.read() as session:
        states = [event.state for event in adverse_events_of_complaint(session, event.complaint_id)]
        assert sorted(states) == ["draft", "nullified"]


def test_a_closed_complaint_is_not_promoted(sqlite: Database, clock: FixedClock, actor: Actor) -> None:
    complaint = submit(sqlite, clock, a_report(terms=("packaging",), harm="no")).complaint
    with sqlite.write() as session:
        triage_complaint(session, actor, clock, TriageComplaint(complaint.id, "complaint", harm="no", note="seen"))
        change_complaint(session, actor, clock, ChangeComplaint(complaint.id, "close", "done"))
    with pytest.raises(Conflict), sqlite.write() as session:
        open_adverse_event(session, actor, clock, OpenAdverseEvent(complaint.id))


def test_an_assessment_keeps_what_stood_before_and_why(database: Database, clock: FixedClock, actor: Actor) -> None:
    event = opened(database, clock, actor)
    first = assess(database, clock, actor, event.id, revision=event.revision)
    assert (first.state, first.is_serious) == ("assessed", False)
    second = assess(database, clock, actor, event.id, seriousness=("stayed_in_hospital",), reason="Hospital letter",
                    outcome="sequelae", revision=first.revision)
    assert (second.is_serious, second.seriousness) == (True, ["hospitalised"])
    with pytest.raises(Stale):
        assess(database, clock, actor, event.id, revision=first.revision)
    with database.read() as session:
        versions = versions_of(session, event.id)
        assert [(v.version, v.reason, v.by) for v in versions] == [
            (1, "First assessment", actor.id), (2, "Hospital letter", actor.id)]
        assert versions[0].fields["state"] == "draft"
        assert versions[1].fields["outcome"] == "recovered"
        last = session.scalars(select(AuditEntry.data).where(AuditEntry.action == "adverse_event.assessed")
                               .order_by(AuditEntry.seq.desc())).first()
        assert last is not None
        assert '"is_serious":true' in last
        assert "Redness" not in last
        (task,) = (task for task in tasks_about(session, f"adverse_event:{event.id}")
                   if task.kind == "adverse_event.assess")
        assert task.state == "done"


def test_versions_cannot_be_changed_or_removed(database: Database, clock: FixedClock, actor: Actor) -> None:
    assess(database, clock, actor, opened(database, clock, actor).id)
    for statement in (update(AdverseEventVersion).values(reason="other"), delete(AdverseEventVersion)):
        with pytest.raises(DBAPIError), database.write() as session:
            session.execute(statement)


@pytest.mark.parametrize(("changes", "place"), [
    ({"outcome": "fatal"}, "seriousness"), ({"seriousness": ("died",), "outcome": "recovered"}, "outcome"),
    ({"outcome": "great"}, "outcome"), ({"causality": "sure"}, "causality"), ({"narrative": ""}, "narrative"),
    ({"reason": " "}, "reason"), ({"terms": ("x",)}, "terms"), ({"onset_precision": "hour"}, "onset_precision"),
    ({"onset_on": date(2026, 11, 24)}, "onset_on")])
def test_an_assessment_that_contradicts_itself_is_refused_by_field_and_leaves_no_version(
        sqlite: Database, clock: FixedClock, actor: Actor, changes: dict[str, Any], place: str) -> None:
    event = opened(sqlite, clock, actor)
    with pytest.raises(InvalidInput) as refused:
        assess(sqlite, clock, actor, event.id, **changes)
    assert refused.value.place == place
    with sqlite.read() as session:
        assert versions_of(session, event.id) == []


@pytest.mark.parametrize(("precision", "kept"), [("day", date(2026, 11, 20)), ("month", date(2026, 11, 1)),
                                                 ("year", date(2026, 1, 1))])
def test_an_onset_says_how_far_it_is_known(
        sqlite: Database, clock: FixedClock, actor: Actor, precision: str, kept: date) -> None:
    event = opened(sqlite, clock, actor)
    assessed = assess(sqlite, clock, actor, event.id, onset_on=date(2026, 11, 20), onset_precision=precision)
    assert (assessed.onset_on, assessed.onset_precision) == (kept, precision)


def end_clocks(database: Database, clock: FixedClock, actor: Actor, event_id: str) -> None:
    """Decide that no report is due, so that the case can be closed."""
    with database.write() as session:
        for one in clocks_about(session, about(event_id)):
            if one.state == "running":
                end_clock(session, actor, clock, EndClock(one.id, "not_reportable", "judged"))


@pytest.mark.parametrize("state", list(AdverseEventState))
def test_every_action_in_every_state_does_what_the_table_says(
        sqlite: Database, clock: FixedClock, actor: Actor, state: str) -> None:
    paths: dict[str, tuple[str, ...]] = {"draft": (), "assessed": ("assess",), "closed": ("assess", "close"),
                                         "nullified": ("nullify",)}

    def act(event_id: str, action: str) -> AdverseEvent:
        if action == "assess":
            return assess(sqlite, clock, actor, event_id)
        if action == "close":
            end_clocks(sqlite, clock, actor, event_id)
        return change(sqlite, clock, actor, event_id, action)

    for action, (from_states, to_state, _) in TRANSITIONS.items():
        event = opened(sqlite, clock, actor)
        for step in paths[state]:
            act(event.id, step)
        if state in from_states:
            assert act(event.id, action).state == to_state
            continue
        with pytest.raises(Conflict) as refused:
            act(event.id, action)
        assert refused.value.code == "wrong-state"
        with sqlite.read() as session:
            stored = adverse_event_by_id(session, event.id)
            assert stored is not None
            assert stored.state == state
            assert len(versions_of(session, event.id)) == len(paths[state])


@pytest.mark.parametrize(("action", "reason", "place"), [("close", "", "reason"), ("delete", "x", "action")])
def test_a_change_without_reason_or_name_is_refused(
        sqlite: Database, clock: FixedClock, actor: Actor, action: str, reason: str, place: str) -> None:
    event = opened(sqlite, clock, actor)
    assess(sqlite, clock, actor, event.id)
    with pytest.raises(Problem) as refused, sqlite.write() as session:
        change_adverse_event(session, actor, clock, ChangeAdverseEvent(event.id, action, reason))
    assert refused.value.place == place


def test_the_event_follows_its_complaint_to_the_right_lot_with_all_versions(
        database: Database, clock: FixedClock, actor: Actor) -> None:
    first, second = make_lots(database, clock, make_product(database, clock), "A2231K", "B7777K")
    event = opened(database, clock, actor, lot=scanned(first))
    assert event.complaint_id is not None
    assess(database, clock, actor, event.id)
    with database.write() as session:
        bind_lot(session, actor, clock, BindLot(event.complaint_id, second.lot_key, "Photo"))
    with database.write() as session:
        moved = follow_complaint(session, actor, clock, event.complaint_id)
        assert moved is not None
        assert moved.lot_key == second.lot_key
    with database.write() as session:
        assert follow_complaint(session, actor, clock, event.complaint_id) is None
    with database.read() as session:
        assert [version.lot_key for version in versions_of(session, event.id)] == [first.lot_key, first.lot_key]
        assert session.scalar(select(func.count()).select_from(AdverseEvent)) == 1


def test_lists_and_lines_hold_the_period_the_product_the_lot_and_no_person(
        database: Database, clock: FixedClock, actor: Actor) -> None:
    product = make_product(database, clock)
    first, second = make_lots(database, clock, product, "A2231K", "B7777K")
    start, events = clock.now(), []
    for number in range(5):
        clock.move_to(start + timedelta(days=number))
        events.append(opened(database, clock, actor, lot=scanned((first, second)[number % 2]),
                             seriousness=("hospitalised",) if number == 3 else (),
                             contact=PersonDetails(name="Planted Patient", phone=f"1390000123{number}")))
    change(database, clock, actor, events[4].id, "nullify")
    with database.read() as session:
        def references(**changes: Any) -> list[str]:
            lines = list(adverse_event_lines(session, AdverseEventFilter(**changes), batch=2))
            assert len(lines) == adverse_event_page(session, AdverseEventFilter(**changes)).total
            return [line.reference for line in lines]

        names = [event.reference for event in events]
        assert references() == names[:4]
        assert references(with_nullified=True) == names
        assert references(states=("nullified",)) == names[4:]
        assert references(since=start + timedelta(days=1), until=start + timedelta(days=3)) == names[1:3]
        assert references(lot_key=second.lot_key) == [names[1], names[3]]
        assert references(product_id="other") == []
        assert references(is_serious=True) == [names[3]]
        page = adverse_event_page(session, AdverseEventFilter(limit=3))
        assert (page.total, [row.reference for row in page.rows]) == (4, names[3:0:-1])
        rest = adverse_event_page(session, AdverseEventFilter(limit=3, after=page.next))
        assert [row.reference for row in rest.rows] == names[:1]
        found = adverse_event_by_reference(session, names[2].lower())
        assert found is not None
        line = next(adverse_event_lines(session, AdverseEventFilter(text=names[2])))
        assert (line.lot_number, line.product_code, line.complaint_reference is not None) == ("A2231K", "P1", True)
        assert "Planted" not in repr(line)
    assert "Planted" not in dump(database)
