"""Console: triage, question by question; kept when the person says so at the end."""
from __future__ import annotations

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.complaint.service import triage_complaint
from traceapp.web.context import actor, world

from .acting import Done, Refusal, perform
from .complaint_case import show
from .complaint_talk import command_of
from .entering import Entered
from .layout import blueprint

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {"console.complaint_triage": "complaint.write"}


@blueprint.post("/complaints/<complaint_id>/triage")
def complaint_triage(complaint_id: str) -> Response:
    """The next question; at the end what follows from the answers, and then the triage itself."""
    form = Entered()
    if form.get("step", "save") != "save":
        return show(complaint_id, "triage", form)

    def act(db: Session) -> Done:
        triage_complaint(db, actor(), world().clock, command_of(form, complaint_id))
        return Done(url_for("console.complaint", complaint_id=complaint_id), _("Triaged."))

    return perform(form, act, Refusal(lambda status: show(complaint_id, "triage", form, status)))
