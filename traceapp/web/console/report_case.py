"""Console: one report to an authority: how far it is, what was found in it, its files, what changed, what came back."""
from __future__ import annotations

from typing import Any

from flask import redirect, url_for
from werkzeug.wrappers import Response

from traceapp.core.errors import InvalidInput
from traceapp.identity.lookup import names_of_users
from traceapp.submission.periodic_reporting import FORM as PERIODIC
from traceapp.submission.report_cases import findings_of, report_by_id, report_stream
from traceapp.submission.report_comparing import changes_since_earlier
from traceapp.submission.report_model import Report
from traceapp.submission.report_opening import OpenReport
from traceapp.submission.report_preparing import reports_about
from traceapp.submission.report_queries import (
    answers_of,
    files_of,
    signatures_of,
)
from traceapp.submission.report_states import actions_from
from traceapp.web import clock_words, report_words
from traceapp.web.context import signed_in, world
from traceapp.web.reading import given
from traceapp.web.report_files import is_reason_asked, send_report, wanted_file
from traceapp.web.words import choices
from traceapp.worklist.legal_clocks import clocks_about
from traceapp.worklist.tasks import tasks_about

from .casework import case_page
from .entering import Entered
from .layout import blueprint

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {name: "report.write" for name in (
    "console.report", "console.report_file", "console.report_package", "console.report_open")}
_ORDER = ("check", "approve", "send", "answer", "correct", "renew", "return", "withdraw")


@blueprint.get("/reports/<report_id>")
def report(report_id: str) -> Response:
    """One report; `do` opens the form of an act."""
    return show(report_id, given("do"))


def show(report_id: str, do: str = "", form: Entered | None = None, status: int = 200) -> Response:
    """The page of a report; with a refused form the status of the refusal."""
    here = world()
    with here.database.read() as db:
        found = report_by_id(db, report_id)
        answers, signed, files = answers_of(db, found.id), signatures_of(db, found.id), files_of(db, found.id)
        people = names_of_users(db, (found.prepared_by, found.checked_by, found.approved_by, found.sent_by,
                                     *(match.by for _answer, match in answers)))
        values: dict[str, Any] = {
            "versions": reports_about(db, found.about, found.jurisdiction),
            "clocks": [one for one in clocks_about(db, found.about) if one.id in found.clock_ids],
            "tasks": [task for task in tasks_about(db, report_stream(found.id)) if task.state == "open"],
            "changes": changes_since_earlier(db, here.reports, found)}
    findings = findings_of(found)
    actions = _actions(found, has_errors=any(one.is_error for one in findings))
    do = do if do in (*actions, "open") else ""
    latest = max((one.round for one in files), default=0)
    return case_page(
        "console/report.html", status, report=found, do=do, form=form or Entered(), actions=actions,
        findings=findings, answers=answers, signed=signed, people=people, me=signed_in(), steps=_steps(found),
        files=[one for one in files if one.round == latest], older=[one for one in files if one.round != latest],
        report_words=report_words, clock_words=clock_words, verdicts=choices(report_words.VERDICTS),
        **values)


def _actions(report: Report, *, has_errors: bool) -> list[str]:
    """The acts that the page offers, the next step first."""
    allowed = {*actions_from(report.state)} - {"acknowledge", "reject", "correct"}
    if has_errors:
        allowed -= {"check", "approve"}
    if report.form == PERIODIC:
        allowed -= {"renew"}
    if report.state in ("sent", "acknowledged", "rejected"):
        allowed.add("answer")
    return [action for action in _ORDER if action in allowed]


def _steps(report: Report) -> list[dict[str, Any]]:
    """The course of the report: each step with its moment, or still to come."""
    moments = (report.prepared_at, report.checked_at, report.approved_at, report.sent_at,
               report.answered_at if report.state == "acknowledged" else None)
    current = next((number for number, at in enumerate(moments) if at is None), len(moments))
    if report.state in ("withdrawn", "corrected", "rejected"):
        current = len(moments)
    names = ("prepared", "checked", "approved", "sent", "acknowledged")
    return [{"name": name, "at": at, "state": "done" if at else "current" if number == current else "todo"}
            for number, (name, at) in enumerate(zip(names, moments, strict=True))]


@blueprint.get("/reports/<report_id>/files/<position>")
def report_file(report_id: str, position: str) -> Response:
    """One of its files; for one that names persons the form that asks why."""
    return _handed(wanted_file(report_id, position))


@blueprint.get("/reports/<report_id>/package/export")
def report_package(report_id: str) -> Response:
    """All of it as one archive; likewise."""
    return _handed(OpenReport(report_id))


def _handed(wanted: OpenReport) -> Response:
    if is_reason_asked(wanted):
        return redirect(url_for("console.report", report_id=wanted.report_id, do="open", file=wanted.position,
                                _anchor="do"), 303)
    return send_report(wanted)


@blueprint.post("/reports/<report_id>/open")
def report_open(report_id: str) -> Response:
    """What names persons, for a reason."""
    form = Entered()
    position, reason = form.get("file"), form.text("reason")
    try:
        return send_report(wanted_file(report_id, position, reason) if position else OpenReport(
            report_id, reason=reason))
    except InvalidInput as problem:
        form.refuse(problem)
        return show(report_id, "open", form, 422)
