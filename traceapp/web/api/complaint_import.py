"""Complaints from a file by API: first a look at what it would do, then taking it in."""
from __future__ import annotations

from typing import Any

from flask_babel import gettext
from marshmallow import Schema, fields

from traceapp.complaint.importing import ImportComplaints, import_complaints, preview_import
from traceapp.web.context import signed_in, world

from .blueprint import ApiBlueprint
from .idempotency import unit_of_work
from .schemas import FilePart, choice, words

blueprint = ApiBlueprint("api_complaint_import", __name__, url_prefix="/api/v1", description="Complaints from a file")
PERMISSIONS = {"api_complaint_import.look": "complaint.write", "api_complaint_import.take": "complaint.write"}


class LookSchema(Schema):
    """A table as CSV or XLSX; `zone` is that of times that do not say theirs."""

    file = FilePart(required=True)
    zone = words(60, load_default="Asia/Shanghai")


class TakeSchema(LookSchema):
    """The table again; `good_rows` leaves out the rows that cannot be read, the other mode then takes nothing."""

    mode = choice(("all_or_nothing", "good_rows"), load_default="all_or_nothing")


class CellFaultSchema(Schema):
    """What is wrong in one cell."""

    row = fields.Integer()
    column = fields.String()
    code = fields.String()
    text = fields.Function(lambda fault: gettext(fault.message) % fault.params if fault.params else gettext(
        fault.message))


class UnclearLotSchema(Schema):
    """A row whose lot is unknown or could be several."""

    row = fields.Function(lambda unclear: unclear[0])
    text = fields.Function(lambda unclear: unclear[1])
    candidates = fields.Function(lambda unclear: list(unclear[2]))


class PreviewSchema(Schema):
    """What taking it in would do. Of faults and unclear lots the first hundred are told, the numbers count all."""

    sha256 = fields.String()
    rows = fields.Integer()
    good_rows = fields.Integer()
    bad_rows = fields.Integer()
    errors = fields.List(fields.Nested(CellFaultSchema))
    lots_bound = fields.Integer()
    lots_unbound = fields.Integer()
    unclear_lots = fields.List(fields.Nested(UnclearLotSchema))
    fields_read = fields.Function(lambda preview: dict(preview.fields))
    is_imported = fields.Boolean()


class ImportedSchema(Schema):
    """What was taken in."""

    id = fields.String()
    rows_taken = fields.Integer()
    rows_refused = fields.Integer()
    errors = fields.List(fields.Nested(CellFaultSchema))


@blueprint.route("/complaint-imports/preview", methods=["POST"])
@blueprint.arguments(LookSchema, location="multipart")
@blueprint.response(200, PreviewSchema)
def look(given: dict[str, Any]) -> object:
    """Say what a file would do; nothing is taken in"""
    here = world()
    with here.database.read() as session:
        return preview_import(session, here.clock, given["file"].stream, given["zone"])


@blueprint.route("/complaint-imports", methods=["POST"])
@blueprint.arguments(TakeSchema, location="multipart")
@blueprint.response(201, ImportedSchema)
def take(given: dict[str, Any]) -> object:
    """Take in the complaints of a file; the same file a second time is refused"""
    here = world()
    with unit_of_work() as session:
        return import_complaints(session, signed_in(), here.clock, given["file"].stream, ImportComplaints(
            given["file"].filename or "", given["mode"], given["zone"]), vault=here.vault)
