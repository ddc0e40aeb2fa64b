"""The small checks that events are checked with: each looks at one value and reports what is wrong with it."""
from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from .json_form import dumps, escaped
from .model import Finding
from .namespaces import SCHEMES, as_list, namespace_of, prefixes
from .times import OFFSET, parse_time
from .vocabulary import CBV, KINDS, WEB_VOCABULARY, is_gs1_owned, web_form, word_of

_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:[^\s\x00-\x1f\x7f]+")
_STRICT = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+", re.ASCII)
_UOM = re.compile(r"[A-Z0-9]{2,3}", re.ASCII)
# Where only the standard may add words, by its JSON schema.
_RESERVED = ("urn:epcglobal:cbv", "http://ns.gs1.org/cbv/", "https://ns.gs1.org/cbv/")
_MEASURED = ("http://gs1.org/voc/", "https://gs1.org/voc/", "http://www.gs1.org/voc/", "https://www.gs1.org/voc/")
_HEX = re.compile(r"[A-Fa-f0-9]+", re.ASCII)


@dataclass
class Report:
    """Collects findings; `prefixes` is what the `@context` in force declares."""

    prefixes: dict[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def error(self, pointer: str, code: str, message: str) -> None:
        """Report what the document is refused for."""
        self.findings.append(Finding(pointer, code, message))

    def flag(self, pointer: str, code: str, message: str) -> None:
        """Report what is kept and worth knowing."""
        self.findings.append(Finding(pointer, code, message, "flag"))


Check = Callable[[Any, str, Report], None]


def shown(value: Any) -> str:
    """The value for a message, short."""
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 60 else text[:57] + "…"


def text(value: Any, pointer: str, report: Report) -> None:
    """A text."""
    if not isinstance(value, str):
        report.error(pointer, "not-text", f"{shown(value)} must be a text.")


def boolean(value: Any, pointer: str, report: Report) -> None:
    """true or false."""
    if not isinstance(value, bool):
        report.error(pointer, "not-boolean", f"{shown(value)} must be true or false.")


def number(value: Any, pointer: str, report: Report) -> None:
    """A number, not a text that looks like one."""
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        report.error(pointer, "not-a-number", f"{shown(value)} must be a number without quotation marks.")


def amount(value: Any, pointer: str, report: Report) -> None:
    """A quantity: a number that is not below zero."""
    number(value, pointer, report)
    if isinstance(value, (int, Decimal)) and value < 0:
        report.error(pointer, "negative-quantity", f"The quantity {value} is below zero.")


def time(value: Any, pointer: str, report: Report) -> None:
    """A date and time with its zone."""
    if not isinstance(value, str) or value != value.strip():
        report.error(pointer, "not-a-time", f"“{shown(value)}” must be a date and time with a zone.")
        return
    try:
        parse_time(value)
    except ValueError as error:
        report.error(pointer, "not-a-time", f"{error}.")


def offset(value: Any, pointer: str, report: Report) -> None:
    """A zone from -14:00 to +14:00."""
    if not isinstance(value, str) or not OFFSET.fullmatch(value):
        report.error(pointer, "bad-offset", f"{shown(value)} is no zone such as +08:00 or -05:30.")


def uom(value: Any, pointer: str, report: Report) -> None:
    """A unit code of UN/ECE Recommendation 20."""
    if not isinstance(value, str) or not _UOM.fullmatch(value):
        report.error(pointer, "bad-uom", f"{shown(value)} is no unit code of two or three capitals or digits.")


def hexadecimal(value: Any, pointer: str, report: Report) -> None:
    """Hexadecimal digits."""
    if not isinstance(value, str) or not _HEX.fullmatch(value):
        report.error(pointer, "not-hexadecimal", f"{shown(value)} must be hexadecimal digits.")


def is_uri(value: str) -> bool:
    """True for a scheme or prefix, a colon and something after it, without spaces."""
    return _URI.fullmatch(value) is not None


def uri(value: Any, pointer: str, report: Report) -> None:
    """An absolute URI or one with a prefix."""
    if not isinstance(value, str) or not is_uri(value):
        report.error(pointer, "not-a-uri", f"“{shown(value)}” must be a URI.")
    elif not _STRICT.fullmatch(value):
        report.flag(pointer, "loose-uri", f"“{shown(value)}” has characters that a URI must escape.")


def optional_uri(value: Any, pointer: str, report: Report) -> None:
    """A URI, where an empty text is read as absent."""
    if value == "":
        report.flag(pointer, "empty-value", "The text is empty and is read as absent.")
    else:
        uri(value, pointer, report)


def context(value: Any, pointer: str, report: Report) -> None:
    """A JSON-LD context: a URI, an object of prefixes, or a list of them."""
    seen: set[str] = set()
    for index, entry in enumerate(as_list(value)):
        place = f"{pointer}/{index}" if isinstance(value, list) else pointer
        if isinstance(entry, str):
            uri(entry, place, report)
        elif not isinstance(entry, dict):
            report.error(place, "bad-context", "A context is a URI or an object of prefixes.")
        written = dumps(entry)
        if written in seen:
            report.error(place, "repeated-item", "This entry stands twice in the context.")
        seen.add(written)
    if value is None:
        report.error(pointer, "bad-context", "A context is a URI or an object of prefixes.")


def word(kind: str) -> Check:
    """A check that a value is a word of the vocabulary `kind` or a URI of somebody's own."""
    words, web, _urn = KINDS[kind]
    reserved = (*_RESERVED, *_MEASURED) if web == WEB_VOCABULARY else _RESERVED

    def check(value: Any, pointer: str, report: Report) -> None:
        if not isinstance(value, str):
            report.error(pointer, "not-text", f"{shown(value)} must be a text.")
        elif value in words:
            return
        elif ":" not in value:
            report.error(pointer, f"unknown-{kind}",
                         f"“{shown(value)}” is no {kind} of the Core Business Vocabulary; use one, or a URI of yours.")
        elif word_of(kind, value) in words:
            report.flag(pointer, "not-bare", f"“{value}” is the standard word “{word_of(kind, value)}”.")
        elif value.startswith(reserved) or (web.startswith(CBV) and web_form(value).startswith(web)):
            report.error(pointer, f"unknown-{kind}", f"“{shown(value)}” is no {kind} of the Core Business Vocabulary.")
        else:
            uri(value, pointer, report)
            if is_gs1_owned(web_form(value)):
                report.flag(pointer, f"unknown-{kind}", f"“{shown(value)}” is in a vocabulary of GS1, which has no "
                            f"such {kind}.")

    return check


def list_of(check: Check, *, least: int = 0, unique: bool = False) -> Check:
    """A check for a list of at least `least` items; `unique` refuses an item that stands twice."""

    def inner(value: Any, pointer: str, report: Report) -> None:
        if not isinstance(value, list):
            report.error(pointer, "not-a-list", f"{shown(value)} must be a list.")
            return
        if len(value) < least:
            report.error(pointer, "empty-list", "The list must not be empty.")
        for index, item in enumerate(value):
            check(item, f"{pointer}/{index}", report)
        if unique:
            _find_repeated(value, pointer, report)

    return inner


def _find_repeated(values: list[Any], pointer: str, report: Report) -> None:
    seen: set[str] = set()
    for index, item in enumerate(values):
        if isinstance(item, str) and item in seen:
            report.error(f"{pointer}/{index}", "repeated-item", f"“{shown(item)}” stands twice in this list.")
        elif isinstance(item, str):
            seen.add(item)


def object_of(members: Mapping[str, Check], required: Iterable[str] = (), unknown: str = "namespaced") -> Check:
    """A check for an object. Other members: `namespaced` need a namespace, `closed` are refused, `open` are kept."""
    needed = tuple(required)

    def inner(value: Any, pointer: str, report: Report) -> None:
        if not isinstance(value, dict):
            report.error(pointer, "not-an-object", f"{shown(value)} must be an object.")
            return
        outer = report.prefixes
        if "@context" in value:
            report.prefixes = outer | prefixes(as_list(value["@context"]))
        for name in needed:
            if name not in value:
                report.error(pointer, "missing-member", f"“{name}” is missing.")
        for name, item in value.items():
            check = members.get(name)
            if name == "@context" and unknown != "closed":
                context(item, pointer + "/@context", report)
            elif check is not None:
                check(item, f"{pointer}/{name}", report)
            else:
                other_member(name, f"{pointer}/{escaped(name)}", report, unknown)
        report.prefixes = outer

    return inner


def other_member(name: str, pointer: str, report: Report, unknown: str) -> None:
    """Report what is wrong with a member that the standard does not have here."""
    if unknown == "closed":
        report.error(pointer, "unknown-member", f"“{shown(name)}” has no place here.")
    elif ":" not in name:
        if unknown == "open":
            report.flag(pointer, "unknown-member", f"“{shown(name)}” is not in the standard and has no namespace.")
        else:
            report.error(pointer, "no-namespace",
                         f"“{shown(name)}” is not in the standard; a member of your own needs a namespace prefix.")
    else:
        prefix = name.partition(":")[0]
        if not is_uri(name):
            report.error(pointer, "no-namespace", f"“{shown(name)}” is no name with a namespace prefix.")
        elif namespace_of(prefix, report.prefixes) is None and prefix.lower() not in SCHEMES:
            report.flag(pointer, "undeclared-prefix", f"The @context does not say what the prefix “{prefix}” means.")
