"""Rendering a queued notice at the moment of delivery, and what follows from each attempt."""
from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from traceapp.audit import record
from traceapp.catalog.model import PartyContact
from traceapp.core.actor import SYSTEM
from traceapp.core.clock import Clock
from traceapp.outbox.delivery import LATE, NOT_NEEDED, Delivery
from traceapp.outbox.gateway import TextPost
from traceapp.outbox.mail import Post
from traceapp.outbox.model import MessageState, OutboxMessage
from traceapp.vault.service import Vault, VaultError
from traceapp.worklist.tasks import RaiseTask, complete_tasks, raise_task

from .cases import is_running, notice_stream, recall_stream
from .handing import Posts, Reader
from .letter_facts import consignee_facts
from .model import Notice, Recall
from .notices import (
    KINDS,
    NOT_SENT_TASK,
    REMINDER_KIND,
    TELEPHONE_TASK,
    UNCERTAIN_TASK,
    raise_notice_task,
    reach_of,
)
from .states import NoticeState
from .told import advance_if_told
from .ways import MAIL, said_by, way_of

# A notice with several letters is as good as the best of them.
RANK = {NoticeState.queued: 0, NoticeState.not_sent: 1, NoticeState.uncertain: 2, NoticeState.sent: 3,
        NoticeState.answered: 4}
OUTCOMES = {MessageState.sent: NoticeState.sent, MessageState.written: NoticeState.not_sent,
            MessageState.failed: NoticeState.not_sent, MessageState.uncertain: NoticeState.uncertain}
DRILL = NOT_NEEDED + "a drill: nothing leaves the house"


@dataclass(frozen=True, slots=True)
class NoticeSender:
    """`send` and `settled` are what `outbox.delivery.deliver_due` asks for; for messages of the kinds in KINDS."""

    post: Post
    vault: Vault
    base_url: str
    clock: Clock
    texts: TextPost | None = None

    def send(self, session: Session, message: OutboxMessage) -> Delivery:
        """One attempt. A notice that makes no sense any more is refused, one that cannot be opened waits."""
        payload = message.payload
        notice = session.get(Notice, (payload["recall"], payload["consignee"]))
        recall = session.get(Recall, payload["recall"])
        contact = session.get(PartyContact, message.recipient.removeprefix("contact:"))
        if notice is None or recall is None or not is_running(recall):
            return Delivery("refused", NOT_NEEDED + "the recall is not running")
        if recall.is_drill:
            return Delivery("refused", DRILL)
        if said_by(message.kind) == REMINDER_KIND and notice.answered_at is not None:
            return Delivery("refused", NOT_NEEDED + "answered")
        if contact is None or not contact.is_active:
            return Delivery("refused", "the contact is not there any more")
        try:
            (facts,) = consignee_facts(session, recall, [notice], vault=self.vault, base_url=self.base_url)
        except VaultError as error:
            return Delivery("failed", error.code)
        return Posts(self.post, self.texts).hand_over(
            message, replace(facts, reminder=int(payload["number"])), Reader(reach_of(contact), contact.language),
            self.clock.now())

    def settled(self, session: Session, message: OutboxMessage, delivery: Delivery) -> None:
        """Keep what came of an attempt on the notice; what needs a person becomes a task."""
        if message.state == MessageState.pending or delivery.detail.startswith(NOT_NEEDED):
            return
        key = (message.payload["recall"], message.payload["consignee"])
        notice = session.get(Notice, key, with_for_update=True)
        recall = session.get(Recall, key[0])
        if notice is None or recall is None:
            return
        now, outcome = self.clock.now(), OUTCOMES[MessageState(message.state)]
        if said_by(message.kind) != REMINDER_KIND:
            if outcome == NoticeState.sent and notice.sent_at is None:
                notice.sent_at = now
                if notice.reminded_at is not None and not notice.reminders:
                    # Somebody was to telephone because the letter waited for a server.
                    notice.reminded_at = None
                    complete_tasks(session, SYSTEM, self.clock, notice_stream(notice.id), TELEPHONE_TASK, "sent")
            if RANK[outcome] > RANK[NoticeState(notice.state)]:
                notice.state = outcome
            session.flush()
            advance_if_told(session, self.clock, recall)
        record(session, SYSTEM, now, f"notice.{outcome}", notice_stream(notice.id), {
            "message": message.id, "kind": message.kind, "contact": message.recipient, "attempts": message.attempts})
        self._raise_work(session, recall, notice, message, delivery)

    def _raise_work(self, session: Session, recall: Recall, notice: Notice, message: OutboxMessage,
                    delivery: Delivery) -> None:
        if notice.answered_at is not None:
            return
        if message.state == MessageState.written and way_of(message.kind) == MAIL:
            # Without a mail server nothing goes out: one duty for the whole recall, not one for each letter.
            raise_task(session, SYSTEM, self.clock, RaiseTask(
                NOT_SENT_TASK, recall_stream(recall), "quality", self.clock.now(),
                params={"recall_id": recall.id, "reference": recall.reference}))
        elif message.state in (MessageState.failed, MessageState.written):
            # A text message is written to a file where no letter goes out beside it: the rest of the consignees may be
            # told, so that these are named.
            raise_notice_task(session, SYSTEM, self.clock, recall, notice, NOT_SENT_TASK)
        elif message.state == MessageState.uncertain:
            raise_notice_task(session, SYSTEM, self.clock, recall, notice, UNCERTAIN_TASK)
        elif delivery.detail == LATE:
            complete_tasks(session, SYSTEM, self.clock, notice_stream(notice.id), UNCERTAIN_TASK, "sent")


__all__ = ["KINDS", "NoticeSender", "Post"]
