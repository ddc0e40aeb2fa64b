"""Drills that come round by themselves, and which products had none for a year."""
from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, exists, func, select
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

from .drill_hours import hours_now, moment_of
from .drill_model import Direction, DrillPlan, DrillPlanProduct, DrillProduct
from .drilling import AskDrill, ask_drill

OVERDUE_TASK, OVERDUE_ABOUT = "drill.overdue", "service:drills"
# Source: BRCGS and SQF ask for a test of tracing and recall at least once a year.
CADENCE = timedelta(days=365)
MOST_MONTHS, MOST_PRODUCTS = 60, 100


@dataclass(frozen=True, slots=True)
class SetDrillPlan:
    """How often a product is drilled; `every_months` 0: not any more. `also`: the other products of its family, of
    which the ones that were not drilled for longest are taken."""

    product_id: str
    every_months: int
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cadence:
    """How a product stands: how many drills reached it within a year, when the last one ended, and by when the next
    one has to; `plan` None: none is planned, and it may be that of the first product of the family."""

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
    product = _sold(session, command.product_id, "product_id")
    family = {product.id, *(_sold(session, key, "also").id for key in command.also[:MOST_PRODUCTS])}
    plan = session.get(DrillPlan, product.id, with_for_update=True)
    _refuse_elsewhere(session, product.id, family)
    now, before = clock.now(), plan.every_months if plan else 0
    was = sorted(products_of(session, product.id))
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
           {"before": before, "after": command.every_months, "products_before": was,
            "products": sorted(family) if plan else []})
    session.execute(delete(DrillPlanProduct).where(DrillPlanProduct.plan_id == product.id))
    session.add_all(DrillPlanProduct(product_id=key, plan_id=product.id) for key in sorted(family) if plan)
    session.flush()
    return plan


def plan_of(session: Session, product_id: str) -> DrillPlan | None:
    """The plan of a product, or of the family that it belongs to."""
    return session.scalars(select(DrillPlan).join(DrillPlanProduct, DrillPlanProduct.plan_id == DrillPlan.product_id)
                           .where(DrillPlanProduct.product_id == product_id)).first()


def products_of(session: Session, plan_id: str) -> list[str]:
    """The ids of the products of a plan, those that no drill reached for longest first."""
    last = func.max(DrillProduct.ended_at, type_=DrillProduct.ended_at.type)
    rows = session.execute(
        select(DrillPlanProduct.product_id, last)
        .outerjoin(DrillProduct, DrillProduct.product_id == DrillPlanProduct.product_id)
        .where(DrillPlanProduct.plan_id == plan_id).group_by(DrillPlanProduct.product_id)).all()
    return [key for key, _at in sorted(rows, key=lambda row: (row[1].timestamp() if row[1] else 0.0, row[0]))]


def _sold(session: Session, product_id: str, place: str) -> Product:
    product = session.get(Product, product_id)
    if product is None or product.kind == ProductKind.material:
        raise NotFound("There is no such product.", code="unknown-product", place=place)
    return product


def _refuse_elsewhere(session: Session, plan_id: str, family: set[str]) -> None:
    """Nothing when no other plan has one of the products. Raises Conflict."""
    other = session.scalars(select(Product).join(DrillPlanProduct, DrillPlanProduct.product_id == Product.id).where(
        DrillPlanProduct.product_id.in_(family), DrillPlanProduct.plan_id != plan_id).order_by(Product.code)).first()
    if other is not None:
        raise Conflict("%(product)s stands in another plan. End that one or take the product out of it first.",
                       code="planned-elsewhere", place="also", product=other.code)


def ask_planned_drills(session: Session, clock: Clock, limit: int = 20) -> int:
    """Ask for the drills of the plans that came round: one each way, one of the two outside working hours; answers how
    many plans. What was missed while no scheduler ran is asked for once."""
    now = clock.now()
    due = session.scalars(select(DrillPlan).where(DrillPlan.next_at <= now).order_by(DrillPlan.next_at)
                          .limit(limit).with_for_update(skip_locked=True)).all()
    hours = hours_now(session) if due else None
    for plan in due:
        assert hours is not None
        seed = new_seed()
        dice = random.Random(seed)
        nightly, family = dice.choice(list(Direction)), products_of(session, plan.product_id)
        for number, direction in enumerate(Direction):
            out, product_id = direction == nightly, family[number % len(family)]
            moment = moment_of(now, hours, dice, out_of_hours=out)
            try:
                ask_drill(session, SYSTEM, clock, AskDrill(
                    direction, seed, product_id=product_id, due_at=moment.at, is_planned=True, out_of_hours=out,
                    is_provisional=moment.is_provisional))
            except Conflict:
                record(session, SYSTEM, now, "drill.no_lot", stream_of("product", product_id),
                       {"direction": str(direction)})
        while plan.next_at <= now:
            plan.next_at = datetime.combine(months_later(plan.next_at.date(), plan.every_months),
                                            plan.next_at.timetz())
    session.flush()
    return len(due)


def cadence_of(session: Session, clock: Clock) -> tuple[Cadence, ...]:
    """Every product of which something was shipped, by code, with its drills of the last year."""
    now = clock.now()
    rows = session.execute(
        select(Product, DrillPlan, func.max(DrillProduct.ended_at, type_=DrillProduct.ended_at.type),
               func.count(DrillProduct.drill_id).filter(DrillProduct.ended_at > now - CADENCE))
        .outerjoin(DrillPlanProduct, DrillPlanProduct.product_id == Product.id)
        .outerjoin(DrillPlan, DrillPlan.product_id == DrillPlanProduct.plan_id)
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
