"""Consumers who were told of a recall and of a change of its notice, as rows: their letters, what came of each."""
from __future__ import annotations

from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from traceapp.core.ids import new_id
from traceapp.outbox.delivery import NOT_NEEDED
from traceapp.outbox.model import MessageState, OutboxAttempt, OutboxMessage
from traceapp.recall.change_telling import CONSUMER_REVISION_KIND
from traceapp.recall.consumers import CONSUMER_KIND
from traceapp.recall.model import Recall
from traceapp.recall.states import NoticeState
from traceapp.recall.telling_model import ConsumerNotice
from traceapp.world import World

# Of each ten: one letter came back, one may have gone out, one lost its sense.
_OUTCOMES = (*((MessageState.sent, "250 OK"),) * 7, (MessageState.failed, "550 no such user"),
             (MessageState.uncertain, "cut off"), (MessageState.failed, NOT_NEEDED + "the details were erased"))


def add_consumers(session: Session, world: World, recall: Recall, count: int) -> None:
    """So many, each with a letter about the recall and one about its first change."""
    now = world.clock.now()
    notices, messages, attempts = list[dict[str, Any]](), list[dict[str, Any]](), list[dict[str, Any]]()
    for number in range(count):
        notice_id, person_id = new_id(now), new_id(now)
        state, said = _OUTCOMES[number % len(_OUTCOMES)]
        notices.append({"recall_id": recall.id, "person_id": person_id, "id": notice_id, "queued_at": now,
                        "settled_at": now, "state": NoticeState.sent if state == MessageState.sent
                        else NoticeState.uncertain if state == MessageState.uncertain else NoticeState.not_sent})
        about: dict[str, object] = {"recall": recall.id, "person": person_id}
        for kind, payload in ((CONSUMER_KIND, about), (CONSUMER_REVISION_KIND, about | {"number": 1})):
            message_id = new_id(now)
            messages.append({"id": message_id, "kind": kind, "recipient": f"person:{person_id}",
                             "subject_key": f"consumer:{notice_id}", "payload": payload, "state": state,
                             "message_id": f"<{message_id}@bench.example>", "created_at": now, "due_at": now,
                             "done_at": now, "attempts": 1})
            attempts.append({"message_id": message_id, "number": 1, "at": now, "outcome": str(state), "detail": said})
    for table, rows in ((ConsumerNotice, notices), (OutboxMessage, messages), (OutboxAttempt, attempts)):
        session.execute(insert(table), rows)
