"""Where how much of an item is, worked out event by event in the order of their times. Pure.

The rules stand in docs/decisions/0011-position-and-cold-chain.md.
"""
from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from functools import cached_property, lru_cache

from traceapp.core.ids import name_key
from traceapp.epcis import Event as Said
from traceapp.epcis.identifiers import normal_form

from .flow import in_unit
from .identity import item_of
from .model import PositionState

ZERO = Decimal(0)
_LEAVING = frozenset({"shipping", "departing", "transporting"})
_ARRIVING = frozenset({"receiving", "arriving", "accepting", "unloading"})
_TARGETS = ("location", "possessing_party", "owning_party")
_LONGEST = 2000


@dataclass(frozen=True, slots=True)
class Spot:
    """One place where something can be. Owner or possessor None: as they were before."""

    state: PositionState
    place: str = ""
    owner: str | None = None
    possessor: str | None = None
    is_stock: bool = False
    key: str = field(init=False, compare=False)

    def __post_init__(self) -> None:
        inside = self.state is PositionState.inside
        object.__setattr__(self, "key", item_of(self.place, is_class=False, is_parent=True).key if inside
                           else spot_key(self.state, self.place))

    def of(self, owner: str | None, possessor: str | None) -> Spot:
        """The same place, with these in charge."""
        if (owner, possessor) == (self.owner, self.possessor):
            return self
        return replace(self, owner=owner, possessor=possessor)


@lru_cache(maxsize=8192)
def spot_key(state: PositionState, place: str) -> str:
    """The key of a place; what is `at` it has the key under which readings of the place are kept."""
    return name_key(f"{'place' if state is PositionState.at else state.value}:{place}")


UNKNOWN = Spot(PositionState.unknown)


@dataclass(frozen=True, slots=True)
class Move:
    """So much goes from the first of the places named that has some, else from wherever it is when there is only one
    such place, to `put`. `quantity` None: not stated, so all of it that is there. `is_seen`: it was seen at `put`; what
    is known to be there stays. `touches_stock`: our own stock too; else only acts of our own change it."""

    take: tuple[str, ...]
    put: Spot | None
    quantity: Decimal | None
    unit: str | None
    touches_stock: bool = False
    is_only_named: bool = False
    is_seen: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """What one event, or the emptying of a container, does to an item."""

    at: datetime
    event_id: str
    moves: Iterable[Move]


@dataclass(slots=True)
class Held:
    """So much at one place since then; `until` once it is over."""

    spot: Spot
    quantity: Decimal | None
    unit: str | None
    since: datetime
    event_id: str
    until: datetime | None = None

    @property
    def has_some(self) -> bool:
        return self.quantity is None or self.quantity > 0


@dataclass(frozen=True, slots=True)
class _Taken:
    """What goes: how much, and where the first of it was."""

    origin: Spot
    quantity: Decimal | None
    unit: str | None


@dataclass(slots=True)
class Ledger:
    """Where one item is. `is_single`: it is one thing, which cannot be at two places."""

    is_single: bool
    held: dict[str, Held] = field(default_factory=dict)
    over: list[Held] = field(default_factory=list)

    def apply(self, step: Step) -> None:
        """Take the next event in the order of time."""
        for move in step.moves:
            self._move(step, move)

    def _move(self, step: Step, move: Move) -> None:
        key = move.put.key if move.put is not None else None
        if move.is_seen and key is not None and self._is_there(key, move):
            return
        free = {spot: one for spot, one in self.held.items()
                if one.has_some and spot != key and (move.touches_stock or not one.spot.is_stock)}
        named = [free.pop(one) for one in move.take if one in free]
        others = [] if move.is_only_named and not self.is_single else list(free.values())
        taken = self._take(step, move, named, others)
        if move.put is not None and (move.touches_stock or not self._is_stock(key)):
            self._put(step, move.put, taken)

    def _is_stock(self, key: str | None) -> bool:
        held = self.held.get(key or "")
        return held is not None and held.spot.is_stock

    @property
    def stock(self) -> Spot | None:
        """Where our own stock of it is."""
        return next((held.spot for held in self.held.values() if held.spot.is_stock), None)

    def with_party(self, party: str) -> tuple[str, ...]:
        """The places where this party has it."""
        return tuple(key for key, held in self.held.items() if party in (held.spot.owner, held.spot.possessor))

    def _is_there(self, key: str, move: Move) -> bool:
        """Whether what was seen is known to be there."""
        held = self.held.get(key)
        if held is None or not held.has_some or any(one in self.held and self.held[one].has_some for one in move.take):
            return False
        stated = in_unit(move.quantity, move.unit, held.unit)
        return stated is None or held.quantity is None or held.quantity >= stated

    def _take(self, step: Step, move: Move, named: list[Held], others: list[Held]) -> _Taken:
        """Lessen what is there; answers how much goes, and where the first of it came from."""
        sources = named or others
        first = sources[0].spot if sources else UNKNOWN
        if self.is_single:
            for held in (*named, *others):
                self._set(step, held, ZERO)
            return _Taken(first, Decimal(1), None)
        if not named and len(others) > 1:
            for held in others:
                self._set(step, held, None)  # from somewhere among these: what is left at each, nobody can say
            return _Taken(first, move.quantity, move.unit)
        if move.quantity is None:
            whole = sources[0] if sources else None
            taken = _Taken(first, whole.quantity if whole else None, whole.unit if whole else None)
            if whole is not None:
                self._set(step, whole, ZERO)
            return taken
        left: Decimal | None = move.quantity
        for held in (*named, *(others if len(others) == 1 else [])):
            if left:
                left = self._lessen(step, held, left, move.unit)
        return _Taken(first, move.quantity, move.unit)

    def _lessen(self, step: Step, held: Held, quantity: Decimal, unit: str | None) -> Decimal | None:
        """What is still to be taken; None when nobody can say."""
        wanted = in_unit(quantity, unit, held.unit)
        if held.quantity is None or wanted is None:
            self._set(step, held, None)
            return None
        used = min(held.quantity, wanted)
        self._set(step, held, held.quantity - used)
        return in_unit(wanted - used, held.unit, unit)

    def _put(self, step: Step, spot: Spot, taken: _Taken) -> None:
        whole = spot.of(taken.origin.owner if spot.owner is None else spot.owner,
                        taken.origin.possessor if spot.possessor is None else spot.possessor)
        held = self.held.get(spot.key)
        if held is None:
            self.held[spot.key] = Held(whole, taken.quantity, taken.unit, step.at, step.event_id)
            return
        more = in_unit(taken.quantity, taken.unit, held.unit)
        if self.is_single:
            total = taken.quantity
        elif not held.has_some:
            held.unit, total = taken.unit, taken.quantity
        else:
            total = None if more is None or held.quantity is None else held.quantity + more
        self._set(step, held, total, whole)

    def _set(self, step: Step, held: Held, quantity: Decimal | None, spot: Spot | None = None) -> None:
        """From this step on so much; what was before is over, unless it began in this very moment."""
        spot = held.spot.of(spot.owner, spot.possessor) if spot is not None else held.spot
        if quantity == held.quantity and spot == held.spot:
            return
        if held.since != step.at:
            self.over.append(replace(held, until=step.at))
        held.spot, held.quantity, held.since, held.event_id = spot, quantity, step.at, step.event_id
        if quantity == 0 and not spot.is_stock:
            del self.held[spot.key]


class Telling:
    """What somebody's event does to the items that it names. Made once an event: it may name thousands."""

    def __init__(self, said: Said) -> None:
        self._said = said
        here = place_named(said)
        self._there = _arrival(said, here)
        self._here = (spot_key(PositionState.at, here),) if here else ()
        self._is_leaving = said.biz_step in _LEAVING

    def moves(self, role: str, quantity: Decimal | None, unit: str | None) -> tuple[Move, ...]:
        """What it does to an item in this role."""
        said = self._said
        if role == "output" or (role == "object" and said.action == "ADD"):
            return (Move((), self._there or UNKNOWN, quantity, unit, is_only_named=True),)
        if role == "input" or (role == "object" and said.action == "DELETE"):
            return (Move(self._here, None, quantity, unit),)
        if role == "child":
            return self._packing(quantity, unit)
        if self._is_leaving:
            return (Move((*_from(said), *self._here), self._sent, quantity, unit),)
        if said.biz_location and not (said.sensors and quantity is None and role == "object"):
            coming = self._coming if said.biz_step in _ARRIVING else ()
            return (Move(coming, self._there, quantity, unit, is_seen=True),)
        return ()

    def _packing(self, quantity: Decimal | None, unit: str | None) -> tuple[Move, ...]:
        said = self._said
        if not said.parent_id or said.action == "OBSERVE":
            return ()
        if said.action == "ADD":
            return (Move(self._here, self._inside, quantity, unit, touches_stock=True),)
        return (Move((self._inside.key,), self._there or UNKNOWN, quantity, unit, touches_stock=True,
                     is_only_named=True),)

    @cached_property
    def _inside(self) -> Spot:
        return Spot(PositionState.inside, normal_form(self._said.parent_id or "")[:_LONGEST])

    @cached_property
    def _sent(self) -> Spot:
        return _sent(self._said)

    @cached_property
    def _coming(self) -> tuple[str, ...]:
        return _coming(self._said)


def place_named(said: Said) -> str:
    """Where the event leaves things, else where it happened; empty where it does not say."""
    return normal_form(said.biz_location or said.read_point or "")[:_LONGEST]


def _arrival(said: Said, place: str) -> Spot | None:
    return Spot(PositionState.at, place, _party(said.destinations, "owning_party"),
                _party(said.destinations, "possessing_party")) if place else None


def _sent(said: Said) -> Spot:
    """On the way to where the event sends it."""
    to = next((uri for kind in _TARGETS for found, uri in said.destinations if found == kind), "")
    return Spot(PositionState.transit, normal_form(to)[:_LONGEST], _party(said.destinations, "owning_party"),
                _party(said.destinations, "possessing_party"))


def _from(said: Said) -> tuple[str, ...]:
    return tuple(spot_key(PositionState.at, normal_form(uri)[:_LONGEST]) for kind, uri in said.sources
                 if kind == "location")


def _coming(said: Said) -> tuple[str, ...]:
    """The ways that end at this place or at one of these parties; last the way to somewhere that nobody named."""
    ends = [*(uri for _kind, uri in said.destinations), said.biz_location or "", ""]
    return tuple(dict.fromkeys(spot_key(PositionState.transit, normal_form(uri)[:_LONGEST]) for uri in ends))


def _party(stated: Iterable[tuple[str, str]], kind: str) -> str | None:
    return next((normal_form(uri)[:_LONGEST] for found, uri in stated if found == kind), None)


def own_moves(act: str, said: Said, role: str, amount: tuple[Decimal | None, str | None],
              ledger: Ledger) -> Iterator[Move]:
    """What an act of our own does to a lot of ours in this role."""
    stock = ledger.stock or UNKNOWN
    if act in ("receive", "enter") or role == "output":
        here = Spot(PositionState.at, place_named(said), "", "", is_stock=True)
        yield Move((), here, *amount, touches_stock=True, is_only_named=True)
    elif act == "ship":
        yield Move((stock.key,), _sent(said), *amount, touches_stock=True)
    elif act == "return":
        party = _party(said.sources, "owning_party") or ""
        yield Move((spot_key(PositionState.transit, party), *ledger.with_party(party)), stock, *amount,
                   touches_stock=True, is_only_named=True)
    elif act in ("produce", "inspect", "dispose") and amount[0]:
        yield Move((stock.key,), None, *amount, touches_stock=True, is_only_named=True)
