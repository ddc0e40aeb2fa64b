"""Recalls by API: whom it reaches, what came back, every unit."""
from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask import Response, jsonify
from marshmallow import Schema, fields, validate

from traceapp.export.trace import plain_value
from traceapp.outbox.lookup import messages_about
from traceapp.recall import late, late_returns, proving, queries, service
from traceapp.recall.answer import AnswerLine
from traceapp.recall.answers_kept import answers_of
from traceapp.recall.book_model import NoticeAnswer
from traceapp.recall.cases import notice_stream
from traceapp.recall.ledger import WAYS
from traceapp.recall.naming import PassOn
from traceapp.recall.notice_reads import notice_rows
from traceapp.recall.notices import notice_for
from traceapp.recall.policy import LineState
from traceapp.recall.proofs import proofs_of
from traceapp.recall.sending_again import SendNoticeAgain, send_notice_again
from traceapp.web.context import signed_in, world
from traceapp.web.oversight import bounded_ledger, recall_part

from .blueprint import ApiBlueprint
from .idempotency import unit_of_work
from .recalls import known_recall
from .schemas import Amount, AsWritten, Paging, choice, moment, page_answer, words

blueprint = ApiBlueprint("api_recall_ledger", __name__, url_prefix="/api/v1", description="Consignees of recalls")
PERMISSIONS = {
    "api_recall_ledger.read_notices": "recall.read", "api_recall_ledger.read_ledger": "recall.read",
    "api_recall_ledger.read_consignee": "recall.write", "api_recall_ledger.answer": "recall.write",
    "api_recall_ledger.settle": "recall.write", "api_recall_ledger.accept_unproved": "recall.write",
    "api_recall_ledger.note_late": "recall.write", "api_recall_ledger.note_late_returns": "recall.write",
    "api_recall_ledger.send_again": "recall.write",
}


class LedgerQuery(Paging):
    """Which lines; `text` looks into consignee, region and lot number."""

    text = words(200, load_default="")
    state = choice(LineState, load_default=None)


class AttemptSchema(Schema):
    """One try to send a letter, with what the other side said."""

    number = fields.Integer()
    at = moment()
    outcome = fields.String()
    detail = fields.String()


class LetterSchema(Schema):
    """A letter to one contact, with every try."""

    id = fields.String()
    kind = fields.String()
    recipient = fields.String()
    state = fields.String()
    attempts = fields.List(fields.Nested(AttemptSchema))


class LettersSchema(Schema):
    """How many letters were put into the outbox."""

    letters = fields.Integer()


class AnswerLineSchema(Schema):
    """What a consignee says of one lot. `sure`: where far more is said than was shipped, that number of units again, so
    that no slip of a key is taken; quality has to explain it before the recall ends."""

    lot_key = words(32, required=True)
    received = Amount(load_default=None, allow_none=True)
    on_hand = Amount(required=True)
    used = Amount(required=True)
    returned = Amount(required=True)
    destroyed = Amount(load_default=Decimal(0))
    corrected = Amount(load_default=Decimal(0))
    sure = Amount(load_default=None, allow_none=True)


class PassedUnitsSchema(Schema):
    """How much of one lot was passed on."""

    lot_key = words(32, required=True)
    units = Amount(required=True)


class ReceiverSchema(Schema):
    """Who got units, beside those named before; one of these is corrected by its `id`. With an e-mail address or a
    mobile number they are told at once."""

    id = words(32, load_default="")
    name = words(200, load_default="")
    email = words(254, load_default="")
    phone = words(40, load_default="")
    language = choice(("zh", "en"), load_default="zh")
    units = fields.List(fields.Nested(PassedUnitsSchema), required=True, validate=validate.Length(min=1, max=1000))


class AnswerSchema(Schema):
    """An answer that came by telephone or letter."""

    passed = fields.List(fields.Nested(ReceiverSchema), load_default=(), validate=validate.Length(max=200))

    lines = fields.List(fields.Nested(AnswerLineSchema), required=True, validate=validate.Length(min=1, max=10_000))
    answered_by = words(200, least=1, required=True)
    way = choice(WAYS, load_default="telephone")
    explanation = words(4000, load_default="")
    seen = fields.Integer(load_default=None, allow_none=True, strict=True, validate=validate.Range(min=0, max=10**6),
                          metadata={"description": "How many answers of this consignee you know of; with another "
                                                   "number the request is refused"})


class LateSchema(Schema):
    """Why the signed books stand."""

    reason = words(4000, least=1, required=True)


class LateCountSchema(Schema):
    """How many answers that ended."""

    answers = fields.Integer()


class LateEndSchema(Schema):
    """What became of something that came after the end."""

    state = fields.String()
    came_at = moment()
    ended_at = moment()
    ended_by = fields.String(allow_none=True)
    reason = fields.String()


class LateAnswerSchema(LateEndSchema):
    """What became of an answer after the end; `position` is its number in the history."""

    position = fields.Integer()


class LateReturnSchema(LateEndSchema):
    """What became of goods that came back after the end."""

    return_id = fields.String()
    lot_key = fields.String()
    units = Amount()


class LateReturnsCountSchema(Schema):
    """How many returns that is about."""

    returns = fields.Integer()


class SettleSchema(Schema):
    """Why a line is closed although units are missing."""

    consignee_id = words(32, required=True)
    lot_key = words(32, required=True)
    reason = words(4000, least=1, required=True)


@blueprint.route("/recalls/<recall_id>/notices", methods=["GET"])
@blueprint.alt_response(200, schema=AsWritten)
def read_notices(recall_id: str) -> Response:
    """Who was told, and what came back"""
    with world().database.read() as session:
        known_recall(session, recall_id)
        return jsonify({"totals": plain_value(queries.totals_of(session, recall_id, recall_part())),
                        "notices": plain_value(notice_rows(session, recall_id, recall_part()))})


@blueprint.route("/recalls/<recall_id>/ledger", methods=["GET"])
@blueprint.arguments(LedgerQuery, location="query")
@blueprint.alt_response(200, schema=AsWritten)
def read_ledger(wanted: dict[str, Any], recall_id: str) -> Response:
    """Every lot at every consignee"""
    with world().database.read() as session:
        known_recall(session, recall_id)
        found = queries.ledger_page(session, bounded_ledger(queries.LedgerFilter(recall_id, **wanted)))
        return jsonify(page_answer(found, plain_value))


@blueprint.route("/recalls/<recall_id>/consignees/<consignee_id>/answer", methods=["POST"])
@blueprint.arguments(AnswerSchema)
@blueprint.alt_response(200, schema=AsWritten)
def answer(given: dict[str, Any], recall_id: str, consignee_id: str) -> Response:
    """Record what a consignee said by telephone or letter"""
    here = world()
    lines, passed = tuple(AnswerLine(**line) for line in given.pop("lines")), receivers_of(given.pop("passed"))
    with unit_of_work() as session:
        service.record_answer_by_staff(session, signed_in(), here.clock, service.AnswerByStaff(
            recall_id, consignee_id, lines, passed=passed, **given), vault=here.vault)
        session.flush()
        return jsonify({"lines": plain_value(queries.ledger_of(session, recall_id, consignee_id))})


@blueprint.route("/recalls/<recall_id>/settlements", methods=["POST"])
@blueprint.arguments(SettleSchema)
@blueprint.alt_response(200, schema=AsWritten)
def settle(given: dict[str, Any], recall_id: str) -> Response:
    """Settle a line with a reason"""
    here = world()
    with unit_of_work() as session:
        service.settle_line(session, signed_in(), here.clock, service.SettleLine(recall_id, **given))
        session.flush()
        return jsonify({"lines": plain_value(queries.ledger_of(session, recall_id, given["consignee_id"]))})


@blueprint.route("/recalls/<recall_id>/unproved", methods=["POST"])
@blueprint.arguments(SettleSchema)
@blueprint.alt_response(200, schema=AsWritten)
def accept_unproved(given: dict[str, Any], recall_id: str) -> Response:
    """Count a destruction that nothing shows as proved, for a reason"""
    with unit_of_work() as session:
        proving.accept_unproved(session, signed_in(), world().clock, proving.AcceptUnproved(recall_id, **given))
        session.flush()
        return jsonify({"lines": plain_value(queries.ledger_of(session, recall_id, given["consignee_id"]))})


@blueprint.route("/recalls/<recall_id>/consignees/<consignee_id>/late", methods=["POST"])
@blueprint.arguments(LateSchema)
@blueprint.response(200, LateCountSchema)
def note_late(given: dict[str, Any], recall_id: str, consignee_id: str) -> object:
    """Let the signed books stand although an answer came after the end"""
    with unit_of_work() as session:
        return {"answers": late.note_late(session, signed_in(), world().clock, late.NoteLate(
            recall_id, consignee_id, **given))}


@blueprint.route("/recalls/<recall_id>/consignees/<consignee_id>/late-returns", methods=["POST"])
@blueprint.arguments(LateSchema)
@blueprint.response(200, LateReturnsCountSchema)
def note_late_returns(given: dict[str, Any], recall_id: str, consignee_id: str) -> object:
    """Let the end stand although goods came back after it"""
    with unit_of_work() as session:
        return {"returns": late_returns.note_late_returns(
            session, signed_in(), world().clock, late_returns.NoteLateReturns(recall_id, consignee_id, **given))}


@blueprint.route("/recalls/<recall_id>/consignees/<consignee_id>", methods=["GET"])
@blueprint.alt_response(200, schema=AsWritten)
def read_consignee(recall_id: str, consignee_id: str) -> Response:
    """One consignee: its letters with every try, its lines, each answer, and what proves a destruction"""
    with world().database.read() as session:
        known_recall(session, recall_id)
        notice = notice_for(session, recall_id, consignee_id)
        letters = [{"id": message.id, "kind": message.kind, "recipient": message.recipient, "state": message.state,
                    "attempts": tries} for message, tries in messages_about(session, notice_stream(notice.id))]
        return jsonify({"state": notice.state, "answers": notice.answers, "answer_by": notice.answer_by.isoformat(),
                        "history": [_answer(one) for one in answers_of(session, notice)],
                        "late": LateAnswerSchema(many=True).dump(late.late_of(session, recall_id, consignee_id)),
                        "late_returns": LateReturnSchema(many=True).dump(
                            late_returns.late_returns_of(session, recall_id, consignee_id)),
                        "proofs": [{"id": one.id, "name": one.name} for one in proofs_of(session, notice)],
                        "letters": LetterSchema(many=True).dump(letters),
                        "lines": plain_value(queries.ledger_of(session, recall_id, consignee_id))})


@blueprint.route("/recalls/<recall_id>/consignees/<consignee_id>/letters", methods=["POST"])
@blueprint.response(200, LettersSchema)
def send_again(recall_id: str, consignee_id: str) -> object:
    """Put the letters to a consignee, and those of changes, into the outbox once more; what a server took is not sent
    again"""
    with unit_of_work() as session:
        return {"letters": send_notice_again(session, signed_in(), world().clock,
                                             SendNoticeAgain(recall_id, consignee_id))}


def receivers_of(given: list[dict[str, Any]]) -> tuple[PassOn, ...]:
    """Those whom units were passed on to, as they were sent."""
    return tuple(PassOn(one["name"], {line["lot_key"]: line["units"] for line in one["units"]}, one["email"],
                        one["phone"], one["language"], one["id"]) for one in given)


def _answer(one: NoticeAnswer) -> dict[str, Any]:
    return {"at": one.answered_at.isoformat(), "by": one.answered_by, "way": one.way, "is_late": one.is_late,
            "position": one.position, "lines": one.lines, "passed": one.passed, "explanation": one.explanation}
