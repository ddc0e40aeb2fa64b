"""Files for authorities of a recall by API: what is due and missing, making, noting what happened, and all of a recall
as one archive."""
from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import Schema, fields, validate

from traceapp.export.recall_files.dossier import RecallDossier
from traceapp.export.recall_files.fields import (
    missing_fields,
    said,
    untranslated_fields,
    writable_fields,
    writable_keys,
)
from traceapp.making.states import FileState
from traceapp.submission.recall_file_jobs import PACKAGE, file_job, file_jobs, order_file
from traceapp.submission.recall_file_model import RecallFileStep
from traceapp.submission.recall_file_queries import FileRow
from traceapp.submission.recall_file_states import FileStep
from traceapp.submission.recall_files import NoteStep, WriteText, kind_of, note_step, write_texts
from traceapp.web.context import signed_in, world
from traceapp.web.recall_files import files_and_drafts, number_of, send_archive, send_copy, send_proof

from .blueprint import ApiBlueprint
from .idempotency import unit_of_work
from .schemas import FilePart, choice, created, moment, shown, words

blueprint = ApiBlueprint("api_recall_files", __name__, url_prefix="/api/v1", description="Recalls")
PERMISSIONS = {f"api_recall_files.{name}": "recall.write" for name in (
    "list_files", "read_fields", "make", "write", "note", "read_copy", "read_proof", "make_package", "list_jobs",
    "read_job", "read_package")}


class RecallFileCopySchema(Schema):
    """One form of a version; its content is at `…/{version}/copies/{name}`."""

    name = fields.String()
    form = fields.String()
    language = fields.String()
    media_type = fields.String()
    sha256 = fields.String()
    size_bytes = fields.Integer()


class RecallFileStepSchema(Schema):
    """What happened to a version outside the house."""

    position = fields.Integer()
    step = choice(FileStep)
    at = moment()
    noted_at = moment()
    by = fields.String()
    authority = fields.String()
    channel = fields.String()
    number = fields.String()
    note = fields.String()
    proof_name = fields.String()
    proof_sha256 = fields.String()


class RecallFileVersionSchema(Schema):
    """One version as it was made. `missing`: keys of required fields without content."""

    kind = fields.String(attribute="file.kind")
    version = fields.Integer(attribute="file.version")
    made_at = moment(attribute="file.made_at")
    made_by = fields.String(attribute="file.made_by")
    missing = fields.List(fields.String(), attribute="file.missing")
    scope_hash = fields.String(attribute="file.scope_hash")
    state = fields.String()
    copies = fields.List(fields.Nested(RecallFileCopySchema))
    steps = fields.List(fields.Nested(RecallFileStepSchema))


class RecallFileJobSchema(Schema):
    """A file or an archive (`package`) that is made in the background; `trouble` says why it failed. `total` and `done`
    count lines of the ledger; `version` is the one that came of it, `sha256` and `size_bytes` those of the archive."""

    id = fields.String()
    kind = fields.String()
    state = choice(FileState)
    total = fields.Integer()
    done = fields.Integer()
    version = fields.Integer(allow_none=True)
    sha256 = fields.String(allow_none=True)
    size_bytes = fields.Integer(allow_none=True)
    trouble = fields.Dict(allow_none=True)
    created_at = moment()
    finished_at = moment(allow_none=True)


class RecallFileRowSchema(Schema):
    """A kind of file. `missing`: keys of required fields without content, were it made now, `untranslated` of those
    that would hold another language than the file; `due_at`: of the clock that runs, None where none does."""

    kind = fields.String()
    title = fields.Dict(keys=fields.String(), values=fields.String())
    jurisdiction = fields.String()
    source = fields.String()
    languages = fields.List(fields.String())
    state = fields.String()
    due_at = moment(allow_none=True)
    rule_id = fields.String(allow_none=True)
    missing = fields.List(fields.String())
    untranslated = fields.List(fields.String())
    versions = fields.List(fields.Nested(RecallFileVersionSchema))


class RecallFileFieldSchema(Schema):
    """A field as it would be filled now, by language; None where nothing stands. `unverified`: the place in the law
    more closely than it is printed, where its number was not seen in the law; for the house alone."""

    key = fields.String()
    number = fields.String()
    source = fields.String()
    unverified = fields.String()
    origin = fields.String()
    title = fields.Dict(keys=fields.String(), values=fields.String())
    is_required = fields.Boolean()
    is_missing = fields.Boolean()
    is_writable = fields.Boolean()
    keys = fields.List(fields.String())
    value = fields.Dict(keys=fields.String(), values=fields.String(allow_none=True))


class RecallFileTextsSchema(Schema):
    """What is written for fields that the case does not hold, by key; of a file in two languages `key.en` and `key.zh`
    (see `keys` of a field), or `key` for both. Empty takes it away."""

    texts = fields.Dict(keys=words(40), values=words(8000), required=True, validate=validate.Length(min=1, max=60))


class NoteRecallFileSchema(Schema):
    """What happened. `sent` needs authority, channel and proof; `confirmed` the authority's number, and ends the legal
    clock; `refused` a note."""

    step = choice(FileStep, required=True)
    at = moment(required=True)
    authority = words(200, load_default="")
    channel = words(80, load_default="")
    number = words(120, load_default="")
    note = words(2000, load_default="")
    proof = FilePart(load_default=None)


_FORMS = ("application/vnd.openxmlformats-officedocument.wordprocessingml.document",
          "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "application/pdf", "application/json")


def _described(view: Any) -> Any:
    """The forms of a file in the description."""
    for kind in _FORMS:
        view = blueprint.alt_response(200, content_type=kind, schema={"type": "string", "format": "binary"})(view)
    return view


def _row(row: FileRow, draft: RecallDossier) -> dict[str, Any]:
    kind, due = row.kind, row.due
    return {"kind": kind.name, "title": {"zh": kind.zh, "en": kind.en}, "jurisdiction": kind.jurisdiction,
            "source": kind.source, "languages": kind.languages, "state": row.state,
            "due_at": due.due_at if due else None, "rule_id": due.rule_id if due else None,
            "missing": [one.key for one in missing_fields(kind, draft)],
            "untranslated": [one.key for one in untranslated_fields(kind, draft)], "versions": row.versions}


@blueprint.route("/recalls/<recall_id>/files", methods=["GET"])
@blueprint.response(200, RecallFileRowSchema(many=True))
def list_files(recall_id: str) -> object:
    """Files that authorities get of a recall: due dates, what is missing, versions with what happened to them"""
    with world().database.read() as session:
        _recall, rows, drafts = files_and_drafts(session, world().clock, recall_id)
    return [_row(row, drafts[row.kind.name]) for row in rows]


@blueprint.route("/recalls/<recall_id>/files/<file_kind>/fields", methods=["GET"])
@blueprint.response(200, RecallFileFieldSchema(many=True))
def read_fields(recall_id: str, file_kind: str) -> object:
    """Every field of a file as it would be filled now, with its source"""
    wanted = kind_of(file_kind)
    with world().database.read() as session:
        _recall, _rows, drafts = files_and_drafts(session, world().clock, recall_id)
    draft = drafts[file_kind]
    missing, writable = missing_fields(wanted, draft), writable_fields(wanted, draft)
    keys = writable_keys(wanted, draft)
    return [{"key": one.key, "number": one.number, "source": one.source, "unverified": one.unverified,
             "origin": str(one.origin),
             "title": {"zh": one.zh, "en": one.en}, "is_required": one.is_required, "is_missing": one in missing,
             "is_writable": one in writable, "keys": [key for key, (field, _code) in keys.items() if field is one],
             "value": {language: said(one, draft, language) or None for language in wanted.languages}}
            for one in wanted.fields]


@blueprint.route("/recalls/<recall_id>/files/<file_kind>", methods=["POST"])
@blueprint.alt_response(201, schema=RecallFileJobSchema)
def make(recall_id: str, file_kind: str) -> Response:
    """Have the next version of a file made in the background, in every form"""
    return _ordered(recall_id, kind_of(file_kind).name)


@blueprint.route("/recalls/<recall_id>/package", methods=["POST"])
@blueprint.alt_response(201, schema=RecallFileJobSchema)
def make_package(recall_id: str) -> Response:
    """Have all of a recall made into one archive in the background; it is kept a week"""
    return _ordered(recall_id, PACKAGE)


def _ordered(recall_id: str, kind: str) -> Response:
    with unit_of_work() as session:
        job = order_file(session, signed_in(), world().clock, recall_id, kind)
        return created(RecallFileJobSchema(), job, "api_recall_files.read_job", recall_id=recall_id, made_id=job.id)


@blueprint.route("/recalls/<recall_id>/file-jobs", methods=["GET"])
@blueprint.response(200, RecallFileJobSchema(many=True))
def list_jobs(recall_id: str) -> object:
    """What was ordered to be made of a recall within a week, the newest first"""
    with world().database.read() as session:
        return file_jobs(session, recall_id)


@blueprint.route("/recalls/<recall_id>/file-jobs/<made_id>", methods=["GET"])
@blueprint.alt_response(200, schema=RecallFileJobSchema)
def read_job(recall_id: str, made_id: str) -> Response:
    """One of them: its state, and how far it is"""
    with world().database.read() as session:
        return shown(RecallFileJobSchema(), file_job(session, recall_id, made_id))


@blueprint.route("/recalls/<recall_id>/files/<file_kind>/texts", methods=["PUT"])
@blueprint.arguments(RecallFileTextsSchema)
@blueprint.response(204)
def write(given: dict[str, Any], recall_id: str, file_kind: str) -> None:
    """Write fields that the case does not hold"""
    with unit_of_work() as session:
        write_texts(session, signed_in(), world().clock, WriteText(recall_id, file_kind, given["texts"]))


@blueprint.route("/recalls/<recall_id>/files/<file_kind>/<file_version>/steps", methods=["POST"])
@blueprint.arguments(NoteRecallFileSchema, location="multipart")
@blueprint.alt_response(201, schema=RecallFileStepSchema)
def note(given: dict[str, Any], recall_id: str, file_kind: str, file_version: str) -> Response:
    """Note that a version was sent, confirmed or refused"""
    here, proof = world(), given.pop("proof")
    kept = (proof.filename or "proof", here.files.read_all(proof.stream, "proof")) if proof else None
    with unit_of_work() as session:
        row: RecallFileStep = note_step(session, signed_in(), here.clock, NoteStep(
            recall_id, file_kind, number_of(file_version), proof=kept, **given), store=here.files)
        return created(RecallFileStepSchema(), row, "api_recall_files.list_files", recall_id=recall_id)


@blueprint.route("/recalls/<recall_id>/files/<file_kind>/<file_version>/copies/<copy_name>", methods=["GET"])
@_described
def read_copy(recall_id: str, file_kind: str, file_version: str, copy_name: str) -> Response:
    """One form of a version"""
    return send_copy(recall_id, file_kind, file_version, copy_name)


@blueprint.route("/recalls/<recall_id>/files/<file_kind>/<file_version>/proofs/<step_number>", methods=["GET"])
@blueprint.alt_response(200, content_type="application/octet-stream", schema={"type": "string", "format": "binary"})
def read_proof(recall_id: str, file_kind: str, file_version: str, step_number: str) -> Response:
    """The proof of a step"""
    return send_proof(recall_id, file_kind, file_version, step_number)


@blueprint.route("/recalls/<recall_id>/file-jobs/<made_id>/file", methods=["GET"])
@blueprint.alt_response(200, content_type="application/zip", schema={"type": "string", "format": "binary"})
def read_package(recall_id: str, made_id: str) -> Response:
    """The archive that was made, with the SHA-256 of each file in it"""
    return send_archive(recall_id, made_id)
