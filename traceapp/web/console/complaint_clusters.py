"""Console: reports of one event: which of them counts, and a split of those that tell of another."""
from __future__ import annotations

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.complaint.clusters import LeadCluster, SplitCluster, lead_cluster, split_cluster
from traceapp.web.context import actor, world

from .acting import Done, Refusal, perform
from .complaint_case import show
from .entering import Entered
from .layout import blueprint

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {
    "console.complaint_lead": "complaint.write", "console.complaint_split": "complaint.write"}


@blueprint.post("/complaints/<complaint_id>/lead")
def complaint_lead(complaint_id: str) -> Response:
    """Make this duplicate the one that counts."""
    form = Entered()

    def act(db: Session) -> Done:
        lead_cluster(db, actor(), world().clock, LeadCluster(complaint_id, form.text("reason"), form.revision()))
        return Done(url_for("console.complaint", complaint_id=complaint_id),
                    _("This report counts now; the others are linked to it."))

    return perform(form, act, Refusal(lambda status: show(complaint_id, "lead", form, status)))


@blueprint.post("/complaints/<complaint_id>/split")
def complaint_split(complaint_id: str) -> Response:
    """Split off the chosen duplicates of this report."""
    form = Entered()

    def act(db: Session) -> Done:
        found = split_cluster(db, actor(), world().clock, SplitCluster(
            complaint_id, tuple(form.several("complaint_ids")), form.text("reason")))
        return Done(url_for("console.complaint", complaint_id=complaint_id),
                    _("Split off: %(reference)s counts by itself now.", reference=found.master.reference))

    return perform(form, act, Refusal(lambda status: show(complaint_id, "split", form, status),
                                      {"complaint_ids": "complaint_ids"}))
