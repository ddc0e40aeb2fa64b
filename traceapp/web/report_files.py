"""Files and packages of reports as they are handed out: recorded with their hash before the first byte."""
from __future__ import annotations

import hashlib

from flask import Response

from traceapp.attachment.store import open_file
from traceapp.submission.report_cases import report_by_id
from traceapp.submission.report_model import Report
from traceapp.submission.report_package import package_name, package_of
from traceapp.submission.report_queries import file_of
from traceapp.submission.service import RecordExport, record_export

from .context import actor, world
from .files import disposition

KIND = "report"


def send_report_file(report_id: str, position: str) -> Response:
    """One file of a report, by its position among them. Raises NotFound."""
    here = world()
    with here.database.read() as session:
        report, file = report_by_id(session, report_id), file_of(
            session, report_id, int(position) if position.isdecimal() and len(position) < 6 else 0)
    with open_file(here.files, file.sha256) as content:
        data = content.read()
    return handed(report, (file.name, file.media_type, data))


def send_package(report_id: str, *, is_masked: bool = False) -> Response:
    """The archive of a report. Raises NotFound."""
    here = world()
    with here.database.read() as session:
        report = report_by_id(session, report_id)
        data = package_of(session, here.files, report, is_masked=is_masked)
    return handed(report, (package_name(report), "application/zip", data))


def handed(report: Report, file: tuple[str, str, bytes]) -> Response:
    """A file (name, media type, content) of a report as a download, recorded first."""
    here, (name, media_type, data) = world(), file
    sha256 = hashlib.sha256(data).hexdigest()
    with here.database.write() as session:
        record_export(session, actor(), here.clock, RecordExport(
            KIND, name.rpartition(".")[2][:8], 1, sha256,
            {"report": report.id, "reference": report.reference, "version": report.version, "name": name}))
    answer = Response(data, mimetype=media_type.partition(";")[0])
    answer.headers["Content-Type"] = media_type
    answer.headers["Content-Disposition"] = disposition("attachment", name)
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer.headers["Cache-Control"] = "private, no-store"
    answer.headers["X-Content-SHA256"] = sha256
    return answer
