"""Carrying out the acts of the plan, one after the other, through the services that people use."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.adverse_event.clusters import follow_cluster
from traceapp.complaint.case_parts import CLUSTERED, RESCORE
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.core.quantity import Quantity
from traceapp.submission.report_desk import ReportDesk
from traceapp.surveillance.deciding import Decide as DecideSignal
from traceapp.surveillance.deciding import decide_signal
from traceapp.surveillance.model import Signal, SignalLot
from traceapp.surveillance.nightly import watch_all_in
from traceapp.surveillance.rescoring import rescore_lot
from traceapp.surveillance.states import UNDECIDED, Priority, actions_from
from traceapp.trace.holds import PlaceHold, place_hold
from traceapp.trace.identity import lot_key
from traceapp.trace.inspecting import RecordInspection, record_inspection
from traceapp.trace.model import HoldKind
from traceapp.trace.production import InputLot, MadeAt, ProduceBatch, produce_batch
from traceapp.trace.receiving import ReceiveLot, receive_lot
from traceapp.trace.release import Decide, reject_lot, release_lot
from traceapp.trace.sensing import NewReading, RecordReadings, record_readings
from traceapp.trace.shipping import ReturnUnits, ShipLine, ShipLots, return_units, ship_lots
from traceapp.vault.service import Vault
from traceapp.worklist.work import claim_work, finish_work

from . import acts
from .acts import LotName
from .casework import CaseDesk
from .house import House
from .recall_tale import RecallTale
from .tables import items, texts
from .vigilance import VigilanceDesk

# Long ago it is enough to look at the lots twice a day; in the last weeks they are looked at every few hours.
_LOOK_EVERY, _LOOK_LATELY = timedelta(hours=12), timedelta(hours=4)
_WATCH_EVERY = timedelta(days=10)
_LATELY = timedelta(days=20)
_LEASE_SECONDS, _MOST_WORK = 60, 200
_REFUTE_AFTER = timedelta(hours=20)
_TAKE_UP_AFTER, _PRIORITISE_AFTER = timedelta(hours=5), timedelta(hours=7)


@dataclass(slots=True)
class Narrator:
    """One session, one clock that moves with the acts, and the house in which they happen."""

    session: Session
    clock: FixedClock
    vault: Vault
    house: House
    reports: ReportDesk
    story_keys: frozenset[str]
    now: datetime
    signals: list[Signal] = field(default_factory=list)
    desk: CaseDesk = field(init=False)
    vigilance: VigilanceDesk = field(init=False)
    recalls: dict[str, RecallTale] = field(default_factory=dict)
    _looked_at: datetime | None = None
    _watched_at: datetime | None = None
    _to_decide: list[tuple[datetime, str, Signal]] = field(default_factory=list)
    _has_news: bool = False

    def __post_init__(self) -> None:
        self.desk = CaseDesk(self.session, self.clock, self.vault, self.house)
        self.vigilance = VigilanceDesk(self.session, self.clock, self.desk, self.reports)

    def tell(self, act: acts.Act) -> None:
        """Do what the act says, at its own moment."""
        self._look_at_lots(act.at)
        self.clock.move_to(act.at)
        _HANDLERS[type(act)](self, act)
        self._has_news = self._has_news or isinstance(act, acts.Report | acts.Handle | acts.Work)

    def finish(self) -> None:
        """Look at whatever waits, as of now."""
        self._look_at_lots(self.now, is_last=True)
        self.clock.move_to(self.now)

    def actor(self, name: str) -> Actor:
        """A member of staff by sign-in name."""
        return self.house.actors[name]

    def key(self, lot: LotName) -> str:
        """The key of a lot."""
        return lot_key(self.house.products[lot.product].identity_uri, lot.number)

    def receive(self, act: acts.Receive) -> None:
        product = self.house.products[act.lot.product]
        receive_lot(self.session, self.actor("operator"), self.clock, ReceiveLot(
            product.id, act.lot.number, self.house.parties[act.supplier].id, act.supplier_lot,
            Quantity(act.quantity, product.unit), act.at, self.house.plant.id, origin=act.origin, made_on=act.made_on,
            document=act.document))

    def inspect(self, act: acts.Inspect) -> None:
        record_inspection(self.session, self.actor("quality"), self.clock, RecordInspection(
            self.key(act.lot), act.report, act.laboratory, act.at, act.sample, act.results))

    def produce(self, act: acts.Produce) -> None:
        product = self.house.products[act.lot.product]
        inputs = tuple(InputLot(self.key(lot), Quantity(amount, self.house.products[lot.product].unit))
                       for lot, amount in act.inputs)
        produce_batch(self.session, self.actor("operator"), self.clock, ProduceBatch(
            product.id, act.lot.number, Quantity(act.quantity, product.unit), act.at, inputs,
            MadeAt(**dict(act.place), site_id=self.house.plant.id), act.retained))

    def release(self, act: acts.Release) -> None:
        release_lot(self.session, self.actor("manager"), self.clock, Decide(self.key(act.lot), act.note))

    def reject(self, act: acts.Reject) -> None:
        reject_lot(self.session, self.actor("manager"), self.clock, Decide(self.key(act.lot), act.note))

    def hold(self, act: acts.PutOnHold) -> None:
        place_hold(self.session, self.actor("quality"), self.clock, PlaceHold(
            (self.key(act.lot),), HoldKind.manual, "manual", act.reason))

    def ship(self, act: acts.Ship) -> None:
        lines = tuple(ShipLine(self.key(lot), items()[lot.product].gtin(level), Decimal(packs))
                      for lot, level, packs in act.lines)
        ship_lots(self.session, self.actor("operator"), self.clock, ShipLots(
            self.house.parties[act.consignee].id, act.document, act.at, self.house.store.id, act.lane, lines))

    def send_back(self, act: acts.SendBack) -> None:
        return_units(self.session, self.actor("operator"), self.clock, ReturnUnits(
            self.key(act.lot), self.house.parties[act.consignee].id, Decimal(act.units), act.at, act.document))

    def measure(self, act: acts.Measure) -> None:
        readings = tuple(NewReading(at, "temperature", "CEL", value) for at, value in act.values)
        record_readings(self.session, self.actor("operator"), self.clock, RecordReadings(
            readings, act.device, tuple(self.key(lot) for lot in act.lots), document=act.document))

    def recall(self, act: acts.RecallStep) -> None:
        tale = self.recalls.setdefault(act.tale, RecallTale(
            self.session, self.clock, self.vault, self.house, self.reports.store, act.tale))
        tale.step(act, self.key(act.lot))

    def _look_at_lots(self, until: datetime, *, is_last: bool = False) -> None:
        """What the scheduler does with the complaints that came in: score their lots again.

        Also decides: the first signal of the story is taken up and prioritised, others are refuted the day after.
        """
        while self._to_decide and self._to_decide[0][0] <= until:
            moment, action, signal = self._to_decide.pop(0)
            self.clock.move_to(moment)
            if action in actions_from(signal.state):
                decide_signal(self.session, self.actor("quality"), self.clock, DecideSignal(
                    signal.lot_key, signal.id, action, texts()[f"signal.{action}"],
                    priority=Priority.high if action == "prioritise" else None))
        if is_last:
            self._follow_clusters()
        if not self._has_news:
            return
        present = self.clock.now()
        is_recent = self.now - present < _LATELY
        pause = _LOOK_LATELY if is_recent else _LOOK_EVERY
        if not (is_last or self._looked_at is None or present - self._looked_at >= pause):
            return
        self._looked_at, self._has_news = present, False
        rows = claim_work(self.session, self.clock, RESCORE, _MOST_WORK, _LEASE_SECONDS)
        if is_last or is_recent and (self._watched_at is None or present - self._watched_at >= _WATCH_EVERY):
            self._watched_at = present
            watch_all_in(self.session, self.clock)
        # What came in before the first nightly run of the story is counted by it.
        for key in dict.fromkeys(row.subject_key for row in rows if is_last or is_recent):
            opened = rescore_lot(self.session, self.clock, key)
            if opened is not None and opened not in self.signals:
                self._plan_decisions(opened, present, is_story=self.is_of_the_story(opened))
                self.signals.append(opened)
        for row in rows:
            finish_work(self.session, self.clock, row)

    def is_of_the_story(self, signal: Signal) -> bool:
        """Whether a signal, whichever lot or node it is named after, is about lots of the bad material."""
        return not self.story_keys.isdisjoint(self.session.scalars(
            select(SignalLot.lot_key).where(SignalLot.signal_id == signal.id)))

    def _plan_decisions(self, signal: Signal, opened: datetime, *, is_story: bool) -> None:
        if not is_story:
            self._to_decide.append((opened + _REFUTE_AFTER, "refute", signal))
        elif not any(one.state in UNDECIDED for one in self.signals):
            self._to_decide += [(opened + _TAKE_UP_AFTER, "validate", signal),
                                (opened + _PRIORITISE_AFTER, "prioritise", signal)]
        self._to_decide.sort(key=lambda planned: planned[0])

    def _follow_clusters(self) -> None:
        """What the scheduler does with reports that were linked: let their event be known since the first of them."""
        for row in claim_work(self.session, self.clock, CLUSTERED, _MOST_WORK, _LEASE_SECONDS):
            follow_cluster(self.session, self.actor("quality"), self.clock, row.subject_key)
            finish_work(self.session, self.clock, row)


_HANDLERS: dict[type, Callable[[Narrator, Any], None]] = {
    acts.Receive: Narrator.receive, acts.Inspect: Narrator.inspect, acts.Produce: Narrator.produce,
    acts.Release: Narrator.release, acts.Reject: Narrator.reject, acts.PutOnHold: Narrator.hold,
    acts.Ship: Narrator.ship, acts.Measure: Narrator.measure, acts.SendBack: Narrator.send_back,
    acts.Report: lambda narrator, act: narrator.desk.take(act),
    acts.Handle: lambda narrator, act: narrator.desk.handle(act),
    acts.Work: lambda narrator, act: narrator.vigilance.step(act),
    acts.LookAtPeriods: lambda narrator, act: narrator.vigilance.look_at_periods(act),
    acts.RecallStep: Narrator.recall,
}
