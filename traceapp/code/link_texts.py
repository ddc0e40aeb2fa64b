"""What may stand in a registered link: address, languages, media type, contexts. Pure."""
from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote, urlsplit, urlunsplit

from traceapp.core.errors import InvalidInput
from traceapp.gs1 import is_epc_binary

from .anchors import SUPPORTED_KEYS

LONGEST_HREF = 2000
MOST_LANGUAGES, MOST_CONTEXTS = 20, 20
_LANGUAGE = re.compile(r"([A-Za-z]{2})(?:-([A-Za-z]{2}))?")
_MEDIA_TYPE = re.compile(r"[a-z0-9](?:[a-z0-9.+-]{0,58}[a-z0-9])?/[a-z0-9](?:[a-z0-9.+-]{0,38}[a-z0-9])?")
_CONTEXT = re.compile(r"[A-Za-z0-9._:/-]{1,60}")
_HOST = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?|\[[0-9a-f:.]+\]")
# What may stand in an address as it is; everything else is escaped, a percent sign only where none follows it.
_KEPT = "/?:@!$&'()*+,;=-._~%"


def checked_href(text: str, own_root: str, *, place: str = "href") -> str:
    """The address as a header can carry it, other letters escaped. Raises InvalidInput for one that is no http or https
    address, holds a password, or is itself a code of `own_root`, where the link would lead in a circle."""
    cleaned = text.strip()
    if len(cleaned) > LONGEST_HREF:
        raise InvalidInput("This is longer than %(size)d characters.", code="too-long", place=place, size=LONGEST_HREF)
    try:
        parts = urlsplit(cleaned)
        host, port = (parts.hostname or "").encode("idna").decode("ascii"), parts.port
    except (ValueError, UnicodeError):
        raise _no_address(place) from None
    host = f"[{host}]" if ":" in host else host
    if parts.scheme.lower() not in ("http", "https") or not _HOST.fullmatch(host) or not cleaned.isprintable():
        raise _no_address(place)
    if parts.username is not None or parts.password is not None:
        raise InvalidInput("An address with a name or password in it would be shown to everybody. Leave them out.",
                           code="credentials-in-address", place=place)
    netloc = host if port is None else f"{host}:{port}"
    found = urlunsplit((parts.scheme.lower(), netloc, _escaped(parts.path), _escaped(parts.query),
                        _escaped(parts.fragment)))
    if len(found) > LONGEST_HREF:
        raise InvalidInput("This is longer than %(size)d characters.", code="too-long", place=place, size=LONGEST_HREF)
    if _is_own_code(netloc, parts.path, own_root):
        raise InvalidInput("This address is itself a code of ours, so the link would lead in a circle. Enter the page "
                           "that it shall lead to.", code="link-in-a-circle", place=place)
    return found


def _no_address(place: str) -> InvalidInput:
    return InvalidInput("Enter a whole address that begins with https:// or http://.", code="bad-address", place=place)


def _escaped(text: str) -> str:
    return quote(re.sub(r"%(?![0-9A-Fa-f]{2})", "%25", text), safe=_KEPT)


def _is_own_code(netloc: str, path: str, own_root: str) -> bool:
    own = urlsplit(own_root)
    rest = path.removeprefix(own.path.rstrip("/")).strip("/")
    first = rest.partition("/")[0]
    return netloc.lower() == own.netloc.lower() and (first in SUPPORTED_KEYS or is_epc_binary(first))


def checked_languages(given: Iterable[str], *, place: str = "languages") -> list[str]:
    """The languages of a target, each once, as the linkset schema writes them. Raises InvalidInput."""
    found = []
    for text in given:
        match = _LANGUAGE.fullmatch(text.strip())
        if match is None:
            raise InvalidInput("“%(text)s” is no language here; write two letters, or two and two as zh-CN.",
                               code="bad-language", place=place, text=text[:40])
        found.append(match[1].lower() + (f"-{match[2].upper()}" if match[2] else ""))
    return _bounded(found, MOST_LANGUAGES, place)


def checked_contexts(given: Iterable[str], *, place: str = "contexts") -> list[str]:
    """The contexts of a link, each once. Raises InvalidInput."""
    found = []
    for text in given:
        if not _CONTEXT.fullmatch(text.strip()):
            raise InvalidInput("A context is a short word of letters, digits and . _ : / - such as CN; this is "
                               "“%(text)s”.", code="bad-context", place=place, text=text[:60])
        found.append(text.strip())
    return _bounded(found, MOST_CONTEXTS, place)


def _bounded(found: list[str], most: int, place: str) -> list[str]:
    once = list(dict.fromkeys(found))
    if len(once) > most:
        raise InvalidInput("These are more than %(most)d.", code="too-many", place=place, most=most)
    return once


def checked_media_type(text: str, *, place: str = "media_type") -> str:
    """A media type such as application/pdf, or nothing. Raises InvalidInput."""
    cleaned = text.strip().lower()
    if cleaned and not _MEDIA_TYPE.fullmatch(cleaned):
        raise InvalidInput("“%(text)s” is no media type; write it as application/pdf.", code="bad-media-type",
                           place=place, text=cleaned[:60])
    return cleaned
