"""Shipping: lots in packs to a consignee; what it comes to in units is shown before it counts. What had left before its
lot was stopped is booked on a page of its own."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from flask import request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.catalog.model import PackagingLevel, Party
from traceapp.catalog.queries import parties_in_role, sites
from traceapp.recall.left_before import book_left_before
from traceapp.trace.left_before import ShipBeforeStop
from traceapp.trace.shipping import ShipLine, ShipLots, ship_lots
from traceapp.web.context import signed_in, world

from .acting import Done, Refusal, perform, rehearse
from .entering import Entered
from .layout import blueprint, page, today
from .lot_choice import ChosenLot, add_named_lot, chosen_lots
from .timing import default_zone, now_text
from .words import LEVELS, named

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {"console.shipment_new": "trace.record",
                               "console.shipment_left_before": "trace.release"}

LOOSE = "loose"


@dataclass(frozen=True, slots=True)
class Packed:
    """A line as it was entered: packs of one level (None: loose units) of one lot, and what they hold."""

    chosen: ChosenLot
    level: PackagingLevel | None
    packs: Decimal

    @property
    def units(self) -> Decimal:
        return self.packs * (self.level.units if self.level is not None else 1)


def field_of(lot_key: str, level: PackagingLevel | None) -> str:
    """The name of the field for packs of this level of this lot."""
    return f"packs-{lot_key}-{level.gtin if level is not None else LOOSE}"


@blueprint.route("/shipments/new", methods=["GET", "POST"])
def shipment_new() -> Response:
    """Send lots to a consignee."""
    return _despatch(is_late=False)


@blueprint.route("/shipments/left-before", methods=["GET", "POST"])
def shipment_left_before() -> Response:
    """Book what had left before its lot was stopped."""
    return _despatch(is_late=True)


def _despatch(*, is_late: bool) -> Response:
    with world().database.read() as session:
        consignees, places = _consignees(session), sites(session, only_own=True)
        zone = default_zone(places)
        form = Entered({"shipped_at": now_text(zone), "consignee_id": request.args.get("consignee", ""),
                        "from_site_id": places[0].id if places else ""})
        if request.method == "GET":
            form.form.setlist("lot", request.args.getlist("lot"))
        is_adding = form.get("step") == "add" or (form.get("step") == "check" and bool(form.text("add")))
        if is_adding:
            add_named_lot(session, form)
        chosen = chosen_lots(session, form.several("lot"), today())

    def again(status: int = 200) -> Response:
        return page("console/shipment_new.html", status, form=form, chosen=chosen, zone=zone, field_of=field_of,
                    level_words=LEVELS, is_late=is_late,
                    stopped=[one.lot.lot_key for one in chosen if one.trouble in ("recalled", "on_hold")],
                    consignees=[(one.id, f"{one.code} · {named(one)}") for one in consignees],
                    sites=[(one.id, named(one)) for one in places])

    if request.method == "GET" or is_adding or form.get("step") == "change":
        return again()
    at = form.moment("shipped_at", zone)
    lines = _lines(form, chosen)
    command = _command(form, lines, at)
    reason = form.text("reason", required=True) if is_late else ""
    fields = {"lines": "add"} | {f"lines/{n}{rest}": field_of(line.chosen.lot.lot_key, line.level)
                                 for n, line in enumerate(lines) for rest in ("", "/packs", "/gtin")}
    if form.get("step") != "confirm":
        status = rehearse(form, lambda session: _record(session, command, reason), fields)
        if status != 200:
            return again(status)
        consignee = next(one for one in consignees if one.id == form.get("consignee_id"))
        return page("console/shipment_check.html", form=form, lines=lines, command=command, kept=form.kept(),
                    consignee=consignee, at=at, level_words=LEVELS, is_late=is_late)

    def act(session: Session) -> Done:
        assert command is not None
        _record(session, command, reason)
        return Done(url_for("console.lot", lot_key=command.lines[0].lot_key, part="shipments"),
                    gettext("The shipment %(document)s is recorded.", document=command.document_number))

    return perform(form, act, Refusal(again, fields))


def _consignees(session: Session) -> list[Party]:
    """Whom one ships to: user facilities and distributors, each once."""
    found = {party.id: party for role in ("user_facility", "distributor", "importer", "contract_manufacturer")
             for party in parties_in_role(session, role)}
    return sorted(found.values(), key=lambda party: party.code)


def _lines(form: Entered, chosen: list[ChosenLot]) -> list[Packed]:
    lines = []
    for one in chosen:
        for level in (*one.levels, None):
            packs = form.amount(field_of(one.lot.lot_key, level), required=False)
            if packs is not None:
                lines.append(Packed(one, level, packs))
    if not lines and form.is_good:
        form.fault("add" if not chosen else None, gettext("Say of at least one lot how many packs are sent."))
    return lines


def _command(form: Entered, lines: list[Packed], at: datetime | None) -> ShipLots | None:
    consignee_id = form.text("consignee_id", required=True)
    document = form.text("document_number", required=True)
    if at is None:
        return None
    return ShipLots(consignee_id, document, at, form.text("from_site_id") or None, form.text("lane"), tuple(
        ShipLine(line.chosen.lot.lot_key, line.level.gtin if line.level is not None else None, line.packs)
        for line in lines))


def _record(session: Session, command: ShipLots | None, reason: str) -> None:
    """As a despatch of now, or with a reason as one that had left before."""
    assert command is not None
    if reason:
        book_left_before(session, signed_in(), world().clock, ShipBeforeStop(command, reason))
    else:
        ship_lots(session, signed_in(), world().clock, command)
