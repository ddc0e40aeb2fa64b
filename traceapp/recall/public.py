"""What anybody may read of a recall: announced ones only, texts and batches, nothing about who has them."""
from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, or_, select
from sqlalchemy.orm import Session

from traceapp.catalog.model import Product, ProductKind
from traceapp.db.page import Order, Page, page_of
from traceapp.trace.model import Lot

from .cases import RUNS, TOLD
from .model import Recall, RecallLot
from .states import ENDED

_GTIN = re.compile(r"/01/(\d{14})")
_SOURCE = "recall:"


@dataclass(frozen=True, slots=True)
class RecallFacts:
    """The texts of one recall, by language (`zh`, `en`); `remedy` may be empty. `announced_at` is the approval."""

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


@dataclass(frozen=True, slots=True)
class PublicRecall:
    """An announced recall with its batches."""

    facts: RecallFacts
    lots: tuple[PublicLot, ...]

    def lots_text(self, language: str) -> str:
        """The batches as text, product by product, as a notice prints them."""
        by_name: dict[str, list[str]] = {}
        for lot in self.lots:
            by_name.setdefault(lot.name_zh if language == "zh" else lot.name_en, []).append(lot.number)
        if language == "zh":
            return "；".join(f"{name}：批号 {'、'.join(numbers)}" for name, numbers in by_name.items())
        return "; ".join(f"{name}: batch {', '.join(numbers)}" for name, numbers in by_name.items())


def public_recalls(session: Session, *, after: str | None = None, limit: int = 50) -> Page[PublicRecall]:
    """Announced recalls, the newest first, each with its batches. Three statements, however many."""
    page = page_of(session, select(Recall).where(TOLD),
                   Order(Recall.approved_at, Recall.id, descending=True), after, limit)
    lots = _lots(session, [recall.id for recall in page.rows])
    return Page(tuple(PublicRecall(_facts(recall), tuple(lots.get(recall.id, ()))) for recall in page.rows),
                page.total, page.next)


def public_recall(session: Session, reference: str) -> PublicRecall | None:
    """One announced recall by the number that people are told; None when there is none."""
    recall = session.scalar(select(Recall).where(Recall.reference == reference, TOLD))
    if recall is None:
        return None
    return PublicRecall(_facts(recall), tuple(_lots(session, [recall.id]).get(recall.id, ())))


def recalls_of_product(session: Session, product_id: str) -> tuple[PublicRecall, ...]:
    """The announced recalls of a product that are not closed, the newest first, each with its batches of this product.
    Two statements."""
    theirs = select(RecallLot.recall_id).join(Lot, Lot.lot_key == RecallLot.lot_key).where(Lot.product_id == product_id)
    found = session.scalars(select(Recall).where(RUNS, Recall.id.in_(theirs))
                            .order_by(Recall.approved_at.desc(), Recall.id)).all()
    lots = _lots(session, [recall.id for recall in found], product_id)
    return tuple(PublicRecall(_facts(recall), tuple(lots.get(recall.id, ()))) for recall in found)


def recall_facts(connection: Session | Connection, recall_id: str) -> RecallFacts | None:
    """The texts of an announced recall for the page of a batch; None when there is none. One statement."""
    row = connection.execute(_columns().where(Recall.id == recall_id)).first()
    return None if row is None else _facts(row)


def facts_of_sources(connection: Session | Connection, sources: Iterable[str]) -> tuple[RecallFacts, ...]:
    """The texts of the recalls that placed these holds (`recall:<id>`), the newest first. One statement."""
    ids = [source.removeprefix(_SOURCE) for source in sources if source.startswith(_SOURCE)]
    if not ids:
        return ()
    rows = connection.execute(_columns().where(Recall.id.in_(ids)).order_by(Recall.approved_at.desc(), Recall.id))
    return tuple(_facts(row) for row in rows)


def recalls_of_lot(connection: Session | Connection, lot_key: str) -> tuple[RecallFacts, ...]:
    """The announced recalls that a batch is in, the newest first. One statement."""
    rows = connection.execute(_columns().join(RecallLot, RecallLot.recall_id == Recall.id)
                              .where(RecallLot.lot_key == lot_key).order_by(Recall.approved_at.desc(), Recall.id))
    return tuple(_facts(row) for row in rows)


def _columns() -> Select[*tuple[Any, ...]]:
    return select(
        Recall.id, Recall.reference, Recall.recall_class, Recall.state, Recall.title_zh, Recall.title_en,
        Recall.risk_zh, Recall.risk_en, Recall.action_zh, Recall.action_en, Recall.remedy_zh, Recall.remedy_en,
        Recall.contact, Recall.approved_at, Recall.closed_at).where(TOLD)


def _facts(row: Recall | Row[*tuple[Any, ...]]) -> RecallFacts:
    assert row.approved_at is not None  # announced is approved
    return RecallFacts(
        id=row.id, reference=row.reference, recall_class=row.recall_class,
        is_closed=row.state in ENDED,
        title={"zh": row.title_zh, "en": row.title_en}, risk={"zh": row.risk_zh, "en": row.risk_en},
        action={"zh": row.action_zh, "en": row.action_en}, remedy={"zh": row.remedy_zh, "en": row.remedy_en},
        contact=row.contact, announced_at=row.approved_at, closed_at=row.closed_at)


def _lots(session: Session, recall_ids: Sequence[str], product_id: str | None = None) -> dict[str, list[PublicLot]]:
    """Per recall the batches that people can have: products, and materials that were shipped; of one product only
    where it is named."""
    wanted = (select(RecallLot.recall_id, Lot, Product).join(Lot, Lot.lot_key == RecallLot.lot_key)
              .outerjoin(Product, Product.id == Lot.product_id)
              .where(RecallLot.recall_id.in_(recall_ids), or_(
                  Product.kind != ProductKind.material, Product.id.is_(None), RecallLot.shipped > 0))
              .order_by(Product.code, Lot.number))
    if product_id is not None:
        wanted = wanted.where(Lot.product_id == product_id)
    rows = session.execute(wanted) if recall_ids else ()
    found: dict[str, list[PublicLot]] = {}
    for recall_id, lot, product in rows:
        gtin = _GTIN.search(lot.uri)
        found.setdefault(recall_id, []).append(PublicLot(
            lot.lot_key, lot.number, product.name_zh if product else lot.name, product.name_en if product else lot.name,
            gtin.group(1) if gtin else None, lot.uri, lot.made_on, lot.expires_on))
    return found
