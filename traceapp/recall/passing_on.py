"""Whom a consignee passed units on to: named by the consignee or by staff, told with a link of their own."""
from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from sqlalchemy import ColumnElement, func, insert, select
from sqlalchemy.orm import Session

from traceapp.audit import record
from traceapp.catalog.texts import required_text, short_text
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, InvalidInput
from traceapp.core.ids import new_id, new_secret
from traceapp.core.quantity import plain
from traceapp.core.telephone import checked_text_number, text_number
from traceapp.outbox.delivery import NewMessage, queue_message
from traceapp.vault.service import Step, Vault, step_over, token_hash
from traceapp.worklist.tasks import RaiseTask, raise_task

from .cases import is_running, notice_stream, recall_by_id
from .model import Notice, Recall, RecallLedger
from .policy import answer_due
from .states import NoticeState
from .telling_model import PassedLine, PassedNotice
from .ways import Reach, both, kind_by

PASSED_KIND, PASSED_REMINDER_KIND = "recall.passed", "recall.passed_reminder"
PASSED_KINDS = both(PASSED_KIND, PASSED_REMINDER_KIND)
# Telephone the one whom units were passed on to: nobody there has an address, or nobody answers.
CALL_PASSED_TASK = "recall.call_passed"
MOST_PASSED = 200
_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")


@dataclass(frozen=True, slots=True)
class PassOn:
    """Who got units of which lots: {lot key: units}. One of e-mail, mobile number and telephone number is needed."""

    name: str
    units: Mapping[str, Decimal] = field(default_factory=dict)
    email: str = ""
    phone: str = ""
    language: str = "zh"


def sealed_about(passed_id: str) -> str:
    """What the sealed token of such a notice belongs to."""
    return f"passed:{passed_id}"


def pass_on(session: Session, actor: Actor, clock: Clock, notice: Notice, command: PassOn, *,
            vault: Vault) -> PassedNotice:
    """Tell whoever got units from this consignee; `notice` is the consignee's, locked. Named again with the same
    contact, its units are corrected, and it is told again only of lots that it was not told of.

    Raises InvalidInput for what is wrong with a field, or when more is passed on than the consignee got (place
    `units:<lot key>`), Conflict when the recall is not running.
    """
    recall = recall_by_id(session, notice.recall_id)
    if not is_running(recall):
        raise Conflict("This recall is closed; nobody is told of it any more.", code="recall-closed")
    values = _checked(command)
    others = passed_by(session, notice.recall_id, notice.consignee_id)
    same = next((one for one in others if _is_same(one, values)), None)
    _check_units(session, notice, command.units, same)
    now = clock.now()
    if same is None:
        if len(others) >= MOST_PASSED:
            raise Conflict("This consignee named %(count)s others already. Send us a list instead.",
                           code="too-many-passed", count=MOST_PASSED)
        same = _named(notice, actor, values, (new_id(now), new_secret(24)), vault)
        same.named_at = now
        session.add(same)
        session.flush()
    fresh = _set_units(session, same, command.units)
    record(session, actor, now, "notice.passed_on", notice_stream(notice.id), {
        "recall": recall.id, "passed": same.id, "units": {key: plain(units) for key, units in command.units.items()}})
    if fresh:
        tell_passed(session, actor, clock, recall, same)
    session.flush()
    return same


def _checked(command: PassOn) -> dict[str, str]:
    name = short_text(required_text(command.name, place="name"), 200, place="name")
    email = short_text(command.email, 254, place="email")
    if email and not _EMAIL.fullmatch(email):
        raise InvalidInput("“%(email)s” is not an e-mail address.", code="bad-email", place="email", email=email)
    phone = short_text(command.phone, 40, place="phone")
    if phone.startswith("+"):
        checked_text_number(phone, place="phone")
    if not (email or phone):
        raise InvalidInput("Write an e-mail address or a telephone number, so that they can be told.",
                           code="unreachable", place="email")
    if command.language not in ("zh", "en"):
        raise InvalidInput("The language is zh or en.", code="bad-language", place="language")
    return {"name": name, "email": email, "phone": phone, "mobile": text_number(phone), "language": command.language}


def _is_same(one: PassedNotice, values: Mapping[str, str]) -> bool:
    if values["email"]:
        return one.email.lower() == values["email"].lower()
    return not one.email and one.phone == values["phone"]


def _check_units(session: Session, notice: Notice, units: Mapping[str, Decimal], same: PassedNotice | None) -> None:
    if not units:
        raise InvalidInput("Write how many units of at least one batch were passed on.", code="missing", place="units")
    got = {row.lot_key: max(row.shipped, row.received or Decimal(0)) for row in session.scalars(
        select(RecallLedger).where(RecallLedger.recall_id == notice.recall_id,
                                   RecallLedger.consignee_id == notice.consignee_id))}
    before: dict[str, Decimal] = {key: total for key, total in session.execute(
        select(PassedLine.lot_key, func.sum(PassedLine.units, type_=PassedLine.units.type))
        .join(PassedNotice, PassedNotice.id == PassedLine.notice_id)
        .where(PassedNotice.recall_id == notice.recall_id, PassedNotice.consignee_id == notice.consignee_id,
               PassedNotice.id != (same.id if same else "")).group_by(PassedLine.lot_key))}
    for key, count in units.items():
        place = f"units:{key}"
        if key not in got:
            raise InvalidInput("This lot was not sent to you by this recall's records.", code="unknown-lot",
                               place=place)
        if count <= 0:
            raise InvalidInput("Write a number above zero.", code="not-positive", place=place)
        if count + before.get(key, Decimal(0)) > got[key]:
            raise InvalidInput("More would be passed on than came in: %(got)s.", code="passed-too-many", place=place,
                               got=plain(got[key]))


def _named(notice: Notice, actor: Actor, values: Mapping[str, str], made: tuple[str, str],
           vault: Vault) -> PassedNotice:
    passed_id, token = made
    return PassedNotice(
        id=passed_id, recall_id=notice.recall_id, consignee_id=notice.consignee_id, **values,
        token_hash=token_hash(token), sealed_token=vault.seal_text(token, sealed_about(passed_id)),
        state=NoticeState.queued, named_by=actor.id, answers=0, reminders=0)


def _set_units(session: Session, passed: PassedNotice, units: Mapping[str, Decimal]) -> list[str]:
    """Write the units; answers the lots that were not there before."""
    there = {line.lot_key: line for line in lines_of(session, [passed.id])[passed.id]}
    for key, count in units.items():
        if key in there:
            there[key].units = count
    fresh = [key for key in units if key not in there]
    if fresh:
        session.execute(insert(PassedLine), [
            {"notice_id": passed.id, "lot_key": key, "units": units[key], "answered_by": "", "explanation": ""}
            for key in fresh])
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
        passed.answered_at = None
    if recall.is_drill:  # a letter that could be sent counts as sent
        passed.state = NoticeState.sent if ways else NoticeState.not_sent
        return
    for way in ways:
        queue_message(session, clock, NewMessage(
            kind_by(kind, way), sealed_about(passed.id), notice_stream(passed.id),
            {"recall": recall.id, "passed": passed.id, "number": passed.reminders}))
    if not ways:
        raise_passed_task(session, actor, clock, recall, passed, CALL_PASSED_TASK)


def raise_passed_task(session: Session, actor: Actor, clock: Clock, recall: Recall, passed: PassedNotice,
                      kind: str) -> None:
    """Work for a person about one of them; once, however often it is asked for. It is shown with the consignee."""
    raise_task(session, actor, clock, RaiseTask(
        kind, notice_stream(passed.id), "quality", answer_due(recall.recall_class, clock.now()),
        params={"recall_id": recall.id, "reference": recall.reference, "consignee_id": passed.consignee_id}))


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


def passed_by(session: Session, recall_id: str, consignee_id: str) -> list[PassedNotice]:
    """Whom one consignee passed units on to, in the order in which they were named."""
    return list(session.scalars(select(PassedNotice).where(
        PassedNotice.recall_id == recall_id, PassedNotice.consignee_id == consignee_id).order_by(PassedNotice.id)))


def lines_of(session: Session, passed_ids: Sequence[str]) -> dict[str, list[PassedLine]]:
    """The lots of each of them."""
    found: dict[str, list[PassedLine]] = {key: [] for key in passed_ids}
    for start in range(0, len(passed_ids), 500):
        for line in session.scalars(select(PassedLine).where(PassedLine.notice_id.in_(passed_ids[start:start + 500]))
                                    .order_by(PassedLine.notice_id, PassedLine.lot_key)):
            found[line.notice_id].append(line)
    return found
