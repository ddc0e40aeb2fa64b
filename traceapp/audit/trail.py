"""Recording an act and sealing the chain inside the transaction of the act itself."""
from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from traceapp.core.actor import Actor
from traceapp.core.quantity import plain
from traceapp.db import on_seal

from .model import AuditEntry, AuditHead

GENESIS = "0" * 64
_PENDING = "audit_pending"


def stream_of(kind: str, key: str) -> str:
    """The name of the chain of one aggregate, as in `lot:4f…`."""
    return f"{kind}:{key}"


def _simple(value: object) -> Any:
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, set | frozenset):
        return sorted(value)
    return str(value)


def canonical(data: object) -> str:
    """The one text of `data`: sorted keys, no blanks, Decimal and times as text."""
    return json.dumps(data, default=_simple, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def record(session: Session, actor: Actor, at: datetime, action: str, stream: str,
           data: Mapping[str, object] | None = None) -> None:
    """Note an act; it joins its chain when the unit of work is sealed.

    `data` holds what changed (before and after, reason, references). Never a personal value: a vault reference.
    """
    session.info.setdefault(_PENDING, []).append((stream, actor.id, actor.role, at, action, canonical(data or {})))


def entry_hash(prev_hash: str, stream: str, seq: int, body: tuple[str, str, datetime, str, str]) -> str:
    """SHA-256 over the hash before and every field of the entry, each with its length."""
    actor_id, role, at, action, data = body
    fields = (prev_hash, stream, str(seq), actor_id, role, at.isoformat(timespec="microseconds"), action, data)
    packed = "".join(f"{len(field)}:{field}" for field in fields)
    return hashlib.sha256(packed.encode("utf-8")).hexdigest()


@on_seal
def seal(session: Session) -> None:
    """Add what was recorded to its chains: one locked read of the heads, one insert. Streams in sorted order,
    so that two writers cannot wait for each other in a circle."""
    pending = session.info.pop(_PENDING, None)
    if not pending:
        return
    by_stream: dict[str, list[tuple[str, str, datetime, str, str]]] = defaultdict(list)
    for stream, *body in pending:
        by_stream[stream].append(tuple(body))
    names = sorted(by_stream)
    heads: dict[str, AuditHead] = {}
    for start in range(0, len(names), 500):
        found = session.scalars(select(AuditHead).where(AuditHead.stream.in_(names[start:start + 500]))
                                .order_by(AuditHead.stream).with_for_update())
        heads.update({head.stream: head for head in found})
    rows: list[dict[str, Any]] = []
    for name in names:
        head = heads.get(name)
        if head is None:
            head = AuditHead(stream=name, seq=0, hash=GENESIS, checked_seq=0)
            session.add(head)
        for body in by_stream[name]:
            digest = entry_hash(head.hash, name, head.seq + 1, body)
            rows.append({"stream": name, "seq": head.seq + 1, "actor_id": body[0], "actor_role": body[1],
                         "at": body[2], "action": body[3], "data": body[4], "prev_hash": head.hash, "hash": digest})
            head.seq, head.hash = head.seq + 1, digest
    session.flush()
    session.execute(insert(AuditEntry), rows)
