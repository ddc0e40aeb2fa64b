"""One line in, one answer out: what `traceapp gs1` prints, without the command line around it."""
from __future__ import annotations

from typing import Any

from .digital_link import digital_link
from .errors import Gs1Error
from .parsed import STEM
from .reading import parse
from .scan import SYMBOLOGIES, scan_data


def error_dict(error: Gs1Error) -> dict[str, Any]:
    """The error as the contract's JSON has it."""
    return {"code": error.code, "start": error.start, "length": error.length, "message": error.text}


def parse_line(text: str) -> dict[str, Any]:
    """What is in the text, or what is wrong with it.

    `key` and `uri` are None when the AIs identify nothing by themselves, such as a lot number without its GTIN.
    """
    try:
        parsed = parse(text)
    except Gs1Error as error:
        return {"ok": False, "error": error_dict(error)}
    return {
        "ok": True,
        "ai": [list(pair) for pair in parsed.ai],
        "key": parsed.key or None,
        "uri": parsed.uri or None,
        "element_string": parsed.element_string,
    }


def uri_line(text: str, stem: str = STEM) -> str:
    """The Digital Link URI for AIs in brackets or any other form that `parse` reads. Raises Gs1Error."""
    return digital_link(parse(text).ai, stem)


def scan_line(text: str, symbology: str) -> str:
    """What a reader sends for a symbol with these data; the FNC1 inside is the control character GS.

    `symbology` is one of `SYMBOLOGIES`, whatever the case. Raises Gs1Error.
    """
    named = next((name for name in SYMBOLOGIES if name.lower() == symbology.lower()), symbology)
    return scan_data(text, named)
