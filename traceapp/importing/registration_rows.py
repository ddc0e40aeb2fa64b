"""Rows of products per market: made new, or brought up to the file where that was chosen."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from traceapp.catalog.markets import registrations_of
from traceapp.catalog.registrations import (
    FIELDS,
    PARTIES,
    ChangeRegistration,
    NewRegistration,
    change_registration,
    register_product,
)

from .desk import Desk, Line, Names, Outcome

# What the use case calls a field -> what the table does.
REGISTRATION_PLACES = {name: name.removesuffix("_id") for name in PARTIES}


def registration_names(lines: Sequence[Line]) -> Names:
    """What a registration is known by in the file."""
    said = lines[0]
    market = str(said.get("market") or "").strip().upper()
    return (("number", f"registration:{said.get('product')}:{market}:{said.get('number')}"),)


def take_registration(desk: Desk, lines: Sequence[Line]) -> Outcome:
    """A row as a product in one market."""
    said = {name: value.strip() if isinstance(value, str) else value for name, value in lines[0].values.items()}
    product = desk.product(said["product"])
    plain: dict[str, Any] = {name: said[name] for name in FIELDS if name in said}
    plain |= {name: desk.party(said[place], place).id for name, place in REGISTRATION_PLACES.items() if place in said}
    plain |= {name: plain[name].upper() for name in ("market", "origin", "fda_product_code") if name in plain}
    found = next((one for one in registrations_of(desk.session, product.id)
                  if (one.market, one.number) == (plain["market"], plain.get("number", ""))), None)
    if found is None:
        register_product(desk.session, desk.actor, desk.clock, product.id, NewRegistration(**plain))
        return Outcome.stored
    present = {name: getattr(found, name) for name in FIELDS}
    outcome = desk.settle(plain, present, can_change=True)
    if outcome == Outcome.changed:
        change_registration(desk.session, desk.actor, desk.clock, ChangeRegistration(
            found.id, NewRegistration(**{**present, **plain})))
    return outcome
