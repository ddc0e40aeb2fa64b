"""Records for an authority by API: at once, or made in the background."""
from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import Schema, fields
from sqlalchemy.orm import Session

from traceapp.submission.records import FORMS, AskedRecords
from traceapp.submission.records_jobs import cancel_records, own_job, own_jobs
from traceapp.submission.records_states import FileState
from traceapp.trace.genealogy import DIRECTIONS
from traceapp.trace.tracking_choice import product_of_code, site_of_code
from traceapp.web.context import signed_in, world
from traceapp.web.oversight import lot_asked
from traceapp.web.records import ordered, send_made, send_records

from .blueprint import ApiBlueprint
from .idempotency import unit_of_work
from .schemas import choice, created, moment, shown, words

blueprint = ApiBlueprint("api_records", __name__, url_prefix="/api/v1/exports/records",
                         description="Records for an authority")
PERMISSIONS = {name: "export.run" for name in (
    "api_records.records", "api_records.list_jobs", "api_records.create_job", "api_records.read_job",
    "api_records.cancel_job", "api_records.read_file")}
_KINDS = ("text/csv", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "application/ld+json")


def _described(view: Any) -> Any:
    for kind in _KINDS:
        view = blueprint.alt_response(200, content_type=kind, schema={"type": "string", "format": "binary"})(view)
    return view


class RecordsQuery(Schema):
    """Of one lot (by anything that names it), also with what it came from and became, or of a period. `until` is the
    first moment that is not in it. `all_steps`: also inspections, decisions, holds and observations."""

    lot = words(2000, load_default=None)
    direction = choice(DIRECTIONS, load_default=None)
    by_time = fields.Boolean(load_default=True)
    since = moment(load_default=None)
    until = moment(load_default=None)
    product = words(40, load_default=None)
    site = words(40, load_default=None)
    all_steps = fields.Boolean(load_default=False)
    format = choice(FORMS, load_default="csv")


class RecordsJobSchema(Schema):
    """A file that is made in the background. `total` and `done` count events; `trouble` says why it failed."""

    id = fields.String()
    form = fields.String()
    state = choice(FileState)
    total = fields.Integer()
    done = fields.Integer()
    rows = fields.Integer(allow_none=True)
    size_bytes = fields.Integer(allow_none=True)
    sha256 = fields.String(allow_none=True)
    trouble = fields.Dict(allow_none=True)
    created_at = moment()
    finished_at = moment(allow_none=True)


class RecordsJobListSchema(Schema):
    """Your own, the newest first."""

    rows = fields.List(fields.Nested(RecordsJobSchema))


@blueprint.route("", methods=["GET"])
@blueprint.arguments(RecordsQuery, location="query")
@_described
def records(wanted: dict[str, Any]) -> Response:
    """Every critical tracking event of a lot or a period, as XLSX, CSV or EPCIS, at once"""
    with world().database.read() as session:
        asked = _asked(session, wanted)
    return send_records(asked, wanted["format"], _told(wanted))


@blueprint.route("/jobs", methods=["GET"])
@blueprint.response(200, RecordsJobListSchema)
def list_jobs() -> dict[str, Any]:
    """The files that you had made in the background"""
    with world().database.read() as session:
        return {"rows": own_jobs(session, signed_in())}


@blueprint.route("/jobs", methods=["POST"])
@blueprint.arguments(RecordsQuery)
@blueprint.alt_response(201, schema=RecordsJobSchema)
def create_job(wanted: dict[str, Any]) -> Response:
    """Have a file made in the background; it is kept a week"""
    with unit_of_work() as session:
        job = ordered(session, _asked(session, wanted), wanted["format"], _told(wanted))
        return created(RecordsJobSchema(), job, "api_records.read_job", file_id=job.id)


@blueprint.route("/jobs/<file_id>", methods=["GET"])
@blueprint.alt_response(200, schema=RecordsJobSchema)
def read_job(file_id: str) -> Response:
    """One of them: its state, and how far it is"""
    with world().database.read() as session:
        return shown(RecordsJobSchema(), own_job(session, signed_in(), file_id))


@blueprint.route("/jobs/<file_id>/cancel", methods=["POST"])
@blueprint.alt_response(200, schema=RecordsJobSchema)
def cancel_job(file_id: str) -> Response:
    """Have it not made after all"""
    with unit_of_work() as session:
        return shown(RecordsJobSchema(), cancel_records(session, signed_in(), world().clock, file_id))


@blueprint.route("/jobs/<file_id>/file", methods=["GET"])
@_described
def read_file(file_id: str) -> Response:
    """The file that was made"""
    return send_made(file_id)


def _asked(session: Session, wanted: dict[str, Any]) -> AskedRecords:
    return AskedRecords(
        lot_asked(session, wanted["lot"]) if wanted["lot"] else None, wanted["direction"], wanted["by_time"],
        wanted["since"], wanted["until"],
        product_of_code(session, wanted["product"]) if wanted["product"] else None,
        site_of_code(session, wanted["site"]) if wanted["site"] else None, wanted["all_steps"])


def _told(wanted: dict[str, Any]) -> dict[str, object]:
    """What the record of the file says."""
    told = {name: value.isoformat() if name in ("since", "until") and value else value
            for name, value in wanted.items() if name not in ("format", "by_time")}
    return told | {"no_time": not wanted["by_time"]}
