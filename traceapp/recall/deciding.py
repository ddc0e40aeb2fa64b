"""The decision: a recall, or none; and what a decided recall stops and begins at once."""
from __future__ import annotations

import hashlib
from dataclasses import dataclass

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from traceapp.audit import record
from traceapp.audit.trail import canonical
from traceapp.catalog.texts import reason_of, required_text, short_text
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, Forbidden, InvalidInput
from traceapp.db import expect_revision
from traceapp.identity.policy import permit
from traceapp.trace.model import Hold, Lot
from traceapp.worklist.tasks import complete_tasks

from .cases import (
    for_action,
    hold_source,
    is_begun,
    lot_keys_of,
    move,
    recall_by_id,
    recall_stream,
    sign,
    signatures_of,
)
from .classes import is_graver
from .clocks import start_decided_clocks
from .drafting import is_open_for_change, named
from .ending import drop_all_tasks, refuse_grown, refuse_open_books
from .evaluation import DECIDE_TASK, ask_for_evaluation, latest_evaluation
from .model import Recall, RecallLot
from .policy import PROPOSED
from .proposing import proposed
from .rehearsing import free_planned, signer_of, stop_lots
from .states import CheckLevel, Depth, RecallClass, RecallState


@dataclass(frozen=True, slots=True)
class DecideRecall:
    """There will be a recall, of this class; `reason` says why, signed with `password`. `why_milder`: why a class is
    enough that is milder than the one of the evaluation that two people signed."""

    recall_id: str
    recall_class: str
    reason: str
    password: str
    revision: int | None = None
    why_milder: str = ""


@dataclass(frozen=True, slots=True)
class DecideNone:
    """No recall is needed. The first call writes the justification, a second person's signs the same."""

    recall_id: str
    reason: str
    password: str
    revision: int | None = None


@dataclass(frozen=True, slots=True)
class SetStrategy:
    """How deep people are told and how many are asked afterwards; `check_share` only with level B, between 0.1 and 1
    of the consignees. `needs_proof`: what consignees destroy counts as proved by a photo or certificate alone."""

    recall_id: str
    depth: str
    check_level: str
    check_share: float | None = None
    revision: int | None = None
    needs_proof: bool = False


@dataclass(frozen=True, slots=True)
class MandateRecall:
    """An authority ordered it; `order` names who, when, under which number."""

    recall_id: str
    order: str
    revision: int | None = None


def decide_recall(session: Session, actor: Actor, clock: Clock, command: DecideRecall) -> Recall:
    """Decide for a recall: its lots and what is downstream stop at once, the clocks of the decision begin.

    Call `identity.limit_signature` in a transaction of its own before. Raises Conflict without a lot in scope,
    InvalidInput without a class or a reason, or for a class milder than the evaluation's without a word on it;
    Forbidden for a wrong password.
    """
    recall = for_action(session, actor, "decide", command.recall_id, command.revision)
    signer = signer_of(session, actor, recall, command.password)
    reason = _reason(session, recall, command)
    keys = lot_keys_of(session, recall)
    if not keys:
        raise Conflict("No lot is in scope yet. Choose at least one lot before deciding.", code="no-lots",
                       place="lot_keys")
    stopped = tuple(dict.fromkeys((*keys, *(lot.lot_key for lot in proposed(session, recall).scope.lots))))
    stop_lots(session, actor, clock, recall, stopped)
    now = clock.now()
    recall.recall_class, recall.decision = str(command.recall_class), reason
    recall.decided_at, recall.decided_by = now, actor.id
    depth, level = PROPOSED[RecallClass(recall.recall_class)]
    recall.depth, recall.check_level = recall.depth or depth, recall.check_level or level
    sign(session, clock, recall, signer, ("decided", reason), _decided_hash(session, recall, "recall"))
    move(session, actor, clock, recall, "decide", {"class": recall.recall_class, "reason": reason,
                                                   "stopped": len(stopped)})
    complete_tasks(session, actor, clock, recall_stream(recall), DECIDE_TASK, "decided")
    start_decided_clocks(session, actor, clock, recall)
    session.flush()
    return recall


def _reason(session: Session, recall: Recall, command: DecideRecall) -> str:
    """Why, with why a milder class than the signed one is enough."""
    reason = short_text(required_text(command.reason, place="reason"), 4000, place="reason")
    if command.recall_class not in set(RecallClass):
        raise InvalidInput("The class of a recall is I, II or III.", code="unknown-class", place="recall_class")
    evaluation = latest_evaluation(session, recall.id)
    signed = evaluation.content["proposed_class"] if evaluation is not None else command.recall_class
    if not is_graver(signed, command.recall_class):
        return reason
    milder = short_text(command.why_milder, 4000, place="why_milder").strip()
    if not milder:
        raise InvalidInput("Two people signed class %(signed)s in the evaluation. Say why class %(chosen)s is enough.",
                           code="milder-class", place="why_milder", signed=signed, chosen=command.recall_class)
    return f"{reason}\n{signed} → {command.recall_class}: {milder}"


def decide_none(session: Session, actor: Actor, clock: Clock, command: DecideNone) -> Recall:
    """Decide that no recall is needed: the justification of the first person, then the same signed by a second, over
    the same class, lots and evaluation. What the case had stopped and nobody was told of is free again.

    Call `identity.limit_signature` in a transaction of its own before. Raises Forbidden for a second signature of the
    same person, Conflict when the second one says something else, where a lot was added of which nobody was told
    (code `lots-untold`), and as `refuse_grown` and `refuse_open_books` where people were told.
    """
    recall = for_action(session, actor, "decide_none", command.recall_id, command.revision)
    signer = signer_of(session, actor, recall, command.password)
    reason = short_text(required_text(command.reason, place="reason"), 4000, place="reason")
    if is_begun(recall):  # opened again: what was learnt since is in the books, and they close by the same rule
        _refuse_untold(session, recall)
        refuse_grown(session, recall)
        refuse_open_books(session, recall)
    if not recall.decision:
        recall.decision = reason
    elif recall.decision != reason:
        raise Conflict("The first person wrote another justification. Sign that one, or send the case back to "
                       "assessment.", code="other-justification", place="reason")
    covered = _decided_hash(session, recall, "none")
    before = signatures_of(session, recall.id, "no_action", covered)
    if any(one.user_id == actor.id for one in before):
        raise Forbidden("You have signed this. A second person has to sign it too.", code="same-person")
    sign(session, clock, recall, signer, ("no_action", reason), covered)
    if before:
        recall.decided_at, recall.decided_by = clock.now(), actor.id
        recall.closed_at, recall.closing_note = clock.now(), reason
        move(session, actor, clock, recall, "decide_none", {"reason": reason})
        free_planned(session, actor, clock, recall, f"{recall.reference}: {reason}"[:2000])
        drop_all_tasks(session, actor, clock, recall)
    else:
        record(session, actor, clock.now(), "recall.no_action_proposed", recall_stream(recall), {"reason": reason})
    session.flush()
    return recall


def _refuse_untold(session: Session, recall: Recall) -> None:
    """Nothing where people were told of every lot in scope: what they were told of is held for good. A drill holds
    nothing. Raises Conflict (code `lots-untold`)."""
    untold = [] if recall.is_drill else session.scalars(
        select(Lot.number).join(RecallLot, RecallLot.lot_key == Lot.lot_key)
        .where(RecallLot.recall_id == recall.id, ~exists().where(
            Hold.source == hold_source(recall.id), Hold.lot_key == RecallLot.lot_key)).order_by(Lot.number)).all()
    if untold:
        raise Conflict("Nobody was told of these lots yet: %(lots)s. Take them out with a reason, or decide for a "
                       "recall.", code="lots-untold", place="lot_keys", lots=named(untold))


def reassess_recall(session: Session, actor: Actor, clock: Clock, recall_id: str, reason: str,
                    revision: int | None = None) -> Recall:
    """Back from decision to the evaluation, with what is missing. Raises InvalidInput without a reason."""
    recall = for_action(session, actor, "reassess", recall_id, revision)
    text = reason_of(reason)
    recall.decision = ""
    move(session, actor, clock, recall, "reassess", {"reason": text})
    complete_tasks(session, actor, clock, recall_stream(recall), DECIDE_TASK, "reassess")
    ask_for_evaluation(session, actor, clock, recall)
    session.flush()
    return recall


def set_strategy(session: Session, actor: Actor, clock: Clock, command: SetStrategy) -> Recall:
    """How deep, and how many are asked. Raises InvalidInput for an unknown word or a share that is none of B."""
    permit(actor, "recall.write")
    recall = recall_by_id(session, command.recall_id, lock=True)
    expect_revision(recall, command.revision)
    if not is_open_for_change(recall):
        raise Conflict("The strategy can be changed until the scope is submitted; this recall is “%(state)s”.",
                       code="wrong-state", state=RecallState(recall.state))
    if command.depth not in set(Depth):
        raise InvalidInput("Choose how deep people are told.", code="unknown-depth", place="depth")
    if command.check_level not in set(CheckLevel):
        raise InvalidInput("Choose a level from A to E.", code="unknown-level", place="check_level")
    is_b = command.check_level == CheckLevel.b
    if is_b != (command.check_share is not None) or (command.check_share is not None
                                                     and not 0.1 < command.check_share < 1):
        raise InvalidInput("Level B needs a share between 10 % and all; the other levels have none.",
                           code="bad-share", place="check_share")
    before = (recall.depth, recall.check_level, recall.check_share, recall.needs_proof)
    recall.needs_proof = command.needs_proof
    recall.depth, recall.check_level, recall.check_share = command.depth, command.check_level, command.check_share
    record(session, actor, clock.now(), "recall.strategy_set", recall_stream(recall), {
        "before": [None if one is None else str(one) for one in before], "depth": recall.depth,
        "level": recall.check_level, "share": None if command.check_share is None else repr(command.check_share),
        "proof": recall.needs_proof})
    session.flush()
    return recall


def mandate_recall(session: Session, actor: Actor, clock: Clock, command: MandateRecall) -> Recall:
    """Note that an authority ordered it, in whatever state the case is. Raises InvalidInput without the order."""
    permit(actor, "recall.approve")
    recall = recall_by_id(session, command.recall_id, lock=True)
    expect_revision(recall, command.revision)
    recall.is_mandated, recall.mandate = True, short_text(required_text(command.order, place="order"), 2000,
                                                          place="order")
    record(session, actor, clock.now(), "recall.mandated", recall_stream(recall), {"order": recall.mandate})
    session.flush()
    return recall


def _decided_hash(session: Session, recall: Recall, what: str) -> str:
    """What a decision covers: class, reason, the lots in scope, and the evaluation by its own hash."""
    evaluation = latest_evaluation(session, recall.id)
    body = {"recall": recall.id, "what": what, "class": recall.recall_class, "reason": recall.decision,
            "number": recall.scope_number, "lots": lot_keys_of(session, recall),
            "evaluation": evaluation.content_hash if evaluation else None}
    return hashlib.sha256(canonical(body).encode("utf-8")).hexdigest()
