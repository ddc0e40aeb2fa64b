"""Lines of the ledger that people were told of, and that grow because goods were booked late: signed with the growing
scope, in the ledger with its approval."""
from __future__ import annotations

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from traceapp.audit import record
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock

from .cases import notice_stream
from .exceeding import follow_excess
from .late import lines_of_consignee
from .model import Recall, RecallLedger
from .notices import notice_for
from .untold import grown_units


def mark_growth(session: Session, recall: Recall) -> None:
    """Freeze how much each line grows that people were told of."""
    for (lot_key, consignee_id), units in grown_units(session, recall.id).items():
        row = session.get(RecallLedger, (lot_key, recall.id, consignee_id), with_for_update=True)
        if row is not None and row.scope_number < recall.scope_number:
            row.more = units
    session.flush()


def forget_growth(session: Session, recall: Recall) -> None:
    """What was frozen of it is no more."""
    session.execute(update(RecallLedger).where(RecallLedger.recall_id == recall.id, RecallLedger.more > 0)
                    .values(more=0), execution_options={"synchronize_session": "fetch"})


def take_growth(session: Session, actor: Actor, clock: Clock, recall: Recall) -> None:
    """The lines are as long as they were signed: what was said of them stays, what is missing is open again, and a
    reason that closed one was given for other numbers."""
    grown = session.scalars(select(RecallLedger).where(RecallLedger.recall_id == recall.id, RecallLedger.more > 0)
                            .order_by(RecallLedger.consignee_id, RecallLedger.lot_key).with_for_update()).all()
    for row in grown:
        notice = notice_for(session, recall.id, row.consignee_id)
        record(session, actor, clock.now(), "notice.line_grew", notice_stream(notice.id), {
            "recall": recall.id, "lot": row.lot_key, "before": row.shipped, "units": row.more})
        row.shipped, row.more = row.shipped + row.more, type(row.more)(0)
        row.settled_at, row.settled_by, row.settled_reason = None, None, ""
    session.flush()
    for consignee_id in sorted({row.consignee_id for row in grown}):
        notice = notice_for(session, recall.id, consignee_id)
        follow_excess(session, actor, clock, (recall, notice),
                      lines_of_consignee(session, recall.id, consignee_id).values())
