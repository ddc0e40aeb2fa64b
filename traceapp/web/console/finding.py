"""What a number or a scan can mean."""
from __future__ import annotations

from sqlalchemy.orm import Session

from traceapp.code.allocating import lot_of_pack
from traceapp.core.errors import Conflict, NotFound
from traceapp.gs1 import Gs1Error, Parsed, lot_number_in, parse_anything, readings
from traceapp.trace.finding import key_of_text
from traceapp.trace.lookup import lots_by_key
from traceapp.trace.model import Lot
from traceapp.trace.overview import lots_called


def read_code(text: str) -> Parsed | None:
    """The GS1 data of a scan, a Digital Link or a bare GTIN; None when it is none."""
    for one in readings(text):
        try:
            return parse_anything(one)
        except Gs1Error:
            continue
    return None


def why_unread(text: str) -> Gs1Error | None:
    """What is wrong with a text that looks like a code; None for one that does not, or that is right."""
    tidy = readings(text)[0]
    if not tidy.startswith(("]", "^", "(", "01", "00", "http")):
        return None
    try:
        parse_anything(tidy)
    except Gs1Error as error:
        return error
    return None


def lots_meant(session: Session, text: str) -> list[Lot]:
    """The lots that a number, a scan, a code's address or a URI means; ours first, an exact name alone. What scanners
    and keyboards do to a code is undone."""
    for one in readings(text):
        if one and (found := _lots_of(session, one)):
            return found
    return []


def _lots_of(session: Session, text: str) -> list[Lot]:
    bare = text
    if "/t/" in bare:
        bare = bare.rpartition("/t/")[2].strip("/")
    try:
        return list(lots_by_key(session, [key_of_text(session, bare)]).values())
    except (NotFound, Conflict):
        return lots_called(session, lot_number_in(bare)) or _of_serial(session, bare)


def _of_serial(session: Session, text: str) -> list[Lot]:
    """The lot of a single pack whose code names no lot, when its serial number was given out."""
    try:
        parsed = parse_anything(text)
    except Gs1Error:
        return []
    gtin, serial = parsed.get("01"), parsed.get("21")
    found = lot_of_pack(session, gtin, serial) if gtin and serial else None
    return [found] if found is not None else []
