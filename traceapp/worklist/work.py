"""Work for a higher package: written in the same transaction as its cause, claimed with a lease, done once."""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, String, bindparam, delete, func, literal_column, or_, select, update
from sqlalchemy.orm import Session

from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict
from traceapp.core.ids import new_id
from traceapp.db import UtcTime
from traceapp.db.among import unseen
from traceapp.db.insert import insert_rows

from .model import WorkRow

_ERROR_LENGTH = 500
_LONGEST_WAIT = timedelta(hours=1)


class Piece(NamedTuple):
    """An open row as it was taken for the length of one transaction."""

    id: str
    subject_key: str
    attempts: int


_COLUMNS = ("id", "kind", "subject_key", "payload", "created_at", "attempts")
# Made once: making them again took longer than the database needs.
_FREE = (WorkRow.kind == bindparam("kind"), WorkRow.done_at.is_(None),
         or_(WorkRow.lease_until.is_(None), WorkRow.lease_until <= bindparam("now")))
_work, _open = WorkRow.__table__, WorkRow.__table__.alias("open_work")
_FREE_ROW = (_open.c.kind == unseen("of_kind", String()), _open.c.done_at.is_(None),
             or_(_open.c.lease_until.is_(None), _open.c.lease_until <= unseen("now", UtcTime())))
# In an order that the index of open rows alone has: in that of the key, all that is done would be read through first.
_ANY = select(_open.c.id).where(*_FREE_ROW).order_by(_open.c.created_at, _open.c.id).limit(literal_column("1"))
_OLDEST = _ANY.with_for_update(skip_locked=True)
_TAKE = (update(_work).where(_work.c.id == _OLDEST.scalar_subquery())  # type: ignore[arg-type]
         .values(done_at=bindparam("now"), error=None)
         .returning(_work.c.id, _work.c.subject_key, _work.c.attempts))


class LeaseLost(Conflict):
    """Another worker took this row over; what was done under the old lease must be rolled back."""

    code = "lease-lost"


def add_work(session: Session, clock: Clock, kind: str, subject_key: str,
             payload: Mapping[str, object] | None = None) -> None:
    """A row that `jobs` picks up after the commit. `payload` holds references, never personal values."""
    now = clock.now()
    insert_rows(session, WorkRow, _COLUMNS, [(new_id(now), kind, subject_key, dict(payload or {}), now, 0)])


def add_works(session: Session, clock: Clock, kind: str, subject_keys: Iterable[str]) -> None:
    """Such a row for each of many things, in their order."""
    now = clock.now()
    insert_rows(session, WorkRow, _COLUMNS, [(new_id(now), kind, key, {}, now, 0) for key in subject_keys])


def claim_work(session: Session, clock: Clock, kind: str, limit: int, lease_seconds: int) -> list[WorkRow]:
    """The oldest open rows of a kind that nobody holds, now ours for `lease_seconds`; each attempt is counted.

    Rows that another worker is claiming are skipped on PostgreSQL; on SQLite one writer runs at a time, so keep
    the transaction of the claim short and do the work in the next one.
    """
    now = clock.now()
    wanted = select(WorkRow).where(*_FREE).order_by(WorkRow.created_at, WorkRow.id).limit(limit)
    rows = list(session.scalars(wanted.with_for_update(skip_locked=True), {"kind": kind, "now": now}))
    for row in rows:
        row.lease_until = now + timedelta(seconds=lease_seconds)
        row.attempts += 1
    session.flush()
    return rows


def take_work(session: Session, clock: Clock, kind: str) -> Piece | None:
    """The oldest open row of a kind that nobody holds, done in this very transaction: until that ends nobody else takes
    it, and where it fails the row is as it was. For work of milliseconds: no lease has to be committed first."""
    found = session.connection().execute(_TAKE, {"of_kind": kind, "now": clock.now()}).first()
    return None if found is None else Piece(*found)


def has_work(looking: Session | Connection, clock: Clock, kind: str) -> bool:
    """Whether there is a row that could be taken now."""
    return looking.execute(_ANY, {"of_kind": kind, "now": clock.now()}).first() is not None


def finish_work(session: Session, clock: Clock, row: WorkRow) -> None:
    """Mark a row that is ours as done, in the transaction of what it asked for, so that both happen or neither.

    Raises LeaseLost when the lease ran out and another worker claimed the row.
    """
    done = session.execute(update(WorkRow).where(
        WorkRow.id == row.id, WorkRow.done_at.is_(None), WorkRow.attempts == row.attempts)
        .values(done_at=clock.now(), error=None).returning(WorkRow.id)).first()
    if done is None:
        raise LeaseLost("Another worker has taken over this work.")


def fail_work(session: Session, clock: Clock, row: WorkRow | Piece, error: str) -> None:
    """Give a row back for another try: after 2, 4, 8 … seconds, at most an hour; never given up. What was tried with a
    piece is counted only now.

    `error` is a code or a message without personal values; it is cut to 500 characters. Raises LeaseLost.
    """
    is_known = isinstance(row, WorkRow) and row in session
    stored = session.get(WorkRow, row.id, with_for_update=True, populate_existing=not is_known)
    if stored is None or stored.done_at is not None or stored.attempts != row.attempts:
        raise LeaseLost("Another worker has taken over this work.")
    if isinstance(row, Piece):
        stored.attempts += 1
    wait = min(timedelta(seconds=2 ** min(stored.attempts, 20)), _LONGEST_WAIT)
    stored.error, stored.lease_until = error[:_ERROR_LENGTH], clock.now() + wait


def open_work(session: Session) -> dict[str, int]:
    """How many rows of each kind wait or are being worked on."""
    counted = select(WorkRow.kind, func.count()).where(WorkRow.done_at.is_(None)).group_by(WorkRow.kind)
    return {kind: number for kind, number in session.execute(counted)}


def purge_work(session: Session, before: datetime, limit: int = 5000) -> int:
    """How many rows that were done before `before` were deleted; at most `limit` in one go."""
    ids = list(session.scalars(select(WorkRow.id).where(WorkRow.done_at < before).limit(limit)))
    if ids:
        session.execute(delete(WorkRow).where(WorkRow.id.in_(ids)))
    return len(ids)
