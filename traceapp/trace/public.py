"""What outside audiences may know of a lot: frozen values, no consignee's name.

The statements are written by hand for both databases, because the scan page is the hottest read of the product: one for
the lot itself, others only for what stands around it and was not asked for a moment ago.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, update
from sqlalchemy.orm import Session

from .model import Lot
from .policy import Verdict, VerdictFacts, verdict
from .quick_reads import day, listed, moment, rows
from .surroundings import ProductFacts, RawMaterial, Surroundings


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


_SQL = """
SELECT l.uri, l.revision, l.number, l.name, l.is_own, l.made_on, l.expires_on, l.release_state, l.started_at,
  l.released_at, l.is_on_hold, l.is_recalled, l.supplier_id, l.product_id, l.site_id, c.scans, c.first_at,
  EXISTS(SELECT 1 FROM serial_range sr WHERE sr.lot_key = l.lot_key),
  CASE WHEN l.is_recalled THEN (SELECT {group}(h.source) FROM hold h
    WHERE h.lot_key = l.lot_key AND h.kind = 'recall' AND h.lifted_at IS NULL) END,
  (SELECT {group}(e.other_key) FROM lot_edge e WHERE e.lot_key = l.lot_key AND e.direction = 'up'),
  (SELECT {group}({array}(i.id, i.report_number, i.laboratory, i.inspected_at, i.verdict,
      {json}((SELECT {array}(COUNT(*), COUNT(CASE WHEN t.is_within THEN 1 END)) FROM test_result t
        WHERE t.lot_key = i.lot_key AND t.inspection_id = i.id)),
      {json}((SELECT {group}({array}(a.id, a.name, a.sha256, f.media_type)) FROM attachment a
        JOIN stored_file f ON f.sha256 = a.sha256 WHERE a.about = 'inspection:' || i.id AND a.is_public))))
    FROM inspection i WHERE i.lot_key = l.lot_key),
  (SELECT {group}({array}(q.first_at, q.last_at, q.region)) FROM (
     SELECT r.region, MIN(n.shipped_at) AS first_at, MAX(n.shipped_at) AS last_at FROM shipment_line n
     JOIN party r ON r.id = n.consignee_id WHERE n.lot_key = {key} AND n.units > 0 GROUP BY r.region) q)
FROM lot l LEFT JOIN scan_count c ON c.lot_key = l.lot_key WHERE l.lot_key = {key}
"""

_REVISION = {"sqlite": "SELECT revision FROM lot WHERE lot_key = ?",
             "postgresql": "SELECT revision FROM lot WHERE lot_key = %s"}


@lru_cache(maxsize=2)
def _statement(dialect: str) -> str:
    if dialect == "postgresql":
        return _SQL.format(key="%(key)s", group="json_agg", array="json_build_array", json="")
    return _SQL.format(key=":key", group="json_group_array", array="json_array", json="json")


def scan_facts(connection: Connection, lot_key: str, around: Surroundings | None = None) -> ScanFacts | None:
    """Everything that the page of a lot shows; None for a lot that is not known. `around` remembers what several lots
    share."""
    found = rows(connection, _statement(connection.dialect.name), {"key": lot_key})
    if not found:
        return None
    (uri, revision, number, name, is_own, made_on, expires_on, state, started_at, released_at, held, recalled,
     supplier_id, product_id, site_id, scans, first_scan_at, serialised, sources, parents, inspections,
     regions) = found[0]
    around = around or Surroundings()
    place = around.place(connection, site_id)
    above = around.upstream(connection, lot_key, listed(parents))
    tested = tuple(sorted(map(_inspection, listed(inspections)), key=lambda item: item.inspected_at))
    own = _OwnSteps(moment(started_at), moment(released_at), place.city, supplier_id is not None)
    return ScanFacts(
        lot_key=lot_key, uri=uri, revision=revision, number=number, name=name,
        product=around.product(connection, product_id), is_own=bool(is_own), made_on=day(made_on),
        expires_on=day(expires_on), release_state=state, released_at=own.released_at, is_on_hold=bool(held),
        is_recalled=bool(recalled), recall_sources=tuple(listed(sources)),
        maker_zh=place.maker_zh, maker_en=place.maker_en, city=place.city, time_zone=place.time_zone,
        materials=tuple(sorted((lot.material for lot in above), key=_place_of_material)),
        inspections=tested, is_serialised=bool(serialised), scans=scans or 0, first_scan_at=moment(first_scan_at),
        journey=_journey(own, [lot.received_at for lot in above if lot.received_at is not None], tested,
                         listed(regions)))


def _place_of_material(material: RawMaterial) -> tuple[bool, str, str]:
    return not material.is_raw, material.name_en, material.lot_key


def _inspection(item: list[Any]) -> PublicInspection:
    number, report_number, laboratory, at, verdict_code, (results, within), reports = item
    inspected_at = moment(at)
    assert inspected_at is not None
    return PublicInspection(number, report_number, laboratory, inspected_at, verdict_code == "conforming", results,
                            within, tuple(PublicFile(*file) for file in sorted(listed(reports))))


class _OwnSteps(NamedTuple):
    """What happened to the lot itself. `is_bought`: it came from a supplier."""

    started_at: datetime | None
    released_at: datetime | None
    city: str
    is_bought: bool


def _journey(own: _OwnSteps, received: list[datetime], tested: Sequence[PublicInspection],
             regions: list[list[Any]]) -> tuple[Step, ...]:
    """The steps in their order; one that has not happened is not among them."""
    places = (own.city,) if own.city else ()
    began = [own.started_at] if own.started_at else []
    inspected = [item.inspected_at for item in tested]
    shipped = [at for item in regions for at in (moment(item[0]), moment(item[1])) if at is not None]
    found = (("received", began if own.is_bought else received, places),
             ("produced", [] if own.is_bought else began, places),
             ("inspected", inspected, places), ("released", [own.released_at] if own.released_at else [], places),
             ("shipped", shipped, tuple(sorted({item[2] for item in regions if item[2]}))))
    return tuple(Step(kind, min(moments), max(moments), where) for kind, moments, where in found if moments)


def renew_pages(session: Session, lot_keys: Sequence[str]) -> None:
    """Move the revision of lots on: something that their pages show was changed elsewhere."""
    for start in range(0, len(lot_keys), 500):
        session.execute(update(Lot).where(Lot.lot_key.in_(lot_keys[start:start + 500]))
                        .values(revision=Lot.revision + 1).execution_options(synchronize_session=False))


def scan_revision(connection: Connection, lot_key: str) -> int | None:
    """The revision of a lot, for telling whether a cached page still holds; None for a lot that is not known."""
    statement = _REVISION["postgresql" if connection.dialect.name == "postgresql" else "sqlite"]
    found = rows(connection, statement, (lot_key,))
    return int(found[0][0]) if found else None
