"""A request that is sent twice is done once: its answer is kept under the key that the sender chose.

Key, effect and answer belong into one unit of work, so that a process that dies leaves all of them or nothing.
"""
from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, InvalidInput
from traceapp.db.insert import insert_if_new

from .model import IdempotencyKey

_UNANSWERED = 0
LONGEST_KEY = 200


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """What the first request with this key was answered."""

    status: int
    headers: str
    body: str


def kept_answer(session: Session, actor_id: str, key: str, request_hash: str) -> KeptAnswer | None:
    """What a request with this key was answered before; None when there was none.

    Raises InvalidInput for a key that is too long or was used for another request; Conflict for one that was taken
    and has no answer, which only a version before this one could leave behind.
    """
    _check(key)
    kept = session.get(IdempotencyKey, (actor_id, key))
    if kept is None:
        return None
    if kept.request_hash != request_hash:
        raise InvalidInput("This idempotency key was used for another request. Choose a new key.",
                           code="idempotency-key-reused", place="Idempotency-Key")
    if kept.status == _UNANSWERED:
        raise Conflict("The first request with this idempotency key has no answer yet. Look whether it was carried "
                       "out before you send it with a new key.", code="request-in-progress", place="Idempotency-Key")
    return KeptAnswer(kept.status, kept.headers, kept.body)


def begin(session: Session, clock: Clock, actor_id: str, key: str, request_hash: str) -> KeptAnswer | None:
    """Take the key as the first act of the unit of work that does what the request asks for; None: go ahead.

    Another request with the same key waits for the end of this one. Raises as `kept_answer`.
    """
    _check(key)
    fresh = {"actor_id": actor_id, "key": key, "request_hash": request_hash, "status": _UNANSWERED, "headers": "",
             "body": "", "created_at": clock.now()}
    if insert_if_new(session, IdempotencyKey, fresh):
        return None
    return kept_answer(session, actor_id, key, request_hash)


def keep(session: Session, actor_id: str, key: str, answer: KeptAnswer) -> None:
    """Keep the answer as the last act of the unit of work that took the key."""
    kept = session.get_one(IdempotencyKey, (actor_id, key))
    kept.status, kept.headers, kept.body = answer.status, answer.headers, answer.body


def _check(key: str) -> None:
    if not 1 <= len(key) <= LONGEST_KEY:
        raise InvalidInput("An idempotency key has 1 to %(most)s characters.", place="Idempotency-Key",
                           most=LONGEST_KEY)
