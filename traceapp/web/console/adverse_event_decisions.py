"""Console: what a manager decides of an adverse event beyond its assessment."""
from __future__ import annotations

from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.adverse_event.decision_model import DecisionKind
from traceapp.adverse_event.decisions import DecideAdverseEvent, decide_adverse_event
from traceapp.web.context import actor, world

from .acting import Done, Refusal, perform
from .adverse_event_case import show
from .entering import Entered
from .layout import ZONE, blueprint

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {"console.adverse_event_decide": "adverse_event.decide"}


@blueprint.post("/adverse-events/<adverse_event_id>/decide")
def adverse_event_decide(adverse_event_id: str) -> Response:
    """A group event, a threat to public health, action needed at once, or large impact."""
    form = Entered()
    kind = form.choice("kind", DecisionKind)
    known_at = form.moment("known_at", ZONE) if form.text("known_at") else None

    def run(db: Session) -> Done:
        begun = decide_adverse_event(db, actor(), world().clock, DecideAdverseEvent(
            adverse_event_id, kind, form.text("reason"), known_at, form.revision()))
        told = ngettext("Decided: %(num)d legal clock begins.", "Decided: %(num)d legal clocks begin.", len(begun)) \
            if begun else _("Decided. No rule of any of its markets asks for a report of this.")
        return Done(url_for("console.adverse_event", adverse_event_id=adverse_event_id) + "#clocks", told)

    return perform(form, run, Refusal(lambda status: show(adverse_event_id, "decide", form, status)))
