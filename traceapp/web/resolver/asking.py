"""What one request asks the resolver: the raw path, the wish in its query and headers, the form of the answer.

Source: GS1-Conformant Resolver Standard 1.2.1, 2.6 and 2.7; RFC 9110, 12.4 and 12.5.
"""
from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import quote, unquote_plus, urlsplit

from traceapp.code.link_types import DEFAULT, DEFAULT_MULTI, WHOLE, local_name
from traceapp.code.linkset import JSON_LD, LINKSET_JSON, PLAIN_JSON
from traceapp.code.selection import Ranges, Wish, weight_of
from traceapp.web.i18n import LANGUAGES
from traceapp.web.plain_query import plain_query

Environ = dict[str, Any]
HTML = "text/html"
_FORMS = (LINKSET_JSON, JSON_LD, PLAIN_JSON, HTML)
_XHTML = "application/xhtml+xml"
_LONGEST_HEADER, _MOST_RANGES, _MOST_CONTEXTS = 2000, 40, 10
_PLAIN = re.compile(r"[!\"$-~]*")
_NOT_URI = re.compile(r"[^A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]")
_ATTRIBUTE = re.compile(r"(?:^|&)[0-9]+=")
_MEDIA_TYPE = re.compile(r"[A-Za-z0-9.+-]+/[A-Za-z0-9.+-]+")
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[0-9.]+|localhost)(:[0-9]{1,5})?")


@dataclass(frozen=True, slots=True)
class QueryWish:
    """What the query says. `link_type` None: nothing, empty: none of the vocabulary. `has_attributes`: it holds AIs."""

    link_type: str | None
    wants_set: bool
    language: str
    media_type: str
    contexts: tuple[str, ...]
    has_attributes: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """One request. `query` is passed on as it came; `form` is the media type for a linkset or a page."""

    path: str
    query: str
    root: str
    language: str
    form: str
    wants_set: bool
    has_attributes: bool
    wish: Wish

    @property
    def code(self) -> str:
        """What GS1's rules are asked about: the path, with the query where AIs stand in it; other signs than a URI may
        have are escaped there, since trackers add them and they do not touch what is identified."""
        return f"{self.path}?{_uri_signs(self.query)}" if self.has_attributes else self.path


_NOTHING = QueryWish(None, False, "", "", (), False)


def asked(environ: Environ, base_url: str) -> Asked:
    """The request of a WSGI environment, for a service that is known as `base_url`."""
    path, query = _target(environ)
    said = query_wish(query) if query else _NOTHING
    accept = environ.get("HTTP_ACCEPT")
    form, is_explicit = form_of(accept)
    languages = ((said.language, 1.0),) if said.language else ranges(environ.get("HTTP_ACCEPT_LANGUAGE") or "")
    media_types = ((said.media_type, 1.0),) if said.media_type else ranges(accept or "")
    wants_data = is_explicit and form != HTML and (form == LINKSET_JSON or said.link_type is None)
    return Asked(
        path, query, root_of(environ.get("HTTP_HOST") or "", base_url), page_language(languages), form,
        said.wants_set or wants_data, said.has_attributes,
        Wish(said.link_type, languages, media_types, said.contexts))


def _target(environ: Environ) -> tuple[str, str]:
    """Path and query as they came over the wire; where the server hides them, the decoded path escaped again."""
    uri: str | None = environ.get("REQUEST_URI")
    if uri is None:
        path = quote(str(environ.get("PATH_INFO", "/")).encode("latin-1"), safe="/:@!$&'()*+,;=-._~")
        query = str(environ.get("QUERY_STRING", ""))
    else:
        path, _, query = uri.partition("?")
    return path.partition("#")[0], query if _PLAIN.fullmatch(query) else plain_query(query)


def _uri_signs(query: str) -> str:
    return _NOT_URI.sub(lambda found: quote(found[0], safe=""), query)


@lru_cache(maxsize=1024)
def query_wish(query: str) -> QueryWish:
    """What a raw query says to the resolver; the rest of it is for the target."""
    found: dict[str, list[str]] = {}
    for part in re.split("[&;]", query):
        name, _, value = part.partition("=")
        if name in ("linkType", "lang", "mediaType", "context") and value:
            found.setdefault(name, []).append(unquote_plus(value))
    wanted = found.get("linkType", [None])[0]
    is_whole = wanted in WHOLE
    name = None if wanted is None or is_whole else local_name(wanted) or ""
    media_type = found.get("mediaType", [""])[0]
    language = found.get("lang", [""])[0]
    return QueryWish(
        None if name in (DEFAULT, DEFAULT_MULTI) else name, is_whole,
        language if re.fullmatch("[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,3}", language) else "",
        media_type if _MEDIA_TYPE.fullmatch(media_type) else "",
        tuple(found.get("context", []))[:_MOST_CONTEXTS], _ATTRIBUTE.search(query) is not None)


@lru_cache(maxsize=1024)
def ranges(header: str) -> Ranges:
    """What an Accept or Accept-Language header lists, with weights, as it stands; what cannot be read is left out."""
    found = []
    for part in header[:_LONGEST_HEADER].split(",")[:_MOST_RANGES]:
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        weight = next((piece[2:].strip() for piece in parameters if piece.startswith("q=")), "1")
        if name and re.fullmatch(r"[01](?:\.[0-9]{0,3})?", weight):
            found.append((name, min(1.0, float(weight))))
    return tuple(found)


@lru_cache(maxsize=512)
def form_of(accept: str | None) -> tuple[str, bool]:
    """The form that suits an Accept header best, and whether the header names it; a page where there is none."""
    if not accept or not accept.strip():
        return HTML, False
    wanted = ranges(accept)
    named = {name for name, weight in wanted if weight > 0}
    if _XHTML in named:
        wanted = (*wanted, (HTML, weight_of(_XHTML, wanted)))
        named.add(HTML)
    best = max(_FORMS, key=lambda form: (weight_of(form, wanted), form in named, -_FORMS.index(form)))
    return best, best in named


@lru_cache(maxsize=1024)
def page_language(languages: Ranges) -> str:
    """The language of our own words: zh or en, whichever is liked better; Chinese where neither is named."""
    for tag, weight in sorted(languages, key=lambda pair: -pair[1]):
        if weight > 0 and tag.lower()[:2] in LANGUAGES:
            return tag.lower()[:2]
    return "zh"


@lru_cache(maxsize=1024)
def root_of(host: str, base_url: str) -> str:
    """What our addresses begin with: what codes carry, but for who asks by an address of this machine or its network.

    Any other Host is not believed: whoever sends one would otherwise decide where our links lead.
    """
    base = base_url.rstrip("/")
    match = _HOST.fullmatch(host)
    if match is None or host.lower() == urlsplit(base).netloc.lower():
        return base
    if match[1] == "localhost":
        return f"http://{host}"
    try:
        address = ipaddress.ip_address(match[1].strip("[]"))
    except ValueError:
        return base
    return f"http://{host}" if address.is_loopback or address.is_private else base
