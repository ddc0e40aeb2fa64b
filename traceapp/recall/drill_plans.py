"""Drills that come round by themselves, and which products had none for a year."""
from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from traceapp.audit import record, stream_of
from traceapp.catalog.model import Product, ProductKind
from traceapp.core.actor import SYSTEM, Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, InvalidInput, NotFound
from traceapp.core.ids import new_seed
from traceapp.identity.policy import permit
from traceapp.rules.clocks import months_later
from traceapp.trace.model import Lot
from traceapp.worklist.tasks import RaiseTask, complete_tasks, raise_task

from .drill_model import Direction, DrillPlan, DrillProduct
from .drilling import AskDrill, ask_drill

OVERDUE_TASK, OVERDUE_ABOUT = "drill.overdue", "service:drills"
# Source: BRCGS and SQF ask for a test of tracing and recall at least once a year.
CADENCE = timedelta(days=365)
MOST_MONTHS = 60
_ZONE = ZoneInfo("Asia/Shanghai")
_OPENS, _NIGHT = time(9), time(22)
_FRIDAY = 4


@dataclass(frozen=True, slots=True)
class SetDrillPlan:
    """How often a product is drilled; `every_months` 0: not any more."""

    product_id: str
    every_months: int


@dataclass(frozen=True, slots=True)
class Cadence:
    """How a product stands: how many drills reached it within a year, when the last one ended, and by when the next
    one has to; `plan` None: none is planned."""

    product: Product
    drills: int
    last_at: datetime | None
    due_at: datetime
    plan: DrillPlan | None
    is_overdue: bool


def set_drill_plan(session: Session, actor: Actor, clock: Clock, command: SetDrillPlan) -> DrillPlan | None:
    """Plan the drills of a product, or end its plan. Raises NotFound, InvalidInput."""
    permit(actor, "recall.write")
    if not 0 <= command.every_months <= MOST_MONTHS:
        raise InvalidInput("Drills come round every 1 to %(most)s months.", code="bad-months", place="every_months",
                           most=MOST_MONTHS)
    product = session.get(Product, command.product_id)
    if product is None or product.kind == ProductKind.material:
        raise NotFound("There is no such product.", code="unknown-product", place="product_id")
    plan = session.get(DrillPlan, product.id, with_for_update=True)
    now, before = clock.now(), plan.every_months if plan else 0
    if command.every_months == 0:
        if plan is not None:
            session.delete(plan)
        plan = None
    elif plan is None:
        plan = DrillPlan(product_id=product.id, every_months=command.every_months, next_at=now, made_at=now,
                         made_by=actor.id)
        session.add(plan)
    else:
        plan.every_months = command.every_months
    record(session, actor, now, "drill.plan_set", stream_of("product", product.id),
           {"before": before, "after": command.every_months})
    session.flush()
    return plan


def ask_planned_drills(session: Session, clock: Clock, limit: int = 20) -> int:
    """Ask for the drills of the plans that came round: one each way, one of the two outside working hours; answers how
    many plans. What was missed while no scheduler ran is asked for once."""
    now = clock.now()
    due = session.scalars(select(DrillPlan).where(DrillPlan.next_at <= now).order_by(DrillPlan.next_at)
                          .limit(limit).with_for_update(skip_locked=True)).all()
    for plan in due:
        seed = new_seed()
        dice = random.Random(seed)
        nightly = dice.choice(list(Direction))
        for direction in Direction:
            out = direction == nightly
            try:
                ask_drill(session, SYSTEM, clock, AskDrill(
                    direction, seed, product_id=plan.product_id, due_at=moment_of(now, dice, out_of_hours=out),
                    is_planned=True, out_of_hours=out))
            except Conflict:
                record(session, SYSTEM, now, "drill.no_lot", stream_of("product", plan.product_id),
                       {"direction": str(direction)})
        while plan.next_at <= now:
            plan.next_at = datetime.combine(months_later(plan.next_at.date(), plan.every_months),
                                            plan.next_at.timetz())
    session.flush()
    return len(due)


def moment_of(now: datetime, dice: random.Random, *, out_of_hours: bool) -> datetime:
    """A moment within a day or so: in the working hours of a weekday, or in a night."""
    day = now.astimezone(_ZONE).date() + timedelta(days=0 if out_of_hours else 1)
    while not out_of_hours and day.weekday() > _FRIDAY:
        day += timedelta(days=1)
    start = datetime.combine(day, _NIGHT if out_of_hours else _OPENS, _ZONE)
    found = start + timedelta(minutes=dice.randrange(7 * 60))
    return found if found > now else found + timedelta(days=1)


def cadence_of(session: Session, clock: Clock) -> tuple[Cadence, ...]:
    """Every product of which something was shipped, by code, with its drills of the last year."""
    now = clock.now()
    rows = session.execute(
        select(Product, DrillPlan, func.max(DrillProduct.ended_at, type_=DrillProduct.ended_at.type),
               func.count(DrillProduct.drill_id).filter(DrillProduct.ended_at > now - CADENCE))
        .outerjoin(DrillPlan, DrillPlan.product_id == Product.id)
        .outerjoin(DrillProduct, DrillProduct.product_id == Product.id)
        .where(Product.kind != ProductKind.material, Product.is_active,
               exists(select(Lot.lot_key).where(Lot.product_id == Product.id, Lot.shipped > 0)))
        .group_by(Product.id, DrillPlan.product_id)
        .order_by(Product.code))
    found = []
    for product, plan, last_at, drills in rows:
        due_at = (last_at or product.created_at) + CADENCE
        found.append(Cadence(product, drills, last_at, due_at, plan, due_at < now))
    return tuple(found)


def watch_cadence(session: Session, clock: Clock) -> int:
    """Give somebody a task while a product had no drill for a year, and end it after; answers how many products."""
    late = [row for row in cadence_of(session, clock) if row.is_overdue]
    if late:
        raise_task(session, SYSTEM, clock, RaiseTask(
            OVERDUE_TASK, OVERDUE_ABOUT, "quality", clock.now() + timedelta(days=30), params={"count": len(late)}))
    else:
        complete_tasks(session, SYSTEM, clock, OVERDUE_ABOUT, OVERDUE_TASK, "drilled")
    return len(late)
