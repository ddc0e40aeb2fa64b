"""Giving out serial numbers for the packs of a lot."""
from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from traceapp.audit import record, stream_of
from traceapp.catalog.model import Product
from traceapp.catalog.queries import product_of_gtin
from traceapp.catalog.texts import short_text
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, InvalidInput, NotFound
from traceapp.core.ids import new_id
from traceapp.db.page import Order, Page, page_of
from traceapp.identity.policy import permit
from traceapp.trace import guards
from traceapp.trace.model import Lot
from traceapp.trace.policy import ReleaseState

from .checking import lot_of_serial
from .labels import unit_gtin
from .model import SerialRange
from .serials import Run, read_serial, room_of
from .signature import CodeKeys

MOST_SERIALS = 10_000_000
USUAL_DIGITS = 8


@dataclass(frozen=True, slots=True)
class AllocateSerials:
    """`count` serial numbers of `prefix` and `width` digits. `first` None: right after the last that the product has
    of this form. `purpose` says what they are for, such as a print order."""

    lot_key: str
    count: int
    prefix: str = ""
    width: int = USUAL_DIGITS
    first: int | None = None
    is_signed: bool = False
    purpose: str = ""


def allocate_serials(session: Session, actor: Actor, clock: Clock, command: AllocateSerials, *,
                     keys: CodeKeys) -> SerialRange:
    """A new range of serial numbers of a lot: numbers that no pack of its product has had, of whichever lot.

    Raises InvalidInput for numbers that AI (21) cannot hold, Conflict for a lot that was rejected or recalled, numbers
    that are given out already, and a signature without a key.
    """
    permit(actor, "label.print")
    if not 1 <= command.count <= MOST_SERIALS:
        raise InvalidInput("From 1 to %(most)d serial numbers can be given out at a time.", code="bad-count",
                           place="count", most=MOST_SERIALS)
    room = room_of(command.prefix.strip(), command.width)
    product = _locked_product(session, command.lot_key)
    lot = _fit_lot(session, command.lot_key)
    run = _free_run(session, product, room, command)
    if command.is_signed and keys.present is None:
        raise Conflict("Codes cannot be signed: there is no key for it. Set TRACEAPP_CODE_KEYS.",
                       code="code-key-missing", place="is_signed")
    now = clock.now()
    found = SerialRange(
        lot_key=lot.lot_key, id=new_id(now), prefix=run.prefix, width=run.width, first=run.first, count=run.count,
        key_id=keys.present if command.is_signed else None, created_at=now, created_by=actor.id,
        purpose=short_text(command.purpose, 200, place="purpose"))
    session.add(found)
    record(session, actor, now, "serials.allocated", stream_of("lot", lot.lot_key),
           {"serials": f"{found.first_serial} – {found.last_serial}", "count": run.count, "key": found.key_id,
            "note": found.purpose})
    return found


def _locked_product(session: Session, lot_key: str) -> Product:
    """The lot's product, locked before the lot, so that numbers of its other lots cannot be given out meanwhile."""
    product_id = session.scalar(select(Lot.product_id).where(Lot.lot_key == lot_key))
    product = session.get(Product, product_id, with_for_update=True) if product_id is not None else None
    if product is None:
        guards.own_lot(session, lot_key)
        raise NotFound("There is no such product.", code="unknown-product", place="lot_key")
    if unit_gtin(product.levels) is None:
        raise Conflict("%(product)s has no GTIN, so its codes have no place for a serial number.", code="no-gtin",
                       place="lot_key", product=product.code)
    return product


def _fit_lot(session: Session, lot_key: str) -> Lot:
    lot = guards.own_lot(session, lot_key)
    if lot.is_recalled:
        raise Conflict("Lot %(lot)s has been recalled; it gets no serial numbers any more.", code="lot-recalled",
                       place="lot_key", lot=lot.number)
    if lot.release_state == ReleaseState.rejected:
        raise Conflict("Lot %(lot)s has been rejected; it gets no serial numbers any more.", code="lot-rejected",
                       place="lot_key", lot=lot.number)
    return lot


def _free_run(session: Session, product: Product, room: Run, command: AllocateSerials) -> Run:
    """The numbers that are asked for. Raises InvalidInput when they do not fit, Conflict when one was given out."""
    ends = SerialRange.first + SerialRange.count
    same = (Lot.product_id == product.id, SerialRange.prefix == room.prefix, SerialRange.width == room.width)
    given = select(SerialRange).join(Lot, Lot.lot_key == SerialRange.lot_key).where(*same)
    if command.first is None:
        last = session.scalar(select(func.max(ends)).join(Lot, Lot.lot_key == SerialRange.lot_key)
                              .where(*same, SerialRange.first < room.end, ends > room.first))
        first = max(last or 0, room.first + 1)
    else:
        first = room.first + command.first
    run = Run(room.prefix, room.width, first, command.count)
    if first < room.first or run.end > room.end:
        raise InvalidInput("So many serial numbers do not fit into %(digits)d digits. Take more digits or another "
                           "prefix.", code="no-room", place="count", digits=command.width)
    taken = session.scalars(given.where(SerialRange.first < run.end, ends > run.first).limit(1)).first()
    if taken is not None:
        raise Conflict("The serial numbers %(first)s to %(last)s of this product were given out already.",
                       code="serials-taken", place="first", first=taken.first_serial, last=taken.last_serial)
    return run


def range_page(session: Session, lot_key: str, after: str | None = None, limit: int = 50) -> Page[SerialRange]:
    """The serial ranges of a lot, the newest first."""
    found = select(SerialRange).where(SerialRange.lot_key == lot_key)
    return page_of(session, found, Order(SerialRange.created_at, SerialRange.id, descending=True), after, limit)


def range_by_id(session: Session, lot_key: str, range_id: str) -> SerialRange:
    """One range of a lot. Raises NotFound."""
    found = session.get(SerialRange, (lot_key, range_id))
    if found is None:
        raise NotFound("There is no such serial range.", code="unknown-range", place="range_id")
    return found


def range_of_id(session: Session, range_id: str) -> SerialRange:
    """The range with this id, of whichever lot. Raises NotFound."""
    found = session.scalar(select(SerialRange).where(SerialRange.id == range_id).limit(1))
    if found is None:
        raise NotFound("There is no such serial range.", code="unknown-range", place="range_id")
    return found


def range_of_serial(session: Session, lot_key: str, text: str) -> SerialRange:
    """The range of a lot that a serial number is in. Raises NotFound."""
    serial = read_serial(text)
    found = None if serial is None else session.scalar(select(SerialRange).where(
        SerialRange.lot_key == lot_key, SerialRange.prefix == serial.prefix, SerialRange.width == serial.width,
        SerialRange.first <= serial.number, SerialRange.first + SerialRange.count > serial.number))
    if found is None:
        raise NotFound("The serial number “%(serial)s” was not given out for this lot.", code="unknown-serial",
                       place="first", serial=text[:40])
    return found


def lot_of_pack(session: Session, gtin: str, serial_number: str) -> Lot | None:
    """The lot of the product with this GTIN whose pack was given this serial number; None when none was."""
    known = product_of_gtin(session, gtin)
    key = lot_of_serial(session.connection(), known[0].id, serial_number) if known is not None else None
    return session.get(Lot, key) if key is not None else None


def missing_keys(session: Session, keys: CodeKeys) -> tuple[str, ...]:
    """The names of keys that signed ranges and are not held any more."""
    names = session.scalars(select(SerialRange.key_id).where(SerialRange.key_id.is_not(None)).distinct())
    return tuple(sorted(name for name in names if name is not None and not keys.holds(name)))
