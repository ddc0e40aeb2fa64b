"""Answers so far of somebody who is filling in the form: sealed, found by their secret, gone after a week.

What is not yet sent in is nobody's business: drafts leave no trail.
"""
from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import Session

from traceapp.attachment.model import Attachment
from traceapp.attachment.service import FileStore, forget_files
from traceapp.core.actor import SYSTEM, Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, NotFound, TooLarge
from traceapp.core.ids import new_secret
from traceapp.vault.service import Step, Vault, step_over, token_hash

from .intake import Submitted, repeat_of, submit_complaint
from .model import ReportDraft
from .report import SubmitComplaint

LIFETIME = timedelta(days=7)
_MOST_BYTES = 64_000
_FILES, _FILES_KEY = "report_draft:", 32
_MOST_FORGOTTEN = 1000


@dataclass(frozen=True, slots=True)
class Draft:
    """`complaint_id`: what it became; then `answers` are empty."""

    answers: Mapping[str, Any] = field(repr=False)
    changed_at: datetime
    complaint_id: str | None


def files_of_draft(token: str) -> str:
    """What the photos of a draft hang on until it is sent."""
    return f"{_FILES}{token_hash(token)[:_FILES_KEY]}"


def _about(hashed: str) -> str:
    return f"report_draft:{hashed}"


def _sealed(answers: Mapping[str, Any], hashed: str, vault: Vault) -> str:
    text = json.dumps(dict(answers), ensure_ascii=True, default=str)
    if len(text) > _MOST_BYTES:
        raise TooLarge("This is more text than we can keep for you. Please shorten it.", code="draft-too-large")
    return vault.seal_text(text, _about(hashed))


def _row(session: Session, clock: Clock, token: str, *, lock: bool) -> ReportDraft:
    row = session.get(ReportDraft, token_hash(token), with_for_update=lock)
    if row is None or row.changed_at + LIFETIME <= clock.now():
        raise NotFound("These answers are no longer kept. Please begin again.", code="draft-gone")
    return row


def start_draft(session: Session, clock: Clock, answers: Mapping[str, Any], *, vault: Vault) -> str:
    """The secret under which the answers are kept. Raises TooLarge."""
    token = new_secret(18)
    hashed, now = token_hash(token), clock.now()
    session.add(ReportDraft(token_hash=hashed, sealed=_sealed(answers, hashed, vault), created_at=now,
                            changed_at=now, complaint_id=None))
    return token


def save_draft(session: Session, clock: Clock, token: str, answers: Mapping[str, Any], *, vault: Vault) -> None:
    """Keep all answers so far in place of those before.

    Raises NotFound when it has run out, Conflict when it was sent in, TooLarge.
    """
    row = _row(session, clock, token, lock=True)
    if row.complaint_id is not None:
        raise Conflict("This report was already sent in.", code="draft-completed")
    row.sealed, row.changed_at = _sealed(answers, row.token_hash, vault), clock.now()


def read_draft(session: Session, clock: Clock, token: str, *, vault: Vault) -> Draft:
    """The answers so far. Raises NotFound when there are none or they have run out."""
    row = _row(session, clock, token, lock=False)
    answers = json.loads(vault.open_text(row.sealed, _about(row.token_hash))) if row.sealed else {}
    return Draft(answers, row.changed_at, row.complaint_id)


def complete_draft(session: Session, actor: Actor, clock: Clock, token: str, command: SubmitComplaint, *,
                   vault: Vault) -> Submitted:
    """The complaint that the draft becomes; a second click or a reload gets the first one again.

    Raises NotFound when the draft has run out, InvalidInput for a field (then the draft stays as it is).
    """
    row = _row(session, clock, token, lock=True)
    if row.complaint_id is not None:
        return repeat_of(session, row.complaint_id, vault)
    submitted = submit_complaint(session, actor, clock, replace(command, idempotency_key=row.token_hash),
                                 vault=vault)
    row.complaint_id, row.sealed, row.changed_at = submitted.complaint.id, "", clock.now()
    return submitted


def forget_old_drafts(session: Session, clock: Clock) -> int:
    """How many drafts that have run out were deleted, with all that was in them."""
    gone = session.execute(delete(ReportDraft).where(ReportDraft.changed_at <= clock.now() - LIFETIME)
                           .returning(ReportDraft.token_hash))
    return len(gone.all())


def forget_draft_files(session: Session, clock: Clock, *, store: FileStore) -> int:
    """How many photos of drafts that are gone were deleted; they may show a person."""
    living = select(func.substr(ReportDraft.token_hash, 1, _FILES_KEY))
    rows = session.scalars(select(Attachment).where(
        Attachment.about.startswith(_FILES, autoescape=True),
        func.substr(Attachment.about, len(_FILES) + 1).not_in(living)).order_by(Attachment.id).limit(_MOST_FORGOTTEN))
    return forget_files(session, SYSTEM, clock, rows.all(), store=store)


def _under_older_keys(vault: Vault) -> ColumnElement[bool]:
    return (ReportDraft.sealed != "") & ~ReportDraft.sealed.startswith(vault.mark, autoescape=True)


def drafts_under_older_keys(session: Session, vault: Vault) -> int:
    """How many drafts are not yet under the vault's present key."""
    return session.scalar(select(func.count()).select_from(ReportDraft).where(_under_older_keys(vault))) or 0


def reseal_drafts(session: Session, _actor: Actor, _clock: Clock, limit: int, *, vault: Vault, after: str = "") -> Step:
    """Move up to `limit` drafts, beginning behind `after`, under the vault's present key."""
    rows = session.scalars(select(ReportDraft).where(_under_older_keys(vault), ReportDraft.token_hash > after)
                           .order_by(ReportDraft.token_hash).limit(limit).with_for_update()).all()

    def move(draft: ReportDraft) -> None:
        draft.sealed = vault.sealed_anew(draft.sealed, _about(draft.token_hash))

    return step_over(rows, lambda draft: draft.token_hash, move)
