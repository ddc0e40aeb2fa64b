"""The pictures of a signal: the curve with its alarm line, and the reports by week, each with its table twin."""
from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _
from markupsafe import Markup

from traceapp.surveillance.observe import CountedReport
from traceapp.web.i18n import LANGUAGES, language
from traceapp.web.ui import charts, display

if TYPE_CHECKING:
    from traceapp.signals.curve import Curve

_MOST_POINTS = 140
_GRAVE = ("critical", "major")


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing, and the rows of the table that says the same."""

    drawing: Markup
    rows: list[dict[str, Any]]


def counted_curve(curve: Curve) -> Picture:
    """Reports and expected reports, counted up; thinned to what a screen can show, first, last and alarm day kept."""
    kept = _kept(curve)
    labels = [_short_day(curve.days[i]) for i in kept]
    observed = [int(curve.observed[i]) for i in kept]
    expected = [round(float(curve.expected[i]), 2) for i in kept]
    alarm = [None if curve.alarm is None else int(curve.alarm[i]) for i in kept]
    crossed = kept.index(curve.days.index(curve.crossed_on)) if curve.crossed_on else None
    words = charts.CurveWords(_("Reports, counted up"), _("Observed"), _("Expected"), _("Alarm line"), _("Alarm"))
    drawing = charts.cumulative_curve(
        charts.Curve(labels, observed, expected, alarm if curve.alarm is not None else (), crossed), words)
    step = max(1, len(kept) // 24)
    shown = sorted({*range(0, len(kept), step), len(kept) - 1, *([] if crossed is None else [crossed])})
    rows = [{"meaning": "stop" if i == crossed else None, "cells": {
        "day": _long_day(curve.days[kept[i]]), "observed": observed[i], "expected": f"{expected[i]:.1f}",
        "boundary": "–" if alarm[i] is None else alarm[i]}} for i in shown]
    return Picture(drawing, rows)


def _kept(curve: Curve) -> list[int]:
    count = len(curve.days)
    step = max(1, -(-count // _MOST_POINTS))
    places = {*range(0, count, step), count - 1}
    if curve.crossed_on:
        places.add(curve.days.index(curve.crossed_on))
    return sorted(places)


def weekly_reports(reports: Sequence[CountedReport], span: tuple[date, date], opened_at: datetime) -> Picture | None:
    """The reports by week of receipt; serious ones fill the foot of their bar. None without a report.

    `span`: first despatch and today.
    """
    if not reports:
        return None
    start = _monday(min(span[0], reports[0].day))
    weeks = [start + timedelta(weeks=n) for n in range((span[1] - start).days // 7 + 1)]
    counts, grave = Counter(_monday(one.day) for one in reports), Counter(
        _monday(one.day) for one in reports if one.severity in _GRAVE)
    if len(weeks) > 60:
        weeks = weeks[-60:]
    marks = [(weeks.index(_monday(day)), text) for day, text in (
        (span[0], _("First despatch")), (opened_at.date(), _("Signal"))) if _monday(day) in weeks]
    drawing = charts.epidemic_curve(
        charts.Cases([_short_day(week) for week in weeks], [counts[week] for week in weeks],
                     [grave[week] for week in weeks], marks),
        charts.CasesWords(_("Reports by week"), _("Reports"), _("of them serious")))
    rows = [{"cells": {"week": _long_day(week), "cases": counts[week], "serious": grave[week]}} for week in weeks
            if counts[week]]
    return Picture(drawing, rows)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _short_day(day: date) -> str:
    return f"{day.month}月{day.day}日" if language() == "zh" else f"{day:%d %b}".lstrip("0")


def _long_day(day: date) -> str:
    return display.day(day, LANGUAGES[language()][0])
