"""What authorities answer to reports, by API."""
from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields

from traceapp.submission import report_answering
from traceapp.submission.report_queries import waiting_answers
from traceapp.submission.report_states import AnswerVerdict, ReportState
from traceapp.web.context import signed_in, world

from .blueprint import ApiBlueprint
from .idempotency import unit_of_work
from .schemas import FilePart, choice, moment, words

blueprint = ApiBlueprint("api_report_answers", __name__, url_prefix="/api/v1", description="Answers of authorities")
PERMISSIONS = {f"api_report_answers.{name}": "report.write" for name in (
    "list_waiting", "take", "note", "match")}


class ReportAnswerSchema(Schema):
    """What an authority says of a report. `names` are the numbers by which it names it, `number` is its own."""

    id = fields.String()
    at = moment()
    by = fields.String()
    reader = fields.String()
    verdict = choice(AnswerVerdict)
    names = fields.Raw()
    number = fields.String()
    texts = fields.Raw()
    name = fields.String()
    sha256 = fields.String(allow_none=True)


class TakeAnswersSchema(Schema):
    """A file that an authority sent; what it is about stands in it."""

    file = FilePart(required=True)


class NoteSchema(Schema):
    """What a person read at the authority; `accepted` needs its number, `rejected` its words."""

    verdict = choice(AnswerVerdict, required=True)
    number = words(120, load_default="")
    text = words(2000, load_default="")
    file = FilePart(load_default=None)


class MatchSchema(Schema):
    """Which report it is about, and why."""

    report_id = words(32, least=1, required=True)
    reason = words(2000, least=1, required=True)


class AnsweredSchema(Schema):
    """How the report stands now."""

    id = fields.String()
    state = choice(ReportState)
    acknowledgement = fields.String()


@blueprint.route("/report-answers", methods=["GET"])
@blueprint.response(200, ReportAnswerSchema(many=True))
def list_waiting() -> object:
    """Answers of which nobody knows yet which report they are about, oldest first"""
    with world().database.read() as session:
        return waiting_answers(session)


@blueprint.route("/report-answers", methods=["POST"])
@blueprint.arguments(TakeAnswersSchema, location="multipart")
@blueprint.response(201, ReportAnswerSchema(many=True))
def take(given: dict[str, Any]) -> object:
    """Take in a file of acknowledgements; each is matched to its report"""
    here = world()
    content = here.files.read_all(given["file"].stream)
    with unit_of_work() as session:
        return report_answering.take_answer(session, signed_in(), here.clock, report_answering.TakeAnswer(
            given["file"].filename or "", content), desk=here.reports)


@blueprint.route("/reports/<report_id>/answers", methods=["POST"])
@blueprint.arguments(NoteSchema, location="multipart")
@blueprint.response(201, AnsweredSchema)
def note(given: dict[str, Any], report_id: str) -> object:
    """Write down what an authority answered, with a file as proof where there is one"""
    here, sent = world(), given.pop("file")
    file = (sent.filename or "", here.files.read_all(sent.stream)) if sent is not None else None
    with unit_of_work() as session:
        return report_answering.note_answer(session, signed_in(), here.clock, report_answering.NoteAnswer(
            report_id, file=file, **given), desk=here.reports)


@blueprint.route("/report-answers/<answer_id>/match", methods=["POST"])
@blueprint.arguments(MatchSchema)
@blueprint.response(200, AnsweredSchema)
def match(given: dict[str, Any], answer_id: str) -> object:
    """Say which report an answer is about"""
    with unit_of_work() as session:
        return report_answering.match_answer(session, signed_in(), world().clock, report_answering.MatchAnswer(
            answer_id, **given))
