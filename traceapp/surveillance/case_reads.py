"""Reading a case: its lots and reports, what its alarms were and are now, what it could be merged with."""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.complaint.model import Complaint
from traceapp.db.page import Order, Page, page_of

from .alarm import NodeKind, SeverityGroup
from .case_lots import alarms_of_case
from .model import Signal, SignalAlarm, SignalDecision, SignalLot
from .observe import CountedReport, Observation, counted, observe_lots
from .states import UNDECIDED

# Of how many lots of a case the present numbers are worked out while a page waits.
MOST_LOTS = 500
# From how many of its lots the cause of a case is looked for.
MOST_COMPARED = 100
# Of a lane or a consignee only what names it counts, which the sums of its lots do not say.
_PARTLY = (NodeKind.lane, NodeKind.consignee)


@dataclass(frozen=True, slots=True)
class AlarmNow:
    """An alarm as it was, and its lots as they are now; None where that cannot be said from what was looked at."""

    alarm: SignalAlarm
    is_strongest: bool
    observed: int | None
    expected: float | None


@dataclass(frozen=True, slots=True)
class CaseLots:
    """The finished lots of a case as they are now, those with most reports first. `is_cut`: there are more."""

    seen: tuple[Observation, ...]
    is_cut: bool

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(one.lot_key for one in self.seen)

    @property
    def observed(self) -> int:
        return sum(one.observed for one in self.seen)

    @property
    def expected(self) -> float:
        return sum(one.expected for one in self.seen)


def lots_of_case(session: Session, case: Signal, on: date) -> CaseLots:
    """The lots with the numbers of the day `on`; of a merged case those that its own alarms were about."""
    return observed_lots(session, lot_keys_of(session, case, MOST_LOTS + 1), on, {})


def observed_lots(session: Session, keys: Sequence[str], on: date, known: Mapping[str, Observation]) -> CaseLots:
    """The lots of these keys with the numbers of the day `on`; what is `known` of that day is not asked again."""
    shown = keys[:MOST_LOTS]
    asked = [key for key in shown if key not in known]
    seen = {key: known[key] for key in shown if key in known} | (observe_lots(session, asked, on) if asked else {})
    return CaseLots(tuple(sorted(seen.values(), key=lambda one: (-one.observed, -one.expected, one.number))),
                    len(keys) > MOST_LOTS)


def lot_keys_of(session: Session, case: Signal, limit: int = MOST_COMPARED) -> tuple[str, ...]:
    """The keys of the lots of a case, at most `limit`; of a merged one those that its own alarms were about."""
    keys = session.scalars(select(SignalLot.lot_key).where(
        SignalLot.signal_id == case.id).order_by(SignalLot.lot_key).limit(limit)).all()
    return tuple(keys or sorted({key for alarm in alarms_of_case(session, case) for key in alarm.lot_keys})[:limit])


def alarms_now(session: Session, case: Signal, lots: CaseLots, on: date) -> list[AlarmNow]:
    """The alarms of a case beside the numbers of their lots on the day `on`, the newest first."""
    alarms = alarms_of_case(session, case)
    known: dict[str, dict[str, Observation]] = {SeverityGroup.harm: {one.lot_key: one for one in lots.seen}}
    if any(alarm.severity_group == SeverityGroup.serious for alarm in alarms):
        known[SeverityGroup.serious] = observe_lots(session, lots.keys, on, SeverityGroup.serious)
    strongest = max(alarms, key=lambda alarm: alarm.llr, default=None)
    return [AlarmNow(alarm, alarm is strongest, *_now(alarm, known[alarm.severity_group]))
            for alarm in reversed(alarms)]


def _now(alarm: SignalAlarm, known: Mapping[str, Observation]) -> tuple[int | None, float | None]:
    if alarm.kind in _PARTLY or any(key not in known for key in alarm.lot_keys):
        return None, None
    own = [known[key] for key in alarm.lot_keys]
    return sum(one.observed for one in own), sum(one.expected for one in own)


def reports_of_lots(session: Session, lots: CaseLots) -> list[CountedReport]:
    """Every complaint that counts for these lots, the oldest first."""
    rows = session.execute(
        select(Complaint.id, Complaint.reference, Complaint.received_at, Complaint.severity, Complaint.terms)
        .where(Complaint.lot_key.in_(lots.keys), *counted(SeverityGroup.harm))
        .order_by(Complaint.received_at, Complaint.id))
    return [CountedReport(key, reference, received_at.date(), severity, tuple(codes))
            for key, reference, received_at, severity, codes in rows]


def recall_roots(session: Session, case: Signal) -> tuple[str, ...]:
    """From which lots a recall would start: the strongest node where it is a lot itself, else its finished lots."""
    if case.kind in (NodeKind.lot, NodeKind.upstream):
        return (case.node_key,)
    strongest = max(alarms_of_case(session, case), key=lambda alarm: alarm.llr)
    return tuple(strongest.lot_keys)


def report_page(session: Session, lots: CaseLots, after: str | None, limit: int = 25) -> Page[Complaint]:
    """The complaints that count for the lots of a case, the newest first, a page at a time."""
    found = select(Complaint).where(Complaint.lot_key.in_(lots.keys), *counted(SeverityGroup.harm))
    return page_of(session, found, Order(Complaint.received_at, Complaint.id, descending=True), after, limit)


def decisions_of_case(session: Session, case: Signal) -> list[tuple[Signal, SignalDecision]]:
    """What was decided about a case and about those merged into it, the newest first."""
    rows = session.execute(select(Signal, SignalDecision).join(
        SignalDecision, (SignalDecision.lot_key == Signal.lot_key) & (SignalDecision.signal_id == Signal.id))
        .where((Signal.id == case.id) | (Signal.merged_into_id == case.id))
        .order_by(SignalDecision.at.desc(), SignalDecision.position.desc()))
    return [(signal, decision) for signal, decision in rows]


def merged_into(session: Session, case: Signal) -> list[Signal]:
    """The cases that this one took."""
    return list(session.scalars(select(Signal).where(Signal.merged_into_id == case.id).order_by(Signal.opened_at)))


def takers_of(session: Session, case: Signal, limit: int = 50) -> list[Signal]:
    """The undecided cases into which this one could be merged: of the same product first, then the newest."""
    same = Signal.product_id == (case.product_id or "")
    return list(session.scalars(select(Signal).where(Signal.state.in_(UNDECIDED), Signal.id != case.id)
                                .order_by(same.desc(), Signal.opened_at.desc()).limit(limit)))


def signals_by_id(session: Session, ids: Iterable[str]) -> dict[str, Signal]:
    """The cases with these ids."""
    wanted = list(dict.fromkeys(ids))
    return {case.id: case for case in session.scalars(select(Signal).where(Signal.id.in_(wanted)))} if wanted else {}
