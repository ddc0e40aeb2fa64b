"""Files that name persons: sealed in the file store, read through the vault, sealed later where they lie open."""
from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session

from traceapp.attachment.model import Attachment
from traceapp.attachment.service import forget_files, keep_file
from traceapp.attachment.store import hash_of, open_file
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import NotFound
from traceapp.export.case_report import Profile
from traceapp.vault.file_cipher import opened_file, sealed_file
from traceapp.vault.service import Step, Vault, VaultError, step_over

from .report_cases import answer_stream, report_stream
from .report_desk import ReportDesk
from .report_model import Report, ReportAnswer, ReportAnswerMatch, ReportFile, SealedFile
from .report_states import FileRole

NAMING = (FileRole.form, FileRole.case)  # of a full report; its third file, the masked one, names nobody


def _about(sha256: str) -> str:
    return f"sealed_file:{sha256}"


def _vault(desk: ReportDesk) -> Vault:
    if desk.vault is None:
        raise VaultError("The vault has no key. Set TRACEAPP_VAULT_KEY.", place="TRACEAPP_VAULT_KEY")
    return desk.vault


def keep_sealed(session: Session, actor: Actor, clock: Clock, about: str, made: tuple[str, bytes], *,
                desk: ReportDesk) -> None:
    """Keep (name, bytes) as `keep_file` does, sealed: nobody reads it in the store or in a backup."""
    name, data = made
    sha256 = hash_of(data)
    known = session.get(SealedFile, sha256)
    if known is not None:
        keep_file(session, actor, clock, about, (name, _stored(desk, known.kept_as)), store=desk.store)
        return
    kept, key = sealed_file(data, _about(sha256))
    keep_file(session, actor, clock, about, (name, kept), store=desk.store)
    session.add(SealedFile(sha256=sha256, kept_as=hash_of(kept), sealed_at=clock.now(),
                           sealed_key=_vault(desk).seal_text(key, _about(sha256))))
    session.flush()


def keep_answer(session: Session, actor: Actor, clock: Clock, about: tuple[str, Sequence[Report | None]],
                made: tuple[str, bytes], *, desk: ReportDesk) -> None:
    """Keep what an authority sent: the id of its first answer and the reports that it is about, None: not known yet.
    It may quote what a full report says, and is sealed unless all of them are masked."""
    answer_id, reports = about
    if all(one is not None and one.profile != Profile.full for one in reports):
        keep_file(session, actor, clock, answer_stream(answer_id), made, store=desk.store)
    else:
        keep_sealed(session, actor, clock, answer_stream(answer_id), made, desk=desk)


def read_kept(session: Session, desk: ReportDesk, sha256: str) -> bytes:
    """The file with this hash, whether it lies sealed or open. Raises NotFound, VaultError."""
    sealed = session.get(SealedFile, sha256)
    return _stored(desk, sha256) if sealed is None else _opened(desk, sealed)


def _opened(desk: ReportDesk, sealed: SealedFile) -> bytes:
    key = _vault(desk).open_text(sealed.sealed_key, _about(sealed.sha256))
    return opened_file(_stored(desk, sealed.kept_as), key, _about(sealed.sha256))


def _stored(desk: ReportDesk, sha256: str) -> bytes:
    with open_file(desk.store, sha256) as file:
        return file.read()


def names_persons(report: Report, file: ReportFile) -> bool:
    """Whether a file of a report may say who somebody is."""
    return report.profile == Profile.full and file.role in NAMING


def _lying_open() -> Select[ReportFile]:
    """The files of full reports, from before they were sealed, that were not sealed yet."""
    return select(ReportFile).join(Report, Report.id == ReportFile.report_id).where(
        Report.profile == Profile.full, ReportFile.role.in_(NAMING),
        ~ReportFile.sha256.in_(select(SealedFile.sha256)))


def _answers_lying_open() -> Select[ReportAnswer]:
    """The files of answers about full reports, or about nobody knows which, that were not sealed yet."""
    naming = select(ReportAnswer.sha256).outerjoin(
        ReportAnswerMatch, ReportAnswerMatch.answer_id == ReportAnswer.id).outerjoin(
        Report, Report.id == ReportAnswerMatch.report_id).where(
        ReportAnswer.sha256.is_not(None), or_(Report.id.is_(None), Report.profile == Profile.full))
    return select(ReportAnswer).where(ReportAnswer.part == 0, ReportAnswer.sha256.in_(naming),
                                      ~ReportAnswer.sha256.in_(select(SealedFile.sha256)))


def _open_twice() -> Select[Attachment]:
    """What hangs on reports and answers open although it is sealed."""
    return select(Attachment).join(SealedFile, SealedFile.sha256 == Attachment.sha256).where(or_(
        *(Attachment.about.startswith(kind, autoescape=True) for kind in (report_stream(""), answer_stream("")))))


def has_open_files(session: Session) -> bool:
    """Whether there is work for `seal_open_files` or `forget_open_files`."""
    return any(session.scalars(found.limit(1)).first() is not None for found in (
        _lying_open(), _answers_lying_open(), _open_twice()))


def seal_open_files(session: Session, actor: Actor, clock: Clock, limit: int, *, desk: ReportDesk) -> int:
    """Seal up to `limit` files that lie open; they stay open too until `forget_open_files`, so that none is lost
    whenever this is cut off. Answers how many were sealed; one that is missing in the store is passed over."""
    open_files = [(report_stream(row.report_id), row.name, row.sha256) for row in session.scalars(
        _lying_open().order_by(ReportFile.report_id, ReportFile.position))]
    open_files += [(answer_stream(row.id), row.name, row.sha256 or "") for row in session.scalars(
        _answers_lying_open().order_by(ReportAnswer.id))]
    sealed = 0
    for about, name, sha256 in open_files:
        if sealed >= limit:
            break
        with suppress(NotFound):
            keep_sealed(session, actor, clock, about, (name, _stored(desk, sha256)), desk=desk)
            sealed += 1
    return sealed


def forget_open_files(session: Session, actor: Actor, clock: Clock, limit: int, *, desk: ReportDesk) -> int:
    """Take up to `limit` files out of the store of which a sealed one is kept that opens. Answers how many."""
    rows = list(session.scalars(_open_twice().order_by(Attachment.id).limit(limit)))
    for row in rows:
        if hash_of(read_kept(session, desk, row.sha256)) != row.sha256:
            raise VaultError("What is sealed here was changed or belongs elsewhere; it cannot be opened.",
                             code="vault-tampered", place=_about(row.sha256))
    return forget_files(session, actor, clock, rows, store=desk.store)


def _under_older_keys(vault: Vault) -> ColumnElement[bool]:
    return ~SealedFile.sealed_key.startswith(vault.mark, autoescape=True)


def files_under_older_keys(session: Session, vault: Vault) -> int:
    """How many files have keys that are not yet under the vault's present key."""
    return session.scalar(select(func.count()).select_from(SealedFile).where(_under_older_keys(vault))) or 0


def reseal_files(session: Session, _actor: Actor, _clock: Clock, limit: int, *, vault: Vault, after: str = "") -> Step:
    """Move the keys of up to `limit` files, beginning behind `after`, under the vault's present key."""
    rows = session.scalars(select(SealedFile).where(_under_older_keys(vault), SealedFile.sha256 > after)
                           .order_by(SealedFile.sha256).limit(limit).with_for_update()).all()

    def move(row: SealedFile) -> None:
        row.sealed_key = vault.sealed_anew(row.sealed_key, _about(row.sha256))

    return step_over(rows, lambda row: row.sha256, move)
