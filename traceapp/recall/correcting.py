"""Batches that a signed decision of a recall made of recalled units: corrected stock under numbers of its own.

They descend from what is recalled, and are what its units became: the rules of that recall do not take them in again.
Of another recall, about another fault, they are like any other batch.
"""
from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from traceapp.trace.model import Lot

from .book_model import DispositionKind, DispositionState, RecallDisposition


@dataclass(frozen=True, slots=True)
class Corrected:
    """A batch made of `units` of a recalled one by a decision, and whether quality has released it since."""

    lot_key: str
    number: str
    release_state: str
    from_key: str
    from_number: str
    kind: str
    units: Decimal
    decided_at: datetime | None
    decided_by: str | None


def corrected_of(session: Session, recall_id: str) -> tuple[Corrected, ...]:
    """The batches in the order of their numbers."""
    old, new = aliased(Lot), aliased(Lot)
    rows = session.execute(
        select(new.lot_key, new.number, new.release_state, old.lot_key, old.number, RecallDisposition)
        .select_from(RecallDisposition).join(old, old.lot_key == RecallDisposition.lot_key)
        .join(new, (new.number == RecallDisposition.new_number) & (new.product_id == old.product_id))
        .where(RecallDisposition.recall_id == recall_id, RecallDisposition.state == DispositionState.decided,
               RecallDisposition.kind.in_((DispositionKind.rework, DispositionKind.release)))
        .order_by(new.number, RecallDisposition.id))
    return tuple(Corrected(key, number, state, from_key, from_number, row.kind, row.units, row.decided_at,
                           row.decided_by) for key, number, state, from_key, from_number, row in rows)


def corrected_ways(session: Session, recall_id: str | None) -> frozenset[tuple[str, str]]:
    """(recalled lot, corrected lot): the lines of the genealogy that a scope of this recall does not follow."""
    if recall_id is None:
        return frozenset()
    return frozenset((one.from_key, one.lot_key) for one in corrected_of(session, recall_id))
