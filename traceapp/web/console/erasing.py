"""Console: erasing the personal details behind a complaint or an adverse event; what was said and judged stays."""
from __future__ import annotations

from collections.abc import Callable

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.adverse_event.queries import adverse_event_by_id
from traceapp.complaint.queries import complaint_by_id
from traceapp.core.errors import NotFound
from traceapp.vault.service import erase_person
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
    """Erase who reported it."""
    form = Entered()

    def person_id(db: Session) -> str | None:
        case = complaint_by_id(db, complaint_id)
        return case.person_id if case else None

    return _erase(form, url_for("console.complaint", complaint_id=complaint_id), person_id, Refusal(
        lambda status: complaint_case.show(complaint_id, "erase", form, status)))


@blueprint.post("/adverse-events/<adverse_event_id>/erase")
def adverse_event_erase(adverse_event_id: str) -> Response:
    """Erase whom it happened to."""
    form = Entered()

    def person_id(db: Session) -> str | None:
        case = adverse_event_by_id(db, adverse_event_id)
        return case.person_id if case else None

    return _erase(form, url_for("console.adverse_event", adverse_event_id=adverse_event_id), person_id, Refusal(
        lambda status: adverse_event_case.show(adverse_event_id, "erase", form, status)))


def _erase(form: Entered, address: str, person_id: Callable[[Session], str | None], refusal: Refusal) -> Response:
    reason = form.text("reason")

    def act(db: Session) -> Done:
        found = person_id(db)
        if found is None:
            raise NotFound("There is no such person in the vault.", code="unknown-person")
        erase_person(db, actor(), world().clock, found, reason)
        return Done(address, _("The personal details are erased."))

    return perform(form, act, refusal)
