"""Recalls by API: from the draft to the last unit."""
from __future__ import annotations

from typing import Any

from flask import Response, jsonify
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from traceapp.core.errors import NotFound
from traceapp.export.trace import plain_value
from traceapp.identity.attempts import limit_signature
from traceapp.identity.policy import Role
from traceapp.recall import queries, service
from traceapp.recall.answer import AnswerLine
from traceapp.recall.cases import is_told
from traceapp.recall.model import Recall
from traceapp.recall.states import RecallClass, RecallState
from traceapp.web.context import signed_in, world

from .idempotency import unit_of_work
from .schemas import Amount, Paging, Reason, choice, created, listed, moment, page_answer, shown, wanted_revision, words

blueprint = Blueprint("api_recalls", __name__, url_prefix="/api/v1", description="Recalls")
PERMISSIONS = {
    "api_recalls.list_recalls": "recall.read", "api_recalls.read_recall": "recall.read",
    "api_recalls.open_case": "recall.write", "api_recalls.propose": "recall.write",
    "api_recalls.write_scope": "recall.write", "api_recalls.read_scope": "recall.read",
    "api_recalls.submit": "recall.write", "api_recalls.approve": "recall.approve",
    "api_recalls.send_back": "recall.approve", "api_recalls.cancel": "recall.write",
    "api_recalls.read_notices": "recall.read", "api_recalls.read_ledger": "recall.read",
    "api_recalls.answer": "recall.write", "api_recalls.settle": "recall.write", "api_recalls.close": "recall.approve",
}


class RecallSchema(Schema):
    """A recall case."""

    id = fields.String(dump_only=True)
    reference = fields.String(dump_only=True)
    state = choice(RecallState, dump_only=True)
    recall_class = choice(RecallClass, required=True)
    title_zh = words(300, least=1, required=True)
    title_en = words(300, least=1, required=True)
    reason = words(4000, least=1, required=True)
    risk_zh = words(4000, least=1, required=True)
    risk_en = words(4000, least=1, required=True)
    action_zh = words(4000, least=1, required=True)
    action_en = words(4000, least=1, required=True)
    remedy_zh = words(4000, load_default="")
    remedy_en = words(4000, load_default="")
    contact = words(200, least=1, required=True)
    signal_id = words(32, load_default=None, allow_none=True)
    root_lot_keys = fields.List(words(32), required=True, load_only=True, validate=validate.Length(min=1, max=100))
    opened_at = moment(dump_only=True)
    submitted_at = moment(dump_only=True)
    approved_at = moment(dump_only=True)
    closed_at = moment(dump_only=True)
    answer_by = moment(dump_only=True)
    scope_hash = fields.String(dump_only=True)


class RecallFilterSchema(Paging):
    """Which recalls."""

    text = words(200, load_default="")
    state = choice(RecallState, load_default=None)
    lot_key = words(32, load_default=None)


class ProposeQuery(Schema):
    """From which lots."""

    lot_key = fields.List(words(32), required=True, validate=validate.Length(min=1, max=100))


class ScopeSchema(Schema):
    """The lots in scope; each proposed lot that is left out needs its reason."""

    lot_keys = fields.List(words(32), required=True, validate=validate.Length(min=1, max=100_000))
    left_out = fields.Dict(keys=words(32), values=words(1000, least=1), load_default=dict)


class SignSchema(Schema):
    """The signer's password, asked for again at the time of signing, and what the signer adds."""

    password = words(1000, least=1, required=True)
    reason = words(4000, load_default="")


class AnswerLineSchema(Schema):
    """What a consignee says of one lot."""

    lot_key = words(32, required=True)
    received = Amount(load_default=None, allow_none=True)
    on_hand = Amount(required=True)
    used = Amount(required=True)
    returned = Amount(required=True)


class AnswerSchema(Schema):
    """An answer that came by telephone or letter."""

    lines = fields.List(fields.Nested(AnswerLineSchema), required=True, validate=validate.Length(min=1))
    answered_by = words(200, least=1, required=True)
    way = words(40, load_default="telephone")
    explanation = words(4000, load_default="")


class SettleSchema(Schema):
    """Why a line is closed although units are missing."""

    consignee_id = words(32, required=True)
    lot_key = words(32, required=True)
    reason = words(4000, least=1, required=True)


class CloseSchema(Schema):
    """The closing note."""

    note = words(4000, least=1, required=True)


def _visible(states: tuple[str, ...]) -> tuple[str, ...]:
    """Those of these states (none: of all) in which the asker may know of a recall: an authority learns of it when
    consignees do."""
    wanted = states or tuple(str(state) for state in RecallState)
    return tuple(state for state in wanted if is_told(state) or signed_in().role != Role.regulator)


def _found(session: Any, recall_id: str) -> Recall:
    recall = session.get(Recall, recall_id)
    if recall is None or not _visible((recall.state,)):
        raise NotFound("There is no such recall.", place="recall_id")
    found: Recall = recall
    return found


@blueprint.route("/recalls", methods=["GET"])
@blueprint.arguments(RecallFilterSchema, location="query")
@blueprint.response(200, listed(RecallSchema, "RecallList"))
def list_recalls(wanted: dict[str, Any]) -> dict[str, Any]:
    """Recalls, the newest first"""
    state = wanted.pop("state")
    states = _visible((state,) if state else ())
    if not states:
        return {"rows": [], "total": 0, "next": None}
    with world().database.read() as session:
        return page_answer(queries.recall_page(session, queries.RecallFilter(states=states, **wanted)))


@blueprint.route("/recalls", methods=["POST"])
@blueprint.arguments(RecallSchema)
@blueprint.alt_response(201, schema=RecallSchema)
def open_case(given: dict[str, Any]) -> Response:
    """Open a recall; its first scope is what the genealogy proposes"""
    here = world()
    given["root_lot_keys"] = tuple(given["root_lot_keys"])
    with unit_of_work() as session:
        recall = service.open_recall(session, signed_in(), here.clock, service.OpenRecall(**given))
        session.flush()
        return created(RecallSchema(), recall, "api_recalls.read_recall", recall_id=recall.id)


@blueprint.route("/recalls/<recall_id>", methods=["GET"])
@blueprint.alt_response(200, schema=RecallSchema)
def read_recall(recall_id: str) -> Response:
    """One recall"""
    with world().database.read() as session:
        return shown(RecallSchema(), _found(session, recall_id))


@blueprint.route("/recall-scope", methods=["GET"])
@blueprint.arguments(ProposeQuery, location="query")
@blueprint.alt_response(200, schema=Schema)
def propose(wanted: dict[str, Any]) -> Response:
    """The scope that follows from lots: everything downstream, with units and consignees"""
    with world().database.read() as session:
        return jsonify(plain_value(service.propose_scope(session, tuple(wanted["lot_key"]))))


@blueprint.route("/recalls/<recall_id>/scope", methods=["GET"])
@blueprint.alt_response(200, schema=Schema)
def read_scope(recall_id: str) -> Response:
    """The lots of a recall"""
    with world().database.read() as session:
        _found(session, recall_id)
        return jsonify(plain_value(queries.scope_rows(session, recall_id)))


@blueprint.route("/recalls/<recall_id>/scope", methods=["PUT"])
@blueprint.arguments(ScopeSchema)
@blueprint.alt_response(200, schema=RecallSchema)
def write_scope(given: dict[str, Any], recall_id: str) -> Response:
    """Choose the lots of a draft (If-Match)"""
    here = world()
    with unit_of_work() as session:
        service.set_scope(session, signed_in(), here.clock, service.SetScope(
            recall_id, tuple(given["lot_keys"]), wanted_revision(), given["left_out"]))
        session.flush()
        return shown(RecallSchema(), _found(session, recall_id))


def _signed(act: Any, recall_id: str, command: Any, **more: Any) -> Response:
    here = world()
    with here.database.write() as session:  # counted whatever comes of it
        limit_signature(session, here.clock, signed_in())
    with unit_of_work() as session:
        recall = act(session, signed_in(), here.clock, command, **more)
        session.flush()
        return shown(RecallSchema(), recall)


@blueprint.route("/recalls/<recall_id>/submission", methods=["POST"])
@blueprint.arguments(SignSchema)
@blueprint.alt_response(200, schema=RecallSchema)
def submit(given: dict[str, Any], recall_id: str) -> Response:
    """Freeze the scope and sign (If-Match)"""
    return _signed(service.submit_recall, recall_id,
                   service.SubmitRecall(recall_id, revision=wanted_revision(), **given))


@blueprint.route("/recalls/<recall_id>/approval", methods=["POST"])
@blueprint.arguments(SignSchema)
@blueprint.alt_response(200, schema=RecallSchema)
def approve(given: dict[str, Any], recall_id: str) -> Response:
    """Approve as a second person: lots are recalled, letters go out (If-Match)"""
    return _signed(service.approve_recall, recall_id,
                   service.ApproveRecall(recall_id, revision=wanted_revision(), **given), vault=world().vault)


@blueprint.route("/recalls/<recall_id>/return", methods=["POST"])
@blueprint.arguments(Reason)
@blueprint.alt_response(200, schema=RecallSchema)
def send_back(given: dict[str, Any], recall_id: str) -> Response:
    """Send a submitted recall back to its draft (If-Match)"""
    here = world()
    with unit_of_work() as session:
        recall = service.return_recall(session, signed_in(), here.clock,
                                       service.ReturnRecall(recall_id, given["reason"], wanted_revision()))
        session.flush()
        return shown(RecallSchema(), recall)


@blueprint.route("/recalls/<recall_id>/cancellation", methods=["POST"])
@blueprint.arguments(Reason)
@blueprint.alt_response(200, schema=RecallSchema)
def cancel(given: dict[str, Any], recall_id: str) -> Response:
    """Cancel a recall that has not begun (If-Match)"""
    here = world()
    with unit_of_work() as session:
        recall = service.cancel_recall(session, signed_in(), here.clock,
                                       service.CancelRecall(recall_id, given["reason"], wanted_revision()))
        session.flush()
        return shown(RecallSchema(), recall)


@blueprint.route("/recalls/<recall_id>/notices", methods=["GET"])
@blueprint.alt_response(200, schema=Schema)
def read_notices(recall_id: str) -> Response:
    """Who was told, and what came back"""
    with world().database.read() as session:
        _found(session, recall_id)
        return jsonify({"totals": plain_value(queries.totals_of(session, recall_id)),
                        "notices": plain_value(queries.notice_rows(session, recall_id))})


@blueprint.route("/recalls/<recall_id>/ledger", methods=["GET"])
@blueprint.arguments(Paging, location="query")
@blueprint.alt_response(200, schema=Schema)
def read_ledger(wanted: dict[str, Any], recall_id: str) -> Response:
    """Every lot at every consignee"""
    with world().database.read() as session:
        _found(session, recall_id)
        found = queries.ledger_page(session, queries.LedgerFilter(recall_id, **wanted))
        return jsonify(page_answer(found, plain_value))


@blueprint.route("/recalls/<recall_id>/consignees/<consignee_id>/answer", methods=["POST"])
@blueprint.arguments(AnswerSchema)
@blueprint.alt_response(200, schema=Schema)
def answer(given: dict[str, Any], recall_id: str, consignee_id: str) -> Response:
    """Record what a consignee said by telephone or letter"""
    here = world()
    lines = tuple(AnswerLine(**line) for line in given.pop("lines"))
    with unit_of_work() as session:
        service.record_answer_by_staff(session, signed_in(), here.clock, service.AnswerByStaff(
            recall_id, consignee_id, lines, **given))
        session.flush()
        return jsonify({"lines": plain_value(queries.ledger_of(session, recall_id, consignee_id))})


@blueprint.route("/recalls/<recall_id>/settlements", methods=["POST"])
@blueprint.arguments(SettleSchema)
@blueprint.alt_response(200, schema=Schema)
def settle(given: dict[str, Any], recall_id: str) -> Response:
    """Settle a line with a reason"""
    here = world()
    with unit_of_work() as session:
        service.settle_line(session, signed_in(), here.clock, service.SettleLine(recall_id, **given))
        session.flush()
        return jsonify({"lines": plain_value(queries.ledger_of(session, recall_id, given["consignee_id"]))})


@blueprint.route("/recalls/<recall_id>/closing", methods=["POST"])
@blueprint.arguments(CloseSchema)
@blueprint.alt_response(200, schema=RecallSchema)
def close(given: dict[str, Any], recall_id: str) -> Response:
    """Close a recall whose ledger closes (If-Match)"""
    here = world()
    with unit_of_work() as session:
        recall = service.close_recall(session, signed_in(), here.clock,
                                      service.CloseRecall(recall_id, given["note"], wanted_revision()))
        session.flush()
        return shown(RecallSchema(), recall)
