"""What the lots of a scope met that another scope could start from: suppliers, lines, machines, loads, excursions."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from traceapp.trace.many_keys import listed
from traceapp.trace.model import Lot, Production
from traceapp.trace.reach_reads import KEY
from traceapp.trace.sensor_model import Excursion

from .scope_rule import Rule, RuleKind

_MOST_LOTS, _MOST_OF_A_KIND = 2000, 6
_COLUMNS: tuple[tuple[RuleKind, InstrumentedAttribute[str]], ...] = (
    (RuleKind.line, Production.line), (RuleKind.equipment, Production.equipment),
    (RuleKind.load, Production.sterilisation_load))


@dataclass(frozen=True, slots=True)
class Start:
    """A rule that could be tried, and how many of the lots looked at it would find again."""

    rule: Rule
    lots: int


def starts_of(session: Session, lot_keys: Sequence[str]) -> list[Start]:
    """The starts that most of these lots share, at most six a kind, each with the days between which they met it; the
    first two thousand lots are looked at, in five statements."""
    keys = [key for key in lot_keys[:_MOST_LOTS] if KEY.fullmatch(key)]
    if not keys:
        return []
    found: list[Start] = []
    rows = session.execute(
        select(Lot.supplier_id, func.count(), func.min(Lot.started_at), func.max(Lot.started_at))
        .where(Lot.lot_key.in_(listed(session, keys)), Lot.supplier_id.is_not(None)).group_by(Lot.supplier_id)
        .order_by(func.count().desc(), Lot.supplier_id).limit(_MOST_OF_A_KIND))
    found += [Start(_between(RuleKind.supplier, key, first.date(), last.date()), count)
              for key, count, first, last in rows]
    for kind, column in _COLUMNS:
        rows = session.execute(
            select(column, func.count(), func.min(Production.made_at), func.max(Production.made_at))
            .where(Production.lot_key.in_(listed(session, keys)), column != "").group_by(column)
            .order_by(func.count().desc(), column).limit(_MOST_OF_A_KIND))
        found += [Start(_between(kind, name, first.date(), last.date()), count) for name, count, first, last in rows]
    excursions = session.execute(
        select(Excursion.lot_key, Excursion.id).where(Excursion.lot_key.in_(listed(session, keys)))
        .order_by(Excursion.began_at.desc(), Excursion.id).limit(_MOST_OF_A_KIND))
    found += [Start(Rule(RuleKind.excursion, (f"{key}/{excursion}",)), 1) for key, excursion in excursions]
    return found


def _between(kind: RuleKind, key: str | None, first: date, last: date) -> Rule:
    return Rule(kind, (key or "",), first, last)
