"""What the house knows already of the hazard of a case: reports by how grave they are, people, units, deaths.

Figures for the evaluation, each with where it comes from; who evaluates writes the words. Source: 21 CFR 7.41(a).
"""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from sqlalchemy import BigInteger, func, or_, select, type_coerce
from sqlalchemy.orm import Session

from traceapp.adverse_event.model import AdverseEvent
from traceapp.adverse_event.states import AdverseEventState, Outcome
from traceapp.complaint.model import Complaint
from traceapp.complaint.triage import TriageResult
from traceapp.surveillance.observe import observe_lots
from traceapp.trace.many_keys import listed
from traceapp.trace.model import Lot

from .model import Recall, RecallLot
from .scope_reads import Amounts, parts

# For how many lots the expected number of reports is worked out while a page waits.
MOST_EXPECTED = 300
# Complaints that tell of something: no spam, no duplicates, none that was found to be no complaint.
A_REPORT = (Complaint.is_quarantined.is_(False), Complaint.master_id.is_(None),
             Complaint.triage_result.in_((TriageResult.untriaged, TriageResult.complaint)))


@dataclass(slots=True)
class HazardFacts:
    """Of the lots in scope, at `at`. `reports`: complaints that are no duplicates; `harmful` of them tell of harm or
    were not judged yet, `malfunctions` tell of none, `by_severity`, `by_age` and `by_affected` count the harmful ones.
    `events`: adverse events that stand; `deaths` and `serious` of them. `sent`: units net of returns by unit, as the
    scope last counted them. `expected`: reports of harm that are usual for what was in use; None where the scope is
    too large to work it out at once."""

    at: datetime
    lots: int = 0
    reports: int = 0
    harmful: int = 0
    malfunctions: int = 0
    by_severity: dict[str, int] = field(default_factory=dict)
    by_age: dict[str, int] = field(default_factory=dict)
    by_affected: dict[str, int] = field(default_factory=dict)
    events: int = 0
    deaths: int = 0
    serious: int = 0
    sent: dict[str | None, Decimal] = field(default_factory=dict)
    expected: float | None = None


def hazard_facts(session: Session, recall: Recall, at: datetime) -> HazardFacts:
    """The figures for a case, in a fixed number of statements for a scope of a few thousand lots."""
    keys = list(session.scalars(select(RecallLot.lot_key).where(RecallLot.recall_id == recall.id)
                                .order_by(RecallLot.lot_key)))
    found = HazardFacts(at, len(keys))
    for part in parts(keys):
        _count_reports(session, part, found)
        _count_events(session, part, found)
    amounts = Amounts()
    for unit, raw in session.execute(
            select(Lot.unit, func.sum(type_coerce(RecallLot.shipped, BigInteger), type_=BigInteger))
            .join(Lot, Lot.lot_key == RecallLot.lot_key).where(RecallLot.recall_id == recall.id).group_by(Lot.unit)):
        if raw:
            found.sent[unit] = amounts[int(raw)]
    if len(keys) <= MOST_EXPECTED:
        found.expected = sum(one.expected for one in observe_lots(session, keys, at.date()).values())
    return found


def _count_reports(session: Session, keys: Iterable[str], found: HazardFacts) -> None:
    is_harmful = or_(Complaint.is_harm.is_(None), Complaint.is_harm.is_(True))
    for harmful, severity, age, affected, count in session.execute(
            select(is_harmful, Complaint.severity, Complaint.age_band, Complaint.affected, func.count())
            .where(Complaint.lot_key.in_(listed(session, keys)), *A_REPORT)
            .group_by(is_harmful, Complaint.severity, Complaint.age_band, Complaint.affected)):
        found.reports += count
        if not harmful:
            found.malfunctions += count
            continue
        found.harmful += count
        for counts, code in ((found.by_severity, severity), (found.by_age, age), (found.by_affected, affected)):
            counts[code] = counts.get(code, 0) + count


def _count_events(session: Session, keys: Iterable[str], found: HazardFacts) -> None:
    for outcome, is_serious, criteria, count in session.execute(
            select(AdverseEvent.outcome, AdverseEvent.is_serious, AdverseEvent.seriousness, func.count())
            .where(AdverseEvent.lot_key.in_(listed(session, keys)),
                   AdverseEvent.state != AdverseEventState.nullified)
            .group_by(AdverseEvent.outcome, AdverseEvent.is_serious, AdverseEvent.seriousness)):
        found.events += count
        found.deaths += count if outcome == Outcome.fatal or "death" in criteria else 0
        found.serious += count if is_serious else 0
