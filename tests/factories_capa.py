"""CAPAs brought to a state by the product's own use cases."""
from __future__ import annotations

from datetime import timedelta

from tests.factories import PASSWORD
from tests.factories_recall import House
from traceapp.capa.model import Capa
from traceapp.capa.queries import actions_of
from traceapp.capa.service import (
    AddAction,
    AddCause,
    CloseCapa,
    ConcludeCheck,
    FinishAction,
    JudgeCause,
    LinkTo,
    MoveCapa,
    OpenCapa,
    StateCriterion,
    add_action,
    add_cause,
    close_capa,
    conclude_check,
    finish_action,
    judge_cause,
    move_capa,
    open_capa,
    state_criterion,
)
from traceapp.capa.states import CapaState
from traceapp.core.clock import FixedClock
from traceapp.db import Database

PATHS = {
    "open": (), "investigating": ("investigate",), "planned": ("investigate", "plan"),
    "acting": ("investigate", "plan", "begin"), "verifying": ("investigate", "plan", "begin", "verify"),
    "closed": ("investigate", "plan", "begin", "verify", "close"), "cancelled": ("cancel",),
    "reopened": ("investigate", "plan", "begin", "verify", "reopen")}


def opened_capa(database: Database, clock: FixedClock, house: House, *links: LinkTo) -> Capa:
    """A CAPA of the house's writer about plasters."""
    with database.write() as session:
        return open_capa(session, house.writer, clock, OpenCapa(
            "corrective", "Adhesive causes redness", "14 reports of redness where 3 were expected", links,
            (house.maker.plaster.id,), problem_kind="redness"))


def step(database: Database, clock: FixedClock, house: House, action: str, capa_id: str) -> None:
    """One action of the table, as the manager; nothing that it needs is brought first."""
    with database.write() as session:
        if action == "close":
            close_capa(session, house.manager, clock, CloseCapa(capa_id, PASSWORD, "no redness in three months"))
        else:
            move_capa(session, house.manager, clock, MoveCapa(capa_id, action, "it is so"))


def prepare(database: Database, clock: FixedClock, house: House, action: str, capa_id: str) -> None:
    """What stands in the way of a step is done."""
    today = clock.now().date()
    with database.write() as session:
        if action == "plan":
            cause = add_cause(session, house.writer, clock, AddCause(capa_id, "upstream", "Glue lot A-1 has free monomer"))
            judge_cause(session, house.writer, clock, JudgeCause(capa_id, cause.id, "confirmed", "GC: 480 ppm"))
        elif action == "begin":
            add_action(session, house.writer, clock, AddAction(
                capa_id, "Test each glue lot for monomer", house.writer.id, today + timedelta(days=10)))
            state_criterion(session, house.writer, clock, StateCriterion(
                capa_id, "No redness above expectation in 90 days", "Signals of the product", today))
        elif action == "verify":
            for one in actions_of(session, capa_id):
                if one.state == "open":
                    finish_action(session, house.writer, clock, FinishAction(capa_id, one.id, "Test in use"))
        elif action == "close" or action == "reopen" and session.get_one(Capa, capa_id).state == CapaState.verifying:
            conclude_check(session, house.writer, clock, ConcludeCheck(capa_id, "effective", "No report in 90 days"))


def capa_in(database: Database, clock: FixedClock, house: House, state: CapaState) -> Capa:
    """A CAPA in this state."""
    capa = opened_capa(database, clock, house)
    for action in PATHS[state]:
        prepare(database, clock, house, action, capa.id)
        step(database, clock, house, action, capa.id)
    with database.read() as session:
        return session.get_one(Capa, capa.id)
