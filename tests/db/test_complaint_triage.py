"""Triage over the database: what is kept, whom it is linked to, what must be done, which promises move."""
from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.factories_complaint import a_report, make_lots, make_product, scanned, submit
from traceapp.complaint.clock_model import ServiceClock
from traceapp.complaint.model import Complaint
from traceapp.complaint.queries import ComplaintFilter, complaint_page
from traceapp.complaint.service import (
    ChangeComplaint,
    LotGiven,
    TriageComplaint,
    change_complaint,
    complaint_of,
    triage_complaint,
)
from traceapp.complaint.service_clocks import clocks_of
from traceapp.complaint.triage_known import known_answers
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict, InvalidInput
from traceapp.db import Database
from traceapp.worklist.tasks import tasks_about


def triage(database: Database, clock: FixedClock, actor: Actor, complaint: Complaint, **answers: object) -> Complaint:
    given = {"alleges": "yes", "ours": "yes", "harm": "no", "note": "looked", **answers}
    with database.write() as session:
        return triage_complaint(session, actor, clock, TriageComplaint(complaint.id, **given))  # type: ignore[arg-type]


def change(database: Database, clock: FixedClock, actor: Actor, complaint: Complaint, *actions: str) -> None:
    for action in actions:
        with database.write() as session:
            change_complaint(session, actor, clock, ChangeComplaint(complaint.id, action, "noted"))


def clocks(database: Database, complaint: Complaint) -> dict[tuple[str, int], ServiceClock]:
    with database.read() as session:
        return {(clock.kind, clock.round): clock for clock in clocks_of(session, complaint.id)}


def test_what_was_answered_and_what_follows_is_kept_with_the_complaint(
        database: Database, clock: FixedClock, actor: Actor) -> None:
    complaint = submit(database, clock, a_report(harm="no", lot=LotGiven(text="ZZ-99-NONE"))).complaint
    triage(database, clock, actor, complaint, ours="unknown_batch", kinds=("product_quality", "logistics"),
           investigation="needed")
    with database.read() as session:
        stored = complaint_of(session, complaint.id)
        assert (stored.triage_result, stored.is_suspected_fake, stored.kinds, stored.investigation,
                stored.responder_id) == ("complaint", True, ["product_quality", "logistics"], "needed", actor.id)
        assert stored.triage["steps"] == [
            ["check_counterfeit", "ours", "unknown_batch"], ["ask_quality", "kinds", "product_quality"],
            ["ask_carrier", "kinds", "logistics"], ["find_cause", "investigation", "needed"]]
        assert "complaint.counterfeit" in {task.kind for task in tasks_about(session, f"complaint:{complaint.id}")}
        for wanted, is_there in ((ComplaintFilter(kind="logistics"), True), (ComplaintFilter(kind="service"), False),
                                 (ComplaintFilter(is_suspected_fake=True), True)):
            assert bool(complaint_page(session, wanted).rows) is is_there


def test_an_investigation_that_was_decided_ends_with_its_cause(
        sqlite: Database, clock: FixedClock, actor: Actor) -> None:
    complaint = submit(sqlite, clock, a_report(harm="no")).complaint
    triage(sqlite, clock, actor, complaint, kinds=("product_quality",), investigation="needed")
    with pytest.raises(Conflict) as refused:
        change(sqlite, clock, actor, complaint, "close")
    assert refused.value.code == "open-investigation"
    change(sqlite, clock, actor, complaint, "find_cause", "close")


def test_leaving_the_investigation_out_points_to_a_case_whose_cause_was_found(
        database: Database, clock: FixedClock, actor: Actor) -> None:
    first, second = (submit(database, clock, a_report(harm="no")).complaint for _ in range(2))
    triage(database, clock, actor, first, investigation="needed")
    left_out = {"kinds": ("product_quality",), "investigation": "not_needed", "justification": "the same seam",
                "equivalent": first.reference.lower()}
    with pytest.raises(InvalidInput) as refused:
        triage(database, clock, actor, second, **left_out)
    assert refused.value.code == "not-investigated"
    change(database, clock, actor, first, "find_cause")
    assert triage(database, clock, actor, second, **left_out).triage["equivalent"] == first.reference
    for wrong in (second.reference, "CP-0000-NONE00"):
        with pytest.raises(InvalidInput) as refused:
            triage(database, clock, actor, second, **left_out | {"equivalent": wrong})
        assert refused.value.place == "equivalent"


def test_a_duplicate_is_linked_by_triage_and_an_unknown_one_is_refused_with_nothing_kept(
        database: Database, clock: FixedClock, actor: Actor) -> None:
    first, second = (submit(database, clock, a_report(harm="no")).complaint for _ in range(2))
    assert triage(database, clock, actor, second, duplicate_of=first.reference).master_id == first.id
    triage(database, clock, actor, second, duplicate_of=first.reference)
    for other, code in ((second, "not-a-master"), (None, "unknown-complaint")):
        with pytest.raises((Conflict, InvalidInput)) as refused:
            triage(database, clock, actor, first, duplicate_of=other.reference if other else "CP-1")
        assert (refused.value.place, refused.value.code) == ("duplicate_of", code)
    with database.read() as session:
        assert complaint_of(session, first.id).state == "received"


def test_the_case_suggests_answers_from_its_batch_its_terms_and_its_likeness(
        database: Database, clock: FixedClock, actor: Actor) -> None:
    (lot,) = make_lots(database, clock, make_product(database, clock), "A2231K")
    read = submit(database, clock, a_report(lot=scanned(lot), terms=("redness",))).complaint
    unknown = submit(database, clock, a_report(lot=LotGiven(text="ZZ-99-NONE"), harm="no", terms=("delivery",))).complaint
    silent = submit(database, clock, a_report(lot=LotGiven(), harm="unknown", terms=())).complaint
    with database.read() as session:
        found = [known_answers(session, complaint_of(session, one.id)) for one in (read, unknown, silent)]
    assert [(one.answers["alleges"], one.answers["ours"], one.answers["harm"], one.answers["kinds"]) for one in found] == [
        ("yes", "yes", "yes", ["product_quality"]), ("yes", "unknown_batch", "no", ["logistics"]),
        ("unsure", "unreadable", "unknown", [])]
    could = submit(database, clock, a_report(harm="could", terms=("packaging",))).complaint
    with database.read() as session:
        assert known_answers(session, complaint_of(session, could.id)).answers["harm"] == "could"
    assert [one.because["ours"] for one in found] == ["code_read", "batch_is_none_of_ours", "no_batch_given"]
    assert [one.answers["investigation"] for one in found] == ["needed", "undecided", "needed"]
    triage(database, clock, actor, silent, alleges="no")
    with database.read() as session:
        again = known_answers(session, complaint_of(session, silent.id))
    assert (again.answers["alleges"], again.because["alleges"]) == ("no", "answered_before")


def test_promises_run_from_awareness_move_with_the_severity_and_end_with_what_was_done(
        database: Database, clock: FixedClock, actor: Actor) -> None:
    complaint = submit(database, clock, a_report(harm="unknown", terms=("packaging",))).complaint
    start = complaint.awareness_at
    running = clocks(database, complaint)
    assert [(key[0], one.due_at - start) for key, one in running.items()] == [
        ("first_answer", timedelta(hours=24)), ("triage", timedelta(hours=48)), ("decision", timedelta(days=10)),
        ("resolution", timedelta(days=30))]
    clock.move_to(start + timedelta(hours=3))
    triage(database, clock, actor, complaint, harm="yes", seriousness=("hospitalised",))
    after = clocks(database, complaint)
    assert after["triage", 1].ended_at == clock.now()
    assert after["decision", 1].due_at - start == timedelta(hours=72)
    clock.move_to(start + timedelta(hours=5))
    change(database, clock, actor, complaint, "find_cause", "propose")
    ended = clocks(database, complaint)
    assert ended["first_answer", 1].is_late(clock.now())
    assert (ended["decision", 1].ended_at, ended["resolution", 1].ended_at) == (clock.now(), None)
    change(database, clock, actor, complaint, "agree", "carry_out")
    assert clocks(database, complaint)["resolution", 1].ended_at == clock.now()


def test_what_is_only_service_has_shorter_promises_and_reopening_begins_new_ones(
        database: Database, clock: FixedClock, actor: Actor) -> None:
    complaint = submit(database, clock, a_report(harm="no")).complaint
    triage(database, clock, actor, complaint, kinds=("service",))
    assert clocks(database, complaint)["decision", 1].due_at - complaint.awareness_at == timedelta(days=15)
    change(database, clock, actor, complaint, "answer", "close")
    clock.move_to(clock.now() + timedelta(days=1))
    change(database, clock, actor, complaint, "reopen")
    again = {key[0]: one for key, one in clocks(database, complaint).items() if key[1] == 2}
    assert {kind: one.due_at - clock.now() for kind, one in again.items()} == {
        "decision": timedelta(days=15), "resolution": timedelta(days=30)}


def test_no_promise_of_an_archived_case_runs_on(sqlite: Database, clock: FixedClock, actor: Actor) -> None:
    complaint = submit(sqlite, clock, a_report(harm="no")).complaint
    triage(sqlite, clock, actor, complaint, alleges="no")
    change(sqlite, clock, actor, complaint, "close")
    with sqlite.read() as session:
        assert session.scalars(select(ServiceClock).where(ServiceClock.ended_at.is_(None))).all() == []
