"""Which files a recall has, how far each is, and until when it is due."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.core.errors import NotFound
from traceapp.export.recall_files import KINDS
from traceapp.export.recall_files.fields import FileKind
from traceapp.recall.cases import recall_stream
from traceapp.recall.model import Recall
from traceapp.worklist.clock_model import ClockState, LegalClock
from traceapp.worklist.legal_clocks import clocks_about

from .recall_file_model import RecallFile, RecallFileCopy, RecallFileStep
from .recall_file_states import NEXT, FileStep


@dataclass(frozen=True, slots=True)
class FileVersion:
    """One version with its forms and what happened to it."""

    file: RecallFile
    copies: tuple[RecallFileCopy, ...]
    steps: tuple[RecallFileStep, ...]

    @property
    def state(self) -> str:
        """How far it is: `made`, or the last step."""
        return self.steps[-1].step if self.steps else "made"

    @property
    def next_steps(self) -> list[FileStep]:
        """What may be noted next."""
        return sorted(NEXT[self.steps[-1].step if self.steps else ""])


@dataclass(frozen=True, slots=True)
class FileRow:
    """A kind of file with its versions, the newest first, and the legal clocks of the case that it answers."""

    kind: FileKind
    versions: tuple[FileVersion, ...]
    clocks: tuple[LegalClock, ...]

    @property
    def state(self) -> str:
        """How far the newest version is; `draft` before there is one."""
        return self.versions[0].state if self.versions else "draft"

    @property
    def due(self) -> LegalClock | None:
        """The clock that runs and is due first."""
        running = [one for one in self.clocks if one.state == ClockState.running]
        return min(running, key=lambda one: one.due_at) if running else None


def file_rows(session: Session, recall: Recall) -> list[FileRow]:
    """Every kind of file; those that a clock asks for first, the earliest due on top. Four statements."""
    files = session.scalars(select(RecallFile).where(RecallFile.recall_id == recall.id)
                            .order_by(RecallFile.version.desc())).all()
    copies = session.scalars(select(RecallFileCopy).where(RecallFileCopy.recall_id == recall.id)
                             .order_by(RecallFileCopy.name)).all()
    steps = session.scalars(select(RecallFileStep).where(RecallFileStep.recall_id == recall.id)
                            .order_by(RecallFileStep.position)).all()
    clocks = clocks_about(session, recall_stream(recall))
    rows = [FileRow(kind, tuple(_version(file, copies, steps) for file in files if file.kind == kind.name),
                    tuple(one for one in clocks if one.rule_id in kind.rules)) for kind in KINDS.values()]
    return sorted(rows, key=lambda row: (row.due is None, not row.clocks,
                                         row.due.due_at.timestamp() if row.due else 0.0))


def _version(file: RecallFile, copies: Sequence[RecallFileCopy], steps: Sequence[RecallFileStep]) -> FileVersion:
    return FileVersion(
        file, tuple(one for one in copies if (one.kind, one.version) == (file.kind, file.version)),
        tuple(one for one in steps if (one.kind, one.version) == (file.kind, file.version)))


def copy_named(session: Session, recall_id: str, kind: str, version: int, name: str) -> RecallFileCopy:
    """One form of a version. Raises NotFound."""
    found = session.get(RecallFileCopy, (recall_id, kind, version, name))
    if found is None:
        raise NotFound("There is no such file.", code="unknown-file", place="name")
    return found


def proof_of(session: Session, recall_id: str, kind: str, version: int, position: int) -> RecallFileStep:
    """A step with its proof. Raises NotFound where there is none."""
    found = session.get(RecallFileStep, (recall_id, kind, version, position))
    if found is None or not found.proof_sha256:
        raise NotFound("There is no such file.", code="unknown-file", place="position")
    return found
