"""Answers that need no page: redirects, linksets and choices as JSON. No framework, so that this may be asked first.

Source: GS1-Conformant Resolver Standard 1.2.1, 2.2, 2.6, 2.7 and 2.12.
"""
from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from traceapp.code.linkset import CONTEXT_ADDRESS, LINKSET_JSON, address, choices, linkset
from traceapp.code.selection import Level, Target, selected
from traceapp.web.cors import HEADERS as CORS
from traceapp.web.i18n import LANGUAGES

from .asking import HTML, Asked
from .kept import Kept, Resolutions

Headers = list[tuple[str, str]]
VARY = ("Vary", "Accept, Accept-Language")
# Any of them can change at any moment by a recall.
REDIRECT, CHOICES = 307, 300
_JUST_NOW = 0.1
_CONTEXT_LINK = f'<{CONTEXT_ADDRESS}>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'
_COMPRESSED = ("/eh", "/ex")


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers that are its own, body."""

    status: int
    headers: Headers
    body: bytes = b""
    etag: str = ""


def answered(resolutions: Resolutions, kept: Kept, asked: Asked) -> Answer | None:
    """The answer; None when it is a page for people or an error, which the framework makes."""
    if asked.wants_set:
        return None if asked.form == HTML else _whole(resolutions, kept, asked)
    if asked.wish.link_type is None and kept.href is not None:
        return _redirect(resolutions, kept, asked, kept.href)
    levels = resolutions.resolution(kept).levels
    found = selected(levels, asked.wish)
    if len(found) == 1:
        return _redirect(resolutions, kept, asked, found[0].href)
    if not found or asked.form == HTML:
        return None
    made = _made(choices(level_of(levels, found), found, asked.root, asked.language, asked.form))
    return _json(resolutions, kept, asked, (CHOICES, *made))


def level_of(levels: Sequence[Level], found: Sequence[Target]) -> Level:
    """The level on which the links that were found stand."""
    return next(level for level in levels if found[0] in (*level.targets, *level.variants))


def location(href: str, asked: Asked) -> str:
    """A target's address with the query of the request, whole and unchanged."""
    whole = address(href, asked.root)
    if not asked.query:
        return whole
    bare, mark, fragment = whole.partition("#")
    return f"{bare}{'&' if '?' in bare else '?'}{asked.query}{mark}{fragment}"


def links(path: str, asked: Asked) -> str:
    """The Link header: where the whole set is, and the code itself where the request has it compressed."""
    uri = asked.root + path
    whole = f'<{uri}?linkType=linkset>; rel="linkset"; type="{LINKSET_JSON}"'
    return f'{whole}, <{uri}>; rel="owl:sameAs"' if asked.path.startswith(_COMPRESSED) else whole


def _headers(resolutions: Resolutions, kept: Kept, asked: Asked, *more: str) -> Headers:
    """What every answer says of itself. A copy that has waited here tells its age, so that nobody keeps it longer."""
    age = "1" if resolutions.age(kept) > _JUST_NOW else "0"
    link = ", ".join((*more, links(kept.thing.path, asked)))
    return [("Link", link), ("Cache-Control", "public, max-age=1"), ("Age", age), VARY, *CORS]


def _redirect(resolutions: Resolutions, kept: Kept, asked: Asked, href: str) -> Answer:
    return Answer(REDIRECT, [("Location", location(href, asked)), *_headers(resolutions, kept, asked)])


def _whole(resolutions: Resolutions, kept: Kept, asked: Asked) -> Answer:
    key = (asked.root, asked.language, asked.form)
    made = kept.texts.get(key) if kept.texts else None
    if made is None:
        levels = resolutions.resolution(kept).levels
        made = _made(linkset(levels, asked.root, asked.language, asked.form))
        resolutions.keep_text(kept, key, made)
    return _json(resolutions, kept, asked, (200, *made))


def _made(text: str) -> tuple[bytes, str]:
    body = text.encode("utf-8")
    return body, f'W/"{zlib.crc32(body):08x}"'


def _json(resolutions: Resolutions, kept: Kept, asked: Asked, made: tuple[int, bytes, str]) -> Answer:
    status, body, etag = made
    return Answer(status, [
        ("Content-Type", asked.form), ("Content-Language", LANGUAGES[asked.language][0]), ("ETag", etag),
        *_headers(resolutions, kept, asked, _CONTEXT_LINK)], body, etag)
