"""Recalls by API: from the draft to the last unit."""
from __future__ import annotations

from typing import Any

from flask import Response, jsonify
from marshmallow import Schema, fields, validate

from traceapp.core.errors import InvalidInput, NotFound
from traceapp.export.trace import plain_value
from traceapp.identity.attempts import limit_signature
from traceapp.identity.policy import Role
from traceapp.recall import queries, service
from traceapp.recall.cases import is_told
from traceapp.recall.model import Recall
from traceapp.recall.scope_rule import MOST_RULES
from traceapp.recall.states import CheckLevel, Depth, RecallClass, RecallState, TriggerKind
from traceapp.web.context import signed_in, world
from traceapp.web.oversight import bounded, recall_part

from .blueprint import ApiBlueprint
from .idempotency import unit_of_work
from .schemas import (
    Amount,
    AsWritten,
    Paging,
    Reason,
    choice,
    created,
    listed,
    moment,
    page_answer,
    shown,
    wanted_revision,
    words,
)
from .scope_rules import ScopeRuleSchema, rules_given

blueprint = ApiBlueprint("api_recalls", __name__, url_prefix="/api/v1", description="Recalls")
PERMISSIONS = {
    "api_recalls.list_recalls": "recall.read", "api_recalls.read_recall": "recall.read",
    "api_recalls.open_case": "recall.write", "api_recalls.propose": "recall.write",
    "api_recalls.write_scope": "recall.write", "api_recalls.read_scope": "recall.read",
    "api_recalls.submit": "recall.write", "api_recalls.approve": "recall.approve",
    "api_recalls.send_back": "recall.approve", "api_recalls.cancel": "recall.write",
    "api_recalls.replace_texts": "recall.write",
}


DRAFT = {
    "recall_class": "II", "title_zh": "创可贴胶层致敏", "title_en": "Plaster adhesive causes allergic reactions",
    "reason": "14 complaints where 3 were expected", "risk_zh": "皮肤可能红肿、起水疱。",
    "risk_en": "The skin can become red, swollen and blistered.", "action_zh": "停止使用，单独存放，等待退回。",
    "action_en": "Stop using them, keep them apart and wait for collection.", "contact": "质量部 0512-0000 0000",
    "root_lot_keys": ["8d1f6f3a2c5e5b0f9e6f0e1f5a7b9c3d"]}


class RecallTextsSchema(Schema):
    """Class and texts of a recall; `reason` and what the case is about stay inside the house, the other texts are read
    by everybody. `awareness_at`: when the house first knew of it; left out, the moment of the signal or of opening."""

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
    trigger_kind = choice(TriggerKind, load_default="")
    trigger_text = words(300, load_default="")
    awareness_at = moment(load_default=None, allow_none=True)


class RecallSchema(RecallTextsSchema):
    """A recall case. `is_drill`: a rehearsal, of which nobody outside is told. Its scope begins with what `rules` find,
    or with everything downstream of `root_lot_keys`: one of them is needed."""

    id = fields.String(dump_only=True)
    reference = fields.String(dump_only=True)
    state = choice(RecallState, dump_only=True)
    is_drill = fields.Boolean(load_default=False)
    signal_id = words(32, load_default=None, allow_none=True)
    root_lot_keys = fields.List(words(32), load_default=list, load_only=True, validate=validate.Length(max=100))
    rules = fields.List(fields.Nested(ScopeRuleSchema), load_default=list, load_only=True,
                        validate=validate.Length(max=MOST_RULES))
    opened_at = moment(dump_only=True)
    submitted_at = moment(dump_only=True, allow_none=True)
    approved_at = moment(dump_only=True, allow_none=True)
    closed_at = moment(dump_only=True, allow_none=True)
    answer_by = moment(dump_only=True, allow_none=True)
    scope_hash = fields.String(dump_only=True, allow_none=True)
    scope_number = fields.Integer(dump_only=True)
    owner_id = fields.String(dump_only=True, allow_none=True)
    decided_at = moment(dump_only=True, allow_none=True)
    decision = fields.String(dump_only=True)
    depth = choice(Depth, dump_only=True, allow_none=True)
    check_level = choice(CheckLevel, dump_only=True, allow_none=True)
    check_share = fields.Float(dump_only=True, allow_none=True)
    is_mandated = fields.Boolean(dump_only=True)
    mandate = fields.String(dump_only=True)
    closing_note = fields.String(dump_only=True)
    ended_without = fields.String(dump_only=True)
    lessons = fields.String(dump_only=True)
    authority_letter = fields.String(dump_only=True)


class RecallFilterSchema(Paging):
    """Which recalls."""

    text = words(200, load_default="")
    state = choice(RecallState, load_default=None)
    lot_key = words(32, load_default=None)
    consignee_id = words(32, load_default=None)
    recall_class = choice(RecallClass, load_default=None)
    is_drill = fields.Boolean(load_default=False)


class ProposeQuery(Schema):
    """From which lots."""

    lot_key = fields.List(words(32), required=True, validate=validate.Length(min=1, max=100))


class ScopeRowSchema(Schema):
    """A lot in the scope, and the way by which it got there."""

    lot_key = fields.String()
    uri = fields.String()
    number = fields.String()
    product_id = fields.String(allow_none=True)
    name_zh = fields.String()
    name_en = fields.String()
    path = fields.String()
    made = Amount()
    in_stock = Amount()
    shipped = Amount()
    unit = fields.String(allow_none=True)
    made_on = fields.Date(allow_none=True)
    expires_on = fields.Date(allow_none=True)


class ScopeSchema(Schema):
    """The lots in scope; each proposed lot that is left out needs its reason."""

    lot_keys = fields.List(words(32), required=True, validate=validate.Length(min=1, max=100_000))
    left_out = fields.Dict(keys=words(32), values=words(1000, least=1), load_default=dict)


class SignSchema(Schema):
    """The signer's password, asked for again at the time of signing, and what the signer adds."""

    password = words(1000, least=1, required=True)
    reason = words(4000, load_default="")


def only_told() -> bool:
    """Whether the asker may know of announced recalls only: an authority learns of one when consignees do."""
    return signed_in().role == Role.regulator


def known_recall(session: Any, recall_id: str) -> Recall:
    """The recall. Raises NotFound, also for one that an authority may not know of yet."""
    recall = session.get(Recall, recall_id)
    if recall is None or only_told() and not is_told(recall):
        raise NotFound("There is no such recall.", place="recall_id")
    found: Recall = recall
    return found


@blueprint.route("/recalls", methods=["GET"])
@blueprint.arguments(RecallFilterSchema, location="query")
@blueprint.response(200, listed(RecallSchema, "RecallList"))
def list_recalls(wanted: dict[str, Any]) -> dict[str, Any]:
    """Recalls, the newest first"""
    state = wanted.pop("state")
    with world().database.read() as session:
        return page_answer(queries.recall_page(session, bounded(queries.RecallFilter(
            states=(state,) if state else (), is_told=only_told(), **wanted))))


@blueprint.route("/recalls", methods=["POST"])
@blueprint.arguments(RecallSchema, example=DRAFT)
@blueprint.alt_response(201, schema=RecallSchema)
def open_case(given: dict[str, Any]) -> Response:
    """Open a recall; its first scope is what the genealogy proposes"""
    here = world()
    if not given["root_lot_keys"] and not given["rules"]:
        raise InvalidInput("Say from what the scope starts.", code="no-start", place="root_lot_keys")
    given["root_lot_keys"], given["rules"] = tuple(given["root_lot_keys"]), rules_given(given["rules"])
    with unit_of_work() as session:
        recall = service.open_recall(session, signed_in(), here.clock, service.OpenRecall(**given))
        session.flush()
        return created(RecallSchema(), recall, "api_recalls.read_recall", recall_id=recall.id)


@blueprint.route("/recalls/<recall_id>", methods=["GET"])
@blueprint.alt_response(200, schema=RecallSchema)
def read_recall(recall_id: str) -> Response:
    """One recall"""
    with world().database.read() as session:
        return shown(RecallSchema(), known_recall(session, recall_id))


@blueprint.route("/recall-scope", methods=["GET"])
@blueprint.arguments(ProposeQuery, location="query")
@blueprint.alt_response(200, schema=AsWritten)
def propose(wanted: dict[str, Any]) -> Response:
    """The scope that follows from lots: everything downstream, with units and consignees"""
    with world().database.read() as session:
        return jsonify(plain_value(service.propose_scope(session, tuple(wanted["lot_key"]))))


@blueprint.route("/recalls/<recall_id>/scope", methods=["GET"])
@blueprint.response(200, ScopeRowSchema(many=True))
def read_scope(recall_id: str) -> object:
    """The lots of a recall"""
    with world().database.read() as session:
        known_recall(session, recall_id)
        return list(queries.scope_rows(session, recall_id, recall_part()))


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
        return shown(RecallSchema(), known_recall(session, recall_id))


@blueprint.route("/recalls/<recall_id>", methods=["PUT"])
@blueprint.arguments(RecallTextsSchema)
@blueprint.alt_response(200, schema=RecallSchema)
def replace_texts(given: dict[str, Any], recall_id: str) -> Response:
    """Change class and texts of a draft (If-Match)"""
    with unit_of_work() as session:
        recall = service.change_recall(session, signed_in(), world().clock, service.ChangeRecall(
            recall_id, service.OpenRecall(**given), wanted_revision()))
        session.flush()
        return shown(RecallSchema(), recall)


def sign_act(act: Any, command: Any, **more: Any) -> Response:
    """Run an act that somebody signs; the try is counted whatever comes of it."""
    here = world()
    with here.database.write() as session:
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
    return sign_act(service.submit_recall,
                    service.SubmitRecall(recall_id, revision=wanted_revision(), **given))


@blueprint.route("/recalls/<recall_id>/approval", methods=["POST"])
@blueprint.arguments(SignSchema)
@blueprint.alt_response(200, schema=RecallSchema)
def approve(given: dict[str, Any], recall_id: str) -> Response:
    """Approve as a second person: lots are recalled, letters go out (If-Match)"""
    return sign_act(service.approve_recall,
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
