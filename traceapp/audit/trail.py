"""Recording an act and sealing the chain inside the transaction of the act itself."""
from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ARRAY, String, bindparam, func, select, update
from sqlalchemy.orm import Session

from traceapp.core.actor import Actor
from traceapp.core.quantity import plain
from traceapp.db import on_seal
from traceapp.db.insert import insert_rows, together

from .model import AuditEntry, AuditHead

GENESIS = "0" * 64
_PENDING, _BEGUN = "audit_pending", "audit_begun"
_AT_ONCE, _FEW = 500, 16
_ENTRY = ("stream", "seq", "actor_id", "actor_role", "at", "action", "data", "prev_hash", "hash")
_HEAD = ("stream", "seq", "hash", "checked_seq")
# Made once, and without objects of the session: every transaction of the product passes here.
_heads = AuditHead.__table__.c
_LOCKED = (select(_heads.stream, _heads.seq, _heads.hash)
           .where(_heads.stream.in_(bindparam("streams", expanding=True))).order_by(_heads.stream).with_for_update())
# Thousands for PostgreSQL, which compares a list of bound values one by one until it knows how large the table is.
_among = func.unnest(bindparam("streams", type_=ARRAY(String))).table_valued("stream").render_derived()
_LOCKED_AMONG = (select(_heads.stream, _heads.seq, _heads.hash).join(_among, _heads.stream == _among.c.stream)
                 .order_by(_heads.stream).with_for_update(of=AuditHead.__table__))
_MOVED = (update(AuditHead.__table__)  # type: ignore[arg-type]
          .where(_heads.stream == bindparam("of_stream")).values(seq=bindparam("to_seq"), hash=bindparam("to_hash")))


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


def record_first(session: Session, actor: Actor, at: datetime, action: str, stream: str,
                 data: Mapping[str, object] | None = None) -> None:
    """Note the act by which something came to be in this very transaction, so that no chain of it can stand yet and
    none is looked for."""
    session.info.setdefault(_BEGUN, set()).add(stream)
    record(session, actor, at, action, stream, data)


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
    pending, begun = session.info.pop(_PENDING, None), session.info.pop(_BEGUN, ())
    if not pending:
        return
    by_stream: dict[str, list[tuple[str, str, datetime, str, str]]] = defaultdict(list)
    for stream, *body in pending:
        by_stream[stream].append(tuple(body))
    connection = session.connection()
    heads: dict[str, tuple[int, str]] = {}
    asked = sorted(by_stream.keys() - begun)
    is_listed = len(asked) > _FEW and connection.dialect.name == "postgresql"
    for start in range(0, len(asked), _AT_ONCE):
        part = {"streams": asked[start:start + _AT_ONCE]}
        for stream, seq, digest in connection.execute(_LOCKED_AMONG if is_listed else _LOCKED, part):
            heads[stream] = seq, digest
    rows, added, moved = [], [], []
    for name in sorted(by_stream):
        entries, seq, digest = _chained(name, by_stream[name], heads.get(name, (0, GENESIS)))
        rows += entries
        if name in heads:
            moved.append({"of_stream": name, "to_seq": seq, "to_hash": digest})
        else:
            added.append((name, seq, digest, 0))
    if moved:
        connection.execute(_MOVED, moved)
    with together(session):
        insert_rows(session, AuditHead, _HEAD, added)
        insert_rows(session, AuditEntry, _ENTRY, rows)


def _chained(stream: str, bodies: list[tuple[str, str, datetime, str, str]],
             head: tuple[int, str]) -> tuple[list[tuple[Any, ...]], int, str]:
    """The rows of new entries of a chain, and its head after them."""
    rows: list[tuple[Any, ...]] = []
    seq, last = head
    for body in bodies:
        seq += 1
        digest = entry_hash(last, stream, seq, body)
        rows.append((stream, seq, *body, last, digest))
        last = digest
    return rows, seq, last
