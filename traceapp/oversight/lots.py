"""What a regulator reads of a batch beside its cases: what it was made of, and where in the scope it went."""
from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from traceapp.catalog.model import Party
from traceapp.trace.genealogy import trace_lot
from traceapp.trace.model import ShipmentLine
from traceapp.trace.traced import Node

from .scope import Scope, countries_in

_MOST_LOTS = 100


@dataclass(frozen=True, slots=True)
class Went:
    """How many units of a batch went to how many consignees of a country; returns are taken off."""

    country: str
    consignees: int
    units: Decimal


@dataclass(frozen=True, slots=True)
class LotSummary:
    """`made_of`: every batch that went into it, over all levels, the nearest first; `is_cut`: there are more. `went`:
    by country of the scope; at home every country."""

    made_of: tuple[Node, ...]
    is_cut: bool
    went: tuple[Went, ...]
    unit: str | None


def summary_of(session: Session, scope: Scope, lot_key: str) -> LotSummary:
    """The summary of a batch in scope. Raises NotFound for one that is not there."""
    trace = trace_lot(session, lot_key, "upstream", _MOST_LOTS)
    found = (select(Party.country, func.count(Party.id.distinct()), func.sum(ShipmentLine.units))
             .join(Party, Party.id == ShipmentLine.consignee_id).where(ShipmentLine.lot_key == lot_key)
             .group_by(Party.country).order_by(Party.country))
    if not scope.is_home:
        found = found.where(Party.country.in_(countries_in(scope)))
    return LotSummary(tuple(node for node in trace.nodes if node.side == "up"), trace.truncated,
                      tuple(Went(*row) for row in session.execute(found)), trace.root.unit)
