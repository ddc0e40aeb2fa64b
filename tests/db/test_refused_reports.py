"""What a late refusal does to the clocks that the refused report had begun, as a table."""
from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.db.test_legal_clocks import assess, end, make_event, running
from tests.factories_reports import Desk, make_desk
from tests.made_once import acted_once
from traceapp.adverse_event.model import AdverseEvent
from traceapp.adverse_event.service import about
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.worklist.clock_model import LegalClock
from traceapp.worklist.legal_clocks import clocks_about

FIRST, NEXT = "CN-MD-02", "CN-MD-09"  # serious injury, and its evaluation


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


def states(database: Database, event: AdverseEvent, rule: str) -> list[str]:
    with database.read() as session:
        return [str(one.state) for one in clocks_about(session, about(event.id)) if one.rule_id == rule]


def bring(desk: Desk, event: AdverseEvent, how: str) -> None:
    """The evaluation that began with the confirmed report, brought to a state."""
    one = running(desk.database, event)[NEXT]
    if how == "prepared":
        desk.prepare(event, kind="followup", clock_ids=(one.id,))
    elif how == "sent":
        desk.sent(event, kind="followup", clock_ids=(one.id,))
    elif how == "confirmed":
        desk.note(desk.sent(event, kind="followup", clock_ids=(one.id,)), "accepted", number="A-2")
    elif how == "not_reportable":
        end(desk.database, desk.clock, one, "not_reportable")


@pytest.mark.parametrize(("how", "after_refusal", "after_correction"), [
    ("untouched", ["superseded"], ["superseded", "running"]),
    ("sent", ["running"], ["running"]),
    ("confirmed", ["reported"], ["reported"]),
    ("not_reportable", ["not_reportable"], ["not_reportable"]),
])
def test_what_a_refused_report_had_begun(desk: Desk, event: AdverseEvent, how: str, after_refusal: list[str],
                                         after_correction: list[str]) -> None:
    first = desk.sent(event)
    desk.note(first, "accepted", number="A-1")
    assert states(desk.database, event, NEXT) == ["running"]
    bring(desk, event, how)
    desk.clock.move_to(desk.clock.now() + timedelta(days=3))
    desk.note(first, "rejected", text="B5 is empty")
    assert states(desk.database, event, FIRST) == ["running"]
    assert states(desk.database, event, NEXT) == after_refusal
    kind = "initial" if how in ("untouched", "not_reportable") else "followup"
    second = desk.sent(event, kind=kind, clock_ids=(running(desk.database, event)[FIRST].id,))
    desk.note(second, "accepted", number="A-3")
    assert states(desk.database, event, FIRST) == ["reported"]
    assert states(desk.database, event, NEXT) == after_correction


def test_what_is_prepared_already_runs_on(desk: Desk, event: AdverseEvent) -> None:
    first = desk.sent(event)
    desk.note(first, "accepted", number="A-1")
    bring(desk, event, "prepared")
    desk.note(first, "rejected", text="B5 is empty")
    assert states(desk.database, event, NEXT) == ["running"]


def test_one_that_begins_anew_counts_from_the_new_confirmation_and_says_whom_it_follows(
        desk: Desk, event: AdverseEvent) -> None:
    first = desk.sent(event)
    desk.note(first, "accepted", number="A-1")
    before = running(desk.database, event)[NEXT]
    desk.note(first, "rejected", text="B5 is empty")
    desk.clock.move_to(desk.clock.now() + timedelta(days=5))
    desk.note(desk.sent(event), "accepted", number="A-3")
    found = running(desk.database, event)
    assert list(found) == [NEXT]
    after: LegalClock = found[NEXT]
    assert after.id != before.id and after.follows_id == before.follows_id is not None
    assert after.due_at - before.due_at == timedelta(days=5)
