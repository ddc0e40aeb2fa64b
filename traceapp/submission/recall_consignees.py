"""Every consignee of a recall with its batches and despatches, read in parts however many there are."""
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import and_, exists, func, or_, select
from sqlalchemy.orm import Session

from traceapp.catalog.model import Party, PartyContact
from traceapp.export.recall_files.dossier import ConsigneeLine
from traceapp.export.recall_files.rendering import Consignees
from traceapp.recall.book_model import RecallReturn
from traceapp.recall.model import Notice, NoticeAttempt, RecallLedger
from traceapp.recall.told_first import proofs_of_telling, scopes_told_since
from traceapp.trace.model import Lot, ShipmentLine

_PART = 1000
_ZONE = ZoneInfo("Asia/Shanghai")


def consignees_of(session: Session, recall_id: str, seen: Callable[[int], None]) -> Consignees:
    """The lines of the ledger by consignee and batch, as files list them. The session has to live as long as they are
    read; `seen` hears of each part of them how many lines it has."""
    return Consignees(count_lines(session, recall_id), lambda: consignee_lines(session, recall_id, seen))


def count_lines(session: Session, recall_id: str) -> int:
    """How many lines the ledger has."""
    return session.scalar(select(func.count()).select_from(RecallLedger)
                          .where(RecallLedger.recall_id == recall_id)) or 0


def consignee_lines(session: Session, recall_id: str, seen: Callable[[int], None]) -> Iterator[ConsigneeLine]:
    """The same one by one: three statements for each thousand lines, four where the scope grew."""
    after: tuple[str, str] | None = None
    since = scopes_told_since(session, recall_id)
    while rows := _part(session, recall_id, after):
        yield from _told(session, recall_id, rows, since)
        seen(len(rows))
        after = (rows[-1].consignee_id, rows[-1].lot_key)


def _part(session: Session, recall_id: str, after: tuple[str, str] | None) -> Sequence[Any]:
    reached = select(func.min(NoticeAttempt.at)).where(
        NoticeAttempt.recall_id == Notice.recall_id, NoticeAttempt.consignee_id == Notice.consignee_id,
        NoticeAttempt.reached.is_(True), NoticeAttempt.at >= Notice.queued_at).correlate(Notice).scalar_subquery()
    wanted = select(
        RecallLedger.consignee_id, RecallLedger.lot_key, RecallLedger.scope_number, RecallLedger.shipped,
        RecallLedger.answered_at,
        RecallLedger.on_hand, RecallLedger.used, RecallLedger.returned, RecallLedger.passed_on, RecallLedger.passed_to,
        RecallLedger.destroyed, RecallLedger.corrected, RecallLedger.came_back, Notice.sent_at,
        reached.label("reached_at"),
        Notice.answered_at.label("heard_at"), Notice.state, Party.code, Party.name_zh, Party.name_en, Party.gln,
        Party.country, Party.region, Party.city, Party.address, Party.postcode, Lot.number, Lot.unit).outerjoin(
            Notice, and_(Notice.recall_id == RecallLedger.recall_id,
                         Notice.consignee_id == RecallLedger.consignee_id)).outerjoin(
            Party, Party.id == RecallLedger.consignee_id).outerjoin(Lot, Lot.lot_key == RecallLedger.lot_key).where(
                RecallLedger.recall_id == recall_id)
    if after is not None:
        wanted = wanted.where(or_(RecallLedger.consignee_id > after[0], and_(
            RecallLedger.consignee_id == after[0], RecallLedger.lot_key > after[1])))
    return session.execute(wanted.order_by(RecallLedger.consignee_id, RecallLedger.lot_key).limit(_PART)).all()


def _told(session: Session, recall_id: str, rows: Sequence[Any],
          since: Mapping[int, datetime]) -> Iterator[ConsigneeLine]:
    consignees, keys = {row.consignee_id for row in rows}, {row.lot_key for row in rows}
    phones, despatches = _phones(session, consignees), _despatches(session, recall_id, keys, consignees)
    # Where the scope grew, a notice says when its consignee was told last; of a line it was perhaps told before.
    proofs = proofs_of_telling(session, recall_id, consignees) if len(since) > 1 else {}
    for row in rows:
        name = row.consignee_id if row.code is None else row.code
        yield ConsigneeLine(
            name, row.name_zh or name, row.name_en or name, row.gln or "", row.country or "", row.region or "",
            row.city or "", row.address or "", row.postcode or "", phones.get(row.consignee_id, ""),
            row.number or row.lot_key, row.unit or "", row.shipped,
            tuple(despatches.get((row.lot_key, row.consignee_id), ())),
            _told_at(row, since.get(row.scope_number), proofs.get(row.consignee_id, ())), row.state or "",
            row.answered_at, row.on_hand, row.used, row.returned, row.passed_on, row.passed_to, row.destroyed,
            row.corrected, row.came_back)


def _told_at(row: Any, since: datetime | None, proofs: Sequence[datetime]) -> datetime | None:
    """When the consignee was first told of a line."""
    known = [at for at in (row.sent_at, row.reached_at) if at]
    known += [at for at in (*proofs, row.answered_at) if at and since and at >= since] if proofs else []
    return min(known, default=row.heard_at)


def _phones(session: Session, consignees: set[str]) -> dict[str, str]:
    """The telephone of each consignee: of whom recalls go to, else of the first contact that has one."""
    found: dict[str, str] = {}
    for party_id, phone in session.execute(select(PartyContact.party_id, PartyContact.phone).where(
            PartyContact.party_id.in_(consignees), PartyContact.is_active, PartyContact.phone != "")
            .order_by(PartyContact.gets_recalls.desc(), PartyContact.id)):
        found.setdefault(party_id, phone)
    return found


def _despatches(session: Session, recall_id: str, keys: set[str],
                consignees: set[str]) -> dict[tuple[str, str], list[tuple[date, Decimal]]]:
    """The days and units of what went to each, returns with a minus; what the recall itself brought back is not taken
    off: it stands in columns of its own. The database goes by the index of that of the two which is told more apart: a
    lot that went to everybody is read once, not once for each part."""
    found: dict[tuple[str, str], list[tuple[date, Decimal]]] = {}
    lot, party = ShipmentLine.lot_key, ShipmentLine.consignee_id
    by_lot, by_party = lot.in_(keys), party.in_(consignees)
    is_recalled = exists(select(RecallReturn.id).where(
        RecallReturn.recall_id == recall_id, RecallReturn.lot_key == lot, RecallReturn.consignee_id == party,
        RecallReturn.event_id == ShipmentLine.shipment_id))
    if len(consignees) > len(keys):
        by_lot = func.coalesce(lot, "").in_(keys)
    else:
        by_party = func.coalesce(party, "").in_(consignees)
    for key, consignee, at, units in session.execute(
            select(lot, party, ShipmentLine.shipped_at, ShipmentLine.units).where(
                by_lot, by_party, ~is_recalled)
            .order_by(ShipmentLine.shipped_at, ShipmentLine.shipment_id, ShipmentLine.position)):
        found.setdefault((key, consignee), []).append((at.astimezone(_ZONE).date(), units))
    return found
