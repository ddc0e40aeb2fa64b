"""The serial number in a scanned code: what is known of it, and whether it gives reason to doubt."""
from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from .policy import Doubt, SerialFacts, Sighting, doubt_of_serial
from .resolving import ScannedCode, signed_path
from .serials import read_serial
from .signature import CodeKeys

# Written by hand for both databases: every scan of a serialised lot asks it. The one range that can hold the number
# is the last that does not begin after it.
_SQL = """
SELECT r.range_end, r.key_id, c.scans, c.seen FROM (SELECT 1 AS one) o
LEFT JOIN (SELECT first + count AS range_end, key_id FROM serial_range WHERE lot_key = {key} AND prefix = {prefix}
  AND width = {width} AND first <= {number} ORDER BY first DESC LIMIT 1) r ON 1 = 1
LEFT JOIN serial_count c ON c.lot_key = {key} AND c.serial = {serial}
"""
_NAMES = ("key", "prefix", "width", "number", "serial")
_STATEMENTS = {"postgresql": _SQL.format(**{name: f"%({name})s" for name in _NAMES}),
               "sqlite": _SQL.format(**{name: f":{name}" for name in _NAMES})}


@dataclass(frozen=True, slots=True)
class KnownSerial:
    """What the database knows of a serial number of a lot with serial ranges; `key_id`: which key signed it."""

    is_allocated: bool = False
    key_id: str | None = None
    scans: int = 0
    sightings: tuple[Sighting, ...] = ()


def known_serial(connection: Connection, lot_key: str, serial_number: str) -> KnownSerial:
    """One statement, by keys; none for a text that cannot be a serial number of ours."""
    serial = read_serial(serial_number)
    if serial is None:
        return KnownSerial()
    cursor = connection.connection.cursor()
    try:
        cursor.execute(_STATEMENTS["postgresql" if connection.dialect.name == "postgresql" else "sqlite"],
                       {"key": lot_key, "prefix": serial.prefix, "width": serial.width, "number": serial.number,
                        "serial": serial_number})
        row: Any = cursor.fetchone()
    finally:
        cursor.close()
    range_end, key_id, scans, seen = row
    if range_end is None or serial.number >= range_end:
        return KnownSerial()
    return KnownSerial(True, key_id, scans or 0, sightings_of(json.loads(seen) if seen else ()))


# Of a product, too, the one range that can hold the number is the last that does not begin after it.
_LOT = text("SELECT r.lot_key, r.first + r.count FROM serial_range r JOIN lot l ON l.lot_key = r.lot_key "
            "WHERE r.prefix = :prefix AND r.width = :width AND r.first <= :number AND l.product_id = :product "
            "ORDER BY r.first DESC LIMIT 1")


def lot_of_serial(connection: Connection, product_id: str, serial_number: str) -> str | None:
    """The key of the lot whose pack was given this serial number; a product gives each number out once."""
    serial = read_serial(serial_number)
    if serial is None:
        return None
    row = connection.execute(_LOT, {"product": product_id, "prefix": serial.prefix, "width": serial.width,
                                    "number": serial.number}).first()
    return None if row is None or serial.number >= row[1] else str(row[0])


def sightings_of(rows: Any) -> tuple[Sighting, ...]:
    """The sightings as `serial_count` keeps them."""
    return tuple(Sighting(datetime.fromisoformat(at), network, region) for at, network, region in rows)


def doubt_about(known: KnownSerial, keys: CodeKeys, code: ScannedCode, signature: str,
                here: Sighting) -> Doubt | None:
    """What the scanned code gives reason to. A range whose key is gone counts as not signed."""
    is_right = None
    if known.key_id is not None and keys.holds(known.key_id):
        is_right = keys.is_right(known.key_id, signed_path(code), signature)
    return doubt_of_serial(SerialFacts(known.is_allocated, is_right, known.scans, known.sightings), here)
