"""Device events for everybody to use: the file in openFDA's shape, nobody in it, small cells hidden."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.adverse_event.model import AdverseEvent
from traceapp.adverse_event.states import AdverseEventState
from traceapp.attachment.store import hash_of
from traceapp.catalog.model import Product
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.export.case_report import CaseReport
from traceapp.export.openfda import public_document, public_events
from traceapp.identity.policy import permit

from .case_reading import CaseAsked, case_of
from .service import RecordExport, record_export

_KINDS = ("device", "ivd")
_STATES = (AdverseEventState.assessed, AdverseEventState.closed)
_BATCH = 200


@dataclass(frozen=True, slots=True)
class PublicPeriod:
    """When we learned of the events: from `since` up to, not with, `until`; None: without an end."""

    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class PublicFile:
    """`shown` of `known` events are in the file; the others could be told apart."""

    data: bytes
    shown: int
    known: int


def export_public_events(session: Session, actor: Actor, clock: Clock, period: PublicPeriod) -> PublicFile:
    """The file of the assessed events with devices, each once; that it was made is recorded. Raises Forbidden."""
    permit(actor, "adverse_event.write")
    cases = list(_cases(session, period))
    events = public_events(cases)
    data = public_document(events, clock.now().date())
    record_export(session, actor, clock, RecordExport(
        "openfda", "json", len(events.results), hash_of(data),
        {name: getattr(period, name) and getattr(period, name).isoformat() for name in ("since", "until")}))
    return PublicFile(data, len(events.results), len(cases))


def _cases(session: Session, period: PublicPeriod) -> Iterator[CaseReport]:
    wanted = select(AdverseEvent).join(Product, Product.id == AdverseEvent.product_id).where(
        Product.kind.in_(_KINDS), AdverseEvent.state.in_(_STATES))
    if period.since is not None:
        wanted = wanted.where(AdverseEvent.awareness_at >= period.since)
    if period.until is not None:
        wanted = wanted.where(AdverseEvent.awareness_at < period.until)
    last = ""
    while events := session.scalars(wanted.where(AdverseEvent.id > last).order_by(AdverseEvent.id).limit(_BATCH)).all():
        yield from (case_of(session, event, CaseAsked("en", with_figures=False)) for event in events)
        last = events[-1].id
