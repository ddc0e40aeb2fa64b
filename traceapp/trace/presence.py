"""Who was where when, through containers: what was at a place, and where a thing was, as spans of time."""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from .model import ItemPosition, PositionState

Span = tuple[datetime, datetime | None]
ALWAYS: Span = (datetime.min.replace(tzinfo=UTC), None)
_THERE = (PositionState.at, PositionState.inside)
_DEEPEST = 10
_CHUNK = 400
_P = ItemPosition
_HAS_SOME = or_(_P.quantity.is_(None), _P.quantity > 0)


def present_at(session: Session, source_key: str, start: datetime, end: datetime | None) -> dict[str, list[Span]]:
    """What was at this place, or in this container, at any time from `start` to `end`, and during which spans, also
    before and after; the thing itself always."""
    found: dict[str, list[Span]] = {source_key: [ALWAYS]}
    wave: dict[str, list[Span]] = {source_key: [ALWAYS]}
    for _level in range(_DEEPEST):
        rows = _spans(session, _there(session, sorted(wave), (start, end)), wave)
        below: dict[str, list[Span]] = defaultdict(list)
        for lot_key, spot, since, until in rows:
            below[lot_key] += _common([(since, until)], wave[spot])
        wave = {key: spans for key, spans in below.items() if spans}
        if not wave:
            break
        for key, spans in wave.items():
            found[key] = _joined([*found.get(key, ()), *spans])
    return found


def sources_of(session: Session, lot_key: str) -> dict[str, list[Span]]:
    """What readings may speak of the thing: itself, its containers and its places, during which spans."""
    found: dict[str, list[Span]] = {lot_key: [ALWAYS]}
    wave: dict[str, list[Span]] = {lot_key: [ALWAYS]}
    for _level in range(_DEEPEST):
        above: dict[str, list[Span]] = defaultdict(list)
        for below, spot, since, until in _spans(session, wave):
            above[spot] += _common([(since, until)], wave[below])
        wave = {key: spans for key, spans in above.items() if spans}
        if not wave:
            break
        for key, spans in wave.items():
            found[key] = _joined([*found.get(key, ()), *spans])
    return found


def place_uris(session: Session, source_keys: Iterable[str]) -> dict[str, str]:
    """The URIs of these places and containers."""
    keys = sorted(set(source_keys))
    found: dict[str, str] = {}
    for start in range(0, len(keys), _CHUNK):
        part = keys[start:start + _CHUNK]
        for spot, place in session.execute(select(_P.spot_key, _P.place).where(_P.spot_key.in_(part)).distinct()):
            found.setdefault(spot, place)
    return found


def _there(session: Session, spots: list[str], within: Span) -> set[str]:
    """What was at any of these places or containers at any time of the span."""
    start, end = within
    found: set[str] = set()
    for first in range(0, len(spots), _CHUNK):
        wanted = select(_P.lot_key).where(
            _P.spot_key.in_(spots[first:first + _CHUNK]), _P.state.in_(_THERE), _HAS_SOME,
            or_(_P.until.is_(None), _P.until > start)).distinct()
        found |= set(session.scalars(wanted if end is None else wanted.where(_P.since <= end)))
    return found


def _spans(session: Session, keys: Iterable[str],
           spots: Iterable[str] | None = None) -> list[tuple[str, str, datetime, datetime | None]]:
    """Where these things were, at these places and in these containers alone unless they are None."""
    found, wanted = [], None if spots is None else set(spots)
    things = sorted(keys)
    for first in range(0, len(things), _CHUNK):
        for row in session.execute(select(_P.lot_key, _P.spot_key, _P.since, _P.until).where(
                _P.lot_key.in_(things[first:first + _CHUNK]), _P.state.in_(_THERE), _HAS_SOME)):
            if wanted is None or row[1] in wanted:
                found.append((row[0], row[1], row[2], row[3]))
    return found


def _common(spans: Iterable[Span], others: Iterable[Span]) -> list[Span]:
    """The times that lie in both."""
    found = []
    for since, until in spans:
        for other_since, other_until in others:
            start = max(since, other_since)
            end = min((one for one in (until, other_until) if one is not None), default=None)
            if end is None or start < end:
                found.append((start, end))
    return found


def _joined(spans: Iterable[Span]) -> list[Span]:
    """The same times, none twice."""
    found: list[Span] = []
    for since, until in sorted(spans, key=lambda span: span[0]):
        if found and (found[-1][1] is None or since <= found[-1][1]):
            before = found[-1][1]
            found[-1] = (found[-1][0], None if before is None or until is None else max(before, until))
        else:
            found.append((since, until))
    return found


