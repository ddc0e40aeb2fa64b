"""Service promises and offers as the manager sets them: in versions, audited, kept by what was received before."""
from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from tests.factories_complaint import a_report, submit
from traceapp.audit.model import AuditEntry
from traceapp.complaint.clock_model import ServiceClock
from traceapp.complaint.compensation_model import Compensation
from traceapp.complaint.escalating import escalate_late
from traceapp.complaint.policy import DEFAULT_PROMISES
from traceapp.complaint.promising import SetPromises, kept_promises, promises_at, set_promises
from traceapp.complaint.service import TriageComplaint, triage_complaint
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Forbidden, InvalidInput, Stale
from traceapp.db import Database
from traceapp.identity.policy import permissions_of

MANAGER = Actor(id="u-boss", role="quality_manager", name="Boss", scopes=permissions_of("quality_manager"))
QUALITY = Actor(id="u-li", role="quality", name="Li", scopes=permissions_of("quality"))
HOURS, OFFERS = kept_promises(DEFAULT_PROMISES)


def promise(database: Database, clock: FixedClock, hours: Mapping[str, tuple[int, ...]] | None = None,
            offers: Mapping[str, str] | None = None, **more: Any) -> int:
    with database.write() as session:
        return set_promises(session, more.pop("actor", MANAGER), clock, SetPromises(
            {row: tuple(numbers) for row, numbers in HOURS.items()} | dict(hours or {}), OFFERS | dict(offers or {}),
            more.pop("reason", "the house agreed"), **more)).version


def due(database: Database, complaint_id: str) -> dict[str, timedelta]:
    with database.read() as session:
        return {one.kind: one.due_at - one.started_at for one in session.scalars(
            select(ServiceClock).where(ServiceClock.complaint_id == complaint_id))}


def test_a_complaint_keeps_what_was_promised_when_it_was_received(database: Database, clock: FixedClock) -> None:
    before = submit(database, clock, a_report()).complaint
    clock.move_to(clock.now() + timedelta(minutes=1))
    assert promise(database, clock, {"moderate": (10, 36, 100, 400)}) == 1
    after = submit(database, clock, a_report(narrative="another")).complaint
    assert due(database, before.id)["first_answer"] == timedelta(hours=12)
    assert due(database, after.id)["first_answer"] == timedelta(hours=10)
    for complaint in (before, after):
        with database.write() as session:
            triage_complaint(session, QUALITY, clock, TriageComplaint(complaint.id, "complaint", harm="yes"))
    assert due(database, before.id)["decision"] == timedelta(hours=168)
    assert due(database, after.id)["decision"] == timedelta(hours=100)


def test_a_version_holds_from_its_moment_and_not_before(database: Database, clock: FixedClock) -> None:
    later = clock.now() + timedelta(days=10)
    promise(database, clock, {"none": (50, 121, 721, 1081)}, valid_from=later)
    with database.read() as session:
        assert promises_at(session, later - timedelta(seconds=1)) == DEFAULT_PROMISES
        assert promises_at(session, later).hours != DEFAULT_PROMISES.hours


@pytest.mark.parametrize(("offer", "proposed"), [("replace", ["replace"]), ("", [])])
def test_what_is_offered_on_a_breach_is_what_was_promised(database: Database, clock: FixedClock, offer: str,
                                                          proposed: list[str]) -> None:
    promise(database, clock, offers={"moderate": offer})
    submit(database, clock, a_report())
    clock.move_to(clock.now() + timedelta(hours=25))
    with database.write() as session:
        assert escalate_late(session, clock) == 1
        assert list(session.scalars(select(Compensation.offer))) == proposed


@pytest.mark.parametrize(("hours", "place"), [
    ({"critical": (1, 4, 169, 240)}, "critical/decision"), ({"major": (4, 24, 241, 360)}, "major/decision"),
    ({"critical": (0, 4, 24, 240)}, "critical/first_answer"), ({"minor": (24, 24, 240, 720)}, "minor/triage"),
    ({"critical": (5, 6, 24, 240)}, "critical/first_answer"), ({"service_only": (1, 2, 3, 9000)}, "service_only/resolution"),
    ({"none": (1, 2, 3)}, "none")])
def test_promises_that_no_house_can_make_are_refused_at_their_field(
        database: Database, clock: FixedClock, hours: dict[str, tuple[int, ...]], place: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        promise(database, clock, hours)
    assert refused.value.place == place


def test_the_past_other_offers_and_no_reason_are_refused(database: Database, clock: FixedClock) -> None:
    for place, more in (("valid_from", {"valid_from": clock.now() - timedelta(seconds=1)}), ("reason", {"reason": " "}),
                        ("offers/minor", {"offers": {"minor": "gold"}})):
        with pytest.raises(InvalidInput) as refused:
            promise(database, clock, **more)  # type: ignore[arg-type]
        assert refused.value.place == place


def test_only_the_manager_sets_them_and_sees_a_change_meanwhile(database: Database, clock: FixedClock) -> None:
    with pytest.raises(Forbidden):
        promise(database, clock, actor=QUALITY)
    assert promise(database, clock, version=0) == 1
    with pytest.raises(Stale):
        promise(database, clock, version=0)
    with database.read() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "promises.set")).one()
        assert '"version":1' in str(entry.data)


def test_a_version_is_never_changed(database: Database, clock: FixedClock) -> None:
    promise(database, clock)
    with pytest.raises(DBAPIError), database.write() as session:
        session.execute(text("UPDATE service_promise SET reason = 'x'"))
