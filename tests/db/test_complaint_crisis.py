"""Task forces: opened by a cluster or a decision, with one line of time, a hold that is proposed, an end with a reason."""
from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.factories_complaint import a_report, make_lots, make_product, scanned, submit
from tests.http_clients import user_of
from traceapp.complaint.crisis import (
    JoinTaskForce,
    OpenTaskForce,
    add_case,
    crisis_name,
    end_task_force,
    hold_lot,
    join_task_force,
    open_task_force,
    write_entry,
)
from traceapp.complaint.crisis_queries import Crisis, crisis_of, task_forces, task_forces_of
from traceapp.complaint.model import Complaint
from traceapp.complaint.service import BindLot, TriageComplaint, bind_lot, triage_complaint
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict, InvalidInput, NotFound
from traceapp.db import Database
from traceapp.trace.model import Hold, Lot
from traceapp.worklist.tasks import tasks_about

DEATH = {"seriousness": ("died",), "harm": "yes"}


@pytest.fixture
def lots(database: Database, clock: FixedClock) -> list[Lot]:
    return make_lots(database, clock, make_product(database, clock), "A2231K", "B7777K")


def crises(database: Database) -> list[Crisis]:
    with database.read() as session:
        return [crisis_of(session, force.id) for force in task_forces(session)]


def open_duties(database: Database, force_id: str) -> set[str]:
    with database.read() as session:
        return {task.kind for task in tasks_about(session, crisis_name(force_id)) if task.state == "open"}


def test_the_second_critical_report_on_a_batch_opens_one_task_force_and_proposes_a_hold(
        database: Database, clock: FixedClock, lots: list[Lot]) -> None:
    first = submit(database, clock, a_report(lot=scanned(lots[0]), **DEATH)).complaint
    submit(database, clock, a_report(lot=scanned(lots[1]), **DEATH))
    assert crises(database) == []
    second = submit(database, clock, a_report(lot=scanned(lots[0]), **DEATH)).complaint
    third = submit(database, clock, a_report(lot=scanned(lots[0]), **DEATH)).complaint
    (crisis,) = crises(database)
    assert (crisis.force.cause, crisis.force.lot_key, crisis.force.held_at) == ("cluster", lots[0].lot_key, None)
    assert {case.id for case in crisis.cases} == {first.id, second.id, third.id}
    assert [entry.kind for entry in crisis.entries] == ["opened", "hold_proposed"] + ["case_added"] * 3
    assert open_duties(database, crisis.force.id) == {"crisis.lead", "crisis.hold"}
    with database.read() as session:
        assert session.scalars(select(Hold)).all() == []
        assert [force.id for force in task_forces_of(session, third.id)] == [crisis.force.id]


@pytest.mark.parametrize("what", ["old", "milder", "no batch"])
def test_what_is_old_milder_or_without_a_batch_makes_no_cluster(
        database: Database, clock: FixedClock, lots: list[Lot], what: str) -> None:
    other = {"old": {"lot": scanned(lots[0]), "channel": "telephone", "awareness_at": clock.now() - timedelta(days=31)},
             "milder": {"lot": scanned(lots[0]), "seriousness": ("stayed_in_hospital",)}, "no batch": {}}[what]
    submit(database, clock, a_report(**DEATH | other))
    submit(database, clock, a_report(**DEATH | ({} if what == "no batch" else {"lot": scanned(lots[0])})))
    assert crises(database) == []


def test_a_triage_that_finds_a_second_death_opens_one_too(
        database: Database, clock: FixedClock, actor: Actor, lots: list[Lot]) -> None:
    submit(database, clock, a_report(lot=scanned(lots[0]), **DEATH))
    milder = submit(database, clock, a_report(lot=scanned(lots[0]))).complaint
    with database.write() as session:
        triage_complaint(session, actor, clock, TriageComplaint(milder.id, "complaint", "yes", ("death",)))
    assert len(crises(database)) == 1


def test_a_report_that_is_bound_to_the_batch_later_makes_the_cluster(
        database: Database, clock: FixedClock, actor: Actor, lots: list[Lot]) -> None:
    submit(database, clock, a_report(lot=scanned(lots[0]), **DEATH))
    unbound = submit(database, clock, a_report(**DEATH)).complaint
    with database.write() as session:
        bind_lot(session, actor, clock, BindLot(unbound.id, lots[0].lot_key, "a photo"))
    assert [len(crisis.cases) for crisis in crises(database)] == [2]


@pytest.mark.postgres
def test_two_critical_reports_at_the_same_moment_make_one_task_force_and_both_arrive(
        postgresql: Database, clock: FixedClock) -> None:
    (lot,) = make_lots(postgresql, clock, make_product(postgresql, clock), "A2231K")
    submit(postgresql, clock, a_report(lot=scanned(lot), **DEATH))
    with ThreadPoolExecutor(4) as pool:
        sent = list(pool.map(lambda number: submit(postgresql, clock, a_report(
            lot=scanned(lot), narrative=f"died {number}", **DEATH)), range(4)))
    assert len({one.complaint.id for one in sent}) == 4
    (crisis,) = crises(postgresql)
    assert [entry.position for entry in crisis.entries] == list(range(1, len(crisis.entries) + 1))


def opened(database: Database, clock: FixedClock, actor: Actor, lot: Lot) -> tuple[str, Complaint]:
    complaint = submit(database, clock, a_report(lot=scanned(lot))).complaint
    with database.write() as session:
        force = open_task_force(session, actor, clock, OpenTaskForce("The press calls", complaint_id=complaint.id))
        return force.id, complaint


def test_a_decision_opens_one_and_everything_stands_on_one_line_of_time(
        database: Database, clock: FixedClock, lots: list[Lot]) -> None:
    lead, member = (user_of(database, clock, "quality_manager" if name == "lead" else "quality", name)
                    for name in ("lead", "helper"))
    actor = Actor(id=lead.id, role="quality_manager", name=lead.name)
    force_id, complaint = opened(database, clock, actor, lots[0])
    other = submit(database, clock, a_report()).complaint
    with database.write() as session:
        join_task_force(session, actor, clock, JoinTaskForce(force_id, member.id, "speaks with the clinics"))
        write_entry(session, actor, clock, force_id, "Three clinics were telephoned.")
        add_case(session, actor, clock, force_id, other.id)
        hold_lot(session, actor, clock, force_id, "until the samples are tested")
    assert open_duties(database, force_id) == set()
    with database.write() as session:
        end_task_force(session, actor, clock, force_id, "The samples are within their limits.")
    (crisis,) = crises(database)
    assert [(entry.kind, entry.by) for entry in crisis.entries] == [(kind, lead.id) for kind in (
        "opened", "hold_proposed", "joined", "case_added", "joined", "note", "case_added", "held", "ended")]
    assert {one.user_id for one in crisis.members} == {lead.id, member.id}
    assert crisis.force.end_reason == "The samples are within their limits."
    with database.read() as session:
        (hold,) = session.scalars(select(Hold)).all()
        assert (hold.lot_key, hold.lifted_at) == (complaint.lot_key, None)


def test_what_cannot_be_is_refused(sqlite: Database, clock: FixedClock, actor: Actor) -> None:
    (lot,) = make_lots(sqlite, clock, make_product(sqlite, clock), "A2231K")
    force_id, _ = opened(sqlite, clock, actor, lot)
    with sqlite.write() as session:
        loose = open_task_force(session, actor, clock, OpenTaskForce("A rumour")).id
        hold_lot(session, actor, clock, force_id, "wait")
    person = user_of(sqlite, clock, "operator", "not-quality")
    wrong = (
        (Conflict, lambda s: open_task_force(s, actor, clock, OpenTaskForce("again", lot_key=lot.lot_key))),
        (NotFound, lambda s: open_task_force(s, actor, clock, OpenTaskForce("x", lot_key="0" * 32))),
        (NotFound, lambda s: open_task_force(s, actor, clock, OpenTaskForce("x", complaint_id="0" * 32))),
        (InvalidInput, lambda s: open_task_force(s, actor, clock, OpenTaskForce(" "))),
        (InvalidInput, lambda s: hold_lot(s, actor, clock, loose, "why")),
        (Conflict, lambda s: hold_lot(s, actor, clock, force_id, "again")),
        (InvalidInput, lambda s: join_task_force(s, actor, clock, JoinTaskForce(loose, person.id))),
        (InvalidInput, lambda s: write_entry(s, actor, clock, loose, "")),
        (InvalidInput, lambda s: end_task_force(s, actor, clock, loose, " ")),
        (NotFound, lambda s: add_case(s, actor, clock, loose, "0" * 32)),
        (NotFound, lambda s: write_entry(s, actor, clock, "0" * 32, "x")))
    for refusal, act in wrong:
        with pytest.raises(refusal), sqlite.write() as session:
            act(session)
    with sqlite.write() as session:
        end_task_force(session, actor, clock, loose, "nothing in it")
    with pytest.raises(Conflict), sqlite.write() as session:
        write_entry(session, actor, clock, loose, "late")
