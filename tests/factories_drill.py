"""Drills that stand before a step of theirs."""
from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from tests.factories_recall import VAULT, House
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.models import metadata
from traceapp.recall.drill_model import Drill, DrillStep
from traceapp.recall.drill_play import Stage, next_step, play
from traceapp.recall.drilling import AskDrill, ask_drill
from traceapp.vault.service import Vault


def begun(database: Database, clock: FixedClock, house: House, until: str,
          vault: Vault = VAULT) -> str:
    """The id of a drill from the bad glue that stands before the step `until`."""
    with database.write() as session:
        drill_id = ask_drill(session, house.writer, clock, AskDrill("forward", 1, house.glue.lot_key)).id
    on(database, clock, drill_id, until, vault)
    return drill_id


def on(database: Database, clock: FixedClock, drill_id: str, until: str, vault: Vault = VAULT) -> None:
    """Play its next steps up to the one named."""
    with database.write() as session:
        drill = session.get_one(Drill, drill_id)
        while (step := next_step(session, drill)) != until:
            play(Stage(session, clock, vault, drill), step)
            session.add(DrillStep(drill_id=drill_id, step=step, started_at=clock.now(), seconds=0.0, count=0, position=(
                session.scalar(select(func.count()).select_from(DrillStep).where(DrillStep.drill_id == drill_id)) or 0) + 1))
            session.flush()


def everything(database: Database) -> dict[str, list[Any]]:
    """Every row of every table, by table."""
    with database.reading() as connection:
        return {table.name: sorted(map(repr, connection.execute(select(table)))) for table in metadata.sorted_tables}
