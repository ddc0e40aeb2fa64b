"""Everybody who was told of a recall is told of a change of its notice, by the ways by which they were told."""
from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy import ColumnElement, and_, exists, literal, or_, select
from sqlalchemy.orm import Session

from traceapp.audit import stream_of
from traceapp.catalog.model import PartyContact
from traceapp.catalog.queries import recall_contacts
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.outbox.delivery import NewMessage, queue_messages
from traceapp.outbox.model import MessageState, OutboxMessage

from .announcing import announce_revision
from .cases import notice_stream
from .consumers import CONSUMER_KINDS, raise_consumers
from .model import Notice, NoticeAttempt, Recall
from .notices import KINDS, NOT_SENT_TASK, TELEPHONE_TASK, UNCERTAIN_TASK, raise_notice_task, reachable
from .passing_on import CALL_PASSED_TASK, PASSED_KINDS, raise_passed_task, reach_of, sealed_about
from .states import NoticeState
from .telling_model import ConsumerNotice, PassedNotice
from .ways import both, kind_by, said_by, way_of

REVISION_KIND, PASSED_REVISION_KIND = "recall.revision", "recall.passed_revision"
CONSUMER_REVISION_KIND = "recall.consumer_revision"
CHANGE_KINDS = both(REVISION_KIND, PASSED_REVISION_KIND, CONSUMER_REVISION_KIND)
_Row = TypeVar("_Row", Notice, PassedNotice, ConsumerNotice)
_REACHED = (NoticeState.sent, NoticeState.uncertain, NoticeState.answered)


@dataclass(slots=True)
class Told:
    """What is sent of one change, and how many people are telephoned instead."""

    messages: list[NewMessage] = field(default_factory=list)
    calls: int = 0


def tell_of_change(session: Session, actor: Actor, clock: Clock, recall: Recall, number: int) -> Told:
    """Queue change `number` for everybody who was told or perhaps was: consignees, whom they passed units on to,
    consumers, subscribers; who has no address is telephoned. To whom nothing went out yet goes the notice as it reads
    by then, or after a withdrawal nothing at all. Of a drill nobody is told."""
    told = Told()
    if recall.is_drill:
        return told
    _tell_consignees(session, actor, clock, recall, number, told)
    _tell_passed(session, actor, clock, recall, number, told)
    _tell_consumers(session, actor, clock, recall, number, told)
    queue_messages(session, clock, told.messages)
    announce_revision(session, clock, recall, number)
    return told


def _tell_consignees(session: Session, actor: Actor, clock: Clock, recall: Recall, number: int, told: Told) -> None:
    went = _went_out(session, recall.id, Notice, "notice:", KINDS)
    tried = exists(select(NoticeAttempt.position).where(
        NoticeAttempt.recall_id == Notice.recall_id, NoticeAttempt.consignee_id == Notice.consignee_id))
    notices = _told_rows(session, Notice, recall.id, or_(_is_known(Notice), tried), went)
    contacts = recall_contacts(session, tuple(notice.consignee_id for notice in notices))
    for notice in notices:
        ways = reachable(contacts.get(notice.consignee_id, ()))
        told.messages.extend(change_to(notice, contact, way, number) for contact, way in ways)
        if not ways:
            told.calls += 1
            raise_notice_task(session, actor, clock, recall, notice, TELEPHONE_TASK)


def change_to(notice: Notice, contact: PartyContact, way: str, number: int) -> NewMessage:
    """Change `number` of a notice, by one way to one contact."""
    return NewMessage(kind_by(REVISION_KIND, way), f"contact:{contact.id}", notice_stream(notice.id),
                      {"recall": notice.recall_id, "consignee": notice.consignee_id, "number": number})


def _tell_passed(session: Session, actor: Actor, clock: Clock, recall: Recall, number: int, told: Told) -> None:
    went = _went_out(session, recall.id, PassedNotice, "notice:", PASSED_KINDS)
    for passed in _told_rows(session, PassedNotice, recall.id, _is_known(PassedNotice), went):
        ways = reach_of(passed).ways()
        told.messages.extend(change_to_passed(passed, way, number) for way in ways)
        if not ways:
            told.calls += 1
            raise_passed_task(session, actor, clock, recall, passed, CALL_PASSED_TASK)


def change_to_passed(passed: PassedNotice, way: str, number: int) -> NewMessage:
    """The same to somebody who got units from a consignee."""
    return NewMessage(kind_by(PASSED_REVISION_KIND, way), sealed_about(passed.id), notice_stream(passed.id),
                      {"recall": passed.recall_id, "passed": passed.id, "number": number})


def _tell_consumers(session: Session, actor: Actor, clock: Clock, recall: Recall, number: int, told: Told) -> None:
    """By the ways that their notice took: the address stands in the vault, and is not opened here."""
    went = _went_out(session, recall.id, ConsumerNotice, "consumer:", CONSUMER_KINDS)
    known = ConsumerNotice.state.in_(_REACHED)
    for notice in _told_rows(session, ConsumerNotice, recall.id, known, went):
        ways = sorted({way_of(kind) for kind in went.get(notice.id, ())})
        told.messages.extend(NewMessage(
            kind_by(CONSUMER_REVISION_KIND, way), f"person:{notice.person_id}", f"consumer:{notice.id}",
            {"recall": recall.id, "person": notice.person_id, "number": number}) for way in ways)
        if not ways:
            told.calls += 1
            raise_consumers(session, actor, clock, recall)


def raise_change_work(session: Session, actor: Actor, clock: Clock, recall: Recall, message: OutboxMessage) -> None:
    """Work about a change that did not clearly reach somebody, or that came back."""
    kind = UNCERTAIN_TASK if message.state == MessageState.uncertain else NOT_SENT_TASK
    said = said_by(message.kind)
    if said == CONSUMER_REVISION_KIND:
        raise_consumers(session, actor, clock, recall)
    elif said == PASSED_REVISION_KIND:
        raise_passed_task(session, actor, clock, recall, session.get_one(PassedNotice, message.payload["passed"]), kind)
    else:
        raise_notice_task(session, actor, clock, recall, session.get_one(
            Notice, (recall.id, message.payload["consignee"])), kind)


def chain_of(message: OutboxMessage) -> str:
    """The chain of the trail that a change to somebody stands in."""
    person = message.payload.get("person")
    return stream_of("person", person) if person else message.subject_key


def _is_known(model: type[Notice] | type[PassedNotice]) -> ColumnElement[bool]:
    return or_(model.state.in_(_REACHED), model.sent_at.is_not(None), model.opened_at.is_not(None), model.answers > 0)


def _went_out(session: Session, recall_id: str, model: type[_Row], prefix: str,
              kinds: Sequence[str]) -> Mapping[str, set[str]]:
    """{id: kinds of messages that went out or perhaps did}. What waits untried is held until our commit, so that it
    is read anew when it is sent; what somebody else holds at this moment perhaps goes out."""
    waits = and_(OutboxMessage.state == MessageState.pending, OutboxMessage.lease_until.is_(None))
    wanted = (select(OutboxMessage).join(model, OutboxMessage.subject_key == literal(prefix) + model.id)
              .where(model.recall_id == recall_id, OutboxMessage.kind.in_(kinds)))
    held = set(session.scalars(wanted.where(waits).with_only_columns(OutboxMessage.id)
                               .with_for_update(of=OutboxMessage, skip_locked=True)))
    found: dict[str, set[str]] = {}
    for message_id, key, kind in session.execute(wanted.where(OutboxMessage.state != MessageState.failed)
                                                 .with_only_columns(OutboxMessage.id, model.id, OutboxMessage.kind)):
        if message_id not in held:
            found.setdefault(key, set()).add(kind)
    return found


def _told_rows(session: Session, model: type[_Row], recall_id: str, known: ColumnElement[bool],
               went: Collection[str]) -> list[_Row]:
    """Rows of those who were told, or perhaps were."""
    rows = session.execute(select(model, known).where(model.recall_id == recall_id).order_by(model.id))
    return [row for row, is_known in rows if is_known or row.id in went]
