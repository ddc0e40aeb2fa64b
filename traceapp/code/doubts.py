"""What quality is told about codes that gave reason to doubt: a task for a lot and reason, never one for each scan."""
from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from traceapp.audit import stream_of
from traceapp.core.clock import Clock
from traceapp.trace.lookup import lots_by_key
from traceapp.worklist.model import Task, TaskState
from traceapp.worklist.tasks import RaiseTask

from .model import ScanDoubt
from .policy import MOST_TASKS_A_DAY, TASK_AGAIN_AFTER, TASK_DUE_AFTER, Doubt

MANY, ABOUT_ALL = "scan.many", "service:scans"
KINDS = tuple(f"scan.{doubt}" for doubt in Doubt)
_MOST_LOOKED_AT = 1000
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class _Group:
    """The doubts of one lot and reason within the last day."""

    lot_key: str
    kind: str
    last_at: datetime
    scans: int

    @property
    def about(self) -> str:
        return stream_of("lot", self.lot_key)


def scan_tasks(session: Session, clock: Clock) -> list[RaiseTask]:
    """The tasks that are to be raised now; at most so many in a day over all lots, beyond that one about all.

    A task is raised again only a day after the last one of its lot and reason, for scans after that one was ended.
    """
    now = clock.now()
    since = now - TASK_AGAIN_AFTER
    rows = session.execute(
        select(ScanDoubt.lot_key, ScanDoubt.reason, func.max(ScanDoubt.last_at), func.sum(ScanDoubt.scans))
        .where(ScanDoubt.last_at > since).group_by(ScanDoubt.lot_key, ScanDoubt.reason)
        .order_by(func.min(ScanDoubt.first_at), ScanDoubt.lot_key, ScanDoubt.reason).limit(_MOST_LOOKED_AT))
    groups = [_Group(lot_key, f"scan.{reason}", last_at, scans) for lot_key, reason, last_at, scans in rows]
    due = _untold(session, groups, since)
    if not due:
        return []
    raised = session.scalar(select(func.count()).select_from(Task).where(Task.kind.in_(KINDS),
                                                                         Task.created_at > since)) or 0
    room = max(0, MOST_TASKS_A_DAY - raised)
    lots = lots_by_key(session, (group.lot_key for group in due[:room]))
    found = [RaiseTask(group.kind, group.about, "quality", now + TASK_DUE_AFTER, group.lot_key,
                       {"number": lots[group.lot_key].number, "scans": group.scans})
             for group in due[:room] if group.lot_key in lots]
    return found + _about_the_rest(session, due[room:], now)


def _about_the_rest(session: Session, rest: Sequence[_Group], now: datetime) -> list[RaiseTask]:
    """One task about all for which there is no room today."""
    if not rest:
        return []
    last = _newest_tasks(session, (ABOUT_ALL,)).get((ABOUT_ALL, MANY))
    if not _may_tell(last, max(rest, key=lambda group: group.last_at), now - TASK_AGAIN_AFTER):
        return []
    return [RaiseTask(MANY, ABOUT_ALL, "quality", now + TASK_DUE_AFTER, None, {"count": len(rest)})]


def _untold(session: Session, groups: Sequence[_Group], since: datetime) -> list[_Group]:
    """The groups about which no task is open, and none was raised lately."""
    newest = _newest_tasks(session, {group.about for group in groups})
    return [group for group in groups if _may_tell(newest.get((group.about, group.kind)), group, since)]


def _newest_tasks(session: Session, abouts: Iterable[str]) -> dict[tuple[str, str], Task]:
    wanted = sorted(abouts)
    found: dict[tuple[str, str], Task] = {}
    for start in range(0, len(wanted), _CHUNK):
        tasks = session.scalars(select(Task).where(Task.about.in_(wanted[start:start + _CHUNK]),
                                                   Task.kind.in_((*KINDS, MANY))).order_by(Task.created_at, Task.id))
        found.update(((task.about, task.kind), task) for task in tasks)
    return found


def _may_tell(task: Task | None, group: _Group, since: datetime) -> bool:
    if task is None:
        return True
    return (task.state != TaskState.open and task.created_at <= since
            and (task.done_at is None or group.last_at > task.done_at))
