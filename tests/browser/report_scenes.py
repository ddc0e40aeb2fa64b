"""Reports to authorities as the pages show them: one that waits for approval, one that was confirmed, a lost answer."""
from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.browser.conftest import PASSWORDS
from traceapp.adverse_event.model import AdverseEvent
from traceapp.core.actor import Actor
from traceapp.core.ids import new_id
from traceapp.submission.report_answering import NoteAnswer, note_answer
from traceapp.submission.report_deciding import (
    ApproveReport,
    CheckReport,
    RecordSending,
    approve_report,
    check_report,
    record_sending,
)
from traceapp.submission.report_model import Report, ReportAnswer
from traceapp.submission.report_preparing import PrepareReport, prepare_report
from traceapp.world import World


def make_report_scenes(session: Session, world: World, staff: dict[str, Actor]) -> dict[str, str]:
    """The keys of what was made, by name."""
    events = session.scalars(select(AdverseEvent).where(AdverseEvent.state == "assessed")
                             .order_by(AdverseEvent.awareness_at.desc())).all()[:3]
    sent, checked = (_checked(session, world, staff["quality"], event) for event in events[:2])
    approve_report(session, staff["manager"], world.clock, ApproveReport(sent.id, PASSWORDS["manager"], "read"),
                   store=world.files)
    record_sending(session, staff["quality"], world.clock, RecordSending(
        sent.id, "web portal", world.clock.now(), "S-2026-118"))
    note_answer(session, staff["quality"], world.clock, NoteAnswer(
        sent.id, "accepted", "330100-2026-000118", "received", ("ack.pdf", b"%PDF-1.4")), desk=world.reports)
    prepare_report(session, staff["quality"], world.clock, PrepareReport(
        sent.about.partition(":")[2], "CN", "csv", kind="followup"), desk=world.reports)
    lost = ReportAnswer(id=new_id(world.clock.now()), at=world.clock.now(), by="u", reader="by-hand", verdict="received",
                        names=["CN-QINGHE-AE-2611-XXXXXX"], texts=["1 file"], name="ack.xml", sha256="a" * 64)
    session.add(lost)
    return {"sent_report": sent.id, "checked_report": checked.id, "lost_answer": lost.id, "unreported": events[2].id}


def _checked(session: Session, world: World, who: Actor, event: AdverseEvent) -> Report:
    report = prepare_report(session, who, world.clock, PrepareReport(event.id, "CN", "values"), desk=world.reports)
    return check_report(session, who, world.clock, CheckReport(report.id, "asked twice, nobody remembers the day"))
