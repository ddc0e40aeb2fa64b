"""Reports that came in, as they were read: sealed, laid under what we send on, moved to a new key, erased."""
from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from traceapp.adverse_event.model import AdverseEvent, AdverseEventVersion
from traceapp.adverse_event.queries import adverse_event_by_id
from traceapp.adverse_event.service import about as about_event
from traceapp.adverse_event.versions import fields_of, flat
from traceapp.audit import record
from traceapp.complaint.model import Complaint
from traceapp.complaint.queries import complaint_by_id
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import NotFound
from traceapp.core.ids import new_id
from traceapp.export.case_report import CaseReport, Profile, ReceivedReport
from traceapp.identity.policy import permit
from traceapp.vault.policy import checked_reason
from traceapp.vault.service import Step, Vault, erase_person, erased_at, step_over

from .report_desk import CaseWanted
from .report_model import ReceivedCase, ReceivedMessage

_DAY = len("2026-11-29")


def _about(message_id: str) -> str:
    return f"received_message:{message_id}"


def keep_message(session: Session, clock: Clock, received: ReceivedCase, text: str, *, vault: Vault) -> None:
    """Keep the report that came in, sealed."""
    identity = new_id(clock.now())
    session.add(ReceivedMessage(
        id=identity, form=received.form, case_id=received.case_id, version=received.version,
        sealed=vault.seal_text(text, _about(identity)), erased_at=None))


def _messages(complaint_id: str | None, adverse_event_id: str | None) -> Select[ReceivedMessage, ReceivedCase]:
    """The messages of a case that are still kept, those that came last first."""
    of_case = (ReceivedCase.complaint_id == complaint_id if complaint_id
               else ReceivedCase.adverse_event_id == adverse_event_id)
    return select(ReceivedMessage, ReceivedCase).join(ReceivedCase, (
        ReceivedCase.form == ReceivedMessage.form) & (ReceivedCase.case_id == ReceivedMessage.case_id) & (
        ReceivedCase.version == ReceivedMessage.version)).where(
        of_case, ReceivedMessage.sealed.is_not(None)).order_by(ReceivedCase.at.desc(), ReceivedMessage.id.desc())


def has_messages(session: Session, complaint_id: str | None, adverse_event_id: str | None = None) -> bool:
    """Whether reports that came in about the case are kept, as they were read."""
    return session.execute(_messages(complaint_id, adverse_event_id).limit(1)).first() is not None


def with_received(session: Session, case: CaseReport, wanted: CaseWanted, form: str, *,
                  vault: Vault | None) -> CaseReport:
    """The case with the latest report that came in about it in this form, and what our people changed since.

    A full one names persons: the look is recorded. Raises Forbidden for who may not know who they are.
    """
    event = adverse_event_by_id(session, wanted.adverse_event_id)
    found = session.execute(_messages(event.complaint_id, event.id).where(ReceivedMessage.form == form)
                            ).all() if event is not None and vault is not None else []
    if not found or event is None or vault is None:
        return case
    message, received = max(found, key=lambda one: _age(one[1].version))
    assert message.sealed is not None
    if wanted.profile is Profile.full:
        permit(wanted.actor, "person.reveal", "You may not see who this person is.")
        record(session, wanted.actor, wanted.clock.now(), "received_message.opened", about_event(event.id),
               {"form": form, "case_id": received.case_id, "version": received.version})
    text = vault.open_text(message.sealed, _about(message.id))
    return replace(case, received=ReceivedReport(form, text.encode("utf-8"), _changes(session, event)),
                   profile=wanted.profile)


def _age(version: str) -> tuple[int, str]:
    """Where a version of a case stands among the others: by the number of the follow-up, or by the day of the latest
    information; of one day that which came in last is the latest."""
    first = version.partition(" ")[0]
    return (int(first), "") if first.isdecimal() else (0, first[:_DAY])


def _changes(session: Session, event: AdverseEvent) -> dict[str, tuple[Any, Any]]:
    """What differs in the adverse event from how it was opened: by field, as it was, as it is."""
    first: Any = session.scalar(select(AdverseEventVersion.fields).where(
        AdverseEventVersion.adverse_event_id == event.id).order_by(AdverseEventVersion.version).limit(1))
    if not first:
        return {}
    before, now = flat(first), flat(fields_of(event))
    return {name: (before.get(name), value) for name, value in now.items()
            if before.get(name) != value and (before.get(name) or value)}


def erase_details(session: Session, actor: Actor, clock: Clock, case: tuple[str | None, str | None],
                  reason: str) -> None:
    """Erase whom a case is about and who reported it: the person in the vault, and the reports that came in about the
    case. `case`: complaint, adverse event; one of them may be None.

    Raises Forbidden, InvalidInput without a reason, NotFound when nobody is known, Conflict when done before or while a
    legal hold stands.
    """
    permit(actor, "person.erase", "You may not erase this person.")
    checked_reason(reason)
    complaint_id, event_id = case
    event = adverse_event_by_id(session, event_id) if event_id else None
    complaint_id = event.complaint_id if event is not None else complaint_id
    complaint = complaint_by_id(session, complaint_id) if complaint_id else None
    person_id = event.person_id if event is not None else complaint.person_id if complaint is not None else None
    is_kept = has_messages(session, complaint_id, event_id)
    if person_id is None and not is_kept:
        raise NotFound("There is no such person in the vault.", code="unknown-person")
    if person_id is not None and (not is_kept or erased_at(session, person_id) is None):
        erase_person(session, actor, clock, person_id, reason)
    _erase_messages(session, actor, clock, complaint_id, event_id)


def erase_person_and_reports(session: Session, actor: Actor, clock: Clock, person_id: str, reason: str) -> None:
    """Erase a person in the vault, and the reports that came in about the cases of that person. Raises as
    `erase_person`."""
    erase_person(session, actor, clock, person_id, reason)
    for complaint_id in session.scalars(select(Complaint.id).where(Complaint.person_id == person_id)).all():
        _erase_messages(session, actor, clock, complaint_id, None)
    for event in session.scalars(select(AdverseEvent).where(AdverseEvent.person_id == person_id)).all():
        _erase_messages(session, actor, clock, event.complaint_id, event.id)


def _erase_messages(session: Session, actor: Actor, clock: Clock, complaint_id: str | None,
                    event_id: str | None) -> None:
    for message, received in session.execute(_messages(complaint_id, event_id)).all():
        message.sealed, message.erased_at = None, clock.now()
        record(session, actor, clock.now(), "received_message.erased", about_event(received.adverse_event_id),
               {"form": received.form, "case_id": received.case_id, "version": received.version})
    session.flush()


def _under_older_keys(vault: Vault) -> ColumnElement[bool]:
    return ReceivedMessage.sealed.is_not(None) & ~ReceivedMessage.sealed.startswith(vault.mark, autoescape=True)


def messages_under_older_keys(session: Session, vault: Vault) -> int:
    """How many reports that came in are not yet under the vault's present key."""
    return session.scalar(select(func.count()).select_from(ReceivedMessage).where(_under_older_keys(vault))) or 0


def reseal_messages(session: Session, _actor: Actor, _clock: Clock, limit: int, *, vault: Vault,
                    after: str = "") -> Step:
    """Move up to `limit` reports that came in, beginning behind `after`, under the vault's present key."""
    rows = session.scalars(select(ReceivedMessage).where(_under_older_keys(vault), ReceivedMessage.id > after)
                           .order_by(ReceivedMessage.id).limit(limit).with_for_update()).all()

    def move(message: ReceivedMessage) -> None:
        message.sealed = vault.sealed_anew(message.sealed or "", _about(message.id))

    return step_over(rows, lambda message: message.id, move)
