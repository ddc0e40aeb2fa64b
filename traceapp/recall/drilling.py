"""Drills: asking for one, choosing its lot by the seed, claiming it, and playing it to the end, step by step."""
from __future__ import annotations

import random
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Select, func, literal, or_, select
from sqlalchemy.orm import Session

from traceapp.audit import record, stream_of
from traceapp.catalog.model import Product, ProductKind
from traceapp.core.actor import SYSTEM, Actor
from traceapp.core.clock import Clock, monotonic_seconds
from traceapp.core.errors import Conflict, InvalidInput, Name, NotFound, Problem
from traceapp.core.ids import new_id, new_seed
from traceapp.db import Database
from traceapp.identity.policy import permit
from traceapp.trace.model import ItemKind, Lot
from traceapp.trace.reach import UP
from traceapp.trace.walk import reached
from traceapp.vault.service import Vault
from traceapp.worklist.model import Task, TaskState
from traceapp.worklist.tasks import RaiseTask, complete_tasks, drop_tasks, raise_task

from .cases import notice_stream
from .drill_model import Direction, Drill, DrillProduct, DrillState, DrillStep
from .drill_play import Stage, next_step, play
from .drill_report import findings
from .model import Notice, RecallLot

LOOK_TASK = "drill.look"
MOST_SEED = 2**53
# A step of a drill over a large house takes seconds; who has not ended one by then was cut off.
LEASE = timedelta(minutes=10)
_MOST_AGAIN = 10
# A step that cut off the process so often (too little memory, say) would do it again.
_MOST_BEGUN = 3
CUT_OFF = ("The process that played the drill was cut off three times at this step, for want of memory perhaps. Nobody "
           "was told, nothing is stopped, and what was played so far is kept. Let those who run the service look at "
           "its log first (number %(number)s), then run the drill again.")
CRASHED = ("The service met an error of its own at this step. Nobody was told, nothing is stopped, and what was played "
           "so far is kept. Run the drill again. If it stops at the same step, give those who run the service the "
           "number %(number)s: the log has the details under it.")
_LOOK_WITHIN = timedelta(days=7)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class AskDrill:
    """`seed` None: any. The lot follows from the seed unless `lot_key` names one; `product_id`: a lot of this product,
    or a raw lot of one."""

    direction: str
    seed: int | None = None
    lot_key: str | None = None
    product_id: str | None = None
    due_at: datetime | None = None
    is_planned: bool = False
    out_of_hours: bool = False
    is_provisional: bool = False


def drill_stream(drill: Drill) -> str:
    """The name of its chain in the trail, and what tasks about it are about."""
    return stream_of("drill", drill.id)


def ask_drill(session: Session, actor: Actor, clock: Clock, command: AskDrill) -> Drill:
    """Ask for a drill; the scheduler plays it. Raises InvalidInput, NotFound for an unknown lot or product, Conflict
    when there is no lot to begin with."""
    if actor.role != SYSTEM.role:
        permit(actor, "recall.write")
    if command.direction not in set(Direction):
        raise InvalidInput("A drill goes forward from a raw lot or backward from a finished one.",
                           code="unknown-direction", place="direction")
    seed = new_seed() if command.seed is None else command.seed
    if not 0 <= seed < MOST_SEED:
        raise InvalidInput("A seed is a whole number from 0 to %(most)s.", code="bad-seed", place="seed",
                           most=MOST_SEED - 1)
    if command.product_id is not None and session.get(Product, command.product_id) is None:
        raise NotFound("There is no such product.", code="unknown-product", place="product_id")
    if command.lot_key is not None and session.get(Lot, command.lot_key) is None:
        raise NotFound("There is no such lot.", code="unknown-lot", place="lot_key")
    lot_key = command.lot_key or chosen_lot(session, command.direction, seed, command.product_id)
    if lot_key is None:
        raise Conflict("There is no lot yet that such a drill could begin with.", code="no-lot", place="direction")
    now = clock.now()
    drill = Drill(id=new_id(now), seed=seed, direction=str(command.direction), state=DrillState.waiting,
                  product_id=command.product_id, lot_key=lot_key, is_planned=command.is_planned,
                  out_of_hours=command.out_of_hours, is_provisional=command.is_provisional,
                  due_at=command.due_at or now, asked_at=now, asked_by=actor.id)
    session.add(drill)
    session.flush()
    record(session, actor, now, "drill.asked", drill_stream(drill), {
        "seed": seed, "direction": drill.direction, "lot": lot_key, "product": drill.product_id,
        "planned": drill.is_planned})
    return drill


def chosen_lot(session: Session, direction: str, seed: int, product_id: str | None = None) -> str | None:
    """The lot that a seed chooses: a raw lot that was used, or a finished one that was shipped; None without any. Keys
    are spread evenly, so the first one behind a random key is as good as any."""
    dice = random.Random(seed)
    raw = Lot.product_id.in_(select(Product.id).where(Product.kind == ProductKind.material)) & (Lot.consumed > 0)
    own = select(Lot.lot_key).where(Lot.item_kind == ItemKind.lot, Lot.is_own == 1)
    if direction == Direction.forward and product_id is None:
        return _behind(session, own.where(raw), dice)
    finished = own.where(Lot.product_id == product_id) if product_id else own.where(Lot.product_id.in_(
        select(Product.id).where(Product.kind != ProductKind.material)))
    if direction == Direction.backward:
        return _behind(session, finished.where(Lot.shipped > 0), dice)
    lot_key = _behind(session, finished, dice)
    if lot_key is None:
        return None
    walk = reached(lot_key, UP)
    found = sorted(session.scalars(own.where(raw, Lot.lot_key.in_(select(walk.c.lot_key)), Lot.lot_key != lot_key)))
    return dice.choice(found) if found else None


def _behind(session: Session, wanted: Select[str], dice: random.Random) -> str | None:
    start = f"{dice.getrandbits(128):032x}"
    ordered = wanted.order_by(Lot.lot_key).limit(1)
    return session.scalar(ordered.where(Lot.lot_key >= start)) or session.scalar(ordered)


def claim_drill(session: Session, clock: Clock, drill_id: str | None = None) -> Drill | None:
    """The drill that is due, or this one, for this process alone; also one that was cut off. None: there is none."""
    now = clock.now()
    wanted = select(Drill).where(Drill.state.in_((DrillState.waiting, DrillState.running)),
                                 or_(Drill.lease_until.is_(None), Drill.lease_until <= now))
    wanted = wanted.where(Drill.due_at <= now) if drill_id is None else wanted.where(Drill.id == drill_id)
    drill = session.scalar(wanted.order_by(Drill.due_at, Drill.id).limit(1).with_for_update(skip_locked=True))
    if drill is not None:
        drill.state, drill.lease_until, drill.started_at = DrillState.running, now + LEASE, drill.started_at or now
        drill.begun += 1
        session.flush()
    return drill


def run_drill(database: Database, clock: Clock, vault: Vault, drill_id: str | None = None,
              stopping: threading.Event | None = None) -> str | None:
    """Play the drill that is due (or this one) to its report; answers its id, None when none was due. A step that
    cannot be done ends it as failed, with the reason. Once `stopping` is set, the rest is left to the next process."""
    with database.write() as session:
        drill = claim_drill(session, clock, drill_id)
        if drill is None:
            return None
        found, lease, again, begun = drill.id, drill.lease_until, 0, drill.begun
    if begun > _MOST_BEGUN:
        log.error("drill_cut_off", drill=found, begun=begun)
        _fail(database, clock, found, CUT_OFF, {"number": found})
        return found
    try:
        while lease is not None:
            claim = (found, lease)
            if stopping is not None and stopping.is_set():
                _leave(database, claim)
                return found
            try:
                lease = _one_step(database, clock, vault, claim)
            except Conflict as moved:
                # Real shipping goes on meanwhile: what has moved since is frozen anew.
                if moved.code != "scope-moved" or (again := again + 1) > _MOST_AGAIN:
                    raise
                lease = _one_step(database, clock, vault, claim, "return")
    except Problem as problem:
        log.warning("drill_refused", drill=found, code=problem.code, why=problem.text)
        _fail(database, clock, found, problem.message, problem.params)
    except Exception:
        log.exception("drill_failed", drill=found)
        _fail(database, clock, found, CRASHED, {"number": found})
    return found


def _one_step(database: Database, clock: Clock, vault: Vault, claim: tuple[str, datetime],
              instead: str = "") -> datetime | None:
    """Do the next step and note it; answers the new lease, None after the report or when somebody else has it."""
    at, began = clock.now(), monotonic_seconds()
    with database.write() as session:
        drill = session.get_one(Drill, claim[0], with_for_update=True)
        if drill.lease_until != claim[1]:
            return None
        step = instead or next_step(session, drill) or "report"
        if step == "report":
            _report(session, clock, drill)
            count = len(drill.report["gaps"])
        else:
            count = play(Stage(session, clock, vault, drill), step)
            _drop_work(session, clock, drill)
        session.flush()
        position = (session.scalar(select(func.max(DrillStep.position)).where(DrillStep.drill_id == drill.id)) or 0) + 1
        session.add(DrillStep(drill_id=drill.id, position=position, step=step, started_at=at, count=count,
                              seconds=monotonic_seconds() - began))
        drill.lease_until, drill.begun = None if step == "report" else clock.now() + LEASE, 1
        return drill.lease_until


def _drop_work(session: Session, clock: Clock, drill: Drill) -> None:
    """Players do what there is to do: none of it is work for people, also when the drill stops half-way."""
    if drill.recall_id is None:
        return
    notices = select(literal(notice_stream("")) + Notice.id).where(Notice.recall_id == drill.recall_id)
    for about in session.scalars(select(Task.about).where(Task.state == TaskState.open, or_(
            Task.about == stream_of("recall", drill.recall_id), Task.about.in_(notices))).distinct()).all():
        drop_tasks(session, SYSTEM, clock, about)


def _leave(database: Database, claim: tuple[str, datetime]) -> None:
    """Give a drill back as it stands."""
    with database.write() as session:
        drill = session.get_one(Drill, claim[0], with_for_update=True)
        if drill.lease_until == claim[1]:
            drill.lease_until, drill.begun = None, 0


def _report(session: Session, clock: Clock, drill: Drill) -> None:
    """Keep what was found, and give it to somebody to look at."""
    now = clock.now()
    drill.report, drill.state, drill.ended_at = findings(session, drill), DrillState.done, now
    session.add_all(DrillProduct(product_id=key, drill_id=drill.id, ended_at=now) for key in session.scalars(
        select(Lot.product_id).join(RecallLot, RecallLot.lot_key == Lot.lot_key).join(
            Product, Product.id == Lot.product_id).where(
            RecallLot.recall_id == drill.recall_id, Product.kind != ProductKind.material).distinct()))
    record(session, SYSTEM, now, "drill.done", drill_stream(drill), {
        "recall": drill.recall_id, "gaps": len(drill.report["gaps"]), "truth": drill.report["truth"]["state"]})
    raise_task(session, SYSTEM, clock, RaiseTask(
        LOOK_TASK, drill_stream(drill), "quality", now + _LOOK_WITHIN, params={"drill_id": drill.id}))


def _fail(database: Database, clock: Clock, drill_id: str, why: str, values: Mapping[str, object]) -> None:
    """End a drill without a report: `why` is a text with fields out of `values`. What was played of it is kept."""
    with database.write() as session:
        drill = session.get_one(Drill, drill_id, with_for_update=True)
        drill.state, drill.failure, drill.ended_at, drill.lease_until = DrillState.failed, why, clock.now(), None
        drill.failure_values, drill.failed_step = kept_values(values), _next_named(session, drill)
        record(session, SYSTEM, clock.now(), "drill.failed", drill_stream(drill), {
            "why": why, "values": drill.failure_values, "step": drill.failed_step})
        _drop_work(session, clock, drill)
        raise_task(session, SYSTEM, clock, RaiseTask(
            LOOK_TASK, drill_stream(drill), "quality", clock.now() + _LOOK_WITHIN, params={"drill_id": drill.id}))


def kept_values(values: Mapping[str, object]) -> dict[str, Any]:
    """Fields of a message as they are kept: a name in both languages, a number as one, all else as text."""
    def kept(value: object) -> object:
        if isinstance(value, Name):
            return {"zh": str(value), "en": value.english}
        return value if isinstance(value, int | float) else str(value)

    return {name: kept(value) for name, value in values.items()}


def _next_named(session: Session, drill: Drill) -> str:
    """The step at which a drill stopped; empty when not even that can be told."""
    try:
        return next_step(session, drill) or "report"
    except Problem:
        return ""


def run_again(session: Session, actor: Actor, clock: Clock, drill_id: str) -> Drill:
    """Have a drill that ended without a report go on where it stopped. Raises Forbidden, NotFound, Conflict for any
    other."""
    permit(actor, "recall.write")
    drill = session.get(Drill, drill_id, with_for_update=True)
    if drill is None:
        raise NotFound("There is no such drill.", code="unknown-drill", place="drill_id")
    if drill.state != DrillState.failed:
        raise Conflict("Only a drill that ended without a report can be run again.", code="not-failed")
    now = clock.now()
    record(session, actor, now, "drill.again", drill_stream(drill), {"step": drill.failed_step})
    drill.state, drill.due_at, drill.begun, drill.ended_at = DrillState.waiting, now, 0, None
    drill.failure, drill.failure_values, drill.failed_step = "", None, ""
    drill.looked_at, drill.looked_by = None, None
    complete_tasks(session, actor, clock, drill_stream(drill), LOOK_TASK, "run again")
    session.flush()
    return drill


def look_at_drill(session: Session, actor: Actor, clock: Clock, drill_id: str) -> Drill:
    """Note that somebody read the report. Raises NotFound, Conflict before it has ended."""
    permit(actor, "recall.write")
    drill = session.get(Drill, drill_id, with_for_update=True)
    if drill is None:
        raise NotFound("There is no such drill.", code="unknown-drill", place="drill_id")
    if drill.ended_at is None:
        raise Conflict("This drill has not ended yet.", code="not-ended")
    if drill.looked_at is None:
        drill.looked_at, drill.looked_by = clock.now(), actor.id
        record(session, actor, clock.now(), "drill.looked_at", drill_stream(drill), {})
    complete_tasks(session, actor, clock, drill_stream(drill), LOOK_TASK, "read")
    session.flush()
    return drill
