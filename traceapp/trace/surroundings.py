"""What stands around a lot and around many others: the lots that went into it, its product, its place.

Each is asked for once in a while, not for every lot. No verdict depends on any of it.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection

from traceapp.core.clock import monotonic_seconds

from .quick_reads import listed, moment, rows

KEPT_SECONDS = 10.0
_MOST_KEPT = 20_000
_MOST_UPSTREAM = 200


@dataclass(frozen=True, slots=True)
class RawMaterial:
    """A lot upstream. `is_raw`: nothing upstream of it; `conforms` None: it was not inspected."""

    lot_key: str
    name_zh: str
    name_en: str
    origin: str
    is_raw: bool
    conforms: bool | None


@dataclass(frozen=True, slots=True)
class UpstreamLot:
    """`received_at` None: it was not bought. `parents` are the keys of what went into it."""

    material: RawMaterial
    received_at: datetime | None
    parents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ProductFacts:
    """What the public may know of the product; `gtin` is that of the unit, None where it has none."""

    id: str
    code: str
    kind: str
    name_zh: str
    name_en: str
    unit: str
    registration_number: str
    risk_class: str
    storage_zh: str
    storage_en: str
    usage_zh: str
    usage_en: str
    contact_phone: str
    gtin: str | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a lot was made or received, and who runs that place."""

    city: str
    time_zone: str
    maker_zh: str
    maker_en: str


NOWHERE = Place("", "UTC", "", "")
Value = TypeVar("Value")


class _Memory(Generic[Value]):
    """Values by their keys, each for KEPT_SECONDS, also that there is none. Safe for threads."""

    def __init__(self, tick: Callable[[], float]) -> None:
        self._tick = tick
        self._kept: dict[str, tuple[Value | None, float]] = {}

    def values(self, keys: Sequence[str], read: Callable[[Sequence[str]], Mapping[str, Value]]) -> list[Value]:
        """What there is under the keys, in their order; `read` finds what is not known or not known any more."""
        now = self._tick()
        kept = {key: self._kept.get(key) for key in keys}
        old = [key for key, one in kept.items() if one is None or now - one[1] > KEPT_SECONDS]
        if old:
            found = read(old)
            fresh = {key: (found.get(key), now) for key in old}
            if len(self._kept) > _MOST_KEPT:
                self._kept.clear()
            self._kept.update(fresh)
            kept.update(fresh)
        return [one[0] for one in kept.values() if one is not None and one[0] is not None]


_LOTS = """
SELECT m.lot_key, COALESCE(p.name_zh, m.name), COALESCE(p.name_en, m.name), m.origin, m.started_at, m.supplier_id,
  (SELECT {group}(u.other_key) FROM lot_edge u WHERE u.lot_key = m.lot_key AND u.direction = 'up'),
  (SELECT i.verdict FROM inspection i WHERE i.lot_key = m.lot_key ORDER BY i.inspected_at DESC, i.id DESC LIMIT 1)
FROM lot m LEFT JOIN product p ON p.id = m.product_id WHERE m.lot_key IN ({keys})
"""
_PRODUCTS = """
SELECT p.id, p.code, p.kind, p.name_zh, p.name_en, p.unit, p.registration_number, p.risk_class, p.storage_zh,
  p.storage_en, p.usage_zh, p.usage_en, p.contact_phone,
  (SELECT g.gtin FROM packaging_level g WHERE g.product_id = p.id AND g.level = 'unit')
FROM product p WHERE p.id IN ({keys})
"""
_PLACES = """
SELECT s.id, s.city, s.time_zone, o.name_zh, o.name_en FROM site s LEFT JOIN party o ON o.id = s.party_id
WHERE s.id IN ({keys})
"""


@lru_cache(maxsize=2 * _MOST_UPSTREAM)
def _statement(sql: str, dialect: str, keys: int) -> str:
    is_sqlite = dialect != "postgresql"
    return sql.format(group="json_group_array" if is_sqlite else "json_agg",
                      keys=", ".join(["?" if is_sqlite else "%s"] * keys))


def _read(connection: Connection, sql: str, keys: Sequence[str]) -> list[Any]:
    return rows(connection, _statement(sql, connection.dialect.name, len(keys)), tuple(keys))


class Surroundings:
    """Remembers what it has read for KEPT_SECONDS; `tick` tells monotonic seconds. Safe for threads."""

    def __init__(self, tick: Callable[[], float] = monotonic_seconds) -> None:
        self._lots: _Memory[UpstreamLot] = _Memory(tick)
        self._products: _Memory[ProductFacts] = _Memory(tick)
        self._places: _Memory[Place] = _Memory(tick)

    def product(self, connection: Connection, product_id: str | None) -> ProductFacts | None:
        """The product with this id."""
        def read(keys: Sequence[str]) -> dict[str, ProductFacts]:
            return {row[0]: ProductFacts(*row) for row in _read(connection, _PRODUCTS, keys)}

        return next(iter(self._products.values((product_id,), read)), None) if product_id is not None else None

    def place(self, connection: Connection, site_id: str | None) -> Place:
        """The place with this id."""
        def read(keys: Sequence[str]) -> dict[str, Place]:
            return {key: Place(city or "", zone or "UTC", maker_zh or "", maker_en or "")
                    for key, city, zone, maker_zh, maker_en in _read(connection, _PLACES, keys)}

        return next(iter(self._places.values((site_id,), read)), NOWHERE) if site_id is not None else NOWHERE

    def upstream(self, connection: Connection, lot_key: str, parents: Iterable[str]) -> list[UpstreamLot]:
        """Everything upstream of a lot, the nearest first and at most 200; `parents` are what went into the lot."""
        def read(keys: Sequence[str]) -> dict[str, UpstreamLot]:
            return {row[0]: _upstream_lot(row) for row in _read(connection, _LOTS, keys)}

        found: list[UpstreamLot] = []
        seen = {lot_key}
        wave: Iterable[str] = parents
        while keys := [key for key in dict.fromkeys(wave) if key not in seen][:_MOST_UPSTREAM - len(found)]:
            seen.update(keys)
            lots = self._lots.values(keys, read)
            found += lots
            wave = [key for lot in lots for key in lot.parents]
        return found


def _upstream_lot(row: Sequence[Any]) -> UpstreamLot:
    key, name_zh, name_en, origin, started_at, supplier_id, parents, verdict = row
    above = tuple(dict.fromkeys(listed(parents)))
    return UpstreamLot(
        RawMaterial(key, name_zh, name_en, origin, not above, None if verdict is None else verdict == "conforming"),
        None if supplier_id is None else moment(started_at), above)
