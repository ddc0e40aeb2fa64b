"""Device events for everybody: only assessed ones, each once, nobody alone; what left is recorded."""
from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.db.test_adverse_event_service import assess, opened
from tests.db.test_cli_commands import here, run, upgraded
from tests.factories_complaint import scanned
from tests.factories_recall import make_house
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Forbidden
from traceapp.db import Database
from traceapp.submission.model import ExportRecord
from traceapp.submission.public_events import PublicPeriod, export_public_events

__all__ = ["here"]


def test_events_that_are_alike_are_shown_and_those_alone_or_not_assessed_are_not(
        database: Database, clock: FixedClock) -> None:
    house = make_house(database, clock)
    events = [opened(database, clock, house.manager, lot=scanned(house.first)) for _ in range(7)]
    for number, event in enumerate(events[:6]):
        assess(database, clock, house.manager, event.id, seriousness=("disabling",) if number == 5 else ("hospitalised",))
    with database.write() as session:
        made = export_public_events(session, house.manager, clock, PublicPeriod())
        later = export_public_events(session, house.manager, clock, PublicPeriod(
            since=clock.now() + timedelta(days=1)))
    told = json.loads(made.data)
    assert (made.shown, made.known, told["meta"]["is_suppressed"]) == (5, 6, True)
    assert {one["event_type"] for one in told["results"]} == {"Injury"} and "AE-" not in made.data.decode()
    assert (later.shown, later.known) == (0, 0)
    with database.read() as session:
        assert ("openfda", 5) in {(one.kind, one.rows) for one in session.scalars(select(ExportRecord))}


def test_who_may_not_work_on_events_makes_no_such_file(sqlite: Database, clock: FixedClock) -> None:
    with pytest.raises(Forbidden), sqlite.write() as session:
        export_public_events(session, Actor(id="x", role="operator", name="x"), clock, PublicPeriod())


def test_the_command_line_writes_the_file_and_refuses_what_is_no_day(
        capsys: pytest.CaptureFixture[str], here: Path) -> None:
    upgraded()
    code, lines, _ = run(capsys, "icsr", "public", "--since", "2026-01-01", "--to", str(here / "public.json"))
    assert code == 0 and json.loads(lines[0])["shown"] == 0
    assert json.loads((here / "public.json").read_bytes())["results"] == []
    code, lines, talk = run(capsys, "icsr", "public", "--since", "yesterday")
    assert code != 0 and "not a day" in "".join([*lines, talk])
