"""Rendering a queued letter at the moment of delivery, and what follows from each attempt."""
from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.audit import record
from traceapp.catalog.model import Party, PartyContact, Product
from traceapp.core.actor import SYSTEM
from traceapp.core.clock import Clock
from traceapp.outbox.delivery import NOT_NEEDED, Delivery
from traceapp.outbox.mail import Letter, Post
from traceapp.outbox.model import MessageState, OutboxMessage
from traceapp.trace.model import Lot
from traceapp.vault.service import Vault, VaultError
from traceapp.worklist.tasks import RaiseTask, raise_task

from .cases import is_running, notice_stream, recall_stream
from .letters import LetterFacts, LetterLot, subject_of, text_of
from .model import Notice, Recall, RecallLedger
from .notices import KINDS, NOT_SENT_TASK, REMINDER_KIND, UNCERTAIN_TASK, raise_notice_task, sealed_about
from .policy import answer_due
from .states import NoticeState
from .told import advance_if_told

# A notice with several letters is as good as the best of them.
_RANK = {NoticeState.queued: 0, NoticeState.not_sent: 1, NoticeState.uncertain: 2, NoticeState.sent: 3,
         NoticeState.answered: 4}
_OUTCOMES = {MessageState.sent: NoticeState.sent, MessageState.written: NoticeState.not_sent,
             MessageState.failed: NoticeState.not_sent, MessageState.uncertain: NoticeState.uncertain}


@dataclass(frozen=True, slots=True)
class NoticeSender:
    """`send` and `settled` are what `outbox.delivery.deliver_due` asks for; for messages of the kinds in KINDS."""

    post: Post
    vault: Vault
    base_url: str
    clock: Clock

    def send(self, session: Session, message: OutboxMessage) -> Delivery:
        """One attempt. A letter that makes no sense any more is refused, one that cannot be opened waits."""
        payload = message.payload
        notice = session.get(Notice, (payload["recall"], payload["consignee"]))
        recall = session.get(Recall, payload["recall"])
        contact = session.get(PartyContact, message.recipient.removeprefix("contact:"))
        if notice is None or recall is None or not is_running(recall):
            return Delivery("refused", NOT_NEEDED + "the recall is not running")
        if message.kind == REMINDER_KIND and notice.answered_at is not None:
            return Delivery("refused", NOT_NEEDED + "answered")
        if contact is None or not contact.is_active or not contact.email:
            return Delivery("refused", "the contact has no e-mail address any more")
        try:
            facts = self._facts(session, recall, notice, int(payload["number"]))
        except VaultError as error:
            return Delivery("failed", error.code)
        return self.post.send(Letter(
            to=contact.email, subject=subject_of(facts, contact.language), text=text_of(facts, contact.language),
            message_id=message.message_id, at=self.clock.now(),
            headers=(("Content-Language", "zh, en"), ("Importance", "high"))))

    def _facts(self, session: Session, recall: Recall, notice: Notice, reminder: int) -> LetterFacts:
        token = self.vault.open_text(notice.sealed_token, sealed_about(notice.id))
        party = session.get(Party, notice.consignee_id)
        rows = session.execute(
            select(RecallLedger.shipped, Lot, Product).join(Lot, Lot.lot_key == RecallLedger.lot_key)
            .outerjoin(Product, Product.id == Lot.product_id)
            .where(RecallLedger.recall_id == recall.id, RecallLedger.consignee_id == notice.consignee_id)
            .order_by(Lot.number))
        lots = tuple(LetterLot(lot.number, {"zh": product.name_zh, "en": product.name_en} if product else
                               {"zh": lot.name, "en": lot.name}, shipped, lot.unit, lot.expires_on)
                     for shipped, lot, product in rows)

        def both(name: str) -> dict[str, str]:
            return {language: getattr(recall, f"{name}_{language}") for language in ("zh", "en")}

        return LetterFacts(
            reference=recall.reference, recall_class=recall.recall_class, title=both("title"), risk=both("risk"),
            action=both("action"), remedy=both("remedy"), contact=recall.contact,
            consignee={"zh": party.name_zh, "en": party.name_en} if party else {"zh": "", "en": ""}, lots=lots,
            link=f"{self.base_url}/r/{token}", reminder=reminder,
            answer_by=recall.answer_by or answer_due(recall.recall_class, notice.queued_at))

    def settled(self, session: Session, message: OutboxMessage, delivery: Delivery) -> None:
        """Keep what came of an attempt on the notice; what needs a person becomes a task."""
        if message.state == MessageState.pending or delivery.detail.startswith(NOT_NEEDED):
            return
        key = (message.payload["recall"], message.payload["consignee"])
        notice = session.get(Notice, key, with_for_update=True)
        recall = session.get(Recall, key[0])
        if notice is None or recall is None:
            return
        now, outcome = self.clock.now(), _OUTCOMES[MessageState(message.state)]
        if message.kind != REMINDER_KIND:
            if outcome == NoticeState.sent and notice.sent_at is None:
                notice.sent_at = now
            if _RANK[outcome] > _RANK[NoticeState(notice.state)]:
                notice.state = outcome
            session.flush()
            advance_if_told(session, self.clock, recall)
        record(session, SYSTEM, now, f"notice.{outcome}", notice_stream(notice.id), {
            "message": message.id, "kind": message.kind, "contact": message.recipient, "attempts": message.attempts})
        self._raise_work(session, recall, notice, message)

    def _raise_work(self, session: Session, recall: Recall, notice: Notice, message: OutboxMessage) -> None:
        if notice.answered_at is not None:
            return
        if message.state == MessageState.written:
            # Without a mail server nothing goes out: one duty for the whole recall, not one for each letter.
            raise_task(session, SYSTEM, self.clock, RaiseTask(
                NOT_SENT_TASK, recall_stream(recall), "quality", self.clock.now(),
                params={"recall_id": recall.id, "reference": recall.reference}))
        elif message.state == MessageState.failed:
            raise_notice_task(session, SYSTEM, self.clock, recall, notice, NOT_SENT_TASK)
        elif message.state == MessageState.uncertain:
            raise_notice_task(session, SYSTEM, self.clock, recall, notice, UNCERTAIN_TASK)


__all__ = ["KINDS", "NoticeSender", "Post"]
