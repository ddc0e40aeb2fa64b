"""Who is told of an event of a recall by mail, and what the mail says at the moment of delivery."""
from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from traceapp.core.actor import SYSTEM
from traceapp.core.clock import Clock
from traceapp.outbox.delivery import NOT_NEEDED, Delivery, NewMessage, queue_message
from traceapp.outbox.mail import Letter, Post
from traceapp.outbox.model import MessageState, OutboxMessage
from traceapp.vault.service import Vault, VaultError
from traceapp.worklist.tasks import RaiseTask, raise_task
from traceapp.worklist.work import add_work

from .announcing import TELL_SUBSCRIBERS, Event, event_named
from .cases import recall_stream
from .model import Recall
from .notices import NOT_SENT_TASK
from .public import public_recall_by_id
from .public_letters import (
    CORRECTED,
    WITHDRAWN,
    confirm_letter,
    news_subject,
    news_text,
)
from .public_model import RecallSubscriber, RecallSubscription, RevisionKind, SubscriberMail
from .public_news import news_facts
from .subscriber_bounces import count_bounce
from .subscribing import CONFIRM_DAYS, CONFIRM_KIND, about_of, confirm_token, sealed_about, wishes_met

NEWS_KIND = "recall.news"
KINDS = (CONFIRM_KIND, NEWS_KIND)
_A_STEP = 1000
_MOST_NUMBERS = 50
_EVERY = {"zh": "所有召回", "en": "every recall"}
_KINDS = {RevisionKind.correction: CORRECTED, RevisionKind.withdrawal: WITHDRAWN}


def queue_news(session: Session, clock: Clock, subject: str) -> int:
    """How many subscribers were given a mail of the event that a work row names; those behind the last one follow by
    another row. A row for each keeps that nobody gets two."""
    name, _, after = subject.partition(" ")
    event, now = event_named(name), clock.now()
    recall = session.get(Recall, event.recall_id)
    if recall is None or recall.is_drill:
        return 0
    ids = list(session.scalars(_listening(event, after).limit(_A_STEP)))
    for key in ids:
        session.add(SubscriberMail(event=name, subscriber_id=key, queued_at=now))
        queue_message(session, clock, NewMessage(NEWS_KIND, f"subscriber:{key}", recall_stream(recall),
                                                 {"event": name}))
    if len(ids) == _A_STEP:
        add_work(session, clock, TELL_SUBSCRIBERS, f"{name} {ids[-1]}")
    return len(ids)


def _listening(event: Event, after: str) -> Select[str]:
    """Who confirmed a wish that this recall meets, gets mail, and has none of the event yet."""
    has_mail = select(SubscriberMail.event).where(
        SubscriberMail.event == event.name, SubscriberMail.subscriber_id == RecallSubscription.subscriber_id).exists()
    return (select(RecallSubscription.subscriber_id).distinct()
            .join(RecallSubscriber, RecallSubscriber.id == RecallSubscription.subscriber_id)
            .where(RecallSubscriber.suspended_at.is_(None), RecallSubscription.subscriber_id > after,
                   wishes_met(event.recall_id), ~has_mail).order_by(RecallSubscription.subscriber_id))


@dataclass(frozen=True, slots=True)
class PublicSender:
    """`send` and `settled` are what `outbox.delivery.deliver_due` asks for; for messages of the kinds in KINDS."""

    post: Post
    vault: Vault
    base_url: str
    clock: Clock

    def send(self, session: Session, message: OutboxMessage) -> Delivery:
        """One attempt. A mail that nobody waits for any more is refused, one that cannot be opened waits."""
        ways = {CONFIRM_KIND: self._confirm, NEWS_KIND: self._news}
        try:
            letter = ways[message.kind](session, message)
        except VaultError as error:
            return Delivery("failed", error.code)
        return letter if isinstance(letter, Delivery) else self.post.send(letter)

    def _confirm(self, session: Session, message: OutboxMessage) -> Letter | Delivery:
        wanted = session.get(RecallSubscription, message.payload["subscription"])
        who = session.get(RecallSubscriber, wanted.subscriber_id) if wanted is not None else None
        if wanted is None or who is None:
            return Delivery("refused", NOT_NEEDED + "nobody waits for it")
        language, about = message.payload["language"], about_of(session, wanted.product_id, wanted.lot_key)
        token = confirm_token(wanted, self.vault)
        if not token:
            return Delivery("refused", NOT_NEEDED + "it was confirmed meanwhile")
        # Who has confirmed before gets the same mail, and a page that says so: whoever asked learns nothing.
        link = f"{self.base_url}/recalls/subscribe/{token}?lang={language}"
        subject, text = confirm_letter(getattr(about, language) or _EVERY[language], link, CONFIRM_DAYS, language)
        return self._letter(message, self._address(who), (subject, text), language)

    def _news(self, session: Session, message: OutboxMessage) -> Letter | Delivery:
        event = event_named(message.payload["event"])
        who = session.get(RecallSubscriber, message.recipient.removeprefix("subscriber:"))
        recall = public_recall_by_id(session, event.recall_id)
        if who is None or recall is None:
            return Delivery("refused", NOT_NEEDED + "nobody waits for it")
        if who.suspended_at is not None:
            return Delivery("refused", NOT_NEEDED + "mail to this address came back before")
        facts = news_facts(session, recall, event, base_url=self.base_url, leave=self._leave(who))
        if recall.facts.is_withdrawn and facts.kind != WITHDRAWN:
            return Delivery("refused", NOT_NEEDED + "the notice was withdrawn")
        return self._letter(message, self._address(who),
                            (news_subject(facts, who.language), news_text(facts, who.language)), who.language,
                            ("List-Unsubscribe", f"<{facts.leave}>"),
                            ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"))

    def _letter(self, message: OutboxMessage, to: str, said: tuple[str, str], language: str,
                *headers: tuple[str, str]) -> Letter:
        return Letter(to=to, subject=said[0], text=said[1], message_id=message.message_id, at=self.clock.now(),
                      headers=(("Content-Language", language), *headers))

    def _address(self, who: RecallSubscriber) -> str:
        return self.vault.open_text(who.sealed_address, sealed_about(who.id))

    def _leave(self, who: RecallSubscriber) -> str:
        return f"{self.base_url}/recalls/leave/{self.vault.open_text(who.sealed_leave, sealed_about(who.id))}"

    def settled(self, session: Session, message: OutboxMessage, delivery: Delivery) -> None:
        """News that without a mail server reach nobody are work, once a recall; refusals end the mail to an address."""
        if message.state in (MessageState.pending, MessageState.sent) or delivery.detail.startswith(NOT_NEEDED):
            return
        if message.state == MessageState.written and message.kind != CONFIRM_KIND:
            recall = session.get_one(Recall, event_named(message.payload["event"]).recall_id)
            raise_task(session, SYSTEM, self.clock, RaiseTask(
                NOT_SENT_TASK, recall_stream(recall), "quality", self.clock.now(),
                params={"recall_id": recall.id, "reference": recall.reference}))
        elif delivery.outcome == "refused" and message.kind == NEWS_KIND:
            count_bounce(session, SYSTEM, self.clock, message, delivery.detail)
