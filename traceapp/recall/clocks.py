"""The legal clocks of a recall: what its decision, its start and its end begin in every market of its batches."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import func, literal, select
from sqlalchemy.orm import Session

from traceapp.adverse_event.markets import Ground, markets_of
from traceapp.adverse_event.reportability import kinds_of
from traceapp.catalog.lookup import products_by_id
from traceapp.catalog.model import Party, ProductKind
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.rules import Kind, Situation, Trigger
from traceapp.trace.model import Lot, ShipmentLine
from traceapp.worklist.clock_model import LegalClock
from traceapp.worklist.legal_clocks import Subject, end_repeating, run_clocks

from .cases import RUNS, recall_stream
from .classes import assigned_classes, is_graver
from .model import Recall, RecallLot, RecallSnapshot
from .states import RecallClass

_NUMBERS = {RecallClass.one: "1", RecallClass.two: "2", RecallClass.three: "3"}


def start_decided_clocks(session: Session, actor: Actor, clock: Clock, recall: Recall) -> list[LegalClock]:
    """What begins with the decision: telling the authority, the plan; after new evidence once more. A person says of
    each clock where the law of a place asks for nothing."""
    assert recall.decided_at is not None
    return _run(session, actor, clock, recall, replace(_decision(recall), since=recall.decided_at))


def start_clocks(session: Session, actor: Actor, clock: Clock, recall: Recall) -> list[LegalClock]:
    """What begins with the second signature on scope and texts: the correction or removal, or its extension. The
    decision is named with it, so that an authority which asks only of decisions is not asked about again; its clocks
    run on as they are. An extension that no new decision came before is a decision too: what was reported of the
    earlier batches says nothing of these.

    Source: 21 CFR 806.10(d); the Chinese order has each batch told of and filed.
    """
    before = session.scalar(select(func.max(RecallSnapshot.taken_at)).where(
        RecallSnapshot.recall_id == recall.id, RecallSnapshot.scope_number < recall.scope_number))
    is_extension = before is not None and recall.decided_at is not None and recall.decided_at <= before
    return _run(session, actor, clock, recall, replace(
        _begun(clock, recall), since=clock.now() if is_extension else recall.decided_at))


def _decision(recall: Recall) -> _Start:
    assert recall.decided_at is not None
    return _Start(frozenset({Trigger.recall_planned}), recall.decided_at, ("recall_decided",))


def _begun(clock: Clock, recall: Recall) -> _Start:
    assert recall.approved_at is not None
    is_further = recall.scope_number > 1
    return _Start(frozenset({
        Trigger.recall_planned, Trigger.safety_action,
        Trigger.correction_extended if is_further else Trigger.correction_begun}),
        clock.now() if is_further else recall.approved_at, ("recall_decided", "recall_begun"))


def start_every_clock(session: Session, actor: Actor, clock: Clock, recall: Recall) -> None:
    """Both, for a running recall from before there were clocks, or whose market was entered late; what was reported
    elsewhere stays so."""
    if recall.decided_at is not None:
        _run(session, actor, clock, recall, _decision(recall))
    _run(session, actor, clock, recall, _begun(clock, recall))


def start_classified_clocks(session: Session, actor: Actor, clock: Clock, recall: Recall,
                            jurisdiction: str | None = None, at: datetime | None = None) -> list[LegalClock]:
    """What a stricter class begins, now or at another moment: in one jurisdiction, where its authority assigned it,
    else in every market; what runs already runs on."""
    of_class = ("recall_decided",) if recall.approved_at is None else ("recall_decided", "recall_begun")
    return _run(session, actor, clock, recall, _Start(frozenset(), at or clock.now(), of_class, jurisdiction))


def complete_clocks(session: Session, actor: Actor, clock: Clock, recall: Recall) -> list[LegalClock]:
    """What begins with the end: closing reports. Reports that repeat are due once more, the last time."""
    assert recall.closed_at is not None
    end_repeating(session, actor, clock, recall_stream(recall))
    return _run(session, actor, clock, recall, _Start(frozenset({Trigger.recall_completed}), recall.closed_at))


def follow_markets(session: Session, actor: Actor, clock: Clock, product_id: str) -> None:
    """Ask the authorities of markets that were entered late for every recall that runs with batches of a product, from
    its second signature. `jobs` calls it for the work row `product.markets`."""
    for recall in session.scalars(select(Recall).where(RUNS, Recall.id.in_(
            select(RecallLot.recall_id).join(Lot, Lot.lot_key == RecallLot.lot_key)
            .where(Lot.product_id == product_id))).with_for_update()):
        start_every_clock(session, actor, clock, recall)


def recalls_without_clocks(session: Session, limit: int) -> list[Recall]:
    """Recalls that run and for which no clock was ever begun: those from before they had clocks. Locked."""
    about = literal("recall:") + Recall.id
    return list(session.scalars(
        select(Recall).where(RUNS,
                             ~select(LegalClock.id).where(LegalClock.about == about).exists())
        .order_by(Recall.approved_at).limit(limit).with_for_update(skip_locked=True)))


@dataclass(frozen=True, slots=True)
class _Start:
    """What begins clocks, since when; `of_class`: what begins those of the class that counts in a jurisdiction; `only`:
    in one jurisdiction, None: in every market; `since`: as in Situation."""

    triggers: frozenset[Trigger]
    at: datetime
    of_class: tuple[str, ...] = ()
    only: str | None = None
    since: datetime | None = None


def _run(session: Session, actor: Actor, clock: Clock, recall: Recall, start: _Start) -> list[LegalClock]:
    at = start.at
    session.flush()
    if recall.is_drill:  # no authority asks for it
        return []
    products = products_by_id(session, session.scalars(
        select(Lot.product_id).join(RecallLot, RecallLot.lot_key == Lot.lot_key)
        .where(RecallLot.recall_id == recall.id).distinct()))
    sold = {key for key, product in products.items() if product.kind != ProductKind.material}
    assigned, begun = assigned_classes(session, recall.id), list[LegalClock]()
    for market in markets_of(session, sold or products, at.date(), _shipped_to(session, recall)):
        if start.only not in (None, market.jurisdiction):
            continue
        triggers = start.triggers | _of_class(recall, start, assigned.get(market.jurisdiction))
        begun += run_clocks(session, actor, clock, Subject(recall_stream(recall), recall.reference), Situation(
            market.jurisdiction, _kinds(products[key].kind for key in sold), market.roles, triggers,
            market.device_class, market.ground, is_further=Trigger.recall_completed in triggers,
            since=start.since), at)
    return begun


def _of_class(recall: Recall, start: _Start, assigned: RecallClass | None) -> frozenset[Trigger]:
    """What begins by its class where an authority assigned one: the graver one of that and the case's counts."""
    counts = assigned if assigned and is_graver(assigned, recall.recall_class) else RecallClass(recall.recall_class)
    return frozenset(Trigger(f"{name}_{_NUMBERS[counts]}") for name in start.of_class)


def _kinds(product_kinds: Iterable[str]) -> frozenset[Kind]:
    """The kinds of all products in scope; none where only materials are, which every rule fits."""
    return frozenset(kind for one in product_kinds for kind in kinds_of(one))


def _shipped_to(session: Session, recall: Recall) -> dict[str, Ground]:
    """The countries in which somebody has, or had, units of the batches in scope."""
    return dict.fromkeys(session.scalars(select(Party.country).where(Party.id.in_(
        select(ShipmentLine.consignee_id).join(RecallLot, RecallLot.lot_key == ShipmentLine.lot_key)
        .where(RecallLot.recall_id == recall.id, ShipmentLine.units > 0))).distinct()), Ground.shipped)
