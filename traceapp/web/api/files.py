"""Files that hang on lots, inspections and complaints, and labels to print, by API."""
from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import Schema, fields

from labels import TEMPLATES
from traceapp.attachment.service import NewFile, add_file, attachments_of, ready_file
from traceapp.code.print_choice import PrintChoice
from traceapp.complaint.intake import about as about_complaint
from traceapp.complaint.queries import complaint_by_id
from traceapp.core.errors import NotFound
from traceapp.trace.files import AttachFile, about_inspection, about_lot, attach_file
from traceapp.trace.lookup import lots_by_key
from traceapp.trace.model import Inspection
from traceapp.web.context import signed_in, world
from traceapp.web.files import attached_file
from traceapp.web.label_files import label_image, printable, qr_image

from .blueprint import ApiBlueprint
from .idempotency import unit_of_work
from .schemas import FilePart, choice, moment

blueprint = ApiBlueprint("api_files", __name__, url_prefix="/api/v1", description="Files and labels")
PERMISSIONS = {
    "api_files.read_file": "signed_in",  # what it hangs on decides
    "api_files.list_lot_files": "trace.read", "api_files.add_lot_file": "trace.record",
    "api_files.list_inspection_files": "trace.read", "api_files.add_inspection_file": "trace.record",
    "api_files.list_complaint_files": "complaint.read", "api_files.add_complaint_file": "complaint.write",
    "api_files.read_code": "label.print", "api_files.read_label": "label.print",
    "api_files.read_label_text": "label.print",
}


class FileSchema(Schema):
    """A file that hangs on something; its content is at `/files/{id}`."""

    id = fields.String()
    name = fields.String()
    sha256 = fields.String()
    is_public = fields.Boolean()
    added_at = moment()
    added_by = fields.String()


class UploadSchema(Schema):
    """A picture (PNG, JPEG, WebP) or PDF. Pictures are drawn anew, without what the camera wrote into them."""

    file = FilePart(required=True)


class PublicUploadSchema(UploadSchema):
    """The same; what is `is_public` whoever scans the code may read."""

    is_public = fields.Boolean(load_default=False)


class LabelLineSchema(Schema):
    """A line of a label, with what stands before it."""

    caption = fields.String()
    text = fields.String()


class LabelTextSchema(Schema):
    """What the code of a lot holds, and the lines beside it."""

    text = fields.String()
    lines = fields.List(fields.Nested(LabelLineSchema))


class LabelQuery(Schema):
    """Which kind of label; of a lot that is recalled, rejected or on hold only those that say so, and samples."""

    template = choice([name for name in TEMPLATES if name != "pallet"], load_default="unit")


def _refuse_unknown_lot(session: Any, lot_key: str) -> None:
    if lot_key not in lots_by_key(session, [lot_key]):
        raise NotFound("There is no such lot.", place="lot_key")


def _refuse_unknown_inspection(session: Any, lot_key: str, inspection_id: str) -> None:
    if session.get(Inspection, (lot_key, inspection_id)) is None:
        raise NotFound("There is no such inspection of this lot.", code="no-inspection", place="inspection_id")


def _refuse_unknown_complaint(session: Any, complaint_id: str) -> None:
    if complaint_by_id(session, complaint_id) is None:
        raise NotFound("There is no such complaint.", place="complaint_id")


@blueprint.route("/files/<attachment_id>", methods=["GET"])
@blueprint.alt_response(200, content_type="application/pdf", schema={"type": "string", "format": "binary"})
@blueprint.alt_response(200, content_type="image/*", schema={"type": "string", "format": "binary"})
def read_file(attachment_id: str) -> Response:
    """The content of a file, for whoever may read what it hangs on"""
    return attached_file(attachment_id)


@blueprint.route("/lots/<lot_key>/files", methods=["GET"])
@blueprint.response(200, FileSchema(many=True))
def list_lot_files(lot_key: str) -> object:
    """The files of a lot, oldest first"""
    with world().database.read() as session:
        _refuse_unknown_lot(session, lot_key)
        return list(attachments_of(session, about_lot(lot_key)))


@blueprint.route("/lots/<lot_key>/files", methods=["POST"])
@blueprint.arguments(PublicUploadSchema, location="multipart")
@blueprint.response(201, FileSchema)
def add_lot_file(given: dict[str, Any], lot_key: str) -> object:
    """Hang a certificate or another file on a lot"""
    return _attached(lot_key, given, None)


@blueprint.route("/lots/<lot_key>/inspections/<inspection_id>/files", methods=["GET"])
@blueprint.response(200, FileSchema(many=True))
def list_inspection_files(lot_key: str, inspection_id: str) -> object:
    """The files of an inspection, oldest first"""
    with world().database.read() as session:
        _refuse_unknown_inspection(session, lot_key, inspection_id)
        return list(attachments_of(session, about_inspection(inspection_id)))


@blueprint.route("/lots/<lot_key>/inspections/<inspection_id>/files", methods=["POST"])
@blueprint.arguments(PublicUploadSchema, location="multipart")
@blueprint.response(201, FileSchema)
def add_inspection_file(given: dict[str, Any], lot_key: str, inspection_id: str) -> object:
    """Hang the report on an inspection"""
    return _attached(lot_key, given, inspection_id)


def _attached(lot_key: str, given: dict[str, Any], inspection_id: str | None) -> object:
    here = world()
    ready = ready_file(given["file"].stream, store=here.files)  # takes its time: before the unit of work
    with unit_of_work() as session:
        return attach_file(session, signed_in(), here.clock, AttachFile(
            lot_key, given["file"].filename or "", ready, inspection_id, given["is_public"]), store=here.files)


@blueprint.route("/complaints/<complaint_id>/files", methods=["GET"])
@blueprint.response(200, FileSchema(many=True))
def list_complaint_files(complaint_id: str) -> object:
    """The photos and documents of a complaint, oldest first"""
    with world().database.read() as session:
        _refuse_unknown_complaint(session, complaint_id)
        return list(attachments_of(session, about_complaint(complaint_id)))


@blueprint.route("/complaints/<complaint_id>/files", methods=["POST"])
@blueprint.arguments(UploadSchema, location="multipart")
@blueprint.response(201, FileSchema)
def add_complaint_file(given: dict[str, Any], complaint_id: str) -> object:
    """Add a photo or a document to a complaint"""
    here = world()
    ready = ready_file(given["file"].stream, store=here.files)
    with unit_of_work() as session:
        _refuse_unknown_complaint(session, complaint_id)
        return add_file(session, signed_in(), here.clock, NewFile(
            about_complaint(complaint_id), given["file"].filename or "", ready), store=here.files)


@blueprint.route("/lots/<lot_key>/label", methods=["GET"])
@blueprint.response(200, LabelTextSchema)
def read_label_text(lot_key: str) -> object:
    """What the label of one of our lots says"""
    return printable(lot_key)[1]


@blueprint.route("/lots/<lot_key>/qr.<form>", methods=["GET"])
@blueprint.alt_response(200, content_type="image/png", schema={"type": "string", "format": "binary"})
@blueprint.alt_response(200, content_type="image/svg+xml", schema={"type": "string"})
def read_code(lot_key: str, form: str) -> Response:
    """The bare QR code of a lot as `png` or `svg`"""
    return qr_image(lot_key, form)


@blueprint.route("/lots/<lot_key>/label.<form>", methods=["GET"])
@blueprint.arguments(LabelQuery, location="query")
@blueprint.alt_response(200, content_type="image/png", schema={"type": "string", "format": "binary"})
@blueprint.alt_response(200, content_type="image/svg+xml", schema={"type": "string"})
def read_label(wanted: dict[str, Any], lot_key: str, form: str) -> Response:
    """One label as it prints, as `png` or `svg`"""
    return label_image(lot_key, form, PrintChoice(**wanted))
