"""How far the telling of a recall is: by which ways, what needs a person, whom units were passed on to."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import case, exists, func, literal, select
from sqlalchemy.orm import Session

from traceapp.audit import stream_of
from traceapp.catalog.model import Party
from traceapp.outbox.delivery import NOT_NEEDED
from traceapp.outbox.model import MessageState, OutboxAttempt, OutboxMessage
from traceapp.trace.model import Lot
from traceapp.worklist.model import Task, TaskState

from .change_telling import CONSUMER_REVISION_KIND, PASSED_REVISION_KIND, REVISION_KIND
from .consumers import CONSUMER_KINDS, ConsumerCounts, consumer_counts
from .exceeding import EXCESS_TASK
from .late import LATE_TASK
from .late_passed import waiting_among
from .late_returns import LATE_RETURN_TASK
from .model import Notice
from .naming import lines_of
from .notices import KINDS, UNTOLD_TASKS
from .passed_answer import TOLD
from .passing_on import CALL_PASSED_TASK, PASSED_KINDS
from .proving import UNPROVED_TASK
from .subscriber_bounces import SubscriberCounts, suspended_of
from .subscriber_mail import NEWS_KIND
from .telling_model import ConsumerNotice, PassedLine, PassedNotice
from .ways import both

WORK = (*UNTOLD_TASKS, CALL_PASSED_TASK, UNPROVED_TASK, EXCESS_TASK, LATE_TASK, LATE_RETURN_TASK)
MOST_WORK = 200
ZERO = Decimal(0)
# Of a message that was left out because it had lost its sense, or said the same as another.
NOT_NEEDED_STATE = "not_needed"


@dataclass(frozen=True, slots=True)
class WayCount:
    """How many messages of a kind stand in a state."""

    kind: str
    state: str
    count: int


@dataclass(frozen=True, slots=True)
class TellingWork:
    """Something that a person has to do about one consignee; `name` is of whom it passed units on to, where it is about
    that. `said`: what the other side said last."""

    kind: str
    due_at: datetime
    consignee_id: str
    consignee_zh: str
    consignee_en: str
    name: str
    said: str


@dataclass(frozen=True, slots=True)
class PassedRow:
    """Somebody who got units from a consignee, or from `giver` who had them before; sums over its lots, None while a
    lot is not answered. `is_late`: something that it said after the end waits for somebody."""

    notice: PassedNotice
    numbers: tuple[tuple[str, Decimal], ...]
    units: Decimal
    on_hand: Decimal | None
    used: Decimal | None
    returned: Decimal | None
    destroyed: Decimal | None
    corrected: Decimal | None
    passed_on: Decimal
    unproved: Decimal
    giver: str
    is_late: bool


@dataclass(frozen=True, slots=True)
class Hands:
    """Where the units of one lot are that consignees passed on, each counted once, however many hands they went
    through: units = on_hand + used + returned + destroyed + corrected + unknown, by the words of those who have them.
    `unproved`: of those destroyed, how many nothing shows."""

    number: str
    units: Decimal
    on_hand: Decimal
    used: Decimal
    returned: Decimal
    destroyed: Decimal
    corrected: Decimal
    unproved: Decimal
    unknown: Decimal


@dataclass(frozen=True, slots=True)
class Telling:
    """All of it. `work` holds the most urgent MOST_WORK pieces, `work_count` says how many there are."""

    ways: tuple[WayCount, ...]
    work: tuple[TellingWork, ...]
    work_count: int
    consumers: ConsumerCounts | None
    subscribers: SubscriberCounts | None = None


def telling_of(session: Session, recall_id: str) -> Telling:
    """How far it is, in a fixed number of statements."""
    work = [*_work(session, recall_id, is_passed=False), *_work(session, recall_id, is_passed=True)]
    ways = _ways(session, recall_id)
    return Telling(ways, tuple(sorted(work, key=lambda row: row.due_at)[:MOST_WORK]),
                   work_left(session, recall_id)[0],
                   consumer_counts(session, [recall_id]).get(recall_id), _subscribers(session, recall_id, ways))


def _subscribers(session: Session, recall_id: str, ways: Sequence[WayCount]) -> SubscriberCounts | None:
    """What came of the mails to subscribers, of which a message each is counted; None where nobody asked for any."""
    by_state = {way.state: way.count for way in ways if way.kind == NEWS_KIND}
    pending, sent, uncertain = (by_state.get(state, 0) for state in ("pending", "sent", "uncertain"))
    found = SubscriberCounts(pending, sent, by_state.get("failed", 0) + by_state.get("written", 0), uncertain,
                             suspended_of(session, recall_id))
    return found if any(astuple(found)) else None


def _ways(session: Session, recall_id: str) -> tuple[WayCount, ...]:
    is_needless = exists(select(OutboxAttempt.number).where(
        OutboxAttempt.message_id == OutboxMessage.id, OutboxMessage.state == MessageState.failed,
        OutboxAttempt.detail.startswith(NOT_NEEDED)))
    state = case((is_needless, NOT_NEEDED_STATE), else_=OutboxMessage.state)
    found: list[WayCount] = []
    for model, prefix, kinds in ((Notice, "notice:", (*KINDS, *both(REVISION_KIND))),
                                 (PassedNotice, "notice:", (*PASSED_KINDS, *both(PASSED_REVISION_KIND))),
                                 (ConsumerNotice, "consumer:", (*CONSUMER_KINDS, *both(CONSUMER_REVISION_KIND)))):
        found.extend(WayCount(kind, stands, count) for kind, stands, count in session.execute(
            select(OutboxMessage.kind, state.label("stands"), func.count())
            .join(model, OutboxMessage.subject_key == literal(prefix) + model.id)
            .where(model.recall_id == recall_id, OutboxMessage.kind.in_(kinds))
            .group_by(OutboxMessage.kind, "stands").order_by(OutboxMessage.kind, "stands")))
    found.extend(WayCount(NEWS_KIND, stands, count) for stands, count in session.execute(
        select(state.label("stands"), func.count()).where(
            OutboxMessage.subject_key == stream_of("recall", recall_id), OutboxMessage.kind == NEWS_KIND)
        .group_by("stands").order_by("stands")))
    return tuple(found)


def work_left(session: Session, recall_id: str) -> tuple[int, datetime | None]:
    """How many duties about those to be told are open, and when the first is due; two statements."""
    count, first = 0, list[datetime]()
    for model in (Notice, PassedNotice):
        found, due_at = session.execute(select(func.count(), func.min(Task.due_at)).select_from(Task).join(
            model, Task.about == literal("notice:") + model.id).where(
            model.recall_id == recall_id, Task.kind.in_(WORK), Task.state == TaskState.open)).one()
        count += found
        first += [due_at] if due_at is not None else []
    return count, min(first, default=None)


def _work(session: Session, recall_id: str, *, is_passed: bool) -> list[TellingWork]:
    model: type[Notice] | type[PassedNotice] = PassedNotice if is_passed else Notice
    rows = session.execute(
        select(Task, model, Party).join(model, Task.about == literal("notice:") + model.id)
        .outerjoin(Party, Party.id == model.consignee_id)
        .where(model.recall_id == recall_id, Task.kind.in_(WORK), Task.state == TaskState.open)
        .order_by(Task.due_at, Task.id).limit(MOST_WORK)).all()
    said = _said(session, [task.about for task, _notice, _party in rows])
    return [_row(task, notice, party, said.get(task.about, "")) for task, notice, party in rows]


def _row(task: Task, notice: Any, party: Party | None, said: str) -> TellingWork:
    return TellingWork(task.kind, task.due_at, notice.consignee_id, party.name_zh if party else notice.consignee_id,
                       party.name_en if party else notice.consignee_id,
                       notice.name if isinstance(notice, PassedNotice) else "", said)


def _said(session: Session, streams: Sequence[str]) -> dict[str, str]:
    """What a server or gateway said last about each that did not clearly take its message."""
    found: dict[str, str] = {}
    for stream, outcome, detail in session.execute(
            select(OutboxMessage.subject_key, OutboxAttempt.outcome, OutboxAttempt.detail)
            .join(OutboxAttempt, OutboxAttempt.message_id == OutboxMessage.id)
            .where(OutboxMessage.subject_key.in_(list(streams)), OutboxMessage.state.not_in(("sent", "pending")),
                   ~OutboxAttempt.detail.startswith(NOT_NEEDED))
            .order_by(OutboxAttempt.at)):
        found[stream] = detail or outcome
    return found


def passed_rows(session: Session, recall_id: str, consignee_id: str | None = None, limit: int = 200) -> list[PassedRow]:
    """Whom consignees (or one) passed units on to, with what these say; a fixed number of statements."""
    wanted = select(PassedNotice).where(PassedNotice.recall_id == recall_id)
    if consignee_id is not None:
        wanted = wanted.where(PassedNotice.consignee_id == consignee_id)
    notices = _by_hand(session.scalars(wanted.order_by(PassedNotice.consignee_id, PassedNotice.id).limit(limit)).all())
    names = {notice.id: notice.name for notice in notices}
    late = waiting_among(session, recall_id)
    lines = lines_of(session, [notice.id for notice in notices])
    numbers = {key: number for key, number in session.execute(select(Lot.lot_key, Lot.number).where(
        Lot.lot_key.in_({line.lot_key for listed in lines.values() for line in listed})))}

    def row(notice: PassedNotice) -> PassedRow:
        own = lines[notice.id]
        is_answered = all(line.on_hand is not None for line in own)
        sums = {name: sum((getattr(line, name) for line in own), ZERO) if is_answered else None for name in TOLD}
        return PassedRow(notice, tuple((numbers.get(line.lot_key, line.lot_key), line.units) for line in own),
                         sum((line.units for line in own), ZERO), **sums,
                         passed_on=sum((line.passed_on for line in own), ZERO),
                         unproved=sum((line.unproved for line in own), ZERO),
                         giver=names.get(notice.parent_id or "", ""), is_late=notice.id in late)

    return [row(notice) for notice in notices]


def _by_hand(notices: Sequence[PassedNotice]) -> list[PassedNotice]:
    """Each before those that it named itself."""
    below: dict[str, list[PassedNotice]] = {}
    ids = {notice.id for notice in notices}
    for notice in notices:
        below.setdefault(notice.parent_id if notice.parent_id in ids else "", []).append(notice)
    found, waiting = list[PassedNotice](), below.get("", [])[::-1]
    while waiting:
        found.append(waiting.pop())
        waiting += below.get(found[-1].id, [])[::-1]
    return found


def hands_of_consignee(session: Session, recall_id: str, consignee_id: str) -> tuple[Hands, ...]:
    """Where the units are that one consignee passed on, lot by lot, in one statement."""
    own = case((PassedNotice.parent_id.is_(None), PassedLine.units), else_=0)
    sums = [func.sum(one, type_=PassedLine.units.type) for one in (
        own, func.coalesce(PassedLine.on_hand, 0), func.coalesce(PassedLine.used, 0),
        func.coalesce(PassedLine.returned, 0), PassedLine.destroyed, PassedLine.corrected, PassedLine.unproved)]
    rows = session.execute(
        select(Lot.number, *sums).join(PassedLine, PassedLine.lot_key == Lot.lot_key)
        .join(PassedNotice, PassedNotice.id == PassedLine.notice_id)
        .where(PassedNotice.recall_id == recall_id, PassedNotice.consignee_id == consignee_id)
        .group_by(Lot.lot_key, Lot.number).order_by(Lot.number))
    return tuple(Hands(number, units, there, used, back, destroyed, corrected, unproved,
                       units - there - used - back - destroyed - corrected)
                 for number, units, there, used, back, destroyed, corrected, unproved in rows)
