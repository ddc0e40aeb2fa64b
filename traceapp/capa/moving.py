"""What changes the state of a CAPA: each step by the table and its guard; a closing is signed by somebody who took no
part."""
from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.catalog.texts import required_text, short_text
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, Forbidden, InvalidInput
from traceapp.identity.service import check_signature
from traceapp.worklist.tasks import drop_tasks

from .cases import CHECK_TASK, Step, action_stream, capa_stream, facts_of, for_step, move, raise_duty, signed_hash
from .effects import take_back, teach
from .linking import leave_recall
from .model import Capa, CapaLink
from .opening import TEXT, LinkTo, running_for
from .planning import open_check, remind_owners
from .policy import CLOSED_MEANING, end_of, home_day, refuse_step, took_part
from .queries import actions_of
from .states import ActionState, LinkKind

STEPS = ("investigate", "plan", "think_again", "begin", "verify", "reopen", "cancel")
# Steps that are nothing without their reason.
WITH_REASON = frozenset({"think_again", "reopen", "cancel"})


@dataclass(frozen=True, slots=True)
class MoveCapa:
    """`action`: one of the state table but closing; going back, reopening and cancelling take a reason."""

    capa_id: str
    action: str
    reason: str = ""
    revision: int | None = None


@dataclass(frozen=True, slots=True)
class CloseCapa:
    """`password` is the signer's, asked again; `reason` says what it came to."""

    capa_id: str
    password: str
    reason: str
    revision: int | None = None


def move_capa(session: Session, actor: Actor, clock: Clock, command: MoveCapa) -> Capa:
    """The CAPA after a step. Raises InvalidInput for an unknown action or a missing reason, Conflict where the table or
    a guard refuses, NotFound, Forbidden, Stale."""
    if command.action not in STEPS:
        raise InvalidInput("“%(action)s” is not one of: %(known)s.", code="unknown-action", place="action",
                           action=command.action[:40], known=", ".join(STEPS))
    capa = for_step(session, actor, command.action, command.capa_id, command.revision)
    reason = short_text(command.reason, TEXT, place="reason")
    if command.action in WITH_REASON:
        required_text(reason, place="reason")
    refuse_step(command.action, facts_of(session, capa), home_day(clock.now()))
    if command.action == "reopen":
        _refuse_second(session, capa)
    move(session, actor, clock, capa, Step(command.action, reason))
    _after(session, actor, clock, capa, command.action)
    session.flush()
    return capa


def _refuse_second(session: Session, capa: Capa) -> None:
    """Nothing when no other of its kind runs for what it was opened from. Raises Conflict."""
    kind, _, key = capa.origin.partition(":")
    other = running_for(session, LinkTo(kind, key), capa.kind) if key else None
    if other is not None and other.id != capa.id:
        raise Conflict("%(reference)s runs for this already. Add to it what is new.", code="capa-runs",
                       place="links", reference=other.reference)


def _after(session: Session, actor: Actor, clock: Clock, capa: Capa, action: str) -> None:
    """The duties that a step brings or ends."""
    if action == "begin":
        remind_owners(session, actor, clock, capa)
    elif action == "verify":
        check = open_check(session, capa.id)
        if check is not None:
            raise_duty(session, actor, clock, capa, CHECK_TASK, end_of(check.planned_on))
    elif action == "reopen":
        capa.closed_at = None
        take_back(session, actor, clock, capa)
    elif action == "cancel":
        _leave_recalls(session, capa)
        drop_tasks(session, actor, clock, capa_stream(capa.id))
        for one in actions_of(session, capa.id):
            if one.state == ActionState.open:
                drop_tasks(session, actor, clock, action_stream(one.id))


def _leave_recalls(session: Session, capa: Capa) -> None:
    """What was cancelled is no CAPA that a recall could end with."""
    for recall_id in session.scalars(select(CapaLink.target_id).where(
            CapaLink.capa_id == capa.id, CapaLink.kind == LinkKind.recall)).all():
        leave_recall(session, capa, recall_id)


def close_capa(session: Session, actor: Actor, clock: Clock, command: CloseCapa) -> Capa:
    """The end, signed: what was verified as effective, by somebody who neither owned an action nor reported one done.
    The confirmed cause is told to surveillance.

    Call `identity.limit_signature` in a transaction of its own before. Raises Forbidden for somebody who took part or a
    wrong password, Conflict where the table or a guard refuses, InvalidInput without a reason, Stale.
    Source: 21 CFR 11.50, 11.70 and 11.200(a).
    """
    capa = for_step(session, actor, "close", command.capa_id, command.revision)
    reason = short_text(required_text(command.reason, place="reason"), TEXT, place="reason")
    facts = facts_of(session, capa)
    refuse_step("close", facts, home_day(clock.now()))
    if took_part(facts, actor.id):
        raise Forbidden("You had an action in this CAPA yourself. Somebody who had none closes it.",
                        code="same-person")
    check_signature(session, actor, command.password)
    signed = signed_hash(session, capa)
    move(session, actor, clock, capa, Step("close", reason, CLOSED_MEANING, signed, {"signed_hash": signed}))
    capa.closed_at = clock.now()
    drop_tasks(session, actor, clock, capa_stream(capa.id))
    teach(session, actor, clock, capa)
    session.flush()
    return capa
