"""Complaints and adverse events over the application's own vault, as the pages of cases need them."""
from __future__ import annotations

from typing import Any

from tests.factories_complaint import a_report
from tests.factories_web import Console
from traceapp.adverse_event.model import AdverseEvent
from traceapp.adverse_event.service import (
    AssessAdverseEvent,
    OpenAdverseEvent,
    assess_adverse_event,
    open_adverse_event,
)
from traceapp.complaint.model import Complaint
from traceapp.complaint.service import TriageComplaint, submit_complaint, triage_complaint
from traceapp.core.actor import PUBLIC, Actor
from traceapp.world import World

STAFF = Actor(id="u-quality", role="quality", name="Li Wen")


def world_of(console: Console) -> World:
    found: World = console.app.extensions["traceapp"]
    return found


def reported(console: Console, **changes: Any) -> Complaint:
    """A consumer's report as it came in."""
    with console.database.write() as session:
        return submit_complaint(session, PUBLIC, console.clock, a_report(**changes),
                                vault=world_of(console).vault).complaint


def triaged(console: Console, **changes: Any) -> Complaint:
    """A report that staff judged to be a complaint with harm."""
    complaint = reported(console, **changes)
    with console.database.write() as session:
        return triage_complaint(session, STAFF, console.clock, TriageComplaint(complaint.id, "complaint", "yes"))


def promoted(console: Console, **changes: Any) -> AdverseEvent:
    """The adverse event of a report, not yet assessed."""
    complaint = triaged(console, **changes)
    with console.database.write() as session:
        return open_adverse_event(session, STAFF, console.clock, OpenAdverseEvent(complaint.id))


def assessed(console: Console, narrative: str = "The redness went away in three days.",
             details: dict[str, Any] | None = None, **changes: Any) -> AdverseEvent:
    """The same, assessed."""
    event = promoted(console, **changes)
    with console.database.write() as session:
        return assess_adverse_event(session, STAFF, console.clock, AssessAdverseEvent(
            event.id, "telephone follow-up", age_band="18-44", sex="female", terms=("redness",), outcome="recovered",
            causality="probable", narrative=narrative, details=details or {}))
