"""What a recall message of ours says; and which of our lots a message of others means. Reads."""
from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.catalog.lookup import own_party, products_by_id
from traceapp.catalog.model import Party
from traceapp.trace.identity import item_of
from traceapp.trace.model import Lot

from .goods import serials_of
from .message import MessageFacts, MessageLot, NamedLot, ReceivedMessage
from .model import Recall, RecallSignature
from .public import ENDS, PublicRecall
from .public_model import RevisionKind
from .scope_reads import parts
from .states import RecallState

_STATUSES = {"running": "active", "closed": "ended", "withdrawn": "withdrawn"}


def message_facts(session: Session, found: PublicRecall) -> MessageFacts:
    """What the message of an announced recall says. Four statements more than the recall itself."""
    facts = found.facts
    recall = session.get_one(Recall, facts.id)
    taken_back = [one.said for one in found.revisions if one.kind == RevisionKind.withdrawal]
    serials, own = serials_of(session, facts.id), own_party(session)
    return MessageFacts(
        id=facts.id, reference=facts.reference, recall_class=facts.recall_class, status=_STATUSES[found.status],
        revision=_steps(session, recall) + len(found.revisions), announced_at=facts.announced_at,
        changed_at=facts.changed_at,
        issuer={"zh": own.name_zh, "en": own.name_en} if own else {"zh": "", "en": ""},
        issuer_gln=own.gln if own else None, title=facts.title, risk=facts.risk, action=facts.action,
        remedy=facts.remedy, contact=facts.contact, depth=recall.depth, answer_by=recall.answer_by,
        closed_at=facts.closed_at, withdrawal=taken_back[-1] if taken_back else {}, lots=[MessageLot(
            lot.number, lot.uri, lot.gtin, {"zh": lot.name_zh, "en": lot.name_en}, lot.made_on, lot.expires_on,
            serials.get(lot.lot_key, ())) for lot in found.lots])


def _steps(session: Session, recall: Recall) -> int:
    """How often people were told of a scope, of an end, or that an ended recall goes on."""
    signed = list(session.scalars(select(RecallSignature.meaning).where(
        RecallSignature.recall_id == recall.id, RecallSignature.meaning.in_(("approved", *ENDS)))
        .order_by(RecallSignature.position)))
    told = signed[signed.index("approved"):] if "approved" in signed else ["approved"]
    ends = sum(meaning in ENDS for meaning in told)
    is_ended = recall.state in (RecallState.terminated, RecallState.closed_no_action)
    return len(told) + ends - (ends > 0 and is_ended)


@dataclass(frozen=True, slots=True)
class ConcernedLot:
    """A lot of ours that a message means. `by`: `identifier`, the very same; `supplier_number`, a lot that came from
    the issuer under this number and that we call otherwise."""

    lot_key: str
    number: str
    name_zh: str
    name_en: str
    by: str
    named: str
    stock: Decimal
    shipped: Decimal
    unit: str | None
    is_on_hold: bool
    is_recalled: bool


def concerned_lots(session: Session, message: ReceivedMessage) -> list[ConcernedLot]:
    """The lots of ours that a message means, by identifier first. A few statements for each five hundred of its lots.
    By the supplier's number is looked only where the issuer's GLN is that of a partner."""
    by_key = {item_of(lot.uri, is_class=True).key: lot for lot in message.lots}
    found: dict[str, tuple[Lot, str, NamedLot]] = {}
    for part in parts(by_key):
        for lot in session.scalars(select(Lot).where(Lot.lot_key.in_(part))):
            found[lot.lot_key] = (lot, "identifier", by_key[lot.lot_key])
    by_number = {lot.number: lot for lot in message.lots}
    supplier = session.scalar(select(Party.id).where(Party.gln == message.issuer_gln)) if message.issuer_gln else None
    for part in parts(by_number) if supplier else ():
        for lot in session.scalars(select(Lot).where(
                Lot.supplier_id == supplier, Lot.supplier_lot_number.in_(part))):
            found.setdefault(lot.lot_key, (lot, "supplier_number", by_number[lot.supplier_lot_number]))
    products = products_by_id(session, [lot.product_id for lot, _by, _named in found.values()])
    rows = [_concerned(lot, by, named, products.get(lot.product_id or "")) for lot, by, named in found.values()]
    return sorted(rows, key=lambda row: (row.by, row.number, row.lot_key))


def _concerned(lot: Lot, by: str, named: NamedLot, product: object) -> ConcernedLot:
    return ConcernedLot(
        lot.lot_key, lot.number, getattr(product, "name_zh", lot.name), getattr(product, "name_en", lot.name), by,
        named.number, max(lot.stock, Decimal(0)), lot.shipped, lot.unit, lot.is_on_hold, lot.is_recalled)
