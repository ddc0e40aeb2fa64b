"""The answers of scan pages: rendered once, kept as bytes, and never shown with a verdict older than a second.

A kept answer that was checked less than FRESH_SECONDS ago goes out without any query. An older one is checked by one
read of the lot's revision, which every change of release, hold or recall moves, and by the date, which moves expiry.
After RENDER_SECONDS it is rendered anew, for what the revision does not tell: scan counts, new inspections.
`Cache-Control: max-age=1` lets a proxy carry a viral recall; it asks again after one second with the ETag.
"""
from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, text

from traceapp.code.checking import lot_of_serial
from traceapp.code.policy import FEWEST_SCANS, Doubt, Why, is_unusual
from traceapp.code.resolving import KnownProduct, ScannedCode, code_of_path, keys_of_code, product_of_code
from traceapp.core.clock import Clock, monotonic_seconds
from traceapp.db import Amount, Database
from traceapp.recall.public import RecallFacts, facts_of_sources, recalls_of_lot
from traceapp.trace.policy import Verdict
from traceapp.trace.public import ScanFacts, Surroundings, scan_facts, scan_revision

from . import scan_view
from .page_cache import KeptPage, PageCache
from .squeeze import PageText, page_text

FRESH_SECONDS = 0.9
RENDER_SECONDS = 60.0
CACHE_BYTES = 32 * 1024 * 1024
_MOST_PATHS = 20_000

Render = Callable[[ScanFacts, Verdict, Sequence[RecallFacts], str, Why], PageText]
# The verdicts that a doubt about a single pack is told instead of; all others are stronger.
_DOUBTABLE = frozenset({Verdict.released, Verdict.please_verify})


class Wish(NamedTuple):
    """The form of the answer."""

    language: str
    is_json: bool = False
    is_gzip: bool = False


@dataclass(frozen=True, slots=True)
class UnknownItem:
    """Nothing is known under the code; `product` when its GTIN at least is ours."""

    product: KnownProduct | None = None


_KEY = re.compile(r"/t/([0-9a-f]{32})/?")


def key_of_path(raw_path: str) -> str | None:
    """The key in /t/{key}; None for anything else."""
    match = _KEY.fullmatch(raw_path)
    return match[1] if match else None


class ScanPages:
    """All answers of one process. `render` makes the page of a lot; `tick` tells monotonic seconds."""

    def __init__(self, database: Database, clock: Clock, render: Render, *,
                 tick: Callable[[], float] = monotonic_seconds, limit_bytes: int = CACHE_BYTES) -> None:
        self._database = database
        self._clock = clock
        self._render = render
        self._tick = tick
        self._pages = PageCache(limit_bytes)
        self._around = Surroundings(tick)
        self._keys_of_path: dict[str, tuple[str, float]] = {}
        self._products: dict[str, tuple[KnownProduct | None, float]] = {}

    def headers_of(self, page: KeptPage) -> list[tuple[str, str]]:
        """The headers of a page that is sent now."""
        return page.headers(self._tick())

    def fresh(self, raw_path: str, wish: Wish) -> KeptPage | None:
        """The kept answer for a path when it needs no query; None otherwise."""
        now = self._tick()
        known = self._keys_of_path.get(raw_path)
        if known is None or now - known[1] > RENDER_SECONDS:
            return None
        page = self._pages.get((known[0], wish))
        return page if page is not None and now - page.checked_at < FRESH_SECONDS else None

    def of_path(self, raw_path: str, wish: Wish) -> tuple[KeptPage, str | None] | None:
        """The answer for a path and the serial in it; None when the path needs more words than a lot's page has.

        Raises Gs1Error.
        """
        if raw_path.startswith("/t/"):
            key = key_of_path(raw_path)
            found = self.of_key(raw_path, key, wish) if key else UnknownItem()
            return None if isinstance(found, UnknownItem) else (found, None)
        code = code_of_path(raw_path)
        if code.is_product:
            return None
        found = self.of_code(raw_path, code, wish)
        return None if isinstance(found, UnknownItem) else (found, code.serial)

    def of_code(self, raw_path: str, code: ScannedCode, wish: Wish) -> KeptPage | UnknownItem:
        """The answer for a code that was read from `raw_path`."""
        now = self._tick()
        with self._database.reading() as connection:
            known = self._keys_of_path.get(raw_path)
            if known is not None and now - known[1] <= RENDER_SECONDS:
                page = self._of_key(connection, known[0], wish)
                if page is not None:
                    return page
            return self._searched(connection, raw_path, code, wish)

    def of_key(self, raw_path: str, lot_key: str, wish: Wish) -> KeptPage | UnknownItem:
        """The answer for the lot with this key."""
        with self._database.reading() as connection:
            page = self._of_key(connection, lot_key, wish)
        if page is None:
            return UnknownItem()
        self._remember(raw_path, lot_key)
        return page

    def doubted(self, page: KeptPage, wish: Wish, why: Why) -> KeptPage:
        """The page of a lot in the words of a doubt about one pack; the page itself where its verdict is stronger."""
        if page.verdict not in _DOUBTABLE:
            return page
        kept = self._pages.get((page.lot_key, wish, why))
        if (kept is not None and (kept.revision, kept.day) == (page.revision, page.day)
                and page.checked_at - kept.made_at < RENDER_SECONDS):
            self._pages.checked((page.lot_key, wish, why), kept, page.checked_at)
            return kept
        with self._database.reading() as connection:
            return self._of_key(connection, page.lot_key, wish, why) or page

    def product(self, gtin: str) -> KnownProduct | None:
        """The product that a GTIN names."""
        known = self._products.get(gtin)
        if known is not None and self._tick() - known[1] <= RENDER_SECONDS:
            return known[0]
        with self._database.reading() as connection:
            return self._identity(connection, gtin)

    def _searched(self, connection: Connection, raw_path: str, code: ScannedCode, wish: Wish) -> KeptPage | UnknownItem:
        """Look under every key that the code can mean, under our own product first: what others told of the same GTIN
        never stands before what we say."""
        product = self._identity(connection, code.gtin)
        for key in keys_of_code(code, product.identity_uri if product else None):
            page = self._of_key(connection, key, wish)
            if page is not None:
                self._remember(raw_path, key)
                return page
        page = self._of_pack(connection, code, product, wish)
        return UnknownItem(product) if page is None else page

    def _of_pack(self, connection: Connection, code: ScannedCode, product: KnownProduct | None,
                 wish: Wish) -> KeptPage | None:
        """The answer for a serial number without its lot: that of the lot that was given it."""
        if product is None or code.serial is None or code.lot is not None:
            return None
        key = lot_of_serial(connection, product.id, code.serial)
        return None if key is None else self._of_key(connection, key, wish)

    def _identity(self, connection: Connection, gtin: str) -> KnownProduct | None:
        """The product of a GTIN, asked for at most once a minute."""
        now = self._tick()
        known = self._products.get(gtin)
        if known is None or now - known[1] > RENDER_SECONDS:
            if len(self._products) >= _MOST_PATHS:
                self._products.clear()
            known = self._products[gtin] = (product_of_code(connection, gtin), now)
        return known[0]

    def _remember(self, raw_path: str, lot_key: str) -> None:
        if len(self._keys_of_path) >= _MOST_PATHS:
            self._keys_of_path.clear()
        self._keys_of_path[raw_path] = (lot_key, self._tick())

    def _of_key(self, connection: Connection, lot_key: str, wish: Wish, why: Why | None = None) -> KeptPage | None:
        """The kept answer when it still holds, else a new one; None when there is no such lot."""
        began = self._tick()
        key = (lot_key, wish) if why is None else (lot_key, wish, why)
        page = self._pages.get(key)
        if page is not None:
            if began - page.checked_at < FRESH_SECONDS:
                return page
            if (began - page.made_at < RENDER_SECONDS and page.day == self._today(page.zone)
                    and page.revision == scan_revision(connection, lot_key)):
                self._pages.checked(key, page, began)
                return page
        facts = scan_facts(connection, lot_key, self._around)
        if facts is None:
            self._pages.drop(key)
            return None
        page = self._made(connection, facts, (wish, why), began)
        self._pages.put(key, page)
        return page

    def _today(self, zone: str) -> str:
        return scan_view.local_day(self._clock.now(), zone).isoformat()

    def _made(self, connection: Connection, facts: ScanFacts, wanted: tuple[Wish, Why | None],
              began: float) -> KeptPage:
        wish, why = wanted
        today = scan_view.local_day(self._clock.now(), facts.time_zone)
        day = today.isoformat()
        doubt = Doubt.lot_too_often if _is_suspicious(connection, facts) else None
        verdict = scan_view.shown_verdict(facts, today, is_suspicious=doubt is not None or why is not None)
        if verdict != Verdict.please_verify:
            doubt = None  # a batch that is in the news is scanned by many
        recalls: Sequence[RecallFacts] = ()
        if facts.is_recalled:
            recalls = facts_of_sources(connection, facts.recall_sources) or [
                one for one in recalls_of_lot(connection, facts.lot_key) if not one.is_withdrawn]
        elif facts.is_on_hold:
            recalls = [one for one in recalls_of_lot(connection, facts.lot_key) if one.is_withdrawn]
        if wish.is_json:
            said = page_text(json.dumps(scan_view.machine_answer(facts, verdict, recalls), ensure_ascii=False))
        else:
            said = self._render(facts, verdict, recalls, wish.language, why or Why.often)
        return KeptPage(
            lot_key=facts.lot_key, revision=facts.revision, day=day, zone=facts.time_zone,
            body=said.gzip(quickly=not wish.is_json) if wish.is_gzip else said.plain(),
            etag=f'W/"{facts.revision}-{wish.language}-{day}-{said.checksum:08x}"',
            content_type="application/json" if wish.is_json else "text/html; charset=utf-8", is_gzip=wish.is_gzip,
            language=wish.language, made_at=began, checked_at=began, verdict=verdict, doubt=doubt,
            is_serialised=facts.is_serialised)


_MADE = text("SELECT made FROM lot WHERE lot_key = :lot_key").columns(made=Amount())


def _is_suspicious(connection: Connection, facts: ScanFacts) -> bool:
    """Whether the codes of the lot are scanned more than its packs explain; asks how many were made only if it may."""
    if not facts.is_own or facts.scans < FEWEST_SCANS:
        return False
    return is_unusual(facts.scans, connection.execute(_MADE, {"lot_key": facts.lot_key}).scalar_one())
