"""Verifying evidence: the whole trail, the chain of one case, and a file that was downloaded here."""
from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from flask import request
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.adverse_event.queries import adverse_event_by_id
from traceapp.audit import stream_of, verify_evidence
from traceapp.audit.evidence import evidence_of, excerpt, last_checkpoint
from traceapp.audit.verify import Verdict, verify
from traceapp.core.errors import NotFound
from traceapp.oversight.packet import packet_of
from traceapp.recall.cases import is_told, recall_by_id
from traceapp.submission.model import ExportRecord
from traceapp.submission.report_cases import report_by_id
from traceapp.submission.report_queries import SENT
from traceapp.submission.service import RecordExport, exports_of_hash, record_export
from traceapp.web.context import actor, world
from traceapp.web.files import disposition
from traceapp.web.oversight import scope

from .layout import blueprint, page

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {
    "regulator.evidence": "evidence.read", "regulator.evidence_verify": "evidence.read",
    "regulator.evidence_file": "evidence.read", "regulator.evidence_chain": "evidence.read",
    "regulator.evidence_excerpt": "evidence.read", "regulator.evidence_script": "evidence.read",
    "regulator.evidence_packet": "export.run"}
_SCRIPT = Path(verify_evidence.__file__)
_BLOCK = 1 << 16


@blueprint.get("/evidence")
def evidence() -> Response:
    """What can be verified, and how."""
    return _show()


def _show(status: int = 200, verdict: Verdict | None = None, file: dict[str, Any] | None = None,
          error: str | None = None) -> Response:
    with world().database.read() as db:
        checkpoint = last_checkpoint(db)
    return page("regulator/evidence.html", status, checkpoint=checkpoint, verdict=verdict, file=file, error=error)


@blueprint.post("/evidence/verify")
def evidence_verify() -> Response:
    """Walk every chain now and say what was found."""
    with world().database.snapshot() as db:
        verdict = verify(db, world().settings.secret_key or None)
    return _show(verdict=verdict)


@blueprint.post("/evidence/file")
def evidence_file() -> Response:
    """Whether a file left here and is unchanged. The file itself is not kept."""
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        return _show(422, error=_("Choose a file."))
    digest = hashlib.sha256()
    while block := sent.stream.read(_BLOCK):
        digest.update(block)
    with world().database.read() as db:
        found: list[ExportRecord] = exports_of_hash(db, digest.hexdigest())
    return _show(file={"name": sent.filename, "sha256": digest.hexdigest(), "exports": found})


@blueprint.get("/evidence/<kind>/<key>")
def evidence_chain(kind: str, key: str) -> Response:
    """Every entry of one case with its hash, each computed anew."""
    with world().database.read() as db:
        name = _named(db, kind, key)
        found = evidence_of(db, stream_of(kind, key))
    if not found.entries:
        raise NotFound("There is nothing at this address.")
    rows = [(entry, json.loads(entry.data)) for entry in found.entries]
    return page("regulator/chain.html", kind=kind, key=key, name=name, rows=rows, broken=found.broken)


@blueprint.get("/evidence/<kind>/<key>/file")
def evidence_excerpt(kind: str, key: str) -> Response:
    """The same as a file, to be checked anywhere."""
    with world().database.read() as db:
        name = _named(db, kind, key)
        found = excerpt(db, stream_of(kind, key))
    data = json.dumps(found, ensure_ascii=False, indent=1).encode("utf-8")
    return _recorded(data, RecordExport("evidence", "json", len(found["entries"]), hashlib.sha256(data).hexdigest(),
                                        {"case": name, "kind": kind}), f"evidence-{name}.json")


@blueprint.get("/adverse-events/<adverse_event_id>/evidence")
def evidence_packet(adverse_event_id: str) -> Response:
    """Everything that proves one case, as one archive."""
    here = world()
    with here.database.read() as db:
        event = adverse_event_by_id(db, adverse_event_id)
        if event is None:
            raise NotFound("There is nothing at this address.")
        data, count = packet_of(db, scope(db), event, desk=here.reports)
    return _recorded(data, RecordExport("evidence", "zip", count, hashlib.sha256(data).hexdigest(),
                                        {"case": event.reference, "kind": "packet"}), f"evidence-{event.reference}.zip")


def _recorded(data: bytes, export: RecordExport, name: str) -> Response:
    """The file as a download, recorded first."""
    here = world()
    with here.database.write() as db:
        record_export(db, actor(), here.clock, export)
    answer = Response(data, mimetype={"zip": "application/zip"}.get(export.format, "application/json"))
    answer.headers["Content-Disposition"] = disposition("attachment", name)
    answer.headers["Cache-Control"] = "private, no-store"
    answer.headers["X-Content-SHA256"] = export.sha256
    return answer


@blueprint.get("/evidence/script")
def evidence_script() -> Response:
    """The program that checks such files without this service."""
    answer = Response(_SCRIPT.read_bytes(), mimetype="text/x-python")
    answer.headers["Content-Disposition"] = disposition("attachment", _SCRIPT.name)
    return answer


def _named(db: Session, kind: str, key: str) -> str:
    """The reference of a case whose chain may be read here. Raises NotFound for anything else."""
    if kind == "adverse_event":
        event = adverse_event_by_id(db, key)
        if event is not None:
            return event.reference
    if kind == "report":
        report = report_by_id(db, key)
        if report.state in SENT:
            return f"{report.reference}-{report.jurisdiction}-v{report.version}"
    if kind == "recall":
        recall = recall_by_id(db, key)
        if is_told(recall):
            return recall.reference
    raise NotFound("There is nothing at this address.")
