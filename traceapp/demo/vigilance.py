"""What staff does with the worked cases: found out in full, reported, answered by the authority."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

from sqlalchemy.orm import Session

from traceapp.adverse_event.decisions import DecideAdverseEvent, decide_adverse_event
from traceapp.adverse_event.patient import StatePatient, state_patient
from traceapp.adverse_event.service import AssessAdverseEvent, about, assess_adverse_event
from traceapp.attachment.store import hash_of
from traceapp.catalog.markets import registrations_of
from traceapp.complaint.clusters import join_clusters
from traceapp.complaint.crisis import JoinTaskForce, OpenTaskForce, join_task_force, open_task_force, write_entry
from traceapp.complaint.returning import AskReturn, ChangeReturn, ask_return, change_return, returns_of
from traceapp.complaint.service import (
    AddNote,
    ChangeComplaint,
    LinkDuplicate,
    add_note,
    change_complaint,
    decline_promotion,
)
from traceapp.core.actor import SYSTEM, Actor
from traceapp.core.clock import FixedClock
from traceapp.core.quantity import Quantity
from traceapp.submission.periodic_clocks import about_registration, begin_periods
from traceapp.submission.periodic_reporting import period_rows
from traceapp.submission.report_answering import NoteAnswer, note_answer
from traceapp.submission.report_deciding import (
    ApproveReport,
    CheckReport,
    RecordSending,
    approve_report,
    check_report,
    record_sending,
)
from traceapp.submission.report_desk import ReportDesk
from traceapp.submission.report_model import Report as AuthorityReport
from traceapp.submission.report_preparing import PrepareReport, prepare_report
from traceapp.worklist.clock_model import ClockState
from traceapp.worklist.legal_clocks import EndClock, clocks_about, end_clock
from traceapp.worklist.model import TaskState
from traceapp.worklist.tasks import complete_task, tasks_about

from .acts import Handle, LookAtPeriods, Report, Work
from .assessing import worked_assessment
from .casework import CaseDesk
from .people import SIGN_INS
from .tables import texts
from .worked_cases import AGAIN

_FORMS = {"CN": ("nmpa-device", "pdf"), "EU": ("mir", "xml"), "US": ("emdr", "xml")}
_NEXT_AFTER = timedelta(days=30)
_UNEXPECTED = "EU-MD-02"
_AT_ONCE = frozenset({"CN-MD-05", "CN-MD-06"})
_PASSWORDS = {one.name: one.password for one in SIGN_INS}


@dataclass(slots=True)
class VigilanceDesk:
    """`cases` keeps what each report became; `reports` the newest report by case and jurisdiction."""

    session: Session
    clock: FixedClock
    cases: CaseDesk
    desk: ReportDesk
    reports: dict[tuple[int, str], AuthorityReport] = field(default_factory=dict)

    def step(self, act: Work) -> None:
        """One step; `prepare CN` and its like name the authority."""
        what, _, jurisdiction = act.step.partition(" ")
        if jurisdiction:
            _REPORTED[what](self, act, jurisdiction)
        elif what in _DONE:
            _DONE[what](self, act)
        else:
            change_complaint(self.session, self._quality, self.clock, ChangeComplaint(
                self._complaint(act), what, texts()[f"{act.case}.{what}"]))

    def look_at_periods(self, act: LookAtPeriods) -> None:
        """Begin the clocks of the periods that have come, end them where their report was sent and confirmed, and
        answer what the service asks about the markets."""
        product = self.cases.house.products[act.product]
        begin_periods(self.session, SYSTEM, self.clock, product.id)
        self.session.flush()
        for market in registrations_of(self.session, product.id):
            for task in tasks_about(self.session, about_registration(market.id)):
                if task.state == TaskState.open:
                    complete_task(self.session, self._quality, self.clock, task.id, texts()["period.answered"])
        for row in period_rows(self.session, product.id, only_running=True) if act.is_reported else ():
            end_clock(self.session, self._quality, self.clock, EndClock(
                row.clock.id, ClockState.reported, texts()["period.reported"],
                f"DEMO-PRER-{row.period.last_on:%Y%m%d}", hash_of(row.clock.id.encode())))

    @property
    def _quality(self) -> Actor:
        return self.cases.house.actors["quality"]

    @property
    def _manager(self) -> Actor:
        return self.cases.house.actors["manager"]

    def _complaint(self, act: Work) -> str:
        return self.cases.complaints[act.number]

    def _event(self, act: Work) -> str:
        return self.cases.events[act.number]

    def _report(self, act: Work) -> Report:
        return self.cases.reports[act.number]

    def _handle(self, act: Work) -> None:
        self.cases.handle(Handle(act.at, act.number, act.step))

    def _thank(self, act: Work) -> None:
        add_note(self.session, self._quality, self.clock, AddNote(
            self._complaint(act), texts()["answer.glue"], is_public=True))

    def _link(self, act: Work) -> None:
        """The other reports of the same event, each with the reason of whoever compared them."""
        for number in AGAIN:
            other = self.cases.complaints[number]
            join_clusters(self.session, self._quality, self.clock, LinkDuplicate(
                other, self._complaint(act), texts()["home.link"]))
            decline_promotion(self.session, self._quality, self.clock, other, texts()["home.linked"])

    def _name_patient(self, act: Work) -> None:
        state_patient(self.session, self._quality, self.clock, StatePatient(
            self._event(act), patient_name=texts()["home.patient"], initials="ZX"), vault=self.cases.vault)

    def _assess(self, act: Work) -> None:
        assess_adverse_event(self.session, self._quality, self.clock, AssessAdverseEvent(
            self._event(act), texts()["event.assessed"], **worked_assessment(act.case, self._report(act))))

    def _ask_return(self, act: Work) -> None:
        ask_return(self.session, self._quality, self.clock, AskReturn(
            self._complaint(act), Quantity(Decimal(1), "EA"), texts()["home.return"]))

    def _return(self, act: Work, action: str) -> None:
        (asked,) = returns_of(self.session, self._complaint(act))
        change_return(self.session, self._quality, self.clock, ChangeReturn(self._complaint(act), asked.id, action))

    def _group(self, act: Work) -> None:
        decide_adverse_event(self.session, self._manager, self.clock, DecideAdverseEvent(
            self._event(act), "group_event", texts()["ward.group"]))

    def _expected(self, act: Work) -> None:
        """What began while nobody had judged whether it is expected does not hold once somebody has."""
        for one in clocks_about(self.session, about(self._event(act))):
            if one.rule_id == _UNEXPECTED:
                end_clock(self.session, self._quality, self.clock, EndClock(
                    one.id, ClockState.not_reportable, texts()["home.expected"]))

    def _task_force(self, act: Work) -> None:
        force = open_task_force(self.session, self._manager, self.clock, OpenTaskForce(
            texts()["force.reason"], complaint_id=self._complaint(act)))
        join_task_force(self.session, self._manager, self.clock, JoinTaskForce(
            force.id, self._quality.id, texts()["force.duty"]))
        write_entry(self.session, self._quality, self.clock, force.id, texts()["force.entry"])

    def _prepare(self, act: Work, jurisdiction: str) -> None:
        form, fmt = _FORMS[jurisdiction]
        event, said = self._event(act), texts()
        urgent = tuple(one.id for one in clocks_about(self.session, about(event)) if one.rule_id in _AT_ONCE)
        self.reports[act.number, jurisdiction] = prepare_report(
            self.session, self._quality, self.clock, PrepareReport(
                event, jurisdiction, form, fmt, "full" if act.case == "home" else "masked",
                receiver=said[f"receiver.{jurisdiction}"], clock_ids=urgent or None,
                expected_next_on=(act.at + _NEXT_AFTER).date() if jurisdiction == "EU" else None), desk=self.desk)

    def _check(self, act: Work, jurisdiction: str) -> None:
        report = self.reports[act.number, jurisdiction]
        check_report(self.session, self._quality, self.clock, CheckReport(
            report.id, texts()["report.warnings"] if report.findings else ""))

    def _approve(self, act: Work, jurisdiction: str) -> None:
        approve_report(self.session, self._manager, self.clock, ApproveReport(
            self.reports[act.number, jurisdiction].id, _PASSWORDS["manager"], texts()["report.approved"]),
            desk=self.desk)

    def _send(self, act: Work, jurisdiction: str) -> None:
        record_sending(self.session, self._quality, self.clock, RecordSending(
            self.reports[act.number, jurisdiction].id, texts()["report.channel"], self.clock.now()))

    def _accept(self, act: Work, jurisdiction: str) -> None:
        report = self.reports[act.number, jurisdiction]
        note_answer(self.session, self._quality, self.clock, NoteAnswer(
            report.id, "accepted", f"DEMO-{report.reference}", texts()["report.accepted"]), desk=self.desk)

    def _refuse(self, act: Work, jurisdiction: str) -> None:
        note_answer(self.session, self._quality, self.clock, NoteAnswer(
            self.reports[act.number, jurisdiction].id, "rejected", text=texts()["report.refused"]), desk=self.desk)


_DONE: dict[str, Callable[[VigilanceDesk, Work], None]] = {
    "triage": VigilanceDesk._handle, "promote": VigilanceDesk._handle, "thank": VigilanceDesk._thank,
    "link": VigilanceDesk._link, "name_patient": VigilanceDesk._name_patient, "assess": VigilanceDesk._assess,
    "ask_return": VigilanceDesk._ask_return,
    "goods_came": lambda desk, act: desk._return(act, "receive"),
    "replace": lambda desk, act: desk._return(act, "replace"), "group": VigilanceDesk._group,
    "expected": VigilanceDesk._expected, "task_force": VigilanceDesk._task_force}
_REPORTED: dict[str, Callable[[VigilanceDesk, Work, str], None]] = {
    "prepare": VigilanceDesk._prepare, "check": VigilanceDesk._check, "approve": VigilanceDesk._approve,
    "send": VigilanceDesk._send, "accept": VigilanceDesk._accept, "refuse": VigilanceDesk._refuse}
