"""What the value of a query's parameter can be: a URI, a word of the vocabulary, a number. Pure."""
from __future__ import annotations

import re
from decimal import Decimal

from traceapp.epcis.shapes import is_uri
from traceapp.epcis.vocabulary import KINDS, word_of

from .query_draft import bad_value

Values = tuple[str, ...]
_NUMBER = re.compile(r"[+-]?(?:\d{1,60}(?:\.\d{0,60})?|\.\d{1,60})(?:[eE][+-]?\d{1,3})?", re.ASCII)
_OLD_WORDS = "urn:epcglobal:cbv:"


def uris(name: str, values: Values) -> Values:
    """The URIs that the values are. Raises InvalidInput."""
    found = tuple(value.strip() for value in values)
    for value in found:
        if not is_uri(value):
            raise bad_value(name, value)
    return found


def word(name: str, kind: str, value: str) -> str:
    """The word of the vocabulary `kind`, or a URI of somebody's own. Raises InvalidInput."""
    found = word_of(kind, value.strip())
    if found not in KINDS[kind][0] and (not is_uri(found) or found.startswith(_OLD_WORDS)):
        raise bad_value(name, value)
    return found


def decimal(name: str, text: str) -> Decimal:
    """The number that a text is, in plain digits. Raises InvalidInput."""
    if not _NUMBER.fullmatch(text.strip()):
        raise bad_value(name, text)
    return Decimal(text.strip())
