"""What a scope would take in, and two of them side by side: what each has that the other has not."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from .positions import Positions, units_by_position
from .proposing import Ruled, ruled
from .scope import Scope, UnitTotal, totals_of_lots
from .scope_mass import Mass, mass_of
from .scope_rule import Rule, refuse_bad

if TYPE_CHECKING:
    from traceapp.signals.causes import Ranking


@dataclass(frozen=True, slots=True)
class Side:
    """One set of rules with what it finds. `mass`: None without a signal whose causes can be ranked. `countries`:
    those of the consignees; `units_by_country`: {country: {unit: what was sent there}}."""

    found: Ruled
    positions: tuple[Positions, ...]
    mass: Mass | None
    units_by_country: dict[str, dict[str | None, Decimal]]

    @property
    def scope(self) -> Scope:
        return self.found.scope

    @property
    def countries(self) -> tuple[str, ...]:
        return tuple(sorted(self.units_by_country))


@dataclass(frozen=True, slots=True)
class Difference:
    """What one side has and the other has not: lots and consignees by key, and the sums of these lots."""

    lots: tuple[str, ...]
    consignees: tuple[str, ...]
    totals: tuple[UnitTotal, ...]


def side(session: Session, rules: Sequence[Rule], recall_id: str | None = None, ranking: Ranking | None = None) -> Side:
    """Follow the rules and count what they find; the number of statements depends on the rules alone. Raises
    InvalidInput, NotFound."""
    refuse_bad(rules)
    return side_of(session, ruled(session, rules, recall_id), recall_id, ranking)


def side_of(session: Session, found: Ruled, recall_id: str | None = None, ranking: Ranking | None = None) -> Side:
    """The same of rules that were followed already."""
    scope = found.scope
    units = {lot.lot_key: lot.unit for lot in scope.lots}
    countries: dict[str, dict[str | None, Decimal]] = {}
    for consignee in scope.consignees:
        sums = countries.setdefault(consignee.country, {})
        for key, amount in consignee.units:
            sums[units[key]] = sums.get(units[key], Decimal(0)) + amount
    return Side(found, units_by_position(session, units, recall_id),
                mass_of(ranking, scope.lot_keys) if ranking is not None else None, countries)


def difference(one: Side, other: Side) -> Difference:
    """What `one` has and `other` has not."""
    there = other.scope.lot_keys
    lots = [lot for lot in one.scope.lots if lot.lot_key not in there]
    known = {consignee.consignee_id for consignee in other.scope.consignees}
    return Difference(tuple(lot.lot_key for lot in lots),
                      tuple(consignee.consignee_id for consignee in one.scope.consignees
                            if consignee.consignee_id not in known), totals_of_lots(lots))
