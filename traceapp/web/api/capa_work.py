"""The work on a CAPA by API: causes, actions, verification, questions. Each act answers the whole CAPA."""
from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import Schema, fields, validate
from sqlalchemy.orm import Session

from traceapp.attachment.service import attachments_of, ready_file
from traceapp.capa import service
from traceapp.capa.cases import action_stream, capa_by_id
from traceapp.capa.states import CauseKind, Conclusion, Verdict
from traceapp.web.context import signed_in, world

from .blueprint import ApiBlueprint
from .capas import WholeCapaSchema, whole
from .files import FileSchema, UploadSchema
from .idempotency import unit_of_work
from .schemas import Reason, choice, wanted_revision, words

blueprint = ApiBlueprint("api_capa_work", __name__, url_prefix="/api/v1", description="CAPAs")
PERMISSIONS = {
    "api_capa_work.write_whys": "capa.write", "api_capa_work.add_cause": "capa.write",
    "api_capa_work.judge_cause": "capa.write", "api_capa_work.give_up_cause": "capa.write",
    "api_capa_work.add_action": "capa.write", "api_capa_work.change_action": "capa.write",
    "api_capa_work.finish_action": "capa.act", "api_capa_work.drop_action": "capa.write",
    "api_capa_work.list_proofs": "capa.read", "api_capa_work.prove_action": "capa.act",
    "api_capa_work.state_criterion": "capa.write", "api_capa_work.conclude": "capa.write",
    "api_capa_work.ask": "capa.write", "api_capa_work.answer": "capa.act",
}


class WhysSchema(Schema):
    """The five whys in order, each the answer to why the one before it is so."""

    answers = fields.List(words(2000), required=True, validate=validate.Length(min=1, max=7))


class NewCauseSchema(Schema):
    """A supposed cause; without `parent_id` of the problem itself."""

    kind = choice(CauseKind, required=True)
    text = words(2000, least=1, required=True)
    parent_id = words(32, load_default=None, allow_none=True)
    evidence = words(20_000, load_default="")


class JudgementOfCauseSchema(Schema):
    """Confirmed and excluded with what shows it."""

    verdict = choice(Verdict, required=True)
    evidence = words(20_000, load_default="")


class PlannedActionSchema(Schema):
    """Owner and day may follow, but must stand before the work begins."""

    what = words(20_000, least=1, required=True)
    owner_id = words(32, load_default=None, allow_none=True)
    due_on = fields.Date(load_default=None, allow_none=True)


class ActionOutcomeSchema(Schema):
    """What was done."""

    outcome = words(20_000, least=1, required=True)


class CriterionSchema(Schema):
    """By what it will be judged whether the actions helped, how, and on which day."""

    criterion = words(20_000, least=1, required=True)
    method = words(20_000, least=1, required=True)
    planned_on = fields.Date(required=True)


class ConclusionSchema(Schema):
    """What the verification found; not effective reopens the CAPA."""

    conclusion = choice(Conclusion, required=True)
    result = words(20_000, least=1, required=True)


class NewQuestionSchema(Schema):
    """A question, and who answers it within fifteen working days."""

    question = words(20_000, least=1, required=True)
    asked_of_id = words(32, least=1, required=True)


class AnswerOfDevelopmentSchema(Schema):
    """The answer."""

    answer = words(20_000, least=1, required=True)


def _done(act: Any, command: Any) -> Response:
    """The whole CAPA after an act on it."""
    with unit_of_work() as session:
        act(session, signed_in(), world().clock, command)
        return _answer(session, command.capa_id)


def _answer(session: Session, capa_id: str) -> Response:
    return whole(session, capa_by_id(session, capa_id))


@blueprint.route("/capas/<capa_id>/whys", methods=["PUT"])
@blueprint.arguments(WhysSchema)
@blueprint.alt_response(200, schema=WholeCapaSchema)
def write_whys(given: dict[str, Any], capa_id: str) -> Response:
    """Write the five whys (If-Match)"""
    return _done(service.write_whys, service.WriteWhys(capa_id, tuple(given["answers"]), wanted_revision()))


@blueprint.route("/capas/<capa_id>/causes", methods=["POST"])
@blueprint.arguments(NewCauseSchema)
@blueprint.alt_response(200, schema=WholeCapaSchema)
def add_cause(given: dict[str, Any], capa_id: str) -> Response:
    """Add a supposed cause to the tree (If-Match)"""
    return _done(service.add_cause, service.AddCause(capa_id, revision=wanted_revision(), **given))


@blueprint.route("/capas/<capa_id>/causes/<cause_id>/judgement", methods=["POST"])
@blueprint.arguments(JudgementOfCauseSchema)
@blueprint.alt_response(200, schema=WholeCapaSchema)
def judge_cause(given: dict[str, Any], capa_id: str, cause_id: str) -> Response:
    """Confirm or exclude a cause (If-Match)"""
    return _done(service.judge_cause, service.JudgeCause(capa_id, cause_id, revision=wanted_revision(), **given))


@blueprint.route("/capas/<capa_id>/no-cause", methods=["POST"])
@blueprint.arguments(Reason)
@blueprint.alt_response(200, schema=WholeCapaSchema)
def give_up_cause(given: dict[str, Any], capa_id: str) -> Response:
    """Say that no cause can be found, and why (If-Match)"""
    return _done(service.give_up_cause, service.GiveUpCause(capa_id, given["reason"], wanted_revision()))


@blueprint.route("/capas/<capa_id>/actions", methods=["POST"])
@blueprint.arguments(PlannedActionSchema)
@blueprint.alt_response(200, schema=WholeCapaSchema)
def add_action(given: dict[str, Any], capa_id: str) -> Response:
    """Plan an action (If-Match)"""
    return _done(service.add_action, service.AddAction(capa_id, revision=wanted_revision(), **given))


@blueprint.route("/capas/<capa_id>/actions/<action_id>", methods=["PUT"])
@blueprint.arguments(PlannedActionSchema)
@blueprint.alt_response(200, schema=WholeCapaSchema)
def change_action(given: dict[str, Any], capa_id: str, action_id: str) -> Response:
    """Plan an action otherwise (If-Match)"""
    return _done(service.change_action, service.ChangeAction(capa_id, action_id, revision=wanted_revision(), **given))


@blueprint.route("/capas/<capa_id>/actions/<action_id>/completion", methods=["POST"])
@blueprint.arguments(ActionOutcomeSchema)
@blueprint.alt_response(200, schema=WholeCapaSchema)
def finish_action(given: dict[str, Any], capa_id: str, action_id: str) -> Response:
    """Say that an action is done (If-Match)"""
    return _done(service.finish_action, service.FinishAction(capa_id, action_id, given["outcome"], wanted_revision()))


@blueprint.route("/capas/<capa_id>/actions/<action_id>/dropping", methods=["POST"])
@blueprint.arguments(Reason)
@blueprint.alt_response(200, schema=WholeCapaSchema)
def drop_action(given: dict[str, Any], capa_id: str, action_id: str) -> Response:
    """Leave an action undone, and say why (If-Match)"""
    return _done(service.drop_action, service.DropAction(capa_id, action_id, given["reason"], wanted_revision()))


@blueprint.route("/capas/<capa_id>/actions/<action_id>/files", methods=["GET"])
@blueprint.response(200, FileSchema(many=True))
def list_proofs(capa_id: str, action_id: str) -> object:
    """The proofs of an action, oldest first"""
    with world().database.read() as session:
        capa_by_id(session, capa_id)
        return list(attachments_of(session, action_stream(action_id)))


@blueprint.route("/capas/<capa_id>/actions/<action_id>/files", methods=["POST"])
@blueprint.arguments(UploadSchema, location="multipart")
@blueprint.response(201, FileSchema)
def prove_action(given: dict[str, Any], capa_id: str, action_id: str) -> object:
    """Add a proof to an action"""
    here = world()
    ready = ready_file(given["file"].stream, store=here.files)  # takes its time: before the unit of work
    with unit_of_work() as session:
        return service.prove_action(session, signed_in(), here.clock, service.ProveAction(
            capa_id, action_id, given["file"].filename or "", ready), store=here.files)


@blueprint.route("/capas/<capa_id>/criterion", methods=["PUT"])
@blueprint.arguments(CriterionSchema)
@blueprint.alt_response(200, schema=WholeCapaSchema)
def state_criterion(given: dict[str, Any], capa_id: str) -> Response:
    """State how it will be judged whether the actions helped (If-Match)"""
    return _done(service.state_criterion, service.StateCriterion(capa_id, revision=wanted_revision(), **given))


@blueprint.route("/capas/<capa_id>/conclusion", methods=["POST"])
@blueprint.arguments(ConclusionSchema)
@blueprint.alt_response(200, schema=WholeCapaSchema)
def conclude(given: dict[str, Any], capa_id: str) -> Response:
    """Conclude the verification (If-Match)"""
    return _done(service.conclude_check, service.ConcludeCheck(capa_id, revision=wanted_revision(), **given))


@blueprint.route("/capas/<capa_id>/questions", methods=["POST"])
@blueprint.arguments(NewQuestionSchema)
@blueprint.alt_response(200, schema=WholeCapaSchema)
def ask(given: dict[str, Any], capa_id: str) -> Response:
    """Ask development; the answer is due in fifteen working days (If-Match)"""
    return _done(service.ask_development, service.AskDevelopment(capa_id, revision=wanted_revision(), **given))


@blueprint.route("/capas/<capa_id>/questions/<question_id>/answer", methods=["POST"])
@blueprint.arguments(AnswerOfDevelopmentSchema)
@blueprint.alt_response(200, schema=WholeCapaSchema)
def answer(given: dict[str, Any], capa_id: str, question_id: str) -> Response:
    """Answer a question of quality (If-Match)"""
    return _done(service.answer_question, service.AnswerQuestion(capa_id, question_id, given["answer"],
                                                                 wanted_revision()))
