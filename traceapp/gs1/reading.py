"""One entry for every way in which GS1 data are written."""
from __future__ import annotations

from .digital_link import parse_path, parse_uri
from .element_string import GS, parse_bracketed, parse_element_string
from .epc_binary import is_epc_binary
from .epc_urn import epc_urn_to_uri
from .errors import Gs1Error
from .parsed import Parsed
from .scan import parse_scan

_SCHEMES = ("http:", "https:")
_EPC = "urn:epc:"
_DRUG_CODE_LENGTH = 20
_CHECKED_AIS = ("00", "01", "02", "03")


def parse(text: str, *, legacy: bool = False, unknown_ais: bool = False) -> Parsed:
    """Reads a Digital Link URI, an element string (FNC1 as ^ or GS), AIs in brackets, scan data, an EPC URN or an EPC
    binary string (eh…, ex…).

    A line end behind it, as scanners send it, is ignored. `legacy` takes the old forms of URIs (short GTINs, /gtin/),
    `unknown_ais` takes AIs that GS1 has not given out as text. Raises Gs1Error with a place within `text`.
    """
    text = text.rstrip("\r\n")
    if text.startswith(("^", GS)):
        return parse_element_string(text, unknown_ais=unknown_ais)
    if text.startswith("("):
        return parse_bracketed(text, unknown_ais=unknown_ais)
    if text.startswith("]"):
        return parse_scan(text, legacy=legacy, unknown_ais=unknown_ais)
    if text[:6].lower().startswith(_SCHEMES):
        return parse_uri(text, legacy=legacy, unknown_ais=unknown_ais)
    if text.startswith(_EPC):
        return parse_uri(epc_urn_to_uri(text))
    if is_epc_binary(text):
        return _of_epc(text)
    raise Gs1Error("NOT_A_GS1_TEXT", 0, len(text))


def _of_epc(segment: str) -> Parsed:
    try:
        return parse_path("/" + segment)
    except Gs1Error:
        # words begin with these letters too
        raise Gs1Error("NOT_A_GS1_TEXT", 0, len(segment)) from None


def is_drug_code(text: str) -> bool:
    """Whether it is the trace code of a drug in China rather than an element string without its FNC1: 20 digits that
    do not begin with an AI whose check digit would tell.
    """
    return len(text) == _DRUG_CODE_LENGTH and text.isascii() and text.isdigit() and not text.startswith(_CHECKED_AIS)


def parse_anything(text: str) -> Parsed:
    """Like `parse`, and also what a person or a badly set scanner leaves out: spaces around it, the FNC1 in front,
    the AI of a bare GTIN. Raises Gs1Error with a place within `text`.
    """
    bare = text.strip(" \t\r\n")
    offset = len(text) - len(text.lstrip(" \t\r\n"))
    try:
        if bare.isascii() and bare.isdigit() and len(bare) in (8, 12, 13, 14):
            try:
                return parse_element_string(f"^01{bare.zfill(14)}")
            except Gs1Error as error:
                start = max(0, error.start - 3 - (14 - len(bare)))
                raise error.moved(start, min(error.length, len(bare) - start)) from None
        if bare[:1].isdigit() and not is_drug_code(bare):
            try:
                return parse_element_string("^" + bare)
            except Gs1Error as error:
                raise error.moved(max(0, error.start - 1)) from None
        return parse(bare)
    except Gs1Error as error:
        raise error.moved(error.start + offset) from None
