"""The phases of a recall by API: evaluation, decision, strategy, tries, checks, end."""
from __future__ import annotations

from functools import partial
from typing import Any

from flask import Response, jsonify
from marshmallow import Schema, fields, validate

from traceapp.export.trace import plain_value
from traceapp.recall import service
from traceapp.recall.checking import NoteCheckTry, check_tries, conclusion_of, note_check_try
from traceapp.recall.evaluation import (
    MEDICAL,
    QUALITY,
    Likelihood,
    Seriousness,
    evaluation_signatures,
    evaluations_of,
)
from traceapp.recall.executing import checks_of
from traceapp.recall.ledger import WAYS
from traceapp.recall.queries import signatures, snapshots_of
from traceapp.recall.states import CheckLevel, Depth, RecallClass
from traceapp.web.context import signed_in, world

from .blueprint import ApiBlueprint
from .idempotency import unit_of_work
from .recalls import RecallSchema, known_recall, sign_act
from .schemas import AsWritten, Reason, choice, moment, shown, wanted_revision, words

blueprint = ApiBlueprint("api_recall_phases", __name__, url_prefix="/api/v1", description="Recalls")
PERMISSIONS = {f"api_recall_phases.{name}": "recall.write" for name in (
    "assess", "write_hazard", "sign_hazard", "reassess", "strategy", "extend", "try_consignee", "draw", "check",
    "conclude", "try_check", "read_hazard", "read_checks", "read_snapshots")} | {
        f"api_recall_phases.{name}": "recall.approve" for name in (
            "decide", "decide_none", "mandate", "terminate", "reopen")}
_LONG = 4000


class OwnerSchema(Schema):
    """Who runs the case; by default who begins."""

    owner_id = words(32, load_default=None, allow_none=True)


class HazardSchema(Schema):
    """The factors of the health hazard evaluation, in words."""

    harm_so_far = words(_LONG, least=1, required=True)
    conditions = words(_LONG, least=1, required=True)
    populations = words(_LONG, least=1, required=True)
    seriousness = choice(Seriousness, required=True)
    likelihood = choice(Likelihood, required=True)
    consequences = words(_LONG, least=1, required=True)
    conclusion = words(_LONG, least=1, required=True)
    proposed_class = choice(RecallClass, required=True)
    long_term = words(_LONG, load_default="")
    defective = words(_LONG, load_default="")
    detectability = words(_LONG, load_default="")
    mitigation = words(_LONG, load_default="")


class SignHazardSchema(Schema):
    """For quality or for medicine, with the signer's password."""

    meaning = fields.String(required=True, validate=validate.OneOf((QUALITY, MEDICAL)))
    password = words(1000, least=1, required=True)
    reason = words(_LONG, load_default="")


class RecallDecisionSchema(Schema):
    """The class, why, why a milder one than the evaluation's is enough, and the signer's password."""

    recall_class = choice(RecallClass, required=True)
    reason = words(_LONG, least=1, required=True)
    password = words(1000, least=1, required=True)
    why_milder = words(_LONG)


class SignedReasonSchema(Schema):
    """Why, and the signer's password."""

    reason = words(_LONG, least=1, required=True)
    password = words(1000, least=1, required=True)


class StrategySchema(Schema):
    """How deep people are told, and how many are asked whether they understood; `check_share` with level B only."""

    depth = choice(Depth, required=True)
    check_level = choice(CheckLevel, required=True)
    check_share = fields.Float(load_default=None, allow_none=True)
    needs_proof = fields.Boolean(load_default=False, metadata={
        "description": "What consignees destroy counts as proved by a photo or certificate alone"})


class RecallOrderSchema(Schema):
    """Which authority ordered it, when, under which number."""

    order = words(2000, least=1, required=True)


class TrySchema(Schema):
    """A try to reach a consignee."""

    way = fields.String(required=True, validate=validate.OneOf(WAYS))
    reached = fields.Boolean(required=True)
    note = words(2000, load_default="")


class SeedSchema(Schema):
    """The seed from which the sample is drawn."""

    seed = fields.Integer(required=True, strict=True, validate=validate.Range(min=0, max=2**31 - 1))


class EffectivenessCheckSchema(Schema):
    """What a drawn consignee said."""

    consignee_id = fields.String(dump_only=True)
    way = fields.String(required=True, validate=validate.OneOf(WAYS))
    received = fields.Boolean(required=True)
    understood = fields.Boolean(required=True)
    acted = fields.Boolean(required=True)
    note = words(2000, load_default="")
    spoken_to = words(200, load_default="", load_only=True)
    checked_at = moment(dump_only=True, allow_none=True)


class RecallEndSchema(Schema):
    """What it came to, the signer's password, why it can end `without` a CAPA or a confirmed report, what the house
    does otherwise from now on, and number and day of the letter with which an authority ended it."""

    note = words(_LONG, least=1, required=True)
    password = words(1000, least=1, required=True)
    without = words(_LONG)
    lessons = words(_LONG)
    authority_letter = words(300)


class RecallConclusionSchema(Schema):
    """What the checks came to; `claimed`: that at least so many per cent of all consignees followed the notice."""

    note = words(_LONG, least=1, required=True)
    claimed = fields.Integer(load_default=None, allow_none=True, strict=True, validate=validate.Range(min=0, max=100))


class UnreachedSchema(Schema):
    """How somebody of the sample was tried."""

    way = fields.String(required=True, validate=validate.OneOf(WAYS))
    note = words(2000, load_default="")


class CheckTrySchema(Schema):
    """A try: the answers are null where nobody was reached."""

    position = fields.Integer()
    way = fields.String()
    spoken_to = fields.String()
    received = fields.Boolean()
    understood = fields.Boolean()
    acted = fields.Boolean()
    note = fields.String()
    at = moment()


def _done(act: Any, command: Any) -> Response:
    with unit_of_work() as session:
        recall = act(session, signed_in(), world().clock, command)
        session.flush()
        return shown(RecallSchema(), recall)


@blueprint.route("/recalls/<recall_id>/assessment", methods=["POST"])
@blueprint.arguments(OwnerSchema)
@blueprint.alt_response(200, schema=RecallSchema)
def assess(given: dict[str, Any], recall_id: str) -> Response:
    """Begin the health hazard evaluation (If-Match)"""
    return _done(service.assess_recall, service.AssessRecall(recall_id, given["owner_id"], wanted_revision()))


@blueprint.route("/recalls/<recall_id>/evaluation", methods=["GET"])
@blueprint.alt_response(200, schema=AsWritten)
def read_hazard(recall_id: str) -> Response:
    """Every version of the evaluation, with its signatures"""
    with world().database.read() as session:
        known_recall(session, recall_id)
        return jsonify({"versions": [
            {"version": row.version, "hash": row.content_hash, "written_by": row.written_by,
             "written_at": row.written_at.isoformat(), "hazard": row.content, "signatures": [
                 {"user": one.user_name, "meaning": one.meaning, "reason": one.reason, "at": one.at.isoformat(),
                  "qualification": one.qualification}
                 for one in evaluation_signatures(session, row)]} for row in evaluations_of(session, recall_id)]})


@blueprint.route("/recalls/<recall_id>/evaluation", methods=["POST"])
@blueprint.arguments(HazardSchema)
@blueprint.alt_response(201, schema=AsWritten)
def write_hazard(given: dict[str, Any], recall_id: str) -> tuple[Response, int]:
    """Write a version of the evaluation (If-Match)"""
    with unit_of_work() as session:
        row = service.write_evaluation(session, signed_in(), world().clock, service.WriteEvaluation(
            recall_id, service.Hazard(**given), wanted_revision()))
        return jsonify({"version": row.version, "hash": row.content_hash, "hazard": row.content}), 201


@blueprint.route("/recalls/<recall_id>/evaluation/signatures", methods=["POST"])
@blueprint.arguments(SignHazardSchema)
@blueprint.alt_response(200, schema=RecallSchema)
def sign_hazard(given: dict[str, Any], recall_id: str) -> Response:
    """Sign the latest version, for quality or for medicine (If-Match)"""
    return sign_act(service.sign_evaluation, service.SignEvaluation(recall_id, revision=wanted_revision(), **given))


@blueprint.route("/recalls/<recall_id>/decision", methods=["POST"])
@blueprint.arguments(RecallDecisionSchema)
@blueprint.alt_response(200, schema=RecallSchema)
def decide(given: dict[str, Any], recall_id: str) -> Response:
    """Decide for a recall: its lots stop at once (If-Match)"""
    return sign_act(service.decide_recall, service.DecideRecall(recall_id, revision=wanted_revision(), **given))


@blueprint.route("/recalls/<recall_id>/no-action", methods=["POST"])
@blueprint.arguments(SignedReasonSchema)
@blueprint.alt_response(200, schema=RecallSchema)
def decide_none(given: dict[str, Any], recall_id: str) -> Response:
    """Decide that no recall is needed; ends the case with the second person's signature (If-Match)"""
    return sign_act(service.decide_none, service.DecideNone(recall_id, revision=wanted_revision(), **given))


@blueprint.route("/recalls/<recall_id>/reassessment", methods=["POST"])
@blueprint.arguments(Reason)
@blueprint.alt_response(200, schema=RecallSchema)
def reassess(given: dict[str, Any], recall_id: str) -> Response:
    """Back from the decision to the evaluation (If-Match)"""
    with unit_of_work() as session:
        recall = service.reassess_recall(session, signed_in(), world().clock, recall_id, given["reason"],
                                         wanted_revision())
        session.flush()
        return shown(RecallSchema(), recall)


@blueprint.route("/recalls/<recall_id>/strategy", methods=["PUT"])
@blueprint.arguments(StrategySchema)
@blueprint.alt_response(200, schema=RecallSchema)
def strategy(given: dict[str, Any], recall_id: str) -> Response:
    """Depth and level of the checks (If-Match)"""
    return _done(service.set_strategy, service.SetStrategy(recall_id, revision=wanted_revision(), **given))


@blueprint.route("/recalls/<recall_id>/mandate", methods=["POST"])
@blueprint.arguments(RecallOrderSchema)
@blueprint.alt_response(200, schema=RecallSchema)
def mandate(given: dict[str, Any], recall_id: str) -> Response:
    """Note that an authority ordered it (If-Match)"""
    return _done(service.mandate_recall, service.MandateRecall(recall_id, given["order"], wanted_revision()))


@blueprint.route("/recalls/<recall_id>/extension", methods=["POST"])
@blueprint.arguments(Reason)
@blueprint.alt_response(200, schema=RecallSchema)
def extend(given: dict[str, Any], recall_id: str) -> Response:
    """The scope of a running recall grows (If-Match)"""
    return _done(service.extend_recall, service.ExtendRecall(recall_id, given["reason"], wanted_revision()))


@blueprint.route("/recalls/<recall_id>/snapshots", methods=["GET"])
@blueprint.alt_response(200, schema=AsWritten)
def read_snapshots(recall_id: str) -> Response:
    """The scope as it was frozen, each time, and who signed what"""
    with world().database.read() as session:
        known_recall(session, recall_id)
        return jsonify({
            "snapshots": [{"position": row.position, "scope_number": row.scope_number, "hash": row.scope_hash,
                           "taken_at": row.taken_at.isoformat(), "content": row.content}
                          for row in snapshots_of(session, recall_id)],
            "signatures": [{"user": one.user_name, "meaning": one.meaning, "at": one.at.isoformat(),
                            "hash": one.signed_hash, "qualification": one.qualification}
                           for one in signatures(session, recall_id)]})


@blueprint.route("/recalls/<recall_id>/consignees/<consignee_id>/tries", methods=["POST"])
@blueprint.arguments(TrySchema)
@blueprint.alt_response(201, schema=AsWritten)
def try_consignee(given: dict[str, Any], recall_id: str, consignee_id: str) -> tuple[Response, int]:
    """Note a try to reach a consignee by another way than our letters"""
    with unit_of_work() as session:
        row = service.note_attempt(session, signed_in(), world().clock, service.NoteAttempt(
            recall_id, consignee_id, **given))
        return jsonify({"position": row.position, "way": row.way, "reached": row.reached}), 201


@blueprint.route("/recalls/<recall_id>/checks", methods=["POST"])
@blueprint.arguments(SeedSchema)
@blueprint.alt_response(200, schema=RecallSchema)
def draw(given: dict[str, Any], recall_id: str) -> Response:
    """Draw the sample of the level and begin the checks (If-Match)"""
    return _done(service.draw_sample, service.DrawSample(recall_id, given["seed"], wanted_revision()))


@blueprint.route("/recalls/<recall_id>/checks", methods=["GET"])
@blueprint.alt_response(200, schema=AsWritten)
def read_checks(recall_id: str) -> Response:
    """The sample, each try, and what the answers say about all consignees"""
    with world().database.read() as session:
        recall = known_recall(session, recall_id)
        return jsonify({"level": recall.check_level, "seed": recall.check_seed,
                        "checks": EffectivenessCheckSchema(many=True).dump(checks_of(session, recall)),
                        "conclusion": plain_value(conclusion_of(session, recall)),
                        "tries": {key: [CheckTrySchema().dump(one) for one in tries]
                                  for key, tries in check_tries(session, recall).items()}})


@blueprint.route("/recalls/<recall_id>/checks/<consignee_id>", methods=["PUT"])
@blueprint.arguments(EffectivenessCheckSchema)
@blueprint.alt_response(200, schema=EffectivenessCheckSchema)
def check(given: dict[str, Any], recall_id: str, consignee_id: str) -> Response:
    """What a drawn consignee said"""
    with unit_of_work() as session:
        row = service.record_check(session, signed_in(), world().clock, service.RecordCheck(
            recall_id, consignee_id, **given))
        return jsonify(EffectivenessCheckSchema().dump(row))


@blueprint.route("/recalls/<recall_id>/checks/<consignee_id>/tries", methods=["POST"])
@blueprint.arguments(UnreachedSchema)
@blueprint.response(201, CheckTrySchema)
def try_check(given: dict[str, Any], recall_id: str, consignee_id: str) -> object:
    """Note that somebody of the sample was not reached"""
    with unit_of_work() as session:
        return note_check_try(session, signed_in(), world().clock, NoteCheckTry(recall_id, consignee_id, **given))


@blueprint.route("/recalls/<recall_id>/conclusion", methods=["POST"])
@blueprint.arguments(RecallConclusionSchema)
@blueprint.alt_response(200, schema=RecallSchema)
def conclude(given: dict[str, Any], recall_id: str) -> Response:
    """End the checks; the books are closed next (If-Match)"""
    return _done(service.conclude_checks, service.ConcludeChecks(
        recall_id, given["note"], wanted_revision(), given["claimed"]))


@blueprint.route("/recalls/<recall_id>/termination", methods=["POST"])
@blueprint.arguments(RecallEndSchema)
@blueprint.alt_response(200, schema=RecallSchema)
def terminate(given: dict[str, Any], recall_id: str) -> Response:
    """End a recall whose ledger closes, signed (If-Match)"""
    return sign_act(service.terminate_recall, service.TerminateRecall(recall_id, revision=wanted_revision(), **given))


@blueprint.route("/recalls/<recall_id>/reopening", methods=["POST"])
@blueprint.arguments(Reason)
@blueprint.alt_response(200, schema=RecallSchema)
def reopen(given: dict[str, Any], recall_id: str) -> Response:
    """Assess an ended case again (If-Match)"""
    return _done(partial(service.reopen_recall, vault=world().vault),
                 service.ReopenRecall(recall_id, given["reason"], wanted_revision()))
