"""The mark of a browser in which somebody signed in before: a cookie that does not say who that was.

It holds a random name of the browser, and for each person who signed in there a keyed hash over both. Pure.
"""
from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

_MOST_PERSONS = 8
_LONGEST_COOKIE = 400
_HASH_BYTES = 16


def browser_of(secret: str, cookie: str, name: str) -> str:
    """The name of the browser when this person signed in there before, else nothing."""
    browser, *hashes = _parts(cookie)
    is_known = any(hmac.compare_digest(one, _keyed(secret, browser, name)) for one in hashes)
    return browser if is_known else ""


def marked(secret: str, cookie: str, name: str) -> str:
    """The cookie of a browser in which this person has just signed in; the last eight persons are kept."""
    browser, *hashes = _parts(cookie)
    browser = browser or secrets.token_urlsafe(16)
    own = _keyed(secret, browser, name)
    return ".".join([browser, own, *(one for one in hashes if one != own)][:_MOST_PERSONS + 1])


def _parts(cookie: str) -> list[str]:
    return cookie.split(".") if len(cookie) <= _LONGEST_COOKIE and cookie.isascii() else [""]


def _keyed(secret: str, browser: str, name: str) -> str:
    key = hashlib.sha256(b"browser-mark:" + secret.encode()).digest()
    digest = hmac.new(key, f"{browser}:{name.strip().lower()}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest[:_HASH_BYTES]).decode("ascii").rstrip("=")
