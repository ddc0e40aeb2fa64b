"""Which earlier complaint may tell of the same event: looked for among those of the lot and of the same contact."""
from __future__ import annotations

from datetime import timedelta

from sqlalchemy import ColumnElement, false, or_, select
from sqlalchemy.orm import Session

from traceapp.vault.model import Person

from .likeness import SUSPECTED, Facts, Likeness, likeness
from .model import UNKNOWN_LOT, Complaint

_WITHIN = timedelta(days=60)
_MOST = 200


def suspect_alike(session: Session, complaint: Complaint) -> None:
    """Note the earlier complaint that most likely tells of the same event, if one is likely enough. Only a suspicion;
    staff decide."""
    if complaint.possible_duplicate_of is not None:
        return
    contact = _contact_of(session, complaint.person_id)
    nearest = select(Complaint, Person.contact_hash).outerjoin(Person, Person.id == Complaint.person_id).where(
        Complaint.id != complaint.id, Complaint.master_id.is_(None),
        Complaint.received_at <= complaint.received_at,
        Complaint.awareness_at.between(complaint.awareness_at - _WITHIN, complaint.awareness_at + _WITHIN),
        _related(complaint, contact)).order_by(Complaint.received_at.desc()).limit(_MOST)
    found = [(likeness(facts_of(complaint, contact), facts_of(other, hashed), _MOST), other.id)
             for other, hashed in session.execute(nearest)]
    best, best_id = max(found, key=lambda one: one[0].probability, default=(None, ""))
    if best is not None and best.probability >= SUSPECTED:
        complaint.possible_duplicate_of = best_id


def _related(complaint: Complaint, contact: str | None) -> ColumnElement[bool]:
    same_contact = Person.contact_hash == contact if contact else None
    if complaint.lot_key == UNKNOWN_LOT:
        return false() if same_contact is None else same_contact
    same_lot = Complaint.lot_key == complaint.lot_key
    return same_lot if same_contact is None else or_(same_lot, same_contact)


def likeness_of(session: Session, one: Complaint, other: Complaint) -> Likeness:
    """How likely the two tell of one event, and why, as it stands now."""
    return likeness(facts_of(one, _contact_of(session, one.person_id)),
                    facts_of(other, _contact_of(session, other.person_id)), _MOST)


def facts_of(complaint: Complaint, contact: str | None) -> Facts:
    """What of a complaint can be compared."""
    return Facts(None if complaint.lot_key == UNKNOWN_LOT else complaint.lot_key, contact, complaint.happened_on,
                 complaint.consignee_id, complaint.place, complaint.age_band, complaint.sex,
                 frozenset(complaint.terms), complaint.narrative)


def _contact_of(session: Session, person_id: str | None) -> str | None:
    return session.scalar(select(Person.contact_hash).where(Person.id == person_id)) if person_id else None
