"""Reads of recalls for staff, regulators and the API."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import Select, case, exists, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.sql.elements import ColumnElement

from traceapp.audit.model import AuditEntry
from traceapp.catalog.model import Party, Product
from traceapp.catalog.queries import contains
from traceapp.core.errors import Name
from traceapp.db.page import Order, Page, page_of
from traceapp.trace.model import Lot

from .answer_said import counted_of
from .balance import IS_OPEN, PLACED, UNACCOUNTED, is_line_in
from .cases import IS_TOLD_LINE, TOLD, notice_stream
from .ledger import state_of
from .model import Notice, NoticeAttempt, Recall, RecallLedger, RecallLot, RecallSignature, RecallSnapshot
from .part import WHOLE, RecallPart
from .policy import LineState, unaccounted
from .states import NoticeState
from .told import is_untold

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class RecallFilter:
    """`text` looks into reference and titles; `states` empty: all; a lot or a consignee that it is about; `is_told`:
    only those that people know of; `is_drill`: drills, None: both; `within`: the ids that may be found."""

    text: str = ""
    states: tuple[str, ...] = ()
    recall_class: str | None = None
    lot_key: str | None = None
    consignee_id: str | None = None
    opened_from: datetime | None = None
    opened_before: datetime | None = None
    signal_id: str | None = None
    is_told: bool = False
    is_drill: bool | None = False
    within: Select[str] | None = None
    after: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class LedgerFilter:
    """`text` looks into consignee names, code, region and lot number; `state` is a LineState. `is_told`: without what
    a growing scope adds."""

    recall_id: str
    text: str = ""
    state: str | None = None
    consignee_id: str | None = None
    is_told: bool = False
    part: RecallPart = WHOLE
    after: str | None = None
    limit: int = 100


class ScopeRow(NamedTuple):
    """A lot in the stored scope of a recall."""

    lot_key: str
    uri: str
    number: str
    product_id: str | None
    name_zh: str
    name_en: str
    path: str
    made: Decimal
    in_stock: Decimal
    shipped: Decimal
    unit: str | None
    made_on: date | None
    expires_on: date | None


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One lot at one consignee; numbers None without an answer. `told_at`: when a letter left or somebody was reached,
    the earlier of both."""

    consignee_id: str
    consignee_zh: str
    consignee_en: str
    region: str
    lot_key: str
    number: str
    product_zh: str
    product_en: str
    unit: str | None
    shipped: Decimal
    told_at: datetime | None
    received: Decimal | None
    on_hand: Decimal | None
    used: Decimal | None
    passed_on: Decimal | None
    passed_to: str
    returned: Decimal | None
    came_back: Decimal
    destroyed: Decimal | None
    unproved: Decimal
    corrected: Decimal | None
    unaccounted: Decimal
    state: LineState
    answered_at: datetime | None
    answered_by: str
    explanation: str
    settled_at: datetime | None
    settled_by: str | None
    settled_reason: str


@dataclass(frozen=True, slots=True)
class UnitSums:
    """The ledger in one unit: shipped = on_hand + used + passed_on + returned + destroyed + corrected + unaccounted +
    unanswered. `unaccounted` is of answered lines and below zero where more was placed than shipped: by `beyond`, which
    would hide as many that are `missing` elsewhere; `settled`: what of both was settled for a reason. `unproved`: of
    `destroyed`, what nothing shows yet. `came_back`: what we counted at our gate, of `returned` and of what nobody
    answered for."""

    unit: str | None
    shipped: Decimal
    on_hand: Decimal
    used: Decimal
    passed_on: Decimal
    returned: Decimal
    came_back: Decimal
    destroyed: Decimal
    corrected: Decimal
    unaccounted: Decimal
    unanswered: Decimal
    settled: Decimal
    unproved: Decimal
    beyond: Decimal

    @property
    def missing(self) -> Decimal:
        """What answers place nowhere, whatever other answers say beyond what was shipped."""
        return self.unaccounted + self.beyond


@dataclass(frozen=True, slots=True)
class Totals:
    """The funnel of a recall, in consignees and in lines; and the units."""

    consignees: int
    notified: int
    opened: int
    answered: int
    not_sent: int
    uncertain: int
    lines: int
    open_lines: int
    units: tuple[UnitSums, ...]


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One act on a notice, from the trail. `data` is the canonical JSON that was recorded."""

    at: datetime
    actor_id: str
    action: str
    data: str


def recall_page(session: Session, wanted: RecallFilter) -> Page[Recall]:
    """Recalls, the newest first."""
    found = select(Recall)
    if wanted.text.strip():
        pattern = contains(wanted.text.strip())
        found = found.where(or_(*(column.ilike(pattern, escape="\\")
                                  for column in (Recall.reference, Recall.title_zh, Recall.title_en))))
    if wanted.states:
        found = found.where(Recall.state.in_(wanted.states))
    found = found.where(TOLD) if wanted.is_told else found
    if wanted.is_drill is not None:
        found = found.where(Recall.is_drill.is_(wanted.is_drill))
    if wanted.within is not None:
        found = found.where(Recall.id.in_(wanted.within))
    for column, value in ((Recall.recall_class, wanted.recall_class), (Recall.signal_id, wanted.signal_id)):
        if value:
            found = found.where(column == value)
    if wanted.opened_from:
        found = found.where(Recall.opened_at >= wanted.opened_from)
    if wanted.opened_before:
        found = found.where(Recall.opened_at < wanted.opened_before)
    return page_of(session, _about(found, wanted), Order(Recall.opened_at, Recall.id, descending=True),
                   wanted.after, wanted.limit)


def _about(found: Select[Recall], wanted: RecallFilter) -> Select[Recall]:
    if wanted.lot_key:
        found = found.where(exists(select(RecallLot.lot_key).where(
            RecallLot.recall_id == Recall.id, RecallLot.lot_key == wanted.lot_key)))
    if wanted.consignee_id:
        found = found.where(exists(select(Notice.id).where(
            Notice.recall_id == Recall.id, Notice.consignee_id == wanted.consignee_id)))
    return found


def consignee_names(session: Session, consignee_ids: Sequence[str]) -> dict[str, str]:
    """What each consignee is called in messages, in both languages."""
    found: dict[str, str] = {key: key for key in consignee_ids}
    for start in range(0, len(consignee_ids), 500):
        found.update({key: Name(chinese, english) for key, chinese, english in session.execute(
            select(Party.id, Party.name_zh, Party.name_en).where(Party.id.in_(consignee_ids[start:start + 500])))})
    return found


def recall_by_reference(session: Session, reference: str) -> Recall | None:
    """The recall that people call by this number, in any state; None when there is none."""
    return session.scalar(select(Recall).where(Recall.reference == reference))


def scope_rows(session: Session, recall_id: str, part: RecallPart = WHOLE,
               most: int | None = None) -> tuple[ScopeRow, ...]:
    """The stored scope, by product and number, or the first lots of it; empty before lots were chosen."""
    rows = session.execute(
        select(Lot.lot_key, Lot.uri, Lot.number, Lot.product_id, func.coalesce(Product.name_zh, Lot.name),
               func.coalesce(Product.name_en, Lot.name), RecallLot.path, RecallLot.made, RecallLot.in_stock,
               RecallLot.shipped, Lot.unit, Lot.made_on, Lot.expires_on)
        .select_from(RecallLot).join(Lot, Lot.lot_key == RecallLot.lot_key)
        .outerjoin(Product, Product.id == Lot.product_id).where(RecallLot.recall_id == recall_id, part.of_lots)
        .order_by(Product.code, Lot.number, Lot.lot_key).limit(most))
    return tuple(ScopeRow._make(row) for row in rows)


def count_lots(session: Session, recall_id: str) -> int:
    """How many lots the stored scope has."""
    return session.scalar(select(func.count()).select_from(RecallLot).where(RecallLot.recall_id == recall_id)) or 0


@dataclass(frozen=True, slots=True)
class Approval:
    """What a second signature begins: all lots of the scope, and the lines and consignees that are new in it."""

    lots: int
    lines: int
    consignees: int


def approval_of(session: Session, recall: Recall) -> Approval:
    """What the approval of a submitted scope begins."""
    lines, consignees = session.execute(
        select(func.count(), func.count(RecallLedger.consignee_id.distinct())).select_from(RecallLedger)
        .where(RecallLedger.recall_id == recall.id, RecallLedger.scope_number == recall.scope_number)).one()
    return Approval(count_lots(session, recall.id), lines, consignees)


def signatures(session: Session, recall_id: str) -> tuple[RecallSignature, ...]:
    """Who signed what, in order."""
    return tuple(session.scalars(select(RecallSignature).where(RecallSignature.recall_id == recall_id)
                                 .order_by(RecallSignature.position)))


def snapshots_of(session: Session, recall_id: str) -> tuple[RecallSnapshot, ...]:
    """The scope each time that it was frozen, the first time first."""
    return tuple(session.scalars(select(RecallSnapshot).where(RecallSnapshot.recall_id == recall_id)
                                 .order_by(RecallSnapshot.position)))


def ledger_page(session: Session, wanted: LedgerFilter) -> Page[LedgerRow]:
    """Lines of the ledger by consignee, two lots of one consignee beside each other."""
    found = select(RecallLedger).where(RecallLedger.recall_id == wanted.recall_id, wanted.part.of_lines)
    if wanted.consignee_id:
        found = found.where(RecallLedger.consignee_id == wanted.consignee_id)
    if wanted.is_told:
        found = found.join(Recall, Recall.id == RecallLedger.recall_id).where(IS_TOLD_LINE)
    if wanted.state:
        found = found.where(is_line_in(LineState(wanted.state)))
    if wanted.text.strip():
        pattern = contains(wanted.text.strip())
        parties = select(Party.id).where(or_(*(column.ilike(pattern, escape="\\") for column in (
            Party.code, Party.name_zh, Party.name_en, Party.region))))
        lots = select(Lot.lot_key).join(RecallLot, RecallLot.lot_key == Lot.lot_key).where(
            RecallLot.recall_id == wanted.recall_id, Lot.number.ilike(pattern, escape="\\"))
        found = found.where(or_(RecallLedger.consignee_id.in_(parties), RecallLedger.lot_key.in_(lots)))
    page = page_of(session, found, Order(RecallLedger.consignee_id, RecallLedger.lot_key), wanted.after, wanted.limit)
    return Page(_with_names(session, page.rows), page.total, page.next)


def ledger_of(session: Session, recall_id: str, consignee_id: str) -> tuple[LedgerRow, ...]:
    """Every line of one consignee that it is told of."""
    return ledger_page(session, LedgerFilter(recall_id, consignee_id=consignee_id, is_told=True, limit=1000)).rows


def _with_names(session: Session, rows: Sequence[RecallLedger]) -> tuple[LedgerRow, ...]:
    parties = {party.id: party for party in session.scalars(
        select(Party).where(Party.id.in_({row.consignee_id for row in rows})))}
    lots = {lot.lot_key: (lot, product) for lot, product in session.execute(
        select(Lot, Product).outerjoin(Product, Product.id == Lot.product_id)
        .where(Lot.lot_key.in_({row.lot_key for row in rows})))}
    told = _told_at(session, rows)
    return tuple(_ledger_row(row, parties.get(row.consignee_id), told.get((row.recall_id, row.consignee_id)),
                             lots.get(row.lot_key, (None, None))) for row in rows)


def _told_at(session: Session, rows: Sequence[RecallLedger]) -> dict[tuple[str, str], datetime]:
    recalls, consignees = {row.recall_id for row in rows}, {row.consignee_id for row in rows}
    reached = {(recall, consignee): at for recall, consignee, at in session.execute(
        select(NoticeAttempt.recall_id, NoticeAttempt.consignee_id, func.min(NoticeAttempt.at))
        .where(NoticeAttempt.recall_id.in_(recalls), NoticeAttempt.consignee_id.in_(consignees),
               NoticeAttempt.reached.is_(True)).group_by(NoticeAttempt.recall_id, NoticeAttempt.consignee_id))}
    sent = {(recall, consignee): at for recall, consignee, at in session.execute(
        select(Notice.recall_id, Notice.consignee_id, Notice.sent_at).where(
            Notice.recall_id.in_(recalls), Notice.consignee_id.in_(consignees), Notice.sent_at.is_not(None)))}
    return reached | {key: min(at, reached.get(key, at)) for key, at in sent.items() if at is not None}


def _ledger_row(row: RecallLedger, party: Party | None, told_at: datetime | None,
                thing: tuple[Lot | None, Product | None]) -> LedgerRow:
    lot, product = thing
    name, counted = lot.name if lot else "", counted_of(row)
    return LedgerRow(
        consignee_id=row.consignee_id, consignee_zh=party.name_zh if party else row.consignee_id,
        consignee_en=party.name_en if party else row.consignee_id, region=party.region if party else "",
        lot_key=row.lot_key, number=lot.number if lot else row.lot_key,
        product_zh=product.name_zh if product else name, product_en=product.name_en if product else name,
        unit=lot.unit if lot else None, shipped=row.shipped, told_at=told_at, received=row.received,
        on_hand=row.on_hand, used=row.used, passed_on=counted.passed_on if counted else None, passed_to=row.passed_to,
        returned=row.returned, came_back=row.came_back, destroyed=counted.destroyed if counted else None,
        unproved=row.unproved, corrected=counted.corrected if counted else None,
        unaccounted=unaccounted(row.shipped, counted, row.came_back),
        state=state_of(row), answered_at=row.answered_at, answered_by=row.answered_by, explanation=row.explanation,
        settled_at=row.settled_at, settled_by=row.settled_by, settled_reason=row.settled_reason)


def totals_of(session: Session, recall_id: str, part: RecallPart = WHOLE) -> Totals:
    """The funnel and the sums, in three statements. `notified`: a server took the letter, somebody was reached, or
    there is an answer."""
    consignees, notified, opened, answered, not_sent, uncertain = session.execute(select(
        func.count(), _count_if(~is_untold()),
        _count_if(or_(Notice.opened_at.is_not(None), Notice.answered_at.is_not(None))),
        _count_if(Notice.answered_at.is_not(None)), _count_if(Notice.state == NoticeState.not_sent),
        _count_if(Notice.state == NoticeState.uncertain)).where(Notice.recall_id == recall_id, part.of_notices)).one()
    lines, open_lines = session.execute(select(func.count(), _count_if(IS_OPEN)).where(
        RecallLedger.recall_id == recall_id, part.of_lines)).one()
    return Totals(consignees, notified, opened, answered, not_sent, uncertain, lines, open_lines,
                  _unit_sums(session, recall_id, part))


def _count_if(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count(case((condition, 1)))


def _unit_sums(session: Session, recall_id: str, part: RecallPart) -> tuple[UnitSums, ...]:
    is_answered, is_settled = RecallLedger.on_hand.is_not(None), RecallLedger.settled_at.is_not(None)

    def total(value: ColumnElement[Decimal] | InstrumentedAttribute[Decimal],
              *conditions: ColumnElement[bool]) -> ColumnElement[Decimal]:
        return func.sum(value, type_=RecallLedger.shipped.type).filter(*conditions)

    places = (RecallLedger.on_hand, RecallLedger.used, RecallLedger.passed_on, RecallLedger.returned,
              RecallLedger.came_back, RecallLedger.destroyed, RecallLedger.corrected)
    rows = session.execute(
        select(Lot.unit, func.sum(RecallLedger.shipped), *(func.sum(place) for place in places),
               total(RecallLedger.shipped - PLACED, is_answered), total(UNACCOUNTED, ~is_answered),
               total(RecallLedger.came_back, ~is_answered), total(UNACCOUNTED, is_settled),
               func.sum(RecallLedger.unproved), total(-(RecallLedger.shipped - PLACED), RecallLedger.shipped < PLACED))
        .join(Lot, Lot.lot_key == RecallLedger.lot_key).where(RecallLedger.recall_id == recall_id, part.of_lines)
        .group_by(Lot.unit).order_by(Lot.unit))
    return tuple(_in_unit(unit, [value or ZERO for value in sums]) for unit, *sums in rows)


def _in_unit(unit: str | None, sums: Sequence[Decimal]) -> UnitSums:
    shipped, on_hand, used, passed_on, returned, came_back, destroyed, corrected, *rest = sums
    unaccounted, unanswered, back_unasked, settled, unproved, beyond = rest
    return UnitSums(unit, shipped, on_hand, used, passed_on, returned + back_unasked, came_back, destroyed, corrected,
                    unaccounted, unanswered, settled, unproved, beyond)


def answer_history(session: Session, notice_id: str) -> tuple[HistoryEntry, ...]:
    """All that happened to one notice, oldest first: sending, opening, answers with before and after, settling."""
    rows = session.scalars(select(AuditEntry).where(AuditEntry.stream == notice_stream(notice_id))
                           .order_by(AuditEntry.seq))
    return tuple(HistoryEntry(row.at, row.actor_id, row.action, row.data) for row in rows)
