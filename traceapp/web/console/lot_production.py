"""Making a batch: choose the product, say what went into it, look at the balance, confirm."""
from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flask import request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.catalog.model import Product, Site
from traceapp.catalog.queries import all_products, product_details, sites
from traceapp.core.quantity import Quantity
from traceapp.trace.model import Lot
from traceapp.trace.overview import usable_lots
from traceapp.trace.production import BalanceLine, InputLot, MadeAt, ProduceBatch, mass_balance, produce_batch
from traceapp.web.context import signed_in, world

from .acting import Done, Refusal, perform, rehearse
from .entering import Entered
from .layout import blueprint, page, today
from .lot_choice import ChosenLot, add_named_lot, chosen_lots
from .timing import default_zone, now_text
from .words import named

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {"console.lot_produce": "trace.record"}

_PLACE = ("work_order", "line", "shift", "equipment", "operator", "sterilisation_load")


@dataclass(slots=True)
class _Making:
    """What the pages of this form work with. `inputs` are the lots offered; `balance` stands once it was tried."""

    form: Entered
    product: Product | None
    inputs: list[ChosenLot]
    places: tuple[Site, ...]
    balance: tuple[BalanceLine, ...] = ()

    @property
    def zone(self) -> str:
        return next((one.time_zone for one in self.places if one.id == self.form.get("site_id")),
                    default_zone(self.places))


@blueprint.route("/lots/produce", methods=["GET", "POST"])
def lot_produce() -> Response:
    """Make a batch out of lots."""
    with world().database.read() as session:
        products, places = all_products(session), sites(session, only_own=True)
        form = Entered({"product_id": request.args.get("product", ""), "made_at": now_text(default_zone(places)),
                        "site_id": places[0].id if places else "", "retained_samples": "0"})
        product = product_details(session, form.get("product_id"))
        is_adding = form.get("step") == "add" or (form.get("step") == "check" and bool(form.text("add")))
        if is_adding:
            add_named_lot(session, form)
        making = _Making(form, product, _offered(session, form, product), places)
    if product is None:
        made = [one for one in products if one.recipe_output is not None]
        return page("console/lot_produce_choose.html", form=form,
                    products=[(one.id, f"{one.code} · {named(one)}") for one in made or products])
    if request.method == "GET" or is_adding or form.get("step") == "change":
        return _form_page(making)
    command = _command(making)
    if form.get("step") != "confirm":
        return _check(making, command)

    def act(session: Session) -> Done:
        assert command is not None
        lot = produce_batch(session, signed_in(), world().clock, command)
        return Done(url_for("console.lot", lot_key=lot.lot_key),
                    gettext("Batch %(lot)s is recorded. It waits for inspection and release.", lot=lot.number))

    return perform(form, act, Refusal(lambda status: _form_page(making, status), _fields(making)))


def _offered(session: Session, form: Entered, product: Product | None) -> list[ChosenLot]:
    """The usable lots of each material of the recipe, then those that were named."""
    if product is None:
        return []
    named_lots = form.several("lot") or [key for key in request.args.getlist("lot") if key]
    by_recipe = usable_lots(session, [line.material_id for line in product.recipe], today())
    keys = [lot.lot_key for line in product.recipe for lot in by_recipe[line.material_id]]
    return chosen_lots(session, [*keys, *named_lots], today())


def _form_page(making: _Making, status: int = 200) -> Response:
    values: dict[str, Any] = {"sites": [(one.id, named(one)) for one in making.places], "zone": making.zone}
    extra = [one for one in making.form.several("lot")]
    return page("console/lot_produce.html", status, form=making.form, product=making.product, inputs=making.inputs,
                extra=extra, **values)


def _fields(making: _Making) -> dict[str, str]:
    """Which field a place of the service is: inputs are counted over the lots with an amount."""
    used = [one for one in making.inputs if making.form.text(f"use-{one.lot.lot_key}")]
    return {f"inputs/{n}": f"use-{one.lot.lot_key}" for n, one in enumerate(used)} | {
        f"place/{name}": name for name in _PLACE}


def _command(making: _Making) -> ProduceBatch | None:
    form, product = making.form, making.product
    assert product is not None
    number, made = form.text("number", required=True), form.amount("quantity")
    at = form.moment("made_at", making.zone)
    retained = form.amount("retained_samples", positive=False, required=False)
    inputs = []
    for one in making.inputs:
        amount = form.amount(f"use-{one.lot.lot_key}", required=False)
        if amount is not None:
            inputs.append(InputLot(one.lot.lot_key, Quantity(amount, one.lot.unit or "EA")))
    if not inputs and form.is_good:
        form.fault(None, gettext("Say of at least one lot how much went into the batch."))
    if made is None or at is None:
        return None
    place = MadeAt(**{name: form.text(name) for name in _PLACE}, site_id=form.text("site_id") or None)
    return ProduceBatch(product.id, number, Quantity(made, product.unit), at, tuple(inputs), place,
                        retained or Decimal(0), form.day("expires_on"))


def _check(making: _Making, command: ProduceBatch | None) -> Response:
    """Try it, undo it, and show what would be recorded beside what the recipe asks for."""
    made: list[Lot] = []

    def attempt(session: Session) -> None:
        assert command is not None
        lot = produce_batch(session, signed_in(), world().clock, command)
        session.flush()
        made.append(lot)
        making.balance = mass_balance(session, lot.lot_key)

    status = rehearse(making.form, attempt, _fields(making))
    if status != 200:
        return _form_page(making, status)
    used = [(one, making.form.amount(f"use-{one.lot.lot_key}", required=False)) for one in making.inputs
            if making.form.text(f"use-{one.lot.lot_key}")]
    return page("console/lot_produce_check.html", form=making.form, product=making.product, command=command,
                lot=made[0], used=used, balance=making.balance, kept=making.form.kept(),
                place=next((named(one) for one in making.places if one.id == making.form.get("site_id")), ""))
