"""The end of a recall, and what comes after an end: the books are balanced, somebody signs; new evidence reopens it."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import and_, exists, func, or_, select
from sqlalchemy.orm import Session

from traceapp.audit import record
from traceapp.catalog.texts import required_text, short_text
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict
from traceapp.core.quantity import plain
from traceapp.vault.service import Vault
from traceapp.worklist.clock_model import ClockState, LegalClock
from traceapp.worklist.legal_clocks import ask_again, clocks_about
from traceapp.worklist.tasks import drop_tasks, with_open_tasks

from .balance import IS_OPEN, is_line_in
from .books_signed import books_hash
from .cases import for_action, line_names, lot_keys_of, move, notice_stream, recall_stream, sign
from .clocks import complete_clocks
from .drafting import left_out_of, named
from .evaluation import ask_for_evaluation
from .late_taking import take_up_late
from .ledger import state_of
from .model import Notice, Recall, RecallLedger
from .policy import LineState
from .proposing import proposed
from .reconciling import open_balances
from .rehearsing import free_planned, signer_of
from .telling_model import PassedLine, PassedNotice
from .untold import refuse_untold

_MOST_NAMED = 50
PLAYED = "Drill: nothing is sent, so nothing comes back."


@dataclass(frozen=True, slots=True)
class TerminateRecall:
    """`note` says what the recall came to, for management and authorities; signed with `password`. `without`: why it
    can end though no CAPA is linked, a report to an authority is not confirmed or units are still outside.
    `lessons`: what the house does otherwise from now on; `authority_letter`: number and day of the letter with which
    an authority ended it."""

    recall_id: str
    note: str
    password: str
    revision: int | None = None
    without: str = ""
    lessons: str = ""
    authority_letter: str = ""


@dataclass(frozen=True, slots=True)
class ReopenRecall:
    """Assess an ended case again, with the new evidence."""

    recall_id: str
    reason: str
    revision: int | None = None


def terminate_recall(session: Session, actor: Actor, clock: Clock, command: TerminateRecall) -> Recall:
    """End a recall whose rules find no further lot, of whose every despatch somebody was told, whose every line is
    accounted for or settled, whose every lot adds up or is explained, and of whose units in our hands it is decided
    what becomes of them (in a drill nothing is); that has its CAPA, whose reports due by now are confirmed and of which
    nobody outside holds units any more, or of which it is said why not. The lots stay recalled; the clocks of its
    closing reports begin.

    Call `identity.limit_signature` in a transaction of its own before. Raises Conflict (code `untold-despatch`) naming
    who was not told, (code `ledger-open`) naming what is open, `errors` by `<consignee id>/<lot key>`, (code
    `not-balanced`) with `errors` by lot key, and (code `not-complete`) with `errors` by `capa`, `on_hand`, `passed_on`
    or clock; Forbidden for a wrong password; Stale.
    """
    recall = for_action(session, actor, "terminate", command.recall_id, command.revision)
    signer = signer_of(session, actor, recall, command.password)
    note = short_text(required_text(command.note, place="note"), 4000, place="note")
    refuse_grown(session, recall)
    refuse_untold(session, recall)
    refuse_open_books(session, recall)
    if recall.is_drill:
        _settle_played(session, actor, clock, recall)
    recall.ended_without = _without(session, recall, command)
    recall.closed_at, recall.closing_note = clock.now(), note
    recall.lessons = short_text(command.lessons, 4000, place="lessons").strip()
    recall.authority_letter = short_text(command.authority_letter, 300, place="authority_letter").strip()
    said = (note, recall.ended_without, recall.lessons, recall.authority_letter)
    sign(session, clock, recall, signer, ("terminated", "\n".join(filter(None, said))), books_hash(session, recall))
    move(session, actor, clock, recall, "terminate", {
        "note": note, "without": recall.ended_without, "lessons": recall.lessons,
        "authority_letter": recall.authority_letter})
    # What the rules no longer find, because an event was corrected.
    free_planned(session, actor, clock, recall, recall.reference)
    drop_all_tasks(session, actor, clock, recall)
    complete_clocks(session, actor, clock, recall)
    session.flush()
    return recall


def reopen_recall(session: Session, actor: Actor, clock: Clock, command: ReopenRecall, *, vault: Vault) -> Recall:
    """Back to assessment: an evaluation is written and signed anew, and decided about. What was answered after the end
    counts now, and whom it named is told (the vault makes their links). Raises InvalidInput without the evidence."""
    recall = for_action(session, actor, "reopen", command.recall_id, command.revision)
    reason = short_text(required_text(command.reason, place="reason"), 4000, place="reason")
    recall.closed_at, recall.decision, recall.ended_without, recall.authority_letter = None, "", "", ""
    recall.submitted_at, recall.submitted_by = None, None
    if recall.approved_at is not None:
        recall.scope_number += 1
    move(session, actor, clock, recall, "reopen", {"reason": reason, "scope_number": recall.scope_number})
    ask_for_evaluation(session, actor, clock, recall)
    take_up_late(session, actor, clock, recall, vault=vault)
    session.flush()
    return recall


def drop_all_tasks(session: Session, actor: Actor, clock: Clock, recall: Recall) -> None:
    """Nobody has anything to do any more about the recall, its consignees or those whom they passed units on to, but
    for what authorities still wait for."""
    streams = [recall_stream(recall)]
    for told in (Notice, PassedNotice):
        streams += [notice_stream(key) for key in session.scalars(select(told.id).where(told.recall_id == recall.id))]
    for about in with_open_tasks(session, streams):
        drop_tasks(session, actor, clock, about)
    ask_again(session, actor, clock, recall_stream(recall))


def refuse_grown(session: Session, recall: Recall) -> None:
    """Nothing when every lot that the rules find now is in scope or was left out for a reason; a drill ends as it was
    played. Raises Conflict (code `scope-grew`)."""
    if recall.is_drill:
        return
    known = {*lot_keys_of(session, recall), *left_out_of(recall)}
    grown = [lot.number for lot in proposed(session, recall).scope.lots if lot.lot_key not in known]
    if grown:
        raise Conflict("The rules of the scope find further lots: %(lots)s. They are stopped, and nobody was told. "
                       "Extend the recall to them, or leave each out with a reason.", code="scope-grew",
                       lots=named(grown))


def refuse_open_books(session: Session, recall: Recall) -> None:
    """Nothing when every line is accounted for or settled, every lot adds up or is explained, and it is decided what
    becomes of all in our hands. Raises Conflict (code `ledger-open`, `not-balanced`)."""
    _refuse_open(session, recall)
    _refuse_unbalanced(session, recall)


def _refuse_open(session: Session, recall: Recall) -> None:
    found = select(RecallLedger).where(RecallLedger.recall_id == recall.id, IS_OPEN)
    if recall.is_drill:  # nothing is sent, so nothing comes back
        found = found.where(~is_line_in(LineState.returning))
    count = session.scalar(found.with_only_columns(func.count())) or 0
    if not count:
        return
    shown = session.scalars(found.order_by(RecallLedger.consignee_id, RecallLedger.lot_key).limit(_MOST_NAMED)).all()
    names = line_names(session, [(row.lot_key, row.consignee_id) for row in shown])
    errors = {f"{row.consignee_id}/{row.lot_key}": f"{names[row.lot_key, row.consignee_id]}: {state_of(row)}"
              for row in shown}
    raise Conflict("%(count)d lines are still open: %(what)s. Get an answer or a proof for each, or settle it with a "
                   "reason.",
                   code="ledger-open", count=count, errors=errors,
                   what=named([*names.values()] + [""] * (count - len(shown)), 5))


def _settle_played(session: Session, actor: Actor, clock: Clock, recall: Recall) -> None:
    """Settle the lines of a drill that wait for units to be counted, so that none of its books stays open."""
    now = clock.now()
    for row, notice_id in session.execute(
            select(RecallLedger, Notice.id).join(Notice, and_(Notice.recall_id == RecallLedger.recall_id,
                                                              Notice.consignee_id == RecallLedger.consignee_id))
            .where(RecallLedger.recall_id == recall.id, is_line_in(LineState.returning))):
        row.settled_at, row.settled_by, row.settled_reason = now, actor.id, PLAYED
        record(session, actor, now, "notice.settled", notice_stream(notice_id), {
            "recall": recall.id, "lot": row.lot_key, "was": str(LineState.returning), "reason": PLAYED})


def _refuse_unbalanced(session: Session, recall: Recall) -> None:
    lots = [one for one in open_balances(session, recall.id) if not recall.is_drill or not one.is_explained]
    if not lots:
        return
    errors = {one.lot_key: f"{one.number}: {plain(one.difference)} / {plain(one.undecided)}"
              for one in lots[:_MOST_NAMED]}
    raise Conflict("These batches do not add up, or it is undecided what becomes of units in our hands: %(lots)s. "
                   "Explain the difference or decide.", code="not-balanced", errors=errors,
                   lots=named([one.number for one in lots], 5))


def missing_at_end(recall: Recall, clocks: Iterable[LegalClock]) -> tuple[bool, tuple[LegalClock, ...]]:
    """What the file of a recall lacks before its end, from all its `clocks`: whether a CAPA, and those whose reports
    are not confirmed. Reports that repeat come to their end with the recall; a drill owes nobody anything.

    Source: the guard of the facts for CLOSING to TERMINATED.
    """
    if recall.is_drill:
        return False, ()
    return recall.capa_id is None, tuple(
        one for one in clocks if one.state == ClockState.running and not one.is_repeating)


def held_outside(session: Session, recall: Recall) -> int:
    """How many consignees still have units set apart that nobody took back, destroyed or put right, and of which no
    reason settles the line; of a drill none.

    Source: 21 CFR 7.55(a): a recall ends when it is reasonable to assume that the product was removed or corrected.
    """
    if recall.is_drill:
        return 0
    return session.scalar(select(func.count(RecallLedger.consignee_id.distinct())).where(
        RecallLedger.recall_id == recall.id, RecallLedger.on_hand > 0, RecallLedger.settled_at.is_(None))) or 0


def passed_outside(session: Session, recall: Recall) -> int:
    """How many of those whom consignees passed units on to still have some, or never said what became of them, where no
    reason settles the line of their consignee; of a drill none. Source: as `held_outside`."""
    if recall.is_drill:
        return 0
    is_settled = exists(select(RecallLedger.lot_key).where(
        RecallLedger.recall_id == PassedNotice.recall_id, RecallLedger.consignee_id == PassedNotice.consignee_id,
        RecallLedger.lot_key == PassedLine.lot_key, RecallLedger.settled_at.is_not(None)))
    return session.scalar(select(func.count(PassedNotice.id.distinct()))
                          .join(PassedLine, PassedLine.notice_id == PassedNotice.id).where(
        PassedNotice.recall_id == recall.id, ~is_settled,
        or_(PassedLine.on_hand > 0, and_(PassedLine.on_hand.is_(None), PassedLine.units > PassedLine.passed_on)))) or 0


def _without(session: Session, recall: Recall, command: TerminateRecall) -> str:
    """Why the recall ends without what is missing; empty where nothing is."""
    without = short_text(command.without, 4000, place="without").strip()
    lacks_capa, clocks = missing_at_end(recall, clocks_about(session, recall_stream(recall)))
    held, passed = held_outside(session, recall), passed_outside(session, recall)
    if not lacks_capa and not clocks and not held and not passed:
        return ""
    if not without:
        errors = {one.id: f"{one.jurisdiction}: {one.rule_id}" for one in clocks}
        errors |= ({"capa": "none"} if lacks_capa else {}) | ({"on_hand": str(held)} if held else {})
        errors |= {"passed_on": str(passed)} if passed else {}
        raise Conflict(
            "No CAPA is linked, a report to an authority is due and not confirmed, or units are still with consignees "
            "or with those whom they passed them on to. Do what is missing, or say why the recall can end without it.",
            code="not-complete", place="without", errors=errors)
    return without
