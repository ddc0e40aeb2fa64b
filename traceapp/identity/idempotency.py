"""Doing once what is asked twice: a second click, a retry after a broken connection."""
from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, InvalidInput
from traceapp.db.insert import insert_if_new

from .model import IdempotencyKey

KEPT = timedelta(days=2)
_LONGEST_KEY = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered the first time; a repetition gets the same."""

    status: int
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


def request_hash(*parts: bytes) -> str:
    """The hash that tells a repetition from another request under the same key."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def begin_once(session: Session, actor: Actor, clock: Clock, key: str, asked: str) -> Answer | None:
    """None when this is the first time: do the act in this session, then call `end_once`. Else what was answered.

    `asked` is the request's hash. Two at the same moment: the second waits for the first. When the act fails, the
    key is rolled back with it and may be used again. Raises Conflict for a key that was used for something else.
    """
    if not 0 < len(key) <= _LONGEST_KEY:
        raise InvalidInput("An idempotency key has 1 to 200 characters.", code="bad-idempotency-key",
                           place="Idempotency-Key")
    if insert_if_new(session, IdempotencyKey, {
            "actor_id": actor.id, "key": key, "request_hash": asked, "status": 0, "headers": "{}", "body": "",
            "created_at": clock.now()}):
        return None
    row = session.get_one(IdempotencyKey, (actor.id, key))
    if row.request_hash != asked:
        raise Conflict("This was sent before with other content. Reload the page and begin again; what was sent "
                       "first has been recorded.", code="idempotency-key-reused")
    return Answer(row.status, row.body, json.loads(row.headers))


def end_once(session: Session, actor: Actor, key: str, answer: Answer) -> None:
    """Keep the answer of the act under its key, in the same unit of work."""
    row = session.get_one(IdempotencyKey, (actor.id, key))
    row.status, row.body, row.headers = answer.status, answer.body, json.dumps(dict(answer.headers))


def forget_old_keys(session: Session, before: datetime) -> int:
    """Remove keys that nobody will repeat any more; answers how many."""
    done = session.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at < before))
    return int(done.rowcount)  # type: ignore[attr-defined]
