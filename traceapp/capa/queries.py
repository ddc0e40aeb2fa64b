"""Reads of CAPAs: lists, and all that stands on the page of one."""
from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from traceapp.catalog.model import Product
from traceapp.catalog.queries import contains
from traceapp.db.page import Order, Page, page_of
from traceapp.identity.model import User
from traceapp.identity.policy import PERMISSIONS

from .model import (
    Capa,
    CapaAction,
    CapaCause,
    CapaCheck,
    CapaDecision,
    CapaLink,
    CapaProduct,
    CapaQuestion,
    CapaWhy,
)
from .policy import home_day
from .states import ENDED, ActionState, LinkKind


@dataclass(frozen=True, slots=True)
class CapaFilter:
    """`text` looks into reference and title; `late_at`: those in which something is late at this moment."""

    text: str = ""
    state: str | None = None
    kind: str | None = None
    product_id: str | None = None
    owner_id: str | None = None
    link: tuple[str, str] | None = None
    late_at: datetime | None = None
    after: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a CAPA is: actions that still count and those done, and the next day on which something is due."""

    actions: int = 0
    done: int = 0
    next_due_on: date | None = None


def capa_page(session: Session, wanted: CapaFilter) -> Page[Capa]:
    """CAPAs, the newest first."""
    found = select(Capa)
    if wanted.text.strip():
        pattern = contains(wanted.text.strip())
        found = found.where(or_(Capa.reference.ilike(pattern, escape="\\"), Capa.title.ilike(pattern, escape="\\")))
    for column, value in ((Capa.state, wanted.state), (Capa.kind, wanted.kind), (Capa.owner_id, wanted.owner_id)):
        if value:
            found = found.where(column == value)
    if wanted.product_id:
        found = found.where(Capa.id.in_(select(CapaProduct.capa_id).where(
            CapaProduct.product_id == wanted.product_id)))
    if wanted.link:
        found = found.where(Capa.id.in_(select(CapaLink.capa_id).where(
            CapaLink.kind == wanted.link[0], CapaLink.target_id == wanted.link[1])))
    if wanted.late_at is not None:
        found = _late(found, wanted.late_at)
    return page_of(session, found, Order(Capa.opened_at, Capa.id, descending=True), wanted.after, wanted.limit)


def _late(found: Select[Capa], at: datetime) -> Select[Capa]:
    today = home_day(at)
    actions = select(CapaAction.capa_id).where(CapaAction.state == ActionState.open, CapaAction.due_on < today)
    questions = select(CapaQuestion.capa_id).where(CapaQuestion.answered_at.is_(None), CapaQuestion.due_at < at)
    return found.where(Capa.state.not_in(ENDED), or_(Capa.due_on < today, Capa.id.in_(actions),
                                                    Capa.id.in_(questions)))


def capa_by_reference(session: Session, reference: str) -> Capa | None:
    """The CAPA that people call by this number; None when there is none."""
    return session.scalar(select(Capa).where(Capa.reference == reference))


def capas_about(session: Session, kind: str, target_id: str) -> list[Capa]:
    """The CAPAs that are about a thing, the newest first."""
    return list(capa_page(session, CapaFilter(link=(kind, target_id), limit=20)).rows)


def capas_of_inspections(session: Session, lot_key: str) -> dict[str, list[Capa]]:
    """{inspection of a lot: the CAPAs that are about it, the newest first}; one statement."""
    found: dict[str, list[Capa]] = {}
    for inspection_id, capa in session.execute(
            select(CapaLink.target_id, Capa).join(Capa, Capa.id == CapaLink.capa_id)
            .where(CapaLink.kind == LinkKind.inspection, CapaLink.lot_key == lot_key)
            .order_by(Capa.opened_at.desc(), Capa.id)):
        found.setdefault(inspection_id, []).append(capa)
    return found


def progress_of(session: Session, ids: Iterable[str]) -> dict[str, Progress]:
    """How far each CAPA is, in one statement."""
    wanted = list(ids)
    is_open = CapaAction.state == ActionState.open
    rows = session.execute(
        select(CapaAction.capa_id, func.count(), func.count().filter(CapaAction.state == ActionState.done),
               func.min(CapaAction.due_on).filter(is_open))
        .where(CapaAction.capa_id.in_(wanted), CapaAction.state != ActionState.dropped).group_by(CapaAction.capa_id))
    found = {key: Progress(count, done, due) for key, count, done, due in rows}
    return {key: found.get(key, Progress()) for key in wanted}


def product_codes_of(session: Session, ids: Sequence[str]) -> dict[str, list[str]]:
    """The codes of the products of each CAPA; one without a product is not in it."""
    found: dict[str, list[str]] = {}
    for key, code in session.execute(
            select(CapaProduct.capa_id, Product.code).join(Product, Product.id == CapaProduct.product_id)
            .where(CapaProduct.capa_id.in_(ids)).order_by(Product.code)):
        found.setdefault(key, []).append(code)
    return found


def products_of(session: Session, capa_id: str) -> list[Product]:
    """The products that it is about, by code."""
    return list(session.scalars(select(Product).join(CapaProduct, CapaProduct.product_id == Product.id)
                                .where(CapaProduct.capa_id == capa_id).order_by(Product.code)))


def links_of(session: Session, capa_id: str) -> list[CapaLink]:
    """What it is about, in the order in which it was said."""
    return list(session.scalars(select(CapaLink).where(CapaLink.capa_id == capa_id)
                                .order_by(CapaLink.added_at, CapaLink.kind, CapaLink.name)))


def whys_of(session: Session, capa_id: str) -> list[CapaWhy]:
    """The five whys in order."""
    return list(session.scalars(select(CapaWhy).where(CapaWhy.capa_id == capa_id).order_by(CapaWhy.position)))


def causes_of(session: Session, capa_id: str) -> list[CapaCause]:
    """The causes in the order in which they were added: a parent before what explains it."""
    return list(session.scalars(select(CapaCause).where(CapaCause.capa_id == capa_id).order_by(CapaCause.position)))


def actions_of(session: Session, capa_id: str) -> list[CapaAction]:
    """The actions in order."""
    return list(session.scalars(select(CapaAction).where(CapaAction.capa_id == capa_id)
                                .order_by(CapaAction.position)))


def checks_of(session: Session, capa_id: str) -> list[CapaCheck]:
    """The verifications in order; the last may have no conclusion yet."""
    return list(session.scalars(select(CapaCheck).where(CapaCheck.capa_id == capa_id).order_by(CapaCheck.position)))


def questions_of(session: Session, capa_id: str) -> list[CapaQuestion]:
    """The questions to development in order."""
    return list(session.scalars(select(CapaQuestion).where(CapaQuestion.capa_id == capa_id)
                                .order_by(CapaQuestion.position)))


def decisions_of(session: Session, capa_id: str) -> list[CapaDecision]:
    """What changed its state, in order."""
    return list(session.scalars(select(CapaDecision).where(CapaDecision.capa_id == capa_id)
                                .order_by(CapaDecision.position)))


def people_for(session: Session, permission: str) -> list[User]:
    """Who is active and may do this, by name."""
    roles = sorted(PERMISSIONS[permission])
    return list(session.scalars(select(User).where(User.is_active.is_(True), User.role.in_(roles))
                                .order_by(User.name, User.id)))
