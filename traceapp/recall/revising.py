"""Correcting and withdrawing a notice that people have read: signed, with what the public is told of it in both
languages. What stood there before stays readable."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from traceapp.audit import record
from traceapp.catalog.texts import one_line, required_text, short_text
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, InvalidInput
from traceapp.db import expect_revision
from traceapp.identity.model import User
from traceapp.identity.policy import permit
from traceapp.identity.service import check_signature
from traceapp.trace.holds import MANUAL, LiftHold, PlaceHold, lift_hold, place_hold
from traceapp.trace.model import Hold, HoldKind
from traceapp.trace.public import renew_pages

from .cases import (
    PUBLIC_TEXTS,
    for_action,
    hold_source,
    is_told,
    lot_keys_of,
    move,
    plan_source,
    recall_by_id,
    recall_stream,
    sign,
    signed_hash,
)
from .change_telling import tell_of_change
from .clocks import complete_clocks
from .ending import drop_all_tasks
from .line_growth import forget_growth
from .model import Recall, RecallLedger, RecallLot, RecallSnapshot
from .public_model import RecallRevision, RevisionKind
from .states import UNTOLD, RecallState
from .untold import withdraw_untold
from .wording import refuse_softeners

# What a correction can change; a title and the contact go on one line.
CORRECTED = (*PUBLIC_TEXTS, "contact")
_SIZES = {"title_zh": 300, "title_en": 300, "contact": 200}
_OPTIONAL = ("remedy_zh", "remedy_en")
_LONG = 4000


@dataclass(frozen=True, slots=True)
class CorrectNotice:
    """`texts`: the fields of CORRECTED that shall read otherwise. `said_zh` and `said_en` tell the public what was
    changed; `reason` stays inside. Signed with `password`."""

    recall_id: str
    texts: Mapping[str, str]
    said_zh: str
    said_en: str
    reason: str
    password: str
    revision: int | None = None


@dataclass(frozen=True, slots=True)
class WithdrawNotice:
    """Take the whole notice back. `said_zh` and `said_en` tell the public why; otherwise as CorrectNotice."""

    recall_id: str
    said_zh: str
    said_en: str
    reason: str
    password: str
    revision: int | None = None


def can_correct(recall: Recall) -> bool:
    """Whether people read a notice of this recall that still stands."""
    return is_told(recall) and recall.state != RecallState.cancelled


def correct_notice(session: Session, actor: Actor, clock: Clock, command: CorrectNotice) -> RecallRevision:
    """Change texts of a notice that people have read, with this commit on every page and feed, and tell consignees and
    subscribers.

    Call `identity.limit_signature` in a transaction of its own before. Raises InvalidInput for a text that is missing,
    softens or for nothing changed; Conflict when nobody was told, or while the notice waits for approval; Forbidden for
    a wrong password; Stale.
    """
    permit(actor, "recall.approve")
    recall = recall_by_id(session, command.recall_id, lock=True)
    expect_revision(recall, command.revision)
    _refuse_unfit(recall)
    signer = check_signature(session, actor, command.password)
    after = _checked(recall, command.texts)
    said, reason = _said(command), _reason(command.reason)
    before = {name: getattr(recall, name) for name in after}
    for name, text in after.items():
        setattr(recall, name, text)
    revision = _add(session, clock, recall, signer, RecallRevision(
        recall_id=recall.id, kind=RevisionKind.correction, before=before, after=after, **said), reason)
    record(session, actor, clock.now(), "recall.corrected", recall_stream(recall), {
        "number": revision.number, "reason": reason, "before": before, "after": after, **said})
    renew_pages(session, lot_keys_of(session, recall))
    tell_of_change(session, actor, clock, recall, revision.number)
    session.flush()
    return revision


def withdraw_notice(session: Session, actor: Actor, clock: Clock, command: WithdrawNotice) -> RecallRevision:
    """Take a notice back, also while its scope grows: its lots are no longer recalled, but stay on hold until somebody
    frees each by hand; the case is over. Whoever was told is told; what did not go out yet stays here. What had been
    added to the scope and nobody was told of is taken out.

    Call `identity.limit_signature` in a transaction of its own before. Raises as `correct_notice`, and Conflict from a
    state that the table does not allow.
    """
    recall = for_action(session, actor, "withdraw", command.recall_id, command.revision)
    _refuse_untold(recall)
    signer = check_signature(session, actor, command.password)
    said, reason = _said(command), _reason(command.reason)
    if recall.state in UNTOLD:
        _back_to_told(session, recall)
    recall.closed_at, recall.closing_note = clock.now(), reason
    revision = _add(session, clock, recall, signer, RecallRevision(
        recall_id=recall.id, kind=RevisionKind.withdrawal, before={}, after={}, **said), reason)
    move(session, actor, clock, recall, "withdraw", {"number": revision.number, "reason": reason, **said})
    _hold_by_hand(session, actor, clock, recall)
    drop_all_tasks(session, actor, clock, recall)
    withdraw_untold(session, actor, clock, recall)
    complete_clocks(session, actor, clock, recall)
    tell_of_change(session, actor, clock, recall, revision.number)
    session.flush()
    return revision


def revisions_of(session: Session, recall_id: str) -> list[RecallRevision]:
    """What was changed of a notice, the first change first."""
    return list(session.scalars(select(RecallRevision).where(RecallRevision.recall_id == recall_id)
                                .order_by(RecallRevision.number)))


def _refuse_untold(recall: Recall) -> None:
    if not can_correct(recall):
        raise Conflict("No notice of this recall stands that people have read.", code="not-told")


def _back_to_told(session: Session, recall: Recall) -> None:
    """Scope and ledger as people were last told of them; the rest of a growing scope goes."""
    told = select(RecallSnapshot.scope_hash).where(
        RecallSnapshot.recall_id == recall.id, RecallSnapshot.scope_number < recall.scope_number)
    recall.scope_hash = session.scalar(told.order_by(RecallSnapshot.position.desc()).limit(1))
    recall.submitted_at, recall.submitted_by = None, None
    session.execute(delete(RecallLedger).where(RecallLedger.recall_id == recall.id,
                                               RecallLedger.scope_number == recall.scope_number))
    session.execute(delete(RecallLot).where(
        RecallLot.recall_id == recall.id,
        RecallLot.lot_key.not_in(select(Hold.lot_key).where(Hold.source == hold_source(recall.id)))))
    forget_growth(session, recall)
    recall.scope_number -= 1


def _refuse_unfit(recall: Recall) -> None:
    _refuse_untold(recall)
    if recall.state == RecallState.planned and recall.submitted_at is not None:
        raise Conflict("This recall waits for approval. Send it back first.", code="wrong-state")


def _checked(recall: Recall, texts: Mapping[str, str]) -> dict[str, str]:
    """The texts that are others than before. Raises InvalidInput."""
    unknown = sorted(set(texts) - set(CORRECTED))
    if unknown:
        raise InvalidInput("A correction cannot change this.", code="unknown-field", place=unknown[0])
    found: dict[str, str] = {}
    for name, given in texts.items():
        text = short_text(given, _SIZES.get(name, _LONG), place=name)
        text = text if name in _OPTIONAL else required_text(text, place=name)
        if name in _SIZES:
            one_line(text, place=name)
        if text != getattr(recall, name):
            found[name] = text
    if not found:
        raise InvalidInput("Nothing was changed. Change at least one text.", code="nothing-changed")
    refuse_softeners(found)
    return found


def _said(command: CorrectNotice | WithdrawNotice) -> dict[str, str]:
    """What the public is told, in both languages. Raises InvalidInput."""
    said = {name: short_text(required_text(getattr(command, name), place=name), 2000, place=name)
            for name in ("said_zh", "said_en")}
    refuse_softeners(said)
    return said


def _reason(text: str) -> str:
    return short_text(required_text(text, place="reason"), _LONG, place="reason")


def _add(session: Session, clock: Clock, recall: Recall, signer: User, revision: RecallRevision,
         reason: str) -> RecallRevision:
    """Number, sign and keep the revision."""
    last = session.scalar(select(func.max(RecallRevision.number)).where(RecallRevision.recall_id == recall.id))
    revision.number, revision.made_by, revision.at = (last or 0) + 1, signer.id, clock.now()
    revision.signed_hash = signed_hash(recall)
    meaning = "corrected" if revision.kind == RevisionKind.correction else "withdrawn"
    sign(session, clock, recall, signer, (meaning, reason), revision.signed_hash)
    session.add(revision)
    return revision


def _hold_by_hand(session: Session, actor: Actor, clock: Clock, recall: Recall) -> None:
    """What the recall held is held by hand from now on: only an explicit act frees a lot."""
    sources = (hold_source(recall.id), plan_source(recall.id))
    held = tuple(session.scalars(select(Hold.lot_key).where(Hold.source.in_(sources), Hold.lifted_at.is_(None))
                                 .distinct().order_by(Hold.lot_key)))
    why = f"{recall.reference}: the notice was withdrawn / 召回通知已撤回"
    for source in sources:
        lift_hold(session, actor, clock, LiftHold(why, source=source))
    if held:
        place_hold(session, actor, clock, PlaceHold(held, HoldKind.manual, MANUAL, why))

