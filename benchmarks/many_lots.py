"""A database of the product's own tables with many released batches, filled in bulk."""
from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from itertools import islice
from typing import Any

from sqlalchemy.orm import Session

from traceapp import models
from traceapp.catalog.model import PackagingLevel, Party, Product, Site
from traceapp.code.model import ScanCount
from traceapp.db import Base, Database
from traceapp.db.insert import insert_rows
from traceapp.trace.identity import lot_key, lot_uri
from traceapp.trace.model import Inspection, Lot, LotEdge, ShipmentLine, TestResult

from .databases import settle

GTIN = "09521234543213"
MATERIALS = 400
MATERIALS_OF_A_LOT = 4
RESULTS_OF_A_LOT = 4
CONSIGNEES = 100
CONSIGNEES_OF_A_LOT = 3
_AT_ONCE = 2_000
_AT = datetime(2026, 9, 1, 8, tzinfo=UTC)
_CLASS = f"https://id.gs1.org/01/{GTIN}"
_MATERIAL_CLASS = "urn:traceapp:class:ADHESIVE"

Rows = dict[type[Base], list[dict[str, Any]]]


def number_of(index: int) -> str:
    """The number of the lot with this index."""
    return f"L{index:06}"


def code_path_of(index: int) -> str:
    """The address in its code."""
    return f"/01/{GTIN}/10/{number_of(index)}"


def path_of(index: int) -> str:
    """The address of its scan page."""
    return f"/s{code_path_of(index)}"


def make_tables(database: Database) -> None:
    """Make the product's tables."""
    models.metadata.create_all(database.engine)


def fill(database: Database, lots: int) -> None:
    """Fill the empty tables with `lots` batches, each with materials, an inspection and consignees."""
    with database.write() as session:
        _insert(session, _master_data())
    batches = iter(range(lots))
    while chunk := list(islice(batches, _AT_ONCE)):
        with database.write() as session:
            _insert(session, _together(_lot_rows(index) for index in chunk))
    settle(database)


def _insert(session: Session, rows: Rows) -> None:
    """The rows, with what the model says of the columns that are not named."""
    for model, given in rows.items():
        named = tuple(dict.fromkeys(name for row in given for name in row))
        usual = {column.key: column.default.arg if column.default.is_scalar else column.default.arg(None)
                 for column in model.__table__.columns if column.default is not None}
        columns = (*named, *(name for name in usual if name not in named))
        insert_rows(session, model, columns,
                    [tuple(row.get(name, usual.get(name)) for name in columns) for row in given])


def _together(parts: Iterable[Rows]) -> Rows:
    rows: Rows = {}
    for part in parts:
        for model, given in part.items():
            rows.setdefault(model, []).extend(given)
    return rows


def _id(kind: int, index: int) -> str:
    return f"{kind:04x}{index:028x}"


def _master_data() -> Rows:
    names = {"name_zh": "示例敷料有限公司", "name_en": "Example Dressings Ltd"}
    own = {"id": _id(1, 0), "code": "OWN", "country": "CN", "created_at": _AT, "region": "", **names}
    consignees = [{"id": _id(2, index), "code": f"C{index:04}", "country": "CN", "created_at": _AT,
                   "region": f"Region {index % 12}", "name_zh": f"诊所 {index}", "name_en": f"Clinic {index}"}
                  for index in range(CONSIGNEES)]
    product = {"kind": "device", "unit": "H87", "created_at": _AT, "registration_number": "REG-2026-0001",
               "usage_zh": "清洁皮肤后贴敷，不超过 24 小时。", "usage_en": "Apply to clean skin for at most 24 hours.",
               "contact_phone": "+86 21 5550 0100"}
    return {
        Party: [own, *consignees],
        Site: [{"id": _id(3, 0), "party_id": _id(1, 0), "code": "PLANT", "city": "Shanghai", "is_own": True, **names}],
        Product: [
            {"id": _id(4, 0), "code": "PLASTER", "name_zh": "水胶体敷料", "name_en": "Hydrocolloid dressing",
             "identity_uri": _CLASS, **product},
            {"id": _id(4, 1), "code": "ADHESIVE", "name_zh": "压敏胶", "name_en": "Pressure-sensitive adhesive",
             "identity_uri": _MATERIAL_CLASS, **product, "kind": "material", "unit": "KGM"}],
        PackagingLevel: [{"gtin": GTIN, "product_id": _id(4, 0), "level": "unit", "units": Decimal(1)}],
        Lot: [_lot(_MATERIAL_CLASS, f"RM{index:04}", _id(4, 1), origin="Jiangsu, CN") for index in range(MATERIALS)],
    }


def _lot(identity_uri: str, number: str, product_id: str, *, origin: str = "") -> dict[str, Any]:
    return {"lot_key": lot_key(identity_uri, number), "uri": lot_uri(identity_uri, number), "item_kind": "lot",
            "product_id": product_id, "class_uri": identity_uri, "number": number, "origin": origin,
            "site_id": _id(3, 0), "started_at": _AT, "made_on": _AT.date(),
            "expires_on": (_AT + timedelta(days=1095)).date(), "unit": "H87", "made": Decimal(5000),
            "release_state": "released", "released_at": _AT + timedelta(days=3), "created_at": _AT}


@cache
def _material_key(index: int) -> str:
    return lot_key(_MATERIAL_CLASS, f"RM{index:04}")


def _lot_rows(index: int) -> Rows:
    key = lot_key(_CLASS, number_of(index))
    parents = [_material_key((index * 7 + step * 31) % MATERIALS) for step in range(MATERIALS_OF_A_LOT)]
    common = {"event_id": _id(6, index), "lot_key": key}
    edge = {"event_id": _id(6, index), "kind": "transform", "quantity": Decimal("12.5"), "unit": "KGM", "at": _AT}
    return {
        Lot: [_lot(_CLASS, number_of(index), _id(4, 0))],
        LotEdge: list(_edges(key, parents, edge)),
        Inspection: [{"id": _id(5, index), "report_number": f"QC-{index:06}", "laboratory": "QC laboratory",
                      "inspected_at": _AT + timedelta(days=2), "verdict": "conforming", **common}],
        TestResult: [{"lot_key": key, "inspection_id": _id(5, index), "position": position, "name_zh": "剥离强度",
                      "name_en": "Peel strength", "unit": "N/cm", "value": Decimal("1.2"), "lower": Decimal("0.8"),
                      "upper": Decimal("2.0"), "is_within": True} for position in range(RESULTS_OF_A_LOT)],
        ShipmentLine: [{"shipment_id": _id(7, index * 8 + position), "position": 1,
                        "consignee_id": _id(2, (index * 3 + position * 37) % CONSIGNEES),
                        "shipped_at": _AT + timedelta(days=5 + position), "packs": Decimal(100),
                        "units": Decimal(1000), **common} for position in range(CONSIGNEES_OF_A_LOT)],
        ScanCount: [{"lot_key": key, "scans": index % 50 + 1, "first_at": _AT + timedelta(days=9)}],
    }


def _edges(key: str, parents: list[str], edge: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for parent in parents:
        yield {"lot_key": key, "direction": "up", "other_key": parent, **edge}
        yield {"lot_key": parent, "direction": "down", "other_key": key, **edge}
