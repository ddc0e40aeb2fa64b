"""The notice to each consignee: its secret link, its letters, its reminders."""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import ColumnElement, func, select, tuple_
from sqlalchemy.orm import Session

from traceapp.audit import record
from traceapp.catalog.model import PartyContact
from traceapp.catalog.queries import recall_contacts
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock, FixedClock
from traceapp.core.errors import NotFound
from traceapp.core.ids import new_id, new_secret
from traceapp.db.insert import insert_many
from traceapp.outbox.delivery import NewMessage, queue_messages
from traceapp.vault.service import Step, Vault, step_over, token_hash
from traceapp.worklist.tasks import RaiseTask, raise_new_tasks, raise_task

from .cases import notice_stream
from .model import Notice, Recall
from .policy import answer_due
from .states import NoticeState
from .told import after_telling, telling_anew_at
from .ways import MAIL, Reach, both, kind_by

NOTICE_KIND, REMINDER_KIND = "recall.notice", "recall.reminder"
KINDS = both(NOTICE_KIND, REMINDER_KIND)
# What a person has to do about a notice, as the kind of a task.
NO_ADDRESS_TASK = "recall.no_address"
NOT_SENT_TASK = "recall.not_sent"
UNCERTAIN_TASK = "recall.uncertain"
TELEPHONE_TASK = "recall.telephone"
# What nobody has to do any more about somebody of whom nothing is waited for.
UNTOLD_TASKS = (NO_ADDRESS_TASK, NOT_SENT_TASK, UNCERTAIN_TASK, TELEPHONE_TASK)


def sealed_about(notice_id: str) -> str:
    """What a notice's sealed token belongs to."""
    return f"notice:{notice_id}"


def tell_consignees(session: Session, actor: Actor, clock: Clock, recall: Recall, consignee_ids: Sequence[str], *,
                    vault: Vault) -> None:
    """A notice for every consignee, by every way to each contact that gets recalls; who has no address becomes a task.
    Who has a notice already is written to again, about the lots that came later, and has to answer for them."""
    now = clock.now()
    contacts = recall_contacts(session, tuple(consignee_ids))
    rows, messages = [], list[NewMessage]()
    earlier = _tell_again(session, clock, recall, consignee_ids, contacts)
    for consignee_id in consignee_ids:
        if consignee_id in earlier:
            continue
        token, notice_id = new_secret(24), new_id(now)
        letters = letters_to(NOTICE_KIND, (notice_id, consignee_id, recall.id, 0), contacts.get(consignee_id, ()))
        state = _first_state(recall, letters)
        messages.extend(_going_out(recall, letters))
        rows.append({
            "recall_id": recall.id, "consignee_id": consignee_id, "id": notice_id, "token_hash": token_hash(token),
            "sealed_token": vault.seal_text(token, sealed_about(notice_id)), "queued_at": now, "reminders": 0,
            "answer_by": answer_due(recall.recall_class, now), "answers": 0, "state": state,
            "sent_at": now if state == NoticeState.sent else None})
    insert_many(session, Notice, rows)
    queue_messages(session, clock, messages)
    if recall.is_drill:
        return
    raise_new_tasks(session, actor, clock, [
        _work(clock, recall, NO_ADDRESS_TASK, Notice(**row)) for row in rows if row["state"] == NoticeState.not_sent])
    for notice in earlier.values():
        if notice.state == NoticeState.not_sent:
            raise_notice_task(session, actor, clock, recall, notice, NO_ADDRESS_TASK)


def _tell_again(session: Session, clock: Clock, recall: Recall, consignee_ids: Sequence[str],
                contacts: Mapping[str, Sequence[PartyContact]]) -> dict[str, Notice]:
    """{consignee: its notice} of those that have one already."""
    found = {notice.consignee_id: notice for notice in session.scalars(select(Notice).where(
        Notice.recall_id == recall.id).with_for_update())} if recall.scope_number > 1 else {}
    again = {key: found[key] for key in consignee_ids if key in found}
    if not again:
        return again
    at, messages = telling_anew_at(session, clock, recall.id), list[NewMessage]()
    for notice in again.values():
        notice.answered_at, notice.reminders, notice.reminded_at = None, 0, None
        letters = letters_to(NOTICE_KIND, _about(notice), contacts.get(notice.consignee_id, ()))
        messages.extend(_going_out(recall, letters))
        notice.state, notice.queued_at = _first_state(recall, letters), at
        notice.answer_by = max(answer_due(recall.recall_class, at), notice.answer_by)
        notice.sent_at = at if notice.state == NoticeState.sent else None
    queue_messages(session, FixedClock(at), messages)
    return again


def _first_state(recall: Recall, letters: Sequence[NewMessage]) -> NoticeState:
    """How a notice begins; in a drill a letter that could be sent counts as sent."""
    if not letters:
        return NoticeState.not_sent
    return NoticeState.sent if recall.is_drill else NoticeState.queued


def _going_out(recall: Recall, letters: Sequence[NewMessage]) -> Sequence[NewMessage]:
    """The letters that are sent: in a drill none."""
    return () if recall.is_drill else letters


def reach_of(contact: PartyContact) -> Reach:
    """How a contact can be reached, and how it wants to be."""
    return Reach(contact.email, contact.mobile, contact.notice_way)


def reachable(contacts: Iterable[PartyContact]) -> list[tuple[PartyContact, str]]:
    """Those that a notice can be sent to, with the way; each address and each number once."""
    found: dict[tuple[str, str], tuple[PartyContact, str]] = {}
    for contact in contacts:
        if contact.is_active and contact.gets_recalls:
            for way in reach_of(contact).ways():
                address = contact.email.lower() if way == MAIL else contact.mobile
                found.setdefault((way, address), (contact, way))
    return list(found.values())


About = tuple[str, str, str, int]


def _about(notice: Notice) -> About:
    """Which notice, of whom, of which recall, and which reminder."""
    return notice.id, notice.consignee_id, notice.recall_id, notice.reminders


def letters_to(kind: str, about: About, contacts: Iterable[PartyContact]) -> list[NewMessage]:
    """A message of this kind by every way to each contact."""
    notice_id, consignee_id, recall_id, number = about
    payload = {"recall": recall_id, "consignee": consignee_id, "number": number}
    return [NewMessage(kind_by(kind, way), f"contact:{contact.id}", notice_stream(notice_id), payload)
            for contact, way in reachable(contacts)]


def queue_reminder(session: Session, clock: Clock, notice: Notice, contacts: Iterable[PartyContact]) -> int:
    """A reminder by every way to each contact; `notice.reminders` says which one it is. Answers how many."""
    letters = letters_to(REMINDER_KIND, _about(notice), contacts)
    queue_messages(session, FixedClock(after_telling(notice, clock)), letters)
    return len(letters)


def raise_notice_task(session: Session, actor: Actor, clock: Clock, recall: Recall, notice: Notice, kind: str) -> None:
    """Work for a person about one consignee; once, however often it is asked for."""
    raise_task(session, actor, clock, _work(clock, recall, kind, notice))


def _work(clock: Clock, recall: Recall, kind: str, notice: Notice) -> RaiseTask:
    due = min(answer_due(recall.recall_class, clock.now()), notice.answer_by)
    return RaiseTask(kind, notice_stream(notice.id), "quality", due, params={
        "recall_id": recall.id, "reference": recall.reference, "consignee_id": notice.consignee_id})


def notice_for(session: Session, recall_id: str, consignee_id: str, *, lock: bool = False) -> Notice:
    """The notice to one consignee. Raises NotFound."""
    notice = session.get(Notice, (recall_id, consignee_id), with_for_update=True if lock else None)
    if notice is None:
        raise NotFound("This consignee has no notice of this recall.", code="unknown-notice", place="consignee_id")
    return notice


def notices_for(session: Session, recall_id: str, consignees: Sequence[str]) -> dict[str, Notice]:
    """The notices to these consignees by consignee, locked. Raises NotFound when one of them has none."""
    found = {row.consignee_id: row for row in session.scalars(
        select(Notice).where(Notice.recall_id == recall_id, Notice.consignee_id.in_(consignees))
        .order_by(Notice.consignee_id).with_for_update().execution_options(populate_existing=True))}
    if any(key not in found for key in consignees):
        raise NotFound("This consignee has no notice of this recall.", code="unknown-notice", place="consignee_id")
    return found


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
