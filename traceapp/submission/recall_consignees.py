"""Every consignee of a recall with its batches and despatches, read in parts however many there are."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from traceapp.catalog.lookup import parties_by_id
from traceapp.catalog.model import PartyContact
from traceapp.export.recall_files.dossier import ConsigneeLine
from traceapp.export.recall_files.rendering import Consignees
from traceapp.recall.model import Notice, RecallLedger
from traceapp.trace.model import Lot, ShipmentLine

_PART = 500
_ZONE = ZoneInfo("Asia/Shanghai")


def consignees_of(session: Session, recall_id: str) -> Consignees:
    """The lines of the ledger by consignee and batch, as files list them. The session has to live as long as they are
    read."""
    count = session.scalar(select(func.count()).select_from(RecallLedger).where(RecallLedger.recall_id == recall_id))
    return Consignees(count or 0, lambda: consignee_lines(session, recall_id))


def consignee_lines(session: Session, recall_id: str) -> Iterator[ConsigneeLine]:
    """The same one by one: five statements for each five hundred lines."""
    after: tuple[str, str] | None = None
    while rows := _part(session, recall_id, after):
        yield from _told(session, rows)
        after = (rows[-1][0].consignee_id, rows[-1][0].lot_key)


def _part(session: Session, recall_id: str,
          after: tuple[str, str] | None) -> Sequence[tuple[RecallLedger, Notice | None]]:
    wanted = select(RecallLedger, Notice).outerjoin(Notice, and_(
        Notice.recall_id == RecallLedger.recall_id, Notice.consignee_id == RecallLedger.consignee_id)).where(
            RecallLedger.recall_id == recall_id)
    if after is not None:
        wanted = wanted.where(or_(RecallLedger.consignee_id > after[0], and_(
            RecallLedger.consignee_id == after[0], RecallLedger.lot_key > after[1])))
    return session.execute(wanted.order_by(RecallLedger.consignee_id, RecallLedger.lot_key).limit(_PART)).all()


def _told(session: Session, rows: Sequence[tuple[RecallLedger, Notice | None]]) -> Iterator[ConsigneeLine]:
    consignees = {row.consignee_id for row, _notice in rows}
    keys = {row.lot_key for row, _notice in rows}
    parties = parties_by_id(session, consignees)
    phones = _phones(session, consignees)
    lots = {one.lot_key: one for one in session.scalars(select(Lot).where(Lot.lot_key.in_(keys)))}
    despatches = _despatches(session, keys, consignees)
    for row, notice in rows:
        party, lot = parties.get(row.consignee_id), lots.get(row.lot_key)
        told = notice.sent_at or notice.answered_at if notice else None
        yield ConsigneeLine(
            party.code if party else row.consignee_id, party.name_zh if party else row.consignee_id,
            party.name_en if party else row.consignee_id, (party.gln or "") if party else "",
            party.country if party else "", party.region if party else "", party.city if party else "",
            party.address if party else "", party.postcode if party else "", phones.get(row.consignee_id, ""),
            lot.number if lot else row.lot_key, (lot.unit or "") if lot else "", row.shipped,
            tuple(despatches.get((row.lot_key, row.consignee_id), ())), told, notice.state if notice else "",
            row.answered_at, row.on_hand, row.used, row.returned)


def _phones(session: Session, consignees: set[str]) -> dict[str, str]:
    """The telephone of each consignee: of whom recalls go to, else of the first contact that has one."""
    found: dict[str, str] = {}
    for one in session.scalars(select(PartyContact).where(
            PartyContact.party_id.in_(consignees), PartyContact.is_active, PartyContact.phone != "")
            .order_by(PartyContact.gets_recalls.desc(), PartyContact.id)):
        found.setdefault(one.party_id, one.phone)
    return found


def _despatches(session: Session, keys: set[str],
                consignees: set[str]) -> dict[tuple[str, str], list[tuple[date, Decimal]]]:
    """The days and units of what went to each, returns with a minus."""
    found: dict[tuple[str, str], list[tuple[date, Decimal]]] = {}
    for one in session.scalars(select(ShipmentLine).where(
            ShipmentLine.lot_key.in_(keys), ShipmentLine.consignee_id.in_(consignees))
            .order_by(ShipmentLine.shipped_at, ShipmentLine.shipment_id, ShipmentLine.position)):
        found.setdefault((one.lot_key, one.consignee_id), []).append(
            (one.shipped_at.astimezone(_ZONE).date(), one.units))
    return found
