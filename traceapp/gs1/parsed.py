"""What was read: the AIs with their values, and the canonical ways to write them."""
from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from .errors import Gs1Error
from .escapes import escape
from .table import Entry, entry_of, find_entry, missing_companions

STEM = "https://id.gs1.org"
Pairs = tuple[tuple[str, str], ...]

# the qualifier that says most about which thing it is; what stands before it in a path only describes it
_FINEST = ("21", "235", "10", "254", "8011", "8020")


def _path_for(entry: Entry, values: dict[str, str]) -> tuple[str, ...] | None:
    """The longest path under this key that leaves nothing over but attributes, or None."""
    best: tuple[str, ...] | None = None
    for alternative in entry.paths or ():
        path = (entry.ai, *(ai for ai in alternative if ai in values))
        rest_fits = all(entry_of(ai).attribute for ai in values if ai not in path)
        if rest_fits and (best is None or len(path) > len(best)):
            best = path
    return best


def uri_path(values: dict[str, str]) -> tuple[str, ...] | None:
    """The AIs of a Digital Link's path for these values; the first key that works wins. None when there is none."""
    for ai in values:
        entry = entry_of(ai)
        if entry.paths is not None and (path := _path_for(entry, values)):
            return path
    return None


def write_uri(values: dict[str, str], path: Sequence[str], stem: str = STEM, *, sort: bool = True) -> str:
    """The URI with `path` and then the other values as attributes: in the order of their numbers, or, without `sort`,
    in the order given, those of a predefined length first.
    """
    rest = [ai for ai in values if ai not in path]
    rest.sort(key=None if sort else lambda ai: not entry_of(ai).predefined)
    uri = stem + "".join(f"/{ai}/{escape(values[ai])}" for ai in path)
    return uri + ("?" + "&".join(f"{ai}={escape(values[ai])}" for ai in rest) if rest else "")


def write_element_string(ais: Iterable[tuple[str, str]], fnc1: str = "^") -> str:
    """The AIs as an element string: FNC1 in front and after every value without a predefined length but the last."""
    parts = [fnc1]
    separator = ""
    for ai, value in ais:
        parts += (separator, ai, value)
        separator = "" if entry_of(ai).predefined else fnc1
    return "".join(parts)


@dataclass(frozen=True)
class Parsed:
    """AIs in the order in which they stood, each once; `values` is the same by AI.

    `other`: the query parameters of a URI that are no AIs, decoded; identity does not depend on them.
    """

    ai: Pairs
    other: Pairs = ()
    values: dict[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", dict(self.ai))

    def get(self, ai: str) -> str | None:
        """The value of an AI, or None."""
        return self.values.get(ai)

    @cached_property
    def path(self) -> tuple[str, ...]:
        """The AIs that identify: a primary key and its qualifiers in order; empty when there is no key."""
        return uri_path(self.values) or ()

    @property
    def key(self) -> str:
        """The AI of the primary key, or empty."""
        if self.path:
            return self.path[0]
        return next((ai for ai, _ in self.ai if entry_of(ai).paths is not None), "")

    @property
    def uri(self) -> str:
        """The canonical Digital Link URI; empty when these AIs cannot be one."""
        return write_uri(self.values, self.path) if self.path else ""

    @property
    def constrained(self) -> str:
        """The canonical URI of the finest thing identified and nothing else; empty when there is no key.

        A serial hides the lot and the variant: they are facts about the thing, not part of its name.
        Source: EPCIS 2.0, 8.5 (constrained subset of Digital Link URIs).
        """
        if not self.path:
            return ""
        finest = next((ai for ai in _FINEST if ai in self.path[1:]), None)
        return write_uri(self.values, (self.path[0], *([finest] if finest else []))).partition("?")[0]

    @property
    def element_string(self) -> str:
        """The element string with FNC1 written as ^."""
        return write_element_string(self.ai)

    @property
    def incomplete(self) -> tuple[str, ...]:
        """The AIs that need another one beside them which is not here; it may stand in another symbol on the item."""
        lonely = missing_companions(self.values)
        return tuple(ai for ai, _ in self.ai if ai in lonely)

    @property
    def hri(self) -> str:
        """The text for people: AIs in brackets."""
        return hri(self.ai)


def hri(ais: Iterable[tuple[str, str]]) -> str:
    """AIs as people read them: each AI in brackets before its value."""
    return "".join(f"({ai}){value}" for ai, value in ais)


def bracketed(ais: Iterable[tuple[str, str]]) -> str:
    """Like `hri`, with opening brackets inside a value escaped, so that `parse` reads it back."""
    return "".join(f"({ai})" + value.replace("(", r"\(") for ai, value in ais)


def check_all(ais: Iterable[tuple[str, str]], *, unknown_ais: bool = False) -> dict[str, str]:
    """The values by AI, each checked. Raises Gs1Error with a place within the bracketed text of `ais`."""
    values: dict[str, str] = {}
    at = 0
    for ai, value in ais:
        entry = find_entry(ai, unknown_ais)
        if entry is None:
            raise Gs1Error("UNKNOWN_AI", at + 1, len(ai))
        if ai in values:
            raise Gs1Error("REPEATED_AI", at + 1, len(ai))
        start = at + len(ai) + 2
        try:
            entry.check(value)
        except Gs1Error as error:
            raise error.moved(start + error.start) from None
        values[ai] = value
        at = start + len(value)
    return values
