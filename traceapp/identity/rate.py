"""Limits on how often one source may try something, kept in the database so that all processes share them."""
from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from traceapp.core.clock import Clock
from traceapp.core.errors import TooMany

from .model import RateWindow


def hit(session: Session, clock: Clock, key: str, limit: int, window_seconds: int) -> int:
    """Count one attempt of `key` in the present window and answer how many there were.

    Raises TooMany for the attempt after `limit`, with the seconds until the next window.
    """
    now = clock.now()
    start = _window(now, window_seconds)
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement = insert(RateWindow).values(key=key, window_start=start, count=1)
    session.execute(statement.on_conflict_do_update(
        index_elements=["key", "window_start"], set_={"count": RateWindow.count + 1}))
    count = session.scalar(select(RateWindow.count).where(RateWindow.key == key, RateWindow.window_start == start)) or 1
    if count > limit:
        wait = int((start + timedelta(seconds=window_seconds) - now).total_seconds()) + 1
        raise TooMany("Too many attempts. Try again in %(minutes)s minutes.", retry_after=wait,
                      minutes=max(1, (wait + 59) // 60))
    return count


def take_back(session: Session, clock: Clock, key: str, window_seconds: int) -> None:
    """Uncount one attempt of `key` in the present window: it turned out to be none of those that are limited."""
    session.execute(update(RateWindow).where(
        RateWindow.key == key, RateWindow.window_start == _window(clock.now(), window_seconds), RateWindow.count > 0)
        .values(count=RateWindow.count - 1).execution_options(synchronize_session=False))


def take_back_last(session: Session, key: str) -> None:
    """The same in the last window in which `key` was counted."""
    last = select(func.max(RateWindow.window_start)).where(RateWindow.key == key).scalar_subquery()
    session.execute(update(RateWindow).where(
        RateWindow.key == key, RateWindow.window_start == last, RateWindow.count > 0)
        .values(count=RateWindow.count - 1).execution_options(synchronize_session=False))


def _window(now: datetime, seconds: int) -> datetime:
    return datetime.fromtimestamp(now.timestamp() // seconds * seconds, UTC)


def forget_old_windows(session: Session, clock: Clock) -> None:
    """Remove windows older than a day."""
    session.execute(delete(RateWindow).where(RateWindow.window_start < clock.now() - timedelta(days=1)))
