"""Making a batch out of lots, and what its recipe says to that."""
from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.audit import record, stream_of
from traceapp.catalog.model import Product, RecipeLine
from traceapp.catalog.texts import short_text
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, InvalidInput
from traceapp.core.ids import name_key
from traceapp.core.quantity import Quantity, rounded
from traceapp.epcis import ClassQuantity, More, What, Why, transformation_event

from . import acts, guards
from .facts import record_act
from .identity import checked_lot_number, lot_uri
from .model import Lot, LotEdge
from .receiving import document_uri, last_day_of_use, refuse_known_lot
from .tolerance import is_beyond
from .walk import path_between

_USUAL_TOLERANCE = Decimal(5)  # percent from the recipe, where the product has none of its own


@dataclass(frozen=True, slots=True)
class InputLot:
    """So much of one lot went into the batch, in any unit that converts to the lot's."""

    lot_key: str
    quantity: Quantity


@dataclass(frozen=True, slots=True)
class MadeAt:
    """What surveillance will ask for: `operator` is a pseudonym."""

    work_order: str = ""
    line: str = ""
    shift: str = ""
    equipment: str = ""
    operator: str = ""
    sterilisation_load: str = ""
    site_id: str | None = None


@dataclass(frozen=True, slots=True)
class ProduceBatch:
    """`quantity` is all that was made, `retained_samples` of it are kept back; `expires_on` is the last day of use,
    by default the shelf life after the date of `made_at` at the site."""

    product_id: str
    number: str
    quantity: Quantity
    made_at: datetime
    inputs: tuple[InputLot, ...]
    place: MadeAt = field(default_factory=MadeAt)
    retained_samples: Decimal = Decimal(0)
    expires_on: date | None = None


@dataclass(frozen=True, slots=True)
class BalanceLine:
    """One material of a batch. `nominal` is what the recipe asks for (None: not in the recipe), `difference` is
    used minus nominal, `share` the difference over nominal, `is_far`: more than the tolerance of the product."""

    material_id: str
    code: str
    name_zh: str
    name_en: str
    unit: str
    nominal: Decimal | None
    used: Decimal
    tolerance: Decimal

    @property
    def is_far(self) -> bool:
        return self.nominal is None or is_beyond(self.used - self.nominal, self.nominal, self.tolerance)

    @property
    def difference(self) -> Decimal | None:
        return None if self.nominal is None else self.used - self.nominal

    @property
    def share(self) -> Decimal | None:
        return None if not self.nominal else rounded((self.used - self.nominal) / self.nominal)


def produce_batch(session: Session, actor: Actor, clock: Clock, command: ProduceBatch) -> Lot:
    """Make a batch: the inputs lose what it took. Raises NotFound, InvalidInput, and Conflict naming the lot that
    may not be used, has too little, or would become its own ancestor."""
    product = guards.known_product(session, command.product_id)
    place = guards.place_of(session, command.place.site_id)
    at = guards.checked_time(clock, command.made_at, place="made_at")
    number = checked_lot_number(product.identity_uri, command.number)
    uri = lot_uri(product.identity_uri, number)
    made = guards.amount_in(command.quantity, product.unit, place="quantity")
    retained = guards.amount_in(Quantity(command.retained_samples, product.unit), product.unit,
                                place="retained_samples", may_be_zero=True)
    if retained > made:
        raise InvalidInput("More samples are kept back than were made.", code="too-many-samples",
                           place="retained_samples")
    inputs = _inputs(session, command.inputs, place.date_of(at), (name_key(uri), number))
    refuse_known_lot(session, uri, number)
    made_on = place.date_of(at)
    expires_on = last_day_of_use(product, made_on, command.expires_on)
    data = {"product": product.id, "class": product.identity_uri, "number": number, "site": place.site_id,
            "madeOn": made_on, "expiresOn": expires_on, "retainedSamples": retained or None,
            "place": place_data(command.place)}
    order = short_text(command.place.work_order, 80, place="place/work_order")
    ilmd = {"cbvmda:lotNumber": number, "cbvmda:itemExpirationDate": expires_on}
    event = transformation_event(
        place.when(at), What(quantities=tuple(ClassQuantity(used.uri, amount, used.unit) for used, amount in inputs)),
        What(quantities=(ClassQuantity(uri, made, product.unit),)), where=place.where,
        why=Why("commissioning", "in_progress",
                transactions=(("prodorder", document_uri("order", order)),) if order else ()),
        more=More(ilmd={name: value for name, value in ilmd.items() if value},
                  extensions=acts.written("produce", data)))
    key = name_key(uri)
    lot = record_act(session, actor, clock, key, event).lots[key]
    record(session, actor, clock.now(), "lot.produced", stream_of("lot", key), {
        "number": number, "product": product.code, "quantity": made, "unit": product.unit, "retained": retained,
        "inputs": [[used.number, amount, used.unit] for used, amount in inputs], "work_order": order})
    return lot


def place_data(place: MadeAt) -> dict[str, str]:
    """Where and how a batch was made, as its event says it."""
    texts = {"workOrder": place.work_order, "line": place.line, "shift": place.shift, "equipment": place.equipment,
             "operator": place.operator, "sterilisationLoad": place.sterilisation_load}
    return {name: short_text(text, 80, place=f"place/{name}") for name, text in texts.items()}


def _inputs(session: Session, stated: tuple[InputLot, ...], today: date,
            output: tuple[str, str]) -> list[tuple[Lot, Decimal]]:
    """The input lots with what is taken of each; a lot that is named twice is taken once with the sum."""
    if not stated:
        raise InvalidInput("A batch is made out of at least one lot.", code="no-inputs", place="inputs")
    lots = guards.lots_by_key(session, (line.lot_key for line in stated), place="inputs")
    _refuse_cycle(session, lots, *output)
    amounts: dict[str, Decimal] = {}
    for position, line in enumerate(stated):
        place, lot = f"inputs/{position}", lots[line.lot_key]
        guards.refuse_unusable(lot, today, place=place)
        amount = guards.amount_in(line.quantity, lot.unit or "EA", place=place)
        amounts[line.lot_key] = amounts.get(line.lot_key, Decimal(0)) + amount
        guards.refuse_more_than_stock(lot, amounts[line.lot_key], place=place)
    return [(lots[key], amount) for key, amount in amounts.items()]


def _refuse_cycle(session: Session, inputs: dict[str, Lot], output_key: str, output: str) -> None:
    """A lot cannot be its own ancestor; one that no event has named yet is nobody's."""
    if session.get(Lot, output_key) is None:
        return
    for key, lot in inputs.items():
        if key == output_key or path_between(session, output_key, key):
            raise Conflict("Lot %(output)s cannot be made out of lot %(input)s, because lot %(input)s was itself made "
                           "out of lot %(output)s.", code="cycle", place="inputs", output=output, input=lot.number)


def mass_balance(session: Session, lot_key: str) -> tuple[BalanceLine, ...]:
    """What a batch took of each material beside what its recipe asks for, materials of the recipe first."""
    lot = session.get(Lot, lot_key)
    product = session.get(Product, lot.product_id) if lot is not None and lot.product_id else None
    if lot is None or product is None:
        return ()
    used: dict[str, Decimal] = {}
    for material_id, quantity in session.execute(
            select(Lot.product_id, LotEdge.quantity).join(Lot, Lot.lot_key == LotEdge.other_key)
            .where(LotEdge.lot_key == lot_key, LotEdge.direction == "up")):
        if material_id is not None and quantity is not None:
            used[material_id] = used.get(material_id, Decimal(0)) + quantity
    recipe = session.scalars(select(RecipeLine).where(RecipeLine.product_id == product.id)
                             .order_by(RecipeLine.position)).all()
    materials = {row.id: row for row in session.scalars(select(Product).where(
        Product.id.in_([*used, *(line.material_id for line in recipe)])))}
    nominal = {line.material_id: _nominal(line, lot.made, product.recipe_output) for line in recipe}
    order = [*nominal, *sorted((key for key in used if key not in nominal), key=lambda key: materials[key].code)]
    return tuple(BalanceLine(
        material_id=key, code=materials[key].code, name_zh=materials[key].name_zh, name_en=materials[key].name_en,
        unit=materials[key].unit, nominal=nominal.get(key), used=used.get(key, Decimal(0)),
        tolerance=product.balance_tolerance or _USUAL_TOLERANCE) for key in order)


def _nominal(line: RecipeLine, made: Decimal, recipe_output: Decimal | None) -> Decimal:
    """What goes in so that, after the expected loss, what the recipe needs remains."""
    return rounded(line.quantity * made / (recipe_output or Decimal(1)) / (1 - line.loss))
