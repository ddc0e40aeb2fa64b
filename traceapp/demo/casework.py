"""Complaints as they come in, and what staff does with them."""
from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from traceapp.adverse_event.markets import Ground
from traceapp.adverse_event.service import (
    AssessAdverseEvent,
    ChangeAdverseEvent,
    OpenAdverseEvent,
    about,
    assess_adverse_event,
    change_adverse_event,
    open_adverse_event,
)
from traceapp.complaint.service import (
    ChangeComplaint,
    LotGiven,
    SubmitComplaint,
    TriageComplaint,
    change_complaint,
    decline_promotion,
    submit_complaint,
    triage_complaint,
)
from traceapp.core.actor import PUBLIC, Actor
from traceapp.core.clock import Clock, FixedClock
from traceapp.trace.identity import lot_key
from traceapp.vault.policy import PersonDetails
from traceapp.vault.service import Vault
from traceapp.worklist.clock_model import ClockState
from traceapp.worklist.legal_clocks import EndClock, clocks_about, end_clock

from .acts import Handle, Report
from .assessing import details_of
from .chance import chance
from .house import House
from .tables import texts

_HARM = {"harm": "yes", "glue": "yes"}


@dataclass(slots=True)
class CaseDesk:
    """Keeps which complaint and adverse event each report of the story became."""

    session: Session
    clock: FixedClock
    vault: Vault
    house: House
    reports: dict[int, Report] = field(default_factory=dict)
    complaints: dict[int, str] = field(default_factory=dict)
    events: dict[int, str] = field(default_factory=dict)

    def take(self, act: Report) -> None:
        """A report comes in, from the public or through staff."""
        product = self.house.products[act.lot.product]
        affected, age_band, sex = act.person
        given = {"scan": LotGiven(lot_key=lot_key(product.identity_uri, act.lot.number), product_id=product.id),
                 "typed": LotGiven(text=act.lot.number, product_id=product.id),
                 "misread": LotGiven(text=act.lot.number[:4] + "7" + act.lot.number[6:], product_id=product.id),
                 "none": LotGiven(product_id=product.id)}[act.capture]
        actor = PUBLIC if act.channel == "consumer" else self.house.actors["quality"]
        submitted = submit_complaint(self.session, actor, self.clock, SubmitComplaint(
            channel=act.channel, narrative=act.narrative, lot=given, terms=act.terms, affected=affected,
            age_band=age_band, sex=sex, harm=_HARM.get(act.kind, "no"), seriousness=act.seriousness,
            happened_on=act.happened_on, place=act.place,
            consignee_id=self.house.parties[act.consignee].id if act.consignee else None,
            contact=PersonDetails(phone=act.phone), has_proof=True),
            vault=self.vault)
        self.reports[act.number], self.complaints[act.number] = act, submitted.complaint.id

    def handle(self, act: Handle) -> None:
        """One step of staff."""
        _STEPS[act.step](self, self.reports[act.number])

    def _triage(self, report: Report) -> None:
        triage_complaint(self.session, self.house.actors["quality"], self.clock, TriageComplaint(
            self.complaints[report.number], "complaint", harm=_HARM.get(report.kind, "no"),
            seriousness=report.seriousness,
            kinds=("logistics",) if report.kind == "service" else ("product_quality",)))

    def _promote(self, report: Report) -> None:
        event = open_adverse_event(self.session, self.house.actors["quality"], self.clock,
                                   OpenAdverseEvent(self.complaints[report.number]))
        self.events[report.number] = event.id

    def _decline(self, report: Report) -> None:
        decline_promotion(self.session, self.house.actors["quality"], self.clock, self.complaints[report.number],
                          texts()["event.declined"])

    def _assess(self, report: Report) -> None:
        dice = chance(report.number, f"assessment {report.lot.number}")
        _, age_band, sex = report.person
        is_glue = report.kind == "glue"
        assess_adverse_event(self.session, self.house.actors["quality"], self.clock, AssessAdverseEvent(
            self.events[report.number], texts()["event.assessed"], onset_on=report.happened_on, age_band=age_band,
            sex=sex, terms=report.terms, seriousness=report.seriousness,
            outcome=dice.choice(("recovering", "recovered") if is_glue else ("recovered", "recovered", "unknown")),
            causality="probable" if is_glue else dice.choice(("possible", "possible", "unlikely", "conditional")),
            narrative=report.narrative, use_text=texts()["event.use"], details=details_of(report)))

    def _close_event(self, report: Report) -> None:
        event_id = self.events[report.number]
        report_clocks(self.session, self.house.actors["quality"], self.clock, about(event_id), report.narrative)
        change_adverse_event(self.session, self.house.actors["quality"], self.clock,
                             ChangeAdverseEvent(event_id, "close", texts()["event.closed"]))

    def _answer(self, report: Report) -> None:
        change_complaint(self.session, self.house.actors["quality"], self.clock, ChangeComplaint(
            self.complaints[report.number], "answer", texts()[f"answer.{report.kind}"]))

    def _close(self, report: Report) -> None:
        change_complaint(self.session, self.house.actors["quality"], self.clock, ChangeComplaint(
            self.complaints[report.number], "close", texts()[f"decision.{report.kind}"]))


def report_clocks(session: Session, actor: Actor, clock: Clock, case: str, sent: str) -> None:
    """Every clock of a case that has a day is ended, with what follows a report: at home reported, elsewhere judged."""
    while running := [one for one in clocks_about(session, case) if one.state == ClockState.running and one.has_limit]:
        for one in running:
            end_clock(session, actor, clock, EndClock(
                one.id, ClockState.reported, texts()["event.reported"], f"DEMO-{one.reference}",
                hashlib.sha256(sent.encode()).hexdigest()) if one.ground == Ground.home else EndClock(
                one.id, ClockState.not_reportable, texts()["event.not_due"]))


_STEPS: dict[str, Callable[[CaseDesk, Report], None]] = {
    "triage": CaseDesk._triage, "promote": CaseDesk._promote, "decline": CaseDesk._decline,
    "assess": CaseDesk._assess, "close_event": CaseDesk._close_event, "answer": CaseDesk._answer,
    "close": CaseDesk._close}
