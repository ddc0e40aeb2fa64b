"""Files for authorities of a recall: made and kept by version, sent by hand with a proof, confirmed or refused."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import BinaryIO

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from traceapp.attachment.service import keep_file
from traceapp.attachment.store import FileStore, StagedFile
from traceapp.audit import record
from traceapp.catalog.texts import required_text, short_text
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, InvalidInput, NotFound
from traceapp.export.recall_files import KINDS
from traceapp.export.recall_files.dossier import RecallDossier
from traceapp.export.recall_files.fields import FileKind, missing_fields, writable_keys
from traceapp.export.recall_files.rendering import Copy, copies_of
from traceapp.identity.policy import permit
from traceapp.recall.cases import recall_by_id, recall_stream
from traceapp.recall.model import Recall
from traceapp.recall.wording import refuse_softeners
from traceapp.worklist.clock_model import ClockState
from traceapp.worklist.legal_clocks import EndClock, clocks_about, end_clock

from .recall_consignees import consignees_of
from .recall_dossier import dossier_of, drafts_of
from .recall_file_model import RecallFile, RecallFileCopy, RecallFileStep, RecallFileText
from .recall_file_states import FileStep, refuse_step

_LONGEST = 8000
Stage = Callable[[Callable[[BinaryIO], object]], StagedFile]


@dataclass(frozen=True, slots=True)
class PreparedFile:
    """A version as it was written from one moment of the case, not kept yet."""

    recall_id: str
    kind: FileKind
    dossier: RecallDossier
    copies: tuple[tuple[Copy, StagedFile], ...]


@dataclass(frozen=True, slots=True)
class WriteText:
    """What stands in a field that the case does not hold, by key; of a file in two languages `key.en` and `key.zh`, or
    `key` for both. Empty takes it away."""

    recall_id: str
    kind: str
    texts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NoteStep:
    """What happened to a version outside. `sent`: to which `authority`, by which `channel`, with a `proof` (name and
    bytes); `confirmed` with the authority's `number`; `refused` with a `note` that says why."""

    recall_id: str
    kind: str
    version: int
    step: str
    at: datetime
    authority: str = ""
    channel: str = ""
    number: str = ""
    note: str = ""
    proof: tuple[str, bytes] | None = None


def kind_of(name: str) -> FileKind:
    """The file of this name. Raises NotFound."""
    if name not in KINDS:
        raise NotFound("There is no such file.", code="unknown-file", place="kind")
    return KINDS[name]


def refuse_undecided(recall: Recall) -> None:
    """Nothing for a case that was decided. Raises Conflict."""
    if recall.decided_at is None:
        raise Conflict("Files for authorities are made once a recall is decided.", code="not-decided")


def prepare_file(session: Session, clock: Clock, recall_id: str, name: str,
                 told: tuple[Stage, Callable[[int], None]]) -> PreparedFile:
    """Every form of a file, from one moment: `session` is a snapshot, and nothing is kept. `told`: where each form is
    written, and who hears how many lines of the ledger were read. Raises NotFound, and Conflict for a case that was
    not decided."""
    kind, recall, (stage, seen) = kind_of(name), recall_by_id(session, recall_id), told
    refuse_undecided(recall)
    dossier = drafts_of(session, recall.id, dossier_of(session, clock, recall))[name]
    copies = tuple((copy, stage(copy.write))
                   for copy in copies_of(kind, dossier, consignees_of(session, recall.id, seen)))
    return PreparedFile(recall.id, kind, dossier, copies)


def keep_prepared(session: Session, actor: Actor, clock: Clock, made: PreparedFile, *,
                  store: FileStore) -> RecallFile:
    """Keep it as the version that it says it is, each form with its hash. `actor` was asked when it was ordered."""
    recall = recall_by_id(session, made.recall_id, lock=True)
    missing = [one.key for one in missing_fields(made.kind, made.dossier)]
    row = RecallFile(recall_id=recall.id, kind=made.kind.name, version=made.dossier.version, made_at=made.dossier.at,
                     made_by=actor.id, missing=missing, scope_hash=made.dossier.scope_hash,
                     scope_number=made.dossier.scope_number)
    session.add(row)
    session.flush()
    hashes = {}
    for copy, staged in made.copies:
        kept = keep_file(session, actor, clock, recall_stream(recall), (copy.name, staged), store=store)
        hashes[copy.name] = kept.sha256
        session.add(RecallFileCopy(
            recall_id=recall.id, kind=row.kind, version=row.version, name=copy.name, form=copy.form,
            language=copy.language, media_type=copy.media_type, sha256=kept.sha256, size_bytes=staged.size_bytes))
    record(session, actor, clock.now(), "recall.file_made", recall_stream(recall), {
        "kind": row.kind, "version": row.version, "missing": missing, "files": hashes})
    session.flush()
    return row


def write_texts(session: Session, actor: Actor, clock: Clock, command: WriteText) -> list[RecallFileText]:
    """Keep what somebody wrote for fields of a file, where it is new. Raises Forbidden, NotFound, and InvalidInput for
    a field that the case fills by itself, a text that is too long, and words that soften in a notice to users."""
    permit(actor, "recall.write")
    kind, recall = kind_of(command.kind), recall_by_id(session, command.recall_id, lock=True)
    dossier = drafts_of(session, recall.id, dossier_of(session, clock, recall))[kind.name]
    writable = writable_keys(kind, dossier)
    if kind.is_for_users:
        refuse_softeners(command.texts)
    rows = []
    for key, text in command.texts.items():
        if key not in writable:
            raise InvalidInput("The case itself fills this field; it is not written by hand.", code="not-writable",
                               place=key[:40])
        said = short_text(text, _LONGEST, place=key)
        if said == dossier.written.get(key, ""):
            continue
        last = session.scalar(select(func.max(RecallFileText.position)).where(
            RecallFileText.recall_id == recall.id, RecallFileText.kind == kind.name, RecallFileText.key == key)) or 0
        rows.append(RecallFileText(recall_id=recall.id, kind=kind.name, key=key, position=last + 1, text=said,
                                   at=clock.now(), by=actor.id))
    session.add_all(rows)
    if rows:
        record(session, actor, clock.now(), "recall.file_written", recall_stream(recall), {
            "kind": kind.name, "texts": {row.key: row.text for row in rows}})
    session.flush()
    return rows


def note_step(session: Session, actor: Actor, clock: Clock, command: NoteStep, *, store: FileStore) -> RecallFileStep:
    """Write down what happened to a version outside. A confirmation ends the clocks that the file answers, once every
    file of the same duty was confirmed. Raises Forbidden, NotFound, Conflict for a step that cannot follow, a drill or
    an older version, InvalidInput for what is missing."""
    permit(actor, "recall.write")
    kind, recall = kind_of(command.kind), recall_by_id(session, command.recall_id, lock=True)
    file = session.get(RecallFile, (recall.id, kind.name, command.version))
    if file is None:
        raise NotFound("There is no such file.", code="unknown-file", place="version")
    steps = list(session.scalars(select(RecallFileStep).where(
        RecallFileStep.recall_id == recall.id, RecallFileStep.kind == kind.name,
        RecallFileStep.version == file.version).order_by(RecallFileStep.position)))
    step = _checked(session, clock, recall, command, steps)
    if command.at < file.made_at.replace(second=0, microsecond=0):
        raise InvalidInput("This is before the file was made.", code="too-early", place="at")
    proof = keep_file(session, actor, clock, recall_stream(recall), command.proof, store=store) \
        if command.proof else None
    row = RecallFileStep(
        recall_id=recall.id, kind=kind.name, version=file.version, position=len(steps) + 1, step=step, at=command.at,
        noted_at=clock.now(), by=actor.id, authority=short_text(command.authority, 200, place="authority"),
        channel=short_text(command.channel, 80, place="channel"),
        number=short_text(command.number, 120, place="number"),
        note=short_text(command.note, 2000, place="note"), proof_name=proof.name if proof else "",
        proof_sha256=proof.sha256 if proof else "")
    session.add(row)
    record(session, actor, clock.now(), f"recall.file_{step}", recall_stream(recall), {
        "kind": kind.name, "version": file.version, "at": row.at, "authority": row.authority, "channel": row.channel,
        "number": row.number, "proof": row.proof_sha256})
    session.flush()
    if step == FileStep.confirmed:
        _end_clocks(session, actor, clock, recall, (kind, row))
    return row


def _checked(session: Session, clock: Clock, recall: Recall, command: NoteStep,
             steps: list[RecallFileStep]) -> FileStep:
    if command.step not in set(FileStep):
        raise InvalidInput("“%(step)s” is not one of: %(known)s.", code="unknown-step", place="step",
                           step=command.step[:20], known=", ".join(FileStep))
    step = FileStep(command.step)
    refuse_step([one.step for one in steps], step)
    if recall.is_drill:
        raise Conflict("This is a drill: nothing of it is sent to an authority.", code="drill")
    if command.at > clock.now():
        raise InvalidInput("This is in the future.", code="future", place="at")
    if step == FileStep.sent:
        _check_sent(session, recall, command)
    elif step == FileStep.confirmed:
        required_text(command.number, place="number")
    else:
        required_text(command.note, place="note")
    return step


def _check_sent(session: Session, recall: Recall, command: NoteStep) -> None:
    required_text(command.authority, place="authority")
    required_text(command.channel, place="channel")
    if command.proof is None:
        raise InvalidInput("Add the proof that it was sent: a receipt, a confirmation, a picture of the screen.",
                           code="no-proof", place="proof")
    newest = session.scalar(select(func.max(RecallFile.version)).where(
        RecallFile.recall_id == recall.id, RecallFile.kind == command.kind))
    if command.version != newest:
        raise Conflict("There is a newer version of this file. Send that one.", code="old-version")


def _end_clocks(session: Session, actor: Actor, clock: Clock, recall: Recall,
                confirmed: tuple[FileKind, RecallFileStep]) -> None:
    """End what the confirmed file answers, where no other file of the same duty is still open."""
    kind, row = confirmed
    sent = session.scalars(select(RecallFileCopy.sha256).where(
        RecallFileCopy.recall_id == recall.id, RecallFileCopy.kind == kind.name,
        RecallFileCopy.version == row.version, RecallFileCopy.form == "pdf").order_by(RecallFileCopy.name)).first()
    done = set(session.scalars(select(RecallFileStep.kind).where(
        RecallFileStep.recall_id == recall.id, RecallFileStep.step == FileStep.confirmed)))
    for one in clocks_about(session, recall_stream(recall)):
        together = {other.name for other in KINDS.values() if one.rule_id in other.rules}
        if one.state == ClockState.running and one.rule_id in kind.rules and together <= done:
            end_clock(session, actor, clock, EndClock(
                one.id, ClockState.reported, f"{kind.name} v{row.version}", row.number, sent or ""))
