"""What the lots of a scope met that another scope could start from: suppliers, lines, loads, lanes, excursions."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, desc, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from traceapp.trace.guards import place_of
from traceapp.trace.many_keys import listed
from traceapp.trace.model import Lot, Production, Shipment, ShipmentLine
from traceapp.trace.reach_reads import KEY
from traceapp.trace.sensor_model import Excursion

from .scope_rule import Rule, RuleKind
from .scope_seeds import MADE_ON

_MOST_LOTS, _MOST_OF_A_KIND = 2000, 6


@dataclass(frozen=True, slots=True)
class Start:
    """A rule that could be tried, and how many of the lots looked at it would find again."""

    rule: Rule
    lots: int


def starts_of(session: Session, lot_keys: Sequence[str]) -> list[Start]:
    """The starts that most of these lots share, at most six a kind, each with the days between which they met it; the
    first two thousand lots are looked at, in nine statements."""
    keys = [key for key in lot_keys[:_MOST_LOTS] if KEY.fullmatch(key)]
    if not keys:
        return []
    among = listed(session, keys)
    found = _met(session, RuleKind.supplier, Lot.supplier_id, _counted(
        Lot.supplier_id, Lot.lot_key, Lot.started_at).where(Lot.lot_key.in_(among)))
    for kind, column in MADE_ON.items():
        found += _met(session, kind, column, _counted(
            column, Production.lot_key, Production.made_at).where(Production.lot_key.in_(among)))
    for kind, way in ((RuleKind.site, Shipment.from_site_id), (RuleKind.lane, Shipment.lane)):
        found += _met(session, kind, way, _counted(
            way, ShipmentLine.lot_key, Shipment.shipped_at).join(
            ShipmentLine, ShipmentLine.shipment_id == Shipment.id).where(
            ShipmentLine.lot_key.in_(among), ShipmentLine.units > 0))
    excursions = session.execute(
        select(Excursion.lot_key, Excursion.id).where(Excursion.lot_key.in_(among))
        .order_by(Excursion.began_at.desc(), Excursion.id).limit(_MOST_OF_A_KIND))
    found += [Start(Rule(RuleKind.excursion, (f"{key}/{excursion}",)), 1) for key, excursion in excursions]
    return found


def _counted(name: InstrumentedAttribute[Any], lot: InstrumentedAttribute[str], at: InstrumentedAttribute[Any]
             ) -> Select[Any]:
    return select(name, func.count(lot.distinct()).label("lots"), func.min(at), func.max(at))


def _met(session: Session, kind: RuleKind, name: InstrumentedAttribute[Any], wanted: Select[Any]) -> list[Start]:
    zone = ZoneInfo(place_of(session, None).zone)
    rows = session.execute(wanted.where(name.is_not(None), name != "").group_by(name)
                           .order_by(desc("lots"), name).limit(_MOST_OF_A_KIND))
    return [Start(Rule(kind, (key,), first.astimezone(zone).date(), last.astimezone(zone).date()), count)
            for key, count, first, last in rows]
