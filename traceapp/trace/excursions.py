"""Writes when lots were outside the limits of their products, and keeps one task for each time."""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, false, insert, or_, select
from sqlalchemy.orm import Session, aliased

from traceapp.audit import record, stream_of
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.ids import name_key
from traceapp.worklist.model import Task, TaskState
from traceapp.worklist.tasks import RaiseTask, drop_tasks, raise_new_tasks

from .excursion_runs import Limits, Read, Span, excursion_in, times_outside
from .model import ItemKind, Lot
from .presence import ALWAYS, present_at, sources_of
from .sensor_model import Excursion, SensorReading
from .storage_limits import limits_of

TASK = "excursion.assess"
DUE_IN = timedelta(days=1)
_CHUNK = 500
_R = SensorReading
_EARLIEST = ALWAYS[0]


@dataclass(frozen=True, slots=True)
class Series:
    """The readings of one device about one thing or place."""

    source_key: str
    kind: str
    device: str

    @property
    def its_readings(self) -> ColumnElement[bool]:
        return and_(_R.source_key == self.source_key, _R.kind == self.kind, _R.device == self.device)

    @property
    def its_excursions(self) -> ColumnElement[bool]:
        return and_(Excursion.source_key == self.source_key, Excursion.kind == self.kind,
                    Excursion.device == self.device)


def evaluate(session: Session, series: Series, start: datetime, end: datetime) -> set[str]:
    """Judge anew what readings from `start` to `end` of a series can have changed; answers for which lots it did."""
    before = session.scalar(select(_R.at).where(series.its_readings, _R.at < start).order_by(_R.at.desc()).limit(1))
    after = session.scalar(select(_R.at).where(series.its_readings, _R.at > end).order_by(_R.at).limit(1))
    present = present_at(session, series.source_key, before or start, after)
    changed = _forget_gone(session, series)
    for limits, keys in _by_limits(session, series.kind, present).items():
        if not limits.are_set and not _has_alarms(session, series, (before or start, end)):
            continue
        within = _from_inside_to_inside(session, series, limits, (start, end))
        outside = list(times_outside(_reads(session, series, within), limits))
        rows = [_row(key, series, limits, found) for key in keys for span in present[key] for one in outside
                if (found := excursion_in(one, span, limits)) is not None]
        changed |= _replace(session, keys, and_(series.its_excursions, _overlapping(within)), rows)
    return changed


def _forget_gone(session: Session, series: Series) -> set[str]:
    """Take back what was found about things that no event names any more."""
    gone = list(session.scalars(select(Excursion.lot_key).where(
        series.its_excursions, ~select(Lot.lot_key).where(Lot.lot_key == Excursion.lot_key).exists()).distinct()))
    return _replace(session, gone, series.its_excursions, [])


def evaluate_lots(session: Session, lot_keys: Iterable[str]) -> set[str]:
    """Judge anew everything that was read about these lots; answers for which of them it changed anything."""
    changed: set[str] = set()
    for lot_key in sorted(set(lot_keys)):
        limits = limits_of(session, [lot_key]).get(lot_key, {})
        rows: list[dict[str, Any]] = []
        for source_key, spans in sources_of(session, lot_key).items():
            for series in _series_at(session, source_key, spans):
                own = limits.get(series.kind, Limits())
                if not own.are_set and not _has_alarms(session, series, (_EARLIEST, spans[-1][1])):
                    continue
                rows += _whole(session, lot_key, series, own, spans)
        changed |= _replace(session, [lot_key], Excursion.lot_key == lot_key, rows)
    return changed


def _whole(session: Session, lot_key: str, series: Series, limits: Limits,
           spans: list[Span]) -> Iterator[dict[str, Any]]:
    """The excursions of a lot in a series, each span read with the readings around it."""
    for span in spans:
        within = _from_inside_to_inside(session, series, limits, span)
        for outside in times_outside(_reads(session, series, within), limits):
            found = excursion_in(outside, span, limits)
            if found is not None:
                yield _row(lot_key, series, limits, found)


def _series_at(session: Session, source_key: str, spans: list[Span]) -> list[Series]:
    # Also those that were read before only: the last reading is in force when the thing comes.
    wanted = select(_R.kind, _R.device).where(_R.source_key == source_key).distinct()
    if spans[-1][1] is not None:
        wanted = wanted.where(_R.at <= spans[-1][1])
    return [Series(source_key, kind, device) for kind, device in session.execute(wanted.order_by(_R.kind, _R.device))]


def _by_limits(session: Session, kind: str, present: dict[str, list[Span]]) -> dict[Limits, list[str]]:
    found: dict[Limits, list[str]] = defaultdict(list)
    for lot_key, limits in limits_of(session, present).items():
        found[limits.get(kind, Limits())].append(lot_key)
    return found


def _has_alarms(session: Session, series: Series, span: Span) -> bool:
    """Whether the device raised the alarm, or anything was found by it before."""
    alarm = select(_R.at).where(series.its_readings, _R.is_alarm, _R.at >= span[0])
    alarm = alarm if span[1] is None else alarm.where(_R.at <= span[1])
    return (session.scalar(alarm.limit(1)) is not None
            or session.scalar(select(Excursion.id).where(series.its_excursions).limit(1)) is not None)


def _outside(limits: Limits, one: type[SensorReading] = _R) -> ColumnElement[bool]:
    return or_(one.is_alarm, false() if limits.lower is None else and_(one.low.is_not(None), one.low < limits.lower),
               false() if limits.upper is None else and_(one.high.is_not(None), one.high > limits.upper))


def _from_inside_to_inside(session: Session, series: Series, limits: Limits, span: Span) -> Span:
    """The last moment inside before the span, and the first one after it: what lies between can be judged alone."""
    other = aliased(_R)
    also_outside = select(other.at).where(
        other.source_key == series.source_key, other.kind == series.kind, other.device == series.device,
        other.at == _R.at, _outside(limits, other)).exists()
    inside = select(_R.at).where(series.its_readings, ~_outside(limits), ~also_outside)
    before = session.scalar(inside.where(_R.at < span[0]).order_by(_R.at.desc()).limit(1))
    after = None if span[1] is None else session.scalar(inside.where(_R.at > span[1]).order_by(_R.at).limit(1))
    return before or _EARLIEST, after


def _reads(session: Session, series: Series, span: Span) -> Iterator[Read]:
    wanted = select(_R.at, _R.until, _R.low, _R.high, _R.is_alarm, _R.event_id).where(
        series.its_readings, _R.at >= span[0])
    if span[1] is not None:
        wanted = wanted.where(_R.at <= span[1])
    for row in session.execute(wanted.execution_options(yield_per=5000)):
        yield Read(*row)


def _overlapping(span: Span) -> ColumnElement[bool]:
    since, until = span
    ends = or_(Excursion.ended_at.is_(None), Excursion.ended_at > since)
    return ends if until is None else and_(ends, Excursion.began_at < until)


def _row(lot_key: str, series: Series, limits: Limits, found: Any) -> dict[str, Any]:
    name = f"excursion:{lot_key}:{series.source_key}:{series.kind}:{series.device}:{found.began_at.isoformat()}"
    return {"lot_key": lot_key, "id": name_key(name), "source_key": series.source_key, "kind": series.kind,
            "device": series.device, "side": found.side.value, "began_at": found.began_at, "last_at": found.last_at,
            "ended_at": found.ended_at, "lowest": found.lowest, "highest": found.highest, "lower": limits.lower,
            "upper": limits.upper, "readings": found.readings, "silence": found.silence, "event_id": found.event_id}


def _replace(session: Session, keys: list[str], which: ColumnElement[bool], rows: list[dict[str, Any]]) -> set[str]:
    """Make the excursions of these lots what `rows` say; answers of which lots some came, went or changed."""
    table = Excursion.__table__
    stood = {}
    for start in range(0, len(keys), _CHUNK):
        found = session.connection().execute(select(*table.columns).where(
            Excursion.lot_key.in_(keys[start:start + _CHUNK]), which)).mappings()
        stood.update({(row["lot_key"], row["id"]): dict(row) for row in found})
    wanted = {(row["lot_key"], row["id"]): row for row in rows}
    gone = [key for key, row in stood.items() if wanted.get(key) != row]
    new = [row for key, row in wanted.items() if stood.get(key) != row]
    for lot_key, excursion_id in gone:
        session.connection().execute(delete(Excursion).where(Excursion.lot_key == lot_key,
                                                             Excursion.id == excursion_id))
    if new:
        session.connection().execute(insert(table), new)  # type: ignore[arg-type]
    return {key for key, _id in gone} | {row["lot_key"] for row in new}


def settle_tasks(session: Session, actor: Actor, clock: Clock, lot_keys: Iterable[str]) -> None:
    """Raise a task for each excursion of these lots that never had one, and drop those whose excursion is gone."""
    wanted = sorted(set(lot_keys))
    for start in range(0, len(wanted), _CHUNK):
        _settle(session, actor, clock, wanted[start:start + _CHUNK])


def _settle(session: Session, actor: Actor, clock: Clock, keys: list[str]) -> None:
    due = clock.now() + DUE_IN
    wanted: dict[str, RaiseTask] = {}
    for excursion, number, kind in session.execute(
            select(Excursion, Lot.number, Lot.item_kind).join(Lot, Lot.lot_key == Excursion.lot_key)
            .where(Excursion.lot_key.in_(keys)).order_by(Excursion.began_at, Excursion.lot_key, Excursion.id)):
        # Single things come by the thousand: one task for all of which the same event tells.
        about = f"excursion:{excursion.event_id if kind == ItemKind.instance else excursion.id}"
        wanted.setdefault(about, RaiseTask(TASK, about, "quality", due, excursion.lot_key, {
            "number": number, "kind": excursion.kind, "side": excursion.side}))
    known = _known_tasks(session, keys, list(wanted))
    new = [command for about, command in wanted.items() if about not in known]
    raise_new_tasks(session, actor, clock, new)
    for command in new:
        record(session, actor, clock.now(), "lot.excursion", stream_of("lot", command.lot_key or ""),
               dict(command.params))
    for about, task in known.items():
        if about not in wanted and task.state == TaskState.open:
            drop_tasks(session, actor, clock, about, TASK)


def _known_tasks(session: Session, keys: list[str], abouts: list[str]) -> dict[str, Task]:
    """The tasks about these lots or excursions, open or ended."""
    found = {task.about: task for task in session.scalars(
        select(Task).where(Task.lot_key.in_(keys), Task.kind == TASK))}
    for start in range(0, len(abouts), _CHUNK):
        found |= {task.about: task for task in session.scalars(
            select(Task).where(Task.about.in_(abouts[start:start + _CHUNK]), Task.kind == TASK))}
    return found
