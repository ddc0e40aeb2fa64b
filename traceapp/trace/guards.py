"""What every act on lots asks first: do they exist, are they ours, may they be used, is there enough."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from traceapp.catalog.model import Party, Product, Site
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, InvalidInput, NotFound
from traceapp.core.quantity import UNITS, Quantity, plain, rounded
from traceapp.epcis import When, Where

from . import policy
from .identity import site_uri
from .model import Lot

# What a date may run ahead of the clock: a form filled in another zone, a clock a little off.
FORWARD_TOLERANCE = timedelta(days=1)
# In the order of their keys, so that two acts on the same lots cannot wait for each other in a circle.
_LOCKED = (select(Lot).where(Lot.lot_key.in_(bindparam("keys", expanding=True))).order_by(Lot.lot_key)
           .with_for_update())
_DEFAULT_PLACE = "default_place"


@dataclass(frozen=True, slots=True)
class Place:
    """Where an act happens; without a site the moment is told in UTC."""

    site_id: str | None
    zone: str
    uri: str | None

    def when(self, at: datetime) -> When:
        return When.local(at, self.zone)

    @property
    def where(self) -> Where:
        return Where(self.uri, self.uri)

    def date_of(self, at: datetime) -> date:
        """The date at this place."""
        return at.astimezone(ZoneInfo(self.zone)).date()


def place_of(session: Session, site_id: str | None) -> Place:
    """The place of an act: the site given, else our first one. Raises NotFound for a site that is not known."""
    if site_id is None:
        remembered = session.info.get(_DEFAULT_PLACE)
        if isinstance(remembered, Place):
            return remembered
        site = session.scalar(select(Site).where(Site.is_own).order_by(Site.code).limit(1))
    else:
        site = session.get(Site, site_id)
        if site is None:
            raise NotFound("There is no such site.", code="unknown-site", place="site_id")
    if site is None:
        return Place(None, "UTC", None)
    place = Place(site.id, site.time_zone, site_uri(site.gln, site.code))
    if site_id is None:
        session.info[_DEFAULT_PLACE] = place
    return place


def checked_time(clock: Clock, at: datetime, *, place: str) -> datetime:
    """`at`, when it is aware and not in the future. Raises InvalidInput."""
    if at.tzinfo is None:
        raise InvalidInput("The time needs a zone.", code="no-zone", place=place)
    if at > clock.now() + FORWARD_TOLERANCE:
        raise InvalidInput("The time %(at)s has not come yet.", code="in-the-future", place=place,
                           at=at.isoformat(timespec="minutes"))
    return at


def known_product(session: Session, product_id: str, *, place: str = "product_id") -> Product:
    """The product. Raises NotFound, and Conflict for one that is not made any more."""
    product = session.get(Product, product_id)
    if product is None:
        raise NotFound("There is no such product.", code="unknown-product", place=place)
    if not product.is_active:
        raise Conflict("%(product)s is not in use any more.", code="inactive-product", place=place,
                       product=product.code)
    return product


def known_party(session: Session, party_id: str, *, place: str) -> Party:
    """The partner. Raises NotFound."""
    party = session.get(Party, party_id)
    if party is None:
        raise NotFound("There is no such partner.", code="unknown-party", place=place)
    return party


def lots_by_key(session: Session, keys: Iterable[str], *, place: str = "lot_key") -> dict[str, Lot]:
    """These lots, locked until the unit of work ends. Raises NotFound naming the first that there is none of."""
    wanted = sorted(set(keys))
    found: dict[str, Lot] = {}
    for start in range(0, len(wanted), 500):
        part = wanted[start:start + 500]
        found.update((lot.lot_key, lot) for lot in session.scalars(_LOCKED, {"keys": part}))
    for key in wanted:
        if key not in found:
            raise NotFound("There is no lot %(lot)s.", code="unknown-lot", place=place, lot=key)
    return found


def own_lot(session: Session, key: str, *, place: str = "lot_key") -> Lot:
    """One lot of ours, locked. Raises NotFound, and Conflict for a lot of somebody else."""
    lot = lots_by_key(session, (key,), place=place)[key]
    refuse_foreign(lot, place=place)
    return lot


def refuse_foreign(lot: Lot, *, place: str) -> None:
    """Nothing for a lot of ours. Raises Conflict for one that we only know from others' events."""
    if not lot.is_own:
        raise Conflict("Lot %(lot)s is known from somebody else's events only. Receive it first.",
                       code="not-our-lot", place=place, lot=lot.number)


def policy_facts(lot: Lot) -> policy.VerdictFacts:
    """What the verdict about this lot depends on."""
    return policy.VerdictFacts(lot.release_state, lot.is_recalled, lot.is_on_hold, lot.expires_on)


def refuse_unusable(lot: Lot, today: date, *, place: str) -> None:
    """Nothing when the lot is ours and may be consumed or shipped. Raises Conflict naming the lot."""
    refuse_foreign(lot, place=place)
    policy.refuse_unusable(lot.number, policy_facts(lot), today, place)


def refuse_more_than_stock(lot: Lot, amount: Decimal, *, place: str) -> None:
    """Nothing when the lot has so much. Raises Conflict naming the lot, what is wanted and what there is."""
    if amount > lot.stock:
        raise Conflict("Lot %(lot)s has %(stock)s %(unit)s left; %(wanted)s %(unit)s are asked for.",
                       code="not-enough", place=place, lot=lot.number, stock=plain(lot.stock),
                       wanted=plain(amount), unit=lot.unit)


def checked_number(value: Decimal, *, place: str) -> Decimal:
    """`value`, when the database keeps it exactly. Raises InvalidInput for what is too large or too fine."""
    if not value.is_finite() or abs(value) >= 10**12:
        raise InvalidInput("The number %(text)s is out of range.", code="out-of-range", place=place, text=str(value))
    if value != rounded(value):
        raise InvalidInput("%(text)s has more than six decimals.", code="too-fine", place=place, text=str(value))
    return value


def amount_in(quantity: Quantity, unit: str, *, place: str, may_be_zero: bool = False) -> Decimal:
    """The quantity in `unit`, exact to six decimals. Raises InvalidInput for what is not positive, too large or too
    little to be kept in `unit`, or a part of a piece."""
    checked_number(quantity.value, place=place)
    if quantity.value < 0 or (quantity.value == 0 and not may_be_zero):
        raise InvalidInput("The quantity must be more than zero.", code="not-positive", place=place)
    try:
        amount = quantity.to(unit).value
    except InvalidInput as error:
        error.place = place
        raise
    checked_number(amount, place=place)
    if amount == 0 and quantity.value != 0:
        raise InvalidInput("%(text)s has more than six decimals.", code="too-fine", place=place, text=str(quantity))
    if UNITS[unit][0] == "count" and amount != amount.to_integral_value():
        raise InvalidInput("Pieces are whole: %(text)s is not.", code="not-whole", place=place, text=plain(amount))
    return amount
