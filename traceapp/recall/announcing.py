"""What of a recall is news to those who asked for mail: that it was published, that it grew, that its notice was
changed or taken back. Each is one event with a name that never changes, so that nobody is told of it twice."""
from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from traceapp.core.clock import Clock
from traceapp.worklist.work import add_work

from .model import Recall

# The work row; its subject is the event, and behind a blank the subscriber after whom to go on.
TELL_SUBSCRIBERS = "recall.subscribers"
SCOPE, REVISION = "scope", "revision"


@dataclass(frozen=True, slots=True)
class Event:
    """`kind` is SCOPE or REVISION; `number` the scope that was approved, or the number of the revision."""

    recall_id: str
    kind: str
    number: int

    @property
    def name(self) -> str:
        """As rows and messages name it."""
        return f"{self.recall_id}/{self.kind}-{self.number}"


def event_named(name: str) -> Event:
    """The event of a name."""
    recall_id, _, rest = name.partition("/")
    kind, _, number = rest.partition("-")
    return Event(recall_id, kind, int(number))


def announce_scope(session: Session, clock: Clock, recall: Recall) -> None:
    """People were told of a scope: of the first, or of one that grew. A drill is told to nobody."""
    _announce(session, clock, recall, Event(recall.id, SCOPE, recall.scope_number))


def announce_revision(session: Session, clock: Clock, recall: Recall, number: int) -> None:
    """A notice was corrected or withdrawn."""
    _announce(session, clock, recall, Event(recall.id, REVISION, number))


def _announce(session: Session, clock: Clock, recall: Recall, event: Event) -> None:
    if not recall.is_drill:
        add_work(session, clock, TELL_SUBSCRIBERS, event.name)
