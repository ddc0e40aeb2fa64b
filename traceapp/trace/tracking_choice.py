"""Which events a file of records is made of: of lots, of a period, of a product, of a place; in the order of time.

The keys are read by one statement that the database orders, the events themselves by a few hundred: the memory that a
choice takes does not grow with its events.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from traceapp.catalog.model import PackagingLevel, Product, Site
from traceapp.catalog.service import STEM
from traceapp.core.errors import InvalidInput, NotFound
from traceapp.epcis import Event as Said

from .derive_foreign import PROCESS
from .facts import said_of, voided
from .genealogy import DIRECTIONS
from .identity import site_uri
from .many_keys import listed
from .model import Event, EventItem, Lot
from .query_model import EventTerm
from .reach import DOWN, UP, Walk, Wanted
from .terms import term_key, typed
from .tracking_kinds import NOT_CRITICAL, Tracking, tracking_of

_AT_ONCE = 250
_PLACES = ("readPoint", "bizLocation", typed("source", "location"), typed("destination", "location"))


@dataclass(frozen=True, slots=True)
class TrackingChoice:
    """`lot_keys` None: all lots. From the moment `since`, before the moment `until`. `with_others`: also inspections,
    decisions, holds and observations, which are no critical tracking events."""

    lot_keys: tuple[str, ...] | None = None
    since: datetime | None = None
    until: datetime | None = None
    product_id: str | None = None
    site_id: str | None = None
    with_others: bool = False


@dataclass(frozen=True, slots=True)
class Tracked:
    """One event of the choice: the row of it, what it says, and what kind it is."""

    row: Any
    said: Said
    kind: Tracking


def nobody(_number: int) -> None:
    """Who does not want to know."""


def lots_of_trace(session: Session, lot_key: str, direction: str | None, *, by_time: bool = True) -> tuple[str, ...]:
    """The keys of a lot and of what it came from and became (`upstream`, `downstream`, `both`); None: of itself alone.
    Raises NotFound for an unknown lot."""
    if direction is not None and direction not in DIRECTIONS:
        raise InvalidInput("The direction is upstream, downstream or both.", code="bad-direction", place="direction")
    sides = {"upstream": (UP,), "downstream": (DOWN,), "both": (UP, DOWN)}.get(direction or "", ())
    if session.scalar(select(Lot.lot_key).where(Lot.lot_key == lot_key)) is None:
        raise NotFound("There is no lot %(lot)s.", code="unknown-lot", place="lot_key", lot=lot_key)
    found = dict.fromkeys((lot_key,))
    for side in sides:
        for _depth, keys in Walk(session.connection(), Wanted(lot_key, side, by_time)).levels_of_keys():
            found.update(dict.fromkeys(keys))
    return tuple(found)


def count_chosen(session: Session, choice: TrackingChoice) -> int:
    """How many events the choice looks at, for a display of progress; those that have no row are among them."""
    return session.scalar(select(func.count()).select_from(_keys(session, choice).subquery())) or 0


def tracked_events(session: Session, choice: TrackingChoice,
                   seen: Callable[[int], None] = nobody) -> Iterator[list[Tracked]]:
    """The events of the choice that stand, in the order of time, some hundred at once. What its sender declared wrong
    is left out, and so is the declaration. `seen` is told how many events were looked at. Wants a session that sees
    one moment (`Database.snapshot`)."""
    keys = _keys(session, choice).order_by(Event.event_time, Event.id)
    for part in session.execute(keys, execution_options={"yield_per": _AT_ONCE}).partitions():
        ids = [row.id for row in part]
        rows = {row.id: row for row in session.execute(_EVENTS.where(Event.id.in_(ids)))}
        found = [one for one in (_tracked(rows[event_id]) for event_id in ids)
                 if one.said.error_declaration is None and (choice.with_others or one.kind not in NOT_CRITICAL)]
        # What we recorded ourselves nobody else can declare wrong.
        void = voided(session, [one.row.event_id for one in found if one.row.capture_id is not None])
        yield [one for one in found if one.row.capture_id is None or one.row.event_id not in void]
        seen(len(ids))


def _tracked(row: Any) -> Tracked:
    said = said_of(row)
    return Tracked(row, said, tracking_of(said, is_own=row.capture_id is None))


_EVENTS = select(Event.id, Event.event_id, Event.recorded_at, Event.capture_id, Event.document, Event.context)


def _keys(session: Session, choice: TrackingChoice) -> Select[*tuple[Any, ...]]:
    """Time and id of every event that the indexes find."""
    found = select(Event.event_time, Event.id)
    if choice.since is not None:
        found = found.where(Event.event_time >= choice.since)
    if choice.until is not None:
        found = found.where(Event.event_time < choice.until)
    if choice.lot_keys is not None or choice.product_id is not None:
        found = _among(found, _with_items(session, choice))
    if choice.site_id is not None:
        found = _among(found, _at_site(session, choice))
    return found


def _with_items(session: Session, choice: TrackingChoice) -> Select[*tuple[Any, ...]]:
    found = select(EventItem.subject_key, EventItem.event_id).where(EventItem.role != PROCESS, EventItem.stands)
    if choice.lot_keys is not None:
        found = found.where(EventItem.lot_key.in_(listed(session, choice.lot_keys)))
    if choice.product_id is not None:
        classes = classes_of(session, choice.product_id)
        found = found.join(Lot, Lot.lot_key == EventItem.lot_key).where(
            or_(Lot.product_id == choice.product_id, Lot.class_uri.in_(classes)))
    return found


def classes_of(session: Session, product_id: str) -> tuple[str, ...]:
    """The URIs under which lots and single things of a product are named. Raises NotFound."""
    product = session.get(Product, product_id)
    if product is None:
        raise NotFound("There is no such product.", code="unknown-product", place="product_id")
    packs = session.scalars(select(PackagingLevel.gtin).where(PackagingLevel.product_id == product_id))
    return (product.identity_uri, *(f"{STEM}{gtin}" for gtin in packs))


def product_of_code(session: Session, code: str) -> str:
    """The id of the product that is called so, by code or id. Raises NotFound."""
    found = session.scalar(select(Product.id).where(or_(Product.code == code, Product.id == code)))
    if found is None:
        raise NotFound("There is no such product.", code="unknown-product", place="product")
    return found


def site_of_code(session: Session, code: str) -> str:
    """The id of the site that is called so, by code or id. Raises NotFound."""
    found = session.scalar(select(Site.id).where(or_(Site.code == code, Site.id == code)))
    if found is None:
        raise NotFound("There is no such site.", code="unknown-site", place="site")
    return found


def _among(found: Select[*tuple[Any, ...]], theirs: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    named = theirs.distinct().subquery()
    return found.join(named, (named.c.subject_key == Event.subject_key) & (named.c.event_id == Event.id))


def _at_site(session: Session, choice: TrackingChoice) -> Select[*tuple[Any, ...]]:
    site = session.get(Site, choice.site_id)
    if site is None:
        raise NotFound("There is no such site.", code="unknown-site", place="site_id")
    found = select(EventTerm.subject_key, EventTerm.event_id).where(
        EventTerm.name.in_(_PLACES), EventTerm.key == term_key(site_uri(site.gln, site.code)))
    if choice.since is not None:
        found = found.where(EventTerm.at >= choice.since)
    return found if choice.until is None else found.where(EventTerm.at < choice.until)
