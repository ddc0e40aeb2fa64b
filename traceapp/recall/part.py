"""A part of a recall: some of its batches, some of its consignees."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, true
from sqlalchemy.orm import InstrumentedAttribute

from .model import Notice, RecallLedger, RecallLot


@dataclass(frozen=True, slots=True)
class RecallPart:
    """The lot keys and the ids of consignees that count; None: all."""

    lots: Select[str] | None = None
    consignees: Select[str] | None = None

    @property
    def of_lots(self) -> ColumnElement[bool]:
        """Which rows of the scope."""
        return _among(RecallLot.lot_key, self.lots)

    @property
    def of_notices(self) -> ColumnElement[bool]:
        """Which notices."""
        return _among(Notice.consignee_id, self.consignees)

    def among_consignees(self, column: InstrumentedAttribute[str]) -> ColumnElement[bool]:
        """Which rows of another table, by its consignee."""
        return _among(column, self.consignees)

    @property
    def of_lines(self) -> ColumnElement[bool]:
        """Which lines of the ledger."""
        return _among(RecallLedger.lot_key, self.lots) & _among(RecallLedger.consignee_id, self.consignees)


def _among(column: InstrumentedAttribute[str], keys: Select[Any] | None) -> ColumnElement[bool]:
    return true() if keys is None else column.in_(keys)


WHOLE = RecallPart()
