"""When the cases of lots began and when they were reported; and how long a report of a product takes.

Onset is what the adverse event says where it says a day, else what the reporter said; a day after the report is not
taken. Counted are the same complaints as in `observe`. Days are UTC days.
"""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from sqlalchemy import Row, Select, and_, or_, select
from sqlalchemy.orm import Session

from traceapp.adverse_event.model import AdverseEvent
from traceapp.complaint.model import Complaint
from traceapp.signals.delay import Delay

from .alarm import SeverityGroup
from .basis import basis_of
from .exposure import chunks
from .observe import SERIOUS, counted

if TYPE_CHECKING:
    from traceapp.signals.exposure import DelayLaw

_LEARNT_FROM = 2000


@dataclass(frozen=True, slots=True)
class DatedCase:
    """A counted complaint: the days on which it began (None: not known) and was reported, and whether it is serious."""

    complaint_id: str
    onset: date | None
    reported: date
    is_serious: bool


@dataclass(frozen=True, slots=True)
class ReportWait:
    """The law of the wait from onset to report, and how many reports it was learnt from (None: the stated default)."""

    law: DelayLaw
    learnt_from: int | None



def _dated(group: SeverityGroup) -> Select[str, date | None, str, date | None, datetime, str]:
    return select(Complaint.id, AdverseEvent.onset_on, AdverseEvent.onset_precision, Complaint.happened_on,
                  Complaint.received_at, Complaint.severity).outerjoin(AdverseEvent, and_(
                      AdverseEvent.complaint_id == Complaint.id, AdverseEvent.lot_key == Complaint.lot_key)
                  ).where(*counted(group))


def _case(row: Row[str, date | None, str, date | None, datetime, str]) -> DatedCase:
    key, onset_on, precision, happened_on, received_at, severity = row
    reported = received_at.date()
    onset = onset_on if onset_on is not None and precision == "day" else happened_on
    return DatedCase(key, onset if onset is not None and onset <= reported else None, reported, severity in SERIOUS)


def dated_cases(session: Session, lot_keys: Iterable[str],
                group: SeverityGroup = SeverityGroup.harm) -> list[DatedCase]:
    """The counted complaints of these lots, the first reported first; one query for five hundred lots."""
    found = {}
    for keys in chunks(lot_keys):
        for row in session.execute(_dated(group).where(Complaint.lot_key.in_(keys))):
            case = _case(row)
            found[case.complaint_id] = case
    return sorted(found.values(), key=lambda case: (case.reported, case.complaint_id))


def report_wait(session: Session, product_id: str | None, on: date) -> ReportWait:
    """The wait from onset to report as the product's last 2,000 dated reports show it, else as its basis states it;
    the default's without a product."""
    from traceapp.signals.history import fit_delay

    if product_id is None:
        return ReportWait(_stated(Delay()), None)
    rows = session.execute(_dated(SeverityGroup.harm).where(
        Complaint.product_id == product_id, or_(Complaint.happened_on.is_not(None), AdverseEvent.onset_on.is_not(None)))
        .order_by(Complaint.received_at.desc()).limit(_LEARNT_FROM))
    cases = [(case.onset, case.reported) for case in (_case(row) for row in rows)
             if case.onset is not None and case.reported <= on]
    fitted = fit_delay([(reported - onset).days for onset, reported in cases],
                       [(on - onset).days for onset, _reported in cases])
    if fitted is not None:
        return ReportWait(fitted, len(cases))
    return ReportWait(_stated(basis_of(session, product_id).delay), None)


def _stated(delay: Delay) -> Delay:
    """The part of a stated wait that begins with use."""
    return Delay(0.0, delay.report_shape, delay.report_mean_days)
