"""Reports of adverse events with a small form of the tests' own, and answers as an authority sends them."""
from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import select

from tests.factories import PASSWORD, make_user
from traceapp.adverse_event.model import AdverseEvent
from traceapp.attachment.store import FileStore
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.export.case_report import CaseReport, Finding, Organisation, Profile, RenderedReport
from traceapp.identity.model import User
from traceapp.identity.policy import permissions_of
from traceapp.submission.case_reading import read_case
from traceapp.submission.report_answering import NoteAnswer, TakeAnswer, note_answer, take_answer
from traceapp.submission.report_deciding import (
    ApproveReport,
    CheckReport,
    RecordSending,
    approve_report,
    check_report,
    record_sending,
)
from traceapp.submission.report_desk import CaseWanted, ReadAnswer, ReportDesk
from traceapp.submission.report_model import Report, ReportAnswer
from traceapp.submission.report_preparing import PrepareReport, prepare_report
from traceapp.submission.report_states import AnswerVerdict
from traceapp.vault.service import Vault


def person(name: str, role: str = "quality") -> Actor:
    return Actor(id=name, role=role, name=name, scopes=permissions_of(role))


@dataclass(frozen=True, slots=True)
class LetterForm:
    """Writes the outcome and who follows whom; finds what its narrative says that it shall find."""

    name: str = "letter"
    formats: Sequence[str] = ("txt", "json")

    def render(self, case: CaseReport, fmt: str) -> RenderedReport:
        head = case.head
        said = (f"{head.report_number} v{head.version} {head.kind} after {head.earlier_reference or '-'} "
                f"{head.earlier_sha256[:8]}\n{case.patient.name}|{case.event.outcome}|{case.event.narrative}")
        found = []
        if "ERROR" in case.event.narrative:
            found.append(Finding("B5", "bad", "Element %(name)s is empty.", values={"name": "B5"}))
        if case.event.began_on is None:
            found.append(Finding("B3", "no-date", "The day is not known.", is_error=False))
        return RenderedReport(self.name, f"{head.reference}.{fmt}", "text/plain", said.encode(), found)

    def message_id(self, data: bytes) -> str:
        number, version, *_rest = data.decode().split()
        return f"M-{number}-{version.removeprefix('v')}"


def read_note(data: bytes) -> list[ReadAnswer] | None:
    """Answers as `ACK [{"names": …, "verdict": …}]`."""
    if not data.startswith(b"ACK "):
        return None
    return [ReadAnswer(AnswerVerdict(one["verdict"]), tuple(one["names"]), one.get("number", ""),
                       tuple(one.get("texts", ()))) for one in json.loads(data[4:])]


def read_named_case(session: Any, wanted: CaseWanted) -> CaseReport:
    """The plain case; a full one names a person."""
    case = read_case(session, wanted.adverse_event_id)
    sender = Organisation("甲厂", "Acme Ltd", "CN", ids={"fei": "3001234567"})
    case = replace(case, head=replace(case.head, sender=sender))
    if wanted.profile == Profile.full:
        return replace(case, patient=replace(case.patient, name="Zhang San"), profile=Profile.full)
    return case


# The key of the applications in tests, so that they read what is made here.
VAULT = Vault("YS12YXVsdC1rZXktb2YtdGhlLXRlc3Qtc3VpdGUhISE=")


def make_desk(folder: Path, form: str = "letter") -> ReportDesk:
    return ReportDesk(FileStore(folder), {form: LetterForm(form)}, read_named_case, {"note": read_note}, VAULT)


def an_answer(verdict: str, *names: str, number: str = "", texts: tuple[str, ...] = ()) -> bytes:
    return b"ACK " + json.dumps([{"verdict": verdict, "names": names, "number": number, "texts": texts}]).encode()


@dataclass(slots=True)
class Desk:
    """Two people and a manager who make reports over one database."""

    database: Database
    clock: FixedClock
    desk: ReportDesk

    def prepare(self, event: AdverseEvent, **changes: Any) -> Report:
        command = PrepareReport(event.id, "CN", next(iter(self.desk.forms)))
        with self.database.write() as session:
            return prepare_report(session, person("u-li"), self.clock, replace(command, **changes), desk=self.desk)

    def check(self, report: Report, who: str = "u-li", reason: str = "asked twice") -> Report:
        with self.database.write() as session:
            return check_report(session, person(who), self.clock, CheckReport(report.id, reason))

    def approve(self, report: Report, who: Actor | None = None, password: str = PASSWORD) -> Report:
        signer = who or self.manager()
        with self.database.write() as session:
            return approve_report(session, signer, self.clock,
                                  ApproveReport(report.id, password, "read it"), desk=self.desk)

    def send(self, report: Report, **changes: Any) -> Report:
        command = RecordSending(report.id, "web portal", self.clock.now())
        with self.database.write() as session:
            return record_sending(session, person("u-li"), self.clock, replace(command, **changes))

    def sent(self, event: AdverseEvent, **changes: Any) -> Report:
        report = self.prepare(event, **changes)
        self.check(report)
        self.approve(report)
        return self.send(report)

    def take(self, content: bytes) -> list[ReportAnswer]:
        with self.database.write() as session:
            return take_answer(session, person("u-li"), self.clock, TakeAnswer("ack.txt", content), desk=self.desk)

    def note(self, report: Report, verdict: str, **more: Any) -> Report:
        with self.database.write() as session:
            return note_answer(session, person("u-li"), self.clock, NoteAnswer(report.id, verdict, **more),
                               desk=self.desk)

    def manager(self, name: str = "u-boss") -> Actor:
        with self.database.read() as session:
            user = session.scalar(select(User).where(User.sign_in_name == name))
        user = user or make_user(self.database, self.clock, "quality_manager", name)
        return Actor(id=user.id, role="quality_manager", name=user.name, scopes=permissions_of("quality_manager"))

    def again(self, report: Report) -> Report:
        with self.database.read() as session:
            return session.get_one(Report, report.id)
