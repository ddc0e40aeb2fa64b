"""Persons and the cases that name them: whose details may be erased, and who was found by a telephone number."""
from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from traceapp.catalog.lookup import products_by_id
from traceapp.catalog.markets import home_market
from traceapp.catalog.model import Registration
from traceapp.complaint.model import Complaint, ComplaintNote
from traceapp.complaint.states import ComplaintState
from traceapp.core.clock import Clock
from traceapp.trace.model import Lot
from traceapp.vault.model import LegalHold, Person

from .model import AdverseEvent, AdverseEventVersion
from .reportability import jurisdiction_of, kinds_of
from .retention import SHORTEST, CaseFacts, Kept, kept_for_all
from .states import AdverseEventState

_PAGE = 500
_ENDED = {ComplaintState.archived, ComplaintState.improvement, AdverseEventState.closed, AdverseEventState.nullified}


@dataclass(frozen=True, slots=True)
class NamedIn:
    """A case that names a person: `kind` is complaint or adverse_event."""

    kind: str
    id: str
    reference: str
    is_open: bool


@dataclass(frozen=True, slots=True)
class PersonFile:
    """A person without who they are: the cases, and until when the details are kept; `kept` None while a case is
    open or where no case names them."""

    person_id: str
    cases: tuple[NamedIn, ...]
    kept: Kept | None


def person_files(session: Session, person_ids: Iterable[str]) -> list[PersonFile]:
    """The file of each person, in the order asked."""
    wanted = list(person_ids)
    complaints = list(session.scalars(select(Complaint).where(Complaint.person_id.in_(wanted)).order_by(Complaint.id)))
    events = list(session.scalars(select(AdverseEvent).where(AdverseEvent.person_id.in_(wanted))
                                  .order_by(AdverseEvent.id)))
    facts = _facts(session, [*complaints, *events], _entries(session, complaints, events))
    found: list[PersonFile] = []
    for person_id in wanted:
        cases = (*(_named("complaint", one) for one in complaints if one.person_id == person_id),
                 *(_named("adverse_event", one) for one in events if one.person_id == person_id))
        is_over = bool(cases) and not any(one.is_open for one in cases)
        found.append(PersonFile(person_id, cases, kept_for_all(facts[one.id] for one in cases) if is_over else None))
    return found


def _named(kind: str, case: Complaint | AdverseEvent) -> NamedIn:
    return NamedIn(kind, case.id, case.reference, case.state not in _ENDED)


def expired_persons(session: Session, clock: Clock, limit: int) -> list[PersonFile]:
    """Persons whose retention has run out and for whom no legal hold stands, the oldest first."""
    today = clock.now().date()
    found: list[PersonFile] = []
    for ids in _candidates(session, clock.now() - timedelta(days=365 * SHORTEST)):
        found += [one for one in person_files(session, ids) if one.kept is not None and one.kept.until < today]
        if len(found) >= limit:
            break
    return found[:limit]


def _candidates(session: Session, before: datetime) -> Iterator[Sequence[str]]:
    """The ids of persons who are kept without a hold and were entered before a moment, page by page."""
    last = ""
    while True:
        held = select(LegalHold.person_id).where(LegalHold.lifted_at.is_(None))
        ids = session.scalars(select(Person.id).where(
            Person.erased_at.is_(None), Person.created_at < before, Person.id > last, Person.id.not_in(held))
            .order_by(Person.id).limit(_PAGE)).all()
        if ids:
            yield ids
        if len(ids) < _PAGE:
            return
        last = ids[-1]


def _entries(session: Session, complaints: list[Complaint], events: list[AdverseEvent]) -> dict[str, datetime]:
    """The last entry of each case: when we learned of it, a note, a version."""
    found = {one.id: one.awareness_at for one in complaints} | {one.id: one.awareness_at for one in events}
    for key, at in session.execute(
            select(ComplaintNote.complaint_id, func.max(ComplaintNote.at))
            .where(ComplaintNote.complaint_id.in_([one.id for one in complaints]))
            .group_by(ComplaintNote.complaint_id)):
        found[key] = max(found[key], at)
    for key, at in session.execute(
            select(AdverseEventVersion.adverse_event_id, func.max(AdverseEventVersion.at))
            .where(AdverseEventVersion.adverse_event_id.in_([one.id for one in events]))
            .group_by(AdverseEventVersion.adverse_event_id)):
        found[key] = max(found[key], at)
    return found


def _facts(session: Session, cases: Sequence[Complaint | AdverseEvent],
           entries: dict[str, datetime]) -> dict[str, CaseFacts]:
    products = products_by_id(session, (one.product_id for one in cases))
    markets: dict[str, set[str]] = {}
    for product_id, market in session.execute(select(Registration.product_id, Registration.market)
                                              .where(Registration.product_id.in_(list(products)))):
        markets.setdefault(product_id, set()).add(jurisdiction_of(market))
    expiry: dict[str, date | None] = {key: day for key, day in session.execute(
        select(Lot.lot_key, Lot.expires_on).where(Lot.lot_key.in_({one.lot_key for one in cases})))}
    home = jurisdiction_of(home_market(session))
    return {one.id: CaseFacts(
        kinds_of(products[one.product_id].kind if one.product_id in products else None),
        frozenset({home} | markets.get(one.product_id or "", set())), entries[one.id].astimezone(UTC).date(),
        expiry.get(one.lot_key)) for one in cases}
