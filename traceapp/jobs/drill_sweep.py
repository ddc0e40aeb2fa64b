"""The sweep of drills: those that are planned are asked for, those that are due are played, one at a time."""
from __future__ import annotations

import threading
from datetime import timedelta

from sqlalchemy import select

from traceapp.recall.drill_model import Drill, DrillPlan, DrillState
from traceapp.recall.drill_plans import ask_planned_drills, watch_cadence
from traceapp.recall.drilling import run_drill
from traceapp.world import World

from .once import run_once

_DAY = timedelta(days=1)


def run_drills(world: World, limit: int = 5, stopping: threading.Event | None = None) -> int:
    """Play the drills that are due; answers how many."""
    run_once(world.database, world.clock, "drill-cadence", _DAY, lambda session: watch_cadence(session, world.clock))
    if _is_planned(world):
        with world.database.write() as session:
            ask_planned_drills(session, world.clock)
    done = 0
    while done < limit and not (stopping and stopping.is_set()) and _is_due(world) and run_drill(
            world.database, world.clock, world.vault, stopping=stopping) is not None:
        done += 1
    return done


def _is_planned(world: World) -> bool:
    with world.database.read() as session:
        return session.scalar(select(DrillPlan.product_id).where(
            DrillPlan.next_at <= world.clock.now()).limit(1)) is not None


def _is_due(world: World) -> bool:
    with world.database.read() as session:
        return session.scalar(select(Drill.id).where(
            Drill.state.in_((DrillState.waiting, DrillState.running)), Drill.due_at <= world.clock.now())
            .limit(1)) is not None
