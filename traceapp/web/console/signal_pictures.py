"""The curve of a signal with its alarm line, and its table twin."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _
from markupsafe import Markup

from traceapp.web.i18n import LANGUAGES, language
from traceapp.web.ui import charts, display

if TYPE_CHECKING:
    from traceapp.signals.curve import Curve

_MOST_POINTS = 140


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing, and the rows of the table that says the same."""

    drawing: Markup
    rows: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Frozen:
    """When a signal got its numbers, and which."""

    on: date
    observed: int
    expected: float


def counted_curve(curve: Curve, history: int | None = None, frozen: Frozen | None = None) -> Picture:
    """Reports and expected reports, counted up; thinned to what a screen can show, first, last and named days kept.

    `history`: the reports that the rate was learnt from, which gives the expected its band; None: it is stated.
    """
    opened = frozen.on if frozen and curve.days[0] <= frozen.on <= curve.days[-1] else None
    kept = _kept(curve, opened)
    observed = [int(curve.observed[i]) for i in kept]
    expected = [round(float(curve.expected[i]), 2) for i in kept]
    alarm = [None if curve.alarm is None else int(curve.alarm[i]) for i in kept]
    crossed = kept.index(curve.days.index(curve.crossed_on)) if curve.crossed_on else None
    band = _band(curve, history, kept)
    drawing = charts.cumulative_curve(charts.Curve(
        [short_day(curve.days[i]) for i in kept], observed, expected, alarm if curve.alarm is not None else (), crossed,
        band, kept.index(curve.days.index(opened)) if opened else None), _curve_words(curve, frozen))
    step = max(1, len(kept) // 24)
    shown = sorted({*range(0, len(kept), step), len(kept) - 1, *([] if crossed is None else [crossed])})
    rows = [{"meaning": "stop" if i == crossed else None, "cells": {
        "day": long_day(curve.days[kept[i]]), "observed": observed[i],
        "expected": f"{expected[i]:.1f}" + (f" ({band[i][0]:.1f}–{band[i][1]:.1f})" if band else ""),
        "boundary": "–" if alarm[i] is None else alarm[i]}} for i in shown]
    return Picture(drawing, rows)


def _curve_words(curve: Curve, frozen: Frozen | None) -> charts.CurveWords:
    alarm = _("Alarm") if curve.crossed_on is None else _("Alarm on %(day)s", day=short_day(curve.crossed_on))
    kept = "" if frozen is None else _("The signal says %(observed)s (%(expected)s expected)",
                                       observed=frozen.observed, expected=f"{frozen.expected:.1f}")
    return charts.CurveWords(_("Reports, counted up"), _("Observed"), _("Expected"), _("Alarm line"), alarm, kept)


def _band(curve: Curve, history: int | None, kept: Sequence[int]) -> list[tuple[float, float]]:
    """Between which values the expected lies on each kept day; empty where the rate is stated."""
    if not history:
        return []
    from traceapp.signals.curve import expected_band

    low, high = expected_band(curve.expected, history)
    return [(round(float(low[i]), 2), round(float(high[i]), 2)) for i in kept]


def _kept(curve: Curve, opened: date | None) -> list[int]:
    count = len(curve.days)
    step = max(1, -(-count // _MOST_POINTS))
    named = {curve.days.index(day) for day in (curve.crossed_on, opened) if day}
    return sorted({*range(0, count, step), count - 1, *named})


def short_day(day: date) -> str:
    """A day as it stands at an axis."""
    return f"{day.month}月{day.day}日" if language() == "zh" else f"{day:%d %b}".lstrip("0")


def long_day(day: date) -> str:
    """A day as it stands in a table."""
    return display.day(day, LANGUAGES[language()][0])
