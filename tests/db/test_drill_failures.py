"""Drills that stop half-way: what they say, what they leave behind, and that they can be run again."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import select

from tests.factories_drill import everything
from tests.factories_recall import VAULT, House, make_house
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict, Forbidden, Name, NotFound
from traceapp.db import Database
from traceapp.recall import drilling
from traceapp.recall.drill_model import Drill, DrillState, DrillStep
from traceapp.recall.drill_play import Stage, play
from traceapp.recall.drill_queries import failure_fields
from traceapp.recall.drilling import AskDrill, ask_drill, run_again, run_drill
from traceapp.recall.model import Recall
from traceapp.worklist.tasks import open_tasks

STEPS = ("trace", "open", "assess", "evaluate", "sign", "decide", "submit", "approve", "answer", "sample", "ask", "close")
# What a drill that stopped may have written: its own case and log, the trail, and one duty.
ITS_OWN = {"drill", "drill_step", "drill_lot", "recall", "recall_lot", "recall_ledger", "recall_snapshot", "recall_signature",
           "recall_evaluation", "notice", "notice_attempt", "notice_answer", "effectiveness_check", "effectiveness_try",
           "task", "audit_entry", "audit_head"}


def asked(database: Database, clock: FixedClock, house: House) -> str:
    with database.write() as session:
        return ask_drill(session, house.writer, clock, AskDrill("forward", 7, house.glue.lot_key)).id


def raising(error: BaseException, at: str) -> Callable[[Stage, str], int]:
    """A step that is played, and then ends in an error."""
    def instead(stage: Stage, step: str) -> int:
        count = play(stage, step)
        if step == at:
            raise error
        return count

    return instead


@pytest.mark.parametrize("step", STEPS)
def test_a_drill_that_crashes_says_in_words_what_to_do_leaves_nothing_and_runs_again(
        sqlite: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
        step: str) -> None:
    house = make_house(sqlite, clock)
    before, drill_id = everything(sqlite), asked(sqlite, clock, house)
    with monkeypatch.context() as patched:
        patched.setattr(drilling, "play", raising(KeyError("lot_9"), step))
        assert run_drill(sqlite, clock, VAULT, drill_id) == drill_id
    assert "KeyError" in capsys.readouterr().err
    with sqlite.read() as session:
        drill = session.get_one(Drill, drill_id)
        said = drill.failure % failure_fields(drill, "en")
        assert (drill.state, drill.failed_step, drill.lease_until) == (DrillState.failed, step, None)
        assert "Run the drill again" in said and drill_id in said and "KeyError" not in said and "lot_9" not in said
        assert [(task.kind, task.about) for task in open_tasks(session)] == [("drill.look", f"drill:{drill_id}")]
    after = everything(sqlite)
    assert {name for name, rows in after.items() if rows != before[name]} <= ITS_OWN
    with sqlite.write() as session:
        run_again(session, house.writer, clock, drill_id)
        assert open_tasks(session) == []
    assert run_drill(sqlite, clock, VAULT) == drill_id
    with sqlite.read() as session:
        drill = session.get_one(Drill, drill_id)
        assert (drill.state, drill.failure, drill.failed_step, drill.report["gaps"]) == (DrillState.done, "", "", [])
        assert len(session.scalars(select(Recall)).all()) == 1
        steps = session.scalars(select(DrillStep.step).where(DrillStep.drill_id == drill_id).order_by(DrillStep.position)).all()
        assert steps == [*STEPS, "report"]


@pytest.mark.parametrize("step", STEPS)
def test_a_drill_that_is_cut_off_half_way_is_no_work_for_anybody(
        sqlite: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    house = make_house(sqlite, clock)
    drill_id = asked(sqlite, clock, house)
    monkeypatch.setattr(drilling, "play", raising(KeyboardInterrupt(), step))
    with pytest.raises(KeyboardInterrupt):
        run_drill(sqlite, clock, VAULT, drill_id)
    with sqlite.read() as session:
        assert session.get_one(Drill, drill_id).state == DrillState.running
        assert open_tasks(session) == []


def test_a_report_that_cannot_be_made_is_a_drill_that_stopped_there(
        sqlite: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    house = make_house(sqlite, clock)
    drill_id = asked(sqlite, clock, house)

    def broken(*_: object) -> dict[str, object]:
        raise ZeroDivisionError

    monkeypatch.setattr(drilling, "findings", broken)
    run_drill(sqlite, clock, VAULT, drill_id)
    with sqlite.read() as session:
        assert session.get_one(Drill, drill_id).failed_step == "report"


def test_a_refusal_keeps_its_names_in_both_languages(
        sqlite: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    house = make_house(sqlite, clock)
    drill_id = asked(sqlite, clock, house)
    monkeypatch.setattr(drilling, "play", raising(
        Conflict("No %(what)s at %(who)s.", what=3, who=Name("市一院", "Clinic One")), "assess"))
    run_drill(sqlite, clock, VAULT, drill_id)
    with sqlite.read() as session:
        drill = session.get_one(Drill, drill_id)
        assert [drill.failure % failure_fields(drill, one) for one in ("zh", "en")] == [
            "No 3 at 市一院.", "No 3 at Clinic One."]


def test_only_a_drill_that_stopped_is_run_again(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    drill_id = asked(sqlite, clock, house)
    for _ in range(2):
        with pytest.raises(Conflict) as refused, sqlite.write() as session:
            run_again(session, house.writer, clock, drill_id)
        assert refused.value.code == "not-failed"
        run_drill(sqlite, clock, VAULT, drill_id)
    with pytest.raises(NotFound), sqlite.write() as session:
        run_again(session, house.writer, clock, "none")
    with pytest.raises(Forbidden), sqlite.write() as session:
        run_again(session, replace(house.writer, scopes=frozenset()), clock, drill_id)
