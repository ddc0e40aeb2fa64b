"""Codes of China's other issuing agencies: MA (`MA.156.M0.…`), AHM, and the trace code of drugs with its 20 digits.

How their production parts are written is not known for certain, so these are kept as text and flagged.
Source: NMPA questions and answers on UDI; NMPAB/T 1002-2019.
"""
from __future__ import annotations

import re

from .agencies import PARTS, Field, Identified, doubt
from .reading import is_drug_code

_MA, _DRUG = PARTS["MA"], PARTS["NMPA"]
_MA_CODE = re.compile(
    rf"MA\.({_MA['MA.', 'labeler'].pattern.pattern})\.({_MA['.', 'item'].pattern.pattern})"
    rf"({_MA['', 'check'].pattern.pattern})(\.[ -~]+)?"
)
# a code has digits; a word that begins with these letters has none
_AHM_CODE = re.compile(r"AHM[ -~]*[0-9][ -~]*")
_DRUG_CODE = re.compile(rf"({_DRUG['', 'drug'].pattern.pattern})({_DRUG['', 'production'].pattern.pattern})")


def read_ma(text: str, offset: int) -> Identified | None:
    """The MA code that begins at `offset`; None when it is none."""
    found = _MA_CODE.fullmatch(text, offset)
    if found is None:
        return None
    labeler, item, check, production = found.groups()
    fields = [Field("device", text[offset : found.end(3)]), Field("labeler", labeler), Field("item", item),
              Field("check", check)]  # fmt: skip
    flags = [doubt(found.start(3), 1)]
    if production:
        fields.append(Field("production", production[1:]))
        flags.append(doubt(found.start(4) + 1, len(production) - 1))
    return Identified("MA", text, tuple(fields), tuple(flags))


def read_ahm(text: str, offset: int) -> Identified | None:
    """The AHM code that begins at `offset`, whole; None when it is none."""
    if _AHM_CODE.fullmatch(text, offset) is None:
        return None
    return Identified("AHM", text, (Field("device", text[offset:]),), (doubt(offset, len(text) - offset),))


def read_drug(text: str, offset: int) -> Identified | None:
    """The trace code of a drug that begins at `offset`: its first seven digits are the drug; None when it is none."""
    found = _DRUG_CODE.fullmatch(text, offset)
    if found is None or not is_drug_code(found[0]):
        return None
    fields = (Field("drug", found[1]), Field("production", found[2]))
    return Identified("NMPA", text, fields, (doubt(found.start(2), len(found[2])),))
