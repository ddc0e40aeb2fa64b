"""Adverse events of reports that were linked or parted: known since the earliest of them, and none left undecided."""
from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.complaint.clusters import cluster_of
from traceapp.complaint.queries import complaint_by_id
from traceapp.complaint.triaging import ask_for_event
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock

from .clocks import begin_earlier
from .model import AdverseEvent
from .states import AdverseEventState
from .versions import Why, keep_version, note_change


def follow_cluster(session: Session, actor: Actor, clock: Clock, complaint_id: str) -> None:
    """Every adverse event of a cluster is known since its first report was, and its clocks run from there; a report
    that stands alone again and became no event waits for the decision whether it is one.

    `jobs` calls it for the work row `complaint.clustered`.
    """
    complaint = complaint_by_id(session, complaint_id)
    if complaint is None:
        return
    cluster = cluster_of(session, complaint)
    reports = {cluster.master.id, *(one.id for one in cluster.others)}
    events = list(session.scalars(select(AdverseEvent).where(
        AdverseEvent.complaint_id.in_(reports), AdverseEvent.state != AdverseEventState.nullified).with_for_update()))
    for event in events:
        if cluster.awareness_at < event.awareness_at:
            before = keep_version(session, actor, clock, event, Why("linked", "An earlier report of it was linked."))
            known = event.awareness_at
            event.latest_awareness_at = max(known, event.latest_awareness_at or known)
            event.awareness_at = cluster.awareness_at
            note_change(session, actor, clock, event, ("linked", before))
            session.flush()
            if event.state != AdverseEventState.closed:
                begin_earlier(session, actor, clock, event, known)
    if not events and cluster.master.id == complaint_id:
        ask_for_event(session, actor, clock, cluster.master)
