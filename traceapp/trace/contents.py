"""What is in containers, by their packing events alone, at a moment: lots with quantities, single things one each."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from .derive_foreign import Resolver, Touched, touched_by
from .identity import Item
from .lot_events import LotEvents, Seen
from .many_keys import in_parts, listed
from .model import LotEdge

_PACKING = ("AggregationEvent", "AssociationEvent")
_KINDS = ("packed", "attached")
_DEEPEST = 10


@dataclass(frozen=True, slots=True)
class Content:
    """So much of an item in a container, or in one that is in it; `quantity` None: not stated."""

    key: str
    item: Item
    quantity: Decimal | None
    unit: str | None


@dataclass(slots=True)
class _Box:
    """What is directly in one container, as its events are gone through."""

    inside: dict[str, Content] = field(default_factory=dict)

    def apply(self, one: Seen, children: Iterable[tuple[Touched, Item]]) -> None:
        named = list(children)
        if one.action == "DELETE" and not named:
            self.inside.clear()
        for touched, item in named:
            if one.action == "ADD":
                self._put(touched, item)
            elif one.action == "DELETE":
                self._take(touched)

    def _put(self, touched: Touched, item: Item) -> None:
        before = self.inside.get(touched.key)
        quantity, unit = touched.quantity, touched.unit
        if before is not None and item.kind == "lot":
            is_sum = None not in (before.quantity, quantity) and before.unit == unit
            quantity = before.quantity + quantity if is_sum else None  # type: ignore[operator]
        self.inside[touched.key] = Content(touched.key, item, quantity, unit)

    def _take(self, touched: Touched) -> None:
        before = self.inside.get(touched.key)
        if before is None:
            return
        left = (before.quantity - touched.quantity if before.quantity is not None and touched.quantity is not None
                and before.unit == touched.unit else None)
        if before.item.kind != "lot" or (left is not None and left <= 0):
            del self.inside[touched.key]
        else:
            self.inside[touched.key] = Content(before.key, before.item, left, before.unit)


@dataclass(frozen=True, slots=True)
class Opened:
    """What was in a container, each line by itself, and the keys of the containers that it was in."""

    contents: tuple[Content, ...]
    boxes: frozenset[str]


def contents_of(session: Session, container_key: str, at: datetime | None = None) -> tuple[Content, ...]:
    """What was in it at a moment (None: by all of its events), through containers in it; each line by itself, empty for
    one that nothing was packed into."""
    return opened(session, container_key, at).contents


def opened(session: Session, container_key: str, at: datetime | None = None) -> Opened:
    """The same with the containers, itself among them."""
    events = LotEvents(session)
    found: list[Content] = []
    wave, seen = [container_key], {container_key}
    for _level in range(_DEEPEST):
        below: list[str] = []
        for key in wave:
            for content in _directly(events, key, at):
                if content.item.kind != "container":
                    found.append(content)
                elif content.key not in seen:
                    seen.add(content.key)
                    below.append(content.key)
        wave = below
        if not wave:
            break
    return Opened(tuple(found), frozenset(seen))


def containers_above(session: Session, keys: Iterable[str]) -> set[str]:
    """The containers that these were ever packed into, and those that these were packed into."""
    return _along(session, keys, "down")


def packed_below(session: Session, keys: Iterable[str]) -> set[str]:
    """What was ever packed into those of these that are containers, and into what is in them."""
    return _along(session, keys, "up")


def _along(session: Session, keys: Iterable[str], direction: str) -> set[str]:
    found: set[str] = set()
    wave = set(keys)
    for _level in range(_DEEPEST):
        if not wave:
            break
        further = {key for part in in_parts(sorted(wave), 5000) for key in session.scalars(
            select(LotEdge.other_key).where(LotEdge.lot_key.in_(listed(session, part)), LotEdge.direction == direction,
                                            LotEdge.kind.in_(_KINDS)).distinct())}
        wave = further - found
        found |= further
    return found


def _directly(events: LotEvents, key: str, at: datetime | None) -> Iterable[Content]:
    box = _Box()
    packings = [one for one in events.of([key]).get(key, ()) if one.role == "parent" and one.type in _PACKING
                and one.action in ("ADD", "DELETE") and (at is None or one.at <= at)]
    resolver = Resolver.of(events.session, [one.said for one in packings]) if packings else Resolver()
    for one in packings:
        box.apply(one, [(touched, one.known.items[touched.key]) for touched in touched_by(one.said, resolver)
                        if touched.role == "child"])
    return box.inside.values()
