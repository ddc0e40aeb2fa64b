"""Whom a consignee passed units on to: named by the consignee or by staff, told with a link of their own."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from traceapp.audit import record
from traceapp.catalog.model import Party
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict
from traceapp.core.ids import new_id, new_secret
from traceapp.core.quantity import plain
from traceapp.outbox.delivery import NewMessage, queue_message
from traceapp.vault.service import Step, Vault, step_over, token_hash
from traceapp.worklist.tasks import RaiseTask, drop_tasks, raise_task

from .cases import is_running, notice_stream, recall_by_id, told_lines
from .exceeding import follow_excess, is_strange
from .model import Notice, Recall, RecallLedger
from .naming import ZERO, Giver, Named, Naming, PassOn, children_of, lines_of, naming_of
from .policy import answer_due
from .states import NoticeState
from .telling_model import PassedLine, PassedNotice
from .ways import Reach, both, kind_by

PASSED_KIND, PASSED_REMINDER_KIND = "recall.passed", "recall.passed_reminder"
PASSED_KINDS = both(PASSED_KIND, PASSED_REMINDER_KIND)
# Telephone the one whom units were passed on to: nobody there has an address, or nobody answers.
CALL_PASSED_TASK = "recall.call_passed"


def sealed_about(passed_id: str) -> str:
    """What the sealed token of such a notice belongs to."""
    return f"passed:{passed_id}"


def pass_on(session: Session, actor: Actor, clock: Clock, notice: Notice, command: PassOn, *,
            vault: Vault) -> PassedNotice:
    """Tell whoever got units from this consignee; `notice` is the consignee's, locked. Named again, its units are
    corrected, and it is told again only of lots that it was not told of. Of a line that was answered the ledger then
    reads so.

    Raises InvalidInput for what is wrong with a field, or when more is passed on than the consignee got (place
    `units:<lot key>`), Conflict when the recall is not running.
    """
    recall = recall_by_id(session, notice.recall_id)
    if not is_running(recall):
        raise Conflict("This recall is closed; nobody is told of it any more.", code="recall-closed")
    rows = {row.lot_key: row for row in session.scalars(select(RecallLedger).where(
        told_lines(recall), RecallLedger.consignee_id == notice.consignee_id).with_for_update())}
    giver = giver_of(notice, rows)
    naming = naming_of(session, giver, [command])
    for error in naming.errors.values():
        raise error
    (made,) = write_naming(session, actor, clock, (recall, giver), naming, vault=vault)
    recount(rows, naming)
    if any(map(is_strange, rows.values())):
        follow_excess(session, actor, clock, (recall, notice), rows.values())
    session.flush()
    return made


def giver_of(notice: Notice, rows: Mapping[str, RecallLedger],
             received: Mapping[str, Decimal] | None = None) -> Giver:
    """A consignee that passes units on; `received`: what it says now to have got."""
    said = received or {}
    return Giver(notice.recall_id, notice.consignee_id, notice_stream(notice.id), {
        key: max(row.shipped, said.get(key, row.received or ZERO)) for key, row in rows.items()})


def recount(rows: Mapping[str, RecallLedger], naming: Naming) -> list[RecallLedger]:
    """Lines of the ledger whose units passed on read otherwise now; a reason that closed one was given for other
    numbers."""
    changed = []
    for key, row in rows.items():
        total = naming.totals.get(key, ZERO) if row.on_hand is not None else row.passed_on
        if total != row.passed_on:
            row.settled_at, row.settled_by, row.settled_reason = None, None, ""
            changed.append(row)
        row.passed_on, row.passed_to = total, naming.who.get(key, "")
    return changed


def write_naming(session: Session, actor: Actor, clock: Clock, about: tuple[Recall, Giver], naming: Naming, *,
                 vault: Vault | None) -> list[PassedNotice]:
    """Write them all, and tell whoever is new or got lots that it was not told of. Without a vault nobody new can be
    named."""
    return [_write(session, actor, clock, about, entry, vault) for entry in naming.entries]


def _write(session: Session, actor: Actor, clock: Clock, about: tuple[Recall, Giver], entry: Named,
           vault: Vault | None) -> PassedNotice:
    recall, giver = about
    passed, is_reachable_now = entry.there, False
    if passed is None:
        if vault is None:
            raise TypeError("a vault is needed to make a link")
        passed = _new(giver, actor, clock, entry.values, vault)
        session.add(passed)
        session.flush()
    elif not (passed.email or passed.phone) and (entry.values["email"] or entry.values["phone"]):
        passed.email, passed.phone = entry.values["email"], entry.values["phone"]
        passed.mobile, is_reachable_now = entry.values["mobile"], True
    fresh = _set_units(session, passed, entry.units)
    record(session, actor, clock.now(), "notice.passed_on", giver.stream, {
        "recall": recall.id, "passed": passed.id, "units": {key: plain(units) for key, units in entry.units.items()}})
    if not has_units(session, passed):
        drop_tasks(session, actor, clock, notice_stream(passed.id))
    elif fresh or is_reachable_now:
        drop_tasks(session, actor, clock, notice_stream(passed.id), CALL_PASSED_TASK)
        tell_passed(session, actor, clock, recall, passed)
    return passed


@dataclass(frozen=True, slots=True)
class Hand:
    """Somebody who was named, with units by lot."""

    passed: PassedNotice
    units: Mapping[str, Decimal]


def hands_of(session: Session, giver: Giver) -> tuple[Hand, ...]:
    """Whom this giver named, in two statements."""
    there = children_of(session, giver)
    lines = lines_of(session, [one.id for one in there])
    return tuple(Hand(one, {line.lot_key: line.units for line in lines[one.id]}) for one in there)


def giver_name(session: Session, passed: PassedNotice) -> dict[str, str]:
    """Who gave it the units, by language."""
    if passed.parent_id is not None:
        above = session.get_one(PassedNotice, passed.parent_id)
        return {"zh": above.name, "en": above.name}
    party = session.get(Party, passed.consignee_id)
    return {"zh": party.name_zh, "en": party.name_en} if party else {"zh": "", "en": ""}


def has_units(session: Session, passed: PassedNotice) -> bool:
    """Whether its giver still says that it got any."""
    return session.scalar(select(PassedLine.lot_key).where(
        PassedLine.notice_id == passed.id, PassedLine.units > 0).limit(1)) is not None


def _new(giver: Giver, actor: Actor, clock: Clock, values: Mapping[str, str], vault: Vault) -> PassedNotice:
    now, token = clock.now(), new_secret(24)
    passed_id = new_id(now)
    above = giver.passed
    return PassedNotice(
        id=passed_id, recall_id=giver.recall_id, consignee_id=giver.consignee_id, **values, named_at=now,
        parent_id=above.id if above else None, depth=above.depth + 1 if above else 1,
        token_hash=token_hash(token), sealed_token=vault.seal_text(token, sealed_about(passed_id)),
        answer_by=now, state=NoticeState.queued, named_by=actor.id, answers=0, reminders=0)


def _set_units(session: Session, passed: PassedNotice, units: Mapping[str, Decimal]) -> list[str]:
    """Write the units; answers the lots that it is told of for the first time."""
    there = {line.lot_key: line for line in lines_of(session, [passed.id])[passed.id]}
    fresh = []
    for key, count in units.items():
        line = there.get(key)
        if count and (line is None or not line.units):
            fresh.append(key)
        if line is not None:
            line.units = count
        elif count:
            session.add(PassedLine(notice_id=passed.id, lot_key=key, units=count, passed_on=ZERO))
    session.flush()
    return fresh


def reach_of(passed: PassedNotice) -> Reach:
    """How it can be reached."""
    return Reach(passed.email, passed.mobile)


def tell_passed(session: Session, actor: Actor, clock: Clock, recall: Recall, passed: PassedNotice,
                kind: str = PASSED_KIND) -> None:
    """Queue the notice (or a reminder) by every way that there is; without one somebody has to telephone."""
    ways = reach_of(passed).ways()
    if kind == PASSED_KIND:
        passed.state = NoticeState.queued if ways else NoticeState.not_sent
        if passed.sent_at is not None or passed.reminded_at is not None:  # written to before: counted anew
            passed.reminders, passed.reminded_at = 0, clock.now()
        passed.answered_at = None
        passed.answer_by = max(_due(session, clock, recall, passed), passed.answer_by)
    if recall.is_drill:  # a letter that could be sent counts as sent
        passed.state = NoticeState.sent if ways else NoticeState.not_sent
        return
    for way in ways:
        queue_message(session, clock, notice_to(passed, way, kind))
    if not ways:
        raise_passed_task(session, actor, clock, recall, passed, CALL_PASSED_TASK)


def _due(session: Session, clock: Clock, recall: Recall, passed: PassedNotice) -> datetime:
    """By when it has to answer: as long as a consignee has, and no sooner than the consignee that gave it the units."""
    notice = session.get_one(Notice, (recall.id, passed.consignee_id))
    return max(answer_due(recall.recall_class, clock.now()), notice.answer_by)


def notice_to(passed: PassedNotice, way: str, kind: str = PASSED_KIND) -> NewMessage:
    """Its notice (or a reminder) by one way."""
    return NewMessage(kind_by(kind, way), sealed_about(passed.id), notice_stream(passed.id),
                      {"recall": passed.recall_id, "passed": passed.id, "number": passed.reminders})


def raise_passed_task(session: Session, actor: Actor, clock: Clock, recall: Recall, passed: PassedNotice,
                      kind: str) -> None:
    """Work for a person about one of them; once, however often it is asked for."""
    raise_task(session, actor, clock, RaiseTask(
        kind, notice_stream(passed.id), "quality", answer_due(recall.recall_class, clock.now()),
        params={"recall_id": recall.id, "reference": recall.reference, "consignee_id": passed.consignee_id,
                "passed_id": passed.id}))


def passed_under_older_keys(session: Session, vault: Vault) -> int:
    """How many of these notices have a link that is not yet under the vault's present key."""
    return session.scalar(select(func.count()).select_from(PassedNotice).where(_under_older_keys(vault))) or 0


def reseal_passed(session: Session, actor: Actor, clock: Clock, limit: int, *, vault: Vault, after: str = "") -> Step:
    """Move the links of up to `limit` of them, beginning behind `after`, under the vault's present key."""
    rows = session.scalars(select(PassedNotice).where(_under_older_keys(vault), PassedNotice.id > after)
                           .order_by(PassedNotice.id).limit(limit).with_for_update()).all()

    def move(passed: PassedNotice) -> None:
        passed.sealed_token = vault.sealed_anew(passed.sealed_token, sealed_about(passed.id))
        record(session, actor, clock.now(), "notice.resealed", notice_stream(passed.id), {"after": vault.key_id})

    return step_over(rows, lambda passed: passed.id, move)


def _under_older_keys(vault: Vault) -> ColumnElement[bool]:
    return ~PassedNotice.sealed_token.startswith(vault.mark, autoescape=True)
