"""Where the codes of our own things lead by themselves, and how registered links stand beside that. Pure.

A lot that may not be used always leads to our own page, whatever is registered: a warning comes before an offer.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote
from zoneinfo import ZoneInfo

from traceapp.gs1 import STEM
from traceapp.trace.policy import Verdict, VerdictFacts, verdict

from . import link_types
from .anchors import Anchor, anchors_within
from .model import DefaultUse
from .resolving import KnownProduct
from .selection import Level, Target

PAGES, RECALL_STATUS, EPCIS_EVENTS, FILES = "/s", "/recall-status", "/epcis/events", "/inspection-files"
_CANONICAL, _ESCAPED_STEM = f"{STEM}/", quote(STEM, safe="")
_GOOD = (Verdict.released, Verdict.please_verify)
_SEPARATE = frozenset({"10", "21"})
Names = tuple[str, str]
# A linkset is read by machines of both languages, and its answer is chosen late: both stand here.
_TITLES: dict[str, Names] = {
    "check_product": ("查验此产品的批次", "Check a batch of this product"),
    "check_batch": ("查验此批次", "Check this batch"),
    "recall": ("召回状态（数据）", "Recall status (data)"), "safety": ("安全信息", "Safety information"),
    "journey": ("原料、检测与去向", "Materials, tests and journey"), "report": ("检验报告", "Inspection report"),
    "events": ("EPCIS 事件（须授权）", "EPCIS events (by permission)"), "place": ("地点与企业", "Place and company"),
    "unit": ("查看此物流单元", "About this logistic unit")}


class Item(NamedTuple):
    """A lot, piece or container that the trace knows. `report` is the newest public inspection file and its media
    type."""

    key: str
    uri: str
    name: str
    is_own: bool
    release_state: str
    is_on_hold: bool
    is_recalled: bool
    expires_on: date | None
    time_zone: str
    is_inspected: bool
    report: tuple[str, str] | None

    def verdict(self, now: datetime) -> Verdict:
        """What the public is told of it; nobody here releases other people's lots."""
        today = _day(self.time_zone, int(now.timestamp()) // 60)
        found = verdict(VerdictFacts(self.release_state, self.is_recalled, self.is_on_hold, self.expires_on), today)
        return Verdict.released if found == Verdict.not_released and not self.is_own else found


class Registered(NamedTuple):
    """A registered link as it is read."""

    anchor_key: str
    target: Target
    default_use: str


@lru_cache(maxsize=256)
def _day(zone: str, minute: int) -> date:
    """The date in a time zone at a minute since 1970; days begin with whole minutes everywhere."""
    return datetime.fromtimestamp(minute * 60, ZoneInfo(zone)).date()


@dataclass(frozen=True, slots=True)
class Facts:
    """All that decides where a code leads. `place` names (zh, en) a site or company of ours."""

    product: KnownProduct | None
    place: Names | None
    items: tuple[Item, ...]
    links: tuple[Registered, ...]

    @property
    def is_known(self) -> bool:
        return bool(self.product or self.place or self.items or self.links)


def levels_of(thing: Anchor, facts: Facts, verdicts: Sequence[Verdict]) -> tuple[Level, ...]:
    """The links of a code, level by level, the finest first; `verdicts` are those of the items."""
    anchors = anchors_within(thing)
    by_key: dict[str, list[Registered]] = {}
    for link in facts.links:
        by_key.setdefault(link.anchor_key, []).append(link)
    is_forced = not verdicts or any(one not in _GOOD for one in verdicts)
    levels = []
    if _is_single(thing, facts):
        levels.append(_single(thing, facts, by_key, is_forced=is_forced))
    for anchor in anchors:
        if levels and anchor.path == levels[0].path:
            continue
        registered = by_key.get(anchor.key, []) if by_key else []
        own = _own(anchor, facts) if anchor.is_key or registered else ()
        if own and not registered and anchor.is_key:
            levels.append(_plain(anchor.path, _names(anchor, facts), own))
        elif own or registered:
            is_lot = anchor.get("10") is not None or anchor.get("21") is not None
            levels.append(_merged(anchor, _names(anchor, facts), own, registered, is_forced=is_lot and is_forced))
    return tuple(level for level in levels if level.targets or level.default)


def default_href(thing: Anchor, facts: Facts) -> str | None:
    """Where the code of a product, batch or piece leads by itself when nothing is registered for it, without making the
    other links; None for another kind and where something is."""
    if facts.links or thing.key_ai != "01":
        return None
    if _is_single(thing, facts):
        return PAGES + thing.path
    return PAGES + thing.key_path if facts.product else None


def _is_single(thing: Anchor, facts: Facts) -> bool:
    """Whether the code names a lot or a piece that has a page of ours: of our product always, else when it is known."""
    is_lot = any(ai in _SEPARATE for ai, _ in thing.ais)
    return thing.key_ai == "01" and is_lot and (facts.product is not None or bool(facts.items))


def _single(thing: Anchor, facts: Facts, by_key: dict[str, list[Registered]], *, is_forced: bool) -> Level:
    """The level of the code itself. What is registered for its batch counts before what leads here by itself."""
    if not by_key:
        return _merged(thing, _names(thing, facts), item_targets(thing.path, facts), (), is_forced=is_forced)
    serial = thing.get("21")
    same = [anchor for anchor in anchors_within(thing)
            if anchor.path == thing.path or serial is not None and anchor.get("21") == serial]
    registered = [link for anchor in same for link in by_key.get(anchor.key, [])]
    lower = [link for anchor in anchors_within(thing) if not anchor.is_key and anchor not in same
             and anchor.get("10") is not None for link in by_key.get(anchor.key, [])]
    covered = {link.target.link_type for link in lower} - link_types.LIVE
    own = tuple(target for target in item_targets(thing.path, facts) if target.link_type not in covered)
    if _leads(lower) and not is_forced:
        own = tuple(target for target in own if target.link_type != link_types.DEFAULT)
    return _merged(thing, _names(thing, facts), own, registered, is_forced=is_forced)


@lru_cache(maxsize=2048)
def _plain(path: str, names: Names, own: tuple[Target, ...]) -> Level:
    """A key for which nothing is registered; it is the same below each of its batches."""
    return Level(path, names, own[1:], own[0])


def _leads(registered: Sequence[Registered]) -> bool:
    """Whether these links say where a code leads that asks for nothing: one default, or variants to choose from."""
    uses = [link.default_use for link in registered]
    return DefaultUse.default in uses or uses.count(DefaultUse.variant) > 1


def _own(anchor: Anchor, facts: Facts) -> tuple[Target, ...]:
    """What one thing of the union leads to by itself."""
    if anchor.key_ai == "01":
        if anchor.is_key:
            return product_targets(anchor.path) if facts.product else ()
        return item_targets(anchor.path, facts) if _is_single(anchor, facts) else ()
    if facts.place is not None:
        return _page(PAGES + anchor.path, _TITLES["place"])
    if facts.items:
        return _page(f"/t/{facts.items[0].key}", _TITLES["unit"])
    return ()


def _page(href: str, titles: Names) -> tuple[Target, ...]:
    page = Target(link_types.PAGE, href, titles, "text/html")
    return (Target(link_types.DEFAULT, href, titles), page)


@lru_cache(maxsize=2048)
def product_targets(path: str) -> tuple[Target, ...]:
    """The links of a product of ours."""
    return (*_page(PAGES + path, _TITLES["check_product"]), _data(path), _safety(path))


def item_targets(path: str, facts: Facts) -> tuple[Target, ...]:
    """The links of a lot or piece, those only whose target is there; a lot that is not known has its page, which says
    so, and no more."""
    page = PAGES + path
    found = [*_page(page, _TITLES["check_batch"]), _data(path), _safety(path)]
    if facts.items:
        item = facts.items[0]
        found.append(Target(link_types.TRACEABILITY, page, _TITLES["journey"], "text/html"))
        if "/10/" in item.uri:
            found.append(Target(link_types.EPCIS, f"{EPCIS_EVENTS}?MATCH_anyEPCClass={_in_query(item.uri)}",
                                _TITLES["events"], "application/ld+json"))
        if item.report is not None:
            file, media_type = item.report
            found.append(Target(link_types.CERTIFICATION, f"{FILES}/{file}", _TITLES["report"], media_type))
        elif item.is_inspected:
            found.append(Target(link_types.CERTIFICATION, page, _TITLES["report"], "text/html"))
    return tuple(found)


def _in_query(uri: str) -> str:
    """A URI as a value in a query. A canonical one holds nothing to escape but slashes and percent signs."""
    if uri.startswith(_CANONICAL):
        return _ESCAPED_STEM + uri.removeprefix(STEM).replace("%", "%25").replace("/", "%2F")
    return quote(uri, safe="")


def _data(path: str) -> Target:
    return Target(link_types.RECALL_STATUS, RECALL_STATUS + path, _TITLES["recall"], "application/json")


def _safety(path: str) -> Target:
    return Target(link_types.SAFETY, PAGES + path, _TITLES["safety"], "text/html")


def _merged(anchor: Anchor, names: Names, own: tuple[Target, ...], registered: Sequence[Registered], *,
            is_forced: bool) -> Level:
    """Own and registered links of one thing: a registered one takes the place of our own of the same type, but for
    what is answered live. `is_forced`: our own page stays the default."""
    if not registered and own and own[0].link_type == link_types.DEFAULT:
        return Level(anchor.path, names, own[1:], own[0])
    live = {target.link_type for target in own} & link_types.LIVE
    registered = [link for link in registered if link.target.link_type not in live]
    taken = {link.target.link_type for link in registered}
    own_default = next((target for target in own if target.link_type == link_types.DEFAULT), None)
    kept = tuple(target for target in own if target.link_type not in taken and target is not own_default)
    chosen = next((link.target for link in registered if link.default_use == DefaultUse.default), own_default)
    default = own_default if is_forced and own_default else chosen
    variants = tuple(link.target for link in registered if link.default_use == DefaultUse.variant)
    return Level(anchor.path, names, (*kept, *(link.target for link in registered)), _bare(default),
                 variants if len(variants) > 1 and not (is_forced and own_default) else ())


def _bare(target: Target | None) -> Target | None:
    """The default link has an address and a title and nothing else."""
    if target is None:
        return None
    return Target(link_types.DEFAULT, target.href, target.titles)


_CAPTIONS = {"10": ("批号", "batch"), "21": ("序列号", "serial"), "22": ("变体", "variant")}


def _names(anchor: Anchor, facts: Facts) -> Names:
    """What a thing is called, in both languages."""
    zh, en = _thing(anchor, facts)
    for ai, value in anchor.ais[1:]:
        caption = _CAPTIONS.get(ai, (f"({ai})", f"({ai})"))
        zh, en = f"{zh} · {caption[0]} {value}", f"{en} · {caption[1]} {value}"
    return zh, en


def _thing(anchor: Anchor, facts: Facts) -> Names:
    if facts.product is not None:
        return (facts.product.name_zh or facts.product.name_en, facts.product.name_en or facts.product.name_zh)
    if facts.place is not None:
        return facts.place
    ai, value = anchor.ais[0]
    named = next((item.name for item in facts.items if item.name), "")
    return (named, named) if named else (f"({ai}){value}", f"({ai}){value}")
