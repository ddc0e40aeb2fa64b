"""One chain of the trail as evidence: its entries, and whether their links hold."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from .model import AuditCheckpoint, AuditEntry, AuditHead
from .trail import GENESIS, entry_hash


@dataclass(frozen=True, slots=True)
class Evidence:
    """`entries` in order. `broken`: number of the first entry that is not what was sealed; None: all links hold."""

    stream: str
    entries: tuple[AuditEntry, ...]
    broken: int | None


def evidence_of(session: Session, stream: str) -> Evidence:
    """The chain of one aggregate, every hash computed anew and its end compared with the kept head."""
    entries = tuple(session.scalars(select(AuditEntry).where(AuditEntry.stream == stream).order_by(AuditEntry.seq)))
    prev = GENESIS
    for number, entry in enumerate(entries, start=1):
        body = (entry.actor_id, entry.actor_role, entry.at, entry.action, entry.data)
        if entry.seq != number or entry.prev_hash != prev or entry.hash != entry_hash(prev, stream, number, body):
            return Evidence(stream, entries, number)
        prev = entry.hash
    head = session.get(AuditHead, stream)
    expected = (head.seq, head.hash) if head else (0, GENESIS)
    return Evidence(stream, entries, None if expected == (len(entries), prev) else len(entries) + 1)


def last_checkpoint(session: Session) -> AuditCheckpoint | None:
    """The latest signed statement of where the chains stand."""
    return session.scalars(select(AuditCheckpoint).order_by(AuditCheckpoint.number.desc()).limit(1)).first()


def excerpt(session: Session, stream: str) -> dict[str, Any]:
    """The chain of one aggregate as a value that `verify_evidence.py` checks anywhere, with the latest signed
    checkpoint that names it. Nothing of it is computed anew here."""
    entries = session.scalars(select(AuditEntry).where(AuditEntry.stream == stream).order_by(AuditEntry.seq))
    head = session.get(AuditHead, stream)
    point = session.scalars(
        select(AuditCheckpoint).where(AuditCheckpoint.heads.contains(f'"{stream}"', autoescape=True))
        .order_by(AuditCheckpoint.number.desc()).limit(1)).first()
    return {
        "stream": stream,
        "entries": [{"seq": one.seq, "at": one.at.isoformat(timespec="microseconds"), "actor_id": one.actor_id,
                     "actor_role": one.actor_role, "action": one.action, "data": one.data,
                     "prev_hash": one.prev_hash, "hash": one.hash} for one in entries],
        "head": {"seq": head.seq, "hash": head.hash} if head else {"seq": 0, "hash": GENESIS},
        "checkpoint": {"number": point.number, "at": point.at.isoformat(timespec="microseconds"), "heads": point.heads,
                       "prev_hash": point.prev_hash, "hash": point.hash, "signature": point.signature}
        if point else None}
