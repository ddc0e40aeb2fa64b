"""The legal clocks of an adverse event: every authority that may ask for a report is judged by its own rules."""
from __future__ import annotations

from datetime import datetime

from sqlalchemy import literal, select
from sqlalchemy.orm import Session

from traceapp.audit import stream_of
from traceapp.catalog.model import Party, PartyRole, Product, Site
from traceapp.complaint.model import UNKNOWN_LOT, Complaint
from traceapp.complaint.states import Severity
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.rules import Situation
from traceapp.worklist.clock_model import ClockState, LegalClock
from traceapp.worklist.legal_clocks import EndClock, Subject, clocks_about, end_clock, run_clocks

from .model import AdverseEvent
from .reportability import jurisdiction_of, kinds_of, roles_of, seen_from, triggers_of
from .states import AdverseEventState


def start_clocks(session: Session, actor: Actor, clock: Clock, event: AdverseEvent,
                 known_at: datetime) -> list[LegalClock]:
    """The clocks that begin with what is known of the event since `known_at`: at home, and where it happened."""
    product = session.get(Product, event.product_id) if event.product_id else None
    complaint = session.scalars(select(Complaint).where(Complaint.id == event.complaint_id)).first()
    triggers = triggers_of(event.seriousness, could_harm=complaint is None or complaint.is_harm is None
                           or complaint.severity == Severity.minor, expectedness=event.expectedness)
    home = _home(session)
    party = session.get(Party, event.consignee_id) if event.consignee_id else None
    country = event.details.get("event_country") or (party.country if party else "")
    happened_in = jurisdiction_of(country) if country else home
    subject = Subject(stream_of("adverse_event", event.id), event.reference,
                      None if event.lot_key == UNKNOWN_LOT else event.lot_key)
    roles = roles_of(_own_roles(session, event.product_id))
    begun: list[LegalClock] = []
    for jurisdiction in sorted({home, happened_in}):
        begun += run_clocks(session, actor, clock, subject, Situation(
            jurisdiction, kinds_of(product.kind if product else None), roles,
            seen_from(jurisdiction, happened_in, triggers), product.risk_class if product else ""), known_at)
    return begun


def end_clocks(session: Session, actor: Actor, clock: Clock, event: AdverseEvent, reason: str) -> None:
    """No report is due: what was reported is no adverse event after all."""
    for one in running_clocks(session, event):
        end_clock(session, actor, clock, EndClock(one.id, ClockState.not_reportable, reason))


def running_clocks(session: Session, event: AdverseEvent) -> list[LegalClock]:
    """The clocks of the event that run, the earliest due first."""
    return [one for one in clocks_about(session, stream_of("adverse_event", event.id))
            if one.state == ClockState.running]


def events_without_clocks(session: Session, limit: int) -> list[AdverseEvent]:
    """Open events for which no clock was ever begun: those from before there were clocks. Locked for a change."""
    about = literal("adverse_event:") + AdverseEvent.id
    return list(session.scalars(
        select(AdverseEvent).where(AdverseEvent.state.in_((AdverseEventState.draft, AdverseEventState.assessed)),
                                   ~select(LegalClock.id).where(LegalClock.about == about).exists())
        .order_by(AdverseEvent.awareness_at).limit(limit).with_for_update(skip_locked=True)))


def _home(session: Session) -> str:
    """The authority of the country where we are."""
    country = session.scalar(select(Party.country).join(Site, Site.party_id == Party.id).where(Site.is_own)
                             .order_by(Site.code).limit(1))
    return jurisdiction_of(country or "CN")


def _own_roles(session: Session, product_id: str | None) -> list[str]:
    """What we are for the product: the roles of the parties whose sites are ours."""
    return list(session.scalars(
        select(PartyRole.role).join(Site, Site.party_id == PartyRole.party_id)
        .where(Site.is_own, PartyRole.product_id.in_([product_id or "*", "*"])).distinct().order_by(PartyRole.role)))
