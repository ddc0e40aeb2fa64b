"""Reports to authorities as the pages show them: one that waits for approval, one that was confirmed, a lost answer; and
reports of one event."""
from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.adverse_event.model import AdverseEvent
from traceapp.complaint.model import Complaint
from traceapp.core.actor import Actor
from traceapp.core.ids import new_id
from traceapp.submission.report_model import Report, ReportAnswer
from traceapp.submission.report_preparing import PrepareReport, prepare_report
from traceapp.world import World


def make_report_scenes(session: Session, world: World, staff: dict[str, Actor]) -> dict[str, str]:
    """The keys of what the demonstration has and of what was made, by name."""
    sent, checked = (session.scalars(select(Report).where(Report.state == state, Report.jurisdiction == "CN")
                                     .order_by(Report.profile)).first() for state in ("acknowledged", "checked"))
    reported = select(Report.about)
    unreported = session.scalars(select(AdverseEvent.id).where(
        AdverseEvent.state == "assessed", ("adverse_event:" + AdverseEvent.id).not_in(reported))).first()
    doubled = session.scalars(select(Complaint.master_id).where(Complaint.master_id.is_not(None))).first()
    assert sent and checked and unreported and doubled
    prepare_report(session, staff["quality"], world.clock, PrepareReport(
        sent.about.partition(":")[2], "CN", "csv", kind="followup"), desk=world.reports)
    lost = ReportAnswer(id=new_id(world.clock.now()), at=world.clock.now(), by="u", reader="by-hand", verdict="received",
                        names=["CN-QINGHE-AE-2611-XXXXXX"], texts=["1 file"], name="ack.xml", sha256="a" * 64)
    session.add(lost)
    return {"sent_report": sent.id, "checked_report": checked.id, "lost_answer": lost.id, "unreported": unreported,
            "doubled": doubled}
