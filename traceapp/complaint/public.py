"""What a reporter may see of a complaint, by the secret of its follow-up page; and what they may add."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.audit import record
from traceapp.core.actor import PUBLIC
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, InvalidInput, NotFound, TooMany
from traceapp.vault.service import token_hash
from traceapp.worklist.tasks import RaiseTask, raise_task

from .case_parts import about
from .model import UNKNOWN_LOT, Complaint, ComplaintNote
from .policy import cleaned_text
from .service_clocks import promised
from .states import ENDED, ComplaintState
from .triage import Investigation

REPORTER = "reporter"
_MOST_MESSAGES = 50
_SURVEYED = ENDED | {ComplaintState.told, ComplaintState.followed_up}


@dataclass(frozen=True, slots=True)
class PublicNote:
    at: datetime
    text: str
    is_from_reporter: bool


@dataclass(frozen=True, slots=True)
class Grades:
    """`satisfaction` from 1 to 5, `recommendation` from 0 to 10; either may be left out."""

    satisfaction: int | None
    recommendation: int | None


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A complaint as its reporter sees it: no person, no judgement, no name of staff."""

    reference: str
    state: str
    received_at: datetime
    answer_by: datetime
    is_answered: bool
    is_investigated: bool
    lot_text: str
    lot_key: str | None
    notes: tuple[PublicNote, ...]
    may_judge: bool = False
    grades: Grades = Grades(None, None)


def _by_token(session: Session, token: str) -> Complaint:
    found = session.scalars(select(Complaint).where(Complaint.follow_up_hash == token_hash(token))).first()
    if found is None:
        raise NotFound("We do not know this link. Check that it is complete.", code="unknown-link")
    return found


def follow_up(session: Session, token: str) -> FollowUp:
    """The complaint of a follow-up link. Raises NotFound."""
    complaint = _by_token(session, token)
    rows = session.scalars(
        select(ComplaintNote).where(ComplaintNote.lot_key == complaint.lot_key,
                                    ComplaintNote.complaint_id == complaint.id, ComplaintNote.is_public.is_(True))
        .order_by(ComplaintNote.position))
    notes = tuple(PublicNote(row.at, row.text, row.by == REPORTER) for row in rows)
    return FollowUp(
        reference=complaint.reference, state=complaint.state, received_at=complaint.received_at,
        answer_by=promised(session, complaint, complaint.awareness_at).first_answer,
        is_answered=any(not note.is_from_reporter for note in notes),
        is_investigated=complaint.investigation == Investigation.begun, lot_text=complaint.lot_text,
        lot_key=None if complaint.lot_key == UNKNOWN_LOT else complaint.lot_key, notes=notes,
        may_judge=complaint.state in _SURVEYED,
        grades=Grades(complaint.satisfaction, complaint.recommendation))


def answer_survey(session: Session, clock: Clock, token: str, grades: Grades) -> None:
    """What the reporter thinks of how the case was handled; a later answer replaces an earlier one.

    Raises NotFound, Conflict before there is an answer to judge, InvalidInput for a grade that is none, or for none.
    """
    complaint = _by_token(session, token)
    if complaint.state not in _SURVEYED:
        raise Conflict("You can answer this once your report has been answered.", code="too-early")
    if grades.satisfaction is None and grades.recommendation is None:
        raise InvalidInput("Choose an answer.", code="required", place="satisfaction")
    for name, grade, least, most in (("satisfaction", grades.satisfaction, 1, 5),
                                     ("recommendation", grades.recommendation, 0, 10)):
        if grade is not None and not least <= grade <= most:
            raise InvalidInput("Choose an answer.", code="out-of-range", place=name)
    session.refresh(complaint, with_for_update=True)
    complaint.satisfaction, complaint.recommendation = grades.satisfaction, grades.recommendation
    complaint.surveyed_at = clock.now()
    record(session, PUBLIC, clock.now(), "complaint.surveyed", about(complaint.id),
           {"satisfaction": grades.satisfaction, "recommendation": grades.recommendation})


def add_reporter_message(session: Session, clock: Clock, token: str, text: str) -> PublicNote:
    """What the reporter adds later, in the case for staff to read within a day.

    Raises NotFound, InvalidInput for an empty or overlong text, TooMany after fifty messages.
    """
    complaint = _by_token(session, token)
    session.refresh(complaint, with_for_update=True)
    cleaned = cleaned_text(text, place="text", limit=5000, required=True)
    positions = session.execute(
        select(ComplaintNote.position, ComplaintNote.by)
        .where(ComplaintNote.lot_key == complaint.lot_key, ComplaintNote.complaint_id == complaint.id)).all()
    if sum(by == REPORTER for _, by in positions) >= _MOST_MESSAGES:
        raise TooMany("You have added as much as we can take here. Please telephone us.", retry_after=86400)
    now = clock.now()
    note = ComplaintNote(lot_key=complaint.lot_key, complaint_id=complaint.id,
                         position=max((position for position, _ in positions), default=0) + 1, at=now, by=REPORTER,
                         text=cleaned, is_public=True)
    session.add(note)
    record(session, PUBLIC, now, "complaint.message_added", about(complaint.id), {"position": note.position})
    due = promised(session, complaint, now).first_answer
    raise_task(session, PUBLIC, clock, RaiseTask(
        "complaint.read_message", about(complaint.id), "quality", due,
        None if complaint.lot_key == UNKNOWN_LOT else complaint.lot_key, {"reference": complaint.reference}))
    return PublicNote(now, cleaned, True)
