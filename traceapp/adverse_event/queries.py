"""Reads of adverse events, for staff and regulators."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, literal, select, tuple_
from sqlalchemy.orm import Session

from traceapp.catalog.model import Party, Product
from traceapp.complaint.model import Complaint
from traceapp.db import UtcTime
from traceapp.db.page import Order, Page, page_of
from traceapp.trace.model import Lot

from .model import AdverseEvent, AdverseEventVersion
from .public import AdverseEventLine
from .states import AdverseEventState

SORTS = {"awareness_at": AdverseEvent.awareness_at, "reference": AdverseEvent.reference,
         "outcome": AdverseEvent.outcome}


@dataclass(frozen=True, slots=True)
class AdverseEventFilter:
    """What a list or an export holds; None: does not matter. The period is about awareness, `until` not included.
    Nullified ones are left out unless asked for. `within`: the ids that may be found; `sort` is one of
    `SORTS`."""

    since: datetime | None = None
    until: datetime | None = None
    product_id: str | None = None
    lot_key: str | None = None
    is_serious: bool | None = None
    states: tuple[str, ...] = ()
    with_nullified: bool = False
    text: str = ""
    sort: str = "awareness_at"
    oldest_first: bool = False
    within: Select[str] | None = None
    after: str | None = None
    limit: int = 50


def _matching(found: Select[AdverseEvent], wanted: AdverseEventFilter) -> Select[AdverseEvent]:
    equal = ((AdverseEvent.product_id, wanted.product_id), (AdverseEvent.lot_key, wanted.lot_key),
             (AdverseEvent.is_serious, wanted.is_serious))
    for column, value in equal:
        if value is not None:
            found = found.where(column == value)
    if wanted.since is not None:
        found = found.where(AdverseEvent.awareness_at >= wanted.since)
    if wanted.until is not None:
        found = found.where(AdverseEvent.awareness_at < wanted.until)
    if wanted.states:
        found = found.where(AdverseEvent.state.in_(wanted.states))
    elif not wanted.with_nullified:
        found = found.where(AdverseEvent.state != AdverseEventState.nullified)
    if wanted.within is not None:
        found = found.where(AdverseEvent.id.in_(wanted.within))
    if wanted.text.strip():
        found = found.where(AdverseEvent.reference == wanted.text.strip().upper())
    return found


def adverse_event_page(session: Session, wanted: AdverseEventFilter) -> Page[AdverseEvent]:
    """One page, latest awareness first unless asked otherwise."""
    order = Order(SORTS[wanted.sort], AdverseEvent.id, descending=not wanted.oldest_first)
    return page_of(session, _matching(select(AdverseEvent), wanted), order, wanted.after, wanted.limit)


def adverse_event_lines(session: Session, wanted: AdverseEventFilter, batch: int = 1000) -> Iterator[AdverseEventLine]:
    """Every line of the filter, earliest awareness first, read in batches: memory does not grow with the number."""
    events = _matching(select(AdverseEvent), wanted).subquery()
    ends = (events.c.awareness_at, events.c.id)
    statement = (
        select(events, Complaint.reference.label("complaint_reference"), Product.code, Product.name_zh,
               Product.name_en, Product.registration_number, Lot.number, Lot.uri, Party.region)
        .outerjoin(Complaint, (Complaint.id == events.c.complaint_id) & (Complaint.lot_key == events.c.lot_key))
        .outerjoin(Product, Product.id == events.c.product_id).outerjoin(Lot, Lot.lot_key == events.c.lot_key)
        .outerjoin(Party, Party.id == events.c.consignee_id).order_by(*ends).limit(batch))
    last: tuple[datetime, str] | None = None
    while True:
        page = statement if last is None else statement.where(
            tuple_(*ends) > tuple_(literal(last[0], UtcTime()), literal(last[1])))
        rows = session.execute(page).all()
        for row in rows:
            yield AdverseEventLine(
                reference=row.reference, complaint_reference=row.complaint_reference, state=row.state,
                awareness_at=row.awareness_at, onset_on=row.onset_on, onset_precision=row.onset_precision,
                product_code=row.code, product_zh=row.name_zh, product_en=row.name_en,
                registration_number=row.registration_number, lot_number=row.number, lot_uri=row.uri,
                consignee_region=row.region, age_band=row.age_band, sex=row.sex, terms=tuple(row.terms),
                is_serious=row.is_serious, seriousness=tuple(row.seriousness), outcome=row.outcome,
                causality=row.causality, narrative=row.narrative, use_text=row.use_text)
        if len(rows) < batch:
            return
        last = (rows[-1].awareness_at, rows[-1].id)


def adverse_event_by_id(session: Session, adverse_event_id: str) -> AdverseEvent | None:
    """The adverse event, or None."""
    return session.scalars(select(AdverseEvent).where(AdverseEvent.id == adverse_event_id)).first()


def adverse_event_by_reference(session: Session, reference: str) -> AdverseEvent | None:
    """The adverse event that people call by this reference, however they wrote it."""
    return session.scalars(select(AdverseEvent).where(AdverseEvent.reference == reference.strip().upper())).first()


def adverse_events_of_complaint(session: Session, complaint_id: str) -> list[AdverseEvent]:
    """Every adverse event that was opened from a complaint, nullified ones too, oldest first."""
    return list(session.scalars(select(AdverseEvent).where(AdverseEvent.complaint_id == complaint_id)
                                .order_by(AdverseEvent.created_at, AdverseEvent.id)))


def versions_of(session: Session, adverse_event_id: str) -> list[AdverseEventVersion]:
    """The earlier versions, oldest first."""
    return list(session.scalars(select(AdverseEventVersion)
                                .where(AdverseEventVersion.adverse_event_id == adverse_event_id)
                                .order_by(AdverseEventVersion.version)))
