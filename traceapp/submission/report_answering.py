"""What authorities answer: read, matched to its report, and what follows for the report and its clocks."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from traceapp.attachment.store import hash_of
from traceapp.audit import record
from traceapp.complaint.policy import cleaned_text, one_of
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, InvalidInput, NotFound
from traceapp.core.ids import new_id
from traceapp.identity.policy import permit
from traceapp.worklist.clock_model import ClockState, LegalClock
from traceapp.worklist.legal_clocks import EndClock, clocks_about, end_clock, reopen_clock
from traceapp.worklist.tasks import RaiseTask, complete_tasks, raise_task

from .report_cases import (
    ANSWER_TASK,
    CORRECT_TASK,
    LOOK_TASK,
    answer_stream,
    end_duty,
    is_open,
    move,
    raise_duty,
    report_by_id,
    report_stream,
)
from .report_deciding import note_sent
from .report_desk import ReadAnswer, ReportDesk
from .report_model import Report, ReportAnswer, ReportAnswerMatch
from .report_states import UNSENT, AnswerVerdict, ReportState, actions_from
from .sealed_files import keep_answer

BY_HAND, BY_ANSWER = "by-hand", "by its answer"
_MOST_PARTS, _MOST_TEXTS, _LONGEST_TEXT = 2000, 50, 2000


@dataclass(frozen=True, slots=True)
class TakeAnswer:
    """A file that an authority sent; what it is about stands in it."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class NoteAnswer:
    """What a person read at the authority: `number` is the authority's own, `text` its words; `file` (name, content) is
    kept as proof."""

    report_id: str
    verdict: str
    number: str = ""
    text: str = ""
    file: tuple[str, bytes] | None = None


@dataclass(frozen=True, slots=True)
class MatchAnswer:
    """A person says which report an answer is about, and why."""

    answer_id: str
    report_id: str
    reason: str


def take_answer(session: Session, actor: Actor, clock: Clock, command: TakeAnswer, *,
                desk: ReportDesk) -> list[ReportAnswer]:
    """The answers in a file, each matched to its report where one has its number; the others wait for a person. The
    same file again changes nothing. Raises InvalidInput for a file that nobody here can read, or with too many."""
    permit(actor, "report.write")
    sha256 = hash_of(command.content)
    before = list(session.scalars(select(ReportAnswer).where(ReportAnswer.sha256 == sha256)
                                  .order_by(ReportAnswer.part)))
    if before:
        return before
    reader, found = _read(command.content, desk)
    if len(found) > _MOST_PARTS:
        raise InvalidInput("This file holds more than %(most)d answers. Take it in in parts.", code="too-many-answers",
                           place="file", most=_MOST_PARTS)
    answers = [_kept(session, actor, clock, (reader, one), (command.name, sha256, part))
               for part, one in enumerate(found)]
    reports = []
    for answer in answers:
        report = _meant(session, answer.names)
        reports.append(report)
        if report is None:
            raise_task(session, actor, clock, RaiseTask(
                LOOK_TASK, answer_stream(answer.id), "quality", clock.now(), None,
                {"reference": ", ".join(answer.names)[:100]}))
        else:
            _match(session, actor, clock, answer, (report, ""))
    keep_answer(session, actor, clock, (answers[0].id, reports), (command.name, command.content), desk=desk)
    return answers


def note_answer(session: Session, actor: Actor, clock: Clock, command: NoteAnswer, *, desk: ReportDesk) -> Report:
    """The report, answered as a person read it. Raises NotFound, Forbidden, InvalidInput: a confirmation needs the
    authority's number, a refusal its words; Conflict for a report that was not sent."""
    permit(actor, "report.write")
    report = report_by_id(session, command.report_id, lock=True)
    verdict = one_of(AnswerVerdict, command.verdict, place="verdict")
    number = cleaned_text(command.number, place="number", limit=120, required=verdict is AnswerVerdict.accepted)
    text = cleaned_text(command.text, place="text", limit=_LONGEST_TEXT, required=verdict is AnswerVerdict.rejected)
    if report.state not in (ReportState.sent, ReportState.acknowledged, ReportState.rejected):
        raise Conflict("This report was not sent yet. Record when it was sent first.", code="not-sent")
    name, content = command.file or ("", None)
    sha256 = hash_of(content) if content is not None else None
    said = ReadAnswer(verdict, (report.number,), number, (text,) if text else ())
    taken = session.scalar(select(ReportAnswer.id).where(ReportAnswer.sha256 == sha256)) if sha256 else None
    if taken is not None:
        raise Conflict("This file was taken in before. Look among the answers.", code="answer-known", place="file")
    answer = _kept(session, actor, clock, (BY_HAND, said), (name, sha256, 0))
    if content is not None:
        keep_answer(session, actor, clock, (answer.id, [report]), (name, content), desk=desk)
    _match(session, actor, clock, answer, (report, ""))
    return report


def match_answer(session: Session, actor: Actor, clock: Clock, command: MatchAnswer) -> Report:
    """The report that an answer is about after all. Raises NotFound, Conflict when it is matched, InvalidInput without
    a reason."""
    permit(actor, "report.write")
    answer = session.get(ReportAnswer, command.answer_id)
    if answer is None:
        raise NotFound("There is no such answer.", code="unknown-answer", place="answer_id")
    report = report_by_id(session, command.report_id, lock=True)
    reason = cleaned_text(command.reason, place="reason", limit=2000, required=True)
    if session.get(ReportAnswerMatch, answer.id) is not None:
        raise Conflict("This answer belongs to a report already. Reload the page.", code="answer-matched")
    _match(session, actor, clock, answer, (report, reason))
    complete_tasks(session, actor, clock, answer_stream(answer.id), LOOK_TASK, "matched")
    return report


def _read(content: bytes, desk: ReportDesk) -> tuple[str, list[ReadAnswer]]:
    for name, read in desk.readers.items():
        found = read(content)
        if found:
            return name, list(found)
    raise InvalidInput("This is no answer that can be read here. Open the report, write down what the authority "
                       "answered, and add the file there.", code="unreadable-answer", place="file")


def _kept(session: Session, actor: Actor, clock: Clock, said: tuple[str, ReadAnswer],
          file: tuple[str, str | None, int]) -> ReportAnswer:
    """The row of an answer: who read it and what it says; the file by name, hash and part."""
    (reader, one), (name, sha256, part), now = said, file, clock.now()
    answer = ReportAnswer(
        id=new_id(now), at=now, by=actor.id, reader=reader, verdict=one.verdict,
        names=[text[:200] for text in one.names if text][:20], number=one.number[:120],
        texts=[text[:_LONGEST_TEXT] for text in one.texts if text][:_MOST_TEXTS], name=name[:200], sha256=sha256,
        part=part)
    session.add(answer)
    session.flush()
    record(session, actor, now, "report_answer.taken", answer_stream(answer.id), {
        "verdict": answer.verdict, "names": answer.names, "number": answer.number, "sha256": sha256})
    return answer


def _meant(session: Session, names: list[str]) -> Report | None:
    """The report that bears one of these numbers, locked; of several versions the one whose file is named, else the one
    that waits for an answer."""
    found = list(session.scalars(select(Report).where(or_(
        Report.number.in_(names), Report.message_id.in_(names), Report.id.in_(names), Report.sent_id.in_(names)))
        .order_by(Report.version.desc()).with_for_update()))
    named = next((one for one in found if one.message_id and one.message_id in names), None)
    if named is not None:
        return named
    order = (ReportState.sent, ReportState.approved, ReportState.acknowledged, ReportState.rejected)
    return next((one for state in order for one in found if one.state == state), found[0] if found else None)


def _match(session: Session, actor: Actor, clock: Clock, answer: ReportAnswer, whom: tuple[Report, str]) -> None:
    report, reason = whom
    now = clock.now()
    session.add(ReportAnswerMatch(answer_id=answer.id, report_id=report.id, at=now, by=actor.id, reason=reason))
    record(session, actor, now, "report.answered", report_stream(report.id), {
        "answer": answer.id, "verdict": answer.verdict, "number": answer.number, "sha256": answer.sha256,
        "reason": reason})
    if report.state == ReportState.approved:
        note_sent(session, actor, clock, report, (BY_ANSWER, now, ""))
    if is_open(report):  # the authority holds a file that nobody here approved
        raise_duty(session, actor, clock, report, LOOK_TASK)
    elif answer.verdict == AnswerVerdict.accepted and "acknowledge" in actions_from(report.state):
        _acknowledge(session, actor, clock, report, (answer, now))
    elif answer.verdict == AnswerVerdict.rejected and "reject" in actions_from(report.state):
        _reject(session, actor, clock, report, (answer, now))
    session.flush()


def _acknowledge(session: Session, actor: Actor, clock: Clock, report: Report,
                 by: tuple[ReportAnswer, datetime]) -> None:
    """The authority has it: the clocks that it answers end, with proof."""
    answer, report.answered_at = by
    report.acknowledgement = answer.number or next(iter(answer.names), answer.id)
    move(session, actor, clock, report, "acknowledge", {"acknowledgement": report.acknowledgement})
    for one in _clocks(session, report):
        if one.state == ClockState.running:
            end_clock(session, actor, clock, EndClock(
                one.id, ClockState.reported, f"{report.reference} v{report.version}: {report.number}",
                report.acknowledgement, report.sha256 or ""))
    end_duty(session, actor, clock, report, ANSWER_TASK)


def _reject(session: Session, actor: Actor, clock: Clock, report: Report, by: tuple[ReportAnswer, datetime]) -> None:
    """The authority refused it: clocks that it had ended run again, those that it had begun are called off where no
    report of them is under way, and somebody has to put it right."""
    answer, report.answered_at = by
    move(session, actor, clock, report, "reject", {"texts": len(answer.texts)})
    under_way = [one for ids in session.scalars(select(Report.clock_ids).where(
        Report.about == report.about, Report.id != report.id, Report.state.in_((*UNSENT, ReportState.sent))))
        for one in ids]
    for one in _clocks(session, report):
        if one.state == ClockState.reported and one.report_sha256 == report.sha256:
            reopen_clock(session, actor, clock, one.id, report.number, under_way)
    end_duty(session, actor, clock, report, ANSWER_TASK)
    raise_duty(session, actor, clock, report, CORRECT_TASK)


def _clocks(session: Session, report: Report) -> list[LegalClock]:
    """The clocks that a report answers, with those of the same rule that stepped in the place of one meanwhile."""
    here = [one for one in clocks_about(session, report.about) if one.jurisdiction == report.jurisdiction]
    replaced = {one.rule_id for one in here if one.id in report.clock_ids and one.state == ClockState.superseded}
    return [one for one in here if one.id in report.clock_ids or one.rule_id in replaced]
