"""What can be outside its limits at all, for many things at once: captures bring thousands, and few have limits."""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import Select, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from .many_keys import in_parts
from .model import ItemPosition
from .sensor_model import Excursion, SensorReading
from .storage_limits import are_any, limited

_CHUNK = 500
_DEEPEST = 10


def lots_to_judge(session: Session, keys: Iterable[str]) -> set[str]:
    """Those that have limits, were outside before, or were where a device raised the alarm; none where nothing was
    ever read."""
    asked = set(keys)
    if not asked or (_is_none(session, select(SensorReading.source_key))
                     and _is_none(session, select(Excursion.id))):
        return set()
    alarms = set(session.scalars(select(SensorReading.source_key).where(SensorReading.is_alarm).distinct()))
    alarmed = {key for keys in contents(session, alarms).values() for key in keys}
    return limited(session, asked) | _in(session, asked, select(Excursion.lot_key), Excursion.lot_key) \
        | asked & (alarms | alarmed)


def sources_to_judge(session: Session, sources: Iterable[str]) -> set[str]:
    """The things and places whose readings can matter: something in them has limits, was found outside by them, or they
    raised the alarm."""
    asked = set(sources)
    if not asked:
        return set()
    found = _in(session, asked, select(Excursion.source_key), Excursion.source_key)
    found |= _in(session, asked, select(SensorReading.source_key).where(SensorReading.is_alarm),
                 SensorReading.source_key)
    if not are_any(session):
        return found
    within = contents(session, asked)
    having = limited(session, asked.union(*within.values()))
    return found | {source for source in asked
                    if source in having or not having.isdisjoint(within.get(source, ()))}


def contents(session: Session, spots: Iterable[str]) -> dict[str, set[str]]:
    """What was ever at each of these places or in each of these containers, at any depth."""
    found: dict[str, set[str]] = defaultdict(set)
    wave = {spot: {spot} for spot in spots}  # thing or place -> which of the first ones it is in
    for _level in range(_DEEPEST):
        below: dict[str, set[str]] = defaultdict(set)
        for part in in_parts(sorted(wave), _CHUNK):
            for spot, key in session.execute(select(ItemPosition.spot_key, ItemPosition.lot_key).where(
                    ItemPosition.spot_key.in_(part)).distinct()):
                below[key] |= {first for first in wave[spot] if key not in found[first]}
        wave = {key: firsts for key, firsts in below.items() if firsts}
        for key, firsts in wave.items():
            for first in firsts:
                found[first].add(key)
        if not wave:
            break
    return found


def _in(session: Session, asked: set[str], wanted: Select[str],
        column: InstrumentedAttribute[str]) -> set[str]:
    return {key for part in in_parts(sorted(asked), _CHUNK)
            for key in session.scalars(wanted.where(column.in_(part)).distinct())}


def _is_none(session: Session, wanted: Select[str]) -> bool:
    return session.scalar(wanted.limit(1)) is None
