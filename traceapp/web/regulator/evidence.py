"""Verifying evidence: the whole trail, the chain of one case, and a file that was downloaded here."""
from __future__ import annotations

import hashlib
import json
from typing import Any

from flask import request
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.adverse_event.queries import adverse_event_by_id
from traceapp.audit import stream_of
from traceapp.audit.evidence import evidence_of, last_checkpoint
from traceapp.audit.verify import Verdict, verify
from traceapp.core.errors import NotFound
from traceapp.recall.cases import is_told, recall_by_id
from traceapp.submission.model import ExportRecord
from traceapp.submission.service import exports_of_hash
from traceapp.web.context import world

from .layout import blueprint, page

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {
    "regulator.evidence": "evidence.read", "regulator.evidence_verify": "evidence.read",
    "regulator.evidence_file": "evidence.read", "regulator.evidence_chain": "evidence.read"}
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


def _named(db: Session, kind: str, key: str) -> str:
    """The reference of a case whose chain may be read here. Raises NotFound for anything else."""
    if kind == "adverse_event":
        event = adverse_event_by_id(db, key)
        if event is not None:
            return event.reference
    if kind == "recall":
        recall = recall_by_id(db, key)
        if is_told(recall.state):
            return recall.reference
    raise NotFound("There is nothing at this address.")
