"""Proposing whose personal details may be erased. Nothing is erased here."""
from __future__ import annotations

from datetime import timedelta

from traceapp.adverse_event.persons import expired_persons
from traceapp.core.actor import SYSTEM
from traceapp.worklist.model import TaskState
from traceapp.worklist.tasks import RaiseTask, complete_tasks, raise_task, tasks_about
from traceapp.world import World

ABOUT, DUTY = "service:retention", "person.retention"
_WITHIN = timedelta(days=30)


def propose_erasures(world: World, limit: int = 200) -> int:
    """A duty of the quality manager while there are persons whose retention has run out; answers how many were seen."""
    with world.database.read() as session:
        found = len(expired_persons(session, world.clock, limit))
        is_open = any(task.kind == DUTY and task.state == TaskState.open for task in tasks_about(session, ABOUT))
    if bool(found) == is_open:
        return found
    with world.database.write() as session:
        if found:
            raise_task(session, SYSTEM, world.clock, RaiseTask(
                DUTY, ABOUT, "quality_manager", world.clock.now() + _WITHIN, None, {"count": found}))
        else:
            complete_tasks(session, SYSTEM, world.clock, ABOUT, DUTY, "none left")
    return found
