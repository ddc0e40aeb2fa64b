"""What anybody may read of a recall: announced ones only, texts and batches, nothing about who has them."""
from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, case, exists, func, literal, or_, select
from sqlalchemy.orm import Session

from traceapp.audit.model import AuditEntry
from traceapp.catalog.model import Product, ProductKind
from traceapp.code.resolving import product_of_code
from traceapp.db.page import Order, Page, page_of
from traceapp.trace.model import Hold, Lot

from .cases import RUNS, TOLD
from .goods import ARE_GOODS, gtin_of
from .model import Recall, RecallLot, RecallSignature
from .public_model import RecallRevision
from .states import ENDED, UNTOLD, RecallState

_KEY = re.compile(r"[0-9a-f]{32}")
_SOURCE = "recall:"
_LONGEST_NUMBER = 200
# What signatures that end a recall of which people were told mean.
ENDS = ("terminated", "no_action")


@dataclass(frozen=True, slots=True)
class PublicRevision:
    """A change of the notice: `kind` is a RevisionKind, `said` what people are told of it, `before` the texts that read
    otherwise until then, by field."""

    kind: str
    at: datetime
    said: Mapping[str, str]
    before: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RecallFacts:
    """The texts of one recall, by language (`zh`, `en`); `remedy` may be empty. `announced_at` is the approval,
    `changed_at` the last time that something of it changed for the public."""

    id: str
    reference: str
    recall_class: str
    is_closed: bool
    title: Mapping[str, str]
    risk: Mapping[str, str]
    action: Mapping[str, str]
    remedy: Mapping[str, str]
    contact: str
    announced_at: datetime
    closed_at: datetime | None
    changed_at: datetime
    is_withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class PublicLot:
    """A batch as it stands on the pack. `gtin` None: the product has none."""

    lot_key: str
    number: str
    name_zh: str
    name_en: str
    gtin: str | None
    uri: str
    made_on: date | None
    expires_on: date | None
    product_id: str | None


@dataclass(frozen=True, slots=True)
class PublicRecall:
    """An announced recall with its batches and what was changed of it, the first change first. `renewed_at`: when it
    was announced again, as a rule with further batches."""

    facts: RecallFacts
    lots: tuple[PublicLot, ...]
    revisions: tuple[PublicRevision, ...] = ()
    renewed_at: tuple[datetime, ...] = ()

    @property
    def status(self) -> str:
        """`running`, `closed` or `withdrawn`."""
        return "withdrawn" if self.facts.is_withdrawn else "closed" if self.facts.is_closed else "running"

    def lots_text(self, language: str, most: int | None = None) -> str:
        """The batches as text, product by product, as a notice prints them; at most `most` numbers of a product."""
        by_name: dict[str, list[str]] = {}
        for lot in self.lots:
            by_name.setdefault(lot.name_zh if language == "zh" else lot.name_en, []).append(lot.number)
        if language == "zh":
            return "；".join(f"{name}：批号 {_listed(numbers, '、', most)}" for name, numbers in by_name.items())
        return "; ".join(f"{name}: batch {_listed(numbers, ', ', most)}" for name, numbers in by_name.items())


@dataclass(frozen=True, slots=True)
class PublicFilter:
    """`product` is a GTIN of any packaging level, or the id of a product; `lot` a batch number."""

    product: str = ""
    lot: str = ""
    after: str | None = None
    limit: int = 50


def _listed(numbers: Sequence[str], comma: str, most: int | None) -> str:
    shown = comma.join(numbers[:most])
    return shown if most is None or len(numbers) <= most else f"{shown} … (+{len(numbers) - most})"


# Nobody outside the house learns of a drill.
PUBLIC: ColumnElement[bool] = TOLD & Recall.is_drill.is_(False)
# While a scope grows, its new batches are nobody's business; those that people were told of are held.
TOLD_LOT = or_(Recall.state.not_in(UNTOLD), exists(select(Hold.id).where(
    Hold.source == literal(_SOURCE) + Recall.id, Hold.lot_key == RecallLot.lot_key)))


ALL_RECALLS = PublicFilter()


def public_recalls(session: Session, wanted: PublicFilter = ALL_RECALLS) -> Page[PublicRecall]:
    """Announced recalls, the newest first, each with its batches. Seven statements at most, however many."""
    found = select(Recall).where(PUBLIC)
    if wanted.product or wanted.lot:
        found = found.where(Recall.id.in_(_with_lots(session, wanted)))
    page = page_of(session, found, Order(Recall.approved_at, Recall.id, descending=True), wanted.after, wanted.limit)
    return Page(_whole(session, [recall.id for recall in page.rows]), page.total, page.next)


def public_stamp(session: Session) -> tuple[int, int]:
    """Another value after each change of what the public reads of any recall. One statement."""
    count, revisions = session.execute(select(func.count(), func.sum(Recall.revision)).where(PUBLIC)).one()
    return count, revisions or 0


def public_recall(session: Session, reference: str) -> PublicRecall | None:
    """One announced recall by the number that people are told; None when there is none."""
    found = session.scalar(select(Recall.id).where(Recall.reference == reference, PUBLIC))
    return None if found is None else _whole(session, [found])[0]


def public_recall_by_id(session: Session, recall_id: str) -> PublicRecall | None:
    """The same by its id, for letters; a drill too, of which the public is told nothing."""
    found = _whole(session, [recall_id], TOLD)
    return found[0] if found else None


def recalls_of_product(session: Session, product_id: str) -> tuple[PublicRecall, ...]:
    """The announced recalls of a product that are not closed, the newest first, each with its batches of this product.
    Five statements."""
    theirs = (select(RecallLot.recall_id).join(Recall, Recall.id == RecallLot.recall_id)
              .join(Lot, Lot.lot_key == RecallLot.lot_key).where(Lot.product_id == product_id, TOLD_LOT))
    found = session.scalars(select(Recall.id).where(RUNS, PUBLIC, Recall.id.in_(theirs))).all()
    return _whole(session, found, product_id=product_id)


def recalled_products(session: Session) -> tuple[tuple[str, str, str], ...]:
    """(id, Chinese name, English name) of the products that some announced recall is about."""
    rows = session.execute(
        select(Product.id, Product.name_zh, Product.name_en).where(Product.id.in_(
            select(Lot.product_id).join(RecallLot, RecallLot.lot_key == Lot.lot_key)
            .join(Recall, Recall.id == RecallLot.recall_id).where(PUBLIC, TOLD_LOT)),
            Product.kind != ProductKind.material).order_by(Product.code))
    return tuple((key, chinese, english) for key, chinese, english in rows)


def facts_of_sources(connection: Session | Connection, sources: Iterable[str]) -> tuple[RecallFacts, ...]:
    """The texts of the recalls that placed these holds (`recall:<id>`), the newest first. One statement."""
    ids = [source.removeprefix(_SOURCE) for source in sources if source.startswith(_SOURCE)]
    if not ids:
        return ()
    rows = connection.execute(_columns().where(Recall.id.in_(ids)).order_by(Recall.approved_at.desc(), Recall.id))
    return tuple(_facts(row) for row in rows)


def recalls_of_lot(connection: Session | Connection, lot_key: str) -> tuple[RecallFacts, ...]:
    """The announced recalls that a batch is in, withdrawn ones too, the newest first. One statement."""
    rows = connection.execute(_columns().join(RecallLot, RecallLot.recall_id == Recall.id)
                              .where(RecallLot.lot_key == lot_key, TOLD_LOT)
                              .order_by(Recall.approved_at.desc(), Recall.id))
    return tuple(_facts(row) for row in rows)


def _with_lots(session: Session, wanted: PublicFilter) -> Select[str]:
    """The ids of recalls with a public batch that is asked for."""
    found = (select(RecallLot.recall_id).join(Recall, Recall.id == RecallLot.recall_id)
             .join(Lot, Lot.lot_key == RecallLot.lot_key).outerjoin(Product, Product.id == Lot.product_id)
             .where(PUBLIC, ARE_GOODS, TOLD_LOT))
    if wanted.lot:
        found = found.where(Lot.number == wanted.lot[:_LONGEST_NUMBER])
    if wanted.product:
        asked = wanted.product.strip()
        known = None
        if asked.isascii() and asked.isdecimal() and 8 <= len(asked) <= 14:
            known = product_of_code(session.connection(), asked.zfill(14))
        found = found.where(Lot.product_id == (known.id if known else asked if _KEY.fullmatch(asked) else ""))
    return found


def _columns(which: ColumnElement[bool] = PUBLIC) -> Select[*tuple[Any, ...]]:
    approved = select(func.max(RecallSignature.at)).where(
        RecallSignature.recall_id == Recall.id, RecallSignature.meaning == "approved").scalar_subquery()
    revised = select(func.max(RecallRevision.at)).where(RecallRevision.recall_id == Recall.id).scalar_subquery()
    ended = exists(select(RecallSignature.recall_id).where(
        RecallSignature.recall_id == Recall.id, RecallSignature.meaning.in_(ENDS)))
    reopened = select(func.max(AuditEntry.at)).where(
        AuditEntry.stream == literal(_SOURCE) + Recall.id, AuditEntry.action == "recall.reopened").scalar_subquery()
    return select(
        Recall.id, Recall.reference, Recall.recall_class, Recall.state, Recall.title_zh, Recall.title_en,
        Recall.risk_zh, Recall.risk_en, Recall.action_zh, Recall.action_en, Recall.remedy_zh, Recall.remedy_en,
        Recall.contact, Recall.approved_at, Recall.closed_at, approved.label("told_at"),
        revised.label("revised_at"), case((ended, reopened)).label("reopened_at")).where(which)


def _facts(row: Row[*tuple[Any, ...]]) -> RecallFacts:
    return RecallFacts(
        id=row.id, reference=row.reference, recall_class=row.recall_class,
        is_closed=row.state in ENDED,
        title={"zh": row.title_zh, "en": row.title_en}, risk={"zh": row.risk_zh, "en": row.risk_en},
        action={"zh": row.action_zh, "en": row.action_en}, remedy={"zh": row.remedy_zh, "en": row.remedy_en},
        contact=row.contact, announced_at=row.approved_at, closed_at=row.closed_at,
        changed_at=max(at for at in (row.approved_at, row.closed_at, row.told_at, row.revised_at, row.reopened_at)
                       if at is not None),
        is_withdrawn=row.state == RecallState.cancelled)


def _whole(session: Session, recall_ids: Sequence[str], which: ColumnElement[bool] = PUBLIC,
           product_id: str | None = None) -> tuple[PublicRecall, ...]:
    """These recalls, the newest first, in four statements."""
    if not recall_ids:
        return ()
    facts = [_facts(row) for row in session.execute(
        _columns(which).where(Recall.id.in_(recall_ids)).order_by(Recall.approved_at.desc(), Recall.id.desc()))]
    lots = _lots(session, recall_ids, product_id)
    revisions: dict[str, list[PublicRevision]] = {}
    for row in session.scalars(select(RecallRevision).where(RecallRevision.recall_id.in_(recall_ids))
                               .order_by(RecallRevision.recall_id, RecallRevision.number)):
        revisions.setdefault(row.recall_id, []).append(
            PublicRevision(row.kind, row.at, {"zh": row.said_zh, "en": row.said_en}, dict(row.before)))
    approvals: dict[str, list[datetime]] = {}
    for recall_id, at in session.execute(select(RecallSignature.recall_id, RecallSignature.at).where(
            RecallSignature.recall_id.in_(recall_ids), RecallSignature.meaning == "approved")
            .order_by(RecallSignature.recall_id, RecallSignature.position)):
        approvals.setdefault(recall_id, []).append(at)
    return tuple(PublicRecall(one, tuple(lots.get(one.id, ())), tuple(revisions.get(one.id, ())),
                              tuple(approvals.get(one.id, ())[1:])) for one in facts)


def _lots(session: Session, recall_ids: Sequence[str], product_id: str | None = None) -> dict[str, list[PublicLot]]:
    """Per recall the batches that people can have: products, and materials that were shipped; of one product only
    where it is named."""
    wanted = (select(RecallLot.recall_id, Lot.lot_key, Lot.number, func.coalesce(Product.name_zh, Lot.name),
                     func.coalesce(Product.name_en, Lot.name), Lot.uri, Lot.made_on, Lot.expires_on, Lot.product_id)
              .join(Recall, Recall.id == RecallLot.recall_id)
              .join(Lot, Lot.lot_key == RecallLot.lot_key)
              .outerjoin(Product, Product.id == Lot.product_id)
              .where(RecallLot.recall_id.in_(recall_ids), ARE_GOODS, TOLD_LOT)
              .order_by(Product.code, Lot.number))
    if product_id is not None:
        wanted = wanted.where(Lot.product_id == product_id)
    found: dict[str, list[PublicLot]] = {}
    for recall_id, lot_key, number, name_zh, name_en, uri, made_on, expires_on, product in session.execute(wanted):
        found.setdefault(recall_id, []).append(PublicLot(
            lot_key, number, name_zh, name_en, gtin_of(uri), uri, made_on, expires_on, product))
    return found
