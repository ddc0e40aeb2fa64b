"""GS1 Digital Link URIs: read, written, brought to their canonical form.

Source: GS1 Digital Link Standard: URI Syntax 1.7.0.
"""
from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from urllib.parse import unquote_plus

from .element_string import PAIR, Collector
from .epc_binary import decode_epc_binary, is_epc_binary
from .errors import Gs1Error
from .escapes import raw_span, unescape
from .parsed import STEM, Parsed, check_all, uri_path, write_uri
from .table import SEQUENCES, TABLE, Entry, entry_of, excluded_pair, find_entry, missing_companions

_NOT_URI = re.compile(r"[^A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]")
_START = re.compile(r"(https?|HTTPS?)://((?:[A-Za-z0-9\-.]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]*)?)?")
_SCHEME = re.compile(r"(?:https?|HTTPS?)://")
_SHORT_GTINS = (8, 12, 13)
_ALPHAS = {
    "cpid": "8010", "cpsn": "8011", "cpv": "22", "gcn": "255", "gdti": "253", "giai": "8004", "ginc": "401",
    "gln": "414", "glnx": "254", "gmn": "8013", "grai": "8003", "gsin": "402", "gsrn": "8018", "gsrnp": "8017",
    "gtin": "01", "itip": "8006", "lot": "10", "party": "417", "payTo": "415", "refno": "8020", "ser": "21",
    "srin": "8019", "sscc": "00",
}  # fmt: skip


class _Reader:
    """One URI being read. `flags` collects rules that a value breaks; without it the first one ends the reading."""

    def __init__(self, text: str, *, legacy: bool, flags: list[Gs1Error] | None, unknown_ais: bool = False) -> None:
        self.text = text
        self.legacy = legacy
        self.flags = flags
        self.unknown_ais = unknown_ais
        self.found = Collector()

    def entry(self, name: str) -> Entry | None:
        return TABLE.get(_ALPHAS.get(name, name) if self.legacy else name)

    def value(self, entry: Entry, span: tuple[int, int], *, query: bool) -> None:
        """Takes the value that stands, escaped, at `span`; `entry` comes right before it."""
        start, end = span
        raw = self.text[start:end]
        value = unescape(raw, query=query)
        if "\0" in value:
            raise Gs1Error("CONTROL_CHARACTER", start + raw_span(raw, value.index("\0"), 1)[0], 3)
        padding = max(0, 14 - len(value)) if self.legacy and entry.ai == "01" and len(value) in _SHORT_GTINS else 0
        value = "0" * padding + value
        try:
            entry.check(value)
        except Gs1Error as error:
            offset, length = raw_span(raw, max(0, error.start - padding), error.length)
            self.refuse(error.moved(start + offset, length), takeable=entry.fits(value))
        if entry.ai in self.found.values:
            raise Gs1Error("REPEATED_AI", start, end - start)
        self.found.add(entry, value, (start, end - start))

    def refuse(self, error: Gs1Error, *, takeable: bool) -> None:
        """Raises the error, or notes it where that is wanted and the value has the right form at least."""
        if self.flags is None or not takeable:
            raise error
        self.flags.append(error)

    def path(self, start: int, end: int) -> frozenset[str]:
        """Reads the key and qualifiers at the end of the path; answers the AIs that may not follow in the query."""
        parts = self.text[start:end].split("/")
        root = self.root(parts)
        if root is None:
            return self.compressed(parts[-1], (start, end))
        at = start + sum(len(part) + 1 for part in parts[:root])
        first = at
        for name, raw in zip(parts[root::2], parts[root + 1 :: 2], strict=True):
            entry = self.entry(name)
            assert entry is not None
            at += len(name) + 1
            self.value(entry, (at, at + len(raw)), query=False)
            at += len(raw) + 1
        forbidden = SEQUENCES.get(tuple(self.found.values))
        if forbidden is None:
            raise Gs1Error("QUALIFIERS_OUT_OF_ORDER", first, end - first)
        return forbidden

    def compressed(self, segment: str, path: tuple[int, int]) -> frozenset[str]:
        """Reads an EPC binary string that is the last segment of the path."""
        start, end = path
        if not is_epc_binary(segment):
            raise Gs1Error("NO_KEY", start, end - start)
        span = (end - len(segment), len(segment))
        try:
            values = dict(decode_epc_binary(segment).ai)
        except Gs1Error as error:
            raise error.moved(*span) from None
        identifying = uri_path(values)
        if identifying is None:
            raise Gs1Error("QUALIFIERS_OUT_OF_ORDER", *span)
        for ai in sorted(values, key=lambda ai: identifying.index(ai) if ai in identifying else len(identifying)):
            self.found.add(TABLE[ai], values[ai], span)
        return SEQUENCES[identifying]

    def root(self, parts: list[str]) -> int | None:
        """Where the rightmost primary key stands; what is left of it is the stem."""
        for position in range(len(parts) - 2, 0, -2):
            entry = self.entry(parts[position])
            if entry is None:
                return None
            if entry.paths is not None:
                return position
        return None

    def query(self, start: int, forbidden: frozenset[str]) -> tuple[tuple[str, str], ...]:
        """Reads the attributes; answers the parameters that are no AIs."""
        other: list[tuple[str, str]] = []
        at = start
        for part in self.text[start:].split("&"):
            name, equals, raw = part.partition("=")
            if not equals or not (name.isascii() and name.isdigit()):
                if part:
                    other.append((unquote_plus(name), unquote_plus(raw)))
            else:
                entry = find_entry(name, self.unknown_ais)
                if entry is None:
                    raise Gs1Error("UNKNOWN_AI", at, len(name))
                if name in forbidden or not entry.attribute:
                    raise Gs1Error("AI_NOT_ALLOWED_HERE", at, len(name))
                value_at = at + len(name) + 1
                self.value(entry, (value_at, value_at + len(raw)), query=True)
            at += len(part) + 1
        return tuple(other)

    def read(self, path_start: int) -> Parsed:
        """Reads path and query; the path begins at `path_start`."""
        path_end = self.text.find("?", path_start)
        has_query = path_end >= 0
        path_end = path_end if has_query else len(self.text)
        forbidden = self.path(path_start, path_end)
        other = self.query(path_end + 1, forbidden) if has_query else ()
        return self.found.done(other)


def _path_start(text: str) -> int:
    if wrong := _NOT_URI.search(text):
        raise Gs1Error("URI_CHARACTER", wrong.start(), 1)
    start = _START.match(text)
    if start is None:
        raise Gs1Error("URI_SCHEME", 0, min(len(text), len("https://")))
    if start[2] is None or text[start.end() : start.end() + 1] not in ("/", "?", ""):
        host_end = text.find("/", start.end())
        raise Gs1Error("URI_HOST", start.end(), (host_end if host_end >= 0 else len(text)) - start.end())
    return start.end()


def parse_uri(
    uri: str, *, legacy: bool = False, flags: list[Gs1Error] | None = None, unknown_ais: bool = False
) -> Parsed:
    """Reads a Digital Link URI, with any stem; the fragment is ignored.

    `legacy` also takes GTINs of 8, 12 and 13 digits and the old names such as /gtin/ and /lot/. With `flags`, a value
    that has the right form and breaks another rule (a wrong check digit) is taken and the error appended.
    With `unknown_ais`, an AI that GS1 has not given out may be an attribute, of any text. Raises Gs1Error.
    """
    start = _path_start(uri)
    return _Reader(uri.partition("#")[0], legacy=legacy, flags=flags, unknown_ais=unknown_ais).read(start)


def parse_path(raw_path: str, *, legacy: bool = False) -> Parsed:
    """Reads the path of a request as it came over the wire, still percent-encoded, with or without its query.

    One slash at the end is tolerated, as the resolver standard asks (2.13). Raises Gs1Error.
    """
    if wrong := _NOT_URI.search(raw_path):
        raise Gs1Error("URI_CHARACTER", wrong.start(), 1)
    text = raw_path.partition("#")[0]
    path, mark, query = text.partition("?")
    # the slash goes from the end of the path, so every place before it stays right
    shortened = path[:-1] if path.endswith("/") else path
    try:
        return _Reader(shortened + mark + query, legacy=legacy, flags=None).read(0)
    except Gs1Error as error:
        if shortened != path and error.start > len(shortened):
            raise error.moved(error.start + 1) from None
        raise


def digital_link(
    ais: Sequence[tuple[str, str]],
    stem: str = STEM,
    *,
    complete: bool = True,
    sort: bool = True,
    unknown_ais: bool = False,
) -> str:
    """The Digital Link URI for these AIs: key and qualifiers in the path, the rest in the query.

    `sort`: the query is in the order of the AIs' numbers, as the canonical form wants it; without it, in the order
    given, those of a predefined length first. `complete` refuses AIs that lack a companion (a lot without its GTIN
    never passes: it has no key). `unknown_ais` takes AIs that GS1 has not given out as attributes.
    Raises Gs1Error; its place is one in the bracketed text of the AIs.
    """
    base = stem.rstrip("/")
    if "?" in stem or "#" in stem or _path_start(base + "/") < 0:
        raise Gs1Error("URI_CHARACTER", 0, 0, "A stem has neither query nor fragment: %(stem)s", stem=stem)
    values = check_all(ais, unknown_ais=unknown_ais)
    if clash := excluded_pair(values):
        raise Gs1Error("EXCLUDED_PAIR", 0, 0, PAIR, first=clash[0], second=clash[1])
    path = uri_path(values)
    if path is None:
        code = "QUALIFIERS_OUT_OF_ORDER" if any(entry_of(ai).paths is not None for ai in values) else "NO_KEY"
        raise Gs1Error(code, 0, 0)
    if complete:
        require_companions(values)
    return write_uri(values, path, base, sort=sort)


def require_companions(values: Iterable[str]) -> None:
    """Raises Gs1Error when one of these AIs needs another one that is not among them."""
    if lonely := missing_companions(values):
        ai, alternatives = min(lonely.items())
        wanted = " or ".join("+".join(min(group) for group in alternative) for alternative in alternatives)
        raise Gs1Error("MISSING_COMPANION", 0, 0, "AI %(ai)s needs AI %(wanted)s beside it", ai=ai, wanted=wanted)


def constrained(uri: str) -> str:
    """The canonical URI of the finest thing that this URI identifies, without a query. Raises Gs1Error."""
    return parse_uri(uri).constrained
