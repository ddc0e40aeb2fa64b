"""Reports to authorities by API."""
from __future__ import annotations

from typing import Any

from flask import Response
from flask_babel import gettext
from marshmallow import Schema, fields

from traceapp.adverse_event.service import about
from traceapp.export.case_report import Profile, ReportKind
from traceapp.identity.attempts import limit_signature
from traceapp.submission import report_deciding, report_preparing
from traceapp.submission.report_cases import findings_of, report_by_id
from traceapp.submission.report_comparing import changes_since_earlier
from traceapp.submission.report_model import Report
from traceapp.submission.report_opening import OpenReport
from traceapp.submission.report_queries import (
    ReportFilter,
    answers_of,
    clocks_to_report,
    files_of,
    report_page,
    signatures_of,
)
from traceapp.submission.report_states import FileRole, ReportState
from traceapp.web.context import signed_in, world
from traceapp.web.report_files import send_report, wanted_file

from .blueprint import ApiBlueprint
from .idempotency import unit_of_work
from .legal_clocks import ClockSchema
from .report_answers import ReportAnswerSchema
from .schemas import Paging, Reason, choice, created, listed, moment, page_answer, shown, wanted_revision, words

blueprint = ApiBlueprint("api_reports", __name__, url_prefix="/api/v1", description="Reports to authorities")
PERMISSIONS = {f"api_reports.{name}": "report.write" for name in (
    "list_reports", "read_report", "prepare", "renew", "check", "change", "send", "list_files", "read_file",
    "read_package", "open_file", "open_package", "list_changes", "list_signatures", "list_answers", "list_due",
    "list_forms")} | {
    "api_reports.approve": "report.approve"}


class FindingSchema(Schema):
    """What a check found; `is_error`: the authority would refuse the file."""

    element = fields.String()
    code = fields.String()
    rule = fields.String()
    is_error = fields.Boolean()
    text = fields.Function(lambda one: gettext(one.text) % one.values if one.values else gettext(one.text))


def _key(report: Report, kind: str) -> str | None:
    """The id of what a report is about, where that is of this kind."""
    found, _, key = report.about.partition(":")
    return key if found == kind else None


class ReportSchema(Schema):
    """One report of one case, or of one period (`about` is `periodic:` and the id of its clock), to one authority;
    `version` counts for the case and the authority."""

    id = fields.String()
    reference = fields.String()
    about = fields.String()
    adverse_event_id = fields.Function(lambda report: _key(report, "adverse_event"))
    jurisdiction = fields.String()
    receiver = fields.String()
    expected_next_on = fields.Date(allow_none=True)
    form = fields.String()
    format = fields.String()
    profile = choice(Profile)
    kind = choice(ReportKind)
    version = fields.Integer()
    earlier_id = fields.String(allow_none=True)
    number = fields.String()
    clock_ids = fields.Raw()
    due_at = moment(allow_none=True)
    reason = fields.String()
    state = choice(ReportState)
    sha256 = fields.String(allow_none=True)
    findings = fields.Function(lambda report: FindingSchema(many=True).dump(findings_of(report)))
    warnings_reason = fields.String()
    prepared_at = moment()
    approved_at = moment(allow_none=True)
    sent_at = moment(allow_none=True)
    channel = fields.String()
    sent_id = fields.String()
    answered_at = moment(allow_none=True)
    acknowledgement = fields.String()


class ReportFilterSchema(Paging):
    """Which reports; `text`: the number of the case or the report."""

    adverse_event_id = words(32, load_default=None)
    state = choice(ReportState, load_default=None)
    jurisdiction = words(8, load_default=None)
    product_id = words(32, load_default=None)
    text = words(100, load_default="")


class PrepareSchema(Schema):
    """Which report; without `format` the form's own, without `clock_ids` every clock of that authority that runs."""

    jurisdiction = words(8, least=2, required=True)
    form = words(24, least=1, required=True)
    format = words(8, load_default="")
    profile = choice(Profile, load_default="masked")
    kind = choice(ReportKind, load_default="initial")
    receiver = words(200, load_default="")
    expected_next_on = fields.Date(load_default=None, allow_none=True)
    reason = words(2000, load_default="")
    clock_ids = fields.List(words(32), load_default=None, allow_none=True)


class CheckSchema(Schema):
    """Why the warnings may stand; not asked for where there is none."""

    reason = words(2000, load_default="")


class ApproveSchema(Schema):
    """The signer's password, asked again."""

    password = fields.String(required=True, load_only=True)
    reason = words(2000, load_default="")


class ChangeReportSchema(Schema):
    """`return`: to be looked at again; `withdraw`: it will not be sent."""

    action = choice(("return", "withdraw"), required=True)
    reason = words(2000, least=1, required=True)


class SendSchema(Schema):
    """How and when it was handed in, and the number that the authority gave there."""

    channel = words(80, least=1, required=True)
    sent_at = moment(required=True)
    sent_id = words(120, load_default="")


class ReportFileSchema(Schema):
    """A file of a report; its content is at `/reports/{id}/files/{position}`."""

    position = fields.Integer()
    role = choice(FileRole)
    round = fields.Integer()
    name = fields.String()
    media_type = fields.String()
    sha256 = fields.String()
    size_bytes = fields.Integer()
    added_at = moment()


class SignatureSchema(Schema):
    """Who signed what."""

    user_name = fields.String()
    meaning = fields.String()
    reason = fields.String()
    at = moment()
    signed_hash = fields.String()


class ValueChangeSchema(Schema):
    """A value of the case that differs from the earlier report."""

    place = fields.String()
    before = fields.String()
    after = fields.String()


class DueSchema(Schema):
    """A clock that runs, and the report that answers it, where one was prepared."""

    clock = fields.Nested(ClockSchema)
    report = fields.Nested(ReportSchema, allow_none=True)


class FormSchema(Schema):
    """A form and the formats in which it can be had."""

    name = fields.String()
    formats = fields.Function(lambda form: list(form.formats))


@blueprint.route("/reports", methods=["GET"])
@blueprint.arguments(ReportFilterSchema, location="query")
@blueprint.response(200, listed(ReportSchema, "ReportList"))
def list_reports(wanted: dict[str, Any]) -> dict[str, Any]:
    """Reports to authorities, the latest first"""
    state, event_id = wanted.pop("state"), wanted.pop("adverse_event_id")
    with world().database.read() as session:
        return page_answer(report_page(session, ReportFilter(
            states=(state,) if state else (), about=about(event_id) if event_id else None, **wanted)))


@blueprint.route("/report-forms", methods=["GET"])
@blueprint.response(200, FormSchema(many=True))
def list_forms() -> object:
    """The forms that reports can be written into"""
    return list(world().reports.forms.values())


@blueprint.route("/reports-due", methods=["GET"])
@blueprint.response(200, DueSchema(many=True))
def list_due() -> object:
    """The legal clocks that run, the earliest due first, with the report that answers each (100 at most)"""
    with world().database.read() as session:
        return clocks_to_report(session)


@blueprint.route("/adverse-events/<adverse_event_id>/reports", methods=["POST"])
@blueprint.arguments(PrepareSchema)
@blueprint.alt_response(201, schema=ReportSchema)
def prepare(given: dict[str, Any], adverse_event_id: str) -> Response:
    """Prepare a report of an adverse event"""
    here = world()
    if given["clock_ids"] is not None:
        given["clock_ids"] = tuple(given["clock_ids"])
    with unit_of_work() as session:
        report = report_preparing.prepare_report(session, signed_in(), here.clock, report_preparing.PrepareReport(
            adverse_event_id, **given), desk=here.reports)
        session.flush()
        return created(ReportSchema(), report, "api_reports.read_report", report_id=report.id)


@blueprint.route("/reports/<report_id>", methods=["GET"])
@blueprint.alt_response(200, schema=ReportSchema)
def read_report(report_id: str) -> Response:
    """One report with what was found in it"""
    with world().database.read() as session:
        return shown(ReportSchema(), report_by_id(session, report_id))


def _changed(act: Any, command: Any, **more: Any) -> Response:
    with unit_of_work() as session:
        report: Report = act(session, signed_in(), world().clock, command, **more)
        session.flush()
        return shown(ReportSchema(), report)


@blueprint.route("/reports/<report_id>/renewal", methods=["POST"])
@blueprint.alt_response(200, schema=ReportSchema)
def renew(report_id: str) -> Response:
    """Make a report anew from the case as it stands now (If-Match)"""
    return _changed(report_preparing.renew_report, report_preparing.RenewReport(report_id, wanted_revision()),
                    desk=world().reports)


@blueprint.route("/reports/<report_id>/check", methods=["POST"])
@blueprint.arguments(CheckSchema)
@blueprint.alt_response(200, schema=ReportSchema)
def check(given: dict[str, Any], report_id: str) -> Response:
    """Answer the warnings and hand it to a second person (If-Match)"""
    return _changed(report_deciding.check_report, report_deciding.CheckReport(
        report_id, given["reason"], wanted_revision()))


@blueprint.route("/reports/<report_id>/approval", methods=["POST"])
@blueprint.arguments(ApproveSchema)
@blueprint.alt_response(200, schema=ReportSchema)
def approve(given: dict[str, Any], report_id: str) -> Response:
    """Sign a report as a second person (If-Match)"""
    here = world()
    with here.database.write() as session:  # counted whatever comes of it
        limit_signature(session, here.clock, signed_in())
    return _changed(report_deciding.approve_report, report_deciding.ApproveReport(
        report_id, revision=wanted_revision(), **given), desk=here.reports)


@blueprint.route("/reports/<report_id>/changes", methods=["POST"])
@blueprint.arguments(ChangeReportSchema)
@blueprint.alt_response(200, schema=ReportSchema)
def change(given: dict[str, Any], report_id: str) -> Response:
    """Send a report back, or withdraw it (If-Match)"""
    return _changed(report_deciding.change_report, report_deciding.ChangeReport(
        report_id, revision=wanted_revision(), **given))


@blueprint.route("/reports/<report_id>/sending", methods=["POST"])
@blueprint.arguments(SendSchema)
@blueprint.alt_response(200, schema=ReportSchema)
def send(given: dict[str, Any], report_id: str) -> Response:
    """Record that an approved report was handed in (If-Match)"""
    return _changed(report_deciding.record_sending, report_deciding.RecordSending(
        report_id, revision=wanted_revision(), **given))


@blueprint.route("/reports/<report_id>/files", methods=["GET"])
@blueprint.response(200, ReportFileSchema(many=True))
def list_files(report_id: str) -> object:
    """The files of a report, those made last first"""
    with world().database.read() as session:
        return files_of(session, report_by_id(session, report_id).id)


@blueprint.route("/reports/<report_id>/files/<position>", methods=["GET"])
@blueprint.alt_response(200, content_type="*/*", schema={"type": "string", "format": "binary"})
def read_file(report_id: str, position: str) -> Response:
    """One file of a report; one that names persons is had by POST, with a reason"""
    return send_report(wanted_file(report_id, position))


@blueprint.route("/reports/<report_id>/files/<position>", methods=["POST"])
@blueprint.arguments(Reason)
@blueprint.alt_response(200, content_type="*/*", schema={"type": "string", "format": "binary"})
def open_file(given: dict[str, Any], report_id: str, position: str) -> Response:
    """One file of a report that names persons; every look is recorded with its reason"""
    return send_report(wanted_file(report_id, position, given["reason"]))


@blueprint.route("/reports/<report_id>/package", methods=["GET"])
@blueprint.alt_response(200, content_type="application/zip", schema={"type": "string", "format": "binary"})
def read_package(report_id: str) -> Response:
    """File, findings, answers and a list of hashes as one archive; one that names persons is had by POST"""
    return send_report(OpenReport(report_id))


@blueprint.route("/reports/<report_id>/package", methods=["POST"])
@blueprint.arguments(Reason)
@blueprint.alt_response(200, content_type="application/zip", schema={"type": "string", "format": "binary"})
def open_package(given: dict[str, Any], report_id: str) -> Response:
    """The same of a report that names persons; every look is recorded with its reason"""
    return send_report(OpenReport(report_id, reason=given["reason"]))


@blueprint.route("/reports/<report_id>/value-changes", methods=["GET"])
@blueprint.response(200, ValueChangeSchema(many=True))
def list_changes(report_id: str) -> object:
    """What it says of the case other than the report before it"""
    with world().database.read() as session:
        return changes_since_earlier(session, world().reports, report_by_id(session, report_id))


@blueprint.route("/reports/<report_id>/signatures", methods=["GET"])
@blueprint.response(200, SignatureSchema(many=True))
def list_signatures(report_id: str) -> object:
    """Who signed a report"""
    with world().database.read() as session:
        return signatures_of(session, report_by_id(session, report_id).id)


@blueprint.route("/reports/<report_id>/answers", methods=["GET"])
@blueprint.response(200, ReportAnswerSchema(many=True))
def list_answers(report_id: str) -> object:
    """What the authority answered, oldest first"""
    with world().database.read() as session:
        return [answer for answer, _match in answers_of(session, report_by_id(session, report_id).id)]
