"""What was sent about a thing, with every try."""
from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from .model import OutboxAttempt, OutboxMessage


def messages_about(session: Session, subject_key: str) -> list[tuple[OutboxMessage, list[OutboxAttempt]]]:
    """The messages about one thing, the oldest first, each with its attempts in order. Two statements."""
    messages = list(session.scalars(select(OutboxMessage).where(OutboxMessage.subject_key == subject_key)
                                    .order_by(OutboxMessage.id)))
    tries: dict[str, list[OutboxAttempt]] = {message.id: [] for message in messages}
    for attempt in session.scalars(select(OutboxAttempt).where(OutboxAttempt.message_id.in_(tries))
                                   .order_by(OutboxAttempt.message_id, OutboxAttempt.number)):
        tries[attempt.message_id].append(attempt)
    return [(message, tries[message.id]) for message in messages]
