"""What an XML file says, counted by a walk of its own: every attribute and every text with the path to it."""
from __future__ import annotations

from collections import Counter
from typing import Any

from lxml import etree

Fact = tuple[str, str, str]


def facts_of(data: bytes) -> Counter[Fact]:
    """{(path, attribute or `text`, value): how often}. Prefixes of types and where a schema lies say nothing."""
    found: Counter[Fact] = Counter()
    _walk(etree.fromstring(data, etree.XMLParser(resolve_entities=False, remove_comments=True)), "", found)
    return found


def _walk(element: Any, above: str, found: Counter[Fact]) -> None:
    path = f"{above}/{etree.QName(element).localname}"
    for name, value in element.attrib.items():
        name = name.rpartition("}")[2]
        if name != "schemaLocation":
            found[path, name, value.rpartition(":")[2] if name == "type" else value] += 1
    if text := " ".join((element.text or "").split()):
        found[path, "text", text] += 1
    for child in element:
        _walk(child, path, found)
        if text := " ".join((child.tail or "").split()):
            found[path, "text", text] += 1


def lost(before: bytes, after: bytes, *allowed: str) -> list[Fact]:
    """What the second file no longer says, but for the paths that end as one of `allowed`."""
    return [fact for fact in facts_of(before) - facts_of(after) if not fact[0].endswith(allowed)]
