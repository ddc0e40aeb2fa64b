"""A report as one archive: its file, what is written in it and found in it, the answers, and a list of hashes."""
from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterable
from typing import Any

from sqlalchemy.orm import Session

from traceapp.core.errors import NotFound
from traceapp.export.plain_zip import member

from .report_cases import findings_of, report_by_id
from .report_desk import ReportDesk
from .report_model import Report
from .report_queries import answers_of, current_file, handed_file, signatures_of
from .report_states import FileRole
from .sealed_files import read_kept


def archive(files: Iterable[tuple[str, bytes]]) -> bytes:
    """A ZIP that is the same for the same files: in order of their names, not compressed, without times."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as file:
        for name, data in sorted(files):
            file.writestr(member(name), data)
    return out.getvalue()


def package_name(report: Report) -> str:
    """The name that the archive is offered under."""
    return f"{report.reference}-{report.jurisdiction}-v{report.version}.zip"


def package_of(session: Session, desk: ReportDesk, report: Report, *, is_masked: bool = False) -> bytes:
    """The archive of a report; `is_masked` with the file that names nobody. Raises NotFound where there is no file."""
    form = handed_file(session, report) if is_masked else current_file(session, report, FileRole.form)
    if form is None:
        raise NotFound("There is no such file.", code="no-file")
    hides = is_masked and report.profile == "full"  # answers and findings may quote what names a person
    files = {form.name: read_kept(session, desk, form.sha256),
             "findings.json": _json(_findings(report, hides))}
    for number, (answer, _match) in enumerate(answers_of(session, report.id), 1):
        if answer.sha256 is not None and not hides:
            files[f"answers/{number}-{answer.name or 'answer'}".replace("\\", "_").replace("..", "_")] = read_kept(
                session, desk, answer.sha256)
    manifest = {**_head(session, report, hides), "profile": "masked" if is_masked else report.profile,
                "files": [{"name": name, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
                          for name, data in sorted(files.items())]}
    return archive([*files.items(), ("manifest.json", _json(manifest))])


def _findings(report: Report, hides: bool) -> list[dict[str, Any]]:
    """What was found, in words unless they are to be hidden."""
    return [{"element": one.element, "code": one.code, "rule": one.rule, "is_error": one.is_error}
            | ({} if hides else {"message": one.message}) for one in findings_of(report)]


def _head(session: Session, report: Report, hides: bool) -> dict[str, Any]:
    earlier = report_by_id(session, report.earlier_id) if report.earlier_id else None
    return {
        "case": report.reference, "number": report.number, "jurisdiction": report.jurisdiction, "form": report.form,
        "kind": report.kind, "version": report.version, "state": report.state, "sha256": report.sha256,
        "earlier": {"version": earlier.version, "number": earlier.number, "sha256": earlier.sha256}
        if earlier else None,
        "prepared_at": report.prepared_at, "sent_at": report.sent_at, "channel": report.channel,
        "acknowledgement": report.acknowledgement,
        "signatures": [{"name": one.user_name, "meaning": one.meaning, "at": one.at, "signed_hash": one.signed_hash}
                       for one in signatures_of(session, report.id)],
        "answers": [{"at": answer.at, "verdict": answer.verdict, "number": answer.number,
                     "texts": [] if hides else answer.texts, "sha256": answer.sha256}
                    for answer, _match in answers_of(session, report.id)]}


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1, default=lambda one: one.isoformat()).encode("utf-8")
