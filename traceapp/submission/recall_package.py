"""All of a recall as one archive: case, evaluation, scope, ledger, files as they were made, proofs, trail, hashes."""
from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.resources import files as resources
from typing import Any, BinaryIO

from sqlalchemy.inspection import inspect
from sqlalchemy.orm import Session

from traceapp.attachment.store import FileStore, open_file
from traceapp.audit.evidence import excerpt
from traceapp.core.clock import Clock
from traceapp.export.plain_zip import member
from traceapp.export.recall_files import readers
from traceapp.export.recall_files.rendering import columns, rows
from traceapp.export.spreadsheet import Written, csv_chunks, told
from traceapp.recall.cases import recall_stream
from traceapp.recall.evaluation import evaluations_of
from traceapp.recall.model import Recall
from traceapp.recall.queries import scope_rows, signatures, snapshots_of
from traceapp.worklist.legal_clocks import clocks_about

from .recall_consignees import consignees_of
from .recall_dossier import dossier_of
from .recall_file_queries import FileRow, FileVersion, file_rows
from .recall_package_tables import proofs_of_case, safe, tables_of

KIND = "recall_package"  # as the record of the export names it
MEDIA_TYPE = "application/zip"
_BLOCK = 1 << 16
_README = """\
All of one recall. What is in it stands in manifest.json, each file with its size and its SHA-256.

To check the files:      unzip the archive, then: sha256sum -c SHA256SUMS
To check the trail:      python3 verify_evidence.py trail.json ARCHIVE.zip
files/       what was made for authorities, every version, with the proofs of sending
ledger.csv   every consignee and batch: despatches, telling, answers
*.csv        the tables of the case; consignees.csv and scope/lots.json name the keys in them. messages.csv: each letter
             with every attempt; answer-lines.csv: each answer as it was given, also what a later one replaced
proofs/      photos and certificates of what was destroyed, by consignee and by decision about units in our hands
trail.json   every act on the case, each entry bound to the one before it. Acts on single notices have trails of their
             own, which are not in here.
"""


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
        for name, sha256 in proofs_of_case(session, recall.id):
            archive.add(name, _blocks(store, sha256))
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
    for name, pieces in tables_of(session, recall.id):
        archive.add(name, pieces)


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
            archive.add(f"{folder}/proofs/{step.position}-{safe(step.proof_name)}", _blocks(store, step.proof_sha256))


def _blocks(store: FileStore, sha256: str) -> Iterator[bytes]:
    with open_file(store, sha256) as file:
        while block := file.read(_BLOCK):
            yield block


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1, default=str).encode("utf-8")
