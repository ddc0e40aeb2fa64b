"""Who answers for a case: whoever took it first, until it is handed over with a reason."""
from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from traceapp.audit import record
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, Forbidden, InvalidInput
from traceapp.identity.model import User
from traceapp.worklist.rostering import DUTY_ROLES

from .case_parts import NOTE_LIMIT, about, add_note_row, complaint_of
from .model import Complaint
from .policy import cleaned_text


@dataclass(frozen=True, slots=True)
class HandOver:
    """`user_id` None: whoever acts takes it. Taking what nobody has needs no reason."""

    complaint_id: str
    user_id: str | None = None
    reason: str = field(default="", repr=False)
    revision: int | None = None


def hand_over(session: Session, actor: Actor, clock: Clock, command: HandOver) -> Complaint:
    """The case with its new first responder.

    Raises NotFound, Stale, InvalidInput without a reason or for somebody who does not work complaints, Conflict when
    it is theirs already, Forbidden for others than the first responder and the manager.
    """
    complaint = complaint_of(session, command.complaint_id, command.revision)
    wanted = command.user_id or actor.id
    person = session.get(User, wanted)
    if person is None or not person.is_active or person.role not in DUTY_ROLES:
        raise InvalidInput("Choose somebody of the quality department who may sign in.", code="not-on-duty",
                           place="user_id")
    if complaint.responder_id == wanted:
        raise Conflict("This person answers for it already.", code="same-responder", place="user_id")
    before = complaint.responder_id
    if before is not None and actor.id != before and actor.role != "quality_manager":
        raise Forbidden("Only whoever answers for it, or the quality manager, can hand it over.", code="not-yours",
                        place="user_id")
    reason = cleaned_text(command.reason, place="reason", limit=NOTE_LIMIT, required=before is not None)
    complaint.responder_id = wanted
    if reason:
        add_note_row(session, complaint, clock.now(), actor.id, (reason, False))
    record(session, actor, clock.now(), "complaint.handed_over", about(complaint.id),
           {"before": before, "after": wanted})
    return complaint
