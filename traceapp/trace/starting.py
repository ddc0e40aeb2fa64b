"""Which lots a trace begins from: one item, or all lots of a supplier, consignee, shipment, equipment or work order."""
from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import unquote

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from traceapp.catalog.model import Party, Site
from traceapp.core.errors import Conflict, NotFound
from traceapp.epcis.identifiers import normal_form
from traceapp.epcis.vocabulary import PARTY_TYPES
from traceapp.gs1 import Gs1Error, parse_anything

from .finding import key_of_text
from .model import Lot, Production, Shipment, ShipmentLine
from .terms import typed
from .told_lots import lots_told


class StartKind(StrEnum):
    """`item`: a lot, a serial number, a carton, a pallet; parties by code or GLN, a shipment by its number or id."""

    item = "item"
    supplier = "supplier"
    consignee = "consignee"
    shipment = "shipment"
    equipment = "equipment"
    work_order = "work_order"


@dataclass(frozen=True, slots=True)
class Start:
    """What a name means: its kind, how it was called, and the keys of its lots, never none."""

    kind: StartKind
    name: str
    keys: tuple[str, ...]


# The names that stand in our own events, and the GS1 keys that can name the same: place and party, shipment, asset.
_PRIVATE = re.compile(r"urn:traceapp:(party|site|despatch|order):(.+)")
_WAYS: dict[StartKind, tuple[tuple[str, ...], tuple[str, ...]]] = {
    StartKind.supplier: (("party", "site"), ("417", "414")), StartKind.consignee: (("party", "site"), ("417", "414")),
    StartKind.shipment: (("despatch",), ("402",)), StartKind.equipment: ((), ("8004", "8003")),
    StartKind.work_order: (("order",), ())}
# Where the same stands in others' events, for what is no partner, despatch or order of ours.
_TOLD: dict[StartKind, tuple[str, ...]] = {
    StartKind.supplier: tuple(typed("source", kind) for kind in sorted(PARTY_TYPES)),
    StartKind.consignee: tuple(typed("destination", kind) for kind in sorted(PARTY_TYPES)),
    StartKind.shipment: tuple(typed("bizTransaction", kind) for kind in ("desadv", "bol", "inv")),
    StartKind.equipment: ("readPoint",),
    StartKind.work_order: ("transformationID", typed("bizTransaction", "prodorder"))}
_ASSET = re.compile(r"https://id\.gs1\.org/800[34]/")


def start_of(session: Session, text: str, kind: StartKind | None = None) -> Start:
    """What the text means: a code, number or id of the house, or a URI or element string with a GS1 key.

    Without a `kind` an item goes before the rest. Raises NotFound when no lots belong to it, Conflict naming the kinds
    when it means several things.
    """
    text = text.strip()
    if kind is not None:
        return Start(kind, text, start_lots(session, kind, text))
    try:
        return Start(StartKind.item, text, (key_of_text(session, text),))
    except NotFound as error:
        found = others_called(session, text)
        if not found:
            raise error from None
    if len(found) > 1:
        raise Conflict("“%(name)s” means several things: %(kinds)s. Say which kind is meant.", code="ambiguous-start",
                       place="name", name=text[:200], kinds=", ".join(one.kind for one in found))
    return found[0]


def others_called(session: Session, text: str) -> tuple[Start, ...]:
    """Everything but items that is called so and has lots."""
    found = ((kind, _lots(session, kind, text.strip())) for kind in StartKind if kind != StartKind.item)
    return tuple(Start(kind, text.strip(), keys) for kind, keys in found if keys)


def start_lots(session: Session, kind: StartKind, name: str) -> tuple[str, ...]:
    """The keys of the lots that came from the supplier, went to the consignee or with the shipment, or were made by the
    equipment or work order. Raises NotFound when there are none."""
    if kind == StartKind.item:
        return (key_of_text(session, name),)
    keys = _lots(session, kind, name)
    if not keys:
        raise NotFound("No lots belong to “%(name)s”.", code="no-start", place="name", name=name[:200])
    return keys


def party_called(session: Session, name: str) -> Party | None:
    """The partner whose code, id or GLN this is, or that of one of its places."""
    return session.scalars(select(Party).where(Party.id.in_(_parties(tuple(_names(StartKind.supplier, name)))))).first()


def _lots(session: Session, kind: StartKind, name: str) -> tuple[str, ...]:
    """What our own records say; else what others' events tell."""
    names = tuple(dict.fromkeys(_names(kind, name)))
    found = tuple(sorted(session.scalars(_statement(kind, names).distinct()))) if names else ()
    told = [one for one in names if kind != StartKind.equipment or _ASSET.match(normal_form(one))]
    return found or lots_told(session, _TOLD[kind], told, "output" if kind == StartKind.work_order else None)


def _names(kind: StartKind, text: str) -> Iterator[str]:
    """The text, and what a URI or element string of this kind holds."""
    private, identifiers = _WAYS[kind]
    yield text
    ours = _PRIVATE.fullmatch(text)
    if ours is not None and ours[1] in private:
        yield unquote(ours[2])
    try:
        parsed = parse_anything(text)
    except Gs1Error:
        return
    yield from (value for ai in identifiers if (value := parsed.get(ai)))
    if parsed.constrained:
        yield parsed.constrained


def _statement(kind: StartKind, names: tuple[str, ...]) -> Select[Any]:
    party = _parties(names)
    if kind == StartKind.supplier:
        return select(Lot.lot_key).where(Lot.supplier_id.in_(party))
    if kind == StartKind.consignee:
        return select(ShipmentLine.lot_key).where(ShipmentLine.consignee_id.in_(party), ShipmentLine.units > 0)
    if kind == StartKind.shipment:
        found = select(Shipment.id).where(or_(Shipment.document_number.in_(names), Shipment.id.in_(names)))
        return select(ShipmentLine.lot_key).where(ShipmentLine.shipment_id.in_(found))
    column = Production.equipment if kind == StartKind.equipment else Production.work_order
    return select(Production.lot_key).where(column.in_([name for name in names if name]))


def _parties(names: tuple[str, ...]) -> Select[Any]:
    return select(Party.id).outerjoin(Site, Site.party_id == Party.id).where(or_(
        Party.code.in_(names), Party.id.in_(names), Party.gln.in_(names), Site.code.in_(names), Site.gln.in_(names)))
