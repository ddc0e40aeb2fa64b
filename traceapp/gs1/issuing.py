"""One entry for the codes of all issuing agencies: GS1 in full, the others as far as they are known."""
from __future__ import annotations

from .agencies import Field, Identified
from .chinese_codes import read_ahm, read_drug, read_ma
from .errors import Gs1Error
from .hibc import read_hibc
from .isbt import read_isbt
from .parsed import Parsed
from .reading import parse
from .scan import ID_LENGTH, PLAIN

GS1 = "GS1"
_READERS = (read_hibc, read_isbt, read_ma, read_ahm, read_drug)
# the AIs that say what the fields of the other agencies' codes say
_FIELDS = {"10": ("lot", ""), "21": ("serial", ""), "11": ("made", "YYMMDD"), "17": ("expires", "YYMMDD")}


def identify(text: str, *, legacy: bool = False, unknown_ais: bool = False) -> Identified:
    """What a code says, whoever issued it: everything that `parse` reads, and the codes of HIBCC, ICCBBA, MA, AHM and
    the 20 digits on drugs in China, with or without a symbology identifier in front. Raises Gs1Error.

    What is not known for certain is kept as text and flagged.
    """
    bare = text.rstrip("\r\n")
    offset = ID_LENGTH if bare[:ID_LENGTH] in PLAIN else 0
    for read in _READERS:
        if found := read(bare, offset):
            return found
    return _of_gs1(text, parse(text, legacy=legacy, unknown_ais=unknown_ais))


def _of_gs1(text: str, parsed: Parsed) -> Identified:
    key = parsed.key
    fields = [Field("device", parsed.values[key])] if key else []
    fields += [Field(_FIELDS[ai][0], value, _FIELDS[ai][1]) for ai, value in parsed.ai if ai in _FIELDS]
    return Identified(GS1, text, tuple(fields), (), parsed)


def lot_number_in(text: str) -> str:
    """The lot number that the code of another agency carries; any other text as it is."""
    try:
        found = identify(text.strip())
    except Gs1Error:
        return text
    return text if found.agency == GS1 else found.get("lot") or text
