"""The consignees of a recall by name: how far each one is, and what is worth looking for among them."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, literal, select
from sqlalchemy.orm import Session

from traceapp.catalog.model import Party

from .balance import IS_OPEN
from .model import Notice, RecallLedger
from .part import WHOLE, RecallPart
from .states import NoticeState


class Standing(StrEnum):
    """`done`: every line is accounted for; `problem`: the letter did not clearly arrive; `open`: the others."""

    open = "open"
    problem = "problem"
    done = "done"


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """How far one consignee is. `lots` and `open_lots` count lines of the ledger."""

    notice_id: str
    consignee_id: str
    consignee_zh: str
    consignee_en: str
    region: str
    state: str
    queued_at: datetime
    sent_at: datetime | None
    opened_at: datetime | None
    answered_at: datetime | None
    reminders: int
    reminded_at: datetime | None
    lots: int
    open_lots: int
    shipped: Decimal


@dataclass(frozen=True, slots=True)
class NoticePage:
    """The rows of page `number` of `pages`; `count`: how many there are on all of them."""

    rows: tuple[NoticeRow, ...]
    count: int
    number: int
    pages: int


def notice_rows(session: Session, recall_id: str, part: RecallPart = WHOLE) -> tuple[NoticeRow, ...]:
    """Every consignee of a recall by name, in one statement."""
    return _rows(session, _Found(recall_id, part).by_name())


def notice_page(session: Session, recall_id: str, standing: Standing | None = None, number: int = 1,
                size: int = 100) -> NoticePage:
    """One page of them, those of one standing when it is said; the last page for a number past the end."""
    found = _Found(recall_id, WHOLE)
    wanted = found.by_name()
    if standing is not None:
        wanted = wanted.where(found.standing == standing.value)
    count = session.scalar(select(func.count()).select_from(
        wanted.with_only_columns(Notice.id).order_by(None).subquery())) or 0
    pages = max(1, -(-count // size))
    number = min(max(1, number), pages)
    return NoticePage(_rows(session, wanted.offset((number - 1) * size).limit(size)), count, number, pages)


class _Found:
    """The statement of a recall's consignees, and its parts that a choice names."""

    def __init__(self, recall_id: str, part: RecallPart) -> None:
        self._recall_id, self._part = recall_id, part
        self._sums = (
            select(RecallLedger.consignee_id, func.count().label("lots"),
                   func.sum(case((IS_OPEN, 1), else_=0)).label("open_lots"),
                   func.sum(RecallLedger.shipped).label("shipped"))
            .where(RecallLedger.recall_id == recall_id, part.of_lines).group_by(RecallLedger.consignee_id).subquery())

    @property
    def standing(self) -> ColumnElement[str]:
        return case((self._sums.c.open_lots == 0, literal(Standing.done.value)),
                    (Notice.state.in_((NoticeState.not_sent, NoticeState.uncertain)), literal(Standing.problem.value)),
                    else_=literal(Standing.open.value))

    def by_name(self) -> Select[Any]:
        sums = self._sums.c
        columns: tuple[Any, ...] = (
            Notice.id, Notice.consignee_id, func.coalesce(Party.name_zh, Notice.consignee_id),
            func.coalesce(Party.name_en, Notice.consignee_id), func.coalesce(Party.region, ""), Notice.state,
            Notice.queued_at, Notice.sent_at, Notice.opened_at, Notice.answered_at, Notice.reminders,
            Notice.reminded_at, func.coalesce(sums.lots, 0), func.coalesce(sums.open_lots, 0),
            func.coalesce(sums.shipped, 0, type_=RecallLedger.shipped.type))
        return (
            select(*columns).select_from(Notice).outerjoin(Party, Party.id == Notice.consignee_id)
            .outerjoin(self._sums, sums.consignee_id == Notice.consignee_id)
            .where(Notice.recall_id == self._recall_id, self._part.of_notices)
            .order_by(Party.name_en, Notice.consignee_id))


def _rows(session: Session, found: Select[Any]) -> tuple[NoticeRow, ...]:
    return tuple(NoticeRow(*row) for row in session.execute(found))
