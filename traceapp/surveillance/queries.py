"""Reading signals, and what surrounds one: ancestors, the other lots made from them, the likeliest cause."""
from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.catalog.model import Product
from traceapp.db.page import Order, Page, page_of
from traceapp.trace.model import Lot, LotEdge

from .model import Signal, SignalDecision, SignalLot
from .observe import Observation, observe_lots

if TYPE_CHECKING:
    from traceapp.signals import causes

_MOST_ANCESTORS = 400
_MOST_LOTS = 3000


@dataclass(frozen=True, slots=True)
class SignalFilter:
    """What a list of signals shows; empty values do not narrow it."""

    states: tuple[str, ...] = ()
    product_id: str = ""
    lot_key: str = ""
    after: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Ancestor:
    """A lot upstream of the signal's lot, with all lots made from it and what was seen in them together."""

    lot: Lot
    product: Product | None
    is_raw: bool
    lots: tuple[Observation, ...]
    observed: int
    expected: float
    posterior: float | None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Ancestors, the likeliest first. `together` lists groups of ancestors that the complaints cannot tell apart.
    `is_cut`: the genealogy is larger than what was looked at."""

    ancestors: tuple[Ancestor, ...]
    no_cause: float | None
    together: tuple[tuple[str, ...], ...]
    is_cut: bool


def signal_page(session: Session, wanted: SignalFilter) -> Page[Signal]:
    """Signals, the newest first."""
    found = select(Signal)
    if wanted.states:
        found = found.where(Signal.state.in_(wanted.states))
    if wanted.product_id:
        found = found.where(Signal.product_id == wanted.product_id)
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


def surroundings(session: Session, lot_key: str, on: date) -> Surroundings:
    """Every ancestor of a lot with the other lots made from it, ranked by how well it explains the complaints.

    One query a level of the genealogy, three for the observations, whatever the number of lots.
    """
    upstream, cut_up = _walk(session, {lot_key}, "up", _MOST_ANCESTORS)
    ancestors = {parent for parents in upstream.values() for parent in parents}
    downstream, cut_down = _walk(session, ancestors, "down", _MOST_LOTS)
    everything = ancestors | set(downstream) | {child for children in downstream.values() for child in children}
    edges = [(parent, child) for parent, children in downstream.items() for child in children]
    parents = {parent for parent, _ in edges}
    leaves = sorted((everything | {lot_key}) - parents)
    seen = observe_lots(session, leaves, on)
    ranking = _rank(seen, edges)
    lots = {lot.lot_key: lot for lot in _lots(session, sorted(ancestors))}
    products = _products(session, {lot.product_id for lot in lots.values() if lot.product_id})
    made_from = _descendants(downstream, ancestors)
    rows = []
    for key in ancestors & set(lots):
        own = tuple(seen[leaf] for leaf in leaves if leaf in made_from[key] and leaf in seen)
        rows.append(Ancestor(lots[key], products.get(lots[key].product_id or ""), key not in _made(upstream), own,
                             sum(one.observed for one in own), sum(one.expected for one in own),
                             _posterior(ranking, key)))
    rows.sort(key=lambda row: (-(row.posterior or 0.0), -row.observed, row.lot.number))
    together = tuple(tuple(lots[name].number for name in group.members if name in lots)
                     for group in (ranking.classes if ranking else ()) if len(group.members) > 1)
    return Surroundings(tuple(rows), ranking.no_cause if ranking else None,
                        tuple(group for group in together if len(group) > 1), cut_up or cut_down)


def _made(upstream: dict[str, set[str]]) -> set[str]:
    return {child for child, parents in upstream.items() if parents}


def _rank(seen: dict[str, Observation], edges: list[tuple[str, str]]) -> causes.Ranking | None:
    """The ranking, or None where nothing can be learnt: no complaint, or fewer than two lots in use. A lot with
    complaints but without exposure says nothing here; it has a task of its own."""
    from traceapp.signals import causes

    lots = [causes.Lot(one.lot_key, one.observed, one.expected) for one in seen.values()
            if one.expected > 0 or one.observed == 0]
    exposed = [lot for lot in lots if lot.exposure > 0]
    if sum(lot.complaints for lot in exposed) < 1 or len(exposed) < 2:
        return None
    return causes.rank_causes(lots, edges)


def _posterior(ranking: causes.Ranking | None, key: str) -> float | None:
    for group in ranking.classes if ranking else ():
        if key in group.members:
            return group.posterior
    return None


def _walk(session: Session, start: set[str], direction: str, most: int) -> tuple[dict[str, set[str]], bool]:
    """(neighbours of each lot in `direction`, whether it was cut at `most` lots), level by level."""
    found: dict[str, set[str]] = {}
    frontier = set(start)
    while frontier and len(found) <= most:
        listed = sorted(frontier)
        for key in listed:
            found.setdefault(key, set())
        reached: set[str] = set()
        for begin in range(0, len(listed), 500):
            rows = session.execute(select(LotEdge.lot_key, LotEdge.other_key).where(
                LotEdge.lot_key.in_(listed[begin:begin + 500]), LotEdge.direction == direction).distinct())
            for key, other in rows:
                found[key].add(other)
                reached.add(other)
        frontier = reached - set(found)
    return found, bool(frontier)


def _descendants(downstream: dict[str, set[str]], roots: set[str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for root in roots:
        reached: set[str] = set()
        waiting = [root]
        while waiting:
            for child in downstream.get(waiting.pop(), ()):
                if child not in reached:
                    reached.add(child)
                    waiting.append(child)
        found[root] = reached
    return found


def _lots(session: Session, keys: list[str]) -> list[Lot]:
    found: list[Lot] = []
    for begin in range(0, len(keys), 500):
        found += session.scalars(select(Lot).where(Lot.lot_key.in_(keys[begin:begin + 500])))
    return found


def _products(session: Session, ids: set[str]) -> dict[str, Product]:
    return {product.id: product for product in session.scalars(select(Product).where(Product.id.in_(ids)))}
