"""What a browser asks for: language, compression, form. Public pages decide without cookies."""
from __future__ import annotations

from functools import lru_cache
from urllib.parse import parse_qs, urlencode

from flask import g, request
from werkzeug.datastructures import LanguageAccept, MIMEAccept
from werkzeug.http import parse_accept_header

from traceapp.web.i18n import LANGUAGES

_TAGS = ["zh", "zh-CN", "zh-TW", "zh-HK", "en", "en-US", "en-GB"]


def language_of(query: str, accept_language: str) -> str:
    """`?lang=` of the raw query string, else what the browser likes best, else Chinese."""
    if "lang=" in query:
        wish = parse_qs(query).get("lang", [""])[-1]
        if wish in LANGUAGES:
            return wish
    return liked_language(accept_language)


@lru_cache(maxsize=512)
def liked_language(accept_language: str) -> str:
    """zh or en by an Accept-Language header; the list of what browsers send is short."""
    found = parse_accept_header(accept_language, LanguageAccept).best_match(_TAGS, default="zh")
    return (found or "zh")[:2]


@lru_cache(maxsize=256)
def takes_gzip(accept_encoding: str) -> bool:
    """Whether an Accept-Encoding header allows gzip."""
    for part in accept_encoding.split(","):
        name, _, parameters = part.partition(";")
        if name.strip().lower() in ("gzip", "*"):
            return not parameters.replace(" ", "").startswith(("q=0,", "q=0.0")) and \
                parameters.replace(" ", "") not in ("q=0", "q=0.", "q=0.000")
    return False


@lru_cache(maxsize=256)
def wants_json(accept: str) -> bool:
    """Whether an Accept header likes JSON better than a page."""
    if "json" not in accept:
        return False
    liked = parse_accept_header(accept, MIMEAccept)
    return liked["application/json"] > liked["text/html"]


def settle_language(kept: str | None = None) -> str:
    """The language of this request, without cookies, for everything that asks `web.i18n`; `kept` counts for more than
    the browser's, less than `?lang=`."""
    asked = request.args.get("lang")
    found = asked if asked in LANGUAGES else kept or liked_language(request.headers.get("Accept-Language", ""))
    g.language = found
    return found


def link_in(language: str, path: str, **query: str) -> str:
    """An address of ours that keeps the language, since no cookie does."""
    return f"{path}?{urlencode({**query, 'lang': language})}"


def linked(path: str, **query: str) -> str:
    """The same in the language of this request."""
    return link_in(g.get("language") or "zh", path, **query)
