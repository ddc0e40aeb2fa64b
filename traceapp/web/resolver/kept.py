"""Where codes lead, kept in this process: bounded by bytes, and never believed for longer than a second.

What was checked less than FRESH_SECONDS ago goes out without a query. What is older is read again, in one statement;
what was made of it stays when the same is read. So a recall, a hold or a changed link shows within a second.

Plain values are kept, no trees of objects: the collector of the interpreter would walk through them again and again.
"""
from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection

from traceapp.code.anchors import SUPPORTED_KEYS, Anchor, anchor_of
from traceapp.code.own_links import default_href
from traceapp.code.resolution import (
    Keys,
    Read,
    Resolution,
    changes_at,
    facts_of,
    keys_now,
    known_product,
    needs_keys_now,
    read,
    resolved,
)
from traceapp.code.resolving import KnownProduct
from traceapp.code.selection import Wish, selected
from traceapp.core.clock import Clock, monotonic_seconds
from traceapp.core.errors import NotFound
from traceapp.db import Database
from traceapp.gs1 import parse_path

FRESH_SECONDS = 0.9
PRODUCT_SECONDS = 60.0
CACHE_BYTES = 16 * 1024 * 1024
_OVERHEAD_BYTES = 1024
_MOST_TEXTS, _MOST_PRODUCTS = 8, 20_000
_NOTHING_ASKED = Wish()
# A batch whose code needs neither escapes nor more than the number: nearly every scan.
_PLAIN_BATCH = re.compile(r"(/01/([0-9]{14}))/10/([A-Za-z0-9._-]{1,20})")
TextKey = tuple[str, str, str]


class UnsupportedKey(NotFound):
    """A sound code of a kind that this resolver does not hold."""

    code = "unsupported-key"


@dataclass(slots=True, eq=False)
class Kept:
    """What is known of one raw code. `href` is its default link, None where a request may lead elsewhere.

    `checked_at`: monotonic seconds before the read that showed it to hold; `until`: seconds since 1970 when the date
    changes it. `texts` are linksets by root, language and form, each with its version.
    """

    code: str
    thing: Anchor
    keys: Keys
    found: Read
    href: str | None
    checked_at: float
    until: float
    size: int = 0
    texts: dict[TextKey, tuple[bytes, str]] | None = None


class Resolutions:
    """All that one process keeps; `tick` tells monotonic seconds. Safe for threads: a look takes no lock."""

    def __init__(self, database: Database, clock: Clock, *, tick: Callable[[], float] = monotonic_seconds,
                 limit_bytes: int = CACHE_BYTES) -> None:
        self._database = database
        self._clock = clock
        self._tick = tick
        self._limit = limit_bytes
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._products: dict[str, tuple[KnownProduct, float]] = {}
        self._lock = threading.Lock()
        self.size = 0
        self.is_file = database.is_sqlite

    def __len__(self) -> int:
        return len(self._kept)

    def age(self, kept: Kept) -> float:
        """Seconds since it was seen to hold."""
        return self._tick() - kept.checked_at

    def fresh(self, code: str) -> Kept | None:
        """Where a raw code leads, when that is known without a look."""
        kept = self._kept.get(code)
        return kept if kept is not None and self.age(kept) < FRESH_SECONDS else None

    def of(self, code: str) -> Kept | None:
        """Where a raw code leads; None when nothing is known of it. Raises Gs1Error for a malformed one, UnsupportedKey
        for a kind that is not held here."""
        if (fresh := self.fresh(code)) is not None:
            return fresh
        kept = self._kept.get(code)
        thing = self.thing(code) if kept is None else kept.thing
        began, now = self._tick(), self._clock.now()
        with self._database.reading() as connection:
            product = self._product(connection, thing)
            is_same = kept is not None and kept.found[0] == product and not needs_keys_now(thing)
            keys = kept.keys if kept is not None and is_same else keys_now(connection, thing, product)
            found = read(connection, thing, keys, product)
        if kept is not None and kept.found == found and now.timestamp() < kept.until:
            return self._checked(kept, began)
        facts = facts_of(keys, found)
        if not facts.is_known:
            self._drop(code)
            return None
        href = default_href(thing, facts) or _only_default(resolved(thing, facts, now))
        return self._put(Kept(code, thing, keys, found, href, began, changes_at(facts, now)))

    def resolution(self, kept: Kept) -> Resolution:
        """The links of what is kept, made anew."""
        return resolved(kept.thing, facts_of(kept.keys, kept.found), self._clock.now())

    def thing(self, code: str) -> Anchor:
        """What a raw path names. Raises Gs1Error, UnsupportedKey."""
        plain = _PLAIN_BATCH.fullmatch(code)
        if plain is not None and plain[2] in self._products:  # its GTIN was checked when it was entered
            return Anchor(code, plain[1], (("01", plain[2]), ("10", plain[3])))
        parsed = parse_path(code)
        if not parsed.path or parsed.path[0] not in SUPPORTED_KEYS:
            raise UnsupportedKey("Codes with AI (%(ai)s) are not held here.", place=parsed.key, ai=parsed.key)
        return anchor_of(parsed)

    def keep_text(self, kept: Kept, key: TextKey, made: tuple[bytes, str]) -> None:
        """Keep a linkset for a root, a language and a form."""
        with self._lock:
            texts = kept.texts or {}
            if len(texts) >= _MOST_TEXTS:
                self._grow(kept, -sum(len(body) for body, _ in texts.values()))
                texts = {}
            kept.texts = {**texts, key: made}
            self._grow(kept, len(made[0]))

    def _product(self, connection: Connection, thing: Anchor) -> KnownProduct | None:
        """The product of a GTIN, asked for at most once a minute once it is there."""
        gtin = thing.get("01")
        if gtin is None:
            return None
        known = self._products.get(gtin)
        if known is not None and self._tick() - known[1] <= PRODUCT_SECONDS:
            return known[0]
        product = known_product(connection, thing)
        if product is not None:
            if len(self._products) >= _MOST_PRODUCTS:
                self._products.clear()
            self._products[gtin] = (product, self._tick())
        return product

    def _checked(self, kept: Kept, at: float) -> Kept:
        with self._lock:
            kept.checked_at = max(kept.checked_at, at)
            if self._kept.get(kept.code) is kept:
                self._kept.move_to_end(kept.code)
        return kept

    def _put(self, kept: Kept) -> Kept:
        with self._lock:
            self._forget(kept.code)
            self._kept[kept.code] = kept
            self._grow(kept, _OVERHEAD_BYTES + len(kept.code) + len(str(kept.found[2][0][0] or "")))
        return kept

    def _drop(self, code: str) -> None:
        with self._lock:
            self._forget(code)

    def _forget(self, code: str) -> None:
        old = self._kept.pop(code, None)
        if old is not None:
            self.size -= old.size

    def _grow(self, kept: Kept, size: int) -> None:
        """Count more bytes for what is kept; the least recently checked goes until all fit."""
        if self._kept.get(kept.code) is not kept:
            return
        kept.size += size
        self.size += size
        while self.size > self._limit and self._kept:
            _, old = self._kept.popitem(last=False)
            self.size -= old.size


def _only_default(made: Resolution) -> str | None:
    """The default link, where no request can be led to another by asking for nothing."""
    if any(level.variants for level in made.levels):
        return None
    found = selected(made.levels, _NOTHING_ASKED)
    return found[0].href if len(found) == 1 else None
