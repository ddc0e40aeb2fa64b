"""A case out of the database as the forms of reports read it, without persons."""
from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.adverse_event.model import AdverseEvent
from traceapp.catalog.model import Party, Product, Site
from traceapp.complaint.terms import terms
from traceapp.core.errors import NotFound
from traceapp.export.case_report import (
    Assessment,
    CaseReport,
    CodedTerm,
    Event,
    Organisation,
    PartialDate,
    Patient,
    Profile,
    ReportedLot,
    ReportedProduct,
    Reporter,
    ReportHead,
    ReportKind,
    Use,
)
from traceapp.export.line_listing import masked_text
from traceapp.trace.model import Lot

from .report_desk import CaseWanted


def read_plain_case(session: Session, wanted: CaseWanted) -> CaseReport:
    """The case with what the adverse event, its batch and its product say. Raises NotFound."""
    event = session.scalars(select(AdverseEvent).where(AdverseEvent.id == wanted.adverse_event_id)).first()
    if event is None:
        raise NotFound("There is no such adverse event.", code="unknown-adverse-event")
    lot = session.scalars(select(Lot).where(Lot.lot_key == event.lot_key)).first()
    product = session.get(Product, event.product_id) if event.product_id else None
    known = terms()
    return CaseReport(
        ReportHead(ReportKind.initial, event.reference, 1, event.created_at, event.awareness_at, event.awareness_at,
                   _sender(session)),
        Patient(subject_id=event.person_id or "", age_band=event.age_band, sex=event.sex),
        Event(tuple(CodedTerm("own", code, known[code].zh, known[code].en) for code in event.terms if code in known),
              tuple(event.seriousness), event.outcome,
              PartialDate(event.onset_on, event.onset_precision) if event.onset_on else None,
              narrative=masked_text(event.narrative)),
        ReportedProduct(product.code, product.kind, product.name_zh, product.name_en,
                        registration_number=product.registration_number, risk_class=product.risk_class)
        if product else ReportedProduct("", "", "", ""),
        ReportedLot(lot.number, lot.uri, made_on=lot.made_on, expires_on=lot.expires_on) if lot else ReportedLot(),
        Use(process=masked_text(event.use_text)), Reporter(), Assessment(causality=event.causality),
        profile=Profile.masked)


def _sender(session: Session) -> Organisation:
    party = session.scalars(select(Party).join(Site, Site.party_id == Party.id).where(Site.is_own)
                            .order_by(Site.code).limit(1)).first()
    return Organisation(party.name_zh, party.name_en, party.country) if party else Organisation()
