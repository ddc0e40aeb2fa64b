"""What follows from events for positions and the cold chain, in one call each: after an act, a capture, a rebuild."""
from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from sqlalchemy import bindparam, or_, select
from sqlalchemy.orm import Session

from traceapp.catalog.model import PackagingLevel
from traceapp.catalog.service import LIMITS_CHANGED, STEM
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.epcis import Event as Said
from traceapp.worklist.work import add_work

from . import position_rows
from .derive import Derived
from .event_row import EventRow
from .excursions import evaluate, evaluate_lots, settle_tasks
from .identity import Item, item_of
from .judging import lots_to_judge, sources_to_judge
from .lot_events import LotEvents
from .model import Event, EventItem, ItemPosition, Lot, LotEdge
from .sensor_model import Excursion, SensorReading
from .sensor_rows import Changed, all_series, derive_readings, take_back
from .stored import said_of

KeyOf = Callable[[Item], str]
_CHUNK = 500
_JUDGED_AT_ONCE = 100
_READ_SINCE = (select(SensorReading.at).join(ItemPosition, ItemPosition.spot_key == SensorReading.source_key)
               .where(ItemPosition.lot_key == bindparam("key"), SensorReading.at >= bindparam("at")).limit(1))
_OUT_SINCE = select(Excursion.id).where(Excursion.lot_key == bindparam("key"), or_(
    Excursion.ended_at.is_(None), Excursion.ended_at > bindparam("at"))).limit(1)


@dataclass(slots=True)
class Followed:
    """What the events of a capture changed: series of readings, and containers that were emptied."""

    series: Changed = field(default_factory=dict)
    emptied: set[str] = field(default_factory=set)


def follow_act(session: Session, actor: Actor, clock: Clock, derived: Derived) -> None:
    """After an act of our own."""
    row, said = derived.row, derived.said
    items = derived.rows.get(EventItem, [])
    touched = [position_rows.Touch(one["lot_key"], one["role"], one["quantity"], one["unit"]) for one in items
               if one["stands"]]
    moved = position_rows.follow_act(session, row, said, touched)
    judged = _judge(session, derive_readings(session, [(row, said)], lambda item: item.key))
    judged |= evaluate_lots(session, _read_since(session, moved, row))
    settle_tasks(session, actor, clock, judged)


def _read_since(session: Session, moved: set[str], row: EventRow) -> set[str]:
    """Those that were where something was read after the act, or outside their limits then; mostly there is none."""
    found: set[str] = set()
    for key in sorted(moved):
        values = {"key": key, "at": row.event_time}
        if any(session.connection().execute(asked, values).first() is not None for asked in (_READ_SINCE, _OUT_SINCE)):
            found.add(key)
    return found


def follow_captured(events: LotEvents, actor: Actor, clock: Clock, touched: set[str], followed: Followed) -> None:
    """After a capture, once the lines of the genealogy and their ends are written."""
    session = events.session
    moved = position_rows.refresh(session, touched | _in_containers(session, followed.emptied), events)
    judged = _judge(session, followed.series)
    contents = _contents(session, set(filter(events.may_hold, moved)))
    judged |= evaluate_lots(session, lots_to_judge(session, moved | contents))
    settle_tasks(session, actor, clock, judged)


def note_captured(session: Session, followed: Followed, told: list[tuple[EventRow, Said]], key_of: KeyOf) -> None:
    """Events that stand: their readings, and what they emptied."""
    followed.series = _both(followed.series, derive_readings(session, told, key_of))
    followed.emptied |= _emptied_by(told)


def note_undone(session: Session, followed: Followed, row: Event, key_of: KeyOf) -> None:
    """An event that its sender declared wrong."""
    told = [(row, said_of(row))]
    followed.series = _both(followed.series, take_back(session, *told[0], key_of))
    followed.emptied |= _emptied_by(told)


def follow_rebuilt(session: Session) -> None:
    """After everything else was derived again."""
    last = ""
    while keys := session.scalars(select(Lot.lot_key).where(Lot.lot_key > last).order_by(Lot.lot_key)
                                  .limit(_CHUNK)).all():
        position_rows.refresh(session, keys)
        last = keys[-1]
    _judge(session, all_series(session))


def follow_limits(session: Session, actor: Actor, clock: Clock, subject: str) -> None:
    """After the storage limits of a product were changed: judge its things anew, some now, and leave word to go on.
    `subject`: the product's id, and after a colon the last thing that was judged."""
    product_id, _, last = subject.partition(":")
    gtins = select(PackagingLevel.gtin).where(PackagingLevel.product_id == product_id)
    classes = [f"{STEM}{gtin}" for gtin in session.scalars(gtins)]
    keys = session.scalars(select(Lot.lot_key).where(
        or_(Lot.product_id == product_id, Lot.class_uri.in_(classes)), Lot.lot_key > last)
        .order_by(Lot.lot_key).limit(_JUDGED_AT_ONCE)).all()
    settle_tasks(session, actor, clock, evaluate_lots(session, lots_to_judge(session, set(keys))))
    if len(keys) == _JUDGED_AT_ONCE:
        add_work(session, clock, LIMITS_CHANGED, f"{product_id}:{keys[-1]}")


def settle_all(session: Session, actor: Actor, clock: Clock) -> None:
    """Raise the tasks that excursions found by a rebuild lack."""
    last = ""
    while keys := session.scalars(select(Excursion.lot_key).where(Excursion.lot_key > last).distinct()
                                  .order_by(Excursion.lot_key).limit(_CHUNK)).all():
        settle_tasks(session, actor, clock, keys)
        last = keys[-1]


def _emptied_by(told: Iterable[tuple[EventRow, Said]]) -> set[str]:
    """Containers out of which everything was taken without being named."""
    return {item_of(said.parent_id, is_class=False, is_parent=True).key for _row, said in told
            if said.parent_id and said.action == "DELETE" and not said.child_epcs and not said.child_quantities}


def _in_containers(session: Session, containers: set[str]) -> set[str]:
    found: set[str] = set()
    keys = sorted(containers)
    for start in range(0, len(keys), _CHUNK):
        found |= set(session.scalars(select(LotEdge.other_key).where(
            LotEdge.lot_key.in_(keys[start:start + _CHUNK]), LotEdge.direction == "up",
            LotEdge.kind.in_(("packed", "attached")))))
    return found


def _contents(session: Session, keys: set[str]) -> set[str]:
    """What is or was in these, at any depth."""
    found: set[str] = set()
    wave = keys
    while wave := _in_positions(session, wave) - found - keys:
        found |= wave
    return found


def _in_positions(session: Session, containers: set[str]) -> set[str]:
    keys, found = sorted(containers), set()
    for start in range(0, len(keys), _CHUNK):
        found |= set(session.scalars(select(ItemPosition.lot_key).where(
            ItemPosition.spot_key.in_(keys[start:start + _CHUNK]))))
    return found


def _both(series: Changed, more: Changed) -> Changed:
    """All series, each from its first change to its last."""
    whole = dict(series)
    for one, (start, end) in more.items():
        before = whole.get(one, (start, end))
        whole[one] = (min(before[0], start), max(before[1], end))
    return whole


def _judge(session: Session, changed: Changed) -> set[str]:
    found: set[str] = set()
    to_judge = sources_to_judge(session, {series.source_key for series in changed})
    for series, (start, end) in changed.items():
        if series.source_key in to_judge:
            found |= evaluate(session, series, start, end)
    return found
