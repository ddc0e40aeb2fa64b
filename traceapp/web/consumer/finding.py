"""What somebody typed or a scanner sent into the front page: which address of ours it means."""
from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from traceapp.code.own_links import PAGES
from traceapp.code.resolving import ScannedCode, code_path, scanned_code
from traceapp.complaint.matching import IssuedLot, MatchKind, match_lot
from traceapp.gs1 import TABLE, Gs1Error, bare_text, gtin14, is_gtin, lot_number_in, parse_anything, readings
from traceapp.trace.lookup import lots_of_number
from traceapp.trace.public import scan_facts

MOST_CHARACTERS = 1000
_OWN_ADDRESS = re.compile(r"/t/([0-9a-f]{32})/?")
_GTIN_AND_LOT = re.compile(
    r"\s*(?:GTIN[\s:]*)?(\d{8}|\d{12,14})[\s,;/|+]+(?:LOT[\s:.#]*|批号[\s:]*)?(\S.*)", re.IGNORECASE)
_LOOKS_CODED = ("(", "]", "^", "\x1d", "http:", "https:", "urn:epc:")


@dataclass(frozen=True, slots=True)
class Found:
    """Where to go (`path`), or what could be meant (`candidates`), or what is wrong (`error`); nothing: not known."""

    path: str | None = None
    candidates: tuple[IssuedLot, ...] = ()
    error: Gs1Error | None = None


def path_of_lot(lot_key: str) -> str:
    """The address of a lot by its key."""
    return f"/t/{lot_key}"


def read_code(text: str, gtin: str = "") -> Found:
    """What can be said without the database. `gtin`: the product that is known already, then `text` is its lot."""
    for one in readings(text):
        own = _OWN_ADDRESS.fullmatch(_path_in(one))
        if own is not None:
            return Found(path_of_lot(own[1]))
    pair = _GTIN_AND_LOT.fullmatch(text)
    gtin, lot = (pair[1], pair[2].strip()) if pair is not None and is_gtin(pair[1]) else (gtin, text)
    if gtin and is_gtin(gtin) and not text.startswith(_LOOKS_CODED):
        return Found(_page_of(ScannedCode(gtin14(gtin, place="gtin"), lot)) if _fits(lot) else None)
    wrong: Gs1Error | None = None
    for one in readings(text):
        try:
            return Found(_page_of(scanned_code(parse_anything(one))))
        except Gs1Error as error:
            wrong = wrong or error
    return Found(error=wrong)


def _page_of(code: ScannedCode) -> str:
    """The page that a code leads to."""
    return PAGES + code_path(code)


def find_code(session: Session, text: str, gtin: str, may_search: Callable[[], bool]) -> Found:
    """The address for what was typed: a code of any kind, else a batch number. `may_search` is asked before numbers
    that are nearly the same are searched, which is dear."""
    found = read_code(text, gtin)
    if found.path is not None:
        return found
    text = lot_number_in(bare_text(text))
    exact = lots_of_number(session, text)
    if len(exact) == 1:
        return Found(path_of_lot(exact[0].lot_key))
    if exact:
        return Found(candidates=tuple(IssuedLot(lot.lot_key, lot.number, lot.product_id) for lot in exact))
    if text.startswith(_LOOKS_CODED):
        return found
    if may_search():
        match = match_lot(session, text)
        if match.lot is not None:
            return (Found(path_of_lot(match.lot.lot_key)) if match.kind is MatchKind.exact
                    else Found(candidates=(match.lot,)))
        if match.candidates:
            return Found(candidates=match.candidates)
    return found if text.isdigit() and len(text) in (8, 12, 13, 14) else Found()


def named(session: Session, candidates: tuple[IssuedLot, ...], language: str) -> list[tuple[str, str, str]]:
    """(batch number, product's name, address) of each lot that could be meant."""
    rows = []
    connection = session.connection()
    for lot in candidates:
        facts = scan_facts(connection, lot.lot_key)
        product = facts.product if facts else None
        name = "" if product is None else (product.name_zh if language == "zh" else product.name_en)
        rows.append((lot.number, name, path_of_lot(lot.lot_key)))
    return rows


def _fits(lot: str) -> bool:
    """Whether the text can be a lot number beside a GTIN."""
    try:
        TABLE["10"].check(lot)
    except Gs1Error:
        return False
    return True


def _path_in(text: str) -> str:
    """The path of an address, or the text itself when it begins with a slash."""
    if text.startswith("/"):
        return text
    try:
        return urlsplit(text).path if text[:5].lower().startswith(("http:", "https")) else ""
    except ValueError:
        return ""
