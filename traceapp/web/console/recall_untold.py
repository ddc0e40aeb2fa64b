"""Console: despatches of recalled batches whose consignees nobody told yet."""
from __future__ import annotations

from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.recall.untold import NoteUntold, note_untold
from traceapp.web.context import actor, world

from .acting import Done, Refusal, perform
from .entering import Entered
from .layout import blueprint
from .recall_case import show, untold_url

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {"console.recall_note_untold": "recall.write"}


@blueprint.post("/recalls/<recall_id>/untold")
def recall_note_untold(recall_id: str) -> Response:
    """Say why nobody has to be told of a despatch."""
    form = Entered()
    lot_key, event_id = form.get("lot_key"), form.get("event_id")

    def act(db: Session) -> Done:
        note_untold(db, actor(), world().clock, NoteUntold(recall_id, lot_key, event_id, form.text("reason")))
        return Done(untold_url(recall_id), _("Noted with your reason."))

    return perform(form, act, Refusal(lambda status: show(recall_id, f"untold-{lot_key}-{event_id}", form, status)))
