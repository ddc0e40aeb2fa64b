"""Reading signals."""
from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.db.page import Order, Page, page_of

from .model import Signal, SignalDecision, SignalLot


@dataclass(frozen=True, slots=True)
class SignalFilter:
    """What a list of signals shows; empty values do not narrow it."""

    states: tuple[str, ...] = ()
    product_id: str = ""
    lot_key: str = ""
    kind: str = ""
    priority: str = ""
    after: str | None = None
    limit: int = 50


def signal_page(session: Session, wanted: SignalFilter) -> Page[Signal]:
    """Signals, the newest first."""
    found = select(Signal)
    if wanted.states:
        found = found.where(Signal.state.in_(wanted.states))
    if wanted.product_id:
        found = found.where(Signal.product_id == wanted.product_id)
    if wanted.kind:
        found = found.where(Signal.kind == wanted.kind)
    if wanted.priority:
        found = found.where(Signal.priority == wanted.priority)
    if wanted.lot_key:
        found = found.where(Signal.id.in_(select(SignalLot.signal_id).where(SignalLot.lot_key == wanted.lot_key)))
    return page_of(session, found, Order(Signal.opened_at, Signal.id, descending=True), wanted.after, wanted.limit)


def signal_by_id(session: Session, signal_id: str) -> Signal | None:
    """The signal with this id."""
    return session.scalar(select(Signal).where(Signal.id == signal_id))


def signal_by_reference(session: Session, reference: str) -> Signal | None:
    """The signal that people call by this reference, however they wrote it."""
    return session.scalar(select(Signal).where(Signal.reference == reference.strip().upper()))


def signals_of_lots(session: Session, lot_keys: tuple[str, ...]) -> dict[str, list[Signal]]:
    """The signals in which each lot is, the newest first."""
    found: dict[str, list[Signal]] = defaultdict(list)
    rows = session.execute(select(SignalLot.lot_key, Signal).join(Signal, Signal.id == SignalLot.signal_id)
                           .where(SignalLot.lot_key.in_(lot_keys)).order_by(Signal.id.desc()))
    for lot_key, signal in rows:
        found[lot_key].append(signal)
    return found


def decisions_of(session: Session, signal: Signal) -> list[SignalDecision]:
    """What was decided about a signal, in order."""
    return list(session.scalars(select(SignalDecision).where(
        SignalDecision.lot_key == signal.lot_key, SignalDecision.signal_id == signal.id)
        .order_by(SignalDecision.position)))
