"""What a regulator's account reaches: the one place that decides it.

A case belongs to a jurisdiction when one of these facts holds: one of its legal clocks ran or runs there; a report of
it was sent there; it happened there; units of its batch were shipped there; we are at home there. Products are a
further bound: a case whose product nobody knows is outside of an account that has any.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, Select, Text, and_, exists, false, literal, or_, select, true, type_coerce
from sqlalchemy.orm import InstrumentedAttribute, Session

from traceapp.adverse_event.model import AdverseEvent
from traceapp.adverse_event.reportability import countries_of, jurisdiction_of
from traceapp.audit import stream_of
from traceapp.catalog.markets import home_market
from traceapp.catalog.model import Party
from traceapp.core.actor import Actor
from traceapp.identity.policy import Role
from traceapp.recall.cases import TOLD
from traceapp.recall.model import Notice, Recall, RecallLot
from traceapp.recall.part import WHOLE, RecallPart
from traceapp.rules.clocks import ZONES
from traceapp.submission.report_model import Report
from traceapp.submission.report_queries import SENT
from traceapp.trace.model import Lot, ShipmentLine
from traceapp.worklist.clock_model import LegalClock


@dataclass(frozen=True, slots=True)
class Scope:
    """`jurisdictions` as rules name them, none: nothing is reached; `product_ids` empty: all products. `home` is where
    we are: its authority oversees all that we make."""

    jurisdictions: frozenset[str]
    product_ids: frozenset[str]
    home: str

    @property
    def is_home(self) -> bool:
        """Whether the authority at home is one of them."""
        return self.home in self.jurisdictions

    def at(self, jurisdiction: str) -> Scope:
        """The part of the scope that is one of its jurisdictions; of another one nothing."""
        return replace(self, jurisdictions=self.jurisdictions & {jurisdiction})


def scope_of(session: Session, actor: Actor) -> Scope | None:
    """The scope of a regulator; None for everybody else, whose permissions alone decide."""
    if actor.role != Role.regulator:
        return None
    return Scope(actor.jurisdictions, actor.product_ids, jurisdiction_of(home_market(session)))


def whole_scope(session: Session) -> Scope:
    """The scope of those who are not bounded: every jurisdiction, every product."""
    home = jurisdiction_of(home_market(session))
    return Scope(frozenset(ZONES) | {home}, frozenset(), home)


def cases_in(scope: Scope) -> Select[str]:
    """The ids of the adverse events in scope."""
    return select(AdverseEvent.id).where(_of_products(scope, AdverseEvent.product_id), _concerns(scope))


def lots_in(scope: Scope) -> Select[str]:
    """The batches in scope: shipped there, or named by a case in scope; at home all."""
    there = true() if scope.is_home else or_(
        Lot.lot_key.in_(_shipped_to(scope)),
        Lot.lot_key.in_(select(AdverseEvent.lot_key).where(AdverseEvent.id.in_(cases_in(scope)))))
    return select(Lot.lot_key).where(_of_products(scope, Lot.product_id), there)


def recalls_in(scope: Scope) -> Select[str]:
    """The announced recalls that hold a batch in scope, or a batch of its products where a clock of the recall runs."""
    ours = select(RecallLot.recall_id).where(RecallLot.lot_key.in_(lots_in(scope)))
    products = select(RecallLot.recall_id).join(Lot, Lot.lot_key == RecallLot.lot_key).where(
        _of_products(scope, Lot.product_id))
    return select(Recall.id).where(TOLD, or_(
        Recall.id.in_(ours), and_(_clock_runs(scope, "recall", Recall.id), Recall.id.in_(products))))


def reports_in(scope: Scope) -> Select[str]:
    """The reports that were sent to its jurisdictions; not those that others were sent."""
    return select(Report.id).where(Report.state.in_(SENT), Report.jurisdiction.in_(scope.jurisdictions),
                                   _of_products(scope, Report.product_id))


def part_of_recall(scope: Scope | None) -> RecallPart:
    """What is shown of a recall in scope: its own batches, its own consignees; at home those everywhere."""
    if scope is None:
        return WHOLE
    return RecallPart(lots_in(scope), None if scope.is_home else _parties(scope))


def reaches(session: Session, scope: Scope | None, kind: str, key: str) -> bool:
    """Whether one thing is in scope; what is of another kind never is. `key` of a notice is its id."""
    if scope is None:
        return True
    if kind == "notice":
        return session.scalar(select(exists().where(
            Notice.id == key, Notice.recall_id.in_(recalls_in(scope)),
            true() if scope.is_home else Notice.consignee_id.in_(_parties(scope))))) or False
    if kind not in _KINDS:
        return False
    column, found = _KINDS[kind]
    return session.scalar(select(exists().where(column == key, column.in_(found(scope))))) or False


_KINDS: dict[str, tuple[InstrumentedAttribute[str], Callable[[Scope], Select[str]]]] = {
    "adverse_event": (AdverseEvent.id, cases_in), "lot": (Lot.lot_key, lots_in), "recall": (Recall.id, recalls_in),
    "report": (Report.id, reports_in)}


def _concerns(scope: Scope) -> ColumnElement[bool]:
    """Whether an adverse event belongs to one of the jurisdictions, by the facts that the head of this file names."""
    if scope.is_home:
        return true()
    if not scope.jurisdictions:
        return false()
    told = exists().where(of_event(Report.about), Report.state.in_(SENT),
                          Report.jurisdiction.in_(scope.jurisdictions))
    return or_(_clock_runs(scope, "adverse_event", AdverseEvent.id), told, _happened_there(scope),
               AdverseEvent.lot_key.in_(_shipped_to(scope)))


def _happened_there(scope: Scope) -> ColumnElement[bool]:
    """In the country that the assessment names; without one in that of the consignee."""
    details = type_coerce(AdverseEvent.details, Text)
    named = [details.contains(f'"event_country":"{country}"', autoescape=True) for country in countries_in(scope)]
    unnamed = ~details.contains('"event_country":"', autoescape=True)
    return or_(*named, and_(unnamed, AdverseEvent.consignee_id.in_(_parties(scope))))


def _clock_runs(scope: Scope, kind: str, key: InstrumentedAttribute[str]) -> ColumnElement[bool]:
    return exists().where(LegalClock.about == _named(kind, key), LegalClock.jurisdiction.in_(scope.jurisdictions))


def of_event(about: InstrumentedAttribute[str]) -> ColumnElement[bool]:
    """Whether what is `about` something is about the adverse event of the statement around it."""
    return about == _named("adverse_event", AdverseEvent.id)


def _named(kind: str, key: InstrumentedAttribute[str]) -> ColumnElement[str]:
    """The name of a thing in clocks and reports, in SQL."""
    return literal(stream_of(kind, "")) + key


def _of_products(scope: Scope, column: InstrumentedAttribute[str | None]) -> ColumnElement[bool]:
    if not scope.jurisdictions:
        return false()
    return column.in_(scope.product_ids) if scope.product_ids else true()


def countries_in(scope: Scope) -> list[str]:
    """The countries of the jurisdictions."""
    return sorted(country for one in scope.jurisdictions for country in countries_of(one))


def _parties(scope: Scope) -> Select[str]:
    return select(Party.id).where(Party.country.in_(countries_in(scope)))


def _shipped_to(scope: Scope) -> Select[str]:
    return select(ShipmentLine.lot_key).where(ShipmentLine.consignee_id.in_(_parties(scope)))
