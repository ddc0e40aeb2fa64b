"""Which page answers a scan: that of the lot, or the same in the words of a doubt about the single pack. The scan is
noted beside the answer.

Only the codes of lots with serial ranges are looked at, by one statement at most; for all others nothing is asked.
"""
from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import parse_qs

from traceapp.code.checking import KnownSerial, doubt_about, known_serial
from traceapp.code.policy import Doubt, Sighting, Why, why
from traceapp.code.regions import region_code
from traceapp.code.resolving import ScannedCode, scanned_code
from traceapp.code.scans import ScanLog, SeenScan
from traceapp.code.signature import PARAMETER
from traceapp.core.clock import monotonic_seconds
from traceapp.core.networks import network_of
from traceapp.gs1 import parse_path
from traceapp.gs1.escapes import unescape
from traceapp.world import World

from .page_cache import KeptPage
from .scan_pages import FRESH_SECONDS, ScanPages, Wish

# In the address of a page in the words of a doubt, so that it keeps them in the other language.
WHY = "v"
_MOST_SERIALS = 20_000
# What a browser says of where it came from, when that was a page of ours; an old one says nothing.
_FROM_OURS = frozenset({"", "same-origin"})


class _Found(NamedTuple):
    """What a code gave reason to, the words for it, and whether its serial number was given out."""

    doubt: Doubt | None
    why: Why | None
    is_known: bool


class Judge:
    """One per application."""

    def __init__(self, world: World, pages: ScanPages, scans: ScanLog) -> None:
        self._world = world
        self._pages = pages
        self._scans = scans
        settings = world.settings
        self._header = ""
        if settings.region_header and settings.trusted_proxies:
            self._header = "HTTP_" + settings.region_header.upper().replace("-", "_")
        self._known: dict[tuple[str, str], tuple[KnownSerial, float]] = {}

    def answer(self, page: KeptPage, wish: Wish, path: str, serial: str | None, environ: dict[str, Any]) -> KeptPage:
        """The page to send for a scan of `path`, whose lot's page is `page`; `serial` may stand as in the path."""
        is_scan = not (_chooses_language(environ) and environ.get("HTTP_SEC_FETCH_SITE", "") in _FROM_OURS)
        region = region_code(environ.get(self._header, "")) if self._header else ""
        found = _Found(page.doubt, None, False)
        if serial is not None:
            serial = unescape(serial)
            if page.is_serialised:
                region = region or self._world.regions.region_of(environ.get("REMOTE_ADDR", ""))
                found = self._judged(page, path, region, environ)
        if is_scan and environ.get("REQUEST_METHOD") == "GET":
            self._scans.add(SeenScan(page.lot_key, self._world.clock.now(), environ.get("REMOTE_ADDR", ""),
                                     page.language, serial, region, found.doubt, found.is_known))
        return page if found.why is None else self._pages.doubted(page, wish, found.why)

    def _judged(self, page: KeptPage, path: str, region: str, environ: dict[str, Any]) -> _Found:
        """What the serial number and the signature say.

        Whoever chose the language on a page, or typed the number in, has no signature to show, so none is asked for;
        the words that the page had are kept.
        """
        code = _code_of(path)
        asked = parse_qs(environ.get("QUERY_STRING", ""))
        known = self._serial(page.lot_key, code.serial or "")
        if _chooses_language(environ):
            if (kept := asked.get(WHY, [""])[-1]) in set(Why):
                return _Found(None, Why(kept), False)
            if PARAMETER not in asked:
                known = replace(known, key_id=None)
        # Where this scan comes from matters only beside others.
        network = network_of(environ.get("REMOTE_ADDR", "")) if known.sightings else ""
        here = Sighting(self._world.clock.now(), network, region)
        doubt = doubt_about(known, self._world.code_keys, code, asked.get(PARAMETER, [""])[0], here)
        is_known = known.is_allocated and doubt != Doubt.bad_signature
        return _Found(doubt or page.doubt, why(doubt) if doubt is not None else None, is_known)

    def _serial(self, lot_key: str, serial: str) -> KnownSerial:
        """What is known of a serial number, asked for at most once in FRESH_SECONDS: a copied code is scanned by all
        the world."""
        now, key = monotonic_seconds(), (lot_key, serial)
        kept = self._known.get(key)
        if kept is not None and now - kept[1] < FRESH_SECONDS:
            return kept[0]
        with self._world.database.reading() as connection:
            found = known_serial(connection, lot_key, serial)
        if len(self._known) >= _MOST_SERIALS:
            self._known.clear()
        self._known[key] = (found, now)
        return found


@lru_cache(maxsize=4096)
def _code_of(path: str) -> ScannedCode:
    """The code in a path whose page is kept, so it can be read."""
    return scanned_code(parse_path(path))


def _chooses_language(environ: dict[str, Any]) -> bool:
    """Whether the address names a language, as those behind our own links and fields do, and no code."""
    return "lang=" in environ.get("QUERY_STRING", "")
