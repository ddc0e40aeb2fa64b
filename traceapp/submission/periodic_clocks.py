"""The clocks of periodic reports: each period of a product in a market begins one by itself, once.

What is decided about the past, corrections and the end of a sale stands in docs/decisions/0024-periodic-reports.md.
"""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.adverse_event.markets import Ground, class_of, roles_for
from traceapp.adverse_event.reportability import jurisdiction_of, kinds_of
from traceapp.audit import stream_of
from traceapp.catalog.markets import home_market, registrations_of
from traceapp.catalog.model import Product, ProductKind, Registration
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.ids import new_id
from traceapp.db.insert import insert_if_new
from traceapp.rules import Role, Situation, Trigger
from traceapp.rules.clocks import review_day
from traceapp.rules.periodic import Period, has_periods, periods
from traceapp.worklist.clock_model import OTHER_START, ClockState, LegalClock
from traceapp.worklist.legal_clocks import frozen, start_clock, supersede_clock
from traceapp.worklist.model import Task, TaskState
from traceapp.worklist.tasks import RaiseTask, complete_tasks, raise_task, tasks_about

from .periodic_model import PeriodicClock

UNKNOWN_START, NO_RULE, EARLIER, NO_LONGER_SOLD = (
    "periodic.unknown_start", "periodic.no_rule", "periodic.earlier", "periodic.no_longer_sold")
_WITHIN = timedelta(days=14)
_AGAIN_AFTER = timedelta(days=365)
_KNOWN = "known"  # how a question ends that the service can answer by itself now


def about_period(clock_id: str) -> str:
    """What tasks, reports and the trail of one period are about."""
    return stream_of("periodic", clock_id)


def about_registration(registration_id: str) -> str:
    """What questions about a product in a market are about."""
    return stream_of("registration", registration_id)


@dataclass(frozen=True, slots=True)
class Market:
    """A product in a market, as the rules ask for it, with the periods whose clocks should have begun."""

    product: Product
    registration: Registration
    situation: Situation
    wanted: tuple[Period, ...]


def products_with_periods(session: Session) -> list[str]:
    """The products to look at; one that is not made any more is still in use somewhere."""
    return list(session.scalars(select(Product.id).where(Product.kind != ProductKind.material).order_by(Product.id)))


def begin_periods(session: Session, actor: Actor, clock: Clock, product_id: str) -> int:
    """Begin the clocks of all periods of a product that have come, and ask where nobody knows; answers how many clocks
    began. `jobs` calls it once a day and when a market was entered or changed."""
    product = session.get(Product, product_id)
    if product is None or product.kind == ProductKind.material:
        return 0
    home, begun = home_market(session), 0
    registered = registrations_of(session, product.id)
    for registration in registered:
        market = _market(session, clock, product, registration)
        begun += _begin(session, actor, clock, market)
        _ask(session, actor, clock, market)
    if home not in {one.market for one in registered}:
        _ask_at_home(session, actor, clock, product, home)
    return begun


def _ask_at_home(session: Session, actor: Actor, clock: Clock, product: Product, home: str) -> None:
    """A product that has no registration at home, where such a one is reported on: since when is it registered?"""
    name = stream_of("product", product.id)
    before = [task for task in tasks_about(session, name) if task.kind == UNKNOWN_START]
    if has_periods(_situation(home, product, "", {Role.registrant})):
        _raise(session, actor, clock, (UNKNOWN_START, name), (product, home), before)


def _situation(market: str, product: Product, risk_class: str, roles: Iterable[Role]) -> Situation:
    return Situation(jurisdiction_of(market), kinds_of(product.kind), frozenset(roles),
                     frozenset({Trigger.periodic_report}), class_of(risk_class))


def _market(session: Session, clock: Clock, product: Product, registration: Registration) -> Market:
    situation = _situation(registration.market, product, registration.risk_class, roles_for(session, registration))
    found = periods(situation, registration.first_registered_on, clock.now()) \
        if registration.first_registered_on else []
    last = registration.marketed_to
    return Market(product, registration, situation, tuple(
        one for one in found if last is None or one.first_on <= last))


def _begin(session: Session, actor: Actor, clock: Clock, market: Market) -> int:
    known = {(one.rule_id, one.first_on): (one, legal) for one, legal in session.execute(
        select(PeriodicClock, LegalClock).join(LegalClock, LegalClock.id == PeriodicClock.clock_id)
        .where(PeriodicClock.registration_id == market.registration.id))}
    begun = 0
    for one in market.wanted:
        if (one.rule.id, one.first_on) in known or _is_past(one, market.registration):
            continue
        alike = [(period, legal) for period, legal in known.values()
                 if period.rule_id == one.rule.id and _is_same_time(period, one)]
        if any(legal.state in (ClockState.reported, ClockState.not_reportable) for _, legal in alike):
            continue
        if _begin_one(session, actor, clock, market, one):
            begun += 1
            for _, legal in alike:
                if legal.state == ClockState.running:
                    supersede_clock(session, actor, clock, legal, OTHER_START)
    return begun


def _is_past(one: Period, registration: Registration) -> bool:
    """Whether the report was due before the market was entered here."""
    return (one.due.at or one.started_at) < registration.created_at


def _is_same_time(kept: PeriodicClock, one: Period) -> bool:
    """Whether the middle of one lies in the other: the same period, counted from a day that was corrected."""
    middle = one.first_on + (one.last_on - one.first_on) / 2
    return kept.first_on <= middle <= kept.last_on


def _begin_one(session: Session, actor: Actor, clock: Clock, market: Market, one: Period) -> bool:
    """Whether the clock of this period began now; not where another scheduler began it."""
    now = clock.now()
    clock_id = new_id(now)
    if not insert_if_new(session, PeriodicClock, {
            "registration_id": market.registration.id, "rule_id": one.rule.id, "first_on": one.first_on,
            "last_on": one.last_on, "product_id": market.product.id, "clock_id": clock_id}):
        return False
    due = one.due if one.due.at is not None else review_day(market.situation.jurisdiction, now)
    is_home = market.registration.market == home_market(session)
    start_clock(session, actor, clock, LegalClock(
        id=clock_id, about=about_period(clock_id), reference=market.product.code,
        jurisdiction=market.situation.jurisdiction, rule_id=one.rule.id, rule=frozen(one.rule),
        why=[Trigger.periodic_report], started_at=one.started_at, due_at=due.at, has_limit=one.due.at is not None,
        is_provisional=due.is_provisional, ground=Ground.home if is_home else Ground.sold, is_repeating=False,
        state=ClockState.running, created_at=now))
    return True


def _ask(session: Session, actor: Actor, clock: Clock, market: Market) -> None:
    """What a person has to say because the service does not know."""
    registration, has_rule = market.registration, has_periods(market.situation)
    last = registration.marketed_to
    asked = {
        NO_RULE: not has_rule,
        UNKNOWN_START: has_rule and registration.first_registered_on is None,
        EARLIER: any(_is_past(one, registration) for one in market.wanted),
        NO_LONGER_SOLD: has_rule and last is not None and last < clock.now().date()}
    name = about_registration(registration.id)
    tasks = tasks_about(session, name)
    for kind, is_asked in asked.items():
        known = [task for task in tasks if task.kind == kind]
        if is_asked:
            _raise(session, actor, clock, (kind, name), (market.product, registration.market), known)
        elif any(task.state == TaskState.open for task in known):
            complete_tasks(session, actor, clock, name, kind, _KNOWN)


def _raise(session: Session, actor: Actor, clock: Clock, what: tuple[str, str], where: tuple[Product, str],
           before: list[Task]) -> None:
    """A dated question, unless it is open or a person answered it: for good, or, of a missing day, within a year."""
    (kind, name), (product, market), now = what, where, clock.now()
    if any(task.state == TaskState.open or task.outcome != _KNOWN and (
            kind != UNKNOWN_START or task.created_at > now - _AGAIN_AFTER) for task in before):
        return
    raise_task(session, actor, clock, RaiseTask(kind, name, "quality", now + _WITHIN, None, {
        "reference": f"{product.code} · {market}", "product_id": product.id}))
