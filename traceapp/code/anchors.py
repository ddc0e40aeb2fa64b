"""Which things a link can hang on, and which of them a scanned code includes. Pure.

Source: GS1-Conformant Resolver Standard 1.2.1, 2.5.9 (registration rules).
"""
from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

from traceapp.core.errors import InvalidInput
from traceapp.core.ids import name_key
from traceapp.gs1 import STEM, Parsed, hri
from traceapp.gs1.escapes import escape

SUPPORTED_KEYS = ("01", "00", "414", "417", "253", "8006")
_SERIAL = "21"
# A batch tells more about which thing it is than a variant does.
_WEIGHT = {"10": 2, "22": 1}


@dataclass(frozen=True, slots=True)
class Anchor:
    """A thing that links can hang on: a GS1 key with the qualifiers `ais`. `path` is that of its canonical URI,
    `key_path` that of its key alone."""

    path: str
    key_path: str
    ais: tuple[tuple[str, str], ...]

    @property
    def uri(self) -> str:
        return STEM + self.path

    @property
    def key(self) -> str:
        """The key under which its links are stored; of a lot whose product has this GTIN it is the lot's own."""
        return name_key(self.uri)

    def get(self, ai: str) -> str | None:
        """The value of an AI, or None."""
        return next((value for name, value in self.ais if name == ai), None)

    @property
    def key_ai(self) -> str:
        return self.ais[0][0]

    @property
    def key_uri(self) -> str:
        return STEM + self.key_path

    @property
    def hri(self) -> str:
        """The code as people read it, AIs in brackets."""
        return hri(self.ais)

    @property
    def is_key(self) -> bool:
        return self.path == self.key_path


def anchor_of(parsed: Parsed) -> Anchor:
    """The thing that a code names, all its qualifiers included."""
    return _anchor(tuple((ai, parsed.values[ai]) for ai in parsed.path))


def _anchor(ais: tuple[tuple[str, str], ...]) -> Anchor:
    return Anchor(_path(ais), _path(ais[:1]), ais)


def _path(ais: tuple[tuple[str, str], ...]) -> str:
    return "".join(f"/{ai}/{escape(value)}" for ai, value in ais)


def held_anchor(parsed: Parsed, *, place: str = "anchor") -> Anchor:
    """The thing that a code names, of a kind that has links here. Raises InvalidInput for another kind."""
    if not parsed.path or parsed.path[0] not in SUPPORTED_KEYS:
        raise InvalidInput("Links can be registered for the keys %(keys)s; this is none of them.",
                           code="unsupported-key", place=place, keys=", ".join(SUPPORTED_KEYS))
    return anchor_of(parsed)


def registrable_anchor(parsed: Parsed, *, place: str = "anchor") -> Anchor:
    """The thing that a link may be registered for. Raises InvalidInput for what no link may hang on."""
    found, path = held_anchor(parsed, place=place), parsed.path
    attributes = sorted(parsed.values.keys() - set(path))
    if attributes or parsed.other:
        raise InvalidInput("A link hangs on the thing itself. Leave out what stands behind the question mark.",
                           code="attributes-in-anchor", place=place)
    if _SERIAL in path and len(path) > 2:
        raise InvalidInput("A serial number names the thing without batch and variant. Leave out (22) and (10).",
                           code="serial-with-batch", place=place)
    return found


@lru_cache(maxsize=256)
def anchors_within(thing: Anchor) -> tuple[Anchor, ...]:
    """Every thing that links of this one may hang on, the finest first: the serial, then batch and variant, the batch,
    the variant, the key."""
    key, *qualifiers = thing.ais
    serial = [pair for pair in qualifiers if pair[0] == _SERIAL]
    rest = [pair for pair in qualifiers if pair[0] != _SERIAL]
    subsets = [subset for size in range(len(rest), 0, -1) for subset in combinations(rest, size)]
    subsets.sort(key=lambda subset: -sum(_WEIGHT.get(ai, 1) for ai, _ in subset))
    chosen = [(key, *serial)] if serial else []
    return tuple(map(_anchor, [*chosen, *((key, *subset) for subset in subsets), (key,)]))
