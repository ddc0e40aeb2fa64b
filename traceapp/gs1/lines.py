"""One line in, one answer out: what `traceapp gs1` prints, without the command line around it."""
from __future__ import annotations

from typing import Any

from .agencies import Identified
from .digital_link import digital_link, require_companions
from .errors import Gs1Error
from .issuing import identify
from .parsed import STEM, Parsed
from .reading import parse
from .scan import SYMBOLOGIES, scan_data

# a symbol is asked for by its name, by the identifier that a reader sends, or as people call it
_NAMES = {name.lower(): name for name in SYMBOLOGIES} | {
    "]c1": "GS1_128_CCA", "gs1-128": "GS1_128_CCA", "]d2": "DM", "datamatrix": "DM", "gs1-datamatrix": "DM",
    "]q3": "QR", "gs1-qr": "QR", "]j1": "DotCode", "]e0": "DataBarExpanded",
}  # fmt: skip
# symbols without FNC1 carry AIs as a Digital Link
_LINKS = {"]q1": "QR", "]d1": "DM", "]j0": "DotCode"}
# the case tells DataBar from EAN
_RETAIL = {"]E0": "EAN13", "]E4": "EAN8"}


def error_dict(error: Gs1Error) -> dict[str, Any]:
    """The error as the contract's JSON has it."""
    return {"code": error.code, "start": error.start, "length": error.length, "message": error.text}


def parse_line(
    text: str, *, legacy: bool = False, unknown_ais: bool = False, complete: bool = False
) -> dict[str, Any]:
    """What is in the text, or what is wrong with it.

    The code of another agency has no AIs; its `fields` are [name, value, form of a date], `verified` says whether all
    of them are known for certain, and `flags` what was kept as text because it is not.
    `key` and `uri` are None when the AIs identify nothing by themselves, such as a lot number without its GTIN;
    `complete` refuses that and every AI that needs another one which is not here. The rest as in `parse`.
    """
    try:
        found = identify(text, legacy=legacy, unknown_ais=unknown_ais)
        if complete and found.parsed:
            require_companions(found.parsed.values)
    except Gs1Error as error:
        return {"ok": False, "error": error_dict(error)}
    return _foreign_dict(found) if found.parsed is None else _gs1_dict(found.parsed)


def _foreign_dict(found: Identified) -> dict[str, Any]:
    return {
        "ok": True,
        "ai": [],
        "key": None,
        "uri": None,
        "element_string": None,
        "agency": found.agency,
        "fields": [list(one) for one in found.fields],
        "verified": found.is_verified,
        "flags": [error_dict(flag) for flag in found.flags],
    }


def _gs1_dict(parsed: Parsed) -> dict[str, Any]:
    return {
        "ok": True,
        "ai": [list(pair) for pair in parsed.ai],
        "key": parsed.key or None,
        "uri": parsed.uri or None,
        "element_string": parsed.element_string,
    }


def uri_line(text: str, stem: str = STEM, *, sort: bool = True) -> str:
    """The Digital Link URI for AIs in brackets or any other form that `parse` reads; `sort` as in `digital_link`.

    Raises Gs1Error.
    """
    return digital_link(parse(text).ai, stem, sort=sort)


def scan_line(text: str, symbology: str) -> str:
    """What a reader sends for a symbol with these data; the FNC1 inside is the control character GS.

    `symbology` is one of `SYMBOLOGIES` whatever the case, or a symbology identifier: `]C1`, `]d2`, `]Q3`, `]E0` and so
    on; `]Q1` and `]d1` are for symbols that hold the AIs as a Digital Link. Raises Gs1Error.
    """
    wanted = symbology.lower()
    if wanted in _LINKS:
        is_ais = text.startswith(("(", "^"))
        return scan_data(uri_line(text) if is_ais else text, _LINKS[wanted])
    return scan_data(text, _RETAIL.get(symbology) or _NAMES.get(wanted, symbology))
