"""Real work goes on while a drill is played: the sums of its lots when its scope was frozen, and what moved since."""
from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from traceapp.core.quantity import plain
from traceapp.db.insert import insert_many
from traceapp.trace.model import ItemKind, ItemPosition, Lot, PositionState

from .drill_model import DrillLot
from .model import Recall, RecallLot

ZERO = Decimal(0)
_SUMS = ("made", "consumed", "shipped", "returned", "sampled", "lost")
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Sums:
    """The sums of one lot at one moment; `placed`: of the stock, what lies at a known place."""

    made: Decimal
    consumed: Decimal
    shipped: Decimal
    returned: Decimal
    sampled: Decimal
    lost: Decimal
    placed: Decimal = ZERO

    @property
    def stock(self) -> Decimal:
        """What is in the house."""
        return self.made + self.returned - self.consumed - self.shipped - self.sampled - self.lost

    @property
    def away(self) -> Decimal:
        """What left the house and did not come back."""
        return self.shipped - self.returned


def keep_sums(session: Session, recall_id: str) -> None:
    """Keep what the lots in scope of a drill come to, in the transaction that freezes it; a scope frozen anew replaces
    it."""
    session.execute(delete(DrillLot).where(DrillLot.recall_id == recall_id))
    lots = {lot.lot_key: lot for lot in session.scalars(
        select(Lot).join(RecallLot, RecallLot.lot_key == Lot.lot_key).where(RecallLot.recall_id == recall_id)
        .order_by(Lot.lot_key).execution_options(populate_existing=True))}
    placed = _placed(session, lots)
    insert_many(session, DrillLot, [
        {"lot_key": key, "recall_id": recall_id, "placed": placed.get(key, ZERO),
         **{name: getattr(lot, name) for name in _SUMS}} for key, lot in lots.items()])


def frozen_at(session: Session, recall: Recall) -> datetime | None:
    """When the scope was frozen; None for a drill that kept no sums then, which is compared with what there is now."""
    kept = session.scalar(select(DrillLot.lot_key).where(DrillLot.recall_id == recall.id).limit(1))
    return recall.submitted_at if kept else None


def sums_then(session: Session, recall_id: str, lots: Mapping[str, Lot]) -> dict[str, Sums]:
    """{lot key: sums when the scope was frozen}; of a drill that kept none, as they are now."""
    kept = {row.lot_key: sums_of(row, row.placed) for row in session.scalars(
        select(DrillLot).where(DrillLot.recall_id == recall_id))}
    bare = {key: lot for key, lot in lots.items() if key not in kept}
    placed = _placed(session, bare)
    return kept | {key: sums_of(lot, placed.get(key, ZERO)) for key, lot in bare.items()}


def sums_of(row: Lot | DrillLot, placed: Decimal = ZERO) -> Sums:
    """The sums of a lot as they stand in a row."""
    return Sums(row.made, row.consumed, row.shipped, row.returned, row.sampled, row.lost, placed)


def moved_since(lots: Mapping[str, Lot], then: Mapping[str, Sums], came: Collection[Lot]) -> list[dict[str, str]]:
    """What happened to lots in scope after it was frozen, and lots that came into being downstream: no gaps."""
    found = [{"kind": kind, "name": lots[key].number, "lot_key": key, "unit": lots[key].unit or "",
              "amount": plain(amount)}
             for key in sorted(lots, key=lambda key: (lots[key].number, key))
             for kind, amount in _changes(then[key], sums_of(lots[key]))]
    return found + [{"kind": "came", "name": lot.number, "lot_key": lot.lot_key}
                    for lot in sorted(came, key=lambda lot: (lot.number, lot.lot_key))]


def _changes(then: Sums, now: Sums) -> Iterator[tuple[str, Decimal]]:
    for name in _SUMS:
        amount = getattr(now, name) - getattr(then, name)
        if amount:
            yield name, amount


def _placed(session: Session, lots: Mapping[str, Lot]) -> dict[str, Decimal]:
    """{lot key: how much of our own stock lies at a known place}."""
    keys: Sequence[str] = sorted(key for key, lot in lots.items() if is_our_stock(lot) and lot.stock > 0)
    found: dict[str, Decimal] = {}
    for start in range(0, len(keys), _CHUNK):
        found |= {key: amount or ZERO for key, amount in session.execute(
            select(ItemPosition.lot_key, func.sum(ItemPosition.quantity, type_=ItemPosition.quantity.type)).where(
                ItemPosition.lot_key.in_(keys[start:start + _CHUNK]), ItemPosition.until.is_(None),
                ItemPosition.is_stock.is_(True), ItemPosition.state != PositionState.unknown, ItemPosition.place != "")
            .group_by(ItemPosition.lot_key))}
    return found


def is_our_stock(lot: Lot) -> bool:
    """Whether we answer for where the stock of a lot lies."""
    return bool(lot.is_own) and lot.item_kind == ItemKind.lot
