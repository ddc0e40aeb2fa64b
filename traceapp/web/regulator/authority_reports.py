"""What authorities were told: one report, its file without persons, its answers."""
from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.core.errors import NotFound
from traceapp.submission.report_cases import findings_of, report_by_id
from traceapp.submission.report_model import Report
from traceapp.submission.report_opening import OpenReport
from traceapp.submission.report_preparing import reports_about
from traceapp.submission.report_queries import SENT, answers_of, handed_file, signatures_of
from traceapp.web import clock_words, report_words
from traceapp.web.context import world
from traceapp.web.report_files import send_report

from .layout import blueprint, page

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {"regulator.report": "regulator.read", "regulator.authority_report_file": "export.run",
                               "regulator.authority_report_package": "export.run"}


def _sent(db: Session, report_id: str) -> Report:
    """A report that was sent. Raises NotFound for every other."""
    found = report_by_id(db, report_id)
    if found.state not in SENT:
        raise NotFound("There is no such report.", code="unknown-report", place="report_id")
    return found


@blueprint.get("/authority-reports/<report_id>")
def report(report_id: str) -> Response:
    """One report that was sent: what it followed, when it was sent and confirmed, and its file."""
    with world().database.read() as db:
        found = _sent(db, report_id)
        values: dict[str, Any] = {
            "file": handed_file(db, found), "answers": answers_of(db, found.id), "signed": signatures_of(db, found.id),
            "versions": [one for one in reports_about(db, found.about, found.jurisdiction) if one.state in SENT]}
    return page("regulator/report.html", report=found, report_words=report_words,
                clock_words=clock_words, **values,
                findings=findings_of(found) if found.profile == "masked" else [])


@blueprint.get("/authority-reports/<report_id>/file")
def authority_report_file(report_id: str) -> Response:
    """The file that names nobody."""
    with world().database.read() as db:
        file = handed_file(db, _sent(db, report_id))
    if file is None:
        raise NotFound("There is no such file.", code="no-file")
    return send_report(OpenReport(report_id, file.position))


@blueprint.get("/authority-reports/<report_id>/package")
def authority_report_package(report_id: str) -> Response:
    """The same with findings, answers and hashes as one archive."""
    with world().database.read() as db:
        _sent(db, report_id)
    return send_report(OpenReport(report_id, is_masked=True))
