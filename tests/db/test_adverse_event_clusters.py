"""Adverse events of reports that are linked: day 0 is the earliest of all, whenever that was found out."""
from __future__ import annotations

from datetime import timedelta

from tests.factories_complaint import VAULT, a_report, make_lots, make_product, scanned
from traceapp.adverse_event.clusters import follow_cluster
from traceapp.adverse_event.model import AdverseEvent
from traceapp.adverse_event.queries import adverse_event_by_id, versions_of
from traceapp.adverse_event.service import (
    AssessAdverseEvent,
    OpenAdverseEvent,
    about,
    assess_adverse_event,
    open_adverse_event,
)
from traceapp.complaint.clusters import join_clusters
from traceapp.complaint.intake import about as about_complaint
from traceapp.complaint.model import Complaint
from traceapp.complaint.service import (
    LinkDuplicate,
    TriageComplaint,
    decline_promotion,
    submit_complaint,
    triage_complaint,
)
from traceapp.core.actor import SYSTEM, Actor
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.trace.model import Lot
from traceapp.worklist.legal_clocks import clocks_about
from traceapp.worklist.tasks import tasks_about

QUALITY = Actor(id="u-quality", role="quality", name="Li Wen")
DAYS = timedelta(days=1)


def told(database: Database, clock: FixedClock, lot: Lot, *, days_ago: int = 0) -> Complaint:
    """A report of harm, triaged, that somebody learned of some days ago."""
    with database.write() as session:
        complaint = submit_complaint(session, QUALITY, clock, a_report(
            lot=scanned(lot), channel="telephone", awareness_at=clock.now() - days_ago * DAYS), vault=VAULT).complaint
        return triage_complaint(session, QUALITY, clock, TriageComplaint(complaint.id, "complaint", harm="yes"))


def event_of(database: Database, clock: FixedClock, complaint: Complaint) -> AdverseEvent:
    with database.write() as session:
        return open_adverse_event(session, QUALITY, clock, OpenAdverseEvent(complaint.id))


def link(database: Database, clock: FixedClock, one: Complaint, master: Complaint | None) -> None:
    """What staff do, and what the sweep does because of it."""
    with database.write() as session:
        join_clusters(session, QUALITY, clock, LinkDuplicate(one.id, master.id if master else None, "The same patient"))
    with database.write() as session:
        follow_cluster(session, SYSTEM, clock, one.id)


def clocks(database: Database, event: AdverseEvent) -> list[tuple[str, str, int]]:
    """Rule, state, and how many days after the awareness of the event as it was opened."""
    with database.read() as session:
        return sorted((one.rule_id, one.state, (one.started_at - event.awareness_at).days)
                      for one in clocks_about(session, about(event.id)))


def test_an_earlier_report_that_is_linked_later_moves_the_clocks_to_its_day(
        database: Database, clock: FixedClock) -> None:
    lot = make_lots(database, clock, make_product(database, clock), "A1")[0]
    first, other = told(database, clock, lot), told(database, clock, lot, days_ago=6)
    event = event_of(database, clock, first)
    assert clocks(database, event) == [("CN-MD-11", "running", 0)]
    link(database, clock, other, first)
    assert clocks(database, event) == [("CN-MD-11", "running", -6), ("CN-MD-11", "superseded", 0)]
    with database.read() as session:
        now = adverse_event_by_id(session, event.id)
        assert now is not None
        assert (now.awareness_at, now.latest_awareness_at) == (event.awareness_at - 6 * DAYS, event.awareness_at)
        assert [one.kind for one in versions_of(session, event.id)] == ["linked"]
        due = [task.due_at for task in tasks_about(session, about(event.id))
               if (task.kind, task.state) == ("clock.report", "open")]
        assert due == [one.due_at for one in clocks_about(session, about(event.id)) if one.state == "running"]
    link(database, clock, other, None)
    assert clocks(database, event) == [("CN-MD-11", "running", -6), ("CN-MD-11", "superseded", 0)]


def test_what_became_known_later_keeps_its_own_beginning(database: Database, clock: FixedClock) -> None:
    lot = make_lots(database, clock, make_product(database, clock), "A1")[0]
    first, other = told(database, clock, lot), told(database, clock, lot, days_ago=6)
    event = event_of(database, clock, first)
    for days, seriousness in ((1, ()), (3, ("hospitalised",))):
        clock.move_to(clock.now() + days * DAYS)
        with database.write() as session:
            assess_adverse_event(session, QUALITY, clock, AssessAdverseEvent(
                event.id, "read the file", narrative="Redness", seriousness=seriousness))
    assert clocks(database, event) == [("CN-MD-02", "running", 4), ("CN-MD-11", "running", 0)]
    link(database, clock, other, first)
    assert clocks(database, event)[0] == ("CN-MD-02", "running", 4)


def test_a_report_that_stands_alone_again_waits_for_the_decision_whether_it_is_an_event(
        database: Database, clock: FixedClock) -> None:
    lot = make_lots(database, clock, make_product(database, clock), "A1")[0]
    first, other = told(database, clock, lot), told(database, clock, lot)
    event_of(database, clock, first)
    with database.write() as session:
        decline_promotion(session, QUALITY, clock, other.id, "the event of the first report")
    link(database, clock, other, first)
    link(database, clock, other, None)
    with database.read() as session:
        asked = [task.state for task in tasks_about(session, about_complaint(other.id))
                 if task.kind == "complaint.promote"]
        event_asked = [task.state for task in tasks_about(session, about_complaint(first.id))
                       if task.kind == "complaint.promote"]
    assert (sorted(asked), event_asked) == (["done", "open"], ["done"])
