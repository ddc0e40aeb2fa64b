"""A case is opened again: what was said and what came back after its end counts from now on, as if it came in time."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.audit import record
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.vault.service import Vault
from traceapp.worklist.tasks import complete_tasks

from .book_model import LateAnswer, LatePassedAnswer, LateState, NoticeAnswer
from .cases import notice_stream
from .exceeding import follow_excess
from .late import LATE_TASK, lines_of_consignee, lots_of
from .late_passed import end_late_passed
from .late_returns import take_up_returns
from .model import Notice, Recall, RecallLedger
from .naming import ZERO, Giver, Naming, PassOn, from_kept, lines_of, naming_of
from .notices import TELEPHONE_TASK, notice_for, raise_notice_task
from .passed_answer import giver_among, passed_by_id
from .passing_on import CALL_PASSED_TASK, giver_of, raise_passed_task, recount, write_naming
from .policy import PLACES
from .proving import claim_destroyed, follow_proof
from .states import NoticeState
from .telling_model import PassedNotice


def take_up_late(session: Session, actor: Actor, clock: Clock, recall: Recall, *, vault: Vault) -> int:
    """Take over every answer that waits, of consignees first, then of those further down, giver before taker; whom they
    named is told. Answers how many."""
    take_up_returns(session, actor, clock, recall)
    direct = session.execute(
        select(LateAnswer, NoticeAnswer).join(NoticeAnswer, (
            NoticeAnswer.recall_id == LateAnswer.recall_id) & (NoticeAnswer.consignee_id == LateAnswer.consignee_id) & (
            NoticeAnswer.position == LateAnswer.position))
        .where(LateAnswer.recall_id == recall.id, LateAnswer.state == LateState.waiting)
        .order_by(LateAnswer.consignee_id, LateAnswer.position).with_for_update(of=LateAnswer)).all()
    for late, answer in direct:
        _take(session, actor, clock, recall, answer, vault)
        late.state, late.ended_at, late.ended_by = LateState.taken, clock.now(), actor.id
    further = session.scalars(
        select(LatePassedAnswer).join(PassedNotice, PassedNotice.id == LatePassedAnswer.passed_id)
        .where(LatePassedAnswer.recall_id == recall.id, LatePassedAnswer.state == LateState.waiting)
        .order_by(PassedNotice.depth, LatePassedAnswer.passed_id, LatePassedAnswer.position)
        .with_for_update(of=LatePassedAnswer)).all()
    for said in further:
        _take_passed(session, actor, clock, recall, said, vault)
        end_late_passed(clock, said, LateState.taken, actor)
    session.flush()
    return len(direct) + len(further)


def _take(session: Session, actor: Actor, clock: Clock, recall: Recall, answer: NoticeAnswer, vault: Vault) -> None:
    notice = notice_for(session, recall.id, answer.consignee_id, lock=True)
    rows = lines_of_consignee(session, recall.id, answer.consignee_id)
    giver = giver_of(notice, rows, {key: Decimal(said.get("received", "0")) for key, said in answer.lines.items()})
    naming, left = _fitting(session, giver, from_kept(answer.passed))
    _into_ledger(recall, rows, answer)
    write_naming(session, actor, clock, (recall, giver), naming, vault=vault)
    recount(rows, naming)
    _keep_names(rows, answer)
    if left:
        raise_notice_task(session, actor, clock, recall, notice, TELEPHONE_TASK)
    notice.answers += 1
    if all(row.on_hand is not None for row in rows.values()):
        notice.answered_at, notice.state = answer.answered_at, NoticeState.answered
    complete_tasks(session, actor, clock, notice_stream(notice.id), LATE_TASK, "taken")
    follow_proof(session, actor, clock, (recall, notice), rows.values())
    follow_excess(session, actor, clock, (recall, notice), rows.values())
    _note(session, actor, clock, notice, answer, left)


def _into_ledger(recall: Recall, rows: Mapping[str, RecallLedger], answer: NoticeAnswer) -> None:
    for key, said in answer.lines.items():
        row = rows.get(key)
        if row is None:
            continue
        was_shown = row.destroyed - row.unproved
        for name in ("received", *(place for place in PLACES if place != "passed_on")):
            setattr(row, name, Decimal(said.get(name, "0")))
        row.unproved = max(ZERO, row.destroyed - was_shown) if recall.needs_proof else ZERO
        row.answered_at, row.answered_by = answer.answered_at, answer.answered_by
        row.explanation = answer.explanation
        row.settled_at, row.settled_by, row.settled_reason = None, None, ""


def _keep_names(rows: Mapping[str, RecallLedger], answer: NoticeAnswer) -> None:
    """Names that could not become rows stay readable: those of answers from before names were kept as such."""
    for key, said in answer.lines.items():
        row = rows.get(key)
        if row is not None and Decimal(said.get("passed_on", "0")) > row.passed_on and said.get("passed_to"):
            row.passed_to = said["passed_to"]


def _take_passed(session: Session, actor: Actor, clock: Clock, recall: Recall, said: LatePassedAnswer,
                 vault: Vault) -> None:
    passed = passed_by_id(session, said.passed_id, lock=True)
    rows = {line.lot_key: line for line in lines_of(session, [passed.id])[passed.id]}
    giver = giver_among(passed, rows.values())
    naming, left = _fitting(session, giver, from_kept(said.passed))
    for key, numbers in said.lines.items():
        if key in rows:
            claim_destroyed(recall, rows[key], Decimal(numbers.get("destroyed", "0")), is_shown=False)
            for name, value in numbers.items():
                setattr(rows[key], name, Decimal(value))
            rows[key].answered_at, rows[key].answered_by = said.came_at, said.answered_by
            rows[key].explanation = said.explanation
    write_naming(session, actor, clock, (recall, giver), naming, vault=vault)
    for key, row in rows.items():
        row.passed_on = naming.totals.get(key, ZERO)
    passed.answers += 1
    if all(row.on_hand is not None for row in rows.values()):
        passed.answered_at, passed.state = said.came_at, NoticeState.answered
    complete_tasks(session, actor, clock, notice_stream(passed.id), LATE_TASK, "taken")
    follow_proof(session, actor, clock, (recall, passed), rows.values())
    if left:
        raise_passed_task(session, actor, clock, recall, passed, CALL_PASSED_TASK)
    _note(session, actor, clock, passed, said, left)


def _fitting(session: Session, giver: Giver, commands: Sequence[PassOn]) -> tuple[Naming, Sequence[PassOn]]:
    """The names that can still be written, and those that cannot: what is known of people may have changed since."""
    naming = naming_of(session, giver, commands)
    if not naming.errors:
        return naming, ()
    faulty = {place.split("-")[1] for place in naming.errors}
    naming = naming_of(session, giver, [one for number, one in enumerate(commands) if str(number) not in faulty])
    left = [one for number, one in enumerate(commands) if str(number) in faulty]
    return (naming_of(session, giver, ()), commands) if naming.errors else (naming, left)


def _note(session: Session, actor: Actor, clock: Clock, notice: Notice | PassedNotice,
          answer: NoticeAnswer | LatePassedAnswer, left: Sequence[PassOn]) -> None:
    record(session, actor, clock.now(), "notice.late_taken", notice_stream(notice.id), {
        "recall": notice.recall_id, "lots": sorted(lots_of(answer)), "named": len(answer.passed) - len(left),
        "not_named": len(left)})
