"""All evidence of one case as one archive, to be checked anywhere."""
from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy.orm import Session

from traceapp.adverse_event.model import AdverseEvent
from traceapp.adverse_event.service import about
from traceapp.audit import stream_of, verify_evidence
from traceapp.audit.evidence import excerpt
from traceapp.core.errors import NotFound
from traceapp.recall.public import recalls_of_lot
from traceapp.submission.report_desk import ReportDesk
from traceapp.submission.report_model import Report
from traceapp.submission.report_package import archive, package_name, package_of
from traceapp.submission.report_preparing import reports_about
from traceapp.submission.report_queries import SENT

from .scope import Scope, reaches

_SCRIPT = Path(verify_evidence.__file__)
_HOW = """Check a chain, and that the report files stand in it:
检查审计链，并核对报告文件是否记录其中：

"""


def packet_of(session: Session, scope: Scope | None, event: AdverseEvent, *, desk: ReportDesk) -> tuple[bytes, int]:
    """The archive and how many files it holds: chains of the case, of its reports and recalls in scope, the report
    files that name nobody, the program that checks them, and how."""
    files = {f"evidence-{event.reference}.json": _chain(session, "adverse_event", event.id)}
    commands = [f"python3 {_SCRIPT.name} evidence-{event.reference}.json"]
    for report in _sent(session, scope, event):
        package = package_name(report)
        chain = f"evidence-{package.removesuffix('.zip')}.json"
        files[chain] = _chain(session, "report", report.id)
        command = f"python3 {_SCRIPT.name} {chain}"
        try:
            files[package] = package_of(session, desk, report, is_masked=True)
            command += f" {package}"
        except NotFound:
            pass  # a report without a file of its own has a chain all the same
        commands.append(command)
    for recall in recalls_of_lot(session, event.lot_key):
        if reaches(session, scope, "recall", recall.id):
            files[f"evidence-{recall.reference}.json"] = _chain(session, "recall", recall.id)
            commands.append(f"python3 {_SCRIPT.name} evidence-{recall.reference}.json")
    files[_SCRIPT.name] = _SCRIPT.read_bytes()
    files["README.txt"] = (_HOW + "\n".join(commands) + "\n").encode("utf-8")
    return archive(files.items()), len(files)


def _sent(session: Session, scope: Scope | None, event: AdverseEvent) -> Iterator[Report]:
    for report in reports_about(session, about(event.id)):
        if report.state in SENT and reaches(session, scope, "report", report.id):
            yield report


def _chain(session: Session, kind: str, key: str) -> bytes:
    return json.dumps(excerpt(session, stream_of(kind, key)), ensure_ascii=False, indent=1).encode("utf-8")
