"""Work for a higher package: written in the same transaction as its cause, claimed with a lease, done once."""
from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import delete, func, or_, select
from sqlalchemy.orm import Session

from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict
from traceapp.core.ids import new_id

from .model import WorkRow

_ERROR_LENGTH = 500
_LONGEST_WAIT = timedelta(hours=1)


class LeaseLost(Conflict):
    """Another worker took this row over; what was done under the old lease must be rolled back."""

    code = "lease-lost"


def add_work(session: Session, clock: Clock, kind: str, subject_key: str,
             payload: Mapping[str, object] | None = None) -> WorkRow:
    """A row that `jobs` picks up after the commit. `payload` holds references, never personal values."""
    now = clock.now()
    row = WorkRow(id=new_id(now), kind=kind, subject_key=subject_key, payload=dict(payload or {}), created_at=now,
                  lease_until=None, attempts=0, error=None, done_at=None)
    session.add(row)
    return row


def claim_work(session: Session, clock: Clock, kind: str, limit: int, lease_seconds: int) -> list[WorkRow]:
    """The oldest open rows of a kind that nobody holds, now ours for `lease_seconds`; each attempt is counted.

    Rows that another worker is claiming are skipped on PostgreSQL; on SQLite one writer runs at a time, so keep
    the transaction of the claim short and do the work in the next one.
    """
    now = clock.now()
    wanted = (select(WorkRow)
              .where(WorkRow.kind == kind, WorkRow.done_at.is_(None),
                     or_(WorkRow.lease_until.is_(None), WorkRow.lease_until <= now))
              .order_by(WorkRow.id).limit(limit).with_for_update(skip_locked=True))
    rows = list(session.scalars(wanted))
    for row in rows:
        row.lease_until = now + timedelta(seconds=lease_seconds)
        row.attempts += 1
    session.flush()
    return rows


def _held(session: Session, row: WorkRow) -> WorkRow:
    """The stored row, when the lease of `row` is still the one that stands. Raises LeaseLost."""
    stored = session.get(WorkRow, row.id, with_for_update=True, populate_existing=row not in session)
    if stored is None or stored.done_at is not None or stored.attempts != row.attempts:
        raise LeaseLost("Another worker has taken over this work.")
    return stored


def finish_work(session: Session, clock: Clock, row: WorkRow) -> None:
    """Mark a claimed row as done, in the transaction of what it asked for, so that both happen or neither.

    Raises LeaseLost when the lease ran out and another worker claimed the row.
    """
    stored = _held(session, row)
    stored.done_at, stored.error = clock.now(), None


def fail_work(session: Session, clock: Clock, row: WorkRow, error: str) -> None:
    """Give a claimed row back for another try: after 2, 4, 8 … seconds, at most an hour; never given up.

    `error` is a code or a message without personal values; it is cut to 500 characters. Raises LeaseLost.
    """
    stored = _held(session, row)
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
