"""GS1 application identifiers as the string that a symbol holds.

What an application identifier means, and whether these may stand together, is the caller's to know. All that is known
here is which values need no separator, and which characters a value may have.
"""

from __future__ import annotations

import re

from labels.errors import LabelError, shown

Ais = tuple[tuple[str, str], ...]

FNC1 = "\x1d"

# The first two digits of the identifiers whose element string has a predefined length; the list is closed.
# Source: GS1 General Specifications 7.8.5.
PREDEFINED = frozenset(
    ("00", "01", "02", "03", "04", *map(str, range(11, 21)), *map(str, range(31, 37)), "41")
)  # fmt: skip

_AI = re.compile(r"[0-9]{2,4}")
_NOT_82 = re.compile(r"[^!\"%-/0-9:-?A-Z_a-z]")
_LONGEST_VALUE = 90


def check_ais(ais: Ais) -> None:
    """Raises LabelError for what no GS1 symbol can hold."""
    if not ais:
        raise LabelError("There are no application identifiers; a GS1 symbol must hold at least one.", "ais")
    for index, (ai, value) in enumerate(ais):
        if not _AI.fullmatch(ai):
            raise LabelError(
                "'%(ai)s' is no application identifier; it has two to four digits.", f"ais.{index}", ai=shown(ai)
            )
        if not 1 <= len(value) <= _LONGEST_VALUE:
            raise LabelError(
                "The value of (%(ai)s) has %(count)s characters; it must have from 1 to %(most)s.",
                f"ais.{index}",
                ai=ai,
                count=str(len(value)),
                most=str(_LONGEST_VALUE),
            )
        if wrong := _NOT_82.search(value):
            raise LabelError(
                "The value of (%(ai)s) has '%(character)s' at position %(position)s, which a GS1 symbol cannot hold.",
                f"ais.{index}",
                ai=ai,
                character=shown(wrong[0]),
                position=str(wrong.start()),
            )


def element_string(ais: Ais) -> str:
    """The identifiers with their values, FNC1 (as GS) in front and after each value that needs a separator."""
    parts = [FNC1]
    separator = ""
    for ai, value in ais:
        parts += (separator, ai, value)
        separator = "" if ai[:2] in PREDEFINED else FNC1
    return "".join(parts)


def in_brackets(ais: Ais) -> str:
    """The identifiers in square brackets, which occur in no value, for the compiled encoder."""
    return "".join(f"[{ai}]{value}" for ai, value in ais)
