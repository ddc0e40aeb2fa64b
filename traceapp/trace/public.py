"""What outside audiences may know of a lot: frozen values, one statement, no consignee's name.

The statement is written by hand for both databases, because the scan page is the hottest read of the product.
"""
from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection

from .policy import Verdict, VerdictFacts, verdict


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
class PublicFile:
    """A report that the public may read."""

    id: str
    name: str
    sha256: str
    media_type: str


@dataclass(frozen=True, slots=True)
class PublicInspection:
    """`results` characteristics were tested, `within` of them met their limits."""

    id: str
    report_number: str
    laboratory: str
    inspected_at: datetime
    conforms: bool
    results: int
    within: int
    reports: tuple[PublicFile, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """A coarse step of the journey. `kind`: received, produced, inspected, released, shipped. `place` is a city or
    region, `last_on` the end of a span of days; days are those of `time_zone` of the facts."""

    kind: str
    first_at: datetime
    last_at: datetime
    places: tuple[str, ...]


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
class ScanFacts:
    """All that the page of a lot shows. `product` is None for a lot of somebody else, then `name` says what it is as
    far as master data told. `recall_sources` are `recall:<id>` of open recalls. `is_serialised`: serial numbers were
    given out for its packs."""

    lot_key: str
    uri: str
    revision: int
    number: str
    name: str
    product: ProductFacts | None
    is_own: bool
    made_on: date | None
    expires_on: date | None
    release_state: str
    released_at: datetime | None
    is_on_hold: bool
    is_recalled: bool
    recall_sources: tuple[str, ...]
    maker_zh: str
    maker_en: str
    city: str
    time_zone: str
    materials: tuple[RawMaterial, ...]
    inspections: tuple[PublicInspection, ...]
    journey: tuple[Step, ...]
    is_serialised: bool
    scans: int
    first_scan_at: datetime | None

    def verdict(self, today: date, *, is_suspicious: bool = False) -> Verdict:
        """The one answer; `today` is the date where the reader is."""
        return verdict(VerdictFacts(self.release_state, self.is_recalled, self.is_on_hold, self.expires_on,
                                    is_suspicious), today)


_MOST_MATERIALS = 200
_SQL = """
WITH RECURSIVE up(k) AS (
  SELECT CAST({key} AS VARCHAR(32)) UNION
  SELECT e.other_key FROM up JOIN lot_edge e ON e.lot_key = up.k AND e.direction = 'up'
), near AS (SELECT k FROM up LIMIT {most})
SELECT l.uri, l.revision, l.number, l.name, l.is_own, l.made_on, l.expires_on, l.release_state, l.started_at,
  l.released_at, l.is_on_hold, l.is_recalled, l.supplier_id, p.id, p.code, p.kind, p.name_zh, p.name_en, p.unit,
  p.registration_number, p.risk_class, p.storage_zh, p.storage_en, p.usage_zh, p.usage_en, p.contact_phone,
  (SELECT g.gtin FROM packaging_level g WHERE g.product_id = p.id AND g.level = 'unit'),
  s.city, s.time_zone, o.name_zh, o.name_en, c.scans, c.first_at,
  EXISTS(SELECT 1 FROM serial_range sr WHERE sr.lot_key = l.lot_key),
  (SELECT {group}({array}(h.source)) FROM hold h
    WHERE h.lot_key = l.lot_key AND h.kind = 'recall' AND h.lifted_at IS NULL),
  (SELECT {group}({array}(m.lot_key, COALESCE(mp.name_zh, m.name), COALESCE(mp.name_en, m.name), m.origin,
      (SELECT COUNT(*) FROM lot_edge u WHERE u.lot_key = m.lot_key AND u.direction = 'up'),
      (SELECT i.verdict FROM inspection i WHERE i.lot_key = m.lot_key ORDER BY i.inspected_at DESC, i.id DESC LIMIT 1),
      m.started_at, m.supplier_id))
    FROM near JOIN lot m ON m.lot_key = near.k LEFT JOIN product mp ON mp.id = m.product_id
    WHERE m.lot_key <> l.lot_key),
  (SELECT {group}({array}(i.id, i.report_number, i.laboratory, i.inspected_at, i.verdict,
      (SELECT COUNT(*) FROM test_result t WHERE t.lot_key = i.lot_key AND t.inspection_id = i.id),
      (SELECT COUNT(*) FROM test_result t WHERE t.lot_key = i.lot_key AND t.inspection_id = i.id AND t.is_within),
      {json}((SELECT {group}({array}(a.id, a.name, a.sha256, f.media_type)) FROM attachment a
        JOIN stored_file f ON f.sha256 = a.sha256 WHERE a.about = 'inspection:' || i.id AND a.is_public))))
    FROM inspection i WHERE i.lot_key = l.lot_key),
  (SELECT {group}({array}(q.first_at, q.last_at, q.region)) FROM (
     SELECT r.region, MIN(n.shipped_at) AS first_at, MAX(n.shipped_at) AS last_at FROM shipment_line n
     JOIN party r ON r.id = n.consignee_id WHERE n.lot_key = {key} AND n.units > 0 GROUP BY r.region) q)
FROM lot l LEFT JOIN product p ON p.id = l.product_id LEFT JOIN site s ON s.id = l.site_id
  LEFT JOIN party o ON o.id = s.party_id LEFT JOIN scan_count c ON c.lot_key = l.lot_key
WHERE l.lot_key = {key}
"""

_REVISION = {"sqlite": "SELECT revision FROM lot WHERE lot_key = ?",
             "postgresql": "SELECT revision FROM lot WHERE lot_key = %s"}


@lru_cache(maxsize=2)
def _statement(dialect: str) -> str:
    if dialect == "postgresql":
        return _SQL.format(key="%(key)s", most=_MOST_MATERIALS, group="json_agg", array="json_build_array", json="")
    return _SQL.format(key=":key", most=_MOST_MATERIALS, group="json_group_array", array="json_array", json="json")


def scan_facts(connection: Connection, lot_key: str) -> ScanFacts | None:
    """Everything that the page of a lot shows, in one statement; None for a lot that is not known."""
    row = _first(connection, _statement(connection.dialect.name), {"key": lot_key})
    if row is None:
        return None
    (uri, revision, number, name, is_own, made_on, expires_on, state, started_at, released_at, held, recalled,
     supplier_id, *rest, city, zone, maker_zh, maker_en, scans, first_scan_at, serialised, sources, materials,
     inspections, regions) = row
    upstream = sorted((_list(item) for item in _list(materials)), key=lambda item: (item[4] > 0, item[2], item[0]))
    tested = tuple(sorted((_inspection(item) for item in _list(inspections)), key=lambda item: item.inspected_at))
    product = ProductFacts(*rest) if rest[0] is not None else None
    return ScanFacts(
        lot_key=lot_key, uri=uri, revision=revision, number=number, name=name, product=product, is_own=bool(is_own),
        made_on=_day(made_on), expires_on=_day(expires_on), release_state=state, released_at=_moment(released_at),
        is_on_hold=bool(held), is_recalled=bool(recalled), recall_sources=tuple(item[0] for item in _list(sources)),
        maker_zh=maker_zh or "", maker_en=maker_en or "", city=city or "", time_zone=zone or "UTC",
        materials=tuple(RawMaterial(item[0], item[1], item[2], item[3], item[4] == 0,
                                    None if item[5] is None else item[5] == "conforming") for item in upstream),
        inspections=tested, is_serialised=bool(serialised), scans=scans or 0, first_scan_at=_moment(first_scan_at),
        journey=_journey(upstream, tested, [_list(item) for item in _list(regions)],
                         (_moment(started_at), _moment(released_at), city or "", supplier_id is not None)))


def _inspection(item: list[Any]) -> PublicInspection:
    moment = _moment(item[3])
    assert moment is not None
    return PublicInspection(item[0], item[1], item[2], moment, item[4] == "conforming", item[5], item[6],
                            tuple(PublicFile(*file) for file in sorted(_list(item[7]))))


def _journey(upstream: list[list[Any]], tested: tuple[PublicInspection, ...], regions: list[list[Any]],
             own: tuple[datetime | None, datetime | None, str, bool]) -> tuple[Step, ...]:
    """The steps in their order; one that has not happened is not among them."""
    started_at, released_at, city, is_bought = own
    places = (city,) if city else ()
    began = [started_at] if started_at else []
    received = [moment for item in upstream if item[7] is not None and (moment := _moment(item[6])) is not None]
    inspected = [item.inspected_at for item in tested]
    shipped = [moment for item in regions for moment in (_moment(item[0]), _moment(item[1])) if moment is not None]
    found = (("received", began if is_bought else received, places),
             ("produced", [] if is_bought else began, places),
             ("inspected", inspected, places), ("released", [released_at] if released_at else [], places),
             ("shipped", shipped, tuple(sorted({item[2] for item in regions if item[2]}))))
    return tuple(Step(kind, min(moments), max(moments), where) for kind, moments, where in found if moments)


def _list(value: Any) -> list[Any]:
    """A JSON list as the driver hands it over: text, a list, or nothing."""
    if value is None:
        return []
    return json.loads(value) if isinstance(value, str) else value


def _day(value: Any) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else value


def _moment(value: Any) -> datetime | None:
    if value is None:
        return None
    return (datetime.fromisoformat(value) if isinstance(value, str) else value).astimezone(UTC)


def scan_revision(connection: Connection, lot_key: str) -> int | None:
    """The revision of a lot, for telling whether a cached page still holds; None for a lot that is not known."""
    statement = _REVISION["postgresql" if connection.dialect.name == "postgresql" else "sqlite"]
    found = _first(connection, statement, (lot_key,))
    return None if found is None else int(found[0])


def _first(connection: Connection, statement: str, parameters: Any) -> Any:
    """The first row, straight from the driver: describing forty columns anew takes longer than reading them."""
    cursor = connection.connection.cursor()
    try:
        cursor.execute(statement, parameters)
        return cursor.fetchone()
    finally:
        cursor.close()
