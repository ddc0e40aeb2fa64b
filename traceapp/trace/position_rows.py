"""Writes where items were from when to when: after an act of our own what it adds, else anew from all their events."""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from operator import itemgetter
from typing import Any

from sqlalchemy import and_, bindparam, delete, or_, select, update
from sqlalchemy.orm import Session

from traceapp.db.among import among
from traceapp.db.insert import insert_rows
from traceapp.epcis import Event as Said

from . import acts
from .event_row import EventRow
from .lot_events import LotEvents, Seen, told_alike
from .model import Event, EventItem, ItemKind, ItemPosition, LotEdge, PositionState
from .position import UNKNOWN, Held, Ledger, Move, Spot, Step, Telling, own_moves, place_named, spot_key

_COMING = frozenset({"receive", "enter", "produce"})
MOVING_ACTS = _COMING | {"inspect", "ship", "return", "dispose"}
_SINGLE = (ItemKind.instance, ItemKind.container)
_KEYS = ("lot_key", "since", "spot_key")
_VALUES = ("until", "state", "place", "owner", "possessor", "quantity", "unit", "is_stock", "event_id")
_HERE = and_(*(ItemPosition.__table__.c[name] == bindparam(f"key_{name}") for name in _KEYS))
_CHANGE = update(ItemPosition.__table__).where(_HERE).values({name: bindparam(f"new_{name}") for name in _VALUES})  # type: ignore[arg-type]
_DELETE = delete(ItemPosition.__table__).where(_HERE)  # type: ignore[arg-type]
# Acts of ours that move something state how much.
_LATER = (select(EventItem.lot_key).join(Event, (Event.subject_key == EventItem.subject_key)
                                         & (Event.id == EventItem.event_id))
          .where(EventItem.lot_key.in_(bindparam("keys", expanding=True)), EventItem.at > bindparam("at"),
                 EventItem.stands, or_(EventItem.quantity.is_not(None), Event.capture_id.is_not(None)))
          .distinct())
_ALL = (select(*(ItemPosition.__table__.c[name] for name in (*_KEYS, *_VALUES)))
        .where(among(ItemPosition.lot_key, "keys")))
_OPEN = _ALL.where(ItemPosition.until.is_(None))
_ENDED = select(LotEdge.lot_key, LotEdge.other_key, LotEdge.until).where(
    among(LotEdge.lot_key, "keys"), LotEdge.direction == "down", LotEdge.kind.in_(("packed", "attached")),
    LotEdge.until.is_not(None)).distinct()
_CHUNK = 500
_ORDER = itemgetter(0, 1, 2)
Rows = dict[tuple[datetime, str], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Touch:
    """One item in one role of one event."""

    lot_key: str
    role: str
    quantity: Decimal | None
    unit: str | None


def follow_act(session: Session, row: EventRow, said: Said, touched: list[Touch]) -> set[str]:
    """Write what an act of our own changes; answers the lots of which something came to or left a place."""
    act, data = acts.read(said)
    keys = sorted({one.lot_key for one in touched if one.quantity is not None})
    if act not in MOVING_ACTS or not keys:
        return set()
    before = _rows(session, keys, is_open=True)
    late = set(session.scalars(_LATER, {"keys": keys, "at": row.event_time}))
    if act not in _COMING:
        late |= set(keys) - set(before)  # of before positions were kept
    changed = refresh(session, late) if late else set()
    changes = _Changes()
    for key in keys:
        if key in late:
            continue
        ledger = _ledger(before.get(key, {}))
        for one in sorted((one for one in touched if one.lot_key == key), key=lambda one: one.role):
            moves = tuple(own_moves(act, said, one.role, _amount(act, data, one), ledger))
            ledger.apply(Step(row.event_time, row.id, moves))
        if changes.note(key, before.get(key, {}), _rows_of(ledger)):
            changed.add(key)
    changes.write(session)
    return changed


def refresh(session: Session, keys: Iterable[str], events: LotEvents | None = None) -> set[str]:
    """Work the rows of these items out anew; answers those of which something came to or left a place. `events`: what
    is known of their events already."""
    events = events or LotEvents(session)
    wanted, changed = sorted(set(keys)), set()
    telling: dict[str, Telling] = {}
    for start in range(0, len(wanted), _CHUNK):
        part = wanted[start:start + _CHUNK]
        before = _rows(session, [key for key in part if key not in events.new], is_open=False)
        after = _worked_out(events, part, telling)
        changes = _Changes()
        changed |= {key for key in part if changes.note(key, before.get(key, {}), after.get(key, {}))}
        changes.write(session)
    return changed


def _amount(act: str, data: dict[str, Any], one: Touch) -> tuple[Decimal | None, str | None]:
    """What of it came into stock, or left it: retained samples are none."""
    is_made = act == "enter" or (act == "produce" and one.role == "output")
    if is_made and one.quantity is not None:
        return one.quantity - acts.number(data, "retainedSamples"), one.unit
    return one.quantity, one.unit


def _worked_out(events: LotEvents, keys: list[str], telling: dict[str, Telling]) -> dict[str, Rows]:
    """Where these items were, by what is told of them; things of which the same is told share their rows. `telling`:
    what was worked out of events before."""
    found = events.of(keys)
    emptied = _emptied(events, found)
    rows: dict[str, Rows] = {}
    alike: dict[Any, Rows] = {}
    for key, own in found.items():
        item = own[0].known.items.get(key)
        is_single = item is not None and item.kind in _SINGLE
        left = emptied.get(key, [])
        shape = is_single, told_alike(own), tuple(left)
        if shape not in alike:
            alike[shape] = _rows_of(_ledger_of(own, left, Ledger(is_single), telling))
        rows[key] = alike[shape]
    return rows


def _ledger_of(own: list[Seen], left: list[tuple[datetime, str, Move]], ledger: Ledger,
               telling: dict[str, Telling]) -> Ledger:
    steps: list[tuple[datetime, str, str, Seen | Move]] = [(one.at, one.event_id, one.role, one) for one in own]
    steps += [(at, cause, "", move) for at, cause, move in left]
    steps.sort(key=_ORDER)
    for at, event_id, _role, what in steps:
        moves = (what,) if isinstance(what, Move) else _moves(what, ledger, telling)
        ledger.apply(Step(at, event_id, moves))
    return ledger


def _moves(one: Seen, ledger: Ledger, telling: dict[str, Telling]) -> Iterable[Move]:
    if one.is_told:
        told = telling.get(one.event_id)
        if told is None:
            told = telling[one.event_id] = Telling(one.said)
        return told.moves(one.role, one.quantity, one.unit)
    act, data = acts.read(one.said)
    amount = _amount(act, data, Touch("", one.role, one.quantity, one.unit))
    return tuple(own_moves(act, one.said, one.role, amount, ledger))


def _emptied(events: LotEvents, found: dict[str, list[Seen]]) -> dict[str, list[tuple[datetime, str, Move]]]:
    """When, by which event and where to each item left because its container was emptied whole."""
    packed = [key for key, own in found.items() if any(one.role == "child" for one in own)]
    if not packed:
        return {}
    lines = events.session.connection().execute(_ENDED, {"keys": packed}).all()
    unnamed = [line for line in lines if not any(
        one.role == "child" and one.action == "DELETE" and one.at == line.until for one in found[line.lot_key])]
    emptying: dict[tuple[str, datetime], Seen] = {}
    for container, own in events.of({line.other_key for line in unnamed}).items():
        for one in own:
            if one.role == "parent" and one.action == "DELETE":
                emptying.setdefault((container, one.at), one)
    left: dict[str, list[tuple[datetime, str, Move]]] = defaultdict(list)
    for line in unnamed:
        cause = emptying.get((line.other_key, line.until))
        if cause is not None:
            left[line.lot_key].append((line.until, cause.event_id, _left(line.other_key, cause.said)))
    return left


def _left(container: str, said: Said) -> Move:
    """All of it is where the container was emptied."""
    place = place_named(said)
    return Move((container,), Spot(PositionState.at, place) if place else UNKNOWN, None, None, touches_stock=True,
                is_only_named=True)


def _rows(session: Session, keys: list[str], *, is_open: bool) -> dict[str, Rows]:
    found: dict[str, Rows] = defaultdict(dict)
    for lot_key, since, spot, *values in session.connection().execute(_OPEN if is_open else _ALL, {"keys": keys}):
        found[lot_key][since, spot] = dict(zip(_VALUES, values, strict=True))
    return found


def _ledger(rows: Rows) -> Ledger:
    """Goes on from what stands. Only lots of ours have acts of ours, so none of them is a single thing."""
    ledger = Ledger(False)
    for (since, key), row in sorted(rows.items(), key=lambda one: one[0]):
        spot = Spot(PositionState(row["state"]), row["place"], row["owner"], row["possessor"], row["is_stock"])
        ledger.held[key] = Held(spot, row["quantity"], row["unit"], since, row["event_id"])
    return ledger


@dataclass(slots=True)
class _Changes:
    """What is to be written about many items, in three statements."""

    gone: list[dict[str, Any]] = field(default_factory=list)
    changed: list[dict[str, Any]] = field(default_factory=list)
    new: list[tuple[Any, ...]] = field(default_factory=list)

    def note(self, lot_key: str, before: Rows, after: Rows) -> bool:
        """Make the rows of an item what they should be; answers whether something came to or left a place."""
        self.gone += [_key(lot_key, key) for key in before if key not in after]
        for key, row in after.items():
            if key not in before:
                self.new.append((lot_key, *key, *row.values()))
            elif before[key] != row:
                self.changed.append(_key(lot_key, key) | {f"new_{name}": value for name, value in row.items()})
        return any(map(_is_some, after.values())) if not before else _presence(before) != _presence(after)

    def write(self, session: Session) -> None:
        connection = session.connection()
        for statement, rows in ((_DELETE, self.gone), (_CHANGE, self.changed)):
            if rows:
                connection.execute(statement, rows)
        insert_rows(session, ItemPosition, (*_KEYS, *_VALUES), self.new)


def _key(lot_key: str, key: tuple[datetime, str]) -> dict[str, Any]:
    return {"key_lot_key": lot_key, "key_since": key[0], "key_spot_key": key[1]}


def _rows_of(ledger: Ledger) -> Rows:
    return {(held.since, held.spot.key): _values(held) for held in (*ledger.over, *ledger.held.values())}


def _values(held: Held) -> dict[str, Any]:
    spot = held.spot
    return {"until": held.until, "state": spot.state.value, "place": spot.place, "owner": spot.owner or "",
            "possessor": spot.possessor or "", "quantity": held.quantity, "unit": held.unit,
            "is_stock": spot.is_stock, "event_id": held.event_id}


def _presence(rows: Rows) -> list[tuple[str, datetime, datetime | None]]:
    """Where something was from when to when, whatever the quantity."""
    return merged([(key, since, row["until"]) for (since, key), row in rows.items()
                   if _is_some(row)])


def _is_some(row: dict[str, Any]) -> bool:
    return row["quantity"] is None or row["quantity"] > 0


def merged(spans: Iterable[tuple[str, datetime, datetime | None]]) -> list[tuple[str, datetime, datetime | None]]:
    """Spans at the same place that meet, as one; in the order of place and time."""
    found: list[tuple[str, datetime, datetime | None]] = []
    for key, since, until in sorted(spans, key=lambda span: span[:2]):
        if found and found[-1][0] == key and found[-1][2] == since:
            found[-1] = (key, found[-1][1], until)
        else:
            found.append((key, since, until))
    return found


__all__ = ["MOVING_ACTS", "Touch", "follow_act", "merged", "refresh", "spot_key"]
