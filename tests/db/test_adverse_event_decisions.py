"""What a manager decides of an adverse event beyond its assessment, and the clocks of it; on both databases."""
from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.db.test_legal_clocks import PROOF, QUALITY, assess, end, make_event, own_role, running
from tests.db.test_markets import MANAGER, sold_in
from traceapp.adverse_event.decisions import DecideAdverseEvent, decide_adverse_event, decisions_of
from traceapp.adverse_event.model import AdverseEvent
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict, Forbidden, InvalidInput
from traceapp.db import Database


def decide(database: Database, clock: FixedClock, event: AdverseEvent, kind: str, *, who: Actor = MANAGER,
           days_ago: float | None = None) -> dict[str, str]:
    """{rule: authority} of the clocks that begin."""
    known_at = None if days_ago is None else clock.now() - timedelta(days=days_ago)
    with database.write() as session:
        begun = decide_adverse_event(session, who, clock, DecideAdverseEvent(event.id, kind, "three on one ward", known_at))
        return {one.rule_id: one.jurisdiction for one in begun}


def test_a_group_event_begins_its_three_clocks_from_the_decision(database: Database, clock: FixedClock) -> None:
    event = make_event(database, clock, seriousness=("hospitalised",))
    clock.move_to(clock.now() + timedelta(days=2))
    assert decide(database, clock, event, "group_event") == {"CN-MD-05": "CN", "CN-MD-06": "CN", "CN-MD-07": "CN"}
    found = running(database, event)
    assert found["CN-MD-05"].due_at == clock.now() + timedelta(hours=12)
    assert found["CN-MD-06"].due_at == clock.now() + timedelta(hours=24)
    assert found["CN-MD-02"].started_at == event.awareness_at
    with database.read() as session:
        assert [(one.kind, one.by, one.reason) for one in decisions_of(session, event.id)] == [
            ("group_event", "u-manager", "three on one ward")]


def test_a_clock_counts_from_when_we_knew(database: Database, clock: FixedClock) -> None:
    event = make_event(database, clock)
    clock.move_to(clock.now() + timedelta(days=2))
    decide(database, clock, event, "group_event", days_ago=1.5)
    assert running(database, event)["CN-MD-05"].started_at == clock.now() - timedelta(days=1.5)


def test_a_threat_and_action_at_once_have_their_clocks_where_the_product_is_sold(
        database: Database, clock: FixedClock) -> None:
    event = make_event(database, clock, seriousness=("hospitalised",))
    for market in ("US", "DE", "GB", "AU"):
        sold_in(database, clock, event, market)
    assert decide(database, clock, event, "public_health_threat") == {
        "EU-MD-01": "EU", "UK-MD-01a": "GB", "AU-MD-01": "AU"}
    assert decide(database, clock, event, "remedial_action_needed") == {"US-MD-02": "US"}
    assert {one.ground for rule, one in running(database, event).items() if not rule.startswith("CN")} == {"sold"}


def test_large_impact_is_of_cosmetics(database: Database, clock: FixedClock) -> None:
    event = make_event(database, clock, kind="cosmetic")
    assert set(decide(database, clock, event, "large_impact")) == {"CN-CO-03", "CN-CO-04b"}


def test_where_no_rule_asks_nothing_begins_and_the_decision_stands(sqlite: Database, clock: FixedClock) -> None:
    event = make_event(sqlite, clock)
    before = set(running(sqlite, event))
    assert decide(sqlite, clock, event, "large_impact") == {}
    assert set(running(sqlite, event)) == before
    with sqlite.read() as session:
        assert len(decisions_of(session, event.id)) == 1


def test_a_hospital_has_the_clocks_of_a_group_that_hospitals_have(sqlite: Database, clock: FixedClock) -> None:
    own_role(sqlite, clock, "user_facility", "CN")
    event = make_event(sqlite, clock)
    assert set(decide(sqlite, clock, event, "group_event")) == {"CN-MD-05", "CN-MD-06"}


def test_only_a_manager_decides_once_for_an_open_case_and_with_a_reason(sqlite: Database, clock: FixedClock) -> None:
    event = make_event(sqlite, clock)
    with pytest.raises(Forbidden):
        decide(sqlite, clock, event, "group_event", who=QUALITY)
    with pytest.raises(InvalidInput):
        decide(sqlite, clock, event, "bad luck")
    for days in (-1, 40):
        with pytest.raises(InvalidInput):
            decide(sqlite, clock, event, "group_event", days_ago=days)
    decide(sqlite, clock, event, "group_event")
    with pytest.raises(Conflict):
        decide(sqlite, clock, event, "group_event")
    assess(sqlite, clock, event)
    for one in running(sqlite, event).values():
        end(sqlite, clock, one, "reported", **PROOF)
    assert set(running(sqlite, event)) == set()


def test_a_decision_is_not_taken_back(database: Database, clock: FixedClock) -> None:
    event = make_event(database, clock)
    decide(database, clock, event, "group_event")
    with pytest.raises(DBAPIError), database.write() as session:
        session.execute(text("DELETE FROM adverse_event_decision"))
