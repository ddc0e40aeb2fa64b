"""What is asked of a rule, and what it answers: a window as moments, lots with the reason why each is a start."""
from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement
from sqlalchemy.orm import InstrumentedAttribute, Session

from traceapp.trace.guards import place_of
from traceapp.trace.many_keys import listed

from .scope_rule import Rule

# More than anybody starts from; what is cut is refused, never left out in silence.
MOST_SEEDS = 20_000


@dataclass(frozen=True, slots=True)
class Because:
    """Why a lot is a start: by a rule of which kind, what it met (a name, a place, an id), when. Of a site `units` were
    sent out, or it lay there `until`. `kind` `mixed`: it lay in the container `what` with the affected lot `other` from
    `at` until `until` (None: still)."""

    kind: str
    what: str = ""
    at: datetime | None = None
    until: datetime | None = None
    other: str = ""
    units: Decimal | None = None


Seeds = dict[str, Because]


@dataclass(frozen=True, slots=True)
class Asked:
    """A rule from the moment `begin` until `end`, which does not count any more; None: open. `among`: only these lots
    are looked for; None: all. `is_cause`: the rule stands for a node of a cause."""

    session: Session
    rule: Rule
    begin: datetime | None = None
    end: datetime | None = None
    among: Collection[str] | None = None
    is_cause: bool = False

    def within(self, column: InstrumentedAttribute[Any]) -> list[ColumnElement[bool]]:
        """That a moment lies in the window."""
        found: list[ColumnElement[bool]] = []
        if self.begin is not None:
            found.append(column >= self.begin)
        if self.end is not None:
            found.append(column < self.end)
        return found

    def lots(self, column: InstrumentedAttribute[str]) -> list[ColumnElement[bool]]:
        """That a lot is looked for."""
        return [] if self.among is None else [column.in_(listed(self.session, self.among))]


def asked_of(session: Session, rule: Rule, among: Collection[str] | None) -> Asked:
    """The rule with its days at our plant as moments."""
    if rule.since is None and rule.until is None:
        return Asked(session, rule, among=among)
    zone = ZoneInfo(place_of(session, None).zone)
    return Asked(session, rule, _midnight(rule.since, zone),
                 None if rule.until is None else _midnight(rule.until + timedelta(days=1), zone), among)


def _midnight(day: date | None, zone: ZoneInfo) -> datetime | None:
    return None if day is None else datetime.combine(day, time(), zone).astimezone(UTC)
