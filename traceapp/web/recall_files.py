"""Files for authorities of a recall as they are handed out, recorded with their hash before the first byte; and what a
list of them shows."""
from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO

from flask import Response, send_file
from flask_babel import gettext, lazy_gettext
from sqlalchemy.orm import Session

from traceapp.attachment.store import open_file
from traceapp.core.clock import Clock
from traceapp.core.errors import NotFound
from traceapp.export.recall_files.dossier import RecallDossier
from traceapp.export.recall_files.fields import FileField, Origin
from traceapp.export.recall_files.places import named
from traceapp.making.states import OPEN, FileState
from traceapp.recall.cases import recall_by_id
from traceapp.recall.model import Recall
from traceapp.submission.recall_dossier import dossier_of, drafts_of
from traceapp.submission.recall_file_jobs import PACKAGE, file_job
from traceapp.submission.recall_file_model import RecallFileJob
from traceapp.submission.recall_file_queries import FileRow, copy_named, file_rows, proof_of
from traceapp.submission.recall_package import MEDIA_TYPE
from traceapp.submission.service import RecordExport, record_export

from .context import actor, world
from .files import disposition
from .i18n import language
from .words import Words

_ = lazy_gettext
FILE_STATES: Words = {
    "draft": (_("Not made yet"), "plain"), "made": (_("Made, not sent"), "check"), "sent": (_("Sent"), "info"),
    "confirmed": (_("Confirmed by the authority"), "go"), "refused": (_("Refused by the authority"), "stop")}
# Where a field that the case itself can hold is better entered: then every file has it.
PLACES = {
    Origin.house: _("Better entered once with our own partner record."),
    Origin.registration: _("Better entered once with the product and its registrations."),
    Origin.case: _("Better entered in the case."),
    Origin.evaluation: _("Better entered in the evaluation of the hazard."),
    Origin.scope: _("Comes from the scope."), Origin.ledger: _("Comes from the answers of the consignees."),
    Origin.notices: _("Comes from the notices."), Origin.checks: _("Comes from the checks."),
    Origin.events: _("Comes from the adverse events."), Origin.person: ""}
_KIND = "recall_file"


def files_and_drafts(session: Session, clock: Clock,
                     recall_id: str) -> tuple[Recall, list[FileRow], dict[str, RecallDossier]]:
    """The case, its files, and what each would say now. Raises NotFound."""
    recall = recall_by_id(session, recall_id)
    return recall, file_rows(session, recall), drafts_of(session, recall.id, dossier_of(session, clock, recall))


def field_hint(one: FileField) -> str:
    """Which law asks for a field, and where it is better entered; a number that was not verified is named as that."""
    parts = [law_named(one.source), str(PLACES[one.origin])]
    if one.unverified:
        parts.insert(1, gettext("article not verified: %(place)s", place=law_named(one.unverified)))
    return " · ".join(part for part in parts if part)


def law_named(place: str) -> str:
    """A place in a law in the reader's language."""
    return named(place, language())


def number_of(text: str) -> int:
    """A version or position as an address names it; 0, which there is none of, for anything else."""
    return int(text) if text.isdecimal() and len(text) < 6 else 0


def send_copy(recall_id: str, kind: str, version: str, name: str) -> Response:
    """One form of a version. Raises NotFound."""
    with world().database.read() as session:
        found = copy_named(session, recall_id, kind, number_of(version), name[:120])
    return _sent(found.name, found.sha256, found.media_type, {"recall": recall_id, "file": kind,
                                                              "version": found.version})


def send_proof(recall_id: str, kind: str, version: str, position: str) -> Response:
    """The proof of a step. Raises NotFound."""
    with world().database.read() as session:
        found = proof_of(session, recall_id, kind, number_of(version), number_of(position))
    return _sent(found.proof_name, found.proof_sha256, "application/octet-stream",
                 {"recall": recall_id, "file": kind, "version": found.version, "proof": found.position})


def latest_jobs(jobs: Sequence[RecallFileJob]) -> dict[str, RecallFileJob]:
    """What is to be told of the making of each kind: the last job, unless a file came of it."""
    found: dict[str, RecallFileJob] = {}
    for job in jobs:
        found.setdefault(job.kind, job)
    return {kind: job for kind, job in found.items() if kind == PACKAGE or job.state != FileState.done}


def is_being_made(job: RecallFileJob | None) -> bool:
    """Whether it waits or is worked on."""
    return job is not None and job.state in OPEN


def send_archive(recall_id: str, job_id: str) -> Response:
    """All of a recall as the archive that was made. Raises NotFound."""
    with world().database.read() as session:
        job, reference = file_job(session, recall_id, job_id), recall_by_id(session, recall_id).reference
    if job.kind != PACKAGE or job.state != FileState.done:
        raise NotFound("There is no such file.", code="unknown-file", place="job_id")
    return _answer(world().records.open(job.id), f"{reference}-{job.created_at:%Y%m%d-%H%M}.zip", MEDIA_TYPE,
                   job.sha256 or "")


def _sent(name: str, sha256: str, media_type: str, told: dict[str, object]) -> Response:
    here = world()
    content = open_file(here.files, sha256)
    with here.database.write() as session:
        record_export(session, actor(), here.clock, RecordExport(_KIND, name.rpartition(".")[2][:8], 1, sha256, told))
    return _answer(content, name, media_type, sha256)


def _answer(content: BinaryIO, name: str, media_type: str, sha256: str) -> Response:
    answer = send_file(content, mimetype=media_type)
    answer.headers["Content-Disposition"] = disposition("attachment", name)
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer.headers["Cache-Control"] = "private, no-store"
    answer.headers["X-Content-SHA256"] = sha256
    return answer
