"""The public notice of a recall by API: what was changed of it, correcting it, withdrawing it."""
from __future__ import annotations

from typing import Any

from flask import Response, jsonify
from marshmallow import Schema
from sqlalchemy.orm import Session

from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.recall.cases import recall_by_id
from traceapp.recall.model import Recall
from traceapp.recall.revising import (
    CORRECTED,
    CorrectNotice,
    WithdrawNotice,
    correct_notice,
    revisions_of,
    withdraw_notice,
)
from traceapp.web.context import world

from .blueprint import ApiBlueprint
from .recalls import RecallSchema, known_recall, sign_act
from .schemas import AsWritten, wanted_revision, words

blueprint = ApiBlueprint("api_recall_notices", __name__, url_prefix="/api/v1", description="Recalls")
PERMISSIONS = {"api_recall_notices.list_revisions": "recall.read", "api_recall_notices.correct": "recall.approve",
               "api_recall_notices.withdraw": "recall.approve"}
_LONG = 4000


class WithdrawalSchema(Schema):
    """What the public is told in both languages, the reason that stays inside, and the signer's password."""

    said_zh = words(2000, least=1, required=True)
    said_en = words(2000, least=1, required=True)
    reason = words(_LONG, least=1, required=True)
    password = words(1000, least=1, required=True)


class CorrectionSchema(WithdrawalSchema):
    """The texts that shall read otherwise, besides; those that are left out stay."""

    title_zh = words(300)
    title_en = words(300)
    risk_zh = words(_LONG)
    risk_en = words(_LONG)
    action_zh = words(_LONG)
    action_en = words(_LONG)
    remedy_zh = words(_LONG)
    remedy_en = words(_LONG)
    contact = words(200)


@blueprint.route("/recalls/<recall_id>/revisions", methods=["GET"])
@blueprint.alt_response(200, schema=AsWritten)
def list_revisions(recall_id: str) -> Response:
    """What was changed of the public notice, the first change first"""
    with world().database.read() as session:
        known_recall(session, recall_id)
        return jsonify({"revisions": [
            {"number": row.number, "kind": row.kind, "said_zh": row.said_zh, "said_en": row.said_en,
             "before": row.before, "after": row.after, "at": row.at.isoformat(), "made_by": row.made_by,
             "signed_hash": row.signed_hash} for row in revisions_of(session, recall_id)]})


@blueprint.route("/recalls/<recall_id>/corrections", methods=["POST"])
@blueprint.arguments(CorrectionSchema)
@blueprint.alt_response(200, schema=RecallSchema)
def correct(given: dict[str, Any], recall_id: str) -> Response:
    """Correct texts of the public notice, signed; everybody who was told is told of it (If-Match)"""
    texts = {name: given[name] for name in CORRECTED if name in given}
    return sign_act(_corrected, CorrectNotice(recall_id, texts, given["said_zh"], given["said_en"], given["reason"],
                                              given["password"], wanted_revision()))


@blueprint.route("/recalls/<recall_id>/withdrawal", methods=["POST"])
@blueprint.arguments(WithdrawalSchema)
@blueprint.alt_response(200, schema=RecallSchema)
def withdraw(given: dict[str, Any], recall_id: str) -> Response:
    """Withdraw the public notice, signed: its batches stay on hold until each is freed (If-Match)"""
    return sign_act(_withdrawn, WithdrawNotice(recall_id, revision=wanted_revision(), **given))


def _corrected(session: Session, actor: Actor, clock: Clock, command: CorrectNotice) -> Recall:
    correct_notice(session, actor, clock, command)
    return recall_by_id(session, command.recall_id)


def _withdrawn(session: Session, actor: Actor, clock: Clock, command: WithdrawNotice) -> Recall:
    withdraw_notice(session, actor, clock, command)
    return recall_by_id(session, command.recall_id)
