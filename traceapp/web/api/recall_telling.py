"""Recalls by API: how people are told: notices before approval, letters on paper, what needs a person, passing on."""
from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask import Response, jsonify
from marshmallow import Schema, fields, validate
from sqlalchemy.orm import Session

from traceapp.core.errors import NotFound
from traceapp.export.trace import plain_value
from traceapp.recall import late_passed, passed_proofs, printing
from traceapp.recall.answer import AnswerLine
from traceapp.recall.bounces import NoteBounce, note_bounce
from traceapp.recall.consumers_again import send_consumers_again
from traceapp.recall.naming import PassOn
from traceapp.recall.notices import notice_for
from traceapp.recall.passed_answer import AnswerPassed, answer_passed_by_staff, passed_by_id
from traceapp.recall.passing_on import pass_on
from traceapp.recall.sending_again import send_passed_again
from traceapp.recall.telling import PassedRow, passed_rows, telling_of
from traceapp.web.context import signed_in, world
from traceapp.web.notice_files import preview_of, send_letters, send_specimen

from .blueprint import ApiBlueprint
from .files import FileSchema, UploadSchema
from .idempotency import unit_of_work
from .recall_books import keep_file_sent
from .recall_ledger import (
    LateCountSchema,
    LateEndSchema,
    LateSchema,
    LettersSchema,
    PassedUnitsSchema,
    ReceiverSchema,
    receivers_of,
)
from .recalls import known_recall
from .schemas import Amount, AsWritten, choice, words

blueprint = ApiBlueprint("api_recall_telling", __name__, url_prefix="/api/v1", description="Telling of recalls")
PERMISSIONS = {f"api_recall_telling.{name}": "recall.write" for name in (
    "read_telling", "read_notice", "notice_file", "letters_file", "post", "name_passed", "read_passed",
    "answer_passed", "note_late_passed", "read_late_passed", "send_passed", "send_consumers", "bounce",
    "prove_passed", "accept_passed_unproved")}


class LettersQuery(Schema):
    """Whose letters."""

    whom = choice(printing.Whom, load_default=printing.Whom.silent)
    consignee = words(32, load_default=None, allow_none=True)
    file = fields.Integer(load_default=1, validate=validate.Range(min=1, max=10_000), metadata={
        "description": "Which file, where the letters are more than 2,000"})


class PostedSchema(Schema):
    """Which letters were posted, and how."""

    whom = choice(printing.Whom, load_default=printing.Whom.silent)
    consignee_id = words(32, load_default=None, allow_none=True)
    note = words(2000, load_default="")


class PostedCountSchema(Schema):
    """How many letters were posted."""

    letters = fields.Integer()


class BounceSchema(Schema):
    """Which message came back, and why."""

    message_id = words(200, least=1, required=True, metadata={
        "description": "Message-ID of the letter, or id of the text message"})
    said = words(500, load_default="")


class BouncedSchema(Schema):
    """Whether something changed."""

    changed = fields.Boolean()


class PassOnSchema(Schema):
    """Who got units from a consignee; with an e-mail address or a mobile number they are told at once."""

    name = words(200, least=1, required=True)
    email = words(254, load_default="")
    phone = words(40, load_default="")
    language = choice(("zh", "en"), load_default="zh")
    units = fields.List(fields.Nested(PassedUnitsSchema), required=True, validate=validate.Length(min=1, max=1000))


class PassedAnswerLineSchema(Schema):
    """What they say of one lot. `sure`: where far more is said than they got, that number of units again."""

    lot_key = words(32, required=True)
    on_hand = Amount(required=True)
    used = Amount(required=True)
    returned = Amount(required=True)
    destroyed = Amount(load_default=Decimal(0))
    corrected = Amount(load_default=Decimal(0))
    sure = Amount(load_default=None, allow_none=True)


class LatePassedSchema(LateEndSchema):
    """What they said after the end, as it was given, and what became of it."""

    answered_by = fields.String()
    lines = fields.Dict(keys=fields.String(), values=fields.Dict(keys=fields.String(), values=fields.String()))
    passed = fields.List(fields.Dict())
    explanation = fields.String()


class PassedAnswerSchema(Schema):
    """Their answer, told to staff."""

    lines = fields.List(fields.Nested(PassedAnswerLineSchema), required=True,
                        validate=validate.Length(min=1, max=1000))
    answered_by = words(200, least=1, required=True)
    explanation = words(2000, load_default="")
    seen = fields.Integer(load_default=None, allow_none=True, strict=True, validate=validate.Range(min=0, max=10**6))
    passed = fields.List(fields.Nested(ReceiverSchema), load_default=(), validate=validate.Length(max=200))


class AcceptPassedSchema(Schema):
    """Why their word is enough for what they destroyed of one lot."""

    lot_key = words(32, required=True)
    reason = words(4000, least=1, required=True)


@blueprint.route("/bounces", methods=["POST"])
@blueprint.arguments(BounceSchema)
@blueprint.response(200, BouncedSchema)
def bounce(given: dict[str, Any]) -> object:
    """Note that a letter or text message of a recall came back after it was taken; `changed` is false when that was
    known"""
    with unit_of_work() as session:
        return {"changed": note_bounce(session, signed_in(), world().clock, NoteBounce(**given))}


@blueprint.route("/recalls/<recall_id>/telling", methods=["GET"])
@blueprint.alt_response(200, schema=AsWritten)
def read_telling(recall_id: str) -> Response:
    """How many messages by each way, consumers told, and what needs a person"""
    with world().database.read() as session:
        known_recall(session, recall_id)
        return jsonify(plain_value(telling_of(session, recall_id)))


@blueprint.route("/recalls/<recall_id>/notice", methods=["GET"])
@blueprint.alt_response(200, schema=AsWritten)
def read_notice(recall_id: str) -> Response:
    """The notices as they will be read, in both languages, with the length of the text messages"""
    with world().database.read() as session:
        return jsonify(plain_value(preview_of(session, known_recall(session, recall_id))))


@blueprint.route("/recalls/<recall_id>/notice.pdf", methods=["GET"])
@blueprint.alt_response(200, content_type="application/pdf", schema={"type": "string", "format": "binary"})
def notice_file(recall_id: str) -> Response:
    """The letter on paper, as a specimen"""
    return send_specimen(recall_id)


@blueprint.route("/recalls/<recall_id>/letters.pdf", methods=["GET"])
@blueprint.arguments(LettersQuery, location="query")
@blueprint.alt_response(200, content_type="application/pdf", schema={"type": "string", "format": "binary"})
def letters_file(wanted: dict[str, Any], recall_id: str) -> Response:
    """Letters to print, each with its own answer code"""
    return send_letters(recall_id, str(wanted["whom"]), wanted["consignee"], str(wanted["file"]))


@blueprint.route("/recalls/<recall_id>/posted", methods=["POST"])
@blueprint.arguments(PostedSchema)
@blueprint.response(200, PostedCountSchema)
def post(given: dict[str, Any], recall_id: str) -> object:
    """Note that letters were posted, a try of each consignee"""
    with unit_of_work() as session:
        return {"letters": printing.post_letters(session, signed_in(), world().clock, printing.PostLetters(
            recall_id, printing.Whom(given["whom"]), given["consignee_id"], given["note"]))}


@blueprint.route("/recalls/<recall_id>/consignees/<consignee_id>/passed", methods=["POST"])
@blueprint.arguments(PassOnSchema)
@blueprint.alt_response(201, schema=AsWritten)
def name_passed(given: dict[str, Any], recall_id: str, consignee_id: str) -> tuple[Response, int]:
    """Name somebody who got units from a consignee; they are told at once"""
    here = world()
    units = {line["lot_key"]: line["units"] for line in given.pop("units")}
    with unit_of_work() as session:
        notice = notice_for(session, recall_id, consignee_id, lock=True)
        made = pass_on(session, signed_in(), here.clock, notice, PassOn(units=units, **given), vault=here.vault)
        return jsonify({"id": made.id, "state": str(made.state)}), 201


@blueprint.route("/recalls/<recall_id>/passed", methods=["GET"])
@blueprint.alt_response(200, schema=AsWritten)
def read_passed(recall_id: str) -> Response:
    """Who got units from consignees, and what they say"""
    with world().database.read() as session:
        known_recall(session, recall_id)
        return jsonify({"passed": [_passed(row) for row in passed_rows(session, recall_id, limit=10_000)]})


def _passed(row: PassedRow) -> dict[str, object]:
    """Everything but the secret of its link."""
    notice = row.notice
    return {
        "id": notice.id, "consignee_id": notice.consignee_id, "parent_id": notice.parent_id, "depth": notice.depth,
        "name": notice.name, "email": notice.email,
        "phone": notice.phone, "state": str(notice.state), "sent_at": plain_value(notice.sent_at),
        "opened_at": plain_value(notice.opened_at), "answered_at": plain_value(notice.answered_at),
        "answer_by": plain_value(notice.answer_by),
        "answers": notice.answers, "reminders": notice.reminders,
        "lots": [{"number": number, "units": plain_value(units)} for number, units in row.numbers],
        "units": plain_value(row.units), "on_hand": plain_value(row.on_hand), "used": plain_value(row.used),
        "returned": plain_value(row.returned), "destroyed": plain_value(row.destroyed),
        "corrected": plain_value(row.corrected), "unproved": plain_value(row.unproved),
        "passed_on": plain_value(row.passed_on), "is_late": row.is_late}


@blueprint.route("/recalls/<recall_id>/passed/<passed_id>/answer", methods=["POST"])
@blueprint.arguments(PassedAnswerSchema)
@blueprint.alt_response(200, schema=AsWritten)
def answer_passed(given: dict[str, Any], recall_id: str, passed_id: str) -> Response:
    """Record what they said by telephone"""
    lines, passed = tuple(AnswerLine(**line) for line in given.pop("lines")), receivers_of(given.pop("passed"))
    with unit_of_work() as session:
        _of_recall(session, recall_id, passed_id)
        made = answer_passed_by_staff(session, signed_in(), world().clock, passed_id, AnswerPassed(
            lines, passed=passed, **given), vault=world().vault)
        return jsonify({"id": made.id, "answers": made.answers, "state": str(made.state)})


@blueprint.route("/recalls/<recall_id>/passed/<passed_id>/late", methods=["GET"])
@blueprint.response(200, LatePassedSchema(many=True))
def read_late_passed(recall_id: str, passed_id: str) -> object:
    """What they said after the end, the last first, and what became of it"""
    with world().database.read() as session:
        _of_recall(session, recall_id, passed_id)
        return late_passed.late_passed_of(session, passed_id)


@blueprint.route("/recalls/<recall_id>/passed/<passed_id>/late", methods=["POST"])
@blueprint.arguments(LateSchema)
@blueprint.response(200, LateCountSchema)
def note_late_passed(given: dict[str, Any], recall_id: str, passed_id: str) -> object:
    """Let stand what stood at the end although they said something else afterwards"""
    with unit_of_work() as session:
        return {"answers": late_passed.note_late_passed(session, signed_in(), world().clock, late_passed.NoteLatePassed(
            recall_id, passed_id, **given))}


@blueprint.route("/recalls/<recall_id>/passed/<passed_id>/files", methods=["POST"])
@blueprint.arguments(UploadSchema, location="multipart")
@blueprint.response(201, FileSchema)
def prove_passed(given: dict[str, Any], recall_id: str, passed_id: str) -> object:
    """Keep a photo or certificate of a destruction there that came another way than by the link"""
    return keep_file_sent(passed_proofs.prove_passed, (recall_id, passed_id), given["file"])


@blueprint.route("/recalls/<recall_id>/passed/<passed_id>/unproved", methods=["POST"])
@blueprint.arguments(AcceptPassedSchema)
@blueprint.alt_response(200, schema=AsWritten)
def accept_passed_unproved(given: dict[str, Any], recall_id: str, passed_id: str) -> Response:
    """Count a destruction there that nothing shows as proved, for a reason"""
    with unit_of_work() as session:
        row = passed_proofs.accept_passed_unproved(session, signed_in(), world().clock,
                                                   passed_proofs.AcceptPassedUnproved(recall_id, passed_id, **given))
        return jsonify({"lot_key": row.lot_key, "destroyed": plain_value(row.destroyed),
                        "unproved": plain_value(row.unproved)})


@blueprint.route("/recalls/<recall_id>/passed/<passed_id>/letters", methods=["POST"])
@blueprint.response(200, LettersSchema)
def send_passed(recall_id: str, passed_id: str) -> object:
    """Put their letters, and those of changes, into the outbox once more; what a server took is not sent again"""
    with unit_of_work() as session:
        _of_recall(session, recall_id, passed_id)
        return {"letters": send_passed_again(session, signed_in(), world().clock, passed_id)}


@blueprint.route("/recalls/<recall_id>/consumers/letters", methods=["POST"])
@blueprint.response(200, LettersSchema)
def send_consumers(recall_id: str) -> object:
    """Put what did not clearly reach consumers into the outbox once more; what was taken is not sent again"""
    with unit_of_work() as session:
        known_recall(session, recall_id)
        return {"letters": send_consumers_again(session, signed_in(), world().clock, recall_id)}


def _of_recall(session: Session, recall_id: str, passed_id: str) -> None:
    known_recall(session, recall_id)
    if passed_by_id(session, passed_id).recall_id != recall_id:
        raise NotFound("There is no such notice.", code="unknown-notice")
