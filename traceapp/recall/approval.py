"""From the plan to the moment when everybody is told: submitting, sending back, approving; and cancelling before."""
from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from traceapp.catalog.texts import reason_of
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, Forbidden
from traceapp.core.quantity import plain
from traceapp.db.insert import insert_many
from traceapp.identity.policy import holds
from traceapp.trace.model import HoldKind
from traceapp.vault.service import Vault
from traceapp.worklist.tasks import RaiseTask, complete_tasks, raise_task

from .announcing import announce_scope
from .cases import (
    for_action,
    is_begun,
    line_names,
    lot_keys_of,
    move,
    recall_stream,
    sign,
    signed_hash,
)
from .clocks import start_clocks
from .drafting import left_out_of, named, refuse_unexplained, write_lots
from .drill_moved import keep_sums
from .ending import drop_all_tasks
from .following import GREW_TASK
from .letter_templates import PRESENT
from .line_growth import forget_growth, mark_growth, take_growth
from .model import Recall, RecallLedger, RecallLot, RecallSignature, RecallSnapshot
from .notices import tell_consignees
from .policy import answer_due, approval_due
from .proposing import exactly, proposed
from .rehearsing import free_planned, signer_of, stop_lots
from .scope import Scope, frozen_hash, units_of
from .scope_reads import shipped_units
from .told import advance_if_told
from .untold import grown_units, take_untold

APPROVE_TASK = "recall.approve"
_MOST_NAMED = 50


@dataclass(frozen=True, slots=True)
class SubmitRecall:
    """`password` is the signer's, asked again; `reason` says in own words why this scope and these texts."""

    recall_id: str
    password: str
    reason: str = ""
    revision: int | None = None


@dataclass(frozen=True, slots=True)
class ApproveRecall:
    """The second signature; fields as in SubmitRecall."""

    recall_id: str
    password: str
    reason: str = ""
    revision: int | None = None


@dataclass(frozen=True, slots=True)
class ReturnRecall:
    """Back to draft, with what has to change."""

    recall_id: str
    reason: str
    revision: int | None = None


@dataclass(frozen=True, slots=True)
class ExtendRecall:
    """The scope grows: why, and what was found."""

    recall_id: str
    reason: str
    revision: int | None = None


@dataclass(frozen=True, slots=True)
class CancelRecall:
    """The end of a recall that nobody was told of, and why."""

    recall_id: str
    reason: str
    revision: int | None = None


def submit_recall(session: Session, actor: Actor, clock: Clock, command: SubmitRecall) -> Recall:
    """Freeze scope, quantities and consignees, signed, for a second person to approve.

    Call `identity.limit_signature` in a transaction of its own before. Raises Conflict without a lot, from a wrong
    state, or when nobody got units and the signer does not say so; InvalidInput when a downstream lot has no reason to
    be out, Forbidden for a wrong password, Stale.
    """
    recall = for_action(session, actor, "submit", command.recall_id, command.revision)
    if recall.submitted_at is not None:
        raise Conflict("This recall is submitted already and waits for a second person.", code="wrong-state")
    signer = signer_of(session, actor, recall, command.password)
    keys = lot_keys_of(session, recall)
    if not keys:
        raise Conflict("No lot is in scope yet. Choose at least one lot before submitting.", code="no-lots",
                       place="lot_keys")
    left_out = left_out_of(recall)
    found = proposed(session, recall)
    refuse_unexplained(found.scope, frozenset(keys), left_out)
    scope = exactly(session, found, keys)
    write_lots(session, recall, scope)
    if recall.is_drill:
        keep_sums(session, recall.id)
    units = units_of(scope)
    _refuse_nobody(session, recall, units, command.reason)
    _open_lines(session, recall, units)
    if is_begun(recall):
        mark_growth(session, recall)
    now = clock.now()
    recall.submitted_at, recall.submitted_by = now, actor.id
    # What people were told of stands as it was told, whatever came back since.
    recall.scope_hash = _stored_hash(session, recall)
    recall.letter_version = PRESENT
    keep_snapshot(session, actor, clock, recall, scope)
    sign(session, clock, recall, signer, ("submitted", command.reason.strip()))
    move(session, actor, clock, recall, "submit", {
        "scope_hash": recall.scope_hash, "lots": len(scope.lots), "consignees": len(scope.consignees)})
    complete_tasks(session, actor, clock, recall_stream(recall), GREW_TASK, "submitted")
    raise_task(session, actor, clock, RaiseTask(
        APPROVE_TASK, recall_stream(recall), "quality_manager", approval_due(recall.recall_class, now),
        params={"recall_id": recall.id, "reference": recall.reference}))
    session.flush()
    return recall


def return_recall(session: Session, actor: Actor, clock: Clock, command: ReturnRecall) -> Recall:
    """Send a submitted recall back to draft; the scope can be changed again. Raises InvalidInput without a reason."""
    recall = _submitted(session, actor, "return", command.recall_id, command.revision)
    reason = reason_of(command.reason)
    _thaw(session, recall)
    move(session, actor, clock, recall, "return", {"reason": reason})
    complete_tasks(session, actor, clock, recall_stream(recall), APPROVE_TASK, "returned")
    session.flush()
    return recall


def cancel_recall(session: Session, actor: Actor, clock: Clock, command: CancelRecall) -> Recall:
    """End a recall of which nobody was told; what its decision stopped is free again. One that an authority ordered is
    given up by who approves recalls alone. Raises InvalidInput without a reason, Conflict once people were told."""
    recall = for_action(session, actor, "cancel", command.recall_id, command.revision)
    if recall.is_mandated and not holds(actor, "recall.approve"):
        raise Forbidden("An authority ordered this recall. Only who approves recalls can cancel it.", code="ordered")
    if is_begun(recall):
        raise Conflict("People were told of this recall; it can be ended, not cancelled.", code="was-told")
    recall.closing_note = reason_of(command.reason)
    _thaw(session, recall)
    move(session, actor, clock, recall, "cancel", {"reason": recall.closing_note})
    free_planned(session, actor, clock, recall, f"{recall.reference}: {recall.closing_note}")
    drop_all_tasks(session, actor, clock, recall)
    session.flush()
    return recall


def approve_recall(session: Session, actor: Actor, clock: Clock, command: ApproveRecall, *, vault: Vault) -> Recall:
    """Start the recall: holds on every lot, the legal clocks of every market, a notice to every consignee, all with
    this commit.

    Call `identity.limit_signature` in a transaction of its own before. Raises Forbidden for the person who submitted
    it or a wrong password; Conflict when units moved or lots came into being since it was submitted (code
    `scope-moved`: send it back and submit it again), or when somebody else was faster; Stale.
    """
    recall = _submitted(session, actor, "approve", command.recall_id, command.revision)
    if actor.id == recall.submitted_by:
        raise Forbidden("You submitted this recall yourself. A second person has to approve it.", code="same-person")
    signer = signer_of(session, actor, recall, command.password)
    _refuse_tampered(session, recall)
    keys = lot_keys_of(session, recall)
    # The holds lock the lots: what is shipped or used from here on waits, then is refused. Those of the decision end;
    # a lot that was left out for a reason is free again.
    free_planned(session, actor, clock, recall, recall.reference)
    stop_lots(session, actor, clock, recall, keys, HoldKind.recall)
    frozen = _frozen_units(session, recall)
    _refuse_moved(session, recall, keys, frozen)
    now, is_grown = clock.now(), is_begun(recall)
    recall.approved_at, recall.approved_by = recall.approved_at or now, actor.id
    sign(session, clock, recall, signer, ("approved", command.reason.strip()))
    move(session, actor, clock, recall, "approve", {"scope_hash": recall.scope_hash, "lots": len(keys)})
    complete_tasks(session, actor, clock, recall_stream(recall), APPROVE_TASK, "approved")
    start_clocks(session, actor, clock, recall)
    told = _to_tell(session, recall)
    if told or recall.answer_by is None:  # the last day of all; each notice has its own
        recall.answer_by = max(answer_due(recall.recall_class, now), recall.answer_by or now)
    tell_consignees(session, actor, clock, recall, told, vault=vault)
    if is_grown:
        take_growth(session, actor, clock, recall)
        take_untold(session, actor, clock, recall)
    announce_scope(session, clock, recall)
    session.flush()
    advance_if_told(session, clock, recall)
    session.flush()
    return recall


def extend_recall(session: Session, actor: Actor, clock: Clock, command: ExtendRecall) -> Recall:
    """Take a running recall back to planning, because its scope grows. People stay told, answers go on; lots can be
    added, none taken out. Raises InvalidInput without a reason."""
    recall = for_action(session, actor, "extend", command.recall_id, command.revision)
    reason = reason_of(command.reason)
    recall.scope_number += 1
    recall.submitted_at, recall.submitted_by = None, None
    move(session, actor, clock, recall, "extend", {"reason": reason, "scope_number": recall.scope_number})
    session.flush()
    return recall


def keep_snapshot(session: Session, actor: Actor, clock: Clock, recall: Recall, scope: Scope) -> None:
    """Keep the frozen scope whole, so that a later one can be compared with it."""
    position = (session.scalar(select(func.max(RecallSnapshot.position)).where(
        RecallSnapshot.recall_id == recall.id)) or 0) + 1
    assert recall.scope_hash is not None
    session.add(RecallSnapshot(
        recall_id=recall.id, position=position, scope_number=recall.scope_number, scope_hash=recall.scope_hash,
        taken_at=clock.now(), taken_by=actor.id, content={
            "lots": [[lot.lot_key, lot.number, plain(lot.made), plain(lot.in_stock), plain(lot.shipped)]
                     for lot in scope.lots],
            "units": sorted([key, consignee, plain(amount)]
                            for (key, consignee), amount in _frozen_units(session, recall).items()),
            "left_out": left_out_of(recall)}))


def _refuse_nobody(session: Session, recall: Recall, units: Collection[object], reason: str) -> None:
    """Nothing when somebody got units, or the signer says why nobody is told. Raises Conflict."""
    if not units and not reason.strip() and not _frozen_units(session, recall):
        raise Conflict("By the records nobody outside got units of these batches, so nobody will be told. Say in the "
                       "reason that this is so.", code="no-consignees", place="reason")


def _submitted(session: Session, actor: Actor, action: str, recall_id: str, revision: int | None) -> Recall:
    recall = for_action(session, actor, action, recall_id, revision)
    if recall.submitted_at is None:
        raise Conflict("This recall was not submitted yet.", code="wrong-state")
    return recall


def _open_lines(session: Session, recall: Recall, units: Mapping[tuple[str, str], Decimal]) -> None:
    """Lines of the ledger for what is new in the scope; those that people were told of stay as they are."""
    known = {(key, consignee) for key, consignee in session.execute(select(
        RecallLedger.lot_key, RecallLedger.consignee_id).where(RecallLedger.recall_id == recall.id))}
    fresh = [{"recall_id": recall.id, "lot_key": key, "consignee_id": consignee, "shipped": amount,
              "scope_number": recall.scope_number}
             for (key, consignee), amount in units.items() if (key, consignee) not in known]
    insert_many(session, RecallLedger, fresh)


def _to_tell(session: Session, recall: Recall) -> list[str]:
    """Consignees with a line that is new, or that grew."""
    return list(session.scalars(select(RecallLedger.consignee_id).where(
        RecallLedger.recall_id == recall.id,
        (RecallLedger.scope_number == recall.scope_number) | (RecallLedger.more > 0))
        .distinct().order_by(RecallLedger.consignee_id)))


def _frozen_units(session: Session, recall: Recall) -> dict[tuple[str, str], Decimal]:
    rows = session.execute(select(RecallLedger.lot_key, RecallLedger.consignee_id, RecallLedger.shipped,
                                  RecallLedger.more).where(RecallLedger.recall_id == recall.id))
    return {(key, consignee): shipped + more for key, consignee, shipped, more in rows}


def _thaw(session: Session, recall: Recall) -> None:
    recall.scope_hash, recall.submitted_at, recall.submitted_by = None, None, None
    session.execute(delete(RecallLedger).where(RecallLedger.recall_id == recall.id,
                                               RecallLedger.scope_number == recall.scope_number))
    forget_growth(session, recall)


def _stored_hash(session: Session, recall: Recall) -> str:
    lots = session.execute(select(RecallLot.lot_key, RecallLot.made, RecallLot.in_stock, RecallLot.shipped)
                           .where(RecallLot.recall_id == recall.id))
    return frozen_hash(((key, made, in_stock, shipped) for key, made, in_stock, shipped in lots),
                       _frozen_units(session, recall), left_out_of(recall))


def is_signed_as_it_stands(session: Session, recall: Recall) -> bool:
    """Whether the signature of the submission covers class, strategy and texts as they stand, by what signatures cover
    today; a recall that was submitted before they covered as much is not, and has to be submitted again."""
    return signed_hash(recall) == session.scalar(select(RecallSignature.signed_hash).where(
        RecallSignature.recall_id == recall.id, RecallSignature.meaning == "submitted")
        .order_by(RecallSignature.position.desc()).limit(1))


def _refuse_tampered(session: Session, recall: Recall) -> None:
    """Nothing when scope and texts are those that were signed at submission. Raises Conflict."""
    if _stored_hash(session, recall) != recall.scope_hash or not is_signed_as_it_stands(session, recall):
        raise Conflict("What is stored is not what was signed when the recall was submitted. Send it back and submit "
                       "it again.", code="not-what-was-signed")


def _refuse_moved(session: Session, recall: Recall, keys: tuple[str, ...],
                  frozen: Mapping[tuple[str, str], Decimal]) -> None:
    """Nothing when the units are where they were at submission and no lot has been added downstream. Of lines that
    people were told of before, units may come back; what was booked late is what was signed."""
    present = shipped_units(session, keys)
    told = {(key, consignee): more for key, consignee, more in session.execute(select(
        RecallLedger.lot_key, RecallLedger.consignee_id, RecallLedger.more).where(
        RecallLedger.recall_id == recall.id, RecallLedger.scope_number < recall.scope_number))}
    moved = {pair for pair in (frozen.keys() | present.keys()) - told.keys() if frozen.get(pair) != present.get(pair)}
    grown = grown_units(session, recall.id) if told else {}
    moved |= {pair for pair, more in told.items() if more != grown.get(pair, 0)}
    left_out, known = left_out_of(recall), frozenset(keys)
    added = [lot.number for lot in proposed(session, recall).scope.lots
             if lot.lot_key not in known and lot.lot_key not in left_out]
    if not moved and not added:
        return
    what = line_names(session, sorted(moved)[:_MOST_NAMED])
    raise Conflict("Since this recall was submitted, units have moved or lots have been made: %(what)s. Send it back, "
                   "look at the scope, and submit it again.", code="scope-moved", what=named([*added, *what.values()]))
