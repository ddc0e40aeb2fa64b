"""Console: erasing the personal details behind a complaint or an adverse event; what was said and judged stays."""
from __future__ import annotations

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.submission.received_messages import erase_details
from traceapp.web.context import actor, world

from . import adverse_event_case, complaint_case
from .acting import Done, Refusal, perform
from .entering import Entered
from .layout import blueprint

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {
    "console.complaint_erase": "person.erase", "console.adverse_event_erase": "person.erase"}


@blueprint.post("/complaints/<complaint_id>/erase")
def complaint_erase(complaint_id: str) -> Response:
    """Erase who reported it, and the reports of others that name persons."""
    form = Entered()
    return _erase(form, url_for("console.complaint", complaint_id=complaint_id), (complaint_id, None), Refusal(
        lambda status: complaint_case.show(complaint_id, "erase", form, status)))


@blueprint.post("/adverse-events/<adverse_event_id>/erase")
def adverse_event_erase(adverse_event_id: str) -> Response:
    """Erase whom it happened to, and the reports of others that name persons."""
    form = Entered()
    return _erase(form, url_for("console.adverse_event", adverse_event_id=adverse_event_id), (None, adverse_event_id),
                  Refusal(lambda status: adverse_event_case.show(adverse_event_id, "erase", form, status)))


def _erase(form: Entered, address: str, case: tuple[str | None, str | None], refusal: Refusal) -> Response:
    reason = form.text("reason")

    def act(db: Session) -> Done:
        erase_details(db, actor(), world().clock, case, reason)
        return Done(address, _("The personal details are erased."))

    return perform(form, act, refusal)
