"""The past of a product, as far as it says what is usual: its lots, their deliveries, and the reports about them.

Left out, and said so: lots under a signal that nobody refuted, recalled lots, reports from the day of a lot's first
hold on, and for some time after each recall of the product, for publicity brings reports that would not have come.
"""
from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.complaint.model import Complaint
from traceapp.complaint.region import read_place
from traceapp.trace.model import Hold, HoldKind, Lot

from .alarm import SeverityGroup
from .exposure import Delivery, Spans, chunks, deliveries_of, holds_of, region_name, regions_of
from .model import Signal, SignalDecision, SignalLot
from .observe import SERIOUS, counted
from .states import STANDING, SignalState

if TYPE_CHECKING:
    from traceapp.signals.spread import Supply

YEARS = 3
MOST_LOTS = 1000
PUBLICITY_DAYS = 90
_DAYS = 365 * YEARS


@dataclass(frozen=True, slots=True)
class Report:
    """A counted complaint: its lot and day (an ordinal), by whom, where, and whether its harm was serious."""

    lot_key: str
    day: int
    consignee_id: str
    region: str
    is_serious: bool


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A lot that says nothing about what is usual. `why`: signal, recalled, or unseen (no day on which it counts)."""

    lot_key: str
    number: str
    why: str


@dataclass(frozen=True, slots=True)
class Past:
    """What counts. `seen`: the days (ordinals) of each lot on which its reports were counted; `unexposed`: reports of
    lots before anything of them was despatched."""

    lots: tuple[str, ...]
    deliveries: Mapping[str, list[Delivery]]
    seen: Mapping[str, tuple[tuple[int, int], ...]]
    reports: tuple[Report, ...]
    regions: Mapping[str, str]
    left_out: tuple[LeftOut, ...]
    publicity: tuple[tuple[date, date], ...]
    unexposed: int
    digest: str

    def supplies(self) -> list[Supply]:
        """Who may have got the reported units: the consignee who reports, where it got some of the lot; else all."""
        days: dict[tuple[str, str], list[int]] = defaultdict(list)
        got = {(key, one.consignee_id) for key in self.lots for one in self.deliveries[key] if one.units > 0}
        for report in self.reports:
            by = report.consignee_id if (report.lot_key, report.consignee_id) in got else ""
            days[report.lot_key, by].append(report.day)
        return [self.supply(key, [one for one in self.deliveries[key] if by in ("", one.consignee_id)], found)
                for (key, by), found in sorted(days.items())]

    def of_group(self, group: SeverityGroup) -> list[Report]:
        """The reports of a severity group."""
        return [one for one in self.reports if group == SeverityGroup.harm or one.is_serious]

    def newest(self, most: int) -> Past:
        """The same with no more than so many reports, the newest."""
        return replace(self, reports=self.reports[-most:])

    def supply(self, lot_key: str, deliveries: Iterable[Delivery], days: Iterable[int] = ()) -> Supply:
        """What a lot's consignees kept of it, and the days of reports."""
        from traceapp.signals.spread import Supply

        return Supply(_kept(deliveries), self.seen[lot_key], tuple(sorted(days)))


def past_of(session: Session, product_id: str, today: date) -> Past:
    """The past of a product until yesterday: its newest lots of three years, at most a thousand."""
    since = datetime.combine(today - timedelta(days=_DAYS), time(), UTC)
    lots = list(session.scalars(
        select(Lot).where(Lot.product_id == product_id, Lot.is_own == 1, Lot.shipped > 0,
                          Lot.started_at >= since).order_by(Lot.started_at.desc(), Lot.lot_key).limit(MOST_LOTS)))
    keys = [lot.lot_key for lot in lots]
    deliveries, holds = deliveries_of(session, keys), holds_of(session, keys)
    publicity = publicity_of(session, product_id, today)
    under = lots_under_signal(session, keys)
    seen, left_out = {}, []
    for lot in lots:
        days = _days(deliveries.get(lot.lot_key, []), holds.get(lot.lot_key, []), publicity, today)
        why = ("signal" if lot.lot_key in under else "recalled" if lot.is_recalled else "" if days else "unseen")
        if why:
            left_out.append(LeftOut(lot.lot_key, lot.number, why))
        else:
            seen[lot.lot_key] = days
    regions = regions_of(session, {one.consignee_id for key in seen for one in deliveries[key]})
    told = _reports(session, seen, regions)
    first = {key: min(one.day for one in deliveries[key] if one.units > 0).toordinal() for key in seen}
    exposed = tuple(one for one in told if one.day >= first[one.lot_key])
    return Past(tuple(seen), deliveries, seen, tuple(one for one in exposed if _within(one.day, seen[one.lot_key])),
                regions, tuple(left_out), publicity, len(told) - len(exposed),
                _digest(seen, deliveries, told, left_out, today))


def publicity_of(session: Session, product_id: str, today: date) -> tuple[tuple[date, date], ...]:
    """The days, first and last, on which reports about a product say little: from each recall of a lot of it on."""
    rows = session.scalars(select(Hold.placed_at).join(Lot, Lot.lot_key == Hold.lot_key).where(
        Lot.product_id == product_id, Hold.kind == HoldKind.recall))
    begun = sorted({placed_at.date() for placed_at in rows})
    return tuple((day, day + timedelta(days=PUBLICITY_DAYS - 1)) for day in begun if day <= today)


def lots_under_signal(session: Session, lot_keys: Iterable[str]) -> set[str]:
    """Which of these lots have a signal that nobody refuted: it stands, or was confirmed before it was closed."""
    found: set[str] = set()
    confirmed = select(SignalDecision.signal_id).where(SignalDecision.action == "confirm",
                                                       SignalDecision.signal_id == Signal.id).exists()
    stands = Signal.state.in_(STANDING) | ((Signal.state == SignalState.closed) & confirmed)
    for keys in chunks(lot_keys):
        found |= set(session.scalars(select(SignalLot.lot_key).join(Signal, Signal.id == SignalLot.signal_id).where(
            SignalLot.lot_key.in_(keys), stands)))
    return found


def _days(deliveries: list[Delivery], holds: Spans, publicity: tuple[tuple[date, date], ...],
          today: date) -> tuple[tuple[int, int], ...]:
    """The days of a lot on which its reports count, as spans of ordinals: from its first despatch until yesterday or
    the day before its first hold, without the windows of publicity."""
    if not _kept(deliveries):
        return ()
    end = min([today, *(begin for begin, _ in holds)]).toordinal() - 1
    at, found = min(day for day, _ in _kept(deliveries)), []
    for first, last in publicity:
        if at < first.toordinal():
            found.append((at, min(end, first.toordinal() - 1)))
        at = max(at, last.toordinal() + 1)
    found.append((at, end))
    return tuple((first, last) for first, last in found if first <= last)


def _kept(deliveries: Iterable[Delivery]) -> tuple[tuple[int, float], ...]:
    """(day, units) that stayed with their consignee: what came back was never used, whichever delivery it was of."""
    sent: dict[str, int] = defaultdict(int)
    back: dict[str, int] = defaultdict(int)
    came = list(deliveries)
    for one in came:
        (sent if one.units > 0 else back)[one.consignee_id] += abs(one.units)
    found: dict[int, float] = defaultdict(float)
    for one in came:
        if one.units > 0:
            share = 1 - back[one.consignee_id] / sent[one.consignee_id]
            found[one.day.toordinal()] += one.units * max(0.0, share)
    return tuple((day, units) for day, units in sorted(found.items()) if units > 0)


def _reports(session: Session, lot_keys: Iterable[str], regions: Mapping[str, str]) -> list[Report]:
    found = []
    for keys in chunks(lot_keys):
        rows = session.execute(
            select(Complaint.lot_key, Complaint.received_at, Complaint.consignee_id, Complaint.place,
                   Complaint.severity)
            .where(Complaint.lot_key.in_(keys), *counted(SeverityGroup.harm))
            .order_by(Complaint.received_at, Complaint.id))
        for lot_key, received_at, consignee_id, place, severity in rows:
            region = region_name(*read_place(place)) or regions.get(consignee_id or "", "")
            found.append(Report(lot_key, received_at.date().toordinal(), consignee_id or "", region,
                                severity in SERIOUS))
    return found


def _within(day: int, spans: tuple[tuple[int, int], ...]) -> bool:
    return any(first <= day <= last for first, last in spans)


def _digest(seen: Mapping[str, object], deliveries: Mapping[str, list[Delivery]], reports: list[Report],
            left_out: list[LeftOut], today: date) -> str:
    """Changes with what a fit is computed from, and once a week: time without a report says something too."""
    found = hashlib.sha256(repr((left_out, today.isocalendar()[:2])).encode())
    for key in sorted(seen):
        found.update(repr((key, [(one.day, one.units, one.consignee_id) for one in deliveries[key]])).encode())
    for report in reports:
        found.update(repr(report).encode())
    return found.hexdigest()
