"""What charts are made of: the scale, the axes, bars, lines and letters. x is in percent, y in pixels."""
from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from markupsafe import Markup

Number = int | float | Decimal
HEIGHT = 220  # of the plot, pixels; letters stand outside it, in margins that console.css gives


class Scale:
    """Where a value and a place on the time axis are drawn."""

    def __init__(self, largest: Number, count: int, *, bars: bool = False) -> None:
        self.step = tick_step(float(largest))
        self.top = self.step * max(1, -(-float(largest) // self.step))
        self.count = count
        self.bars = bars

    def x(self, index: int) -> float:
        """The place of a label, per cent of the width."""
        if self.bars:
            return 100 * (index + 0.5) / self.count
        return 100 * index / (self.count - 1) if self.count > 1 else 50

    def y(self, value: Number) -> float:
        """The place of a value, pixels from the top."""
        return HEIGHT * (1 - float(value) / self.top)


def tick_step(largest: float) -> int:
    """The smallest of 1, 2, 5, 10, 20, … that needs at most five lines."""
    step, factors = 1, (2, 2.5, 2)
    turn = 0
    while largest / step > 5:
        step = int(step * factors[turn % 3])
        turn += 1
    return step


def value_axis(scale: Scale) -> Markup:
    """The lines at round counts, their numbers to the left."""
    parts = []
    for tick in range(0, int(scale.top) + 1, scale.step):
        y = scale.y(tick)
        kind = "grid" if tick else "base"
        parts.append(Markup('<line class="{}" x1="0" x2="100%" y1="{:.1f}" y2="{:.1f}"/>').format(kind, y, y))
        parts.append(letters("ax num", 0, y + 4, f"{tick:,}", "end", -8))
    return Markup("").join(parts)


def time_axis(labels: Sequence[str], scale: Scale) -> Markup:
    """At most five labels below the plot."""
    every = max(1, -(-(len(labels) - 1) // 4))
    parts = []
    for index in range(0, len(labels), every):
        x = scale.x(index)
        anchor = "start" if x < 2 else "end" if x > 98 else "middle"
        is_between = index // every % 2  # a phone has no room for these
        parts.append(letters("ax between" if is_between else "ax", x, HEIGHT + 20, labels[index], anchor))
    return Markup("").join(parts)


def stairs(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """A count stays until the next case: horizontal first, then up."""
    found = [*points[:1]]
    for (_, before), (x, y) in zip(points, points[1:], strict=False):
        found += [(x, before), (x, y)]
    return found


def apart(places: Sequence[float], room: float, limits: tuple[float, float]) -> list[float]:
    """The sorted `places` moved as little as needed so that `room` is between them and they lie within `limits`."""
    low, high = limits
    found: list[float] = []
    for place in places:
        found.append(max(place, found[-1] + room if found else low))
    for index in range(len(found) - 1, -1, -1):
        found[index] = min(found[index], high if index == len(found) - 1 else found[index + 1] - room)
    return found


def polyline(kind: str, points: Sequence[tuple[float, float]]) -> Markup:
    """A line through points of `stretched`; nothing without points."""
    path = " ".join(f"{x:.2f},{y:.1f}" for x, y in points)
    return Markup('<polyline class="{}" points="{}"/>').format(kind, path) if points else Markup("")


def rect(kind: str, *box: float) -> Markup:
    """`box`: x %, y px, width %, height px."""
    return Markup('<rect class="{}" x="{:.2f}%" y="{:.1f}" width="{:.2f}%" height="{:.1f}"/>').format(kind, *box)


def letters(kind: str, x: float, y: float, text: str, anchor: str, shift: int = 0) -> Markup:
    """A text at x %, y px, moved by `shift` px to the right."""
    return Markup('<text class="{}" x="{:.2f}%" y="{:.1f}" dx="{}" text-anchor="{}">{}</text>').format(
        kind, x, y, shift, anchor, text
    )


def stretched(lines: Sequence[Markup]) -> Markup:
    """An inner picture, 100 wide whatever the room, in which lines are drawn."""
    return Markup(
        '<svg viewBox="0 0 100 {0}" width="100%" height="{0}" preserveAspectRatio="none" overflow="visible">{1}</svg>'
    ).format(HEIGHT, Markup("").join(lines))


def drawing(kind: str, title: str, height: int, parts: Sequence[Markup]) -> Markup:
    """The whole picture with its accessible name."""
    return Markup('<svg class="{}" width="100%" height="{}" role="img" aria-label="{}">{}</svg>').format(
        kind, height, title, Markup("").join(parts)
    )


def short(value: Number) -> str:
    """A number as it stands in a picture, with one decimal at most."""
    return f"{value:,.1f}" if float(value) != int(value) else f"{int(value):,}"
