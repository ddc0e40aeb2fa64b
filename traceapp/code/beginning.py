"""Where a trace begins when a code is scanned: also from a pack of which nothing but its serial number is known."""
from __future__ import annotations

from sqlalchemy.orm import Session

from traceapp.core.errors import NotFound
from traceapp.gs1 import Gs1Error, parse_anything
from traceapp.trace.finding import key_of_text
from traceapp.trace.starting import Start, StartKind, start_of

from .allocating import lot_of_pack


def beginning_of(session: Session, text: str, kind: StartKind | None = None) -> Start:
    """What the text means, the lot of a pack by the number that it was given included. Raises as `start_of` does."""
    try:
        return start_of(session, text, kind)
    except NotFound:
        found = _lot_of_serial(session, text) if kind in (None, StartKind.item) else None
        if found is None:
            raise
        return Start(StartKind.item, text.strip(), (found,))


def lot_of_scan(session: Session, text: str) -> str:
    """The key of the lot that was scanned or typed, that of a pack by its serial number alone included. Raises as
    `key_of_text` does."""
    try:
        return key_of_text(session, text)
    except NotFound:
        found = _lot_of_serial(session, text.strip())
        if found is None:
            raise
        return found


def _lot_of_serial(session: Session, text: str) -> str | None:
    try:
        parsed = parse_anything(text)
    except Gs1Error:
        return None
    gtin, serial = parsed.get("01"), parsed.get("21")
    lot = lot_of_pack(session, gtin, serial) if gtin and serial else None
    return lot.lot_key if lot is not None else None
