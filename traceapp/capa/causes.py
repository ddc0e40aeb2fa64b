"""The search for the cause: five whys, the tree of causes, and saying that none can be found."""
from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from traceapp.catalog.texts import required_text, short_text
from traceapp.complaint.policy import one_of
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, InvalidInput, NotFound
from traceapp.core.ids import new_id

from .cases import Act, for_work, next_position, note
from .model import Capa, CapaCause, CapaWhy
from .opening import TEXT
from .states import CauseKind, Verdict

MOST_WHYS, MOST_CAUSES, _LONGEST_CAUSE = 7, 100, 2000


@dataclass(frozen=True, slots=True)
class WriteWhys:
    """The answers in order, each to why the one before it is so; the first is about the problem itself."""

    capa_id: str
    answers: tuple[str, ...]
    revision: int | None = None


@dataclass(frozen=True, slots=True)
class AddCause:
    """`parent_id` None: it would explain the problem itself."""

    capa_id: str
    kind: str
    text: str
    parent_id: str | None = None
    evidence: str = ""
    revision: int | None = None


@dataclass(frozen=True, slots=True)
class JudgeCause:
    """`verdict`: supposed, confirmed or excluded; the last two with what shows it."""

    capa_id: str
    cause_id: str
    verdict: str
    evidence: str
    revision: int | None = None


@dataclass(frozen=True, slots=True)
class GiveUpCause:
    """Why no cause can be found."""

    capa_id: str
    reason: str
    revision: int | None = None


def write_whys(session: Session, actor: Actor, clock: Clock, command: WriteWhys) -> Capa:
    """The five whys, in place of those that stood there. Raises InvalidInput for none or more than seven."""
    capa = for_work(session, actor, Act(command.capa_id, command.revision, "write_whys"))
    answers = [short_text(text, _LONGEST_CAUSE, place="answers") for text in command.answers if text.strip()]
    if not 1 <= len(answers) <= MOST_WHYS:
        raise InvalidInput("Write between one and %(most)s answers.", code="how-many", place="answers",
                           most=MOST_WHYS)
    session.execute(delete(CapaWhy).where(CapaWhy.capa_id == capa.id))
    session.add_all(CapaWhy(capa_id=capa.id, position=place, answer=text) for place, text in enumerate(answers, 1))
    note(session, actor, clock, capa, ("whys_written", {"count": len(answers)}))
    session.flush()
    return capa


def add_cause(session: Session, actor: Actor, clock: Clock, command: AddCause) -> CapaCause:
    """A supposed cause in the tree. Raises NotFound for a parent that is not in it, Conflict for too many."""
    capa = for_work(session, actor, Act(command.capa_id, command.revision, "add_cause"))
    kind = one_of(CauseKind, command.kind, place="kind")
    if command.parent_id is not None:
        cause_of(session, capa, command.parent_id, place="parent_id")
    if (session.scalar(select(func.count()).where(CapaCause.capa_id == capa.id)) or 0) >= MOST_CAUSES:
        raise Conflict("There are %(most)s causes already; judge these first.", code="too-many", most=MOST_CAUSES)
    cause = CapaCause(
        id=new_id(clock.now()), capa_id=capa.id, parent_id=command.parent_id,
        position=next_position(session, CapaCause, capa.id), kind=kind, verdict=Verdict.supposed,
        text=short_text(required_text(command.text, place="text"), _LONGEST_CAUSE, place="text"),
        evidence=short_text(command.evidence, TEXT, place="evidence"))
    session.add(cause)
    note(session, actor, clock, capa, ("cause_added", {"cause": cause.id, "kind": cause.kind}))
    session.flush()
    return cause


def judge_cause(session: Session, actor: Actor, clock: Clock, command: JudgeCause) -> CapaCause:
    """The cause, confirmed or excluded by evidence, or supposed again. Raises NotFound, InvalidInput without
    evidence."""
    capa = for_work(session, actor, Act(command.capa_id, command.revision, "judge_cause"))
    cause = cause_of(session, capa, command.cause_id, place="cause_id")
    verdict = one_of(Verdict, command.verdict, place="verdict")
    evidence = short_text(command.evidence, TEXT, place="evidence")
    cause.evidence = required_text(evidence, place="evidence") if verdict != Verdict.supposed else evidence
    before, cause.verdict = cause.verdict, verdict
    if verdict == Verdict.confirmed:
        capa.no_cause = ""  # what was found stands in the tree; why it could not be found stands in the trail
    note(session, actor, clock, capa, ("cause_judged", {
        "cause": cause.id, "kind": cause.kind, "before": str(before), "after": str(verdict)}))
    session.flush()
    return cause


def give_up_cause(session: Session, actor: Actor, clock: Clock, command: GiveUpCause) -> Capa:
    """Say that no cause can be found, and why. Raises InvalidInput without a reason, Conflict beside a confirmed
    one."""
    capa = for_work(session, actor, Act(command.capa_id, command.revision, "give_up_cause"))
    if session.scalars(select(CapaCause.id).where(
            CapaCause.capa_id == capa.id, CapaCause.verdict == Verdict.confirmed).limit(1)).first():
        raise Conflict("A cause is confirmed. Judge it anew before you say that none can be found.",
                       code="cause-confirmed")
    capa.no_cause = short_text(required_text(command.reason, place="reason"), TEXT, place="reason")
    note(session, actor, clock, capa, ("cause_given_up", {"reason": capa.no_cause}))
    session.flush()
    return capa


def cause_of(session: Session, capa: Capa, cause_id: str, *, place: str) -> CapaCause:
    """A cause of this CAPA. Raises NotFound."""
    cause = session.get(CapaCause, cause_id)
    if cause is None or cause.capa_id != capa.id:
        raise NotFound("There is no such cause.", code="unknown-cause", place=place)
    return cause
