"""Handing the mail of a call to the server, and what follows when it reached nobody."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.core.actor import SYSTEM
from traceapp.core.clock import Clock
from traceapp.identity.model import User
from traceapp.outbox.delivery import NOT_NEEDED, Delivery
from traceapp.outbox.mail import Letter, Post
from traceapp.outbox.model import MessageState, OutboxMessage
from traceapp.worklist.model import Task, TaskState
from traceapp.worklist.rostering import ABOUT as DUTY
from traceapp.worklist.tasks import RaiseTask, raise_task

from .calling import CALL, NOT_TOLD
from .duty_letter import DutyCall, subject_of, text_of

KINDS = (CALL,)


@dataclass(frozen=True, slots=True)
class DutySender:
    """`send` and `settled` are what `outbox.delivery.deliver_due` asks for; for messages of the kinds in KINDS."""

    post: Post
    base_url: str
    clock: Clock

    def send(self, session: Session, message: OutboxMessage) -> Delivery:
        """One attempt, in the person's language. A call whose task has ended meanwhile is refused."""
        said = message.payload
        person = session.get(User, message.recipient.removeprefix("user:"))
        is_open = session.scalar(select(Task.id).where(
            Task.about == message.subject_key, Task.kind == said["kind"], Task.state == TaskState.open)) is not None
        if not is_open:
            return Delivery("refused", NOT_NEEDED + "the task has ended")
        if person is None or not person.is_active or not person.email:
            return Delivery("refused", "the person has no e-mail address any more")
        call = DutyCall(said["kind"], said["reference"], said["severity"], said["promise"],
                        datetime.fromisoformat(said["due_at"]), said["because"],
                        f"{self.base_url}/console/complaints/{message.subject_key.partition(':')[2]}")
        language = "zh" if person.language == "zh" else "en"
        return self.post.send(Letter(
            to=person.email, subject=subject_of(call, language), text=text_of(call, language),
            message_id=message.message_id, at=self.clock.now(),
            headers=(("Content-Language", language), ("Importance", "high"))))

    def settled(self, session: Session, message: OutboxMessage, delivery: Delivery) -> None:
        """A call that did not go out becomes a task of the manager: one for the house where no server is set."""
        if message.state in (MessageState.pending, MessageState.sent) or delivery.detail.startswith(NOT_NEEDED):
            return
        about = DUTY if message.state == MessageState.written else message.subject_key
        raise_task(session, SYSTEM, self.clock, RaiseTask(NOT_TOLD, about, "quality_manager", self.clock.now(), None,
                                                          {"reference": message.payload["reference"]}))
