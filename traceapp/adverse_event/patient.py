"""Who the patient of an adverse event is: sealed in the vault, nothing of it beside the event itself."""
from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from traceapp.audit import record
from traceapp.complaint.policy import MINOR_BANDS
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import InvalidInput
from traceapp.vault.policy import PATIENT_FIELDS, PersonDetails
from traceapp.vault.service import CompletePerson, SealPerson, Vault, complete_person, seal_person

from .model import AdverseEvent
from .service import about, adverse_event_of


@dataclass(frozen=True, slots=True)
class StatePatient:
    """What became known; an empty field leaves what was known. `born_on` as far as it is known."""

    adverse_event_id: str
    patient_name: str = field(default="", repr=False)
    initials: str = field(default="", repr=False)
    record_number: str = field(default="", repr=False)
    born_on: str = field(default="", repr=False)


def state_patient(session: Session, actor: Actor, clock: Clock, command: StatePatient, *, vault: Vault) -> AdverseEvent:
    """The adverse event, whose patient the vault now knows.

    Raises NotFound, InvalidInput for what cannot be or where nothing is stated, Conflict when the person was erased.
    """
    event = adverse_event_of(session, command.adverse_event_id)
    told = {name: getattr(command, name).strip() for name in PATIENT_FIELDS}
    if not any(told.values()):
        raise InvalidInput("State at least one of these.", code="required", place="patient_name")
    if event.person_id is None:
        patient = SealPerson(PersonDetails(**told), event.age_band in MINOR_BANDS)
        event.person_id = seal_person(session, actor, clock, patient, vault=vault).id
    else:
        complete_person(session, actor, clock, CompletePerson(event.person_id, told), vault=vault)
    record(session, actor, clock.now(), "adverse_event.patient_stated", about(event.id),
           {"person": event.person_id, "fields": sorted(name for name, value in told.items() if value)})
    return event
