"""The checks of GS1's resolver test suite, in our own words: what it asks of one code and what it wants to hear.

Source: gs1/GS1DL-resolver-testsuite @b38e088, read for its behaviour. It asks without following redirects, says nothing
in Accept but */*, and of headers that come twice it sees the last.
"""
from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

_ORIGIN = {"Origin": "https://suite.example", "Accept": "*/*"}
_LINKSET = {"Accept": "application/linkset+json"}
_NAMES = re.compile(r"https://(?:ref\.|www\.)?gs1\.org/voc/")


@dataclass(frozen=True, slots=True)
class Reply:
    """Status, headers by lower-case name, body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def location(self) -> str:
        return self.headers.get("location", "")


Ask = Callable[[str, Mapping[str, str]], Reply]
Validate = Callable[[Any], None]


@dataclass
class Suite:
    """One run over one code. `validate` raises for a linkset that breaks a schema; `failed` names what did not hold."""

    ask: Ask
    uri: str
    validate: Validate
    link_types: frozenset[str]
    failed: list[str] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)

    def check(self, name: str, holds: object) -> None:
        self.seen.append(name)
        if not holds:
            self.failed.append(name)

    def run(self) -> list[str]:
        """What did not hold; nothing for a conformant answer."""
        self.headers()
        self.errors()
        self.queries()
        found = self.linkset()
        if found is not None:
            self.links(found)
        return self.failed

    def headers(self) -> None:
        plain, slash = self.ask(self.uri, _ORIGIN), self.ask(self.uri + "/", _ORIGIN)
        methods = plain.headers.get("access-control-allow-methods", "")
        self.check("cors", plain.headers.get("access-control-allow-origin"))
        self.check("methods", all(name in methods for name in ("GET", "HEAD", "OPTIONS")))
        self.check("link to the linkset", 'rel="linkset"' in plain.headers.get("link", ""))
        self.check("no other links", 'rel="gs1:' not in plain.headers.get("link", ""))
        self.check("trailing slash", (plain.status, plain.location) == (slash.status, slash.location))

    def errors(self) -> None:
        self.check("400 for a malformed code", self.ask(self.uri + "/foo", _ORIGIN).status == 400)
        missing = self.ask(self.uri + "?linkType=gs1:nosuchlt", _ORIGIN)
        self.check("404 for a link that is not there", missing.status == 404)

    def queries(self) -> None:
        self.check("query passed on", "foo=bar" in self.ask(self.uri + "?foo=bar", _ORIGIN).location)
        self.check("linkType=linkset", self.ask(self.uri + "?linkType=linkset", _ORIGIN).status == 200)
        self.check("linkType=all", self.ask(self.uri + "?linkType=all", _LINKSET).status == 200)

    def linkset(self) -> Any:
        reply = self.ask(self.uri, _LINKSET)
        self.check("form of the linkset", reply.headers.get("content-type") == "application/linkset+json")
        contexts = [part for part in reply.headers.get("link", "").split(",")
                    if 'rel="http://www.w3.org/ns/json-ld#context"' in part and 'type="application/ld+json"' in part]
        self.check("link to the context", contexts)
        try:
            found = json.loads(reply.body)
            self.validate(found)
        except Exception as error:
            self.check(f"valid linkset: {error}", False)
            return None
        return json.loads(_NAMES.sub("gs1:", reply.body.decode()))

    def links(self, found: Any) -> None:
        """Every link type where it stands finest: it leads where the linkset says."""
        types: list[str] = []
        uri, left = self.uri, len(urlsplit(self.uri).path.split("/"))
        while left > 2:
            for level in found["linkset"]:
                for name in (name for name in level if name not in ("anchor", "itemDescription")):
                    if level["anchor"] == uri and name not in types:
                        types.append(name)
                        self.link_type(name, level[name])
            uri, left = uri.rpartition("/")[0].rpartition("/")[0], left - 2
        self.check("there is a default link", "gs1:defaultLink" in types)
        known = {name.removeprefix("gs1:") for name in types if name.startswith("gs1:")}
        self.check("link types of the vocabulary", known <= self.link_types)

    def link_type(self, name: str, links: list[dict[str, Any]]) -> None:
        if name == "gs1:defaultLink":
            self.check("one default link", len(links) == 1 and set(links[0]) == {"href", "title"})
            self.check("leads to the default", self.ask(self.uri, _ORIGIN).location == links[0]["href"])
        elif name == "gs1:defaultLinkMulti":
            self.check("several variants", len(links) > 1)
        elif len(links) == 1:
            self.check(f"leads to {name}", self._cut(self._asked(name), name) == links[0]["href"])
        else:
            self._several(name, links)

    def _several(self, name: str, links: list[dict[str, Any]]) -> None:
        """Links told apart by language or form are found by it; those that nothing tells apart are all offered."""
        marks = [(link.get("type"), link.get("hreflang"), link.get("context")) for link in links]
        for link, mark in zip(links, marks, strict=True):
            reply = self._asked(name, link)
            if marks.count(mark) > 1:
                self.check(f"300 for {name}", reply.status == 300)
            else:
                self.check(f"{name} by its attributes", self._cut(reply, name) == link["href"])

    def _asked(self, name: str, link: dict[str, Any] | None = None) -> Reply:
        headers, query = dict(_ORIGIN), f"?linkType={name}"
        if link is not None and "type" in link:
            headers["Accept"] = link["type"]
        if link is not None and "hreflang" in link:
            headers["Accept-Language"] = link["hreflang"][0]
        if link is not None and "context" in link:
            query += f"&context={link['context'][0]}"
        return self.ask(self.uri + query, headers)

    @staticmethod
    def _cut(reply: Reply, name: str) -> str:
        bare, mark, _ = reply.location.partition(f"?linkType={name}")
        return bare if mark else reply.location.partition(f"&linkType={name}")[0]
