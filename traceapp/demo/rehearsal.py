"""The drill of the story: half-yearly for the plasters, played some days ago, its report waiting to be read."""
from __future__ import annotations

from datetime import datetime, timedelta

from traceapp.core.clock import FixedClock
from traceapp.recall.drill_model import Direction
from traceapp.recall.drill_plans import SetDrillPlan, set_drill_plan
from traceapp.recall.drilling import AskDrill, ask_drill, run_drill
from traceapp.vault.service import Vault

from .house import House
from .one_transaction import ThisTransaction

_AGO, _ROUND, _SEED = timedelta(days=4), timedelta(days=182), 20_250_301
_MONTHS = 6


def rehearse(here: ThisTransaction, clock: FixedClock, vault: Vault, house: House, now: datetime) -> None:
    """Plan the drills of the plasters and play one from a raw lot of theirs."""
    product = house.products["PLASTER"]
    clock.move_to(now - _AGO)
    plan = set_drill_plan(here.session, house.actors["quality"], clock, SetDrillPlan(product.id, _MONTHS))
    if plan is not None:  # the round before was this one
        plan.next_at = clock.now() + _ROUND
    drill = ask_drill(here.session, house.actors["quality"], clock, AskDrill(
        Direction.forward, _SEED, product_id=product.id, is_planned=True))
    here.session.flush()
    run_drill(here.as_database, clock, vault, drill.id)
