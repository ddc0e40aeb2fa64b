"""Writes where items were from when to when: after an act of our own what it adds, else anew from all their events."""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import and_, bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from traceapp.epcis import Event as Said

from . import acts
from .event_row import EventRow
from .model import Event, EventItem, ItemKind, ItemPosition, Lot, LotEdge, PositionState
from .position import UNKNOWN, Held, Ledger, Move, Spot, Step, own_moves, place_named, spot_key, told_moves
from .stored import said_of

MOVING_ACTS = frozenset({"receive", "produce", "inspect", "ship", "return", "dispose"})
_SINGLE = (ItemKind.instance, ItemKind.container)
_KEYS = ("lot_key", "since", "spot_key")
_VALUES = ("until", "state", "place", "owner", "possessor", "quantity", "unit", "is_stock", "event_id")
_HERE = and_(*(ItemPosition.__table__.c[name] == bindparam(f"key_{name}") for name in _KEYS))
_CHANGE = update(ItemPosition.__table__).where(_HERE).values({name: bindparam(f"new_{name}") for name in _VALUES})  # type: ignore[arg-type]
_DELETE = delete(ItemPosition.__table__).where(_HERE)  # type: ignore[arg-type]
_LATER = (select(EventItem.lot_key).join(Event, (Event.subject_key == EventItem.subject_key)
                                         & (Event.id == EventItem.event_id))
          .where(EventItem.lot_key.in_(bindparam("keys", expanding=True)), Event.event_time > bindparam("at"))
          .distinct())
_CHUNK = 200
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
    if act not in MOVING_ACTS:
        return set()
    keys = sorted({one.lot_key for one in touched})
    before = _rows(session, keys, is_open=True)
    late = set(session.scalars(_LATER, {"keys": keys, "at": row.event_time}))
    if act not in ("receive", "produce"):
        late |= set(keys) - set(before)  # of before positions were kept
    changed = refresh(session, late) if late else set()
    for key in keys:
        if key in late:
            continue
        ledger = _ledger(before.get(key, {}))
        for one in sorted((one for one in touched if one.lot_key == key), key=lambda one: one.role):
            moves = tuple(own_moves(act, said, one.role, _amount(act, data, one), ledger))
            ledger.apply(Step(row.event_time, row.id, moves))
        if _write(session, key, before.get(key, {}), ledger):
            changed.add(key)
    return changed


def refresh(session: Session, keys: Iterable[str]) -> set[str]:
    """Work the rows of these items out anew; answers those of which something came to or left a place."""
    wanted, changed = sorted(set(keys)), set()
    for start in range(0, len(wanted), _CHUNK):
        part = wanted[start:start + _CHUNK]
        before = _rows(session, part, is_open=False)
        ledgers = _worked_out(session, part)
        for key in part:
            if _write(session, key, before.get(key, {}), ledgers.get(key) or Ledger(False)):
                changed.add(key)
    return changed


def _amount(act: str, data: dict[str, Any], one: Touch) -> tuple[Decimal | None, str | None]:
    """What of it came into stock, or left it: retained samples are none."""
    if act == "produce" and one.role == "output" and one.quantity is not None:
        return one.quantity - acts.number(data, "retainedSamples"), one.unit
    return one.quantity, one.unit


def _worked_out(session: Session, keys: list[str]) -> dict[str, Ledger]:
    kinds = dict(session.execute(select(Lot.lot_key, Lot.item_kind).where(Lot.lot_key.in_(keys))).all())
    told: dict[str, list[tuple[datetime, str, str, Any]]] = defaultdict(list)
    said: dict[str, Said] = {}
    found = session.execute(
        select(EventItem, Event).join(Event, (Event.subject_key == EventItem.subject_key)
                                      & (Event.id == EventItem.event_id))
        .where(EventItem.lot_key.in_(keys), EventItem.role != "process")).all()
    for item, row in found:
        if row.id not in said:
            said[row.id] = said_of(row)
        told[item.lot_key].append((row.event_time, row.id, item.role, (item, row)))
    for key, at, event_id, move in _emptied(session, keys, found):
        told[key].append((at, event_id, "", move))
    ledgers = {}
    for key, steps in told.items():
        ledger = ledgers[key] = Ledger(kinds.get(key) in _SINGLE)
        for at, event_id, _role, what in sorted(steps, key=lambda step: step[:3]):
            moves = (what,) if isinstance(what, Move) else tuple(_moves(what, said[event_id], ledger))
            ledger.apply(Step(at, event_id, moves))
    return ledgers


def _moves(told: tuple[EventItem, Event], said: Said, ledger: Ledger) -> Iterator[Move]:
    item, row = told
    one = Touch(item.lot_key, item.role, item.quantity, item.unit)
    if row.capture_id is not None:
        return told_moves(said, one.role, one.quantity, one.unit)
    act, data = acts.read(said)
    return own_moves(act, said, one.role, _amount(act, data, one), ledger)


def _emptied(session: Session, keys: list[str], found: Iterable[Any]) -> Iterator[tuple[str, datetime, str, Move]]:
    """What left its container because that was emptied whole, without being named."""
    lines = session.execute(select(LotEdge.lot_key, LotEdge.other_key, LotEdge.until).where(
        LotEdge.lot_key.in_(keys), LotEdge.direction == "down", LotEdge.kind.in_(("packed", "attached")),
        LotEdge.until.is_not(None)).distinct()).all()
    if not lines:
        return
    named = {(item.lot_key, row.event_time) for item, row in found if item.role == "child" and row.action == "DELETE"}
    containers = sorted({line.other_key for line in lines})
    emptying: dict[tuple[str, datetime], Event] = {}
    for start in range(0, len(containers), _CHUNK):
        for key, row in session.execute(
                select(EventItem.lot_key, Event).join(Event, (Event.subject_key == EventItem.subject_key)
                                                      & (Event.id == EventItem.event_id))
                .where(EventItem.lot_key.in_(containers[start:start + _CHUNK]), EventItem.role == "parent",
                       Event.action == "DELETE").order_by(Event.id)):
            emptying.setdefault((key, row.event_time), row)
    for line in lines:
        cause = emptying.get((line.other_key, line.until))
        if cause is not None and (line.lot_key, line.until) not in named:
            place = place_named(said_of(cause))
            put = Spot(PositionState.at, place) if place else UNKNOWN
            yield line.lot_key, line.until, cause.id, Move((line.other_key,), put, None, None, touches_stock=True,
                                                         is_only_named=True)


def _rows(session: Session, keys: list[str], *, is_open: bool) -> dict[str, Rows]:
    found: dict[str, Rows] = defaultdict(dict)
    wanted = select(*ItemPosition.__table__.columns).where(ItemPosition.lot_key.in_(keys))
    if is_open:
        wanted = wanted.where(ItemPosition.until.is_(None))
    for row in session.connection().execute(wanted).mappings():
        found[row["lot_key"]][row["since"], row["spot_key"]] = {name: row[name] for name in _VALUES}
    return found


def _ledger(rows: Rows) -> Ledger:
    """Goes on from what stands. Only lots of ours have acts of ours, so none of them is a single thing."""
    ledger = Ledger(False)
    for (since, key), row in sorted(rows.items(), key=lambda one: one[0]):
        spot = Spot(PositionState(row["state"]), row["place"], row["owner"], row["possessor"], row["is_stock"])
        ledger.held[key] = Held(spot, row["quantity"], row["unit"], since, row["event_id"])
    return ledger


def _write(session: Session, lot_key: str, before: Rows, ledger: Ledger) -> bool:
    """Make the rows of the lot what the ledger says; answers whether something came to or left a place."""
    after = {(held.since, held.spot.key): _values(held) for held in (*ledger.over, *ledger.held.values())}
    gone = [_key(lot_key, key) for key in before if key not in after]
    changed = [_key(lot_key, key) | {f"new_{name}": value for name, value in row.items()}
               for key, row in after.items() if key in before and before[key] != row]
    new = [{"lot_key": lot_key, "since": since, "spot_key": spot} | row
           for (since, spot), row in after.items() if (since, spot) not in before]
    connection = session.connection()
    for statement, rows in ((_DELETE, gone), (_CHANGE, changed), (insert(ItemPosition.__table__), new)):  # type: ignore[arg-type]
        if rows:
            connection.execute(statement, rows)
    return _presence(before) != _presence(after)


def _key(lot_key: str, key: tuple[datetime, str]) -> dict[str, Any]:
    return {"key_lot_key": lot_key, "key_since": key[0], "key_spot_key": key[1]}


def _values(held: Held) -> dict[str, Any]:
    spot = held.spot
    return {"until": held.until, "state": spot.state.value, "place": spot.place, "owner": spot.owner or "",
            "possessor": spot.possessor or "", "quantity": held.quantity, "unit": held.unit,
            "is_stock": spot.is_stock, "event_id": held.event_id}


def _presence(rows: Rows) -> list[tuple[str, datetime, datetime | None]]:
    """Where something was from when to when, whatever the quantity."""
    return merged([(key, since, row["until"]) for (since, key), row in rows.items()
                   if row["quantity"] is None or row["quantity"] > 0])


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
