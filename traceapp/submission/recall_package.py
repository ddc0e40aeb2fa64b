"""All of a recall as one archive: case, evaluation, scope, ledger, files as they were made, proofs, trail, hashes."""
from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.resources import files as resources
from typing import Any, BinaryIO

from sqlalchemy import select
from sqlalchemy.inspection import inspect
from sqlalchemy.orm import Session

from traceapp.attachment.store import FileStore, open_file
from traceapp.audit.evidence import excerpt
from traceapp.core.clock import Clock
from traceapp.export.plain_zip import member
from traceapp.export.recall_files import readers
from traceapp.export.recall_files.rendering import columns, rows
from traceapp.export.spreadsheet import Column, Record, Written, csv_chunks, told
from traceapp.recall.book_model import NoticeAnswer, RecallDisposition, RecallReturn
from traceapp.recall.cases import recall_stream
from traceapp.recall.classification_model import RecallClassification
from traceapp.recall.evaluation import evaluations_of
from traceapp.recall.model import EffectivenessCheck, Notice, NoticeAttempt, Recall
from traceapp.recall.queries import scope_rows, signatures, snapshots_of
from traceapp.recall.telling_model import PassedNotice
from traceapp.worklist.legal_clocks import clocks_about

from .recall_consignees import consignees_of
from .recall_dossier import dossier_of
from .recall_file_queries import FileRow, FileVersion, file_rows

KIND = "recall_package"  # as the record of the export names it
MEDIA_TYPE = "application/zip"
_BLOCK = 1 << 16
_PART = 1000
_README = """\
All of one recall. What is in it stands in manifest.json, each file with its size and its SHA-256.

To check the files:      unzip the archive, then: sha256sum -c SHA256SUMS
To check the trail:      python3 verify_evidence.py trail.json ARCHIVE.zip
files/       what was made for authorities, every version, with the proofs of sending
ledger.csv   every consignee and batch: despatches, telling, answers
trail.json   every act on the case, each entry bound to the one before it. Acts on single notices have trails of their
             own, which are not in here.
"""
# Tables of the case, with the columns that leave the house: no secrets of links, no addresses of persons.
_TABLES: tuple[tuple[str, Any, tuple[str, ...]], ...] = (
    ("notices.csv", Notice, ("consignee_id", "state", "queued_at", "sent_at", "opened_at", "answered_at", "answers",
                             "reminders", "reminded_at")),
    ("tries.csv", NoticeAttempt, ("consignee_id", "position", "way", "reached", "note", "at", "by")),
    ("passed-on.csv", PassedNotice, ("id", "consignee_id", "name", "state", "named_at", "named_by", "sent_at",
                                     "opened_at", "answered_at")),
    ("answers.csv", NoticeAnswer, ("consignee_id", "position", "answered_at", "answered_by", "way", "explanation",
                                   "is_late")),
    ("returns.csv", RecallReturn, ("lot_key", "id", "consignee_id", "units", "is_in_scope", "document_number", "note",
                                   "event_id", "counted_at", "counted_by")),
    ("dispositions.csv", RecallDisposition, ("lot_key", "id", "kind", "units", "reason", "new_number", "certificate",
                                             "state", "content_hash", "decided_at", "decided_by")),
    ("classes.csv", RecallClassification, ("position", "jurisdiction", "recall_class", "is_assigned", "by_whom", "on",
                                           "basis", "at", "by")),
    ("checks.csv", EffectivenessCheck, ("scope_number", "consignee_id", "drawn_at", "way", "received", "understood",
                                        "acted", "note", "checked_at", "checked_by")))


class _Archive:
    """An archive that is written member by member; it keeps the hash of each."""

    def __init__(self, file: zipfile.ZipFile) -> None:
        self._zip = file
        self.members: list[dict[str, Any]] = []

    def add(self, name: str, pieces: Iterable[bytes]) -> None:
        """One member, from its pieces."""
        digest, size = hashlib.sha256(), 0
        with self._zip.open(member(name, zipfile.ZIP_DEFLATED), "w", force_zip64=True) as entry:
            for piece in pieces:
                entry.write(piece)
                digest.update(piece)
                size += len(piece)
        self.members.append({"name": name, "size": size, "sha256": digest.hexdigest()})

    def end(self, head: Mapping[str, object]) -> None:
        """The lists of hashes."""
        sums = "".join(f"{one['sha256']}  {one['name']}\n" for one in self.members)
        self.add("SHA256SUMS", [sums.encode("utf-8")])
        self._zip.writestr(member("manifest.json", zipfile.ZIP_DEFLATED), _json({**head, "files": self.members}))


def write_package(session: Session, clock: Clock, recall: Recall, file: BinaryIO, *, store: FileStore,
                  seen: Callable[[int], None]) -> Written:
    """Write the archive into an empty file. `session` is a snapshot: everything is of one moment; `seen` hears how many
    lines of the ledger were written. Raises NotFound where a file that was made is missing in the store."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        archive = _Archive(made)
        _add_case(session, clock, recall, archive, seen)
        kinds = file_rows(session, recall)
        archive.add("files.json", [_json([_index(one) for one in kinds if one.versions])])
        for row in kinds:
            for version in row.versions:
                _add_version(archive, store, version)
        archive.add("trail.json", [_json(excerpt(session, recall_stream(recall)))])
        archive.add("verify_evidence.py", [resources("traceapp.audit").joinpath("verify_evidence.py").read_bytes()])
        archive.end({"format": "traceapp.recall-package/1", "reference": recall.reference, "state": recall.state,
                     "is_drill": recall.is_drill, "made_at": clock.now(), "sha256": recall.scope_hash or ""})
    return told(file, len(archive.members) + 1, MEDIA_TYPE)


def _add_case(session: Session, clock: Clock, recall: Recall, archive: _Archive, seen: Callable[[int], None]) -> None:
    archive.add("README.txt", [_README.encode()])
    for name, value in _case_parts(session, clock, recall):
        archive.add(name, [value if isinstance(value, bytes) else _json(value)])
    consignees = consignees_of(session, recall.id, seen)
    archive.add("ledger.csv", csv_chunks(columns("zh"), rows(consignees, "zh")))
    for name, table, wanted in _TABLES:
        archive.add(name, csv_chunks([Column(key, key) for key in wanted], _table(session, recall.id, table, wanted)))


def _case_parts(session: Session, clock: Clock, recall: Recall) -> Iterator[tuple[str, object]]:
    """The case itself, as data."""
    yield "case.json", _columns(recall, leave_out=("revision",))
    for one in evaluations_of(session, recall.id):
        yield f"evaluation/v{one.version}.json", _columns(one)
    for snapshot in snapshots_of(session, recall.id):
        yield f"scope/snapshot-{snapshot.position}.json", _columns(snapshot)
    yield "scope/lots.json", [row._asdict() for row in scope_rows(session, recall.id)]
    yield "signatures.json", [_columns(one) for one in signatures(session, recall.id)]
    yield "clocks.json", [_columns(one) for one in clocks_about(session, recall_stream(recall))]
    dossier = dossier_of(session, clock, recall)
    for language in ("zh", "en"):
        yield f"letters/notice-{language}.txt", readers.letter(dossier, language).encode("utf-8")


def _columns(row: Any, leave_out: tuple[str, ...] = ()) -> dict[str, object]:
    return {one.key: getattr(row, one.key) for one in inspect(type(row)).column_attrs if one.key not in leave_out}


def _table(session: Session, recall_id: str, table: Any, wanted: tuple[str, ...]) -> Iterator[Record]:
    """The rows of a table of the case, read in parts in the order of its key."""
    keys = [column for column in inspect(table).primary_key if column.name != "recall_id"]
    found = select(*(getattr(table, name) for name in wanted)).where(table.recall_id == recall_id).order_by(*keys)
    for part in session.execute(found.execution_options(yield_per=_PART)).partitions():
        for row in part:
            yield dict(zip(wanted, row, strict=True))


def _index(row: FileRow) -> dict[str, object]:
    return {"kind": row.kind.name, "title": {"zh": row.kind.zh, "en": row.kind.en}, "source": row.kind.source,
            "due_at": row.due.due_at if row.due else None, "versions": [{
                **_columns(version.file), "state": version.state,
                "copies": [_columns(one) for one in version.copies],
                "steps": [_columns(one) for one in version.steps]} for version in row.versions]}


def _add_version(archive: _Archive, store: FileStore, version: FileVersion) -> None:
    folder = f"files/{version.file.kind}/v{version.file.version}"
    for copy in version.copies:
        archive.add(f"{folder}/{copy.name}", _blocks(store, copy.sha256))
    for step in version.steps:
        if step.proof_sha256:
            name = step.proof_name.replace("/", "_").replace("\\", "_").replace("..", "_")
            archive.add(f"{folder}/proofs/{step.position}-{name}", _blocks(store, step.proof_sha256))


def _blocks(store: FileStore, sha256: str) -> Iterator[bytes]:
    with open_file(store, sha256) as file:
        while block := file.read(_BLOCK):
            yield block


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1, default=str).encode("utf-8")
