"""Clusters of reports of one event: a master, the earliest awareness; joined, and split where somebody was wrong."""
from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, InvalidInput

from .case_parts import complaint_of, lock_together
from .handling import LinkDuplicate, link_duplicate
from .model import Complaint
from .queries import duplicates_of


@dataclass(frozen=True, slots=True)
class Cluster:
    """`master`: the one report that counts; `awareness_at`: when the first was learned of, day 0 of the event."""

    master: Complaint
    others: tuple[Complaint, ...]
    awareness_at: datetime


@dataclass(frozen=True, slots=True)
class SplitCluster:
    """These duplicates of the master tell of another event."""

    master_id: str
    complaint_ids: tuple[str, ...]
    reason: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class LeadCluster:
    """This duplicate shall be the one that counts."""

    complaint_id: str
    reason: str = field(repr=False)
    revision: int | None = None


def cluster_of(session: Session, complaint: Complaint) -> Cluster:
    """The cluster that a complaint belongs to; alone it is one by itself."""
    linked = duplicates_of(session, complaint)
    everyone = [complaint, *linked]
    master = next((one for one in everyone if one.master_id is None), complaint)
    return Cluster(master, tuple(one for one in everyone if one is not master),
                   min(one.awareness_at for one in everyone))


def join_clusters(session: Session, actor: Actor, clock: Clock, command: LinkDuplicate) -> Complaint:
    """The complaint as a duplicate of another's master, and with it all that were linked to it; None frees it.

    Raises what `link_duplicate` raises.
    """
    master_id = command.master_id
    if master_id is None:
        return link_duplicate(session, actor, clock, command)
    linked = session.scalars(select(Complaint.id).where(Complaint.master_id == command.complaint_id))
    lock_together(session, {command.complaint_id, master_id, *linked})
    complaint = complaint_of(session, command.complaint_id, command.revision)
    followers = [] if master_id == complaint.id else session.scalars(select(Complaint.id).where(
        Complaint.master_id == complaint.id, Complaint.id != master_id).order_by(Complaint.id)).all()
    for follower in followers:
        link_duplicate(session, actor, clock, LinkDuplicate(follower, None, command.reason))
    session.flush()
    joined = link_duplicate(session, actor, clock, command)
    for follower in followers:
        link_duplicate(session, actor, clock, LinkDuplicate(follower, master_id, command.reason))
    return joined


def split_cluster(session: Session, actor: Actor, clock: Clock, command: SplitCluster) -> Cluster:
    """The named duplicates as a cluster of their own; the one that was learned of first is its master.

    Raises NotFound, InvalidInput for none and without a reason, Conflict for one that is no duplicate of this master.
    """
    wanted = list(dict.fromkeys(command.complaint_ids))
    if not wanted:
        raise InvalidInput("Choose the reports that tell of another event.", code="required", place="complaint_ids")
    lock_together(session, wanted)
    leaving = [complaint_of(session, complaint_id) for complaint_id in wanted]
    if any(one.master_id != command.master_id for one in leaving):
        raise Conflict("One of these reports is not linked to this one any more. Reload the page.",
                       code="not-in-cluster", place="complaint_ids")
    for one in leaving:
        link_duplicate(session, actor, clock, LinkDuplicate(one.id, None, command.reason))
    session.flush()
    first, *rest = sorted(leaving, key=lambda one: (one.awareness_at, one.id))
    for one in rest:
        link_duplicate(session, actor, clock, LinkDuplicate(one.id, first.id, command.reason))
    session.flush()
    return cluster_of(session, first)


def lead_cluster(session: Session, actor: Actor, clock: Clock, command: LeadCluster) -> Cluster:
    """The same cluster with this duplicate as its master; the former master and all others are linked to it. When the
    event was learned of stays as it was.

    Raises NotFound, Stale, InvalidInput without a reason, Conflict for one that counts already.
    """
    master_id = select(Complaint.master_id).where(Complaint.id == command.complaint_id).scalar_subquery()
    lock_together(session, session.scalars(select(Complaint.id).where(
        or_(Complaint.id.in_((command.complaint_id, master_id)), Complaint.master_id == master_id))).all())
    complaint = complaint_of(session, command.complaint_id, command.revision)
    former = complaint.master_id
    if former is None:
        raise Conflict("This report counts already.", code="is-the-master")
    others = [one.id for one in duplicates_of(session, complaint) if one.id != former]
    link_duplicate(session, actor, clock, LinkDuplicate(complaint.id, None, command.reason))
    session.flush()
    for other in (*others, former):
        link_duplicate(session, actor, clock, LinkDuplicate(other, complaint.id, command.reason))
        session.flush()
    return cluster_of(session, complaint)
