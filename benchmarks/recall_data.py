"""A database for recalls: families of lots that each come from one raw lot, and what was sent of them to consignees.

Each family is a cause: everything in it was made, over nine steps, from its first lot. The lots of its last steps are
finished and went out, every line of a family to another consignee as long as there are as many. For every family stands
a signal whose strongest node is its first lot.
"""
from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any

from sqlalchemy import func, select

from traceapp import models
from traceapp.catalog.model import Party, PartyContact, Product, ProductKind, Site
from traceapp.db import Base, Database
from traceapp.db.insert import insert_rows
from traceapp.surveillance.alarm import NodeKind, SeverityGroup
from traceapp.surveillance.model import Signal, SignalAlarm
from traceapp.trace.model import ItemKind, Lot, LotEdge, Shipment, ShipmentLine
from traceapp.trace.policy import ReleaseState

from .databases import settle
from .many_lines import LEVELS, family, key_of, uri_of

LINES_OF_A_LOT = 8
UNITS_OF_A_LINE = 100
FINISHED_MADE = Decimal(2 * LINES_OF_A_LOT * UNITS_OF_A_LINE)
MATERIAL_MADE, MATERIAL_USED = Decimal(100), Decimal(90)
AT = datetime(2026, 1, 1, 8, tzinfo=UTC)
_AT_ONCE = 20_000
_COUNTRIES = ("CN", "CN", "CN", "CN", "DE", "FR", "US")
_LOT = ("lot_key", "uri", "item_kind", "product_id", "number", "name", "supplier_lot_number", "supplier_id", "origin",
        "site_id", "started_at", "made_on", "unit", "made", "consumed", "shipped", "returned", "sampled", "lost",
        "is_own", "release_state", "release_note", "is_on_hold", "is_recalled", "flags", "created_at", "revision")
_EDGE = ("lot_key", "direction", "other_key", "event_id", "kind", "quantity", "unit", "at")
_SHIPMENT = ("id", "document_number", "consignee_id", "lane", "shipped_at")
_LINE = ("lot_key", "shipment_id", "position", "consignee_id", "shipped_at", "packs", "units", "event_id")
_PARTY = ("id", "code", "name_zh", "name_en", "country", "region", "created_at")
_CONTACT = ("id", "party_id", "name", "email")


@dataclass(frozen=True, slots=True)
class Size:
    """How large: lots, how many of them are affected by one cause, consignees."""

    lots: int
    affected: int
    consignees: int

    @property
    def causes(self) -> int:
        return max(1, self.lots // self.affected)


def root_of(size: Size, cause: int) -> str:
    """The key of the raw lot of a cause."""
    return key_of(cause * size.affected)


def signal_of(cause: int) -> str:
    """The id of the signal about a cause."""
    return _id(5, cause)


def fill_recalls(database: Database, size: Size) -> None:
    """Fill the database, unless one of this size stands in it already."""
    models.metadata.create_all(database.engine)
    with database.read() as session:
        found = session.scalar(select(func.count()).select_from(Lot)) or 0
    if found == size.causes * size.affected:
        return
    if found:
        raise RuntimeError(f"the database holds {found} lots that this benchmark did not fill")
    _master_data(database, size)
    fill_rows(database, Party, _PARTY, (_party(number) for number in range(size.consignees)))
    fill_rows(database, PartyContact, _CONTACT, (_contact(number) for number in range(size.consignees)))
    chance = random.Random(7)
    consignees = list(range(size.consignees))
    chance.shuffle(consignees)
    fill_rows(database, Lot, _LOT, (_lot(size, number) for number in range(size.causes * size.affected)))
    for cause in range(size.causes):
        lines = list(family(cause * size.affected, size.affected, chance))
        fill_rows(database, LotEdge, _EDGE, (row for line in lines for row in _edges(line)))
        fill_rows(database, Shipment, _SHIPMENT, (row[0] for row in _despatches(size, cause, consignees)))
        fill_rows(database, ShipmentLine, _LINE, (row[1] for row in _despatches(size, cause, consignees)))
    settle(database)


def _id(kind: int, number: int) -> str:
    return f"{kind:04x}{number:028x}"


def _master_data(database: Database, size: Size) -> None:
    names = {"name_zh": "示例敷料有限公司", "name_en": "Example Dressings Ltd"}
    with database.write() as session:
        session.add(Party(id=_id(1, 0), code="OWN", country="CN", created_at=AT, **names))
        session.flush()
        session.add(Site(id=_id(2, 0), party_id=_id(1, 0), code="PLANT", is_own=True, **names))
        for number, (kind, code, unit) in enumerate(((ProductKind.material, "MATERIAL", "KGM"),
                                                     (ProductKind.device, "DRESSING", "H87"))):
            session.add(Product(id=_id(3, number), code=code, kind=kind, name_zh=code, name_en=code, unit=unit,
                                identity_uri=f"urn:traceapp:class:{code}", created_at=AT))
        for cause in range(size.causes):
            session.add_all(_signal(size, cause))


def _signal(size: Size, cause: int) -> tuple[Signal, SignalAlarm]:
    root, first = root_of(size, cause), cause * size.affected
    seen: dict[str, Any] = {
        "kind": NodeKind.upstream, "node_key": root, "name": f"L{first:07}", "severity_group": SeverityGroup.harm,
        "product_id": _id(3, 0), "method": "maxsprt", "since": AT.date(), "observed": 14, "expected": 3.1, "llr": 9.0,
        "critical": 3.5}
    at = AT + timedelta(days=60)
    finished = [key_of(number) for number in range(first, first + size.affected) if is_finished(size, number)]
    return (Signal(lot_key=root, id=signal_of(cause), reference=f"SG-{cause:06}", opened_at=at, **seen),
            SignalAlarm(lot_key=root, signal_id=signal_of(cause), position=1, at=at, lot_keys=finished, evidence={},
                        **seen))


def fill_rows(database: Database, model: type[Base], columns: tuple[str, ...],
              rows: Iterator[tuple[Any, ...]]) -> None:
    """The rows, with what the model says of the columns that are not named."""
    usual = {column.key: column.default.arg for column in model.__table__.columns
             if column.key not in columns and column.default is not None and column.default.is_scalar}
    more = tuple(usual.values())
    while part := [row + more for row in islice(rows, _AT_ONCE)]:
        with database.write() as session:
            insert_rows(session, model, (*columns, *usual), part)


def _party(number: int) -> tuple[Any, ...]:
    return (_id(4, number), f"C{number:06}", f"诊所 {number}", f"Clinic {number}", _COUNTRIES[number % 7],
            f"Region {number % 12}", AT)


def _contact(number: int) -> tuple[Any, ...]:
    return (_id(6, number), _id(4, number), "", f"quality@clinic-{number}.example")


def is_finished(size: Size, number: int) -> bool:
    """Whether a lot is of the last level of its family, or the one that was made of all of these."""
    width = (size.affected - 2) // LEVELS
    return number % size.affected > width * (LEVELS - 1)


def _lot(size: Size, number: int) -> tuple[Any, ...]:
    made, used, shipped, product, unit = (
        (FINISHED_MADE, Decimal(0), FINISHED_MADE / 2, _id(3, 1), "H87") if is_finished(size, number)
        else (MATERIAL_MADE, MATERIAL_USED, Decimal(0), _id(3, 0), "KGM"))
    zero = Decimal(0)
    return (key_of(number), uri_of(number), str(ItemKind.lot), product, f"L{number:07}", "", "", None, "",
            _id(2, 0), AT, AT.date(), unit, made, used, shipped, zero, zero, zero, 1, str(ReleaseState.released), "",
            False, False, [], AT, 1)


def _edges(line: tuple[int, int, int]) -> Iterator[tuple[Any, ...]]:
    parent, child, level = line
    for here, direction, there in ((parent, "down", child), (child, "up", parent)):
        yield (key_of(here), direction, key_of(there), f"{child:032x}", "made", Decimal(1), "KGM",
               AT + timedelta(days=level))


def _despatches(size: Size, cause: int, consignees: list[int]) -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...]]]:
    """Rows of shipments and of their lines, one line each."""
    first, at = cause * size.affected, AT + timedelta(days=LEVELS + 2)
    finished = [number for number in range(first, first + size.affected) if is_finished(size, number)]
    start = cause * len(finished) * LINES_OF_A_LOT
    for place in range(len(finished) * LINES_OF_A_LOT):
        number, to = finished[place // LINES_OF_A_LOT], _id(4, consignees[(start + place) % len(consignees)])
        shipment = _id(7, start + place)
        yield ((shipment, f"D{start + place:08}", to, "", at),
               (key_of(number), shipment, 1, to, at, Decimal(1), Decimal(UNITS_OF_A_LINE), _id(8, start + place)))
