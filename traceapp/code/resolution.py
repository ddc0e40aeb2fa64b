"""What decides where a code leads, read in one statement; and the links that follow from it.

The statement is written by hand for both databases: together with the scan page it is the hottest read of the product.
"""
from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from traceapp.core.ids import name_key
from traceapp.trace.identity import lot_key
from traceapp.trace.policy import Verdict

from .anchors import Anchor, anchors_within
from .checking import lot_of_serial
from .model import DefaultUse
from .own_links import Facts, Item, Names, Registered, levels_of
from .resolving import KnownProduct, product_of_code
from .selection import Level, Target

_MOST_ANCHORS, _MOST_ITEMS = 5, 3
_NEVER = float("inf")
_SQL = """
SELECT (SELECT {group}({array}(k.id, k.anchor_key, k.link_type, k.href, k.title, k.media_type, k.languages, k.contexts,
    k.default_use)) FROM link k WHERE k.anchor_key IN ({anchors}) AND k.withdrawn_at IS NULL),
  l.lot_key, l.uri, l.name, l.is_own, l.release_state, l.is_on_hold, l.is_recalled, l.expires_on, s.time_zone,
  (SELECT COUNT(*) FROM inspection i WHERE i.lot_key = l.lot_key),
  (SELECT {array}(a.id, f.media_type) FROM inspection i
     JOIN attachment a ON a.about = 'inspection:' || i.id AND a.is_public JOIN stored_file f ON f.sha256 = a.sha256
     WHERE i.lot_key = l.lot_key ORDER BY i.inspected_at DESC, i.id DESC, a.added_at DESC, a.id LIMIT 1)
FROM (SELECT 1 AS one) o LEFT JOIN lot l ON l.lot_key IN ({items}) LEFT JOIN site s ON s.id = l.site_id
"""
_PLACES = {
    "414": text("SELECT name_zh, name_en FROM site WHERE gln = :gln AND is_own"),
    "417": text("SELECT p.name_zh, p.name_en FROM party p WHERE p.gln = :gln AND EXISTS "
                "(SELECT 1 FROM site s WHERE s.party_id = p.id AND s.is_own)")}
Rows = tuple[tuple[Any, ...], ...]


# Under which keys to look for a code: those of links, and those of what the trace knows, the likeliest first.
Keys = tuple[tuple[str, ...], tuple[str, ...]]
# What was read of a code: its product, the names of its place, rows. Two are the same when nothing has changed between.
Read = tuple[KnownProduct | None, Names | None, Rows]


@dataclass(frozen=True, slots=True)
class Resolution:
    """Where a code leads at a moment: its levels, finest first, and what they follow from."""

    thing: Anchor
    facts: Facts
    verdicts: tuple[Verdict, ...]
    levels: tuple[Level, ...]


def keys_of(thing: Anchor, product: KnownProduct | None) -> Keys:
    """The keys of a code; `product` is that of its GTIN."""
    keys = {anchor: _key_of_key(anchor.uri) if anchor.is_key else anchor.key for anchor in anchors_within(thing)}
    if thing.key_ai == "01":
        items = _item_keys(thing, keys, product)
    else:
        items = (thing.key,) if thing.key_ai == "00" else ()
    return tuple(keys.values()), items


@lru_cache(maxsize=4096)
def _key_of_key(uri: str) -> str:
    """The key of a GS1 key, which is asked for with each of its batches."""
    return name_key(uri)


def _item_keys(thing: Anchor, keys: dict[Anchor, str], product: KnownProduct | None) -> tuple[str, ...]:
    """Where the lot or piece may stand: the lot under its product, under the GTIN of the code, the single piece."""
    lot = thing.get("10")
    found = []
    if lot is not None and product is not None and product.identity_uri != thing.key_uri:
        found.append(lot_key(product.identity_uri, lot))
    for ais in ({"01", "10"}, {"01", "21"}):
        found += [key for anchor, key in keys.items() if {ai for ai, _ in anchor.ais} == ais]
    return tuple(found)


def read(connection: Connection, thing: Anchor, keys: Keys, product: KnownProduct | None) -> Read:
    """What the database says of a code now."""
    place = own_place(connection, thing) if thing.key_ai in _PLACES else None
    return product, place, _rows(connection, keys)


def keys_now(connection: Connection, thing: Anchor, product: KnownProduct | None) -> Keys:
    """The keys of a code; with a serial number and without a lot also that of the lot that was given the number."""
    anchors, items = keys_of(thing, product)
    if product is None or not needs_keys_now(thing):
        return anchors, items
    lot = lot_of_serial(connection, product.id, thing.get("21") or "")
    return anchors, items if lot is None else (*items, lot)


def needs_keys_now(thing: Anchor) -> bool:
    """Whether the keys of a code can change with what is given out."""
    return thing.get("21") is not None and thing.get("10") is None


def resolved(thing: Anchor, facts: Facts, now: datetime) -> Resolution:
    """The links of a code as its facts stand now."""
    verdicts = tuple(item.verdict(now) for item in facts.items)
    return Resolution(thing, facts, verdicts, levels_of(thing, facts, verdicts))


def changes_at(facts: Facts, now: datetime) -> float:
    """When a day that begins changes what is said of the lots, in seconds since 1970; infinite when none does."""
    present = now.timestamp()
    ends = [_end_of(item.expires_on, item.time_zone) for item in facts.items if item.expires_on is not None]
    return min((end for end in ends if end > present), default=_NEVER)


@lru_cache(maxsize=4096)
def _end_of(day: date, zone: str) -> float:
    """The end of a day in a time zone, in seconds since 1970."""
    if day == date.max:
        return _NEVER
    return datetime.combine(day + timedelta(days=1), time.min, ZoneInfo(zone)).timestamp()


def resolution_of(connection: Connection, thing: Anchor, now: datetime) -> Resolution:
    """Where a code leads now, read afresh."""
    product = known_product(connection, thing)
    keys = keys_now(connection, thing, product)
    return resolved(thing, facts_of(keys, read(connection, thing, keys, product)), now)


def known_product(connection: Connection, thing: Anchor) -> KnownProduct | None:
    """The product of a code's GTIN; None for one that is not ours and for a code without one."""
    return product_of_code(connection, thing.ais[0][1]) if thing.key_ai == "01" else None


def own_place(connection: Connection, thing: Anchor) -> Names | None:
    """The names of the site or company of ours that a code names."""
    row = connection.execute(_PLACES[thing.key_ai], {"gln": thing.ais[0][1]}).first()
    return None if row is None else (row.name_zh or row.name_en, row.name_en or row.name_zh)


def is_ours(connection: Connection, thing: Anchor) -> bool:
    """Whether the key of a code leads to a page of ours by itself, so that it is never without a default link."""
    key = anchors_within(thing)[-1]
    product = known_product(connection, key)
    keys = keys_of(key, product)
    facts = facts_of(keys, read(connection, key, keys, product))
    return bool(facts.product or facts.place or facts.items)


@lru_cache(maxsize=2)
def _statement(dialect: str) -> str:
    mark = "%s" if dialect == "postgresql" else "?"
    marks = {"anchors": ", ".join([mark] * _MOST_ANCHORS), "items": ", ".join([mark] * _MOST_ITEMS)}
    if dialect == "postgresql":
        return _SQL.format(group="json_agg", array="json_build_array", **marks)
    return _SQL.format(group="json_group_array", array="json_array", **marks)


def _rows(connection: Connection, keys: Keys) -> Rows:
    """The rows straight from the driver: describing their columns anew takes longer than reading them."""
    anchors, items = keys
    padded = (*anchors, *("",) * (_MOST_ANCHORS - len(anchors)), *items, *("",) * (_MOST_ITEMS - len(items)))
    cursor = connection.connection.cursor()
    try:
        cursor.execute(_statement(connection.dialect.name), padded)
        return tuple(cursor.fetchall())
    except connection.dialect.loaded_dbapi.Error as error:
        raise OperationalError(None, None, error, hide_parameters=True) from error
    finally:
        cursor.close()


def facts_of(keys: Keys, found: Read) -> Facts:
    """What was read, as the links follow from it."""
    product, place, rows = found
    items = {row[1]: _item(row[1:]) for row in rows if row[1] is not None}
    links = sorted(_list(rows[0][0]))
    return Facts(product, place, tuple(items[key] for key in keys[1] if key in items),
                 tuple(_registered(link) for link in links))


def _item(row: Any) -> Item:
    key, uri, name, is_own, state, held, recalled, expires_on, zone, inspections, report = row
    file = _list(report)
    return Item(key, uri, name, bool(is_own), state, bool(held), bool(recalled),
                date.fromisoformat(expires_on) if isinstance(expires_on, str) else expires_on, zone or "UTC",
                inspections > 0, (file[0], file[1]) if file else None)


def _registered(link: list[Any]) -> Registered:
    _id, key, link_type, href, title, media_type, languages, contexts, use = link
    return Registered(key, Target(link_type, href, (title, title), media_type, tuple(_list(languages)),
                                  tuple(_list(contexts))), DefaultUse(use))


def _list(value: Any) -> list[Any]:
    """A JSON list as the driver hands it over: text, a list, or nothing."""
    if value is None or value == "[]":
        return []
    found: list[Any] = json.loads(value) if isinstance(value, str) else value
    return found
