"""Console: what moves a report on: checking, approving, sending, its answer; making it anew, sending it back."""
from __future__ import annotations

from collections.abc import Callable

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.submission.report_answering import NoteAnswer, note_answer
from traceapp.submission.report_deciding import (
    ApproveReport,
    ChangeReport,
    CheckReport,
    RecordSending,
    approve_report,
    change_report,
    check_report,
    record_sending,
)
from traceapp.submission.report_preparing import RenewReport, renew_report
from traceapp.web.context import actor, world

from .acting import Done, Refusal, perform
from .casework import count_signature, signed
from .entering import Entered
from .layout import ZONE, blueprint
from .report_case import show

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {name: "report.write" for name in (
    "console.report_check", "console.report_renew", "console.report_change", "console.report_send",
    "console.report_answer")} | {"console.report_approve": "report.approve"}


def _do(report_id: str, action: str, text: str, act: Callable[[Session, Entered], object],
        form: Entered | None = None) -> Response:
    """Run an act of the report and say `text`; the form again when it is refused."""
    entered = form or Entered()

    def run(db: Session) -> Done:
        act(db, entered)
        return Done(url_for("console.report", report_id=report_id), text)

    return perform(entered, run, Refusal(lambda status: show(report_id, action, entered, status)))


@blueprint.post("/reports/<report_id>/check")
def report_check(report_id: str) -> Response:
    """Answer the warnings and hand it to a second person."""
    return _do(report_id, "check", _("Checked. A second person has to approve it."),
               lambda db, form: check_report(db, actor(), world().clock, CheckReport(
                   report_id, form.text("reason"), form.revision())))


@blueprint.post("/reports/<report_id>/approve")
def report_approve(report_id: str) -> Response:
    """Sign it as a second person."""
    count_signature()
    return _do(report_id, "approve", _("Approved. Hand in the file and record when."),
               lambda db, form: signed(lambda: approve_report(db, actor(), world().clock, ApproveReport(
                   report_id, form.get("password"), form.text("reason"), form.revision()), desk=world().reports)))


@blueprint.post("/reports/<report_id>/renew")
def report_renew(report_id: str) -> Response:
    """Make it anew from the case as it stands."""
    return _do(report_id, "renew", _("Made anew from the case as it stands. Look at what was found."),
               lambda db, form: renew_report(db, actor(), world().clock, RenewReport(report_id, form.revision()),
                                             desk=world().reports))


@blueprint.post("/reports/<report_id>/change")
def report_change(report_id: str) -> Response:
    """Send it back, or withdraw it."""
    form = Entered()
    action = form.choice("action", ("return", "withdraw"))
    return _do(report_id, action, _("Withdrawn. It will not be sent.") if action == "withdraw"
               else _("Sent back to be looked at again."),
               lambda db, form: change_report(db, actor(), world().clock, ChangeReport(
                   report_id, action, form.text("reason"), form.revision())), form)


@blueprint.post("/reports/<report_id>/send")
def report_send(report_id: str) -> Response:
    """Record that it was handed in."""
    form = Entered()
    sent_at = form.moment("sent_at", ZONE)

    def act(db: Session, form: Entered) -> None:
        assert sent_at is not None
        record_sending(db, actor(), world().clock, RecordSending(
            report_id, form.text("channel"), sent_at, form.text("sent_id"), form.revision()))

    return _do(report_id, "send", _("Recorded. It counts as reported once the authority has confirmed it."), act, form)


@blueprint.post("/reports/<report_id>/answer")
def report_answer(report_id: str) -> Response:
    """Write down what the authority answered, with a file as proof where there is one."""
    form = Entered()
    here, sent = world(), form.file("file")
    proof = (sent.filename or "", sent.stream.read(here.files.limit_bytes + 1)) if sent is not None else None

    def act(db: Session, form: Entered) -> None:
        if proof is not None:
            here.files.read_all(proof[1])
        note_answer(db, actor(), here.clock, NoteAnswer(
            report_id, form.get("verdict"), form.text("number"), form.text("text"), proof), desk=here.reports)

    return _do(report_id, "answer", _("The answer is recorded."), act, form)
