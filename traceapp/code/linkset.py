"""Linksets as JSON: the links of a code, level by level. Pure.

Source: RFC 9264, 4.2; GS1-Conformant Resolver Standard 1.2.1, 2.5 and 2.7.
"""
from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from . import link_types
from .link_types import VOCABULARY
from .selection import Level, Target

LINKSET_JSON, PLAIN_JSON, JSON_LD = "application/linkset+json", "application/json", "application/ld+json"
CONTEXT_ADDRESS = "https://ref.gs1.org/standards/resolver/linkset-context"
# What the members mean as linked data, in our own words; Source: RFC 9264, appendix A.
CONTEXT: dict[str, Any] = {
    "@version": 1.1, "linkset": "@graph", "anchor": "@id", "href": "@id",
    "itemDescription": "http://purl.org/dc/terms/description", "title": "http://purl.org/dc/terms/title",
    "type": "http://purl.org/dc/terms/format",
    "hreflang": {"@id": "http://purl.org/dc/terms/language", "@container": "@set"},
    "context": {"@id": f"{VOCABULARY}context", "@container": "@set"}}
_quoted = json.encoder.encode_basestring
_encoded = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_OF_A_KEY = 2  # slashes in the path of a key without qualifiers


def linkset(levels: Sequence[Level], root: str, language: str, media_type: str = LINKSET_JSON) -> str:
    """The linkset of a code at a resolver whose addresses begin with `root`, titles in `language`, in one of its three
    forms; only JSON-LD carries its context inside."""
    context = f'"@context":{_encoded(CONTEXT)},' if media_type == JSON_LD else ""
    return f'{{{context}"linkset":[{",".join([_text(level, root, language) for level in levels])}]}}'


def choices(thing: Level, targets: Iterable[Target], root: str, language: str, media_type: str = LINKSET_JSON) -> str:
    """A linkset of those links only among which a request does not choose."""
    return linkset((Level(thing.path, thing.names, tuple(targets)),), root, language, media_type)


def address(href: str, root: str) -> str:
    """A whole address: ours begin with a slash."""
    return root + href if href.startswith("/") else href


def _text(level: Level, root: str, language: str) -> str:
    if level.path.count("/") == _OF_A_KEY:
        return _key_text(level, root, language)
    return _level(level, root, language)


@lru_cache(maxsize=2048)
def _key_text(level: Level, root: str, language: str) -> str:
    """The same for a key, which is in the linkset of each of its batches."""
    return _level(level, root, language)


def _level(level: Level, root: str, language: str) -> str:
    """Written as text at once: trees of dictionaries take twice as long."""
    found: dict[str, list[str]] = {}
    for target in level.targets:
        found.setdefault(target.link_type, []).append(_link(target, root, language))
    if level.default is not None:
        found[link_types.DEFAULT] = [_link(level.default, root, language)]
    if level.variants:
        found[link_types.DEFAULT_MULTI] = [_link(target, root, language) for target in level.variants]
    lists = [f',{_name(link_type)}:[{",".join(links)}]' for link_type, links in found.items()]
    names = _quoted(level.names[0 if language == "zh" else 1])
    return f'{{"anchor":{_quoted(root + level.path)},"itemDescription":{names}{"".join(lists)}}}'


def _link(target: Target, root: str, language: str) -> str:
    more = f',"type":{_quoted(target.media_type)}' if target.media_type else ""
    if target.languages:
        more += f',"hreflang":{_encoded(target.languages)}'
    if target.contexts:
        more += f',"context":{_encoded(target.contexts)}'
    return f'{{"href":{_quoted(address(target.href, root))},"title":{_quoted(target.title(language))}{more}}}'


@lru_cache(maxsize=128)
def _name(link_type: str) -> str:
    return _quoted(VOCABULARY + link_type)
