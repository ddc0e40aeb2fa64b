"""From anything that a person or program writes to the one trace item that it means."""
from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.catalog.queries import product_of_gtin
from traceapp.core.errors import Conflict, NotFound
from traceapp.core.ids import name_key
from traceapp.epcis.identifiers import normal_form
from traceapp.gs1 import Gs1Error, lot_number_in, parse_anything

from .identity import lot_key
from .lookup import lots_of_number
from .model import Lot


def key_of_text(session: Session, text: str) -> str:
    """The key of the item named by a URI, element string, scan data, lot key, or a lot number that only one lot has;
    the number may stand in the code of another issuing agency.

    Raises NotFound when nothing is called so, Conflict naming the URIs when several lots bear the number.
    """
    text = text.strip()
    for key in _candidates(session, text):
        if session.scalar(select(Lot.lot_key).where(Lot.lot_key == key)) is not None:
            return key
    numbered = lots_of_number(session, lot_number_in(text), only_own=False)
    if len(numbered) > 1:
        raise Conflict("Several lots have the number “%(text)s”: %(uris)s. Name one by its URI.", code="ambiguous-lot",
                       place="lot", text=text, uris=", ".join(lot.uri for lot in numbered))
    if not numbered:
        raise NotFound("There is no lot “%(text)s”.", code="unknown-lot", place="lot", text=text[:200])
    return numbered[0].lot_key


def _candidates(session: Session, text: str) -> Iterator[str]:
    yield text[:32]
    yield name_key(normal_form(text))
    try:
        parsed = parse_anything(text)
    except Gs1Error:
        return
    gtin, number = parsed.get("01"), parsed.get("10")
    if gtin and number:
        found = product_of_gtin(session, gtin)
        if found is not None:
            yield lot_key(found[0].identity_uri, number)
    if parsed.constrained:
        yield name_key(parsed.constrained)
