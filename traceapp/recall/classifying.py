"""The class of a recall by jurisdiction: what we propose, what an authority assigns, and what a stricter one begins."""
from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from traceapp.audit import record
from traceapp.catalog.texts import required_text, short_text
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, InvalidInput
from traceapp.db import expect_revision
from traceapp.identity.policy import permit
from traceapp.trace.guards import place_of

from .cases import recall_by_id, recall_stream
from .classes import classifications_now, is_graver
from .classification_model import RecallClassification
from .clocks import start_classified_clocks
from .states import ENDED, RecallClass

_JURISDICTION = re.compile(r"[A-Z]{2}")


@dataclass(frozen=True, slots=True)
class ClassifyRecall:
    """`jurisdiction`: `CN`, `US`, `EU` or another country. `is_assigned`: the authority `by_whom` did, else we propose.
    `basis` says why: a letter, a number, a rule."""

    recall_id: str
    jurisdiction: str
    recall_class: str
    is_assigned: bool
    on: date
    basis: str
    by_whom: str = ""
    revision: int | None = None


def classify_recall(session: Session, actor: Actor, clock: Clock, command: ClassifyRecall) -> RecallClassification:
    """Write down a class. One that an authority assigns, and that is stricter than the one that was decided, begins the
    clocks of its class there; before the decision or the approval they begin with it. Raises InvalidInput naming the
    field, Conflict for an ended recall, Stale."""
    permit(actor, "recall.write")
    recall = recall_by_id(session, command.recall_id, lock=True)
    expect_revision(recall, command.revision)
    if recall.state in ENDED:
        raise Conflict("This recall is ended. Open it again first.", code="wrong-state")
    _refuse_bad(clock, command)
    before = classifications_now(session, recall.id).get(command.jurisdiction)
    position = (session.scalar(select(func.max(RecallClassification.position)).where(
        RecallClassification.recall_id == recall.id)) or 0) + 1
    row = RecallClassification(
        recall_id=recall.id, position=position, jurisdiction=command.jurisdiction,
        recall_class=str(command.recall_class), is_assigned=command.is_assigned,
        by_whom=short_text(command.by_whom, 200, place="by_whom"), on=command.on,
        basis=short_text(required_text(command.basis, place="basis"), 4000, place="basis"), at=clock.now(),
        by=actor.id)
    session.add(row)
    record(session, actor, clock.now(), "recall.classified", recall_stream(recall), {
        "jurisdiction": row.jurisdiction, "class": row.recall_class, "assigned": row.is_assigned,
        "by_whom": row.by_whom, "on": row.on.isoformat(), "basis": row.basis,
        "before": before.recall_class if before else None})
    session.flush()
    if row.is_assigned and recall.decided_at is not None and is_graver(row.recall_class, recall.recall_class):
        start_classified_clocks(session, actor, clock, recall, row.jurisdiction,
                                _assigned_at(session, clock, row.on, recall.decided_at))
    return row


def _assigned_at(session: Session, clock: Clock, on: date, decided_at: datetime) -> datetime:
    """When the clocks of a class begin that was assigned on a day: with the day, at our plant, however late it is
    written down; not before the decision."""
    begun = datetime.combine(on, time(), ZoneInfo(place_of(session, None).zone)).astimezone(UTC)
    return min(clock.now(), max(begun, decided_at))


def _refuse_bad(clock: Clock, command: ClassifyRecall) -> None:
    if command.recall_class not in set(RecallClass):
        raise InvalidInput("The class of a recall is I, II or III.", code="unknown-class", place="recall_class")
    if not _JURISDICTION.fullmatch(command.jurisdiction):
        raise InvalidInput("Write the jurisdiction as two letters: CN, US, EU or a country.", code="unknown-place",
                           place="jurisdiction")
    if command.is_assigned and not command.by_whom.strip():
        raise InvalidInput("Say which authority assigned it.", code="no-authority", place="by_whom")
    if command.on > (clock.now() + timedelta(days=1)).date():
        raise InvalidInput("This day has not come yet.", code="in-the-future", place="on")
