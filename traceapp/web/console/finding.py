"""What a number or a scan can mean."""
from __future__ import annotations

from sqlalchemy.orm import Session

from traceapp.core.errors import Conflict, NotFound
from traceapp.gs1 import Gs1Error, Parsed, lot_number_in, parse_anything
from traceapp.trace.finding import key_of_text
from traceapp.trace.lookup import lots_by_key
from traceapp.trace.model import Lot
from traceapp.trace.overview import lots_called


def read_code(text: str) -> Parsed | None:
    """The GS1 data of a scan, a Digital Link or a bare GTIN; None when it is none."""
    try:
        return parse_anything(text)
    except Gs1Error:
        return None


def lots_meant(session: Session, text: str) -> list[Lot]:
    """The lots that a number, a scan, a code's address or a URI means; ours first, an exact name alone."""
    bare = text.strip()
    if "/t/" in bare:
        bare = bare.rpartition("/t/")[2].strip("/")
    try:
        return list(lots_by_key(session, [key_of_text(session, bare)]).values())
    except (NotFound, Conflict):
        return lots_called(session, lot_number_in(bare))
