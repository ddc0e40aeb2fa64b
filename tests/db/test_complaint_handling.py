"""Handling complaints: what the state table allows, and what each act leaves behind."""
from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from tests.factories_complaint import a_report, make_lots, make_product, scanned, submit
from traceapp.audit.model import AuditEntry
from traceapp.complaint.model import Complaint
from traceapp.complaint.public import follow_up
from traceapp.complaint.queries import (
    ComplaintFilter,
    complaint_by_id,
    complaint_by_reference,
    complaint_page,
    counts_by_state,
    duplicates_of,
    lot_candidates,
    notes_of,
)
from traceapp.complaint.service import (
    AddNote,
    BindLot,
    ChangeComplaint,
    LinkDuplicate,
    LotGiven,
    Submitted,
    TriageComplaint,
    add_note,
    bind_lot,
    change_complaint,
    decline_promotion,
    link_duplicate,
    triage_complaint,
)
from traceapp.complaint.states import TRANSITIONS, ComplaintState
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict, InvalidInput, NotFound, Problem, Stale
from traceapp.db import Database
from traceapp.worklist.model import WorkRow
from traceapp.worklist.tasks import tasks_about

WAY = ("triage", "find_cause", "propose", "agree", "carry_out", "answer", "follow_up", "archive", "improve")
HARMLESS = {"harm": "no", "terms": ("packaging",)}


def in_state(database: Database, clock: FixedClock, actor: Actor, state: str) -> Complaint:
    """A harmless complaint that stands there."""
    complaint = submit(database, clock, a_report(**HARMLESS)).complaint
    if state != ComplaintState.received:
        act(database, clock, actor, complaint.id, "triage")
        with database.write() as session:
            session.execute(update(Complaint).where(Complaint.id == complaint.id).values(state=state))
    return complaint


def act(database: Database, clock: FixedClock, actor: Actor, complaint_id: str, action: str) -> str:
    with database.write() as session:
        if action == "triage":
            return triage_complaint(session, actor, clock, TriageComplaint(
                complaint_id, "complaint", harm="no", note="looked")).state
        return change_complaint(session, actor, clock, ChangeComplaint(complaint_id, action, "noted")).state


def kinds_open(database: Database, complaint_id: str) -> set[str]:
    with database.read() as session:
        return {task.kind for task in tasks_about(session, f"complaint:{complaint_id}") if task.state == "open"}


@pytest.mark.parametrize("state", list(ComplaintState))
@pytest.mark.parametrize("action", list(TRANSITIONS))
def test_every_action_in_every_state_does_what_the_table_says(
        sqlite: Database, clock: FixedClock, actor: Actor, state: str, action: str) -> None:
    complaint = in_state(sqlite, clock, actor, state)
    from_states, to_state, _ = TRANSITIONS[action]
    if state in from_states:
        assert act(sqlite, clock, actor, complaint.id, action) == to_state
        return
    with sqlite.read() as session:
        before = session.scalar(select(func.count()).select_from(AuditEntry))
    with pytest.raises(Conflict) as refused:
        act(sqlite, clock, actor, complaint.id, action)
    assert refused.value.code == "wrong-state"
    with sqlite.read() as session:
        assert session.scalar(select(func.count()).select_from(AuditEntry)) == before
        stored = complaint_by_id(session, complaint.id)
        assert stored is not None
        assert stored.state == state


def test_the_walk_of_a_complaint_from_received_to_closed_and_back(
        database: Database, clock: FixedClock, actor: Actor) -> None:
    complaint = in_state(database, clock, actor, "received")
    for action in ("triage", "investigate", "find_cause", "answer", "close", "reopen", *WAY[1:]):
        act(database, clock, actor, complaint.id, action)
    with database.read() as session:
        actions = list(session.scalars(select(AuditEntry.action).where(
            AuditEntry.stream == f"complaint:{complaint.id}", AuditEntry.action.like("complaint.%"))
            .order_by(AuditEntry.seq)))
        stored = complaint_by_id(session, complaint.id)
        assert stored is not None
        assert (stored.state, stored.decision, stored.awareness_at) == ("improvement", "noted", complaint.awareness_at)
        assert (stored.cause, stored.solution, stored.improvement, stored.times_reopened) == ("noted",) * 3 + (1,)
        assert counts_by_state(session) == {"improvement": 1}
    assert actions == ["complaint.submitted", "complaint.triaged", "complaint.investigated", "complaint.cause_found",
                       "complaint.answered",
                       "complaint.closed", "complaint.reopened", "complaint.cause_found",
                       "complaint.solution_proposed", "complaint.solution_agreed", "complaint.solution_carried_out",
                       "complaint.answered", "complaint.followed_up", "complaint.archived", "complaint.improved"]
    assert kinds_open(database, complaint.id) == set()


def harmful(database: Database, clock: FixedClock, actor: Actor, **changes: object) -> Submitted:
    (lot,) = make_lots(database, clock, make_product(database, clock), "A2231K")
    submitted = submit(database, clock, a_report(lot=scanned(lot), **changes))
    with database.write() as session:
        triage_complaint(session, actor, clock, TriageComplaint(submitted.complaint.id, "complaint", harm="yes"))
    return submitted


def test_triage_ends_quarantine_and_asks_whether_harm_is_an_adverse_event(
        database: Database, clock: FixedClock, actor: Actor) -> None:
    submitted = harmful(database, clock, actor, has_proof=False)
    with database.read() as session:
        stored = complaint_by_id(session, submitted.complaint.id)
        assert stored is not None
        assert (stored.is_quarantined, stored.triage_result, stored.is_harm) == (False, "complaint", True)
        assert session.scalar(select(func.count()).select_from(WorkRow)) == 2
    assert kinds_open(database, submitted.complaint.id) == {"complaint.answer", "complaint.decide",
                                                            "complaint.resolve", "complaint.promote"}


@pytest.mark.parametrize(("harm", "is_asked"), [("yes", True), ("could", True), ("unknown", True), ("no", False)])
def test_what_could_harm_is_judged_like_harm_before_the_case_may_end(
        sqlite: Database, clock: FixedClock, actor: Actor, harm: str, is_asked: bool) -> None:
    complaint_id = submit(sqlite, clock, a_report(terms=(), harm="unknown")).complaint.id
    with sqlite.write() as session:
        triage_complaint(session, actor, clock, TriageComplaint(complaint_id, "complaint", harm=harm, note="asked"))
    assert ("complaint.promote" in kinds_open(sqlite, complaint_id)) is is_asked
    if is_asked:
        with pytest.raises(Conflict, match="adverse event"):
            act(sqlite, clock, actor, complaint_id, "close")


def test_harm_is_not_closed_before_somebody_said_why_it_is_no_adverse_event(
        database: Database, clock: FixedClock, actor: Actor) -> None:
    complaint_id = harmful(database, clock, actor).complaint.id
    with pytest.raises(Conflict) as refused:
        act(database, clock, actor, complaint_id, "close")
    assert refused.value.code == "open-duty"
    with database.write() as session:
        decline_promotion(session, actor, clock, complaint_id, "Another maker's plaster was on top")
    assert act(database, clock, actor, complaint_id, "close") == "archived"
    with pytest.raises(Conflict), database.write() as session:
        decline_promotion(session, actor, clock, complaint_id, "again")


def test_an_upgrade_to_serious_tells_a_manager_unless_a_manager_judged(
        database: Database, clock: FixedClock, actor: Actor) -> None:
    complaint = submit(database, clock, a_report()).complaint
    worse = TriageComplaint(complaint.id, "complaint", harm="yes", seriousness=("hospitalised",))
    with database.write() as session:
        triaged = triage_complaint(session, Actor(id="u-q", role="quality"), clock, worse)
        assert (triaged.severity, triaged.seriousness) == ("major", ["hospitalised"])
    assert "complaint.serious" in kinds_open(database, complaint.id)
    with database.write() as session:
        triage_complaint(session, actor, clock, worse)
    assert "complaint.serious" not in kinds_open(database, complaint.id)


@pytest.mark.parametrize(("changes", "place"), [
    ({"result": "untriaged"}, "result"), ({"result": "nonsense"}, "result"), ({"severity": "minor"}, "note"),
    ({"seriousness": ("death",), "severity": "moderate"}, "severity"),
    ({"seriousness": ("death",), "harm": "no"}, "harm"), ({"seriousness": ("awful",)}, "seriousness")])
def test_a_triage_that_contradicts_itself_is_refused(
        sqlite: Database, clock: FixedClock, actor: Actor, changes: dict[str, object], place: str) -> None:
    complaint = submit(sqlite, clock, a_report()).complaint
    command = TriageComplaint(**{"complaint_id": complaint.id, "result": "complaint", **changes})
    with pytest.raises(InvalidInput) as refused, sqlite.write() as session:
        triage_complaint(session, actor, clock, command)
    assert refused.value.place == place


def test_a_stale_form_changes_nothing(database: Database, clock: FixedClock, actor: Actor) -> None:
    complaint = submit(database, clock, a_report(**HARMLESS)).complaint
    stale = complaint.revision
    act(database, clock, actor, complaint.id, "triage")
    with pytest.raises(Stale), database.write() as session:
        change_complaint(session, actor, clock, ChangeComplaint(complaint.id, "close", "done", stale))
    with database.read() as session:
        stored = complaint_by_id(session, complaint.id)
        assert stored is not None
        assert stored.state == "verified"


@pytest.mark.parametrize(("action", "note", "place"), [("answer", " ", "note"), ("close", "", "note"),
                                                       ("triage", "x", "action"), ("delete", "x", "action")])
def test_an_action_without_its_note_or_unknown_is_refused(
        sqlite: Database, clock: FixedClock, actor: Actor, action: str, note: str, place: str) -> None:
    complaint = in_state(sqlite, clock, actor, "verified")
    with pytest.raises(Problem) as refused, sqlite.write() as session:
        change_complaint(session, actor, clock, ChangeComplaint(complaint.id, action, note))
    assert refused.value.place == place


def test_an_unknown_complaint_is_not_found(sqlite: Database, clock: FixedClock, actor: Actor) -> None:
    with pytest.raises(NotFound), sqlite.write() as session:
        add_note(session, actor, clock, AddNote("0" * 32, "hello"))


def test_a_public_note_is_the_first_answer_and_an_inner_one_is_not_shown(
        database: Database, clock: FixedClock, actor: Actor) -> None:
    submitted = submit(database, clock, a_report())
    assert submitted.follow_up_token is not None
    with database.write() as session:
        add_note(session, actor, clock, AddNote(submitted.complaint.id, "inner thought"))
        add_note(session, actor, clock, AddNote(submitted.complaint.id, "Thank you. Stop using it.", is_public=True))
    with database.read() as session:
        page = follow_up(session, submitted.follow_up_token)
        assert [note.text for note in page.notes] == ["Thank you. Stop using it."]
        assert page.is_answered
        assert [note.position for note in notes_of(session, submitted.complaint)] == [1, 2]
    assert "complaint.answer" not in kinds_open(database, submitted.complaint.id)


def test_binding_a_lot_takes_the_notes_along_and_scores_both_lots(
        database: Database, clock: FixedClock, actor: Actor) -> None:
    first, second = make_lots(database, clock, make_product(database, clock), "A2231K", "B7777K")
    complaint = submit(database, clock, a_report(lot=scanned(first))).complaint
    with database.write() as session:
        add_note(session, actor, clock, AddNote(complaint.id, "photo shows another number"))
    with database.write() as session:
        bound = bind_lot(session, actor, clock, BindLot(complaint.id, second.lot_key, "Photo", revision=1))
        assert (bound.lot_key, bound.lot_capture) == (second.lot_key, "inferred")
    with database.read() as session:
        stored = complaint_by_id(session, complaint.id)
        assert stored is not None
        assert [note.text for note in notes_of(session, stored)] == ["photo shows another number", "Photo"]
        work = [(row.kind, row.subject_key) for row in session.scalars(select(WorkRow))]
        assert sorted(work) == sorted([
            ("surveillance.rescore", first.lot_key), ("surveillance.rescore", first.lot_key),
            ("surveillance.rescore", second.lot_key), ("complaint.lot_bound", complaint.id)])
        assert {task.lot_key for task in tasks_about(session, f"complaint:{complaint.id}")} == {second.lot_key}
    with database.write() as session:
        freed = bind_lot(session, actor, clock, BindLot(complaint.id, None, "Number belongs to the outer pack"))
        assert (freed.lot_key, freed.lot_capture) == ("unknown", "none")
    for command in (BindLot(complaint.id, "0" * 32, "no such lot"), BindLot(complaint.id, first.lot_key, " "),
                    BindLot(complaint.id, first.lot_key, "seen", capture="scan")):
        with pytest.raises(Problem), database.write() as session:
            bind_lot(session, actor, clock, command)


def test_a_lot_that_was_issued_later_becomes_a_candidate(database: Database, clock: FixedClock) -> None:
    product = make_product(database, clock)
    complaint = submit(database, clock, a_report(lot=LotGiven(text="KD2231"))).complaint
    (lot,) = make_lots(database, clock, product, "KD2231")
    with database.read() as session:
        match = lot_candidates(session, complaint)
        assert match.lot is not None
        assert match.lot.lot_key == lot.lot_key


def test_duplicates_are_linked_by_staff_never_in_chains_and_never_deleted(
        database: Database, clock: FixedClock, actor: Actor) -> None:
    first, second, third = (submit(database, clock, a_report()).complaint for _ in range(3))
    with database.write() as session:
        link_duplicate(session, actor, clock, LinkDuplicate(second.id, first.id, "Same person"))
    for wrong in (LinkDuplicate(third.id, second.id, "chain"), LinkDuplicate(first.id, third.id, "is a master"),
                  LinkDuplicate(third.id, third.id, "itself")):
        with pytest.raises(Conflict), database.write() as session:
            link_duplicate(session, actor, clock, wrong)
    with database.read() as session:
        stored = complaint_by_id(session, second.id)
        assert stored is not None
        assert stored.master_id == first.id
        assert [other.id for other in duplicates_of(session, first)] == [second.id]
        assert session.scalar(select(func.count()).select_from(Complaint)) == 3
    with database.write() as session:
        assert link_duplicate(session, actor, clock, LinkDuplicate(second.id, None, "Two persons")).master_id is None


def test_lists_filter_page_and_find_by_reference(database: Database, clock: FixedClock, actor: Actor) -> None:
    (lot,) = make_lots(database, clock, make_product(database, clock), "A2231K")
    made = []
    for number in range(5):
        given = scanned(lot) if number % 2 else LotGiven(text=f"100%_{number}")
        made.append(submit(database, clock, a_report(lot=given, narrative=f"n{number}")).complaint)
        clock.move_to(clock.now() + timedelta(hours=1))
    act(database, clock, actor, made[0].id, "triage")
    with database.read() as session:
        first = complaint_page(session, ComplaintFilter(limit=2))
        assert (first.total, [row.id for row in first.rows]) == (5, [made[4].id, made[3].id])
        second = complaint_page(session, ComplaintFilter(limit=2, after=first.next))
        assert [row.id for row in second.rows] == [made[2].id, made[1].id]

        def ids(**changes: object) -> list[str]:
            return [row.id for row in complaint_page(session, ComplaintFilter(sort="oldest", **changes)).rows]

        assert ids(lot_key=lot.lot_key) == [made[1].id, made[3].id]
        assert ids(is_unbound=True) == [made[0].id, made[2].id, made[4].id]
        assert ids(states=("verified",)) == [made[0].id]
        assert ids(since=made[3].received_at) == [made[3].id, made[4].id]
        assert ids(until=made[1].received_at) == [made[0].id]
        assert ids(severity="critical") == []
        assert ids(text="0%_4") == [made[4].id]
        assert ids(text=made[2].reference.lower()) == [made[2].id]
        assert ids(is_suspected_duplicate=True) == [made[3].id]
        found = complaint_by_reference(session, f" {made[2].reference.lower()} ")
        assert found is not None
        assert found.id == made[2].id
