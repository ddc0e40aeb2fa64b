"""Sending again what did not clearly arrive: notices and changes of them, to consignees and those further down."""
from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from traceapp.audit import record
from traceapp.catalog.model import PartyContact
from traceapp.catalog.queries import recall_contacts
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict
from traceapp.identity.policy import permit
from traceapp.outbox.delivery import NewMessage, queue_messages, send_again
from traceapp.outbox.model import MessageState, OutboxMessage
from traceapp.worklist.tasks import drop_tasks

from .cases import is_running, notice_stream, recall_by_id
from .change_telling import PASSED_REVISION_KIND, REVISION_KIND, change_to, change_to_passed
from .model import Notice, Recall
from .notices import NO_ADDRESS_TASK, NOT_SENT_TASK, NOTICE_KIND, UNCERTAIN_TASK, letters_to, notice_for, reachable
from .passed_answer import passed_by_id
from .passing_on import PASSED_KIND, has_units, notice_to, reach_of
from .public_model import RecallRevision
from .states import NoticeState, RecallState
from .telling_model import PassedNotice
from .ways import both, way_of

NOT_TAKEN = (MessageState.written, MessageState.uncertain, MessageState.failed)
_NOTICES, _CHANGES = both(NOTICE_KIND, PASSED_KIND), both(REVISION_KIND, PASSED_REVISION_KIND)
_Key = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class SendNoticeAgain:
    """For what could not be sent to a consignee, after the contact was put right."""

    recall_id: str
    consignee_id: str


def is_unsent(recall: Recall, messages: Iterable[OutboxMessage]) -> bool:
    """Whether there is something to send again among the messages about one notice."""
    listed = [message for message in messages if message.kind in (*_NOTICES, *_CHANGES)]
    last = max((_key(message)[2] for message in listed), default=0)

    def may_go(message: OutboxMessage) -> bool:
        if message.kind in _NOTICES:
            return is_running(recall)
        return recall.state != RecallState.cancelled or _key(message)[2] == last

    return not recall.is_drill and any(message.state in NOT_TAKEN and may_go(message) for message in listed)


def send_notice_again(session: Session, actor: Actor, clock: Clock, command: SendNoticeAgain) -> int:
    """Put the letters of a notice, and those of its changes, into the outbox once more; answers how many. A notice
    while the recall is running; a change also later, after a withdrawal that alone.

    A letter that was tried keeps its Message-ID; a contact that has none yet gets one. Letters that a server took are
    not repeated. Raises Conflict when nobody there has an address, or the recall is over.
    """
    permit(actor, "recall.write")
    recall = _told_of(session, command.recall_id)
    notice = notice_for(session, command.recall_id, command.consignee_id, lock=True)
    tried = _tried(session, notice.id)
    changes = _open_changes(session, recall, tried)
    _refuse_over(recall, changes)
    contacts = recall_contacts(session, (notice.consignee_id,)).get(notice.consignee_id, ())
    ways = reachable(contacts)
    if not ways:
        raise Conflict("Nobody at this consignee has an e-mail address or a mobile number and gets recall notices. Add "
                       "a contact first.", code="no-address", place="consignee_id")
    count = 0
    if is_running(recall):
        about = (notice.id, notice.consignee_id, notice.recall_id, 0)
        count = _requeue(session, clock, tried, letters_to(NOTICE_KIND, about, contacts))
        if count and notice.state in (NoticeState.not_sent, NoticeState.uncertain):
            notice.state = NoticeState.queued
    for number in changes:
        reached = _addresses(session, tried, number)
        count += _requeue(session, clock, tried, [
            change_to(notice, contact, way, number) for contact, way in ways
            if (way, _address(contact, way)) not in reached])
    _ended(session, actor, clock, notice, count)
    return count


def send_passed_again(session: Session, actor: Actor, clock: Clock, passed_id: str) -> int:
    """The same for somebody whom units were passed on to. Raises NotFound, Conflict."""
    permit(actor, "recall.write")
    passed = passed_by_id(session, passed_id, lock=True)
    recall = _told_of(session, passed.recall_id)
    tried = _tried(session, passed.id)
    changes = _open_changes(session, recall, tried)
    _refuse_over(recall, changes)
    ways = reach_of(passed).ways()
    if not ways:
        raise Conflict("They have no e-mail address and no mobile number. Name them again with one.",
                       code="no-address")
    count = 0
    if is_running(recall) and has_units(session, passed):
        count = _requeue(session, clock, tried, [notice_to(passed, way) for way in ways])
        if count and passed.state in (NoticeState.not_sent, NoticeState.uncertain):
            passed.state = NoticeState.queued
    for number in changes:
        count += _requeue(session, clock, tried, [change_to_passed(passed, way, number) for way in ways])
    _ended(session, actor, clock, passed, count)
    return count


def _told_of(session: Session, recall_id: str) -> Recall:
    recall = recall_by_id(session, recall_id)
    if recall.is_drill:
        raise Conflict("This is a drill: no letter goes out.", code="drill")
    return recall


def _refuse_over(recall: Recall, changes: Sequence[int]) -> None:
    if not is_running(recall) and not changes:
        raise Conflict("Letters go out only while a recall is running.", code="wrong-state")


def _tried(session: Session, notice_id: str) -> dict[_Key, OutboxMessage]:
    """The last message of each kind and change to each, locked."""
    found = session.scalars(select(OutboxMessage).where(
        OutboxMessage.subject_key == notice_stream(notice_id), OutboxMessage.kind.in_((*_NOTICES, *_CHANGES)))
        .order_by(OutboxMessage.id).with_for_update())
    return {_key(message): message for message in found}


def _key(message: OutboxMessage | NewMessage) -> _Key:
    return message.kind, message.recipient, int(message.payload["number"]) if message.kind in _CHANGES else 0


def _open_changes(session: Session, recall: Recall, tried: dict[_Key, OutboxMessage]) -> list[int]:
    """Changes that did not clearly reach everybody there; of a withdrawn notice nothing but the withdrawal, its
    last."""
    found = sorted({number for (kind, _to, number), message in tried.items()
                    if kind in _CHANGES and message.state in NOT_TAKEN})
    only = only_change(session, recall)
    return [number for number in found if only in (None, number)]


def only_change(session: Session, recall: Recall) -> int | None:
    """The number of the one change that may still go out, its last, where the notice was withdrawn; None: each may."""
    if recall.state != RecallState.cancelled:
        return None
    return session.scalar(select(func.max(RecallRevision.number)).where(RecallRevision.recall_id == recall.id)) or 0


def _address(contact: PartyContact, way: str) -> str:
    return contact.mobile if way == "text" else contact.email.lower()


def _addresses(session: Session, tried: dict[_Key, OutboxMessage], number: int) -> set[tuple[str, str]]:
    """Where a server took this change, or is about to, by way: a contact that was entered anew does not get it
    twice."""
    taken = {(way_of(kind), recipient.removeprefix("contact:")) for (kind, recipient, of), message in tried.items()
             if of == number and kind in _CHANGES and message.state not in NOT_TAKEN}
    contacts = {contact.id: contact for contact in session.scalars(select(PartyContact).where(
        PartyContact.id.in_({contact_id for _way, contact_id in taken})))} if taken else {}
    return {(way, _address(contacts[key], way)) for way, key in taken if key in contacts}


def _requeue(session: Session, clock: Clock, tried: dict[_Key, OutboxMessage], letters: Sequence[NewMessage]) -> int:
    fresh = [letter for letter in letters if _key(letter) not in tried]
    again = [message for message in (tried.get(_key(letter)) for letter in letters)
             if message is not None and message.state in NOT_TAKEN]
    for message in again:
        send_again(session, clock, message)
    queue_messages(session, clock, fresh)
    return len(fresh) + len(again)


def _ended(session: Session, actor: Actor, clock: Clock, notice: Notice | PassedNotice, count: int) -> None:
    """Somebody looked at what was not sent; what fails again is work again."""
    for kind in (NO_ADDRESS_TASK, NOT_SENT_TASK, UNCERTAIN_TASK):
        drop_tasks(session, actor, clock, notice_stream(notice.id), kind)
    record(session, actor, clock.now(), "notice.sent_again", notice_stream(notice.id), {"letters": count})
    session.flush()
