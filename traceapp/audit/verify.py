"""Checking the whole trail, and signing where its chains stand."""
from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from .model import AuditCheckpoint, AuditEntry, AuditHead
from .trail import GENESIS, entry_hash


@dataclass(frozen=True, slots=True)
class Verdict:
    """`entries` and `streams` seen; `broken` is None when all links hold, else the first that does not."""

    streams: int
    entries: int
    checkpoints: int
    broken: str | None


def verify(session: Session, signing_key: str | None = None) -> Verdict:
    """Walk every chain, compare with the heads and with the signed checkpoints. Needs `Database.snapshot()`.

    Without `signing_key` the checkpoints' hashes are checked, their signatures are not.
    """
    entries = streams = 0
    ends: dict[str, tuple[int, str]] = {}
    for entry in _entries(session):
        seq, prev = ends.get(entry.stream, (0, GENESIS))
        if seq == 0:
            streams += 1
        entries += 1
        body = (entry.actor_id, entry.actor_role, entry.at, entry.action, entry.data)
        expected = entry_hash(prev, entry.stream, seq + 1, body)
        if entry.seq != seq + 1 or entry.prev_hash != prev or entry.hash != expected:
            return Verdict(streams, entries, 0, f"{entry.stream} entry {entry.seq}")
        ends[entry.stream] = (entry.seq, entry.hash)
    broken = _first_wrong_head(session, ends)
    if broken is None:
        checkpoints, broken = _verify_checkpoints(session, signing_key)
        return Verdict(streams, entries, checkpoints, broken)
    return Verdict(streams, entries, 0, broken)


def _entries(session: Session) -> Iterator[AuditEntry]:
    statement = select(AuditEntry).order_by(AuditEntry.stream, AuditEntry.seq).execution_options(yield_per=2000)
    for entry in session.scalars(statement):
        yield entry
        session.expunge(entry)


def _first_wrong_head(session: Session, ends: dict[str, tuple[int, str]]) -> str | None:
    heads = {row.stream: (row.seq, row.hash) for row in session.execute(
        select(AuditHead.stream, AuditHead.seq, AuditHead.hash))}
    for stream in sorted(heads.keys() | ends.keys()):
        if heads.get(stream) != ends.get(stream):
            return f"{stream} head: the chain ends at {ends.get(stream, (0, ''))[0]}, the head says " \
                   f"{heads.get(stream, (0, ''))[0]}"
    return None


def _verify_checkpoints(session: Session, signing_key: str | None) -> tuple[int, str | None]:
    prev, count = GENESIS, 0
    for point in session.scalars(select(AuditCheckpoint).order_by(AuditCheckpoint.number)):
        count += 1
        if point.number != count or point.prev_hash != prev or point.hash != _point_hash(prev, point.at, point.heads):
            return count, f"checkpoint {point.number}"
        if signing_key and not hmac.compare_digest(point.signature, _sign(signing_key, point.hash)):
            return count, f"checkpoint {point.number} signature"
        for stream, seq, digest in json.loads(point.heads):
            found = session.scalar(select(AuditEntry.hash).where(AuditEntry.stream == stream, AuditEntry.seq == seq))
            if found != digest:
                return count, f"{stream} entry {seq} differs from checkpoint {point.number}"
        prev = point.hash
    return count, None


def sign_checkpoint(session: Session, at: datetime, signing_key: str) -> AuditCheckpoint | None:
    """Sign the heads that moved since the last checkpoint; None when none did."""
    moved = session.scalars(select(AuditHead).where(AuditHead.seq > AuditHead.checked_seq)
                            .order_by(AuditHead.stream).with_for_update()).all()
    if not moved:
        return None
    last = session.scalars(select(AuditCheckpoint).order_by(AuditCheckpoint.number.desc()).limit(1)).first()
    prev = last.hash if last else GENESIS
    heads = json.dumps([[head.stream, head.seq, head.hash] for head in moved], separators=(",", ":"))
    digest = _point_hash(prev, at, heads)
    point = AuditCheckpoint(number=(last.number if last else 0) + 1, at=at, heads=heads, prev_hash=prev, hash=digest,
                            signature=_sign(signing_key, digest))
    session.add(point)
    session.execute(update(AuditHead).where(AuditHead.seq > AuditHead.checked_seq)
                    .values(checked_seq=AuditHead.seq).execution_options(synchronize_session=False))
    return point


def _point_hash(prev: str, at: datetime, heads: str) -> str:
    return hashlib.sha256(f"{prev}\n{at.isoformat(timespec='microseconds')}\n{heads}".encode()).hexdigest()


def _sign(key: str, digest: str) -> str:
    return hmac.new(hashlib.sha256(b"audit-checkpoint:" + key.encode()).digest(), digest.encode(),
                    hashlib.sha256).hexdigest()
