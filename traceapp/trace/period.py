"""When what is in one lot can be in the next: the rule of times. Pure.

A span is the time during which something of the root is in a lot (downstream), or in which what is in the lot matters
to the root (upstream); both ends belong to it. A line is `(from, to, at, until, kind, …)` seen in the direction of the
walk. Times are as the driver gives them, which compare as times do.
"""
from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

Span = tuple[Any, Any]
PAST = {True: "", False: datetime.min.replace(tzinfo=UTC)}
FUTURE = {True: "~", False: datetime.max.replace(tzinfo=UTC)}


@dataclass(frozen=True, slots=True)
class Bounds:
    """The ends of all time in the driver's form, and the rule."""

    past: Any
    future: Any
    is_text: bool

    def whole(self, since: datetime | None, until: datetime | None) -> Span:
        """All time, or what is left of it."""
        return (self.past if since is None else self._raw(since), self.future if until is None else self._raw(until))

    def _raw(self, moment: datetime) -> Any:
        return moment.astimezone(UTC).isoformat(timespec="microseconds") if self.is_text else moment

    def downstream(self, line: Any, kind: str, started: Any, span: Span) -> Span | None:
        """When something of the root is in the lot that the line leads to; None: never. `kind` and `started` are
        those of the lot that it comes from."""
        _, _, at, until, how = line[:5]
        if how == "made":
            return (at, self.future) if span[0] <= at <= span[1] or at < started else None
        until = self.future if until is None else until
        goes_along = kind != "lot"
        leaves = until if goes_along else at
        if leaves < started:
            return at, until
        low, high = max(span[0], at), min(span[1], leaves)
        if low > high:
            return None
        return (low, high) if goes_along else (at, until)

    def upstream(self, line: Any, kind: str, started: Any, span: Span) -> Span | None:
        """When what is in the lot that the line leads to matters; None: never. `kind` and `started` are those of
        that lot."""
        _, _, at, until, how = line[:5]
        if how == "made":
            if at > span[1]:
                return None
            # What went into a lot stays in it; of a thing counts what was in it at that moment.
            return (self.past, self.future) if at < started else (self.past if kind == "lot" else at, at)
        until = self.future if until is None else until
        low, high = max(span[0], at), min(span[1], until)
        if low > high:
            return None
        goes_along = kind != "lot"
        if (until if goes_along else at) < started:
            return self.past, self.future
        return (low, high) if goes_along else (self.past, at)


def bounds_of(*, is_sqlite: bool) -> Bounds:
    """The rule for times as this database's driver gives them."""
    return Bounds(PAST[is_sqlite], FUTURE[is_sqlite], is_sqlite)
