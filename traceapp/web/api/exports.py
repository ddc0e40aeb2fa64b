"""Tables as files by API: what the lists hold, recorded with its hash like every file that leaves the house."""
from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Response
from marshmallow import Schema

from traceapp.catalog.queries import PartyFilter, ProductFilter
from traceapp.code.link_queries import LinkFilter
from traceapp.complaint.queries import ComplaintFilter
from traceapp.recall.queries import LedgerFilter, RecallFilter
from traceapp.trace.lot_list import LotFilter
from traceapp.trace.starting import StartKind
from traceapp.web.asked_trace import AskedTrace
from traceapp.web.capa_record import FORMS as RECORD_FORMS
from traceapp.web.capa_record import send_record
from traceapp.web.context import world
from traceapp.web.listings import adverse_event_table
from traceapp.web.listings_capas import capas_table, problems_table
from traceapp.web.listings_cases import complaints_table, ledger_table, recalls_table
from traceapp.web.listings_catalog import partners_table, products_table
from traceapp.web.listings_links import links_table
from traceapp.web.listings_trace import lots_table, trace_table
from traceapp.web.oversight import chosen_events
from traceapp.web.reading import ZONE
from traceapp.web.tables import send_table

from .adverse_events import EventFilterSchema
from .blueprint import ApiBlueprint
from .capas import CapaFilterSchema, ProblemQuery, filter_of, problems_of
from .catalog import ProductFilterSchema
from .complaints import ComplaintFilterSchema
from .links import CodeLinkFilterSchema
from .lots import LotFilterSchema
from .parties import PartyFilterSchema
from .recall_ledger import LedgerQuery
from .recalls import RecallFilterSchema, known_recall, only_told
from .schemas import choice
from .trace_wishes import TraceFromQuery, TraceQuery, asked_of, wish_of

blueprint = ApiBlueprint("api_exports", __name__, url_prefix="/api/v1/exports", description="Tables as files")
PERMISSIONS = {
    "api_exports.lots": "trace.read", "api_exports.trace": "trace.read", "api_exports.trace_from": "trace.read",
    "api_exports.products": "console.read",
    "api_exports.parties": "console.read", "api_exports.links": "console.read",
    "api_exports.complaints": "complaint.read",
    "api_exports.adverse_events": "export.run", "api_exports.recalls": "recall.read",
    "api_exports.ledger": "recall.read", "api_exports.capas": "capa.read", "api_exports.capa_problems": "capa.read",
    "api_exports.capa_record": "capa.read",
}
FORMS = ("xlsx", "csv", "json")


class FileQuery(Schema):
    """In which form."""

    format = choice(FORMS, load_default="csv")


def _file(filters: type[Schema]) -> Schema:
    """The filters of a list, without its pages, and the form of the file."""
    name = filters.__name__.removesuffix("Schema").removesuffix("Query") + "File"
    found: Schema = type(name, (filters, FileQuery), {})(
        exclude=[paging for paging in ("after", "limit") if paging in filters._declared_fields])
    return found


def _told(wanted: dict[str, Any]) -> dict[str, object]:
    """The filters as the record of the file says them."""
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in wanted.items()
            if value not in (None, "")}


def _described(view: Any) -> Any:
    """The three forms of a file in the description."""
    for kind in ("text/csv", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "application/json"):
        view = blueprint.alt_response(200, content_type=kind, schema={"type": "string", "format": "binary"})(view)
    return view


@blueprint.route("/lots", methods=["GET"])
@blueprint.arguments(_file(LotFilterSchema), location="query")
@_described
def lots(wanted: dict[str, Any]) -> Response:
    """Lots as a file"""
    form = wanted.pop("format")
    today = world().clock.now().astimezone(ZONE).date()
    return send_table(lots_table(LotFilter(today=today, **wanted), _told(wanted)), form)


@blueprint.route("/lots/<lot_key>/trace", methods=["GET"])
@blueprint.arguments(_file(TraceQuery), location="query")
@_described
def trace(wanted: dict[str, Any], lot_key: str) -> Response:
    """Everything upstream and downstream of a lot as a file"""
    return send_table(trace_table(AskedTrace(lot_key, StartKind.item, wish_of(wanted))), wanted["format"])


@blueprint.route("/trace", methods=["GET"])
@blueprint.arguments(_file(TraceFromQuery), location="query")
@_described
def trace_from(wanted: dict[str, Any]) -> Response:
    """The same from anything that has a name: supplier, consignee, shipment, equipment, work order, serial number"""
    return send_table(trace_table(asked_of(wanted)), wanted["format"])


@blueprint.route("/products", methods=["GET"])
@blueprint.arguments(_file(ProductFilterSchema), location="query")
@_described
def products(wanted: dict[str, Any]) -> Response:
    """Products and materials as a file"""
    form = wanted.pop("format")
    return send_table(products_table(ProductFilter(**wanted), _told(wanted)), form)


@blueprint.route("/parties", methods=["GET"])
@blueprint.arguments(_file(PartyFilterSchema), location="query")
@_described
def parties(wanted: dict[str, Any]) -> Response:
    """Partners as a file, without contacts"""
    form = wanted.pop("format")
    return send_table(partners_table(PartyFilter(**wanted), _told(wanted)), form)


@blueprint.route("/links", methods=["GET"])
@blueprint.arguments(_file(CodeLinkFilterSchema), location="query")
@_described
def links(wanted: dict[str, Any]) -> Response:
    """Links of codes as a file"""
    form = wanted.pop("format")
    return send_table(links_table(LinkFilter(**wanted), _told(wanted)), form)


@blueprint.route("/complaints", methods=["GET"])
@blueprint.arguments(_file(ComplaintFilterSchema), location="query")
@_described
def complaints(wanted: dict[str, Any]) -> Response:
    """Complaints as a file, without who said it"""
    form, told = wanted.pop("format"), _told(wanted)
    state = wanted.pop("state")
    return send_table(complaints_table(ComplaintFilter(states=(state,) if state else (), **wanted), told), form)


@blueprint.route("/adverse-events", methods=["GET"])
@blueprint.arguments(_file(EventFilterSchema), location="query")
@_described
def adverse_events(wanted: dict[str, Any]) -> Response:
    """The line listing of adverse events"""
    form = wanted.pop("format")
    with world().database.read() as session:
        found = chosen_events(session, wanted)
    return send_table(adverse_event_table(found, _told(wanted)), form)


@blueprint.route("/recalls", methods=["GET"])
@blueprint.arguments(_file(RecallFilterSchema), location="query")
@_described
def recalls(wanted: dict[str, Any]) -> Response:
    """Recalls with how far each is, as a file"""
    form, told = wanted.pop("format"), _told(wanted)
    state = wanted.pop("state")
    states = (state,) if state else ()
    return send_table(recalls_table(RecallFilter(states=states, is_told=only_told(), **wanted), told), form)


@blueprint.route("/recalls/<recall_id>/ledger", methods=["GET"])
@blueprint.arguments(_file(LedgerQuery), location="query")
@_described
def ledger(wanted: dict[str, Any], recall_id: str) -> Response:
    """The ledger of a recall as a file"""
    form = wanted.pop("format")
    with world().database.read() as session:
        case = known_recall(session, recall_id)
    return send_table(ledger_table(case, LedgerFilter(recall_id, **wanted), _told(wanted)), form)


@blueprint.route("/capas", methods=["GET"])
@blueprint.arguments(_file(CapaFilterSchema), location="query")
@_described
def capas(wanted: dict[str, Any]) -> Response:
    """CAPAs as a file"""
    form, told = wanted.pop("format"), _told(wanted)
    return send_table(capas_table(filter_of(wanted), told), form)


@blueprint.route("/capa-problems", methods=["GET"])
@blueprint.arguments(_file(ProblemQuery), location="query")
@_described
def capa_problems(wanted: dict[str, Any]) -> Response:
    """How often which kind of problem was seen with which product, as a file"""
    form, told = wanted.pop("format"), _told(wanted)
    return send_table(problems_table(problems_of(wanted), told), form)


class RecordQuery(Schema):
    """In which form."""

    format = choice(RECORD_FORMS, load_default="pdf")


@blueprint.route("/capas/<capa_id>", methods=["GET"])
@blueprint.arguments(RecordQuery, location="query")
@blueprint.alt_response(200, content_type=RECORD_FORMS["pdf"], schema={"type": "string", "format": "binary"})
@blueprint.alt_response(200, content_type=RECORD_FORMS["docx"], schema={"type": "string", "format": "binary"})
def capa_record(wanted: dict[str, Any], capa_id: str) -> Response:
    """The record of one CAPA as a document"""
    return send_record(capa_id, wanted["format"])
