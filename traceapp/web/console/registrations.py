"""A product in one market: new, change. The list stands on the page of the product."""
from __future__ import annotations

from typing import Any

from flask import request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.catalog.markets import home_market, parties_to_name, registration_by_id
from traceapp.catalog.model import Product, Registration
from traceapp.catalog.queries import product_details
from traceapp.catalog.registrations import (
    FIELDS,
    PARTIES,
    ChangeRegistration,
    NewRegistration,
    change_registration,
    register_product,
)
from traceapp.core.errors import NotFound
from traceapp.web.clock_words import market_word
from traceapp.web.context import signed_in, world

from .acting import Done, Refusal, perform
from .entering import Entered
from .layout import blueprint, page
from .words import named

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {
    "console.product_registration_new": "catalog.write", "console.product_registration_change": "catalog.write"}
DAYS = ("marketed_from", "marketed_to", "first_registered_on")


@blueprint.route("/products/<product_id>/registrations/new", methods=["GET", "POST"])
def product_registration_new(product_id: str) -> Response:
    """The product in a further market."""
    form = Entered()
    command = _command(form) if request.method == "POST" else None

    def act(session: Session) -> Done:
        assert command is not None
        made = register_product(session, signed_in(), world().clock, product_id, command)
        return Done(_back(product_id), gettext("The market %(name)s is entered.", name=market_word(made.market)))

    return _answer(product_id, None, form, act)


@blueprint.route("/products/<product_id>/registrations/<registration_id>/change", methods=["GET", "POST"])
def product_registration_change(product_id: str, registration_id: str) -> Response:
    """Change what is known of the product in a market; the market stays."""
    with world().database.read() as session:
        found = registration_by_id(session, registration_id)
    if found is None or found.product_id != product_id:
        raise NotFound("There is no such registration.", code="unknown-registration")
    form = Entered({name: str(getattr(found, name) or "") for name in FIELDS})
    command = _command(form) if request.method == "POST" else None
    revision = form.revision()

    def act(session: Session) -> Done:
        assert command is not None
        changed = change_registration(session, signed_in(), world().clock,
                                      ChangeRegistration(registration_id, command, revision))
        return Done(_back(product_id), gettext("The market %(name)s is changed.", name=market_word(changed.market)))

    return _answer(product_id, found, form, act)


def _back(product_id: str) -> str:
    return url_for("console.product", product_id=product_id) + "#markets"


def _answer(product_id: str, found: Registration | None, form: Entered, act: Any) -> Response:
    """The form of a registration, or what came of it."""
    with world().database.read() as session:
        product: Product | None = product_details(session, product_id)
        if product is None:
            raise NotFound("There is no such product.")
        parties = parties_to_name(session, [form.get(name) for name in PARTIES])
        home = home_market(session)

    def again(status: int = 200) -> Response:
        return page("console/product_registration.html", status, form=form, product=product, registration=found,
                    is_home=found is not None and found.market == home, url=request.path, back=_back(product_id),
                    market_word=market_word, parties=[(one.id, f"{one.code} · {named(one)}") for one in parties])

    if request.method == "GET":
        return again()
    return perform(form, act, Refusal(again))


def _command(form: Entered) -> NewRegistration:
    values: dict[str, Any] = {name: form.text(name) for name in FIELDS}
    values |= {name: form.day(name) for name in DAYS} | {name: values[name] or None for name in PARTIES}
    return NewRegistration(**values)
