"""The link types of the GS1 Web Vocabulary: which there are, and the ways to write them.

Source: GS1 Web Vocabulary 1.16; GS1-Conformant Resolver Standard 1.2.1, 2.6.2 (one name under several addresses).
"""
from __future__ import annotations

import csv
from dataclasses import dataclass
from importlib.resources import files

from traceapp.core.errors import InvalidInput

VOCABULARY = "https://ref.gs1.org/voc/"
PREFIX = "gs1:"
DEFAULT, DEFAULT_MULTI = "defaultLink", "defaultLinkMulti"
PAGE, RECALL_STATUS, SAFETY = "pip", "recallStatus", "safetyInfo"
TRACEABILITY, EPCIS, CERTIFICATION = "traceability", "epcis", "certificationInfo"
# What asks for the whole set instead of one link; `all` is the older word for it.
WHOLE = frozenset({"linkset", "all"})
# Answered by our own state of the recall, so nobody can put another address in their place.
LIVE = frozenset({RECALL_STATUS, SAFETY})
_NAMESPACES = (PREFIX, VOCABULARY, "https://gs1.org/voc/", "https://www.gs1.org/voc/")


@dataclass(frozen=True, slots=True)
class LinkType:
    """One type; `name` is its last part, as in `pip`."""

    name: str
    title_zh: str
    title_en: str
    is_deprecated: bool

    def title(self, language: str) -> str:
        """What it is called in a language."""
        return self.title_zh if language == "zh" else self.title_en

    @property
    def uri(self) -> str:
        return VOCABULARY + self.name


def _read() -> dict[str, LinkType]:
    text = files(__package__).joinpath("data/link_types.csv").read_text(encoding="utf-8")
    return {row["name"]: LinkType(row["name"], row["title_zh"], row["title_en"], row["is_deprecated"] == "1")
            for row in csv.DictReader(text.splitlines())}


LINK_TYPES = _read()
# Which link is the default is a mark on a link, so the two default types are none to register under.
REGISTRABLE = tuple(name for name, one in LINK_TYPES.items() if not one.is_deprecated
                    and name not in (DEFAULT, DEFAULT_MULTI))


def local_name(text: str) -> str | None:
    """The name in a CURIE or an address of the vocabulary, whether it is there or not; None for anything else."""
    for namespace in _NAMESPACES:
        if text.startswith(namespace):
            return text.removeprefix(namespace)
    return None


def registrable_type(text: str, *, place: str = "link_type") -> str:
    """The name of a type that a link may be registered under, written bare, as a CURIE or as an address.

    Raises InvalidInput.
    """
    cleaned = text.strip()
    found = LINK_TYPES.get(local_name(cleaned) or cleaned)
    if found is None:
        raise InvalidInput("“%(text)s” is no link type of the GS1 Web Vocabulary.", code="unknown-link-type",
                           place=place, text=cleaned[:80])
    if found.is_deprecated:
        raise InvalidInput("The link type “%(text)s” is no longer used; take “sustainabilityInfo”.",
                           code="deprecated-link-type", place=place, text=found.name)
    if found.name in (DEFAULT, DEFAULT_MULTI):
        raise InvalidInput("Say what the link leads to, and mark it as the default link.", code="default-is-a-mark",
                           place=place)
    return found.name
