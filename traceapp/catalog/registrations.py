"""Use cases of registrations: a product in one market, with whom and under which numbers."""
from __future__ import annotations

import re
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.audit import record, stream_of
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, InvalidInput, NotFound
from traceapp.core.ids import new_id
from traceapp.db import expect_revision
from traceapp.identity.policy import permit
from traceapp.worklist.work import add_work

from .markets import home_market, registration_by_id
from .model import Party, Product, Registration
from .texts import short_text

MARKETS_CHANGED = "product.markets"  # work for whoever asks authorities by them
_SIZES = {"number": 80, "risk_class": 20, "brand": 200, "common_name": 200, "model": 120, "specification": 300,
          "catalogue_number": 80, "udi_di": 40, "basic_udi_di": 40, "emdn": 20, "gmdn": 10, "category": 120,
          "certificate_number": 50}
_COUNTRY = re.compile(r"[A-Z]{2}")
_PRODUCT_CODE = re.compile(r"[A-Z]{3}")
_NOTIFIED_BODY = re.compile(r"\d{4}", re.ASCII)
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z]{2,4})?")
_EARLIEST = date(1900, 1, 1)


@dataclass(frozen=True, slots=True)
class NewRegistration:
    """`market` and `origin` are countries of two letters; EU is the market of all of Europe. Parties are named by their
    ids. `language`: the one that the authority reads."""

    market: str
    number: str = ""
    risk_class: str = ""
    holder_id: str | None = None
    manufacturer_id: str | None = None
    representative_id: str | None = None
    brand: str = ""
    common_name: str = ""
    model: str = ""
    specification: str = ""
    catalogue_number: str = ""
    udi_di: str = ""
    basic_udi_di: str = ""
    fda_product_code: str = ""
    emdn: str = ""
    gmdn: str = ""
    notified_body: str = ""
    certificate_number: str = ""
    category: str = ""
    origin: str = ""
    marketed_from: date | None = None
    marketed_to: date | None = None
    first_registered_on: date | None = None
    language: str = ""


@dataclass(frozen=True, slots=True)
class ChangeRegistration:
    """The whole of a registration as it shall be; its market stays."""

    registration_id: str
    registration: NewRegistration
    revision: int | None = None


PARTIES = ("holder_id", "manufacturer_id", "representative_id")
FIELDS = tuple(field.name for field in fields(NewRegistration))


def register_product(session: Session, actor: Actor, clock: Clock, product_id: str,
                     command: NewRegistration) -> Registration:
    """A product in a market. Raises NotFound, Forbidden, InvalidInput naming the field, Conflict where this number
    stands for this product and market already."""
    permit(actor, "catalog.write")
    product = _product(session, product_id)
    values = _checked(session, command)
    _refuse_twice(session, product_id, values, None)
    now = clock.now()
    made = Registration(id=new_id(now), product_id=product_id, created_at=now, **values)
    session.add(made)
    record(session, actor, now, "registration.added", stream_of("product", product_id),
           {"registration": made.id} | {name: value for name, value in values.items() if value})
    _tell_product(session, product, made)
    add_work(session, clock, MARKETS_CHANGED, product_id)
    session.flush()
    return made


def change_registration(session: Session, actor: Actor, clock: Clock, command: ChangeRegistration) -> Registration:
    """Change a registration. Raises as register_product; Stale; Conflict for another market."""
    permit(actor, "catalog.write")
    found = registration_by_id(session, command.registration_id)
    if found is None:
        raise NotFound("There is no such registration.", code="unknown-registration", place="registration_id")
    expect_revision(found, command.revision)
    after = _checked(session, command.registration)
    if after["market"] != found.market:
        raise Conflict("The market of a registration cannot change. Enter a new registration for the other market.",
                       code="fixed-field", place="market")
    _refuse_twice(session, found.product_id, after, found.id)
    before = {name: getattr(found, name) for name in FIELDS}
    for name, value in after.items():
        setattr(found, name, value)
    record(session, actor, clock.now(), "registration.changed", stream_of("product", found.product_id), {
        "registration": found.id,
        "before": {name: value for name, value in before.items() if value != after[name]},
        "after": {name: value for name, value in after.items() if value != before[name]}})
    _tell_product(session, _product(session, found.product_id), found)
    add_work(session, clock, MARKETS_CHANGED, found.product_id)
    session.flush()
    return found


def follow_product(session: Session, clock: Clock, product: Product) -> None:
    """Bring the registration at home to number and class of a product that was entered or changed."""
    home = home_market(session)
    present = session.scalars(select(Registration).where(
        Registration.product_id == product.id, Registration.market == home, Registration.marketed_to.is_(None))
        .order_by(Registration.created_at.desc(), Registration.id.desc())).first()
    said = (product.registration_number, product.risk_class)
    if present is None:
        if any(said):
            now = clock.now()
            session.add(Registration(id=new_id(now), product_id=product.id, market=home, number=said[0],
                                     risk_class=said[1], created_at=now))
    elif (present.number, present.risk_class) != said:
        _refuse_twice(session, product.id, {"market": home, "number": said[0]}, present.id)
        present.number, present.risk_class = said


def _tell_product(session: Session, product: Product, registration: Registration) -> None:
    """A product carries number and class of its registration at home, unless that one has ended."""
    if registration.marketed_to is None and registration.market == home_market(session):
        product.registration_number, product.risk_class = registration.number, registration.risk_class


def _product(session: Session, product_id: str) -> Product:
    product = session.get(Product, product_id)
    if product is None:
        raise NotFound("There is no such product.", place="product_id")
    return product


def _refuse_twice(session: Session, product_id: str, values: dict[str, Any], own_id: str | None) -> None:
    with session.no_autoflush:
        other = session.scalar(select(Registration.id).where(
            Registration.product_id == product_id, Registration.market == values["market"],
            Registration.number == values["number"]))
    if other is not None and other != own_id:
        raise Conflict("This product has this number in this market already.", code="number-in-use", place="number")


def _checked(session: Session, command: NewRegistration) -> dict[str, Any]:
    values = {name: getattr(command, name) for name in FIELDS}
    values |= {name: short_text(values[name], size, place=name) for name, size in _SIZES.items()}
    for name, pattern, is_needed in (("market", _COUNTRY, True), ("origin", _COUNTRY, False)):
        values[name] = values[name].strip().upper()
        if not pattern.fullmatch(values[name]) and (is_needed or values[name]):
            raise InvalidInput("A country is two capital letters, as CN.", code="bad-country", place=name)
    values["fda_product_code"] = values["fda_product_code"].strip().upper()
    if values["fda_product_code"] and not _PRODUCT_CODE.fullmatch(values["fda_product_code"]):
        raise InvalidInput("An FDA product code has three letters, as KGX.", code="bad-product-code",
                           place="fda_product_code")
    values["notified_body"] = values["notified_body"].strip()
    if values["notified_body"] and not _NOTIFIED_BODY.fullmatch(values["notified_body"]):
        raise InvalidInput("A notified body has a number of four digits, as 0123.", code="bad-notified-body",
                           place="notified_body")
    values["language"] = values["language"].strip()
    if values["language"] and not _LANGUAGE.fullmatch(values["language"]):
        raise InvalidInput("A language is written as zh, en or de.", code="bad-language", place="language")
    for name in PARTIES:
        values[name] = values[name] or None
        if values[name] is not None and session.get(Party, values[name]) is None:
            raise InvalidInput("There is no such partner.", code="unknown-party", place=name)
    _check_days(values)
    return values


def _check_days(values: dict[str, Any]) -> None:
    for name in ("marketed_from", "marketed_to", "first_registered_on"):
        if values[name] is not None and values[name] < _EARLIEST:
            raise InvalidInput("This day is too long ago. Write the year with four digits.", code="too-long-ago",
                               place=name)
    if values["marketed_from"] and values["marketed_to"] and values["marketed_to"] < values["marketed_from"]:
        raise InvalidInput("The sale cannot end before it begins.", code="days-reversed", place="marketed_to")
