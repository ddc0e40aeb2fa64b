"""Periodic safety reports by API: the document, the periods that are due, and the report of one."""
from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import Schema, fields

from traceapp.submission.periodic_reporting import PreparePeriodic, period_of_clock, period_rows, prepare_periodic
from traceapp.web.context import signed_in, world
from traceapp.web.periodic import FORMS, PeriodicFile, period_file, send_periodic

from .blueprint import ApiBlueprint
from .idempotency import unit_of_work
from .legal_clocks import ClockSchema
from .reports import ReportSchema
from .schemas import FilePart, choice, created, words

blueprint = ApiBlueprint("api_periodic", __name__, url_prefix="/api/v1", description="Periodic safety reports")
PERMISSIONS = {f"api_periodic.{name}": "report.write" for name in ("periodic", "list_periods", "prepare")}


class PeriodicQuery(Schema):
    """Of which product, from which day to which, both counted; `public` hides small counts."""

    product_id = words(32, least=1, required=True)
    since = fields.Date(required=True)
    until = fields.Date(required=True)
    format = choice(FORMS, load_default="docx")
    public = fields.Boolean(load_default=False)


class PeriodicClockQuery(Schema):
    """Which periods; the 200 that are due first."""

    product_id = words(32, load_default=None)
    only_running = fields.Boolean(load_default=False)


class PeriodicClockSchema(Schema):
    """A period of a product in a market, its clock, and the latest report that was prepared for it."""

    product_id = fields.String(attribute="period.product_id")
    registration_id = fields.String(attribute="period.registration_id")
    market = fields.String(attribute="registration.market")
    first_on = fields.Date(attribute="period.first_on")
    last_on = fields.Date(attribute="period.last_on")
    clock = fields.Nested(ClockSchema)
    report = fields.Nested(ReportSchema, allow_none=True)


class PeriodicReportSchema(Schema):
    """A finished `file` (Word or PDF), or else the report as the service writes it, in `format`."""

    format = choice(FORMS, load_default="docx")
    receiver = words(200, load_default="")
    file = FilePart(load_default=None)


@blueprint.route("/exports/periodic", methods=["GET"])
@blueprint.arguments(PeriodicQuery, location="query")
@blueprint.alt_response(200, content_type="application/*", schema={"type": "string", "format": "binary"})
def periodic(wanted: dict[str, Any]) -> Response:
    """Sales, cases, signals, recalls and reports of a product in a period, as a document"""
    return send_periodic(PeriodicFile(wanted["product_id"], wanted["since"], wanted["until"], wanted["format"],
                                      wanted["public"]))


@blueprint.route("/periodic-clocks", methods=["GET"])
@blueprint.arguments(PeriodicClockQuery, location="query")
@blueprint.response(200, PeriodicClockSchema(many=True))
def list_periods(wanted: dict[str, Any]) -> object:
    """Periods whose report is due or was made, those that run first"""
    with world().database.read() as session:
        return period_rows(session, wanted["product_id"], only_running=wanted["only_running"])


@blueprint.route("/periodic-clocks/<clock_id>/reports", methods=["POST"])
@blueprint.arguments(PeriodicReportSchema, location="multipart")
@blueprint.alt_response(201, schema=ReportSchema)
def prepare(given: dict[str, Any], clock_id: str) -> Response:
    """Prepare the report of a period; it is checked, approved, sent and answered like every report"""
    here, sent = world(), given["file"]
    with here.database.read() as session:
        period = period_of_clock(session, clock_id).period
    file = period_file(period, given["format"]) if sent is None else (
        sent.filename or "", here.files.read_all(sent.stream))
    with unit_of_work() as session:
        report = prepare_periodic(session, signed_in(), here.clock, PreparePeriodic(clock_id, file, given["receiver"]),
                                  desk=here.reports)
        session.flush()
        return created(ReportSchema(), report, "api_reports.read_report", report_id=report.id)
