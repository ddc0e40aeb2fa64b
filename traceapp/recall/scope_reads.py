"""What a scope reads: one statement a step of the walk and a fixed number besides, whatever its size; plain rows, no
objects of the mapper."""
from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import BigInteger, exists, func, or_, select, type_coerce
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.sql.elements import ColumnElement

from traceapp.catalog.model import Party, PartyContact, Product, ProductKind
from traceapp.core.quantity import SCALE
from traceapp.trace.many_keys import among, in_parts
from traceapp.trace.model import ItemKind, Lot, LotEdge, ShipmentLine
from traceapp.trace.reach_reads import KEY
from traceapp.trace.walk import DOWN

ZERO = Decimal(0)
# The lists of one statement: PostgreSQL still takes the index for so many.
_AT_ONCE = 20_000
Raw = ColumnElement[int] | InstrumentedAttribute[Decimal]


class LotRow(NamedTuple):
    """What a scope asks of a lot; quantities in millionths, `stock` what should be on the shelf."""

    lot_key: str
    uri: str
    number: str
    name: str
    product_id: str | None
    item_kind: str
    made_raw: int
    stock_raw: int
    shipped_raw: int
    unit: str | None
    expires_on: date | None
    is_recalled: bool
    is_own: int

    @property
    def is_untold(self) -> bool:
        """A lot of somebody else of which no event says how much there was."""
        return not self.is_own and self.item_kind == ItemKind.lot and self.made_raw == 0

    @property
    def is_class_only(self) -> bool:
        return self.item_kind == ItemKind.class_only


class ProductRow(NamedTuple):
    """The names of a product, and whether it is a material."""

    name_zh: str
    name_en: str
    is_material: bool


class PartyRow(NamedTuple):
    """Who has units; `has_address`: some contact takes recall notices by e-mail or text message."""

    name_zh: str
    name_en: str
    country: str
    region: str
    has_address: bool


class Amounts(dict[int, Decimal]):
    """Millionths as decimals; each number is made once."""

    def __missing__(self, raw: int) -> Decimal:
        found = self[raw] = Decimal(raw).scaleb(-SCALE).normalize() + 0
        return found


def parts(keys: Iterable[str]) -> Iterator[list[str]]:
    """The keys, so many at a time as one statement takes."""
    return in_parts(keys, _AT_ONCE)


def walked(session: Session, starts: Mapping[str, str | None], alone: Collection[str] = (),
           without: Collection[tuple[str, str]] = ()) -> dict[str, str | None]:
    """{lot key: the lot it was reached from}, nearest first. `starts` were reached as they say; from those that stand
    `alone` nothing is followed, nor are the lines (parent, child) of `without`. One statement a step for all lots of
    that step, so that it runs where lines are distributed by lot, too."""
    came_from = dict(starts)
    step = [key for key in starts if key not in alone and KEY.fullmatch(key)]
    while step:
        below, further = _below(session, step), list[str]()
        for parent in step:
            for child in sorted(below.get(parent, ())):
                if child not in came_from and (parent, child) not in without:
                    came_from[child] = parent
                    further.append(child)
        step = further
    return came_from


def _below(session: Session, keys: list[str]) -> dict[str, list[str]]:
    """{lot key: what is directly below it}. The database writes what is below a lot as one text: ten thousand rows
    instead of fifty thousand."""
    lines = select(LotEdge.lot_key, func.aggregate_strings(LotEdge.other_key, " ")).where(
        LotEdge.direction == DOWN).group_by(LotEdge.lot_key)
    return {parent: children.split(" ") for part in parts(keys)
            for parent, children in session.execute(among(session, lines, LotEdge.lot_key, part))}


def lot_rows(session: Session, keys: Iterable[str]) -> dict[str, LotRow]:
    """These lots by key, as far as they exist."""
    stock = (_raw(Lot.made) + _raw(Lot.returned) - _raw(Lot.consumed) - _raw(Lot.shipped) - _raw(Lot.sampled)
             - _raw(Lot.lost))
    columns = select(Lot.lot_key, Lot.uri, Lot.number, Lot.name, Lot.product_id, Lot.item_kind, _raw(Lot.made), stock,
                     _raw(Lot.shipped), Lot.unit, Lot.expires_on, Lot.is_recalled, Lot.is_own)
    return {row[0]: LotRow._make(row) for part in parts(key for key in keys if KEY.fullmatch(key))
            for row in session.execute(among(session, columns, Lot.lot_key, part))}


def _raw(column: InstrumentedAttribute[Decimal]) -> ColumnElement[int]:
    return type_coerce(column, BigInteger)


def product_rows(session: Session, lots: Iterable[LotRow]) -> dict[str | None, ProductRow]:
    """The products of these lots by id."""
    wanted = sorted({lot.product_id for lot in lots if lot.product_id})
    columns = select(Product.id, Product.name_zh, Product.name_en, Product.kind)
    return {row[0]: ProductRow(row[1], row[2], row[3] == ProductKind.material) for part in parts(wanted)
            for row in session.execute(among(session, columns, Product.id, part))}


def shipped_units(session: Session, lot_keys: Iterable[str]) -> dict[tuple[str, str], Decimal]:
    """{(lot key, consignee id): units net of returns}, where more than zero."""
    found: dict[tuple[str, str], Decimal] = {}
    amounts, units = Amounts(), func.sum(_raw(ShipmentLine.units), type_=BigInteger)
    lines = select(ShipmentLine.lot_key, ShipmentLine.consignee_id, units).group_by(
        ShipmentLine.lot_key, ShipmentLine.consignee_id)
    for part in parts(lot_keys):
        rows = session.execute(among(session, lines, ShipmentLine.lot_key, part))
        found.update(((key, consignee), amounts[int(raw)]) for key, consignee, raw in rows if raw > 0)
    return found


def party_rows(session: Session, party_ids: Iterable[str]) -> dict[str, PartyRow]:
    """These partners by id."""
    has_address = exists().where(PartyContact.party_id == Party.id, PartyContact.gets_recalls, PartyContact.is_active,
                                 or_(PartyContact.email != "", PartyContact.mobile != ""))
    columns = select(Party.id, Party.name_zh, Party.name_en, Party.country, Party.region, has_address)
    return {row[0]: PartyRow(row[1], row[2], row[3], row[4], bool(row[5])) for part in parts(party_ids)
            for row in session.execute(among(session, columns, Party.id, part))}
