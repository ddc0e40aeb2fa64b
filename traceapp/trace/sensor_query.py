"""Reads of the cold chain: the series of a lot thinned for a picture, its readings by pages, its excursions."""
from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from operator import attrgetter
from typing import Any

from sqlalchemy import ColumnElement, Integer, and_, cast, func, literal, or_, select, tuple_
from sqlalchemy.orm import Session

from traceapp.core.errors import InvalidInput
from traceapp.db.page import Order, Page, page_of

from .excursion_runs import Limits, Span
from .excursions import Series
from .model import ItemPosition, Lot, ShipmentLine
from .presence import sources_of
from .query_model import EventTerm
from .sensor_model import Excursion, SensorReading
from .storage_limits import limits_of
from .terms import typed

MOST_POINTS = 1000
MOST_SOURCES = 40
_MOST_SERIES = 12
_MOST_SPANS = 30
_CHUNK = 500
_R = SensorReading
_KEY = (_R.at, _R.source_key, _R.kind, _R.device, _R.event_id, _R.position)


@dataclass(frozen=True, slots=True)
class Point:
    """Some readings that follow each other: from when to when, the lowest, the highest, how many."""

    at: datetime
    until: datetime
    low: Decimal
    high: Decimal
    count: int


@dataclass(frozen=True, slots=True)
class Drawn:
    """One series of a lot as it is drawn."""

    series: Series
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Conditions:
    """How a lot was kept: series, limits by kind, excursions (the first ones). `left_out`: series or sources that are
    not drawn."""

    drawn: tuple[Drawn, ...]
    limits: dict[str, Limits]
    excursions: tuple[Excursion, ...]
    left_out: int


def conditions_of(session: Session, lot_key: str, most_points: int = MOST_POINTS) -> Conditions:
    """The series that speak of a lot, thinned to so many points altogether with their extremes kept."""
    sources = sorted(sources_of(session, lot_key).items(), key=lambda one: (one[0] != lot_key, one[1][0][0], one[0]))
    found = list(_series_of(session, sources[:MOST_SOURCES]))
    shown = found[:_MOST_SERIES]
    spans = dict(sources)
    each = max(1, most_points // max(1, len(shown)))
    drawn = tuple(Drawn(series, _thinned(session, series, spans[series.source_key], each)) for series in shown)
    return Conditions(tuple(one for one in drawn if one.points), limits_of(session, [lot_key]).get(lot_key, {}),
                      excursions_of(session, lot_key), len(found) - len(shown) + max(0, len(sources) - MOST_SOURCES))


def _series_of(session: Session, sources: list[tuple[str, list[Span]]]) -> Iterator[Series]:
    keys = [key for key, _spans in sources]
    order = {key: number for number, key in enumerate(keys)}
    found = session.execute(select(_R.source_key, _R.kind, _R.device).where(
        _R.source_key.in_(keys), _R.low.is_not(None)).distinct()).all()
    yield from (Series(*row) for row in sorted(found, key=lambda row: (order[row[0]], row[1], row[2])))


def _within(source_key: str, spans: list[Span]) -> ColumnElement[bool]:
    """The readings of a source while the lot was there; of very many spans, from the first to the last."""
    if len(spans) > _MOST_SPANS:
        spans = [(spans[0][0], spans[-1][1])]
    return and_(_R.source_key == source_key, or_(*(
        _R.at >= since if until is None else and_(_R.at >= since, _R.at < until) for since, until in spans)))


def _thinned(session: Session, series: Series, spans: list[Span], most: int) -> tuple[Point, ...]:
    """The readings in so many groups of about the same number, each with its lowest and highest."""
    within = and_(series.its_readings, _within(series.source_key, spans), _R.low.is_not(None))
    part = cast(func.ntile(most).over(order_by=_R.at), Integer).label("part")
    rows = select(_R.at, _R.until, _R.low, _R.high, part).where(within).subquery()
    grouped = session.execute(select(
        func.min(rows.c.at, type_=_R.at.type), func.max(func.coalesce(rows.c.until, rows.c.at), type_=_R.at.type),
        func.min(rows.c.low, type_=_R.low.type), func.max(rows.c.high, type_=_R.high.type), func.count())
        .group_by(rows.c.part).order_by(rows.c.part))
    return tuple(Point(*row) for row in grouped)


@dataclass(frozen=True, slots=True)
class ReadingPage:
    """`next`: the cursor of the page after this one, None on the last."""

    rows: tuple[SensorReading, ...]
    next: str | None


def reading_page(session: Session, lot_key: str, after: str | None, limit: int) -> ReadingPage:
    """The readings that speak of a lot in the order of time, page by page. Raises InvalidInput for a cursor that is
    not ours."""
    place = _read_cursor(after) if after else None
    rows: list[SensorReading] = []
    for key, spans in sorted(sources_of(session, lot_key).items())[:_CHUNK]:
        # Each source in the order of its key, which the database has ready; no more of it than the page can hold.
        wanted = select(_R).where(_within(key, spans)).order_by(*_KEY).limit(limit + 1)
        if place is not None:
            wanted = wanted.where(_R.at >= place[0], tuple_(*_KEY) > tuple_(*(
                literal(value, column.type) for value, column in zip(place, _KEY, strict=True))))
        rows += session.scalars(wanted)
    rows.sort(key=attrgetter(*(column.key for column in _KEY)))
    shown = tuple(rows[:limit])
    return ReadingPage(shown, _cursor(shown[-1]) if len(rows) > limit else None)


def _cursor(row: SensorReading) -> str:
    packed = [row.at.isoformat(), row.source_key, row.kind, row.device, row.event_id, row.position]
    return base64.urlsafe_b64encode(json.dumps(packed).encode()).decode("ascii").rstrip("=")


def _read_cursor(text: str) -> tuple[Any, ...]:
    try:
        at, *texts, position = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        moment = datetime.fromisoformat(at)
        if (moment.tzinfo is None or len(texts) != 4 or type(position) is not int or not 0 <= position < 2**31
                or not all(isinstance(one, str) and one.isprintable() for one in texts)):
            raise ValueError("no cursor of ours")
    except (ValueError, TypeError):
        raise InvalidInput("This is not the place of a page; begin again with the first page.", code="bad-cursor",
                           place="after") from None
    return moment, *texts, position


def excursions_of(session: Session, lot_key: str, limit: int = 200) -> tuple[Excursion, ...]:
    """When a lot was outside its limits, the newest first."""
    return tuple(session.scalars(select(Excursion).where(Excursion.lot_key == lot_key)
                                 .order_by(Excursion.began_at.desc(), Excursion.id).limit(limit)))


@dataclass(frozen=True, slots=True)
class ExcursionFilter:
    """`is_open`: still outside by the last reading, or inside again; None: both."""

    kind: str | None = None
    is_open: bool | None = None
    after: str | None = None
    limit: int = 50


def excursion_page(session: Session, wanted: ExcursionFilter) -> Page[Excursion]:
    """The times that any lots were outside their limits, those that began last first."""
    found = select(Excursion)
    if wanted.kind is not None:
        found = found.where(Excursion.kind == wanted.kind)
    if wanted.is_open is not None:
        found = found.where(Excursion.ended_at.is_(None) if wanted.is_open else Excursion.ended_at.is_not(None))
    return page_of(session, found, Order(Excursion.began_at, Excursion.id, descending=True), wanted.after, wanted.limit)


def lots_outside(session: Session, lot_keys: Iterable[str]) -> set[str]:
    """Those of these lots that were ever outside their limits."""
    found: set[str] = set()
    wanted = sorted(set(lot_keys))
    for start in range(0, len(wanted), _CHUNK):
        found |= set(session.scalars(select(Excursion.lot_key).where(
            Excursion.lot_key.in_(wanted[start:start + _CHUNK])).distinct()))
    return found


@dataclass(frozen=True, slots=True)
class _Sent:
    """One despatch of a lot: its event, when it left, its papers."""

    shipment_id: str
    shipped_at: datetime
    papers: frozenset[str]


def shipments_outside(session: Session, lot_keys: Iterable[str]) -> dict[tuple[str, str], list[Excursion]]:
    """(lot, despatch) -> the excursions that its units may have gone through, by the rule of decision 11."""
    keys = sorted(lots_outside(session, lot_keys))
    if not keys:
        return {}
    excursions = session.scalars(select(Excursion).where(Excursion.lot_key.in_(keys[:_CHUNK]))
                                 .order_by(Excursion.began_at, Excursion.id)).all()
    lines = session.execute(select(ShipmentLine.lot_key, ShipmentLine.shipment_id, ShipmentLine.shipped_at).where(
        ShipmentLine.lot_key.in_(keys[:_CHUNK]), ShipmentLine.units > 0).distinct()).all()
    papers = _papers(session, {line.shipment_id for line in lines} | {one.event_id for one in excursions})
    stock = {tuple(row) for row in session.execute(select(ItemPosition.lot_key, ItemPosition.spot_key).where(
        ItemPosition.lot_key.in_(keys[:_CHUNK]), ItemPosition.is_stock).distinct())}
    places = _places(session, {one.source_key for one in excursions})
    found: dict[tuple[str, str], list[Excursion]] = {}
    for line in lines:
        sent = _Sent(line.shipment_id, line.shipped_at, papers.get(line.shipment_id, frozenset()))
        for one in excursions:
            if one.lot_key == line.lot_key and _concerns(one, sent, papers.get(one.event_id, frozenset()), (
                    (one.lot_key, one.source_key) in stock, one.source_key in places)):
                found.setdefault((line.lot_key, line.shipment_id), []).append(one)
    return found


def _concerns(one: Excursion, sent: _Sent, papers: frozenset[str], source: tuple[bool, bool]) -> bool:
    """Whether units of the despatch may have gone through the excursion."""
    is_our_stock, is_place = source
    if papers:
        return bool(papers & sent.papers)
    if is_our_stock:
        return sent.shipped_at >= one.began_at
    return not is_place or sent.shipped_at <= (one.ended_at or one.last_at)


def _papers(session: Session, event_ids: set[str]) -> dict[str, frozenset[str]]:
    """The despatch advices that these events name."""
    found: dict[str, set[str]] = {}
    wanted = sorted(event_ids)
    for start in range(0, len(wanted), _CHUNK):
        for event_id, key in session.execute(select(EventTerm.event_id, EventTerm.key).where(
                EventTerm.event_id.in_(wanted[start:start + _CHUNK]),
                EventTerm.name == typed("bizTransaction", "desadv"))):
            found.setdefault(event_id, set()).add(key)
    return {event_id: frozenset(keys) for event_id, keys in found.items()}


def _places(session: Session, source_keys: set[str]) -> set[str]:
    """Those of these sources that are places, not things."""
    wanted = sorted(source_keys)
    things: set[str] = set()
    for start in range(0, len(wanted), _CHUNK):
        part = wanted[start:start + _CHUNK]
        things |= set(session.scalars(select(Lot.lot_key).where(Lot.lot_key.in_(part))))
    return source_keys - things


