"""Files and packages of reports as they are handed out: recorded with their hash before the first byte."""
from __future__ import annotations

import hashlib

from flask import Response

from traceapp.submission.report_opening import OpenedFile, OpenReport, asks_reason, open_report
from traceapp.submission.service import RecordExport, record_export

from .context import actor, world
from .files import disposition

KIND = "report"


def wanted_file(report_id: str, position: str, reason: str = "") -> OpenReport:
    """One file of a report, by its position among them as an address names it."""
    return OpenReport(report_id, int(position) if position.isdecimal() and len(position) < 6 else 0, reason=reason)


def is_reason_asked(wanted: OpenReport) -> bool:
    """Whether it names persons. Raises NotFound."""
    with world().database.read() as session:
        return asks_reason(session, wanted)


def send_report(wanted: OpenReport) -> Response:
    """The file as a download, recorded first. Raises as `open_report`."""
    here = world()
    with here.database.write() as session:
        found = open_report(session, actor(), here.clock, wanted, desk=here.reports)
        sha256 = hashlib.sha256(found.data).hexdigest()
        record_export(session, actor(), here.clock, RecordExport(
            KIND, found.name.rpartition(".")[2][:8], 1, sha256,
            {"report": found.report.id, "reference": found.report.reference, "version": found.report.version,
             "name": found.name}))
    return _download(found, sha256)


def _download(found: OpenedFile, sha256: str) -> Response:
    answer = Response(found.data, mimetype=found.media_type.partition(";")[0])
    answer.headers["Content-Type"] = found.media_type
    answer.headers["Content-Disposition"] = disposition("attachment", found.name)
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer.headers["Cache-Control"] = "private, no-store"
    answer.headers["X-Content-SHA256"] = sha256
    return answer
