"""The books of a recall by API: what came back, what becomes of it, whether every unit has its place."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any, BinaryIO, cast

from flask import Response, jsonify
from marshmallow import Schema, fields, validate
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage

from traceapp.attachment.model import Attachment
from traceapp.attachment.service import ready_file
from traceapp.core.quantity import plain
from traceapp.export.trace import plain_value
from traceapp.identity.attempts import limit_signature
from traceapp.recall import disposing, proofs, reconciling, returning
from traceapp.recall.book_model import DispositionKind, RecallDisposition
from traceapp.web.context import signed_in, world

from .blueprint import ApiBlueprint
from .files import FileSchema, UploadSchema
from .idempotency import unit_of_work
from .recalls import known_recall
from .schemas import Amount, AsWritten, Reason, choice, moment, words

blueprint = ApiBlueprint("api_recall_books", __name__, url_prefix="/api/v1", description="Books of recalls")
PERMISSIONS = {f"api_recall_books.{name}": "recall.write" for name in (
    "read_balance", "explain", "read_returns", "read_dispositions", "propose", "propose_all", "withdraw",
    "prove_destruction", "prove_disposition")} | {
        "api_recall_books.take_back": "trace.record", "api_recall_books.confirm": "recall.approve"}


class TakeBackSchema(Schema):
    """Units that were counted at the gate; `code` is what was scanned, or a lot number."""

    consignee_id = words(32, required=True)
    code = words(500, least=1, required=True)
    units = Amount(positive=True, required=True)
    document_number = words(80, load_default="")
    note = words(2000, load_default="")
    is_outside = fields.Boolean(load_default=False)


class RecallReturnSchema(Schema):
    """What came back, as it was counted."""

    id = fields.String()
    lot_key = fields.String()
    consignee_id = fields.String()
    units = Amount()
    is_in_scope = fields.Boolean()
    document_number = fields.String()
    note = fields.String()
    sscc = fields.String()
    event_id = fields.String()
    counted_at = moment()
    counted_by = fields.String()


class DifferenceSchema(Schema):
    """Why the units of a lot do not add up."""

    lot_key = words(32, required=True)
    difference = Amount(required=True)
    reason = words(2000, least=1, required=True)


class ProposalSchema(Schema):
    """What becomes of units in our hands, with the signer's password; `of_kept`: of such as were kept."""

    lot_key = words(32, required=True)
    kind = choice(DispositionKind, required=True)
    units = Amount(positive=True, required=True)
    reason = words(2000, least=1, required=True)
    password = words(1000, least=1, required=True)
    partner_id = words(32, load_default=None, allow_none=True)
    new_number = words(80, load_default="")
    certificate = words(200, load_default="")
    of_kept = fields.Boolean(load_default=False)


class WholeProposalSchema(Schema):
    """What becomes of all that is undecided, or with `of_kept` of all that was kept, with the signer's password."""

    kind = fields.String(required=True, validate=validate.OneOf(("keep", "destroy")))
    reason = words(2000, least=1, required=True)
    password = words(1000, least=1, required=True)
    certificate = words(200, load_default="")
    of_kept = fields.Boolean(load_default=False)


class ConfirmationSchema(Schema):
    """The second signer's password; a destruction needs its certificate."""

    password = words(1000, least=1, required=True)
    certificate = words(200, load_default="")


class DispositionSchema(Schema):
    """What was decided, or proposed."""

    id = fields.String()
    lot_key = fields.String()
    kind = fields.String()
    units = Amount()
    of_kept = fields.Boolean()
    reason = fields.String()
    partner_id = fields.String()
    new_number = fields.String()
    certificate = fields.String()
    state = fields.String()
    content_hash = fields.String()
    proposed_at = moment()
    proposed_by = fields.String()
    decided_at = moment()
    decided_by = fields.String()


@blueprint.route("/recalls/<recall_id>/balance", methods=["GET"])
@blueprint.alt_response(200, schema=AsWritten)
def read_balance(recall_id: str) -> Response:
    """Every lot: what was made, where all of it is, what nobody can place"""
    with world().database.read() as session:
        known_recall(session, recall_id)
        return jsonify({"lots": [plain_value(one) | {
            "placed": plain(one.placed), "difference": plain(one.difference), "is_explained": one.is_explained}
            for one in reconciling.balances_of(session, recall_id)]})


@blueprint.route("/recalls/<recall_id>/differences", methods=["POST"])
@blueprint.arguments(DifferenceSchema)
@blueprint.alt_response(201, schema=AsWritten)
def explain(given: dict[str, Any], recall_id: str) -> tuple[Response, int]:
    """Say why the units of a lot do not add up"""
    with unit_of_work() as session:
        row = reconciling.explain_difference(session, signed_in(), world().clock, reconciling.ExplainDifference(
            recall_id, **given))
        return jsonify({"lot_key": row.lot_key, "difference": plain(row.difference), "reason": row.reason}), 201


@blueprint.route("/recalls/<recall_id>/returns", methods=["GET"])
@blueprint.response(200, RecallReturnSchema(many=True))
def read_returns(recall_id: str) -> object:
    """What was counted at the gate, the latest two hundred"""
    with world().database.read() as session:
        known_recall(session, recall_id)
        return returning.returns_of(session, recall_id)


@blueprint.route("/recalls/<recall_id>/returns", methods=["POST"])
@blueprint.arguments(TakeBackSchema)
@blueprint.response(201, RecallReturnSchema)
def take_back(given: dict[str, Any], recall_id: str) -> object:
    """Take units into stopped stock that a consignee sent back"""
    with unit_of_work() as session:
        return returning.take_back(session, signed_in(), world().clock, returning.TakeBack(recall_id, **given))


@blueprint.route("/recalls/<recall_id>/dispositions", methods=["GET"])
@blueprint.response(200, DispositionSchema(many=True))
def read_dispositions(recall_id: str) -> object:
    """What becomes of units in our hands"""
    with world().database.read() as session:
        known_recall(session, recall_id)
        return disposing.dispositions_of(session, recall_id)


@blueprint.route("/recalls/<recall_id>/dispositions", methods=["POST"])
@blueprint.arguments(ProposalSchema)
@blueprint.alt_response(201, schema=DispositionSchema)
def propose(given: dict[str, Any], recall_id: str) -> tuple[Response, int]:
    """Decide what becomes of units, signed; destruction and release wait for a second signature"""
    return _signed(lambda session: disposing.propose_disposition(
        session, signed_in(), world().clock, disposing.ProposeDisposition(recall_id, **given))), 201


@blueprint.route("/recalls/<recall_id>/undecided/disposition", methods=["POST"])
@blueprint.arguments(WholeProposalSchema)
@blueprint.alt_response(201, schema=DispositionSchema(many=True))
def propose_all(given: dict[str, Any], recall_id: str) -> tuple[Response, int]:
    """Decide about all that is in our hands and undecided, with one signature"""
    return _signed(lambda session: disposing.dispose_of_all(
        session, signed_in(), world().clock, disposing.DisposeOfAll(recall_id, **given))), 201


@blueprint.route("/recalls/<recall_id>/dispositions/<disposition_id>/confirmation", methods=["POST"])
@blueprint.arguments(ConfirmationSchema)
@blueprint.alt_response(200, schema=DispositionSchema)
def confirm(given: dict[str, Any], recall_id: str, disposition_id: str) -> Response:
    """Sign as the second person all that the first signature covered; then it is done"""
    return _signed(lambda session: disposing.confirm_disposition(
        session, signed_in(), world().clock, disposing.ConfirmDisposition(recall_id, disposition_id, **given)))


@blueprint.route("/recalls/<recall_id>/dispositions/<disposition_id>/withdrawal", methods=["POST"])
@blueprint.arguments(Reason)
@blueprint.response(200, DispositionSchema)
def withdraw(given: dict[str, Any], recall_id: str, disposition_id: str) -> object:
    """Take back what only one person signed"""
    with unit_of_work() as session:
        return disposing.withdraw_disposition(session, signed_in(), world().clock, disposing.WithdrawDisposition(
            recall_id, disposition_id, given["reason"]))


@blueprint.route("/recalls/<recall_id>/dispositions/<disposition_id>/files", methods=["POST"])
@blueprint.arguments(UploadSchema, location="multipart")
@blueprint.response(201, FileSchema)
def prove_disposition(given: dict[str, Any], recall_id: str, disposition_id: str) -> object:
    """Keep a photo or certificate with what was decided"""
    return keep_file_sent(proofs.prove_disposition, (recall_id, disposition_id), given["file"])


@blueprint.route("/recalls/<recall_id>/consignees/<consignee_id>/files", methods=["POST"])
@blueprint.arguments(UploadSchema, location="multipart")
@blueprint.response(201, FileSchema)
def prove_destruction(given: dict[str, Any], recall_id: str, consignee_id: str) -> object:
    """Keep a photo or certificate of a consignee's destruction that came another way than by its link"""
    return keep_file_sent(proofs.prove_destruction, (recall_id, consignee_id), given["file"])


def keep_file_sent(act: Callable[..., Attachment], about: tuple[str, str], file: FileStorage) -> Attachment:
    """Keep a file that was sent with what it is about."""
    here = world()
    ready = ready_file(cast(BinaryIO, file.stream), store=here.files)  # takes its time: before the unit of work
    with unit_of_work() as session:
        return act(session, signed_in(), here.clock, proofs.ProveDestruction(*about, file.filename or "", ready),
                   store=here.files)


def _signed(act: Callable[[Session], RecallDisposition | list[RecallDisposition]]) -> Response:
    """Run an act that somebody signs; the try is counted whatever comes of it."""
    here = world()
    with here.database.write() as session:
        limit_signature(session, here.clock, signed_in())
    with unit_of_work() as session:
        done = act(session)
        return jsonify(DispositionSchema(many=isinstance(done, list)).dump(done))
