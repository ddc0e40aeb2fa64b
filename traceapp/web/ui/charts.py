"""Pictures of numbers as SVG: numbers and translated words in, Markup out. No library, no time, no locale of their own.

Every chart but the sparkline fills the width it is given and keeps its letters at their size: x is in percent, y in
pixels, and lines are drawn in a stretched inner picture. Colours come from console.css by class. A chart carries its
title as accessible name; the facts behind it stand in the table twin of `ui.chart_frame`.
"""
from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from .chart_parts import (
    HEIGHT,
    Number,
    Scale,
    apart,
    drawing,
    letters,
    polyline,
    rect,
    short,
    stairs,
    stretched,
    time_axis,
    value_axis,
)

__all__ = ["HEIGHT", "Cases", "CasesWords", "Conditions", "Curve", "CurveWords", "Open", "condition_chart",
           "cumulative_curve", "epidemic_curve", "funnel", "sparkline"]


@dataclass(frozen=True, slots=True)
class Curve:
    """Cumulative counts, one value for each label; `boundary` is the count that raises the alarm at that time, `band`
    between which values the expected may lie, `alarm_index` the place of the first alarm, `frozen_index` the place
    where the numbers were kept as evidence."""

    labels: Sequence[str]
    observed: Sequence[Number]
    expected: Sequence[Number]
    boundary: Sequence[Number | None] = ()
    alarm_index: int | None = None
    band: Sequence[tuple[Number, Number]] = ()
    frozen_index: int | None = None

    def __post_init__(self) -> None:
        count = len(self.labels)
        lengths = {len(self.observed), len(self.expected), len(self.boundary) or count, len(self.band) or count}
        if count == 0 or lengths != {count}:
            raise ValueError("a curve needs one observed, expected and boundary value for each label")


@dataclass(frozen=True, slots=True)
class CurveWords:
    """Translated texts of a curve: `title` is read aloud, the others stand at their lines."""

    title: str
    observed: str
    expected: str
    boundary: str
    alarm: str
    frozen: str = ""


def cumulative_curve(curve: Curve, words: CurveWords) -> Markup:
    """Observed against expected over time, with the alarm line. Names and last values stand at the line ends."""
    known = [float(v) for v in (*curve.observed, *curve.expected, *(b for b in curve.boundary if b is not None),
                                *(high for _low, high in curve.band))]
    scale = Scale(max(known), len(curve.labels))
    lines = [
        _band([(scale.x(i), scale.y(low), scale.y(high)) for i, (low, high) in enumerate(curve.band)]),
        polyline("ln ln-exp", [(scale.x(i), scale.y(v)) for i, v in enumerate(curve.expected)]),
        polyline("ln ln-alarm", stairs([(scale.x(i), scale.y(b)) for i, b in enumerate(curve.boundary)
                                        if b is not None])),
        polyline("ln ln-obs", stairs([(scale.x(i), scale.y(v)) for i, v in enumerate(curve.observed)])),
    ]
    frozen = [] if curve.frozen_index is None else _marks([(curve.frozen_index, words.frozen)], scale)
    axes = [value_axis(scale), time_axis(curve.labels, scale), *frozen]
    kind = "chart marked" if frozen else "chart"
    return drawing(kind, words.title, HEIGHT, [*axes, stretched(lines), *_end_names(curve, words, scale),
                                               *_points(curve, words, scale)])


def _band(edges: Sequence[tuple[float, float, float]]) -> Markup:
    path = " ".join(f"{x:.2f},{y:.1f}" for x, y in (*((x, high) for x, _low, high in edges),
                                                    *((x, low) for x, low, _high in reversed(edges))))
    return Markup('<polygon class="band-exp" points="{}"/>').format(path) if path else Markup("")


def _end_names(curve: Curve, words: CurveWords, scale: Scale) -> list[Markup]:
    """What each line is; counts at the right end, moved apart where the lines end close together."""
    span = f" ({short(curve.band[-1][0])}–{short(curve.band[-1][1])})" if curve.band else ""
    ends = [(scale.y(curve.observed[-1]), "tx-obs halo", f"{words.observed} {short(curve.observed[-1])}"),
            (scale.y(curve.expected[-1]), "ax halo", f"{words.expected} {short(curve.expected[-1])}{span}")]
    ends.sort(key=lambda end: end[0])
    places = apart([y - 9 for y, _kind, _text in ends], 18, (4, HEIGHT - 6))
    names = [letters(kind, 100, y, text, "end", -9 if "tx-obs" in kind else 0)
             for y, (_y, kind, text) in zip(places, ends, strict=True)]
    first = next((i for i, value in enumerate(curve.boundary) if value is not None), None)
    if first is not None:  # at its beginning, for at its end the counts stand
        names.append(letters("tx-alarm halo", scale.x(first), scale.y(curve.boundary[first] or 0) - 8, words.boundary,
                             "start"))
    return names


# Per cent of the width, beyond which the count of today is written.
_NEAR_END = 75


def _points(curve: Curve, words: CurveWords, scale: Scale) -> list[Markup]:
    """Dots: where the count stands, where it crossed the line with its word, and where it was frozen."""
    dot = Markup('<circle class="pt{}" cx="{:.2f}%" cy="{:.1f}" r="{}"/>')
    parts = [dot.format("", 100 if len(curve.labels) > 1 else 50, scale.y(curve.observed[-1]), 5)]
    if curve.frozen_index is not None:
        parts.append(dot.format(" pt-frozen", scale.x(curve.frozen_index), scale.y(curve.observed[curve.frozen_index]),
                                5))
    if curve.alarm_index is not None:
        x, y = scale.x(curve.alarm_index), scale.y(curve.observed[curve.alarm_index])
        left = x > 45
        parts.append(dot.format(" pt-alarm", x, y, 6))
        # Near the end the count of today is written above: then the word goes below its dot.
        is_crowded = x > _NEAR_END and y - 10 < scale.y(curve.observed[-1]) + 9
        place = min(y + 22, HEIGHT - 6) if is_crowded else y - 10
        parts.append(letters("tx-alarm halo", x, place, words.alarm, "end" if left else "start", -10 if left else 10))
    return parts


@dataclass(frozen=True, slots=True)
class Open:
    """What a slot will have grown to once all is reported, with an interval; all None: too early to say."""

    estimated: float | None = None
    low: int | None = None
    high: int | None = None


@dataclass(frozen=True, slots=True)
class Cases:
    """Cases of each day or week, how many of them were serious, what is not reported yet (None: nothing more is to
    come), and `marks` that name slots: [(index, text), …]. A picture that stands beside others has their `top`."""

    labels: Sequence[str]
    counts: Sequence[int]
    serious: Sequence[int] = ()
    marks: Sequence[tuple[int, str]] = ()
    open: Sequence[Open | None] = ()
    top: int = 0

    def __post_init__(self) -> None:
        count = len(self.labels)
        if not count or {len(self.counts), len(self.serious) or count, len(self.open) or count} != {count}:
            raise ValueError("an epidemic curve needs one count for each label")
        if any(serious > cases for serious, cases in zip(self.serious, self.counts, strict=False)):
            raise ValueError("more serious cases than cases")

    def highest(self) -> int:
        """The highest bar with its interval."""
        return max([self.top, *self.counts, *(one.high for one in self.open if one and one.high is not None)])


@dataclass(frozen=True, slots=True)
class CasesWords:
    """Translated texts: `title` is read aloud, the others are the key below the time axis."""

    title: str
    cases: str
    serious: str
    to_come: str = ""
    too_early: str = ""


def epidemic_curve(cases: Cases, words: CasesWords) -> Markup:
    """Cases over time as bars. The serious ones fill the foot of their bar; those that are not reported yet stand
    hatched on top of it with the interval as a whisker, or as a question mark where it is too early."""
    labels, counts = cases.labels, cases.counts
    # Over a bar its number stands, and the names of marks stand over that.
    scale = Scale(cases.highest() + bool(cases.marks), len(labels), bars=True)
    width = 76 / len(labels)
    bars = [
        rect(kind, scale.x(i) - width / 2, scale.y(c), width, HEIGHT - scale.y(c))
        for kind, series in (("bar1", counts), ("bar2", cases.serious))
        for i, c in enumerate(series)
        if c
    ]
    waiting = [(i, one) for i, one in enumerate(cases.open) if one is not None]
    bars += [shape for i, one in waiting for shape in _to_come(scale, (i, width), counts[i], one)]
    if len(labels) <= 16:
        known = {i for i, one in waiting if one.estimated is None or one.estimated > counts[i]}
        bars += [letters("ax halo", scale.x(i), scale.y(c) - 6, short(c), "middle") for i, c in enumerate(counts)
                 if c and i not in known]
    entries = _entries(cases, words, waiting)
    key = _key(entries)
    kind = " ".join(["chart", *(name for name, is_so in (
        ("marked", cases.marks), ("keyed", entries), ("long", len(entries) > 2)) if is_so)])
    hatch = _HATCH if waiting else Markup("")
    parts = [hatch, value_axis(scale), *_marks(cases.marks, scale), *bars, time_axis(labels, scale), key]
    return drawing(kind, words.title, HEIGHT, parts)


# Slanted lines, so that what is only estimated is told from what was counted without colour.
_HATCH = Markup(
    '<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<rect class="hatch0" width="6" height="6"/><rect class="hatch1" width="2" height="6"/></pattern></defs>')


def _to_come(scale: Scale, place: tuple[int, float], count: int, slot: Open) -> list[Markup]:
    """The hatched part over a bar and its interval. `place`: which slot, and how wide its bar is in per cent."""
    index, width = place
    x = scale.x(index)
    if slot.estimated is None or slot.low is None or slot.high is None:
        return [letters("ax halo", x, scale.y(count) - 6, f"{count or ''}?", "middle")]
    y = scale.y(slot.estimated)
    box = Markup('<rect class="bar-open" fill="url(#hatch)" x="{:.2f}%" y="{:.1f}" width="{:.2f}%" height="{:.1f}"/>')
    parts = [box.format(x - width / 2, y, width, scale.y(count) - y)]
    if slot.high > slot.low:
        whisker = Markup('<svg x="{:.2f}%" overflow="visible">'
                         '<path class="whisker" d="M-5 {top:.1f}h10m-5 0V{end:.1f}m-5 0h10"/></svg>')
        parts.append(whisker.format(x, top=scale.y(slot.high), end=scale.y(slot.low)))
    return parts


def _entries(cases: Cases, words: CasesWords, waiting: Sequence[tuple[int, Open]]) -> list[tuple[str, str]]:
    """What the key must explain; nothing where all bars are alike."""
    entries = []
    if any(cases.serious):
        entries.append(("bar2", words.serious))
    if any(one.estimated is not None for _i, one in waiting):
        entries.append(("bar-open", words.to_come))
    if any(one.estimated is None for _i, one in waiting):
        entries.append(("", f"? {words.too_early}"))
    return [("bar1", words.cases), *entries] if entries else []


def _marks(marks: Sequence[tuple[int, str]], scale: Scale) -> list[Markup]:
    """Named lines through the plot; the names stand over it, in two rows by turns."""
    parts = []
    for row, (index, text) in enumerate(marks):
        x, top = scale.x(index), -10 - 17 * (row % 2)
        line = Markup('<line class="mark" x1="{0:.2f}%" x2="{0:.2f}%" y1="{1}" y2="{2}"/>')
        parts.append(line.format(x, top + 4, HEIGHT))
        near = 20 if len(text) < 16 else 50  # a long name in the middle would leave a phone's screen
        parts.append(letters("tx-mark", x, top, text, "start" if x < near else "end" if x > 100 - near else "middle"))
    return parts


def _key(entries: Sequence[tuple[str, str]]) -> Markup:
    """What the fillings mean, two in a row."""
    parts = []
    for place, (kind, text) in enumerate(entries):
        x, y = 50 * (place % 2), HEIGHT + 36 + 22 * (place // 2)
        if kind:
            fill = Markup(' fill="url(#hatch)"') if kind == "bar-open" else Markup("")
            parts.append(Markup('<rect class="{}"{} x="{}%" y="{}" width="12" height="12"/>').format(kind, fill, x, y))
        parts.append(letters("ax", x, y + 11, text, "start", 20 if kind else 4))
    return Markup("").join(parts)


def funnel(title: str, steps: Sequence[tuple[str, int, str]]) -> Markup:
    """How many of the first step reached each next one: [(label, count, its text), …]. Raises ValueError if empty."""
    if not steps:
        raise ValueError("a funnel needs a step")
    whole = max(count for _, count, _ in steps) or 1
    parts = []
    for row, (label, count, text) in enumerate(steps):
        y = row * 46
        parts.append(letters("", 0, y + 16, label, "start"))
        parts.append(letters("v num halo", 100, y + 16, text, "end"))
        parts.append(rect("bar0", 0, y + 22, 100, 12))
        parts.append(rect("bar", 0, y + 22, 100 * count / whole, 12))
    return drawing("chart funnel", title, len(steps) * 46, parts)


def sparkline(title: str, values: Sequence[Number]) -> Markup:
    """The run of `values` in the height of a line of text, last value dotted; nothing for fewer than two values."""
    if len(values) < 2:
        return Markup("")
    low, high = float(min(values)), float(max(values))
    across = 92 / (len(values) - 1)
    points = [(2 + i * across, 21 - 18 * (float(v) - low) / ((high - low) or 1)) for i, v in enumerate(values)]
    dot = Markup('<circle class="pt" cx="{:.1f}" cy="{:.1f}" r="3"/>').format(*points[-1])
    return Markup(
        '<svg class="spark" viewBox="0 0 96 24" width="96" height="24" role="img" aria-label="{}">{}{}</svg>'
    ).format(title, polyline("ln ln-obs", points), dot)


@dataclass(frozen=True, slots=True)
class Conditions:
    """What was measured from 0 (left) to 1 (right). `series`: [[(x, lowest, highest), …] for each stretch without a
    gap] for each device; `limits`: [(value, text), …]; `outside`: [(from x, to x, text), …]; `labels`: [(x, text), …]
    of the time axis."""

    series: Sequence[Sequence[Sequence[tuple[float, Number, Number]]]]
    limits: Sequence[tuple[Number, str]]
    outside: Sequence[tuple[float, float, str]]
    labels: Sequence[tuple[float, str]]


def condition_chart(title: str, unit: str, found: Conditions) -> Markup:
    """Bands between lowest and highest with the limits as lines; times outside are boxes with a triangle and a word.

    Raises ValueError without a reading.
    """
    values = [float(v) for device in found.series for part in device for _x, low, high in part for v in (low, high)]
    if not values:
        raise ValueError("a chart of conditions needs a reading")
    plane = _Plane([*values, *(float(value) for value, _text in found.limits)])
    boxes = [rect("exc", 100 * begin, 0, max(0.4, 100 * (end - begin)), HEIGHT) for begin, end, _text in found.outside]
    lines = [shape for number, device in enumerate(found.series) for part in device
             for shape in _measured(number, part, plane)]
    bounds = [polyline("ln ln-exp", [(0, plane.y(value)), (100, plane.y(value))]) for value, _text in found.limits]
    marks = [mark for row, (begin, end, text) in enumerate(found.outside)
             for mark in _outside_mark(50 * (begin + end), row, text)]
    texts = [letters("ax halo", 100, plane.y(value) - 6, text, "end") for value, text in found.limits]
    axis = [letters("ax" if place in (0, len(found.labels) - 1) else "ax between", 100 * x, HEIGHT + 20, text,
                  "start" if x < 0.02 else "end" if x > 0.98 else "middle")
            for place, (x, text) in enumerate(found.labels)]
    kind = "chart marked" if found.outside else "chart"
    return drawing(kind, title, HEIGHT, [*boxes, _plane_axis(plane, unit), stretched([*lines, *bounds]), *texts, *marks,
                                      *axis])


def _measured(number: int, part: Sequence[tuple[float, Number, Number]], plane: _Plane) -> list[Markup]:
    """One stretch: its band where lowest and highest differ, and the line in the middle of it."""
    upper = [(100 * x, plane.y(high)) for x, _low, high in part]
    lower = [(100 * x, plane.y(low)) for x, low, _high in part]
    shapes = []
    if any(low != high for _x, low, high in part):
        path = " ".join(f"{x:.2f},{y:.1f}" for x, y in (*upper, *reversed(lower)))
        shapes.append(Markup('<polygon class="band" points="{}"/>').format(path))
    middle = [(x, (top + low) / 2) for (x, top), (_x, low) in zip(upper, lower, strict=True)]
    if len(middle) == 1:
        middle = [(middle[0][0] - 0.3, middle[0][1]), (middle[0][0] + 0.3, middle[0][1])]
    return [*shapes, polyline(f"ln ln-obs ln-{number % 3}", middle)]


def _outside_mark(x: float, row: int, text: str) -> list[Markup]:
    """A triangle that points down at the time, and its word; two rows by turns."""
    top = -10 - 17 * (row % 2)
    anchor = "start" if x < 20 else "end" if x > 80 else "middle"
    return [letters("tx-alarm", x, top, f"▼ {text}", anchor)]


class _Plane:
    """Where a value is drawn when nought need not be seen."""

    def __init__(self, values: Sequence[float]) -> None:
        low, high = min(values), max(values)
        span = (high - low) or 1.0
        self.step = next(step for power in range(-6, 10) for step in (10.0**power, 2 * 10.0**power, 5 * 10.0**power)
                         if span / step <= 5)
        self.bottom = math.floor(low / self.step) * self.step
        self.top = max(self.bottom + self.step, math.ceil(high / self.step) * self.step)

    def y(self, value: Number) -> float:
        return HEIGHT * (1 - (float(value) - self.bottom) / (self.top - self.bottom))


def _plane_axis(plane: _Plane, unit: str) -> Markup:
    parts = []
    count = round((plane.top - plane.bottom) / plane.step)
    for tick in range(count + 1):
        value = plane.bottom + tick * plane.step
        y = plane.y(value)
        parts.append(Markup('<line class="grid" x1="0" x2="100%" y1="{:.1f}" y2="{:.1f}"/>').format(y, y))
        parts.append(letters("ax num", 0, y + 4, f"{value:.6g}" + (f" {unit}" if tick == count else ""), "end", -8))
    return Markup("").join(parts)
