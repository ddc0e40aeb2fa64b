"""What a report says of its case other than the one before it."""
from __future__ import annotations

from sqlalchemy.orm import Session

from .report_cases import report_by_id
from .report_desk import ReportDesk
from .report_model import Report
from .report_queries import current_file
from .report_states import FileRole
from .report_values import ValueChange, changes_between
from .sealed_files import read_kept


def changes_since_earlier(session: Session, desk: ReportDesk, report: Report) -> list[ValueChange]:
    """What a report says of its case other than the one before it; nothing for a first report. What names a person is
    left out."""
    if report.earlier_id is None:
        return []
    values = [current_file(session, one, FileRole.case) for one in (report_by_id(session, report.earlier_id), report)]
    read = [read_kept(session, desk, file.sha256) for file in values if file is not None]
    return changes_between(*read) if len(read) == 2 else []
