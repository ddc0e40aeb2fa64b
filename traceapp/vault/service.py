"""Persons under a random subject id: sealed, revealed for a recorded reason, erased."""
from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from traceapp.audit import record, stream_of
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, InvalidInput, NotFound
from traceapp.core.ids import new_id
from traceapp.identity.policy import permit

from .cipher import Vault, VaultError, normalised_contact, token_hash
from .holds import standing_hold
from .model import Person, PersonAccess
from .policy import PATIENT_FIELDS, PersonDetails, check_guardian, checked_reason, cleaned_details
from .rotation import Step, step_over

__all__ = ["CompletePerson", "PersonDetails", "SealPerson", "Step", "Vault", "VaultError", "accesses_of",
           "complete_person", "details_for_notice", "erase_person", "erased_at", "find_persons",
           "has_persons_to_hash", "hash_mails", "normalised_contact", "note_look", "persons_under_older_keys",
           "persons_with_contact", "reseal_persons", "reveal_person", "seal_person", "step_over", "token_hash"]


@dataclass(frozen=True, slots=True)
class SealPerson:
    """`is_minor`: under 14; then a guardian must be named."""

    details: PersonDetails
    is_minor: bool = False


@dataclass(frozen=True, slots=True)
class CompletePerson:
    """`patient`: the fields of `PATIENT_FIELDS` that became known; an empty one leaves what was known."""

    person_id: str
    patient: Mapping[str, str] = field(repr=False)


def _about(person_id: str) -> str:
    return f"vault_person:{person_id}"


def _seal(person: Person, details: PersonDetails, vault: Vault) -> None:
    person.sealed = vault.seal_text(json.dumps(asdict(details)), _about(person.id))
    person.contact_hash = vault.contact_hash(details.contact) if details.contact else None
    person.mail_hash = _mail_hash(details, vault)


def _mail_hash(details: PersonDetails, vault: Vault) -> str:
    return vault.contact_hash(details.email) if details.phone and details.email else ""


def seal_person(session: Session, actor: Actor, clock: Clock, command: SealPerson, *, vault: Vault) -> Person:
    """The person under a new random id. Raises InvalidInput for details that cannot be, and for a child alone."""
    details = cleaned_details(command.details)
    check_guardian(details, is_minor=command.is_minor)
    now = clock.now()
    person = Person(id=new_id(now), key_id=vault.key_id, is_minor=command.is_minor,
                    has_guardian=bool(details.guardian_name), created_at=now)
    _seal(person, details, vault)
    session.add(person)
    record(session, actor, now, "person.sealed", stream_of("person", person.id),
           {"is_minor": person.is_minor, "has_guardian": person.has_guardian,
            "is_reachable": person.contact_hash is not None})
    return person


def _person(session: Session, person_id: str) -> Person:
    person = session.get(Person, person_id, with_for_update=True)
    if person is None:
        raise NotFound("There is no such person in the vault.", code="unknown-person")
    return person


def _opened(person: Person, vault: Vault) -> PersonDetails:
    assert person.sealed is not None
    return PersonDetails(**json.loads(vault.open_text(person.sealed, _about(person.id))))


def reveal_person(session: Session, actor: Actor, clock: Clock, person_id: str, reason: str, *,
                  vault: Vault) -> PersonDetails:
    """The details, after the look was recorded: who, when, why. Needs a unit of work that is committed.

    Raises Forbidden without the permission, InvalidInput without a reason, NotFound, Conflict when erased.
    """
    permit(actor, "person.reveal", "You may not see who this person is.")
    why = checked_reason(reason)
    person = _person(session, person_id)
    if person.sealed is None:
        raise Conflict("This person's details were erased.", code="person-erased")
    details = _opened(person, vault)
    note_look(session, actor, clock, person.id, why)
    return details


def details_for_notice(session: Session, person_id: str, *, vault: Vault) -> PersonDetails | None:
    """The details for the service itself, which tells the person of a danger and shows them to nobody; None when they
    were erased. The caller records that the person was told. Raises VaultError.

    Source: Regulation (EU) 2023/988 art. 35(1): whoever can be identified is told directly.
    """
    person = session.get(Person, person_id)
    return None if person is None or person.sealed is None else _opened(person, vault)


def note_look(session: Session, actor: Actor, clock: Clock, person_id: str, reason: str) -> PersonAccess:
    """The record that somebody reads what names a person in something that was made of the vault, as a report. Needs a
    unit of work that is committed. Raises Forbidden without the permission, InvalidInput without a reason."""
    permit(actor, "person.reveal", "You may not see who this person is.")
    now = clock.now()
    access = PersonAccess(id=new_id(now), person_id=person_id, actor_id=actor.id, at=now, reason=checked_reason(reason))
    session.add(access)
    record(session, actor, now, "person.revealed", stream_of("person", person_id), {"access": access.id})
    return access


def complete_person(session: Session, actor: Actor, clock: Clock, command: CompletePerson, *, vault: Vault) -> Person:
    """The person with these fields of the patient beside what was known; nothing of it is shown.

    Raises InvalidInput for details that cannot be, NotFound, Conflict when erased.
    """
    person = _person(session, command.person_id)
    if person.sealed is None:
        raise Conflict("This person's details were erased.", code="person-erased")
    told = {name: value for name, value in command.patient.items() if name in PATIENT_FIELDS and value.strip()}
    details = cleaned_details(replace(_opened(person, vault), **told))
    person.key_id = vault.key_id
    _seal(person, details, vault)
    record(session, actor, clock.now(), "person.completed", stream_of("person", person.id), {"fields": sorted(told)})
    return person


def erase_person(session: Session, actor: Actor, clock: Clock, person_id: str, reason: str) -> Person:
    """The row without what was in it: sealed text and hash are gone, the id and the fact of erasure stay.

    Raises Forbidden without the permission, InvalidInput without a reason, NotFound, Conflict when done before or
    while a legal hold stands.
    """
    permit(actor, "person.erase", "You may not erase this person.")
    why = checked_reason(reason)
    person = _person(session, person_id)
    if person.erased_at is not None:
        raise Conflict("This person's details were erased before.", code="person-erased")
    if standing_hold(session, person_id) is not None:
        raise Conflict("A legal hold stands for this person: lift it first, with the reason.", code="person-held")
    now = clock.now()
    person.sealed, person.contact_hash, person.mail_hash, person.erased_at = None, None, None, now
    access = PersonAccess(id=new_id(now), person_id=person.id, actor_id=actor.id, at=now, reason=f"erased: {why}")
    session.add(access)
    record(session, actor, now, "person.erased", stream_of("person", person.id), {"access": access.id})
    return person


def erased_at(session: Session, person_id: str | None) -> datetime | None:
    """When a person's details were erased; None while they are kept, and for nobody."""
    return session.scalar(select(Person.erased_at).where(Person.id == person_id)) if person_id else None


def persons_with_contact(session: Session, contact: str, *, vault: Vault) -> list[str]:
    """The ids of persons who gave this telephone number or e-mail address, oldest first."""
    hashes = vault.contact_hashes(contact)
    return list(session.scalars(select(Person.id).where(
        or_(Person.contact_hash.in_(hashes), Person.mail_hash.in_(hashes))).order_by(Person.id)))


def find_persons(session: Session, actor: Actor, clock: Clock, contact: str, reason: str, *,
                 vault: Vault) -> list[str]:
    """The ids of persons who gave this telephone number or e-mail address, after the search was recorded for each; the
    search itself is recorded without what was searched for. Needs a unit of work that is committed.

    Raises Forbidden without the permission, InvalidInput without a reason or for what is neither.
    """
    permit(actor, "person.reveal", "You may not see who this person is.")
    why = checked_reason(reason)
    cleaned = cleaned_details(PersonDetails(email=contact) if "@" in contact else PersonDetails(phone=contact))
    if not cleaned.contact:
        raise InvalidInput("This must be filled in.", code="missing", place="phone")
    found, now = persons_with_contact(session, cleaned.contact, vault=vault), clock.now()
    for person_id in found:
        session.add(PersonAccess(id=new_id(now), person_id=person_id, actor_id=actor.id, at=now,
                                 reason=f"searched: {why}"))
    record(session, actor, now, "person.searched", "persons", {"reason": why, "found": found})
    return found


def accesses_of(session: Session, person_id: str) -> list[PersonAccess]:
    """Who looked at a person, oldest first."""
    return list(session.scalars(select(PersonAccess).where(PersonAccess.person_id == person_id)
                                .order_by(PersonAccess.id)))


def _under_older_keys(vault: Vault) -> ColumnElement[bool]:
    return (Person.key_id != vault.key_id) & Person.sealed.is_not(None)


def persons_under_older_keys(session: Session, vault: Vault) -> int:
    """How many persons are not yet under the present key."""
    return session.scalar(select(func.count()).select_from(Person).where(_under_older_keys(vault))) or 0


def reseal_persons(session: Session, actor: Actor, clock: Clock, limit: int, *, vault: Vault, after: str = "") -> Step:
    """Move up to `limit` persons, in the order of their ids and beginning behind `after`, under the present key."""
    rows = session.scalars(select(Person).where(_under_older_keys(vault), Person.id > after)
                           .order_by(Person.id).limit(limit).with_for_update()).all()

    def move(person: Person) -> None:
        details = _opened(person, vault)
        _seal(person, details, vault)
        record(session, actor, clock.now(), "person.resealed", stream_of("person", person.id),
               {"before": person.key_id, "after": vault.key_id})
        person.key_id = vault.key_id

    return step_over(rows, lambda person: person.id, move)


def _without_mail_hash(vault: Vault) -> ColumnElement[bool]:
    """Persons from before there was a second hash, whose key is here."""
    return Person.mail_hash.is_(None) & Person.sealed.is_not(None) & Person.key_id.in_(vault.key_ids)


def has_persons_to_hash(session: Session, vault: Vault) -> bool:
    """Whether there is work for `hash_mails`."""
    return session.scalar(select(Person.id).where(_without_mail_hash(vault)).limit(1)) is not None


def hash_mails(session: Session, actor: Actor, clock: Clock, limit: int, *, vault: Vault, after: str = "") -> Step:
    """Note the second hash of up to `limit` persons, in the order of their ids and beginning behind `after`."""
    rows = session.scalars(select(Person).where(_without_mail_hash(vault), Person.id > after)
                           .order_by(Person.id).limit(limit).with_for_update()).all()

    def note(person: Person) -> None:
        person.mail_hash = _mail_hash(_opened(person, vault), vault)
        record(session, actor, clock.now(), "person.hashed", stream_of("person", person.id), {})

    return step_over(rows, lambda person: person.id, note)
