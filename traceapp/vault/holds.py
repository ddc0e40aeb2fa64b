"""Legal holds: a person's details stay while one stands, whatever retention says."""
from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.audit import record, stream_of
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, NotFound
from traceapp.core.ids import new_id
from traceapp.identity.policy import permit

from .model import LegalHold, Person
from .policy import checked_reason


def place_legal_hold(session: Session, actor: Actor, clock: Clock, person_id: str, reason: str) -> LegalHold:
    """The details are kept until the hold is lifted. Raises Forbidden, InvalidInput without a reason, NotFound,
    Conflict for a person who was erased or is held already."""
    permit(actor, "person.erase")
    why = checked_reason(reason)
    person = session.get(Person, person_id, with_for_update=True)
    if person is None:
        raise NotFound("There is no such person in the vault.", code="unknown-person")
    if person.erased_at is not None:
        raise Conflict("This person's details were erased before.", code="person-erased")
    if standing_hold(session, person_id) is not None:
        raise Conflict("A legal hold stands for this person already.", code="held-already")
    now = clock.now()
    hold = LegalHold(id=new_id(now), person_id=person_id, placed_at=now, placed_by=actor.id, reason=why)
    session.add(hold)
    record(session, actor, now, "person.held", stream_of("person", person_id), {"hold": hold.id})
    session.flush()
    return hold


def lift_legal_hold(session: Session, actor: Actor, clock: Clock, person_id: str, reason: str) -> LegalHold:
    """The hold, lifted; retention counts again. Raises Forbidden, InvalidInput without a reason, NotFound."""
    permit(actor, "person.erase")
    why = checked_reason(reason)
    hold = standing_hold(session, person_id)
    if hold is None:
        raise NotFound("No legal hold stands for this person.", code="unknown-hold")
    hold.lifted_at, hold.lifted_by, hold.lifted_reason = clock.now(), actor.id, why
    record(session, actor, clock.now(), "person.hold_lifted", stream_of("person", person_id), {"hold": hold.id})
    session.flush()
    return hold


def standing_hold(session: Session, person_id: str) -> LegalHold | None:
    """The hold that stands for a person."""
    return session.scalars(select(LegalHold).where(
        LegalHold.person_id == person_id, LegalHold.lifted_at.is_(None)).with_for_update()).first()


def holds_of(session: Session, person_id: str) -> list[LegalHold]:
    """Every hold of a person, oldest first."""
    return list(session.scalars(select(LegalHold).where(LegalHold.person_id == person_id).order_by(LegalHold.id)))
