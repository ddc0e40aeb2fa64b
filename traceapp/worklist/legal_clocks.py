"""Legal clocks of things that happened: begun by the rules, ended by a report that was confirmed or a decision."""
from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.audit import record
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, InvalidInput, NotFound
from traceapp.core.ids import new_id
from traceapp.db import expect_revision
from traceapp.identity.policy import permit
from traceapp.rules import Judgement, Kind, Rule, Situation, Trigger, judge, last_moment, rules

from .clock_model import REFUSED, UNDETERMINED, ClockState, LegalClock
from .model import TaskState
from .tasks import RaiseTask, complete_tasks, raise_task, tasks_about

REPORT_TASK, _DECIDE = "clock.report", "clock.decide"
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_LONGEST_REASON = 4000
_CALENDAR_WITHIN = timedelta(days=14)
_FURTHEST = timedelta(days=3653)
# What an authority asks for once it was told: facts of a clock that was reported -> facts of the clock that follows.
_AFTER_REPORT = {Trigger.death: Trigger.death_evaluation, Trigger.serious_injury: Trigger.serious_evaluation,
                 Trigger.could_be_serious: Trigger.serious_evaluation}


@dataclass(frozen=True, slots=True)
class Subject:
    """The thing that clocks run for: its name in tasks and the trail, its lot, and what people call it."""

    about: str
    reference: str
    lot_key: str | None = None


@dataclass(frozen=True, slots=True)
class EndClock:
    """`decision`: `reported` with `acknowledgement` (what the authority answered) and `sha256` of the file that was
    sent, or `not_reportable`; both with a reason."""

    clock_id: str
    decision: str
    reason: str
    acknowledgement: str = ""
    sha256: str = ""
    revision: int | None = None


@dataclass(frozen=True, slots=True)
class SetClockDay:
    """The last day for a clock whose law gives no number, and on what grounds: a plan, an order."""

    clock_id: str
    last_day: date
    reason: str
    revision: int | None = None


def run_clocks(session: Session, actor: Actor, clock: Clock, subject: Subject, situation: Situation,
               started_at: datetime) -> list[LegalClock]:
    """The clocks that begin now for one authority: those of all rules that match and do not run yet.

    A clock that runs is never moved. One that was ended, by a report or as not reportable, runs anew when a fact
    matches that was not known then, or when it began before the situation's `since`. Without a matching rule an
    undetermined one runs, until one matches. A further moment begins what does not run, whatever was ended before.
    """
    here = [one for one in clocks_about(session, subject.about) if one.jurisdiction == situation.jurisdiction]
    judgement = judge(situation, started_at)
    begun = [one for one in _wanted(judgement, situation)
             if not _is_covered(one, here, situation)]
    now = clock.now()
    for one in begun:
        one.id, one.created_at, one.started_at = new_id(now), now, started_at
        one.about, one.reference, one.lot_key = subject.about, subject.reference, subject.lot_key
        one.jurisdiction = situation.jurisdiction
        _add(session, actor, one)
    if judgement.clocks and not situation.is_further:
        for one in here:
            if one.rule_id == UNDETERMINED and one.state == ClockState.running:
                _end(session, actor, now, one, ClockState.superseded)
    if any(one.rule_id == UNDETERMINED or not one.has_limit for one in begun) and judgement.review_by is not None:
        _ask_for_day(session, actor, clock, subject, judgement.review_by)
    _ask_for_calendar(session, actor, clock, begun)
    session.flush()
    _remind(session, actor, clock, subject)
    return begun


def start_clock(session: Session, actor: Actor, clock: Clock, made: LegalClock) -> None:
    """A clock that is no matter of a judgement: whoever calls says what it is about, when it began and until when."""
    subject = Subject(made.about, made.reference, made.lot_key)
    _add(session, actor, made)
    if not made.has_limit:
        _ask_for_day(session, actor, clock, subject, made.due_at)
    _ask_for_calendar(session, actor, clock, [made])
    session.flush()
    _remind(session, actor, clock, subject)


def ask_again(session: Session, actor: Actor, clock: Clock, about: str) -> None:
    """The duties of the clocks that run about this thing once more, after all work about it was dropped."""
    running = [one for one in clocks_about(session, about) if one.state == ClockState.running]
    if not running:
        return
    subject = Subject(about, running[0].reference, running[0].lot_key)
    undecided = [one.due_at for one in running if _is_undecided(one)]
    if undecided:
        _ask_for_day(session, actor, clock, subject, min(undecided))
    _remind(session, actor, clock, subject)


def supersede_clock(session: Session, actor: Actor, clock: Clock, one: LegalClock, reason: str) -> None:
    """A clock that runs ends, because another one took its place."""
    one.reason = reason
    _end(session, actor, clock.now(), one, ClockState.superseded)
    session.flush()
    _remind(session, actor, clock, Subject(one.about, one.reference, one.lot_key))


def _add(session: Session, actor: Actor, one: LegalClock) -> None:
    session.add(one)
    record(session, actor, one.created_at, "clock.started", one.about, {
        "clock": one.id, "rule": one.rule_id, "jurisdiction": one.jurisdiction, "started_at": one.started_at,
        "due_at": one.due_at, "why": one.why, "ground": one.ground})


def _ask_for_day(session: Session, actor: Actor, clock: Clock, subject: Subject, review_by: datetime) -> None:
    """A duty of the manager where the law gives no day, or no rule is known."""
    raise_task(session, actor, clock, RaiseTask(_DECIDE, subject.about, "quality_manager", review_by, subject.lot_key,
                                                {"reference": subject.reference}))


def _ask_for_calendar(session: Session, actor: Actor, clock: Clock, begun: list[LegalClock]) -> None:
    """A duty of the administrator where working days were counted over a year whose holidays nobody has entered."""
    lacking = sorted({one.jurisdiction for one in begun if one.is_provisional and one.rule})
    if lacking:
        raise_task(session, actor, clock, RaiseTask(
            "clock.calendar", "service:calendars", "administrator", clock.now() + _CALENDAR_WITHIN, None,
            {"reference": ", ".join(lacking)}))


def end_clock(session: Session, actor: Actor, clock: Clock, command: EndClock) -> LegalClock:
    """The clock, ended; after a report the next one begins where the authority asks for one. Raises NotFound, Stale,
    Conflict for one that was ended before, InvalidInput without a reason, or for a report without acknowledgement and
    file, Forbidden for others than the manager to decide what no rule decides."""
    found = _running_clock(session, command.clock_id, command.revision)
    found.reason = _reason(command.reason)
    if command.decision == ClockState.reported:
        found.acknowledgement, found.report_sha256 = _proof(command)
    elif command.decision == ClockState.not_reportable:
        if found.rule_id == UNDETERMINED:
            permit(actor, "adverse_event.decide", "No rule says whether a report is due: the quality manager decides.")
    else:
        raise InvalidInput("“%(decision)s” is not one of: reported, not_reportable.", code="unknown-decision",
                           place="decision", decision=command.decision[:40])
    _end(session, actor, clock.now(), found, ClockState(command.decision))
    session.flush()
    if command.decision == ClockState.reported:
        _begin_next(session, actor, clock, found)
    _remind(session, actor, clock, Subject(found.about, found.reference, found.lot_key))
    return found


def set_clock_day(session: Session, actor: Actor, clock: Clock, command: SetClockDay) -> LegalClock:
    """The clock, due at the end of that day where its authority is. Raises NotFound, Stale, Conflict for one that was
    ended or that has a day by law, InvalidInput without a reason or for a day that is past or ten years ahead."""
    found = _running_clock(session, command.clock_id, command.revision)
    if found.has_limit:
        raise Conflict("The day of this clock is set already, and cannot be moved.", code="has-day", place="last_day")
    if command.last_day > (clock.now() + _FURTHEST).date():
        raise InvalidInput("This day is more than ten years ahead.", code="too-far", place="last_day")
    due_at = last_moment(found.jurisdiction, command.last_day)
    if due_at < clock.now():
        raise InvalidInput("This day is past.", code="past", place="last_day")
    reason = _reason(command.reason)
    before, found.due_at, found.has_limit = found.due_at, due_at, True
    record(session, actor, clock.now(), "clock.day_set", found.about, {
        "clock": found.id, "rule": found.rule_id, "before": before, "due_at": due_at, "reason": reason})
    session.flush()
    _remind(session, actor, clock, Subject(found.about, found.reference, found.lot_key))
    return found


def reopen_clock(session: Session, actor: Actor, clock: Clock, clock_id: str, reason: str,
                 under_way: Collection[str] = ()) -> LegalClock:
    """The clock, running again from its own beginning: the authority does not take the report after all. What that
    report had begun is called off, unless it was ended or a report of it is `under_way`. Raises NotFound, and Conflict
    for one that was not ended by a report."""
    found = session.scalars(select(LegalClock).where(LegalClock.id == clock_id).with_for_update()).first()
    if found is None:
        raise NotFound("There is no such clock.", code="unknown-clock", place="clock_id")
    if found.state != ClockState.reported:
        raise Conflict("Only a clock that a report has ended can run again.", code="clock-not-reported")
    record(session, actor, clock.now(), "clock.reopened", found.about, {
        "clock": found.id, "rule": found.rule_id, "due_at": found.due_at, "sha256": found.report_sha256,
        "reason": reason})
    found.state, found.ended_at, found.ended_by = ClockState.running, None, None
    found.reason = found.acknowledgement = found.report_sha256 = ""
    for one in _followers(session, found):
        if one.state == ClockState.running and one.id not in under_way:
            supersede_clock(session, actor, clock, one, REFUSED)
    session.flush()
    _remind(session, actor, clock, Subject(found.about, found.reference, found.lot_key))
    return found


def _followers(session: Session, one: LegalClock) -> list[LegalClock]:
    return [other for other in clocks_about(session, one.about) if other.follows_id == one.id]


def end_repeating(session: Session, actor: Actor, clock: Clock, about: str) -> None:
    """Of the clocks of a thing that repeat, the ones that run are the last: the thing has come to its end."""
    for one in clocks_about(session, about):
        if one.is_repeating and one.state == ClockState.running:
            one.is_repeating = False
            record(session, actor, clock.now(), "clock.last", about, {"clock": one.id, "rule": one.rule_id})


def _running_clock(session: Session, clock_id: str, revision: int | None) -> LegalClock:
    """The clock, locked. Raises NotFound, Stale, Conflict for one that was ended before."""
    found = session.scalars(select(LegalClock).where(LegalClock.id == clock_id).with_for_update()).first()
    if found is None:
        raise NotFound("There is no such clock.", code="unknown-clock", place="clock_id")
    expect_revision(found, revision)
    if found.state != ClockState.running:
        raise Conflict("This clock was ended before. Reload the page to see how.", code="clock-ended")
    return found


def _begin_next(session: Session, actor: Actor, clock: Clock, reported: LegalClock) -> None:
    """What follows a report: the same again where it repeats, else the evaluation or final report of what was told;
    not twice where a report was refused after what follows it had been ended, and a second one is confirmed."""
    rule = next((one for one in rules() if one.id == reported.rule_id), None)
    if rule is None:
        return
    triggers = {Trigger(one) for one in reported.why}
    if not reported.is_repeating:
        if rule.starts != "awareness":
            return
        triggers = {_AFTER_REPORT[one] for one in triggers if one in _AFTER_REPORT} | {Trigger.final_report}
    if any(one.state != ClockState.superseded for one in _followers(session, reported)):
        return
    subject = Subject(reported.about, reported.reference, reported.lot_key)
    situation = Situation(reported.jurisdiction, rule.kinds or frozenset(Kind), rule.roles, frozenset(triggers),
                          ground=reported.ground, is_further=True)
    for one in run_clocks(session, actor, clock, subject, situation, clock.now()):
        one.follows_id = reported.id


def clocks_about(session: Session, about: str) -> list[LegalClock]:
    """Every clock of a thing, running or ended, the earliest due first."""
    return list(session.scalars(select(LegalClock).where(LegalClock.about == about)
                                .order_by(LegalClock.due_at, LegalClock.rule_id, LegalClock.id)))


def _wanted(judgement: Judgement, situation: Situation) -> Iterator[LegalClock]:
    """A clock for each rule that matches, or the undetermined one; without what they are about."""
    for one in judgement.clocks:
        due_at = one.due.at or judgement.review_by
        assert due_at is not None
        yield LegalClock(rule_id=one.rule.id, rule=frozen(one.rule), due_at=due_at, has_limit=one.due.at is not None,
                         is_provisional=one.due.is_provisional, why=sorted(one.rule.triggers & situation.triggers),
                         ground=situation.ground, is_repeating=one.rule.repeats, state=ClockState.running)
    if not judgement.clocks and not situation.is_further:
        yield LegalClock(rule_id=UNDETERMINED, rule={}, due_at=judgement.undetermined_until, has_limit=True,
                         is_provisional=judgement.is_provisional, why=sorted(situation.triggers),
                         ground=situation.ground, is_repeating=False, state=ClockState.running)


def frozen(rule: Rule) -> dict[str, Any]:
    """A rule as it is kept with the clock that it began."""
    kept: Mapping[str, Any] = {name: getattr(rule, name) for name in Rule.__slots__}
    return {name: sorted(value) if isinstance(value, frozenset) else
            value.isoformat() if isinstance(value, date) else value for name, value in kept.items()}


def _is_covered(wanted: LegalClock, here: list[LegalClock], situation: Situation) -> bool:
    """Whether a clock of the same rule runs, or was ended knowing all these facts; that an authority asks for nothing
    was said once for all."""
    same = [one for one in here if one.rule_id == wanted.rule_id and one.state != ClockState.superseded]
    if situation.is_further:
        return any(one.state == ClockState.running for one in same)
    since = None if wanted.rule_id == UNDETERMINED else situation.since
    return any(one.state == ClockState.running
               or set(one.why) >= set(wanted.why) and (since is None or one.started_at >= since) for one in same)


def _end(session: Session, actor: Actor, at: datetime, one: LegalClock, state: ClockState) -> None:
    one.state, one.ended_at, one.ended_by = state, at, actor.id
    record(session, actor, at, f"clock.{state}", one.about, {
        "clock": one.id, "rule": one.rule_id, "due_at": one.due_at, "is_late": at.replace(microsecond=0) > one.due_at,
        "acknowledgement": one.acknowledgement, "sha256": one.report_sha256})


def _remind(session: Session, actor: Actor, clock: Clock, subject: Subject) -> None:
    """One task for the earliest clock that runs; none when no clock runs."""
    running = [one for one in clocks_about(session, subject.about) if one.state == ClockState.running]
    if not any(map(_is_undecided, running)):
        complete_tasks(session, actor, clock, subject.about, _DECIDE, "decided")
    if any(task.due_at < running[0].due_at if running else True for task in tasks_about(session, subject.about)
           if task.kind == REPORT_TASK and task.state == TaskState.open):
        complete_tasks(session, actor, clock, subject.about, REPORT_TASK, "ended")
    if running:
        raise_task(session, actor, clock, RaiseTask(
            REPORT_TASK, subject.about, "quality", running[0].due_at, subject.lot_key,
            {"reference": subject.reference, "rule": running[0].rule_id}))


def _is_undecided(one: LegalClock) -> bool:
    """Whether a person has to say what the law asks for, or until when."""
    return one.rule_id == UNDETERMINED or not one.has_limit


def _reason(text: str) -> str:
    reason = text.strip()
    if not reason or len(reason) > _LONGEST_REASON:
        raise InvalidInput("Say why, in at most %(limit)d characters.", code="reason-missing", place="reason",
                           limit=_LONGEST_REASON)
    return reason


def _proof(command: EndClock) -> tuple[str, str]:
    acknowledgement = command.acknowledgement.strip()
    if not acknowledgement or len(acknowledgement) > 120:
        raise InvalidInput("Write the number or words of the authority's acknowledgement. A report counts as sent when "
                           "the authority has confirmed it.", code="acknowledgement-missing", place="acknowledgement")
    if not _SHA256.fullmatch(command.sha256.strip().lower()):
        raise InvalidInput("Give the SHA-256 hash of the file that was sent: 64 digits 0–9 and a–f.",
                           code="hash-missing", place="sha256")
    return acknowledgement, command.sha256.strip().lower()
