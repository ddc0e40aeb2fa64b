"""Lots: the list, the page of one, their files."""
from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from flask import redirect, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.attachment.service import attachments_of, attachments_of_all
from traceapp.audit.entries import entries_of
from traceapp.capa.queries import capas_of_inspections
from traceapp.catalog.queries import all_products
from traceapp.catalog.service import STEM
from traceapp.code.allocating import range_page
from traceapp.code.labels import lot_link, unit_gtin
from traceapp.code.link_queries import links_of_key
from traceapp.code.links import read_code
from traceapp.complaint.queries import ComplaintFilter, complaint_page
from traceapp.complaint.returning import returns_of_lot
from traceapp.core.errors import NotFound
from traceapp.epcis import write_json
from traceapp.gs1.escapes import escape
from traceapp.identity.lookup import names_of_users
from traceapp.surveillance.model import Signal
from traceapp.surveillance.observe import lot_curve
from traceapp.surveillance.queries import signals_of_lots
from traceapp.surveillance.states import STANDING
from traceapp.trace.facts import said_of
from traceapp.trace.files import about_inspection, about_lot
from traceapp.trace.genealogy import trace_lot
from traceapp.trace.lot_list import DEFAULT_SORT, LotFilter, lot_page
from traceapp.trace.overview import (
    LotHead,
    events_of,
    holds_of,
    inspections_of,
    lot_head,
    productions_of,
    shipments_of,
)
from traceapp.trace.policy import ReleaseState
from traceapp.trace.position_query import named_places, places_of
from traceapp.trace.production import mass_balance
from traceapp.trace.queries import consignees_of
from traceapp.trace.receivers import suppliers_of
from traceapp.trace.sensor_query import excursions_of, shipments_outside
from traceapp.trace.starting import StartKind
from traceapp.trace.tolerance import is_beyond
from traceapp.web.asked_trace import AskedTrace
from traceapp.web.auth import may
from traceapp.web.context import world
from traceapp.web.listings_trace import lots_table, trace_table
from traceapp.web.tables import send_table

from .gaps import gaps_of_lot
from .layout import blueprint, page, today
from .links import details_of, kind_word, leads_of
from .listing import PAGE_ROWS, choice, day_start, export_links, placed, sort_link, wished
from .lot_journey import journey_part
from .lot_picture import GenealogyView, genealogy_view
from .lot_scans import scans_part
from .lot_storage import excursion_text, storage_part
from .signal_pictures import counted_curve
from .words import KINDS, VERDICTS, action_word, named, options, step_word, told, verdict_of, word_of

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {
    "console.lots": "trace.read", "console.lots_export": "trace.read", "console.lot": "trace.read",
    "console.lot_trace": "trace.read", "console.lot_events": "trace.read"}

_WISHES = ("text", "product", "kind", "state", "from", "to", "sort")
_PICTURE_LOTS = 400
PARTS = ("overview", "journey", "storage", "inspections", "shipments", "complaints", "scans", "label", "links",
         "events", "history")


def lot_filter(values: dict[str, str]) -> LotFilter:
    """What the address asks for."""
    return LotFilter(
        today=today(), text=values["text"], product_id=values["product"] or None,
        kind=choice(values["kind"], KINDS), verdict=choice(values["state"], VERDICTS),
        since=day_start(values["from"]), until=day_start(values["to"], days=1), sort=values["sort"] or DEFAULT_SORT,
        after=request.args.get("after") or None, limit=PAGE_ROWS)


@blueprint.get("/lots")
def lots() -> Response:
    """The list."""
    values = wished(*_WISHES)
    with world().database.read() as session:
        found = lot_page(session, lot_filter(values))
        products = all_products(session, only_active=False)
        signals = _standing_signals(session, tuple(row.lot.lot_key for row in found.rows))
    sorts = {key: sort_link("console.lots", values, key, DEFAULT_SORT) for key in ("number", "started", "created")}
    return page("console/lots.html", found=found, signals=signals, values=values,
                listed=placed(found, "console.lots", values),
                products=[(product.id, f"{product.code} · {named(product)}") for product in products],
                kinds=options(KINDS), states=options(VERDICTS), sorts=sorts, verdict_of=lambda lot: verdict_of(
                    lot, today()), exports=export_links("console.lots_export", values))


def _standing_signals(session: Session, lot_keys: tuple[str, ...]) -> dict[str, Signal]:
    """The signal of each lot that stands out and is neither refuted nor closed; nothing for who may not see signals."""
    if not may("signal.read"):
        return {}
    return {key: signal for key, signals in signals_of_lots(session, lot_keys).items()
            for signal in reversed(signals) if signal.state in STANDING}


@blueprint.get("/lots/export")
def lots_export() -> Response:
    """The lots of the filter as a file."""
    values = wished(*_WISHES)

    return send_table(lots_table(lot_filter(values), values), request.args.get("format", ""))


def known_lot(session: Session, lot_key: str) -> LotHead:
    """The lot of the address. Raises NotFound."""
    head = lot_head(session, lot_key)
    if head is None:
        raise NotFound("There is no such lot.")
    return head


@blueprint.get("/lots/<lot_key>")
def lot(lot_key: str) -> Response:
    """All about one lot, one part at a time."""
    part = choice(request.args.get("part", ""), PARTS) or "overview"
    with world().database.read() as session:
        head = known_lot(session, lot_key)
        holds = holds_of(session, lot_key)
        signal = _standing_signals(session, (lot_key,)).get(lot_key)
        excursions = excursions_of(session, lot_key, 4)
        values = _PARTS[part](session, head)
        people = names_of_users(session, [hold.placed_by for hold in holds] + [hold.lifted_by for hold in holds])
        people |= values.pop("people", {})
    return page("console/lot.html", lot=head.lot, signal=signal, product=head.product, supplier=head.supplier,
                holds=holds, excursions=excursions, excursion_text=excursion_text,
                verdict=str(verdict_of(head.lot, today())), part=part, tab_links=_tabs(lot_key, part), people=people,
                acts=_possible_acts(head), word_of=word_of, **values)


def _tabs(lot_key: str, part: str) -> list[dict[str, Any]]:
    labels = {"overview": gettext("Overview"), "journey": gettext("Journey"), "storage": gettext("Cold chain"),
              "inspections": gettext("Inspections"),
              "shipments": gettext("Shipments"), "complaints": gettext("Complaints"), "scans": gettext("Scans"),
              "label": gettext("Label"), "links": gettext("Links"), "events": gettext("Events"),
              "history": gettext("History")}
    shown = [name for name in PARTS if name != "complaints" or may("complaint.read")]
    return [{"label": labels[name], "current": name == part,
             "url": url_for("console.lot", lot_key=lot_key, part=None if name == "overview" else name)}
            for name in shown]


def _possible_acts(head: LotHead) -> set[str]:
    """Which acts make sense for the lot as it stands; the permission is asked where they are shown."""
    lot, acts = head.lot, {"trace"}
    if not lot.is_own:
        return acts
    acts |= {"inspect", "hold"}
    if lot.release_state == ReleaseState.pending:
        acts.add("release")
    if lot.release_state != ReleaseState.rejected:
        acts.add("reject")
    if lot.shipped > lot.returned:
        acts.add("return")
    if lot.stock > 0 and not lot.is_recalled:
        acts.add("dispose")
    if lot.stock > 0 and (lot.is_recalled or lot.is_on_hold):
        acts.add("left_before")
    if lot.stock > 0 and str(verdict_of(lot, today())) == "released":
        acts |= {"ship", "produce"} if head.product is not None and head.product.kind == "material" else {"ship"}
    if head.product is not None:
        acts.add("print")
        if not lot.is_recalled and lot.release_state != ReleaseState.rejected:
            acts.add("serials")
    return acts if lot.is_recalled else acts | {"recall"}


def _overview(session: Session, head: LotHead) -> dict[str, Any]:
    trace = trace_lot(session, head.lot.lot_key, limit=_PICTURE_LOTS)
    suppliers = suppliers_of(session, [node.lot_key for node in trace.nodes])
    view: GenealogyView = genealogy_view(trace, suppliers, today())
    balance, percent = trace.totals.balance, head.product.balance_tolerance if head.product else Decimal(0)
    return {"trace": trace, "view": view, "missing": gaps_of_lot(session, head.lot.lot_key),
            "is_lacking": is_beyond(balance.unaccounted, balance.consumed, percent),
            "balance": mass_balance(session, head.lot.lot_key),
            "productions": productions_of(session, head.lot.lot_key),
            "certificates": attachments_of(session, about_lot(head.lot.lot_key))}


def _inspections(session: Session, head: LotHead) -> dict[str, Any]:
    found = inspections_of(session, head.lot.lot_key)
    files = attachments_of_all(session, [about_inspection(one.inspection.id) for one in found])
    return {"capas_of": capas_of_inspections(session, head.lot.lot_key),
            "inspections": [(one, files.get(about_inspection(one.inspection.id), [])) for one in found]}


def _shipments(session: Session, head: LotHead) -> dict[str, Any]:
    positions = places_of(session, [head.lot.lot_key]) if not head.lot.is_own else []
    outside = shipments_outside(session, [head.lot.lot_key])
    return {"shipments": shipments_of(session, head.lot.lot_key), "held": consignees_of(session, head.lot.lot_key),
            "outside": {shipment_id for _lot, shipment_id in outside}, "positions": positions,
            "place_names": named_places(session, [one.place for one in positions])}


def _complaints(session: Session, head: LotHead) -> dict[str, Any]:
    if not may("complaint.read"):
        return {"complaints": None, "curve": None}
    found = complaint_page(session, ComplaintFilter(lot_key=head.lot.lot_key, limit=100))
    seen = lot_curve(session, head.lot, today())
    return {"complaints": found, "seen": seen, "returns": returns_of_lot(session, head.lot),
            "curve": counted_curve(seen.curve) if seen.curve is not None else None}


def _label(session: Session, head: LotHead) -> dict[str, Any]:
    levels = head.product.levels if head.product is not None else []
    ranges = range_page(session, head.lot.lot_key)
    return {"link": lot_link(world().settings.base_url, levels, head.lot), "ranges": ranges,
            "has_gtin": unit_gtin(levels) is not None,
            "people": names_of_users(session, [one.created_by for one in ranges.rows])}


def _scans(session: Session, head: LotHead) -> dict[str, Any]:
    return scans_part(session, head.lot.lot_key)


def _links(session: Session, head: LotHead) -> dict[str, Any]:
    gtin = unit_gtin(head.product.levels if head.product is not None else ())
    if gtin is None:
        return {"thing": None}
    thing = read_code(f"{STEM}{gtin}/10/{escape(head.lot.number)}")
    standing = links_of_key(session, (thing.key_uri,))
    return {"thing": thing, "leads": leads_of(session, thing), "kind_word": kind_word, "details_of": details_of,
            "registered": [link for link in standing if link.anchor_key == thing.key]}


def _events(session: Session, head: LotHead) -> dict[str, Any]:
    found = events_of(session, head.lot.lot_key)
    shown = request.args.get("event", "")
    return {"events": [(event, step_word(event.biz_step)) for event in found],
            "document": next((json.dumps(json.loads(event.document), ensure_ascii=False, indent=2)
                              for event in found if event.id == shown), None), "shown": shown}


def _history(session: Session, head: LotHead) -> dict[str, Any]:
    entries = entries_of(session, f"lot:{head.lot.lot_key}")
    people = names_of_users(session, [entry.actor_id for entry in entries])
    return {"entries": [(entry, action_word(entry.action), people.get(entry.actor_id, entry.actor_id),
                         told(json.loads(entry.data))) for entry in entries]}


_PARTS = {"overview": _overview, "journey": journey_part, "storage": storage_part, "inspections": _inspections,
          "shipments": _shipments, "complaints": _complaints,
          "scans": _scans, "label": _label, "links": _links, "events": _events, "history": _history}


@blueprint.get("/lots/<lot_key>/events.json")
def lot_events(lot_key: str) -> Response:
    """The events of a lot as an EPCIS 2.0 document."""
    with world().database.read() as session:
        head = known_lot(session, lot_key)
        found = events_of(session, lot_key, 1000)
    document = write_json([said_of(event) for event in reversed(found)], created_at=world().clock.now())
    answer = Response(document, mimetype="application/json")
    answer.headers["Content-Disposition"] = f'attachment; filename="events-{head.lot.lot_key}.json"'
    return answer


@blueprint.get("/lots/<lot_key>/trace")
def lot_trace(lot_key: str) -> Response:
    """Everything upstream and downstream of a lot as a file, or the page of it."""
    if "format" not in request.args:
        return redirect(url_for("console.trace", kind="item", name=lot_key), 303)
    return send_table(trace_table(AskedTrace(lot_key, StartKind.item)), request.args["format"])
