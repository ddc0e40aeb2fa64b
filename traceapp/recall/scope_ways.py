"""Starts by where lots were and how they went: a site, a lane, a consignee, the place of an excursion."""
from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Select, func, or_, select

from traceapp.catalog.model import Site
from traceapp.core.errors import NotFound
from traceapp.trace.identity import site_uri
from traceapp.trace.many_keys import listed
from traceapp.trace.model import ItemKind, ItemPosition, Lot, PositionState, Shipment, ShipmentLine
from traceapp.trace.position_rows import spot_key
from traceapp.trace.presence import Span, place_uris, present_at
from traceapp.trace.reach_reads import KEY
from traceapp.trace.sensor_model import Excursion

from .scope_asked import MOST_SEEDS, Asked, Because, Seeds
from .scope_rule import RuleKind

_EVER = datetime(1990, 1, 1, tzinfo=UTC)


def seeds_of_consignee(asked: Asked) -> Seeds:
    """What was sent to these consignees."""
    return _sent(asked, select(func.min(ShipmentLine.consignee_id)).where(
        ShipmentLine.consignee_id.in_(asked.rule.keys)))


def seeds_by_way(asked: Asked) -> Seeds:
    """What was sent by these lanes, or out of these sites."""
    column = Shipment.from_site_id if asked.rule.kind == RuleKind.site else Shipment.lane
    return _sent(asked, select(func.min(column)).join_from(
        ShipmentLine, Shipment, Shipment.id == ShipmentLine.shipment_id).where(
        column.in_(asked.rule.keys), *asked.within(Shipment.shipped_at)))


def _sent(asked: Asked, wanted: Select[Any]) -> Seeds:
    """The lots of lines of despatches in the window, the earliest first; `wanted` answers what each met."""
    units = func.sum(ShipmentLine.units, type_=ShipmentLine.units.type)
    rows = asked.session.execute(
        wanted.add_columns(ShipmentLine.lot_key, func.min(ShipmentLine.shipped_at), units)
        .where(ShipmentLine.units > 0, *asked.within(ShipmentLine.shipped_at), *asked.lots(ShipmentLine.lot_key))
        .group_by(ShipmentLine.lot_key).order_by(func.min(ShipmentLine.shipped_at), ShipmentLine.lot_key)
        .limit(MOST_SEEDS + 1))
    return {key: Because(asked.rule.kind, met, at, units=amount) for met, key, at, amount in rows}


def seeds_of_site(asked: Asked) -> Seeds:
    """What was kept at these sites at any time of the window, and what was sent out from there in it."""
    found: Seeds = {}
    for site in asked.session.scalars(select(Site).where(Site.id.in_(asked.rule.keys)).order_by(Site.code)):
        spot = spot_key(PositionState.at, site_uri(site.gln, site.code))
        for key, (since, until) in _kept(asked, spot, (asked.begin or _EVER, asked.end)).items():
            found.setdefault(key, Because(RuleKind.site, site.id, since, until))
    return found | {key: because for key, because in seeds_by_way(asked).items() if key not in found}


def seeds_of_excursion(asked: Asked) -> Seeds:
    """What was at the place, or in the container, while its readings were outside. Raises NotFound."""
    found: Seeds = {}
    for name in asked.rule.keys:
        lot_key, _, excursion_id = name.partition("/")
        row = asked.session.get(Excursion, (lot_key, excursion_id))
        if row is None:
            raise NotFound("There is no such excursion.", code="unknown-excursion", place="rules")
        end = row.ended_at or row.last_at
        where = place_uris(asked.session, [row.source_key]).get(row.source_key, "")
        for key in _kept(asked, row.source_key, (row.began_at, end)):
            found.setdefault(key, Because(RuleKind.excursion, where, row.began_at, end))
    return found


def _kept(asked: Asked, spot: str, span: Span) -> dict[str, Span]:
    """The lots that were there, through containers too, at any time of the span, each with when; of far too many
    the keys alone, more than a scope starts from."""
    session, (begin, end) = asked.session, span
    here = select(ItemPosition.lot_key).where(
        ItemPosition.spot_key == spot, or_(ItemPosition.until.is_(None), ItemPosition.until > begin))
    here = here if end is None else here.where(ItemPosition.since <= end)
    many = session.scalars(here.distinct().limit(MOST_SEEDS + 1)).all()
    if len(many) > MOST_SEEDS:
        return dict.fromkeys(many, span)
    there = present_at(session, spot, begin, end)
    lots = session.scalars(select(Lot.lot_key).where(
        Lot.lot_key.in_(listed(session, [key for key in there if KEY.fullmatch(key)])),
        Lot.item_kind == ItemKind.lot, *asked.lots(Lot.lot_key)).order_by(Lot.lot_key))
    return {key: first for key in lots
            if (first := next((one for one in there[key] if _meet(one, span)), None)) is not None}


def _meet(one: Span, other: Span) -> bool:
    return (other[1] is None or one[0] <= other[1]) and (one[1] is None or one[1] > other[0])
