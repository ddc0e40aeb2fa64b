"""Imports of tables, by API: upload, name the columns, look, take in, follow, and what was wrong."""
from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import Schema, fields, validate
from werkzeug.wrappers import Response as AnyResponse

from traceapp.importing.handing_out import named_column
from traceapp.importing.kinds import KINDS
from traceapp.importing.model import ImportFault, ImportJob
from traceapp.importing.orders import (
    MapColumns,
    cancel_import,
    faults_of,
    import_by_id,
    import_page,
    map_columns,
    order_check,
    order_run,
    pause_import,
    resume_import,
)
from traceapp.importing.states import ImportState
from traceapp.web.context import signed_in, world
from traceapp.web.importing import begun, fault_text, faults_file, stored_table, template_file, trouble_text

from .blueprint import ApiBlueprint
from .idempotency import unit_of_work
from .schemas import FilePart, Paging, choice, created, listed, moment, page_answer, shown, words

blueprint = ApiBlueprint("api_imports", __name__, url_prefix="/api/v1", description="Tables that are imported")
PERMISSIONS = {f"api_imports.{name}": "import.run" for name in (
    "list_kinds", "read_template", "list_imports", "upload", "read_import", "name_columns", "check", "run", "pause",
    "resume", "cancel", "list_faults", "read_faults")}
_FORMS = ("csv", "xlsx")


class FieldSchema(Schema):
    """A field that a column can be named for; `titles` are recognised by themselves."""

    name = fields.String()
    zh = fields.String()
    en = fields.String()
    titles = fields.List(fields.String())
    is_required = fields.Boolean()
    example = fields.String()


class KindSchema(Schema):
    """A kind of table; `can_change`: what is there already may be brought up to it."""

    name = fields.String()
    permission = fields.String()
    can_change = fields.Boolean()
    fields_ = fields.List(fields.Nested(FieldSchema), data_key="fields", attribute="fields")


class FormQuery(Schema):
    """Which kind of file."""

    format = choice(_FORMS, load_default="csv")


class TableUploadSchema(Schema):
    """A table as CSV or XLSX; `zone` is that of times that do not say theirs."""

    kind = choice(tuple(KINDS), required=True)
    file = FilePart(required=True)
    zone = words(60, load_default="Asia/Shanghai")


class ColumnsSchema(Schema):
    """Field -> place of its column, counted from 0. `may_change`: what is there already is brought up to the table."""

    mapping = fields.Dict(keys=words(40), values=fields.Integer(strict=True, validate=validate.Range(0, 99)),
                          required=True, validate=validate.Length(max=100))
    zone = words(60, load_default="Asia/Shanghai")
    may_change = fields.Boolean(load_default=False)


class RunSchema(Schema):
    """`skips_faulty`: rows that cannot be taken in are left out; else nothing is stored when there are any."""

    skips_faulty = fields.Boolean(load_default=False)


class ResumeSchema(Schema):
    """`skips_faulty`: from here on; null: as before."""

    skips_faulty = fields.Boolean(load_default=None, allow_none=True)


class CountsSchema(Schema):
    """Rows by what came of them; `already`: there with the same content."""

    stored = fields.Integer()
    already = fields.Integer()
    changed = fields.Integer()
    refused = fields.Integer()


class FailureSchema(Schema):
    """Why the work could not go on."""

    code = fields.String()
    message = fields.Function(trouble_text, metadata={"type": "string"})


class ImportSchema(Schema):
    """An import. `counts` are of the work that goes on or is done, `checked` of the look before; `at_row` is the last
    row that was dealt with, `rows` how many there are, once the table was looked at."""

    id = fields.String()
    kind = fields.String()
    name = fields.String()
    sha256 = fields.String()
    size_bytes = fields.Integer()
    state = choice(ImportState)
    head_row = fields.Integer()
    head = fields.List(fields.String())
    mapping = fields.Dict(keys=fields.String(), values=fields.Integer())
    zone = fields.String()
    may_change = fields.Boolean()
    skips_faulty = fields.Boolean()
    rows = fields.Integer(allow_none=True)
    at_row = fields.Integer()
    read_bytes = fields.Integer()
    counts = fields.Function(lambda job: {name: getattr(job, name) for name in CountsSchema().fields},
                             metadata={"type": "object", "additionalProperties": {"type": "integer"}})
    checked = fields.Nested(CountsSchema, allow_none=True)
    trouble = fields.Nested(FailureSchema, allow_none=True)
    created_at = moment()
    created_by = fields.String()
    started_at = moment(allow_none=True)
    finished_at = moment(allow_none=True)


class FaultQuery(Schema):
    """From the fault after this number on."""

    after = fields.Integer(load_default=0, strict=False, validate=validate.Range(0, 1_000_000))
    limit = fields.Integer(load_default=100, validate=validate.Range(1, 1000))


class FaultSchema(Schema):
    """What is wrong with a cell, or, without a column, with a row; rows and columns as a spreadsheet counts them."""

    number = fields.Integer()
    row = fields.Integer()
    field = fields.String()
    column = fields.String()
    value = fields.String()
    code = fields.String()
    text = fields.String()


class FaultsSchema(Schema):
    """A page of faults; `next`: the number to go on after, null at the end."""

    rows = fields.List(fields.Nested(FaultSchema))
    next = fields.Integer(allow_none=True)


@blueprint.route("/import-kinds", methods=["GET"])
@blueprint.response(200, KindSchema(many=True))
def list_kinds() -> list[Any]:
    """The kinds of tables that can be imported, with their fields"""
    return list(KINDS.values())


@blueprint.route("/import-kinds/<kind>/template", methods=["GET"])
@blueprint.arguments(FormQuery, location="query")
@blueprint.alt_response(200, schema={"type": "string", "format": "binary"}, content_type="*/*")
def read_template(wanted: dict[str, Any], kind: str) -> AnyResponse:
    """An empty table to fill in, with one row as an example"""
    return template_file(kind, wanted["format"])


@blueprint.route("/imports", methods=["GET"])
@blueprint.arguments(Paging, location="query")
@blueprint.response(200, listed(ImportSchema, "ImportList"))
def list_imports(wanted: dict[str, Any]) -> dict[str, Any]:
    """The imports, the newest first"""
    with world().database.read() as session:
        return page_answer(import_page(session, wanted["after"], wanted["limit"]))


@blueprint.route("/imports", methods=["POST"])
@blueprint.arguments(TableUploadSchema, location="multipart")
@blueprint.alt_response(201, schema=ImportSchema)
def upload(given: dict[str, Any]) -> Response:
    """Upload a table; its columns are guessed, nothing of it is taken in"""
    with stored_table(given["file"], given["kind"]) as table, unit_of_work() as session:
        job = begun(session, given["kind"], given["file"], table, given["zone"])
        return created(ImportSchema(), job, "api_imports.read_import", import_id=job.id)


@blueprint.route("/imports/<import_id>", methods=["GET"])
@blueprint.alt_response(200, schema=ImportSchema)
def read_import(import_id: str) -> Response:
    """One import: its state, and how far it is"""
    with world().database.read() as session:
        return shown(ImportSchema(), import_by_id(session, import_id))


@blueprint.route("/imports/<import_id>/columns", methods=["PUT"])
@blueprint.arguments(ColumnsSchema)
@blueprint.alt_response(200, schema=ImportSchema)
def name_columns(given: dict[str, Any], import_id: str) -> Response:
    """Say what the columns mean; remembered for tables with the same titles"""
    with unit_of_work() as session:
        return shown(ImportSchema(), map_columns(session, signed_in(), world().clock, MapColumns(import_id, **given)))


@blueprint.route("/imports/<import_id>/check", methods=["POST"])
@blueprint.alt_response(200, schema=ImportSchema)
def check(import_id: str) -> Response:
    """Have the whole table looked at in the background; nothing of it is stored"""
    return _acted(order_check, import_id)


@blueprint.route("/imports/<import_id>/run", methods=["POST"])
@blueprint.arguments(RunSchema)
@blueprint.alt_response(200, schema=ImportSchema)
def run(given: dict[str, Any], import_id: str) -> Response:
    """Have the rows taken in in the background"""
    return _acted(order_run, import_id, **given)


@blueprint.route("/imports/<import_id>/pause", methods=["POST"])
@blueprint.alt_response(200, schema=ImportSchema)
def pause(import_id: str) -> Response:
    """Let it rest; what was taken in stays"""
    return _acted(pause_import, import_id)


@blueprint.route("/imports/<import_id>/resume", methods=["POST"])
@blueprint.arguments(ResumeSchema)
@blueprint.alt_response(200, schema=ImportSchema)
def resume(given: dict[str, Any], import_id: str) -> Response:
    """Let it go on after the last row that was dealt with"""
    return _acted(resume_import, import_id, **given)


@blueprint.route("/imports/<import_id>/cancel", methods=["POST"])
@blueprint.alt_response(200, schema=ImportSchema)
def cancel(import_id: str) -> Response:
    """End it; what was taken in stays"""
    return _acted(cancel_import, import_id)


def _acted(act: Any, import_id: str, **options: Any) -> Response:
    with unit_of_work() as session:
        job: ImportJob = act(session, signed_in(), world().clock, import_id, **options)
        session.flush()
        return shown(ImportSchema(), job)


@blueprint.route("/imports/<import_id>/faults", methods=["GET"])
@blueprint.arguments(FaultQuery, location="query")
@blueprint.response(200, FaultsSchema)
def list_faults(wanted: dict[str, Any], import_id: str) -> dict[str, Any]:
    """What is wrong, in the order of the table; the first ten thousand"""
    with world().database.read() as session:
        job = import_by_id(session, import_id)
        found = faults_of(session, import_id, wanted["after"], wanted["limit"] + 1)
    kept = found[:wanted["limit"]]
    return {"rows": [_told(job, fault) for fault in kept], "next": kept[-1].number if len(found) > len(kept) else None}


def _told(job: ImportJob, fault: ImportFault) -> dict[str, Any]:
    told = {name: getattr(fault, name) for name in ("number", "row", "field", "value", "code")}
    return told | {"column": named_column(job, fault), "text": fault_text(fault)}


@blueprint.route("/imports/<import_id>/faults/file", methods=["GET"])
@blueprint.arguments(FormQuery, location="query")
@blueprint.alt_response(200, schema={"type": "string", "format": "binary"}, content_type="*/*")
def read_faults(wanted: dict[str, Any], import_id: str) -> AnyResponse:
    """The faulty rows as a file, with all their cells"""
    with world().database.read() as session:
        return faults_file(session, import_by_id(session, import_id), wanted["format"])
