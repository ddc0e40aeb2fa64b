"""Print jobs and the print log of a lot, by API."""
from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import Schema, fields, validate
from werkzeug.wrappers import Response as AnyResponse

from labels import TEMPLATES
from labels.template import LANGUAGES, SYMBOLS
from traceapp.code.print_choice import DPI, FACTS, FORMATS, MOST_COPIES, PAGES, PrintChoice
from traceapp.code.print_states import FileState
from traceapp.code.print_work import params_of
from traceapp.code.printing import cancel_print, job_by_id, job_page, log_page
from traceapp.core.errors import NotFound
from traceapp.trace.model import Lot
from traceapp.web.context import signed_in, world
from traceapp.web.printing import prepared, print_file

from .blueprint import ApiBlueprint
from .idempotency import unit_of_work
from .schemas import Paging, choice, created, listed, moment, page_answer, shown, words

blueprint = ApiBlueprint("api_printing", __name__, url_prefix="/api/v1", description="Labels that are printed")
PERMISSIONS = {
    "api_printing.list_jobs": "label.print", "api_printing.create_job": "label.print",
    "api_printing.read_job": "label.print", "api_printing.cancel_job": "label.print",
    "api_printing.read_file": "label.print", "api_printing.list_log": "label.print"}
_LENGTH = validate.Range(0.1, 5000)
_NUMBER = validate.Range(1, 100)


def _millimetres(**options: Any) -> fields.Float:
    return fields.Float(load_default=None, allow_none=True, validate=_LENGTH, **options)


def _offset() -> fields.Float:
    return fields.Float(load_default=0.0, validate=validate.Range(-1000, 1000))


class FactSchema(Schema):
    """One more line of a label."""

    name = choice(FACTS, required=True)
    value = words(200, least=1, required=True)


class ChoiceSchema(Schema):
    """What to print, and how. `sheet` is a PDF of label sheets; lengths in millimetres, null as the label has it.
    `first` to `last` of the serial range, both empty: all of it. `sscc` is for pallets, `cases` how many are on it."""

    template = choice(TEMPLATES, load_default="unit")
    format = choice(FORMATS, load_default="pdf")
    symbols = choice(SYMBOLS, load_default=None, allow_none=True)
    language = choice(LANGUAGES, load_default="both")
    dpi = fields.Integer(load_default=300, strict=True, validate=validate.OneOf(DPI))
    module_mm = _millimetres()
    width_mm = _millimetres()
    height_mm = _millimetres()
    copies = fields.Integer(load_default=1, strict=True, validate=validate.Range(1, MOST_COPIES))
    range_id = words(32, load_default="")
    first = words(20, load_default="")
    last = words(20, load_default="")
    sscc = words(18, load_default="")
    cases = fields.Integer(load_default=None, allow_none=True, strict=True, validate=validate.Range(1, 1_000_000))
    facts = fields.List(fields.Nested(FactSchema), load_default=list, validate=validate.Length(max=len(FACTS)))
    page = choice(PAGES, load_default="a4")
    columns = fields.Integer(load_default=None, allow_none=True, strict=True, validate=_NUMBER)
    rows = fields.Integer(load_default=None, allow_none=True, strict=True, validate=_NUMBER)
    offset_x_mm = _offset()
    offset_y_mm = _offset()
    skip = fields.Integer(load_default=0, strict=True, validate=validate.Range(0, 10_000))
    outlines = fields.Boolean(load_default=False)


class OrderSchema(ChoiceSchema):
    """A print; `reason` is needed where some of the serial numbers were printed before."""

    reason = words(400, load_default="")


class TroubleSchema(Schema):
    """Why a job failed."""

    code = fields.String()
    message = fields.Function(lambda found: found["message"] % params_of(found) if found["params"]
                              else found["message"], metadata={"type": "string"})


class JobSchema(Schema):
    """A file of labels that is made, or was; it and its file are forgotten after seven days."""

    id = fields.String()
    lot_key = fields.String()
    template = fields.String()
    format = fields.String()
    state = choice(FileState)
    total = fields.Integer()
    done = fields.Integer()
    first_serial = fields.String(allow_none=True)
    last_serial = fields.String(allow_none=True)
    reason = fields.String()
    sha256 = fields.String(allow_none=True)
    size_bytes = fields.Integer(allow_none=True)
    trouble = fields.Nested(TroubleSchema, allow_none=True)
    created_at = moment()
    created_by = fields.String()
    started_at = moment(allow_none=True)
    finished_at = moment(allow_none=True)


class PrintSchema(Schema):
    """Labels that were printed; `reason` where serial numbers had been printed before."""

    id = fields.String()
    lot_key = fields.String()
    template = fields.String()
    format = fields.String()
    first_serial = fields.String(allow_none=True)
    last_serial = fields.String(allow_none=True)
    labels = fields.Integer()
    copies = fields.Integer()
    reason = fields.String()
    job_id = fields.String(allow_none=True)
    printed_at = moment()
    printed_by = fields.String()


def _refuse_unknown(session: Any, lot_key: str) -> None:
    if session.get(Lot, lot_key) is None:
        raise NotFound("There is no such lot.", place="lot_key")


@blueprint.route("/lots/<lot_key>/print-jobs", methods=["GET"])
@blueprint.arguments(Paging, location="query")
@blueprint.response(200, listed(JobSchema, "PrintJobList"))
def list_jobs(wanted: dict[str, Any], lot_key: str) -> dict[str, Any]:
    """The print jobs of a lot, the newest first"""
    with world().database.read() as session:
        _refuse_unknown(session, lot_key)
        return page_answer(job_page(session, lot_key, wanted["after"], wanted["limit"]))


@blueprint.route("/lots/<lot_key>/print-jobs", methods=["POST"])
@blueprint.arguments(OrderSchema)
@blueprint.alt_response(201, schema=JobSchema)
def create_job(given: dict[str, Any], lot_key: str) -> Response:
    """Print labels of a lot: a small print is done at once, a large one goes on in the background"""
    reason = given.pop("reason")
    facts = tuple((fact["name"], fact["value"]) for fact in given.pop("facts"))
    with prepared(lot_key, PrintChoice(**given, facts=facts), reason) as ready, unit_of_work() as session:
        job = ready.order(session)
        return created(JobSchema(), job, "api_printing.read_job", lot_key=lot_key, job_id=job.id)


@blueprint.route("/lots/<lot_key>/print-jobs/<job_id>", methods=["GET"])
@blueprint.alt_response(200, schema=JobSchema)
def read_job(lot_key: str, job_id: str) -> Response:
    """One print job: its state, and how far it is"""
    with world().database.read() as session:
        return shown(JobSchema(), job_by_id(session, lot_key, job_id))


@blueprint.route("/lots/<lot_key>/print-jobs/<job_id>/cancel", methods=["POST"])
@blueprint.alt_response(200, schema=JobSchema)
def cancel_job(lot_key: str, job_id: str) -> Response:
    """End a print job that is not done"""
    here = world()
    with unit_of_work() as session:
        job = cancel_print(session, signed_in(), here.clock, job_by_id(session, lot_key, job_id, is_locked=True))
        return shown(JobSchema(), job)


@blueprint.route("/lots/<lot_key>/print-jobs/<job_id>/file", methods=["GET"])
@blueprint.alt_response(200, schema={"type": "string", "format": "binary"}, content_type="*/*")
def read_file(lot_key: str, job_id: str) -> AnyResponse:
    """The file of a print job that is done"""
    return print_file(lot_key, job_id)


@blueprint.route("/lots/<lot_key>/print-log", methods=["GET"])
@blueprint.arguments(Paging, location="query")
@blueprint.response(200, listed(PrintSchema, "PrintLog"))
def list_log(wanted: dict[str, Any], lot_key: str) -> dict[str, Any]:
    """What was printed of a lot, by whom and when, the newest first"""
    with world().database.read() as session:
        _refuse_unknown(session, lot_key)
        return page_answer(log_page(session, lot_key, wanted["after"], wanted["limit"]))
