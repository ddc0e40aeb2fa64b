"""A request that is sent twice is done once: its answer is kept under the key that the sender chose."""
from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, InvalidInput
from traceapp.db.insert import insert_if_new

from .model import IdempotencyKey

_RUNNING = 0
LONGEST_KEY = 200


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """What the first request with this key was answered."""

    status: int
    headers: str
    body: str


def begin(session: Session, clock: Clock, actor_id: str, key: str, request_hash: str) -> KeptAnswer | None:
    """Take the key before anything is done; None: go ahead. Commit this in a transaction of its own.

    Raises InvalidInput for a key that is too long or was used for another request, and Conflict while the first
    request has no answer yet: it still runs, or it was cut off and somebody must look before it is sent anew.
    """
    if not 1 <= len(key) <= LONGEST_KEY:
        raise InvalidInput("An idempotency key has 1 to %(most)s characters.", place="Idempotency-Key",
                           most=LONGEST_KEY)
    fresh = {"actor_id": actor_id, "key": key, "request_hash": request_hash, "status": _RUNNING, "headers": "",
             "body": "", "created_at": clock.now()}
    if insert_if_new(session, IdempotencyKey, fresh):
        return None
    kept = session.get_one(IdempotencyKey, (actor_id, key))
    if kept.request_hash != request_hash:
        raise InvalidInput("This idempotency key was used for another request. Choose a new key.",
                           code="idempotency-key-reused", place="Idempotency-Key")
    if kept.status == _RUNNING:
        raise Conflict("The first request with this idempotency key has no answer yet. Look whether it was carried "
                       "out before you send it with a new key.", code="request-in-progress", place="Idempotency-Key")
    return KeptAnswer(kept.status, kept.headers, kept.body)


def keep(session: Session, actor_id: str, key: str, answer: KeptAnswer) -> None:
    """Keep the answer of the request that took the key."""
    kept = session.get_one(IdempotencyKey, (actor_id, key))
    kept.status, kept.headers, kept.body = answer.status, answer.headers, answer.body


def give_back(session: Session, actor_id: str, key: str) -> None:
    """Free the key of a request that was refused, so that it can be mended and sent again."""
    kept = session.get(IdempotencyKey, (actor_id, key))
    if kept is not None and kept.status == _RUNNING:
        session.delete(kept)
