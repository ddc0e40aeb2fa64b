"""Pictures of numbers as SVG: numbers and translated words in, Markup out. No library, no time, no locale of their own.

Every chart but the sparkline fills the width it is given and keeps its letters at their size: x is in percent, y in
pixels, and lines are drawn in a stretched inner picture. Colours come from console.css by class. A chart carries its
title as accessible name; the facts behind it stand in the table twin of `ui.chart_frame`.
"""
from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from markupsafe import Markup

Number = int | float | Decimal
HEIGHT = 220  # of the plot, pixels; letters stand outside it, in margins that console.css gives


@dataclass(frozen=True, slots=True)
class Curve:
    """Cumulative counts, one value for each label; `boundary` is the count that raises the alarm at that time."""

    labels: Sequence[str]
    observed: Sequence[Number]
    expected: Sequence[Number]
    boundary: Sequence[Number | None] = ()
    alarm_index: int | None = None  # place of the first alarm


@dataclass(frozen=True, slots=True)
class CurveWords:
    """Translated texts of a curve: `title` is read aloud, the others stand at their lines."""

    title: str
    observed: str
    expected: str
    boundary: str
    alarm: str


def cumulative_curve(curve: Curve, words: CurveWords) -> Markup:
    """Observed against expected over time, with the alarm line. Raises ValueError when the lengths differ or are 0."""
    count = len(curve.labels)
    if count == 0 or {len(curve.observed), len(curve.expected), len(curve.boundary) or count} != {count}:
        raise ValueError("a curve needs one observed, expected and boundary value for each label")
    known = [float(v) for v in (*curve.observed, *curve.expected, *(b for b in curve.boundary if b is not None))]
    scale = _Scale(max(known), count)
    lines = [
        _line("ln ln-exp", [(scale.x(i), scale.y(v)) for i, v in enumerate(curve.expected)]),
        _line("ln ln-alarm", [(scale.x(i), scale.y(b)) for i, b in enumerate(curve.boundary) if b is not None]),
        _line("ln ln-obs", _steps([(scale.x(i), scale.y(v)) for i, v in enumerate(curve.observed)])),
    ]
    axes = [_value_axis(scale), _time_axis(curve.labels, scale)]
    return _svg("chart", words.title, HEIGHT, [*axes, _stretched(lines), _curve_texts(curve, words, scale)])


def _curve_texts(curve: Curve, words: CurveWords, scale: _Scale) -> Markup:
    top, base = scale.y(curve.observed[-1]), scale.y(curve.expected[-1])
    over = [top, *(scale.y(b) for b in curve.boundary[-1:] if b is not None)]
    low = 18 if any(base - 28 < y < base + 10 for y in over) else -8
    parts = [
        _text("tx-obs halo", 100, top - 12, f"{words.observed} {_short(curve.observed[-1])}", "end"),
        _text("ax halo", 100, base + low, f"{words.expected} {_short(curve.expected[-1])}", "end"),
    ]
    first = next((i for i, b in enumerate(curve.boundary) if b is not None), None)
    if first is not None:
        y = scale.y(curve.boundary[first] or 0)
        parts.append(_text("tx-alarm halo", scale.x(first), y - 8, words.boundary, "start"))
    parts.append(Markup('<circle class="pt" cx="100%" cy="{:.1f}" r="5"/>').format(top))
    if curve.alarm_index is not None:
        x, y = scale.x(curve.alarm_index), scale.y(curve.observed[curve.alarm_index])
        left = x > 45
        shift = -10 if left else 10
        height = y - 8 if abs(y - top) > 20 or not left else y - 26
        parts.append(Markup('<circle class="pt pt-alarm" cx="{:.2f}%" cy="{:.1f}" r="6"/>').format(x, y))
        parts.append(_text("tx-alarm halo", x, height, words.alarm, "end" if left else "start", shift))
    return Markup("").join(parts)


@dataclass(frozen=True, slots=True)
class Cases:
    """Cases of each day or week, how many of them were serious, and `marks` that name slots: [(index, text), …]."""

    labels: Sequence[str]
    counts: Sequence[int]
    serious: Sequence[int] = ()
    marks: Sequence[tuple[int, str]] = ()


@dataclass(frozen=True, slots=True)
class CasesWords:
    """Translated texts: `title` is read aloud, the others are the key below the time axis."""

    title: str
    cases: str
    serious: str


def epidemic_curve(cases: Cases, words: CasesWords) -> Markup:
    """Cases over time as bars; the serious ones fill the foot of their bar.

    Raises ValueError when the lengths differ, are 0, or more are serious than were counted.
    """
    labels, counts, serious = cases.labels, cases.counts, cases.serious
    if not labels or len(counts) != len(labels) or (serious and len(serious) != len(labels)):
        raise ValueError("an epidemic curve needs one count for each label")
    if any(s > c for s, c in zip(serious, counts, strict=False)):
        raise ValueError("more serious cases than cases")
    scale = _Scale(max(counts), len(labels), bars=True)
    width = 76 / len(labels)
    bars = [
        _bar(kind, scale.x(i) - width / 2, scale.y(c), width, HEIGHT - scale.y(c))
        for kind, series in (("bar1", counts), ("bar2", serious))
        for i, c in enumerate(series)
        if c
    ]
    if len(labels) <= 16:
        bars += [_text("ax halo", scale.x(i), scale.y(c) - 6, _short(c), "middle") for i, c in enumerate(counts) if c]
    key = _key([("bar1", words.cases), ("bar2", words.serious)]) if any(serious) else Markup("")
    kind = "chart" + (" marked" if cases.marks else "") + (" keyed" if key else "")
    parts = [_value_axis(scale), *_marks(cases.marks, scale), *bars, _time_axis(labels, scale), key]
    return _svg(kind, words.title, HEIGHT, parts)


def _marks(marks: Sequence[tuple[int, str]], scale: _Scale) -> list[Markup]:
    """Named lines through the plot; the names stand over it, in two rows by turns."""
    parts = []
    for row, (index, text) in enumerate(marks):
        x, top = scale.x(index), -10 - 17 * (row % 2)
        line = Markup('<line class="mark" x1="{0:.2f}%" x2="{0:.2f}%" y1="{1}" y2="{2}"/>')
        parts.append(line.format(x, top + 4, HEIGHT))
        parts.append(_text("tx-mark", x, top, text, "start" if x < 20 else "end" if x > 80 else "middle"))
    return parts


def _key(entries: Sequence[tuple[str, str]]) -> Markup:
    parts = []
    for place, (kind, text) in enumerate(entries):
        x = 35 * place
        parts.append(Markup('<rect class="{}" x="{}%" y="{}" width="12" height="12"/>').format(kind, x, HEIGHT + 36))
        parts.append(_text("ax", x, HEIGHT + 47, text, "start", 20))
    return Markup("").join(parts)


def funnel(title: str, steps: Sequence[tuple[str, int, str]]) -> Markup:
    """How many of the first step reached each next one: [(label, count, its text), …]. Raises ValueError if empty."""
    if not steps:
        raise ValueError("a funnel needs a step")
    whole = max(count for _, count, _ in steps) or 1
    parts = []
    for row, (label, count, text) in enumerate(steps):
        y = row * 46
        parts.append(_text("", 0, y + 16, label, "start"))
        parts.append(_text("v num", 100, y + 16, text, "end"))
        parts.append(_bar("bar0", 0, y + 22, 100, 12))
        parts.append(_bar("bar", 0, y + 22, 100 * count / whole, 12))
    return _svg("chart funnel", title, len(steps) * 46, parts)


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
    ).format(title, _line("ln ln-obs", points), dot)


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
    boxes = [_bar("exc", 100 * begin, 0, max(0.4, 100 * (end - begin)), HEIGHT) for begin, end, _text in found.outside]
    lines = [shape for number, device in enumerate(found.series) for part in device
             for shape in _measured(number, part, plane)]
    bounds = [_line("ln ln-exp", [(0, plane.y(value)), (100, plane.y(value))]) for value, _text in found.limits]
    marks = [mark for row, (begin, end, text) in enumerate(found.outside)
             for mark in _outside_mark(50 * (begin + end), row, text)]
    texts = [_text("ax halo", 100, plane.y(value) - 6, text, "end") for value, text in found.limits]
    axis = [_text("ax" if place in (0, len(found.labels) - 1) else "ax between", 100 * x, HEIGHT + 20, text,
                  "start" if x < 0.02 else "end" if x > 0.98 else "middle")
            for place, (x, text) in enumerate(found.labels)]
    kind = "chart marked" if found.outside else "chart"
    return _svg(kind, title, HEIGHT, [*boxes, _plane_axis(plane, unit), _stretched([*lines, *bounds]), *texts, *marks,
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
    return [*shapes, _line(f"ln ln-obs ln-{number % 3}", middle)]


def _outside_mark(x: float, row: int, text: str) -> list[Markup]:
    """A triangle that points down at the time, and its word; two rows by turns."""
    top = -10 - 17 * (row % 2)
    anchor = "start" if x < 20 else "end" if x > 80 else "middle"
    return [_text("tx-alarm", x, top, f"▼ {text}", anchor)]


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
        parts.append(_text("ax num", 0, y + 4, f"{value:.6g}" + (f" {unit}" if tick == count else ""), "end", -8))
    return Markup("").join(parts)


class _Scale:
    """Where a value and a place on the time axis are drawn."""

    def __init__(self, largest: Number, count: int, *, bars: bool = False) -> None:
        self.step = _tick_step(float(largest))
        self.top = self.step * max(1, -(-float(largest) // self.step))
        self.count = count
        self.bars = bars

    def x(self, index: int) -> float:
        if self.bars:
            return 100 * (index + 0.5) / self.count
        return 100 * index / (self.count - 1) if self.count > 1 else 50

    def y(self, value: Number) -> float:
        return HEIGHT * (1 - float(value) / self.top)


def _tick_step(largest: float) -> int:
    """The smallest of 1, 2, 5, 10, 20, … that needs at most five lines."""
    step, factors = 1, (2, 2.5, 2)
    turn = 0
    while largest / step > 5:
        step = int(step * factors[turn % 3])
        turn += 1
    return step


def _value_axis(scale: _Scale) -> Markup:
    parts = []
    for tick in range(0, int(scale.top) + 1, scale.step):
        y = scale.y(tick)
        kind = "grid" if tick else "base"
        parts.append(Markup('<line class="{}" x1="0" x2="100%" y1="{:.1f}" y2="{:.1f}"/>').format(kind, y, y))
        parts.append(_text("ax num", 0, y + 4, f"{tick:,}", "end", -8))
    return Markup("").join(parts)


def _time_axis(labels: Sequence[str], scale: _Scale) -> Markup:
    every = max(1, -(-(len(labels) - 1) // 4))
    parts = []
    for index in range(0, len(labels), every):
        x = scale.x(index)
        anchor = "start" if x < 2 else "end" if x > 98 else "middle"
        is_between = index // every % 2  # a phone has no room for these
        parts.append(_text("ax between" if is_between else "ax", x, HEIGHT + 20, labels[index], anchor))
    return Markup("").join(parts)


def _steps(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """A count stays until the next case: horizontal first, then up."""
    stairs = [points[0]]
    for (_, before), (x, y) in zip(points, points[1:], strict=False):
        stairs += [(x, before), (x, y)]
    return stairs


def _line(kind: str, points: Sequence[tuple[float, float]]) -> Markup:
    path = " ".join(f"{x:.2f},{y:.1f}" for x, y in points)
    return Markup('<polyline class="{}" points="{}"/>').format(kind, path) if points else Markup("")


def _bar(kind: str, *box: float) -> Markup:
    """`box`: x %, y px, width %, height px."""
    return Markup('<rect class="{}" x="{:.2f}%" y="{:.1f}" width="{:.2f}%" height="{:.1f}"/>').format(kind, *box)


def _text(kind: str, x: float, y: float, text: str, anchor: str, shift: int = 0) -> Markup:
    return Markup('<text class="{}" x="{:.2f}%" y="{:.1f}" dx="{}" text-anchor="{}">{}</text>').format(
        kind, x, y, shift, anchor, text
    )


def _stretched(lines: Sequence[Markup]) -> Markup:
    return Markup(
        '<svg viewBox="0 0 100 {0}" width="100%" height="{0}" preserveAspectRatio="none" overflow="visible">{1}</svg>'
    ).format(HEIGHT, Markup("").join(lines))


def _svg(kind: str, title: str, height: int, parts: Sequence[Markup]) -> Markup:
    return Markup('<svg class="{}" width="100%" height="{}" role="img" aria-label="{}">{}</svg>').format(
        kind, height, title, Markup("").join(parts)
    )


def _short(value: Number) -> str:
    return f"{value:,.1f}" if float(value) != int(value) else f"{int(value):,}"
