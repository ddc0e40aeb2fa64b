"""What is due next about many things, for lists."""
from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from .model import Task, TaskState

_CHUNK = 500


def next_due(session: Session, abouts: Iterable[str]) -> dict[str, tuple[datetime, str]]:
    """(when, kind) of the most urgent open task about each thing; things without one are left out."""
    wanted = sorted(set(abouts))
    found: dict[str, tuple[datetime, str]] = {}
    for start in range(0, len(wanted), _CHUNK):
        rows = session.execute(select(Task.about, Task.due_at, Task.kind).where(
            Task.about.in_(wanted[start:start + _CHUNK]), Task.state == TaskState.open)
            .order_by(Task.due_at, Task.id))
        for about, due_at, kind in rows:
            found.setdefault(about, (due_at, kind))
    return found
