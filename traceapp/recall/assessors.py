"""Who signs the health hazard evaluation for medicine: accounts that an administrator named, with the qualification
that their signatures bear from then on.

Source: 21 CFR 7.41(a): an ad hoc committee of scientists; CFDA Order 29 (2017) art. 12.
"""
from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.audit import record, stream_of
from traceapp.catalog.texts import one_line, short_text
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, Forbidden, NotFound
from traceapp.db import expect_revision
from traceapp.identity.model import User
from traceapp.identity.policy import PERMISSIONS
from traceapp.worklist.tasks import RaiseTask, complete_tasks, raise_task

from .drafting import named

# The house has named nobody: a duty of the quality manager, once for the house.
NO_ASSESSOR_TASK, ASSESSORS_ABOUT = "assessor.missing", "service:assessors"
LONGEST_QUALIFICATION = 300
_UNNAMED_DAYS = 30


@dataclass(frozen=True, slots=True)
class NameAssessor:
    """`qualification`: in words, as signatures show it; empty: the account is no medical assessor any more."""

    user_id: str
    qualification: str
    revision: int | None = None


def name_assessor(session: Session, actor: Actor, clock: Clock, command: NameAssessor) -> User:
    """Name an account a medical assessor, put the qualification otherwise, or end it; signatures that were given keep
    what they say. Raises NotFound, Stale, InvalidInput, Conflict for an account that may sign no evaluation."""
    user = session.get(User, command.user_id, with_for_update=True)
    if user is None:
        raise NotFound("There is no such user.", place="user")
    expect_revision(user, command.revision)
    said = short_text(command.qualification.strip(), LONGEST_QUALIFICATION, place="qualification")
    one_line(said, place="qualification")
    if said and user.role not in PERMISSIONS["recall.write"]:
        raise Conflict("Only quality staff sign evaluations. Change the role of this account first.",
                       code="role-signs-nothing")
    if said != user.medical_qualification:
        record(session, actor, clock.now(), "user.medical_assessor", stream_of("user", user.id),
               {"before": user.medical_qualification, "after": said})
        user.medical_qualification = said
        session.flush()
    if assessors(session):
        complete_tasks(session, actor, clock, ASSESSORS_ABOUT, NO_ASSESSOR_TASK, "named")
    return user


def assessors(session: Session) -> Sequence[User]:
    """The medical assessors who can sign today, by name."""
    return session.scalars(select(User).where(
        User.medical_qualification != "", User.is_active.is_(True), User.role.in_(PERMISSIONS["recall.write"]))
        .order_by(User.name, User.id)).all()


def refuse_unqualified(session: Session, signer: User, signed_by: Collection[str] = ()) -> None:
    """Nothing when this person may sign for medicine: a medical assessor, or anybody where the house has named none.
    `signed_by`: who signed for quality. Raises Forbidden."""
    known = assessors(session)
    if not known or any(one.id == signer.id for one in known):
        return
    names = named([one.name for one in known])
    if _is_nobody_left(known, signed_by):
        raise Forbidden("Every medical assessor, %(names)s, has signed this evaluation for quality. Write it anew and "
                        "let one of them sign it for medicine, or ask the administrator to name another.",
                        code="no-medical-assessor", place="meaning", names=names)
    raise Forbidden("Only a medical assessor signs for medicine. The house has named: %(names)s.",
                    code="no-medical-assessor", place="meaning", names=names)


def refuse_last_assessor(session: Session, signer: User, signed_by: Collection[str] = ()) -> None:
    """Nothing for a signature for quality after which somebody can still sign for medicine. Raises Conflict."""
    if {one.id for one in assessors(session)} - set(signed_by) == {signer.id}:
        raise Conflict("You are the last medical assessor who has not signed: nobody could sign for medicine after "
                       "you. Sign for medicine, and let a colleague sign for quality.", code="last-assessor",
                       place="meaning")


def _is_nobody_left(known: Sequence[User], signed_by: Collection[str]) -> bool:
    return not {one.id for one in known} - set(signed_by)


def ask_for_assessor(session: Session, actor: Actor, clock: Clock) -> None:
    """A duty of the quality manager while the house has named nobody."""
    if not assessors(session):
        raise_task(session, actor, clock, RaiseTask(
            NO_ASSESSOR_TASK, ASSESSORS_ABOUT, "quality_manager", clock.now() + timedelta(days=_UNNAMED_DAYS)))
