"""Which earlier complaint may tell of the same event: looked for among those of the lot and of the same contact."""
from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Select, select
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
    others = {other.id: (other, hashed) for wanted in candidates(complaint, contact)
              for other, hashed in session.execute(wanted)}
    own = facts_of(complaint, contact)
    found = [(likeness(own, facts_of(other, hashed), _MOST), other.id) for other, hashed in others.values()]
    best, best_id = max(found, key=lambda one: one[0].probability, default=(None, ""))
    if best is not None and best.probability >= SUSPECTED:
        complaint.possible_duplicate_of = best_id


def candidates(complaint: Complaint, contact: str | None) -> list[Select[Complaint, str | None]]:
    """The statements that find who is compared: those of the lot and those of the contact, each by an index."""
    nearest = select(Complaint, Person.contact_hash).where(
        Complaint.id != complaint.id, Complaint.master_id.is_(None), Complaint.received_at <= complaint.received_at,
        Complaint.awareness_at.between(complaint.awareness_at - _WITHIN, complaint.awareness_at + _WITHIN),
    ).order_by(Complaint.received_at.desc()).limit(_MOST)
    found = []
    if complaint.lot_key != UNKNOWN_LOT:
        found.append(nearest.outerjoin(Person, Person.id == Complaint.person_id)
                     .where(Complaint.lot_key == complaint.lot_key))
    if contact:
        found.append(nearest.join(Person, Person.id == Complaint.person_id).where(Complaint.person_id.in_(
            select(Person.id).where(Person.contact_hash == contact))))
    return found


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
