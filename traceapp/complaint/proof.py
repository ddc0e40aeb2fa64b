"""Proof of work for the public form: a puzzle of our own, no third party, each solution good for one report.

A missing or wrong proof never stops a report; `policy.is_suspicious` decides what it is worth.
"""
from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Any

from altcha import Payload, create_challenge, verify_solution
from sqlalchemy import delete
from sqlalchemy.orm import Session

from traceapp.core.clock import Clock
from traceapp.db.insert import insert_if_new
from traceapp.vault.service import Vault

from .model import UsedChallenge

LIFETIME = timedelta(minutes=20)
# Iterated SHA-256, so that a phone can solve it where the page came over http and the browser offers no WebCrypto;
# four hexadecimal zeros are 65,536 tries on average, well under a second on an old phone.
_ALGORITHM, _COST, _PREFIX = "SHA-256", 1, "0000"
_PURPOSE = "proof of work"
_LONGEST_PAYLOAD = 4096


class Proof(StrEnum):
    """What came of a proof: only `proven` counts as one."""

    proven = "proven"
    absent = "absent"
    wrong = "wrong"
    expired = "expired"
    used = "used"


def new_challenge(clock: Clock, *, vault: Vault, prefix: str = _PREFIX) -> dict[str, Any]:
    """A signed puzzle as JSON: find a counter so that SHA-256(salt + nonce + counter as four bytes, big end first)
    begins with `keyPrefix`. `data.until` is when it ends, in seconds since 1970."""
    until = int((clock.now() + LIFETIME).timestamp())
    # The end stands in `data`, which is signed too, because the library would compare `expiresAt` with a clock of its
    # own.
    challenge = create_challenge(_ALGORITHM, _COST, key_prefix=prefix, data={"until": until},
                                 hmac_secret=vault.hmac_secret(_PURPOSE))
    return challenge.to_dict()


def accept_proof(session: Session, clock: Clock, payload: str, *, vault: Vault) -> Proof:
    """What the solution that came with a form is worth; a proven one is used up by this."""
    if not payload:
        return Proof.absent
    if len(payload) > _LONGEST_PAYLOAD:
        return Proof.wrong
    if not verify_solution(payload, vault.hmac_secret(_PURPOSE)).verified:
        return Proof.wrong
    challenge = Payload.from_base64(payload).challenge
    now = clock.now()
    until = (challenge.parameters.data or {}).get("until", 0)
    if now.timestamp() > until:
        return Proof.expired
    if not insert_if_new(session, UsedChallenge, {"challenge": challenge.signature, "used_at": now}):
        return Proof.used
    return Proof.proven


def forget_used_challenges(session: Session, clock: Clock) -> int:
    """How many used challenges were forgotten because they have expired, so that they cannot be handed in again."""
    gone = session.execute(delete(UsedChallenge).where(UsedChallenge.used_at < clock.now() - 2 * LIFETIME)
                           .returning(UsedChallenge.challenge))
    return len(gone.all())
