"""How far many recalls are, for lists."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from .model import Notice, RecallLot
from .part import WHOLE, RecallPart


@dataclass(frozen=True, slots=True)
class Progress:
    """Lots in scope, consignees that have a notice, and how many of these answered for every lot."""

    lots: int = 0
    consignees: int = 0
    answered: int = 0


def progress_of(session: Session, recall_ids: Iterable[str], part: RecallPart = WHOLE) -> dict[str, Progress]:
    """The progress of each recall, in two statements."""
    wanted = list(recall_ids)
    lots = {key: count for key, count in session.execute(
        select(RecallLot.recall_id, func.count())
        .where(RecallLot.recall_id.in_(wanted), part.of_lots).group_by(RecallLot.recall_id))}
    told = {key: (count, answered) for key, count, answered in session.execute(
        select(Notice.recall_id, func.count(), func.count(case((Notice.answered_at.is_not(None), 1))))
        .where(Notice.recall_id.in_(wanted), part.of_notices).group_by(Notice.recall_id))}
    return {key: Progress(lots.get(key, 0), *told.get(key, (0, 0))) for key in wanted}

