"""The EPC schemes: how a company prefix, a reference and a serial make up the values of AIs.

Source: EPC Tag Data Standard 2.3, sections 6 and 7.
"""
from __future__ import annotations

import re
from dataclasses import dataclass

from .errors import Gs1Error
from .linters import check_digit

SHORTEST_PREFIX, LONGEST_PREFIX = 4, 12

Pairs = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Scheme:
    """How one EPC scheme maps to AIs.

    `digits`: how many digits company prefix and reference have together (0: any number, letters too).
    `fields`: how many fields follow; `tail`: the AI of the last one, empty when it belongs to the key's own value.
    `indicator`: the first digit of the reference stands before the company prefix. `lead`: what a key begins with.
    """

    ai: str
    digits: int
    fields: int = 0
    tail: str = ""
    indicator: bool = False
    lead: str = ""

    def key(self, prefix: str, reference: str) -> str:
        """The key that a company prefix and a reference make, with its check digit. Raises Gs1Error."""
        if not (_is_number(prefix) and SHORTEST_PREFIX <= len(prefix) <= LONGEST_PREFIX):
            raise Gs1Error("EPC_FIELDS", 0, 0, "A company prefix has 4 to 12 digits: %(prefix)s", prefix=prefix)
        if not self.digits:
            if not reference:
                raise Gs1Error("EPC_FIELDS", 0, 0, "There is no reference behind the company prefix")
            return prefix + reference
        digits = reference[:1] + prefix + reference[1:] if self.indicator else prefix + reference
        if len(digits) != self.digits or not _is_number(digits):
            message = "Company prefix and reference have %(count)s digits together: %(found)s"
            raise Gs1Error("EPC_FIELDS", 0, 0, message, count=self.digits, found=f"{prefix}.{reference}")
        return self.lead + digits + check_digit(digits)

    def split(self, value: str, prefix_length: int) -> tuple[str, str, str]:
        """Company prefix, reference and what follows in the value of a key. Raises Gs1Error when there is no such
        prefix or nothing behind it.
        """
        value = value[len(self.lead) :]
        if not self.digits:
            prefix, reference = value[:prefix_length], value[prefix_length:]
            if not (_is_number(prefix) and reference):
                message = "The key has no company prefix of %(count)s digits with a reference behind it"
                raise Gs1Error("EPC_FIELDS", 0, 0, message, count=prefix_length)
            return prefix, reference, ""
        digits, rest = value[: self.digits], value[self.digits + 1 :]
        if not self.indicator:
            return digits[:prefix_length], digits[prefix_length:], rest
        return digits[1 : prefix_length + 1], digits[0] + digits[prefix_length + 1 :], rest


SCHEMES = {
    "sgtin": Scheme("01", 13, 1, "21", indicator=True),
    "lgtin": Scheme("01", 13, 1, "10", indicator=True),
    "upui": Scheme("01", 13, 1, "235", indicator=True),
    "itip": Scheme("8006", 13, 3, "21", indicator=True),
    "sscc": Scheme("00", 17, indicator=True),
    "sgln": Scheme("414", 12, 1, "254"),
    "pgln": Scheme("417", 12),
    "gsrn": Scheme("8018", 17),
    "gsrnp": Scheme("8017", 17),
    "gsin": Scheme("402", 16),
    "gdti": Scheme("253", 12, 1),
    "sgcn": Scheme("255", 12, 1),
    "grai": Scheme("8003", 12, 1, lead="0"),
    "giai": Scheme("8004", 0),
    "ginc": Scheme("401", 0),
    "cpi": Scheme("8010", 0, 1, "8011"),
}
NO_EXTENSION = "0"
# EPCs that are no GS1 keys, as their URNs have them behind the name of the scheme
WITHOUT_LINK = {
    "gid": re.compile(r"[0-9]+\.[0-9]+\.[0-9]+"),
    "usdod": re.compile(r"[0-9A-HJ-NP-Z]{5,6}\.[0-9]+"),
    "adi": re.compile(r"[0-9A-HJ-NP-Z]{5,6}\.(?:[0-9A-Z\-]|%2F)*\.(?:%23)?(?:[0-9A-Z\-]|%2F)+"),
    "bic": re.compile(r"[A-Z]{3}[JUZ][0-9]{7}"),
    "imovn": re.compile(r"[0-9]{7}"),
}


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def fields_to_ais(name: str, prefix: str, reference: str, rest: list[str]) -> Pairs:
    """The AIs of an EPC: key first, then its serial, lot or extension; an empty field adds nothing. Raises Gs1Error."""
    scheme = SCHEMES[name]
    key = scheme.key(prefix, reference)
    if name == "itip":
        key += "".join(field.zfill(2) for field in rest[:2] if field)
    tail = rest[-1] if rest else ""
    if name == "sgln" and tail == NO_EXTENSION:
        tail = ""
    if not scheme.tail:
        return [(scheme.ai, key + tail)]
    return [(scheme.ai, key)] + ([(scheme.tail, tail)] if tail else [])


def ais_to_fields(name: str, values: dict[str, str], prefix_length: int) -> tuple[str, str, list[str]]:
    """Company prefix, reference and the fields behind them; a serial that is not there is empty. Raises Gs1Error."""
    scheme = SCHEMES[name]
    prefix, reference, rest = scheme.split(values[scheme.ai], prefix_length)
    fields: list[str] = []
    if name == "itip":
        fields, rest = [rest[:2], rest[2:]], ""
    if scheme.fields:
        tail = values.get(scheme.tail, "") if scheme.tail else rest
        fields.append(NO_EXTENSION if name == "sgln" and not tail else tail)
    return prefix, reference, fields
