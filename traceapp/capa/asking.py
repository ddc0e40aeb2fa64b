"""Questions of quality to development, answered within fifteen working days."""
from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from traceapp.audit import stream_of
from traceapp.catalog.texts import required_text, short_text
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, Forbidden, NotFound
from traceapp.core.ids import new_id
from traceapp.identity.policy import holds
from traceapp.worklist.tasks import complete_tasks

from .cases import ANSWER_TASK, Act, calm, for_work, known_person, next_position, note, raise_personal
from .model import CapaQuestion
from .opening import TEXT
from .policy import answer_due, home_day


@dataclass(frozen=True, slots=True)
class AskDevelopment:
    """`asked_of_id`: who has to answer."""

    capa_id: str
    question: str
    asked_of_id: str
    revision: int | None = None


@dataclass(frozen=True, slots=True)
class AnswerQuestion:
    capa_id: str
    question_id: str
    answer: str
    revision: int | None = None


def ask_development(session: Session, actor: Actor, clock: Clock, command: AskDevelopment) -> CapaQuestion:
    """The question, with its duty. Raises InvalidInput for a person who cannot answer here, Conflict, Stale."""
    capa = for_work(session, actor, Act(command.capa_id, command.revision, "ask"))
    person = known_person(session, command.asked_of_id, "capa.act", place="asked_of_id")
    now = clock.now()
    due_at, is_sure = answer_due(home_day(now))
    question = CapaQuestion(
        id=new_id(now), capa_id=capa.id, position=next_position(session, CapaQuestion, capa.id), asked_at=now,
        question=short_text(required_text(command.question, place="question"), TEXT, place="question"),
        asked_by=actor.id, asked_of_id=person.id, due_at=due_at, is_due_sure=is_sure, answer="")
    session.add(question)
    note(session, actor, clock, capa, ("question_asked", {
        "question": question.id, "asked_of": person.id, "due_at": due_at}))
    raise_personal(session, actor, clock, capa, (ANSWER_TASK, question_stream(question.id), person.id, due_at))
    session.flush()
    return question


def answer_question(session: Session, actor: Actor, clock: Clock, command: AnswerQuestion) -> CapaQuestion:
    """The answer, by whom it was asked of, or written down by quality for them. Raises Forbidden for others, NotFound,
    Conflict for one that was answered."""
    capa = for_work(session, actor, Act(command.capa_id, command.revision, "answer", "capa.act"))
    question = session.get(CapaQuestion, command.question_id, with_for_update=True)
    if question is None or question.capa_id != capa.id:
        raise NotFound("There is no such question.", code="unknown-question", place="question_id")
    if question.answered_at is not None:
        raise Conflict("This question was answered already.", code="answered")
    if actor.id != question.asked_of_id and not holds(actor, "capa.write"):
        raise Forbidden("This question was put to somebody else.", code="not-yours")
    question.answer = short_text(required_text(command.answer, place="answer"), TEXT, place="answer")
    question.answered_at, question.answered_by = clock.now(), actor.id
    note(session, actor, clock, capa, ("question_answered", {"question": question.id, "due_at": question.due_at}))
    complete_tasks(session, actor, clock, question_stream(question.id), ANSWER_TASK, "answered")
    calm(session, actor, clock, capa)
    return question


def question_stream(question_id: str) -> str:
    """What the task of a question is about."""
    return stream_of("capa_question", question_id)
