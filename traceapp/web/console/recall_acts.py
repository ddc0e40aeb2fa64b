"""Console: what moves a planned recall on: submitting, approving, sending back, cancelling."""
from __future__ import annotations

from collections.abc import Callable

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.recall.model import Recall
from traceapp.recall.service import (
    ApproveRecall,
    CancelRecall,
    ReturnRecall,
    SubmitRecall,
    approve_recall,
    cancel_recall,
    return_recall,
    submit_recall,
)
from traceapp.web.context import actor, world

from .acting import Done, Refusal, perform
from .casework import count_signature, signed
from .entering import Entered
from .layout import blueprint
from .legal_clocks import end, set_day
from .recall_case import show

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {
    "console.recall_submit": "recall.write", "console.recall_approve": "recall.approve",
    "console.recall_return": "recall.approve", "console.recall_cancel": "recall.write",
    "console.recall_clock_end": "adverse_event.write",
    "console.recall_clock_day": "adverse_event.write"}


def do_act(recall_id: str, action: str, text: str, act: Callable[[Session, Entered], Recall]) -> Response:
    """Run an act of the case and say `text`; the form again when it is refused."""
    form = Entered()

    def run(db: Session) -> Done:
        act(db, form)
        return Done(url_for("console.recall", recall_id=recall_id), text)

    return perform(form, run, Refusal(lambda status: show(recall_id, action, form, status)))


@blueprint.post("/recalls/<recall_id>/submit")
def recall_submit(recall_id: str) -> Response:
    """Freeze the scope and hand it to a second person, signed."""
    count_signature()
    return do_act(recall_id, "submit", _("Submitted. The scope is frozen until a second person approves it or sends it "
                                      "back."),
               lambda db, form: signed(lambda: submit_recall(db, actor(), world().clock, SubmitRecall(
                   recall_id, form.get("password"), form.text("reason"), form.revision()))))


@blueprint.post("/recalls/<recall_id>/approve")
def recall_approve(recall_id: str) -> Response:
    """Start the recall, signed by a second person."""
    count_signature()
    return do_act(recall_id, "approve", _("The recall runs: its batches read “recalled” from now on, and the letters "
                                          "are on their way."),
               lambda db, form: signed(lambda: approve_recall(db, actor(), world().clock, ApproveRecall(
                   recall_id, form.get("password"), form.text("reason"), form.revision()), vault=world().vault)))


@blueprint.post("/recalls/<recall_id>/return")
def recall_return(recall_id: str) -> Response:
    """Send it back to be changed."""
    return do_act(recall_id, "return", _("Sent back. The scope can be changed again."),
               lambda db, form: return_recall(db, actor(), world().clock, ReturnRecall(
                   recall_id, form.text("reason"), form.revision())))


@blueprint.post("/recalls/<recall_id>/cancel")
def recall_cancel(recall_id: str) -> Response:
    """End it before anybody is told."""
    return do_act(recall_id, "cancel", _("Cancelled. Nobody was told."),
               lambda db, form: cancel_recall(db, actor(), world().clock, CancelRecall(
                   recall_id, form.text("reason"), form.revision())))


@blueprint.post("/recalls/<recall_id>/clocks/<clock_id>")
def recall_clock_end(recall_id: str, clock_id: str) -> Response:
    """Reported and confirmed, or decided that no report is due."""
    return end(clock_id, url_for("console.recall", recall_id=recall_id),
               lambda do, form, status: show(recall_id, do, form, status))


@blueprint.post("/recalls/<recall_id>/clocks/<clock_id>/day")
def recall_clock_day(recall_id: str, clock_id: str) -> Response:
    """Set the day of a clock to which the law gives none."""
    return set_day(clock_id, url_for("console.recall", recall_id=recall_id),
                   lambda do, form, status: show(recall_id, do, form, status))
