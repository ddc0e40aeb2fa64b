"""How a lot was kept: temperature and humidity against the limits of its product, and the times outside them."""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from statistics import median
from typing import Any
from urllib.parse import unquote

from flask_babel import gettext, lazy_gettext
from markupsafe import Markup
from sqlalchemy.orm import Session

from traceapp.trace.excursion_runs import Limits
from traceapp.trace.model import Lot
from traceapp.trace.overview import LotHead
from traceapp.trace.position_query import PlaceName, named_places
from traceapp.trace.presence import place_uris
from traceapp.trace.sensor_model import Excursion
from traceapp.trace.sensor_query import Conditions, Drawn, Point, conditions_of
from traceapp.web.reading import ZONE
from traceapp.web.ui import charts, current_locale
from traceapp.web.ui.display import moment, number
from traceapp.web.words import own_name

_ = lazy_gettext
KINDS = {"temperature": (_("Temperature"), "°C"), "humidity": (_("Relative humidity"), "%"),
         "other": (_("Alarm of a device"), "")}
SIDES = {"above": _("above the limit"), "below": _("below the limit"), "both": _("below and above the limits"),
         "alarm": _("alarm of the device")}
_MOST_MARKS = 8
_TABLE_ROWS = 120
_GAP = 4  # a silence of so many usual intervals breaks the line
_SHORTEST_GAP = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class ConditionPicture:
    """One kind of reading: a drawing, the rows of its table, and the sentence that it shows."""

    title: str
    unit: str
    drawing: Markup
    rows: list[dict[str, Any]]
    said: str


def storage_part(session: Session, head: LotHead) -> dict[str, Any]:
    """What the page of the cold chain shows."""
    found = conditions_of(session, head.lot.lot_key)
    keys = {one.series.source_key for one in found.drawn} | {one.source_key for one in found.excursions}
    sources = _source_names(session, head.lot, keys)
    pictures = [_picture(kind, found, sources) for kind in KINDS if any(one.series.kind == kind for one in found.drawn)]
    return {"pictures": pictures, "left_out": found.left_out, "excursion_rows": [
        excursion_row(one, sources) for one in found.excursions], "limit_texts": _limit_texts(found.limits)}


def excursion_text(one: Excursion) -> str:
    """What was outside, in words: Temperature above the limit, up to 11.5 °C."""
    title, unit = KINDS[one.kind]
    text = (gettext("%(what)s %(side)s", what=title, side=SIDES[one.side]) if one.side != "alarm"
            else str(KINDS["other"][0]))
    worst = one.lowest if one.side == "below" else one.highest
    return text if worst is None else f"{text} ({_number(worst)} {unit})"


def _source_names(session: Session, lot: Lot, keys: set[str]) -> dict[str, str]:
    """source key -> what the readings speak of."""
    uris = place_uris(session, keys)
    names: Mapping[str, PlaceName] = named_places(session, uris.values())
    found = {key: own_name(names.get(uri), uri) for key, uri in uris.items()}
    return found | {lot.lot_key: gettext("the lot itself")}


def _number(value: Decimal) -> str:
    return number(value.quantize(Decimal("0.01")).normalize() + 0, current_locale())


def _limit_texts(limits: Mapping[str, Limits]) -> list[tuple[str, str]]:
    found = []
    for kind, one in limits.items():
        if one.are_set:
            title, unit = KINDS[kind]
            ends = [_number(value) if value is not None else "…" for value in (one.lower, one.upper)]
            text = f"{ends[0]} – {ends[1]} {unit}"
            if one.allowed:
                text += " · " + gettext("outside for %(minutes)d minutes is allowed",
                                        minutes=one.allowed.total_seconds() // 60)
            found.append((str(title), text))
    return found


def _picture(kind: str, found: Conditions, sources: Mapping[str, str]) -> ConditionPicture:
    title, unit = str(KINDS[kind][0]), KINDS[kind][1]
    drawn = [one for one in found.drawn if one.series.kind == kind]
    outside = [one for one in reversed(found.excursions) if one.kind == kind]
    start = min(one.points[0].at for one in drawn)
    end = max(one.points[-1].until for one in drawn)
    span = max((end - start).total_seconds(), 1.0)

    def x(at: datetime) -> float:
        return min(1.0, max(0.0, (at - start).total_seconds() / span))

    limits = found.limits.get(kind, Limits())
    bounds = [(value, f"{word} {_number(value)} {unit}") for value, word in (
        (limits.upper, gettext("at most")), (limits.lower, gettext("at least"))) if value is not None]
    marks = [(x(one.began_at), x(one.ended_at or one.last_at), str(SIDES[one.side])) for one in outside[:_MOST_MARKS]]
    drawing = charts.condition_chart(title, unit, charts.Conditions(
        [[[(x(point.at), point.low, point.high) for point in part] for part in _stretches(one.points)]
         for one in drawn], bounds, marks, list(_labels(start, end))))
    return ConditionPicture(title, unit, drawing, list(_rows(drawn, limits, sources)), _said(drawn, outside, unit))


def _stretches(points: tuple[Point, ...]) -> Iterator[list[Point]]:
    """Points that follow each other without a long silence between them."""
    steps = [(after.at - before.until).total_seconds() for before, after in zip(points, points[1:], strict=False)]
    longest = max(_SHORTEST_GAP.total_seconds(), _GAP * median(steps)) if steps else 0
    part = [points[0]]
    for step, point in zip(steps, points[1:], strict=True):
        if step > longest:
            yield part
            part = []
        part.append(point)
    yield part


def _labels(start: datetime, end: datetime) -> Iterator[tuple[float, str]]:
    span = end - start
    for part in range(5):
        at = (start + span * part / 4).astimezone(ZONE)
        is_chinese = current_locale().lower().startswith("zh")
        day = f"{at.month}月{at.day}日" if is_chinese else f"{at:%d %b}".lstrip("0")
        yield part / 4, f"{day} {at:%H:%M}" if span < timedelta(days=4) else day


def _said(drawn: list[Drawn], outside: list[Excursion], unit: str) -> str:
    low = min(point.low for one in drawn for point in one.points)
    high = max(point.high for one in drawn for point in one.points)
    count = sum(point.count for one in drawn for point in one.points)
    text = gettext("%(count)s readings, %(low)s to %(high)s %(unit)s.", count=number(count, current_locale()),
                   low=_number(low), high=_number(high), unit=unit)
    if not outside:
        return text
    return text + " " + gettext("Outside the limits %(times)s times.", times=len(outside)) if len(outside) > 1 else (
        text + " " + gettext("Outside the limits once."))


def _rows(drawn: list[Drawn], limits: Limits, sources: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """The table: as many rows as one reads, each with its lowest and highest."""
    each = max(1, _TABLE_ROWS // len(drawn))
    for one in drawn:
        step = -(-len(one.points) // each)
        for start in range(0, len(one.points), step):
            part = one.points[start:start + step]
            low, high = min(point.low for point in part), max(point.high for point in part)
            is_outside = (limits.lower is not None and low < limits.lower) or (
                limits.upper is not None and high > limits.upper)
            yield {"meaning": "stop" if is_outside else None, "cells": {
                "from": moment(part[0].at, current_locale()), "until": moment(part[-1].until, current_locale()),
                "low": _number(low), "high": _number(high), "count": sum(point.count for point in part),
                "outside": gettext("outside") if is_outside else "", "source": sources.get(one.series.source_key, ""),
                "device": device_name(one.series.device)}}


def device_name(uri: str) -> str:
    """A device as people call it."""
    return unquote(uri.removeprefix("urn:traceapp:device:"))


def excursion_row(one: Excursion, sources: Mapping[str, str]) -> dict[str, Any]:
    """A time outside the limits in the reader's words; `sources`: what the keys of its sources are called."""
    title, unit = KINDS[one.kind]
    worst = one.lowest if one.side == "below" else one.highest
    return {"what": str(title) if worst is None else f"{title} {_number(worst)} {unit}", "side": str(SIDES[one.side]),
            "began_at": one.began_at, "ended_at": one.ended_at, "last_at": one.last_at,
            "lasted": _lasted((one.ended_at or one.last_at) - one.began_at), "readings": one.readings,
            "silence": _lasted(timedelta(seconds=one.silence)), "source": " · ".join(
                part for part in (sources.get(one.source_key, ""), device_name(one.device)) if part)}


def _lasted(span: timedelta) -> str:
    minutes = int(span.total_seconds() // 60)
    if minutes < 120:
        return gettext("%(minutes)d min", minutes=minutes)
    return gettext("%(hours)d h %(minutes)d min", hours=minutes // 60, minutes=minutes % 60)
