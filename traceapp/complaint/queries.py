"""Reads of complaints for staff."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, Text, cast, func, or_, select
from sqlalchemy.orm import Session

from traceapp.db.page import Order, Page, page_of

from .lot_text import LotMatch
from .matching import match_lot
from .model import UNKNOWN_LOT, Complaint, ComplaintNote


@dataclass(frozen=True, slots=True)
class ComplaintFilter:
    """What a list shows; None: does not matter. `since` and `until` are about receipt, `until` not included.
    `text` is looked for in reference, typed lot and place; `term` is one of those for what went wrong."""

    states: tuple[str, ...] = ()
    severity: str | None = None
    channel: str | None = None
    triage_result: str | None = None
    kind: str | None = None
    term: str | None = None
    is_suspected_fake: bool | None = None
    product_id: str | None = None
    lot_key: str | None = None
    consignee_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    is_quarantined: bool | None = None
    is_unbound: bool | None = None
    is_harm: bool | None = None
    is_suspected_duplicate: bool | None = None
    text: str = ""
    sort: str = "received"
    after: str | None = None
    limit: int = 50


def _found(wanted: ComplaintFilter) -> Select[Complaint]:
    found = select(Complaint)
    equal = (
        (Complaint.severity, wanted.severity), (Complaint.channel, wanted.channel),
        (Complaint.triage_result, wanted.triage_result), (Complaint.product_id, wanted.product_id),
        (Complaint.lot_key, wanted.lot_key), (Complaint.consignee_id, wanted.consignee_id),
        (Complaint.is_quarantined, wanted.is_quarantined), (Complaint.is_harm, wanted.is_harm),
        (Complaint.is_suspected_fake, wanted.is_suspected_fake))
    for column, value in equal:
        if value is not None:
            found = found.where(column == value)
    if wanted.kind is not None:
        found = found.where(cast(Complaint.kinds, Text).like(f'%"{wanted.kind}"%'))
    if wanted.term is not None:
        found = found.where(cast(Complaint.terms, Text).contains(f'"{wanted.term}"', autoescape=True))
    if wanted.states:
        found = found.where(Complaint.state.in_(wanted.states))
    if wanted.since is not None:
        found = found.where(Complaint.received_at >= wanted.since)
    if wanted.until is not None:
        found = found.where(Complaint.received_at < wanted.until)
    if wanted.is_unbound is not None:
        found = found.where((Complaint.lot_key == UNKNOWN_LOT) == wanted.is_unbound)
    if wanted.is_suspected_duplicate is not None:
        suspected = Complaint.possible_duplicate_of.is_not(None) & Complaint.master_id.is_(None)
        found = found.where(suspected == wanted.is_suspected_duplicate)
    return found


def complaint_page(session: Session, wanted: ComplaintFilter) -> Page[Complaint]:
    """One page of complaints: `received` newest first (the default), `oldest`, or by `awareness`."""
    found = _found(wanted)
    text = wanted.text.strip()
    if text:
        escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        found = found.where(or_(*(column.ilike(f"%{escaped}%", escape="\\")
                                  for column in (Complaint.reference, Complaint.lot_text, Complaint.place))))
    column = Complaint.awareness_at if wanted.sort == "awareness" else Complaint.received_at
    return page_of(session, found, Order(column, Complaint.id, wanted.sort != "oldest"), wanted.after, wanted.limit)


def complaint_by_id(session: Session, complaint_id: str) -> Complaint | None:
    """The complaint, or None."""
    return session.scalars(select(Complaint).where(Complaint.id == complaint_id)).first()


def complaint_by_reference(session: Session, reference: str) -> Complaint | None:
    """The complaint that people call by this reference, however they wrote it."""
    return session.scalars(select(Complaint).where(Complaint.reference == reference.strip().upper())).first()


def notes_of(session: Session, complaint: Complaint) -> list[ComplaintNote]:
    """All notes, oldest first."""
    return list(session.scalars(
        select(ComplaintNote).where(ComplaintNote.lot_key == complaint.lot_key,
                                    ComplaintNote.complaint_id == complaint.id).order_by(ComplaintNote.position)))


def lot_candidates(session: Session, complaint: Complaint) -> LotMatch:
    """What the typed lot could mean, asked anew: lots that were issued since are found too."""
    return match_lot(session, complaint.lot_text, complaint.product_id)


def duplicates_of(session: Session, complaint: Complaint) -> list[Complaint]:
    """The other complaints of the same cluster: master and all that staff linked to it, earliest awareness first."""
    master_id = complaint.master_id or complaint.id
    return list(session.scalars(
        select(Complaint).where(or_(Complaint.master_id == master_id, Complaint.id == master_id),
                                Complaint.id != complaint.id).order_by(Complaint.awareness_at, Complaint.id)))


def counts_by_state(session: Session) -> dict[str, int]:
    """How many complaints are in each state."""
    counted = select(Complaint.state, func.count()).group_by(Complaint.state)
    return {state: number for state, number in session.execute(counted)}
