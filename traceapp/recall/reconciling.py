"""Whether the units of each recalled lot add up: what was made, where all of it is, and what nobody can place."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, case, func, select
from sqlalchemy.orm import Session

from traceapp.audit import record
from traceapp.catalog.texts import required_text, short_text
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, NotFound
from traceapp.identity.policy import permit
from traceapp.trace.model import Lot

from .balance import UNACCOUNTED
from .book_model import DispositionKind, LotDifference
from .cases import recall_by_id, recall_stream
from .disposing import disposed_by_lot
from .drill_model import DrillLot
from .model import Recall, RecallLedger, RecallLot
from .part import WHOLE, RecallPart
from .states import ENDED, RecallState

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class LotBalance:
    """One lot, in its unit: made = stock + consumed + sampled + destroyed + other_losses + given_back + on_hand + used
    + passed_on + coming + consignee_destroyed + corrected + unaccounted + beside.

    `consumed`: went into other lots, reworked units among it. `other_losses`: written off before or beside the recall.
    `coming`: said to be sent back and not counted at our gate yet (below zero: more came than was said). `unaccounted`
    is what the ledger leaves open, `settled` how much of it staff closed with a reason. `unproved`: of those that
    consignees destroyed, nothing shows so many. `beside`: moved past the books of the recall. `undecided`: in our
    hands, and nobody decided what becomes of it; `kept`: of the
    stock, so much is kept as proof or sample."""

    lot_key: str
    number: str
    unit: str | None
    made: Decimal
    stock: Decimal
    undecided: Decimal
    kept: Decimal
    consumed: Decimal
    sampled: Decimal
    destroyed: Decimal
    other_losses: Decimal
    given_back: Decimal
    shipped: Decimal
    on_hand: Decimal
    used: Decimal
    passed_on: Decimal
    came_back: Decimal
    coming: Decimal
    consignee_destroyed: Decimal
    unproved: Decimal
    corrected: Decimal
    unaccounted: Decimal
    settled: Decimal
    beside: Decimal
    explained: Decimal | None
    reason: str
    explained_at: datetime | None

    @property
    def placed(self) -> Decimal:
        """Units of which it is known where they are or what became of them."""
        return (self.stock + self.consumed + self.sampled + self.destroyed + self.other_losses + self.given_back
                + self.on_hand + self.used + self.passed_on + self.coming + self.consignee_destroyed + self.corrected)

    @property
    def difference(self) -> Decimal:
        """made minus placed."""
        return self.made - self.placed

    @property
    def is_explained(self) -> bool:
        """Whether there is nothing to explain, each open line was settled with a reason and nothing moved past the
        books, or somebody gave a reason for just this difference."""
        return self.difference in (0, self.explained) or (self.beside == 0 and self.unaccounted == self.settled)


@dataclass(frozen=True, slots=True)
class ExplainDifference:
    """Why the units of a lot do not add up; `difference` as the page showed it."""

    recall_id: str
    lot_key: str
    difference: Decimal
    reason: str


class _Sums(NamedTuple):
    """The sums that are kept beside a lot."""

    lot_key: str
    number: str
    unit: str | None
    made: Decimal
    returned: Decimal
    consumed: Decimal
    shipped: Decimal
    sampled: Decimal
    lost: Decimal

    @property
    def stock(self) -> Decimal:
        return self.made + self.returned - self.consumed - self.shipped - self.sampled - self.lost


def balances_of(session: Session, recall_id: str, part: RecallPart = WHOLE) -> tuple[LotBalance, ...]:
    """Every lot in scope by number, in five statements; those of a drill as they were when its scope was frozen."""
    sums_kept = [func.coalesce(getattr(DrillLot, name), getattr(Lot, name), type_=Lot.made.type)
                 for name in ("made", "returned", "consumed", "shipped", "sampled", "lost")]
    lots = [_Sums(*row) for row in session.execute(
        select(Lot.lot_key, Lot.number, Lot.unit, *sums_kept)
        .join(RecallLot, RecallLot.lot_key == Lot.lot_key)
        .outerjoin(DrillLot, and_(DrillLot.lot_key == Lot.lot_key, DrillLot.recall_id == RecallLot.recall_id))
        .where(RecallLot.recall_id == recall_id, part.of_lots).order_by(Lot.number, Lot.lot_key))]
    sums = _ledger_sums(session, recall_id)
    disposed = disposed_by_lot(session, recall_id)
    reasons = {row.lot_key: row for row in session.scalars(select(LotDifference).where(
        LotDifference.recall_id == recall_id))}
    return tuple(_balance(lot, sums.get(lot.lot_key, (ZERO,) * 12), disposed, reasons.get(lot.lot_key))
                 for lot in lots)


def suppliers_of(session: Session, recall_id: str) -> list[str]:
    """The ids of those from whom lots in scope came."""
    found = select(Lot.supplier_id).distinct().join(RecallLot, RecallLot.lot_key == Lot.lot_key).where(
        RecallLot.recall_id == recall_id, Lot.supplier_id.is_not(None))
    return sorted(one for one in session.scalars(found) if one)


def _ledger_sums(session: Session, recall_id: str) -> dict[str, tuple[Decimal, ...]]:
    """{lot: sums of shipped, on hand, used, passed on, returned, came back, destroyed, corrected, unproved,
    unaccounted, settled, came back unasked}."""
    row, is_answered = RecallLedger, RecallLedger.on_hand.is_not(None)

    def total(value: ColumnElement[Decimal], *conditions: ColumnElement[bool]) -> ColumnElement[Decimal]:
        return case((and_(*conditions), value), else_=0) if conditions else value

    wanted = [row.shipped, row.on_hand, row.used, row.passed_on, row.returned, row.came_back, row.destroyed,
              row.corrected, row.unproved, UNACCOUNTED, total(UNACCOUNTED, row.settled_at.is_not(None)),
              total(row.came_back.expression, ~is_answered)]
    rows: Sequence[Any] = session.execute(
        select(row.lot_key, *(func.sum(one, type_=row.shipped.type) for one in wanted))
        .where(row.recall_id == recall_id).group_by(row.lot_key)).all()
    return {key: tuple(value or ZERO for value in sums) for key, *sums in rows}


def _balance(lot: _Sums, sums: tuple[Decimal, ...], disposed: dict[tuple[str, str], Decimal],
             explained: LotDifference | None) -> LotBalance:
    shipped, on_hand, used, passed_on, returned, came_back, destroyed, corrected, unproved, *rest = sums
    missing, settled, unasked = rest

    def of(kind: DispositionKind) -> Decimal:
        return disposed.get((lot.lot_key, kind), ZERO)

    stock, gone = lot.stock, of(DispositionKind.destroy) + of(DispositionKind.supplier)
    return LotBalance(
        lot_key=lot.lot_key, number=lot.number, unit=lot.unit, made=lot.made, stock=stock,
        undecided=max(ZERO, stock - of(DispositionKind.keep)), kept=of(DispositionKind.keep),
        consumed=lot.consumed, sampled=lot.sampled,
        destroyed=of(DispositionKind.destroy), other_losses=lot.lost - gone, given_back=of(DispositionKind.supplier),
        shipped=shipped, on_hand=on_hand, used=used, passed_on=passed_on, came_back=came_back,
        coming=returned + unasked - came_back, consignee_destroyed=destroyed, unproved=unproved, corrected=corrected,
        unaccounted=missing, settled=settled, beside=lot.shipped - lot.returned + came_back - shipped,
        explained=explained.difference if explained else None, reason=explained.reason if explained else "",
        explained_at=explained.explained_at if explained else None)


def explain_difference(session: Session, actor: Actor, clock: Clock, command: ExplainDifference) -> LotDifference:
    """Say why the units of a lot do not add up. Raises NotFound, InvalidInput without a reason, Conflict when nothing
    is open or the difference is another by now (code `other-difference`)."""
    permit(actor, "recall.write")
    recall = recall_by_id(session, command.recall_id, lock=True)
    if recall.state in ENDED:
        raise Conflict("The ledger can be changed only while the recall is running; it is “%(state)s”.",
                       code="wrong-state", state=RecallState(recall.state))
    balance = next((one for one in balances_of(session, recall.id) if one.lot_key == command.lot_key), None)
    if balance is None:
        raise NotFound("This batch is not in the scope of this recall.", code="not-in-scope", place="lot_key")
    reason = short_text(required_text(command.reason, place="reason"), 2000, place="reason")
    if balance.difference == 0:
        raise Conflict("There is nothing to explain here: every unit has its place.", code="not-open")
    if balance.difference != command.difference:
        raise Conflict("The difference is another one by now. Look at it again.", code="other-difference",
                       place="difference")
    row, = explain_balances(session, actor, clock, recall, ([balance], reason))
    return row


def explain_balances(session: Session, actor: Actor, clock: Clock, recall: Recall,
                     why: tuple[Sequence[LotBalance], str]) -> list[LotDifference]:
    """Write one reason down for the differences of these lots of a recall that the caller has locked."""
    balances, reason = why
    there = {row.lot_key: row for row in session.scalars(select(LotDifference).where(
        LotDifference.recall_id == recall.id))}
    rows = []
    for balance in balances:
        row = there.get(balance.lot_key) or LotDifference(lot_key=balance.lot_key, recall_id=recall.id)
        row.difference, row.reason = balance.difference, reason
        row.explained_at, row.explained_by = clock.now(), actor.id
        session.add(row)
        record(session, actor, clock.now(), "recall.difference_explained", recall_stream(recall), {
            "lot": row.lot_key, "difference": row.difference, "reason": reason})
        rows.append(row)
    session.flush()
    return rows


def open_balances(session: Session, recall_id: str) -> Sequence[LotBalance]:
    """The lots that stand in the way of the end: units that do not add up and are not explained, or are in our hands
    and undecided."""
    return [one for one in balances_of(session, recall_id) if one.undecided or not one.is_explained]
