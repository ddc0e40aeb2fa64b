"""Where the units of lots are: with us, on the way, at consignees, used, come back; and of which nobody knows."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from decimal import Decimal

from sqlalchemy import BigInteger, ColumnElement, case, func, select, type_coerce
from sqlalchemy.orm import InstrumentedAttribute, Session

from traceapp.trace.many_keys import listed
from traceapp.trace.model import ItemPosition, Lot, PositionState

from .model import RecallLedger
from .scope_reads import Amounts, parts


@dataclass(frozen=True, slots=True)
class Positions:
    """The units of the lots that are counted in one unit (None: not stated).

    `made` is the sum of the rest: `stock` in our own store; `made_into` other lots; `lost`: samples, destroyed, lost;
    `transit`: sent, and nobody has told of the arrival; `consignee`: arrived or, where they answered, on hand; `used`,
    `back` (sent back and not counted at our gate yet), `passed_on` (to others or consumers), `destroyed` and
    `corrected` as consignees answered, of no line more than it has left;
    `unknown`: what they did not account for, and of other people's lots what their events do not tell."""

    unit: str | None
    lots: int
    made: Decimal
    stock: Decimal
    made_into: Decimal
    lost: Decimal
    transit: Decimal
    consignee: Decimal
    used: Decimal
    back: Decimal
    passed_on: Decimal
    destroyed: Decimal
    corrected: Decimal
    unknown: Decimal

    @property
    def sent(self) -> Decimal:
        """What left us and did not come back before."""
        return (self.transit + self.consignee + self.used + self.back + self.passed_on + self.destroyed
                + self.corrected + self.unknown)


@dataclass(slots=True)
class _Sums:
    """Millionths of one unit; from `answered` on by the answers of consignees."""

    lots: int = 0
    made: int = 0
    consumed: int = 0
    lost: int = 0
    stock: int = 0
    transit: int = 0
    answered: int = 0
    on_hand: int = 0
    used: int = 0
    returned: int = 0
    passed_on: int = 0
    destroyed: int = 0
    corrected: int = 0


_ANSWERED = ("on_hand", "used", "returned", "passed_on", "destroyed", "corrected")


def units_by_position(session: Session, lot_keys: Iterable[str], recall_id: str | None = None) -> tuple[Positions, ...]:
    """The units of these lots by where they are, one row a unit; with the answers to a recall when one is named."""
    sums: dict[str | None, _Sums] = {}
    for part in parts(lot_keys):
        _add_lots(session, part, sums)
        _add_transit(session, part, sums)
        if recall_id is not None:
            _add_answers(session, part, recall_id, sums)
    return tuple(_positions(unit, sums[unit]) for unit in sorted(sums, key=lambda unit: unit or ""))


def _raw(column: InstrumentedAttribute[Decimal] | InstrumentedAttribute[Decimal | None]) -> ColumnElement[int]:
    return func.coalesce(func.sum(type_coerce(column, BigInteger), type_=BigInteger), 0)


def _add_lots(session: Session, keys: list[str], sums: dict[str | None, _Sums]) -> None:
    stock = type_coerce(Lot.made + Lot.returned - Lot.consumed - Lot.shipped - Lot.sampled - Lot.lost, BigInteger)
    there = func.coalesce(func.sum(case((stock > 0, stock), else_=0), type_=BigInteger), 0)
    for unit, *numbers in session.execute(
            select(Lot.unit, func.count(), _raw(Lot.made), _raw(Lot.consumed), _raw(Lot.sampled) + _raw(Lot.lost),
                   there).where(Lot.lot_key.in_(listed(session, keys))).group_by(Lot.unit)):
        _add(sums.setdefault(unit, _Sums()), ("lots", "made", "consumed", "lost", "stock"), numbers)


def _add_transit(session: Session, keys: list[str], sums: dict[str | None, _Sums]) -> None:
    for unit, amount in session.execute(
            select(Lot.unit, _raw(ItemPosition.quantity)).join(Lot, Lot.lot_key == ItemPosition.lot_key)
            .where(ItemPosition.lot_key.in_(listed(session, keys)), ItemPosition.until.is_(None),
                   ItemPosition.state == PositionState.transit, ItemPosition.unit == Lot.unit).group_by(Lot.unit)):
        _add(sums.setdefault(unit, _Sums()), ("transit",), (amount,))


def _add_answers(session: Session, keys: list[str], recall_id: str, sums: dict[str | None, _Sums]) -> None:
    row = RecallLedger  # what came back is in our own store: of the line it is left no more
    left, returned = (case((one > row.came_back, type_coerce(one - row.came_back, BigInteger)), else_=0)
                      for one in (row.shipped, row.returned))
    wanted = {name: type_coerce(getattr(row, name), BigInteger) for name in _ANSWERED} | {"returned": returned}
    for unit, *numbers in session.execute(
            select(Lot.unit, *(func.coalesce(func.sum(one, type_=BigInteger), 0) for one in (left, *wanted.values())))
            .join(Lot, Lot.lot_key == RecallLedger.lot_key)
            .where(RecallLedger.recall_id == recall_id, RecallLedger.lot_key.in_(listed(session, keys)),
                   RecallLedger.on_hand.is_not(None)).group_by(Lot.unit)):
        _add(sums.setdefault(unit, _Sums()), ("answered", *_ANSWERED), numbers)


def _add(sums: _Sums, names: tuple[str, ...], numbers: Iterable[int]) -> None:
    for name, number in zip(names, numbers, strict=True):
        setattr(sums, name, getattr(sums, name) + int(number))


def _positions(unit: str | None, sums: _Sums) -> Positions:
    """An answer counts before what events tell of the same units; what is sent and neither answered nor on the way has
    arrived."""
    sent = max(0, sums.made - sums.stock - sums.consumed - sums.lost)
    answered = min(sent, sums.answered)
    transit = min(sums.transit, sent - answered)
    told, left = list[int](), answered
    for amount in (sums.used, sums.returned, sums.passed_on, sums.destroyed, sums.corrected, sums.on_hand):
        told.append(min(amount, left))
        left -= told[-1]
    arrived = sent - answered - transit + told.pop()
    amounts = Amounts()
    raw = (sums.made, sums.stock, sums.consumed, sums.lost, transit, arrived, *told, left)
    names = [one.name for one in fields(Positions)][2:]
    return Positions(unit, sums.lots, **{name: amounts[value] for name, value in zip(names, raw, strict=True)})
