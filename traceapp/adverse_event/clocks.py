"""The legal clocks of an adverse event: every authority that may ask for a report is judged by its own rules."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import literal, select
from sqlalchemy.orm import Session

from traceapp.audit import stream_of
from traceapp.catalog.markets import home_market
from traceapp.catalog.model import Product
from traceapp.complaint.model import UNKNOWN_LOT, Complaint
from traceapp.complaint.region import place_of
from traceapp.complaint.states import Severity
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.rules import Kind, Situation, Trigger, judge
from traceapp.rules.clocks import ZONES
from traceapp.worklist.clock_model import KNOWN_EARLIER, UNDETERMINED, ClockState, LegalClock
from traceapp.worklist.legal_clocks import EndClock, Subject, clocks_about, end_clock, run_clocks, supersede_clock

from .markets import Ground, Market, countries_of_lots, markets_of
from .model import AdverseEvent, AdverseEventVersion
from .reportability import jurisdiction_of, kinds_of, seen_from, triggers_of
from .states import AdverseEventState, ChangeKind


def start_clocks(session: Session, actor: Actor, clock: Clock, event: AdverseEvent,
                 known_at: datetime) -> list[LegalClock]:
    """The clocks that begin with what is known of the event since `known_at`. After a report, what is new begins the
    clock of a further one."""
    begun = market_clocks(session, actor, clock, event, known_at)
    if _is_new(session, event):
        begun += further_clocks(session, actor, clock, event, frozenset({Trigger.new_information}), known_at)
    return begun


def market_clocks(session: Session, actor: Actor, clock: Clock, event: AdverseEvent,
                  known_at: datetime) -> list[LegalClock]:
    """The same without a look at what changed: at home, where it happened, and in every market of the product."""
    triggers, case = _triggers(session, event), _case(session, event)
    begun: list[LegalClock] = []
    for market in case.markets:
        situation = case.situation(market, seen_from(market.jurisdiction, case.happened_in, triggers))
        if not (_only_sold(market, triggers) and not judge(situation, known_at).clocks):
            begun += run_clocks(session, actor, clock, case.subject, situation, known_at)
    return begun


def _triggers(session: Session, event: AdverseEvent) -> frozenset[Trigger]:
    complaint = session.scalars(select(Complaint).where(Complaint.id == event.complaint_id)).first()
    return triggers_of(event.seriousness, could_harm=complaint is None or complaint.is_harm is None
                       or complaint.severity == Severity.minor, expectedness=event.expectedness)


def begin_earlier(session: Session, actor: Actor, clock: Clock, event: AdverseEvent,
                  before: datetime) -> list[LegalClock]:
    """The clocks that begin with the awareness of the event, which was found to lie earlier than `before`; they step
    in the place of those that ran from there. What became known later keeps its own beginning."""
    known = _triggers(session, event) | {Trigger.overseas_serious}
    asked = {market.jurisdiction for market in _case(session, event).markets}
    for one in running_clocks(session, event):
        if one.started_at == before and one.jurisdiction in asked and (
                one.rule_id == UNDETERMINED or known & set(one.why)):
            supersede_clock(session, actor, clock, one, KNOWN_EARLIER)
    session.flush()
    return market_clocks(session, actor, clock, event, event.awareness_at)


def silent_markets(session: Session, event: AdverseEvent) -> list[str]:
    """The authorities of markets for which no clock ever ran: by their rules, an event elsewhere that is known not to
    be serious is none of theirs."""
    asked = {one.jurisdiction for one in clocks_about(session, stream_of("adverse_event", event.id))}
    return [market.jurisdiction for market in _case(session, event).markets if market.jurisdiction not in asked]


def _only_sold(market: Market, triggers: frozenset[Trigger]) -> bool:
    """Whether an event that is known not to be serious happened elsewhere: there a missing rule is an answer, where the
    authority has rules at all."""
    return market.ground in (Ground.shipped, Ground.sold) and Trigger.not_serious in triggers \
        and market.jurisdiction in ZONES


def follow_markets(session: Session, actor: Actor, clock: Clock, product_id: str) -> None:
    """Ask the authorities of markets that were entered late for every open event of a product, from awareness.

    `jobs` calls it for the work row `product.markets`.
    """
    for event in session.scalars(select(AdverseEvent).where(
            AdverseEvent.product_id == product_id,
            AdverseEvent.state.in_((AdverseEventState.draft, AdverseEventState.assessed))).with_for_update()):
        market_clocks(session, actor, clock, event, event.awareness_at)


def further_clocks(session: Session, actor: Actor, clock: Clock, event: AdverseEvent,
                   triggers: frozenset[Trigger], known_at: datetime) -> list[LegalClock]:
    """The clocks that begin with a later moment of the event; of new information only where it was reported."""
    case = _case(session, event)
    told = {one.jurisdiction for one in clocks_about(session, case.subject.about) if one.state == ClockState.reported}
    begun: list[LegalClock] = []
    for market in case.markets:
        if triggers != {Trigger.new_information} or market.jurisdiction in told:
            begun += run_clocks(session, actor, clock, case.subject,
                                case.situation(market, triggers, is_further=True), known_at)
    return begun


@dataclass(frozen=True, slots=True)
class _Case:
    subject: Subject
    kinds: frozenset[Kind]
    markets: tuple[Market, ...]
    happened_in: str

    def situation(self, market: Market, triggers: frozenset[Trigger], *, is_further: bool = False) -> Situation:
        return Situation(market.jurisdiction, self.kinds, market.roles, triggers, market.device_class, market.ground,
                         is_further)


def _case(session: Session, event: AdverseEvent) -> _Case:
    """What the rules ask of an event, whatever happened."""
    product = session.get(Product, event.product_id) if event.product_id else None
    lot_key = None if event.lot_key == UNKNOWN_LOT else event.lot_key
    country = event.details.get("event_country") or place_of(session, event.complaint_id).country \
        or home_market(session)
    places = dict.fromkeys(countries_of_lots(session, [lot_key] if lot_key else []), Ground.shipped)
    markets = markets_of(session, [product.id] if product else [], event.awareness_at.date(),
                         places | {country: Ground.happened})
    return _Case(Subject(stream_of("adverse_event", event.id), event.reference, lot_key),
                 kinds_of(product.kind if product else None), markets, jurisdiction_of(country))


def _is_new(session: Session, event: AdverseEvent) -> bool:
    """Whether an authority was told of the event, and its last change was one of what is known of it, no correction."""
    if not any(one.state == ClockState.reported for one in clocks_about(session, stream_of("adverse_event", event.id))):
        return False
    last = session.scalars(select(AdverseEventVersion).where(AdverseEventVersion.adverse_event_id == event.id)
                           .order_by(AdverseEventVersion.version.desc()).limit(1)).first()
    return last is not None and last.kind != ChangeKind.amendment and any(
        _plain(getattr(event, name)) != before for name, before in last.fields.items()
        if name not in ("state", "master_id"))  # versions from before know the second


def _plain(value: Any) -> Any:
    """A field as a version keeps it."""
    return value.isoformat() if hasattr(value, "isoformat") else value


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
