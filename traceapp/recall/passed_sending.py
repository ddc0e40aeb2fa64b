"""Delivering the notices of those whom units were passed on to, and what follows from each attempt."""
from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from traceapp.audit import record
from traceapp.core.actor import SYSTEM
from traceapp.core.clock import Clock
from traceapp.outbox.delivery import NOT_NEEDED, Delivery
from traceapp.outbox.model import MessageState, OutboxMessage
from traceapp.vault.service import Vault, VaultError
from traceapp.worklist.tasks import complete_tasks

from .cases import is_running, notice_stream
from .handing import Posts, Reader
from .letter_facts import passed_facts
from .model import Recall
from .notices import NOT_SENT_TASK, UNCERTAIN_TASK
from .passing_on import (
    CALL_PASSED_TASK,
    PASSED_KIND,
    PASSED_REMINDER_KIND,
    has_units,
    raise_passed_task,
    reach_of,
)
from .sending import DRILL, OUTCOMES, RANK
from .states import NoticeState
from .telling_model import PassedNotice
from .ways import said_by


@dataclass(frozen=True, slots=True)
class PassedSender:
    """`send` and `settled` are what `outbox.delivery.deliver_due` asks for; for messages of PASSED_KINDS."""

    posts: Posts
    vault: Vault
    base_url: str
    clock: Clock

    def send(self, session: Session, message: OutboxMessage) -> Delivery:
        """One attempt, as for a consignee."""
        passed = session.get(PassedNotice, message.payload["passed"])
        recall = session.get(Recall, message.payload["recall"])
        if passed is None or recall is None or not is_running(recall):
            return Delivery("refused", NOT_NEEDED + "the recall is not running")
        if recall.is_drill:
            return Delivery("refused", DRILL)
        if not has_units(session, passed):
            return Delivery("refused", NOT_NEEDED + "its giver took that back")
        if said_by(message.kind) == PASSED_REMINDER_KIND and passed.answered_at is not None:
            return Delivery("refused", NOT_NEEDED + "answered")
        try:
            facts = passed_facts(session, recall, passed, vault=self.vault, base_url=self.base_url)
        except VaultError as error:
            return Delivery("failed", error.code)
        return self.posts.hand_over(message, replace(facts, reminder=int(message.payload["number"])),
                                    Reader(reach_of(passed), passed.language), self.clock.now())

    def settled(self, session: Session, message: OutboxMessage, delivery: Delivery) -> None:
        """Keep what came of it; what needs a person becomes a task about the consignee that passed the units on."""
        if message.state == MessageState.pending or delivery.detail.startswith(NOT_NEEDED):
            return
        passed = session.get(PassedNotice, message.payload["passed"], with_for_update=True)
        recall = session.get(Recall, message.payload["recall"])
        if passed is None or recall is None:
            return
        outcome = OUTCOMES[MessageState(message.state)]
        if said_by(message.kind) == PASSED_KIND:
            if outcome == NoticeState.sent:
                if passed.reminded_at is not None and not passed.reminders:
                    passed.reminded_at = None if passed.sent_at is None else self.clock.now()
                    complete_tasks(session, SYSTEM, self.clock, notice_stream(passed.id), CALL_PASSED_TASK, "sent")
                passed.sent_at = passed.sent_at or self.clock.now()
            if RANK[outcome] > RANK[NoticeState(passed.state)]:
                passed.state = outcome
        record(session, SYSTEM, self.clock.now(), f"notice.{outcome}", notice_stream(passed.id), {
            "message": message.id, "kind": message.kind, "attempts": message.attempts})
        if message.state != MessageState.sent and passed.answered_at is None:
            raise_passed_task(session, SYSTEM, self.clock, recall, passed, UNCERTAIN_TASK
                              if message.state == MessageState.uncertain else NOT_SENT_TASK)
