"""The notice to each consignee: its secret link, its letters, its reminders."""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, insert, select, tuple_
from sqlalchemy.orm import Session

from traceapp.audit import record
from traceapp.catalog.model import PartyContact
from traceapp.catalog.queries import recall_contacts
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, NotFound
from traceapp.core.ids import new_id, new_secret
from traceapp.identity.policy import permit
from traceapp.outbox.delivery import NewMessage, queue_message, send_again
from traceapp.outbox.model import MessageState, OutboxMessage
from traceapp.vault.service import Step, Vault, step_over, token_hash
from traceapp.worklist.tasks import RaiseTask, drop_tasks, raise_task

from .cases import is_running, notice_stream, recall_by_id
from .model import Notice, Recall
from .policy import answer_due
from .states import NoticeState

NOTICE_KIND, REMINDER_KIND = "recall.notice", "recall.reminder"
KINDS = (NOTICE_KIND, REMINDER_KIND)
# What a person has to do about a notice, as the kind of a task.
NO_ADDRESS_TASK = "recall.no_address"
NOT_SENT_TASK = "recall.not_sent"
UNCERTAIN_TASK = "recall.uncertain"
TELEPHONE_TASK = "recall.telephone"


@dataclass(frozen=True, slots=True)
class SendNoticeAgain:
    """For a notice that could not be sent, after the contact was put right."""

    recall_id: str
    consignee_id: str


def sealed_about(notice_id: str) -> str:
    """What a notice's sealed token belongs to."""
    return f"notice:{notice_id}"


def tell_consignees(session: Session, actor: Actor, clock: Clock, recall: Recall, consignee_ids: Sequence[str], *,
                    vault: Vault) -> None:
    """A notice for every consignee, a letter to each contact that gets recalls; who has no address becomes a task. Who
    has a notice already is written to again, about the lots that came later, and has to answer for them."""
    now = clock.now()
    contacts = recall_contacts(session, tuple(consignee_ids))
    rows = []
    earlier = _tell_again(session, clock, recall, consignee_ids, contacts)
    for consignee_id in consignee_ids:
        if consignee_id in earlier:
            continue
        token, notice_id = new_secret(24), new_id(now)
        reachable = with_mail(contacts.get(consignee_id, ()))
        rows.append({
            "recall_id": recall.id, "consignee_id": consignee_id, "id": notice_id, "token_hash": token_hash(token),
            "sealed_token": vault.seal_text(token, sealed_about(notice_id)), "queued_at": now, "reminders": 0,
            "answers": 0, "state": NoticeState.queued if reachable else NoticeState.not_sent})
        for contact in reachable:
            _queue(session, clock, NOTICE_KIND, rows[-1], contact)
    if rows:
        session.execute(insert(Notice), rows)
    for row in rows:
        if row["state"] == NoticeState.not_sent:
            _raise(session, actor, clock, recall, (NO_ADDRESS_TASK, str(row["id"]), str(row["consignee_id"])))


def _tell_again(session: Session, clock: Clock, recall: Recall, consignee_ids: Sequence[str],
                contacts: Mapping[str, Sequence[PartyContact]]) -> set[str]:
    found = {notice.consignee_id: notice for notice in session.scalars(select(Notice).where(
        Notice.recall_id == recall.id).with_for_update())} if recall.scope_number > 1 else {}
    again = {key: found[key] for key in consignee_ids if key in found}
    for notice in again.values():
        notice.answered_at, notice.reminders, notice.reminded_at = None, 0, None
        notice.queued_at, notice.sent_at = clock.now(), None
        reachable = with_mail(contacts.get(notice.consignee_id, ()))
        notice.state = NoticeState.queued if reachable else NoticeState.not_sent
        row: dict[str, object] = {"recall_id": recall.id, "consignee_id": notice.consignee_id, "id": notice.id,
                                  "reminders": 0, "scope": recall.scope_number}
        for contact in reachable:
            _queue(session, clock, NOTICE_KIND, row, contact)
    return set(again)


def with_mail(contacts: Iterable[PartyContact]) -> list[PartyContact]:
    """Those that a letter can be sent to, each address once."""
    found: dict[str, PartyContact] = {}
    for contact in contacts:
        if contact.email and contact.is_active and contact.gets_recalls:
            found.setdefault(contact.email.lower(), contact)
    return list(found.values())


def _queue(session: Session, clock: Clock, kind: str, row: dict[str, object], contact: PartyContact) -> OutboxMessage:
    payload = {"recall": row["recall_id"], "consignee": row["consignee_id"], "number": row["reminders"]}
    return queue_message(session, clock, NewMessage(kind, f"contact:{contact.id}", notice_stream(str(row["id"])),
                                                    payload))


def queue_reminder(session: Session, clock: Clock, notice: Notice, contacts: Iterable[PartyContact]) -> None:
    """A reminder to each contact; `notice.reminders` says which one it is."""
    row: dict[str, object] = {"recall_id": notice.recall_id, "consignee_id": notice.consignee_id, "id": notice.id,
                              "reminders": notice.reminders}
    for contact in contacts:
        _queue(session, clock, REMINDER_KIND, row, contact)


def raise_notice_task(session: Session, actor: Actor, clock: Clock, recall: Recall, notice: Notice, kind: str) -> None:
    """Work for a person about one consignee; once, however often it is asked for."""
    _raise(session, actor, clock, recall, (kind, notice.id, notice.consignee_id))


def _raise(session: Session, actor: Actor, clock: Clock, recall: Recall, what: tuple[str, str, str]) -> None:
    kind, notice_id, consignee_id = what
    raise_task(session, actor, clock, RaiseTask(
        kind, notice_stream(notice_id), "quality", min(answer_due(recall.recall_class, clock.now()),
                                                       recall.answer_by or clock.now()),
        params={"recall_id": recall.id, "reference": recall.reference, "consignee_id": consignee_id}))


def notice_for(session: Session, recall_id: str, consignee_id: str, *, lock: bool = False) -> Notice:
    """The notice to one consignee. Raises NotFound."""
    notice = session.get(Notice, (recall_id, consignee_id), with_for_update=True if lock else None)
    if notice is None:
        raise NotFound("This consignee has no notice of this recall.", code="unknown-notice", place="consignee_id")
    return notice


def send_notice_again(session: Session, actor: Actor, clock: Clock, command: SendNoticeAgain) -> int:
    """Put the letters of a notice into the outbox once more; answers how many.

    A letter that was tried keeps its Message-ID; a contact that has none yet gets one. Letters that a server took are
    not repeated. Raises Conflict when nobody there has an address, or the recall is over.
    """
    permit(actor, "recall.write")
    recall = recall_by_id(session, command.recall_id)
    if not is_running(recall):
        raise Conflict("Letters go out only while a recall is running.", code="wrong-state")
    notice = notice_for(session, command.recall_id, command.consignee_id, lock=True)
    reachable = with_mail(recall_contacts(session, (notice.consignee_id,)).get(notice.consignee_id, ()))
    if not reachable:
        raise Conflict("Nobody at this consignee has an e-mail address and gets recall notices. Add a contact first.",
                       code="no-address", place="consignee_id")
    count = _requeue(session, clock, notice, reachable)
    if count and notice.state in (NoticeState.not_sent, NoticeState.uncertain):
        notice.state = NoticeState.queued
    for kind in (NO_ADDRESS_TASK, NOT_SENT_TASK, UNCERTAIN_TASK):
        drop_tasks(session, actor, clock, notice_stream(notice.id), kind)
    record(session, actor, clock.now(), "notice.sent_again", notice_stream(notice.id), {"letters": count})
    session.flush()
    return count


def _requeue(session: Session, clock: Clock, notice: Notice, contacts: Iterable[PartyContact]) -> int:
    tried = {message.recipient: message for message in session.scalars(select(OutboxMessage).where(
        OutboxMessage.subject_key == notice_stream(notice.id), OutboxMessage.kind == NOTICE_KIND).with_for_update())}
    count = 0
    row: dict[str, object] = {"recall_id": notice.recall_id, "consignee_id": notice.consignee_id, "id": notice.id,
                              "reminders": 0}
    for contact in contacts:
        message = tried.get(f"contact:{contact.id}")
        if message is None:
            _queue(session, clock, NOTICE_KIND, row, contact)
        elif message.state in (MessageState.written, MessageState.uncertain, MessageState.failed):
            send_again(session, clock, message)
        else:
            continue
        count += 1
    return count


def _under_older_keys(vault: Vault) -> ColumnElement[bool]:
    return ~Notice.sealed_token.startswith(vault.mark, autoescape=True)


def notices_under_older_keys(session: Session, vault: Vault) -> int:
    """How many notices have a link that is not yet under the vault's present key."""
    return session.scalar(select(func.count()).select_from(Notice).where(_under_older_keys(vault))) or 0


def reseal_notices(session: Session, actor: Actor, clock: Clock, limit: int, *, vault: Vault, after: str = "") -> Step:
    """Move the links of up to `limit` notices, beginning behind `after`, under the vault's present key."""
    recall_id, _, consignee_id = after.partition("/")
    rows = session.scalars(
        select(Notice).where(_under_older_keys(vault),
                             tuple_(Notice.recall_id, Notice.consignee_id) > (recall_id, consignee_id))
        .order_by(Notice.recall_id, Notice.consignee_id).limit(limit).with_for_update()).all()

    def move(notice: Notice) -> None:
        notice.sealed_token = vault.sealed_anew(notice.sealed_token, sealed_about(notice.id))
        record(session, actor, clock.now(), "notice.resealed", notice_stream(notice.id), {"after": vault.key_id})

    return step_over(rows, lambda notice: f"{notice.recall_id}/{notice.consignee_id}", move)
