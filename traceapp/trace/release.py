"""Release and rejection of lots."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.audit import record, stream_of
from traceapp.catalog.texts import required_text, short_text
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict
from traceapp.db import expect_revision
from traceapp.epcis import ClassQuantity, More, What, Why, object_event

from . import acts, guards, policy
from .facts import record_act
from .holds import LiftHold, PlaceHold, lift_hold, place_hold
from .model import Inspection, Lot


@dataclass(frozen=True, slots=True)
class Decide:
    """`note` gives the ground; a rejection, and a release without an inspection, need one. `at`: when it was decided,
    where that is told later; by default now."""

    lot_key: str
    note: str = ""
    revision: int | None = None
    at: datetime | None = None


def release_lot(session: Session, actor: Actor, clock: Clock, command: Decide) -> Lot:
    """Free a lot for use. Raises Conflict for one that is held, recalled, expired, rejected, or whose last inspection
    did not conform."""
    lot = guards.own_lot(session, command.lot_key)
    expect_revision(lot, command.revision)
    today = guards.place_of(session, lot.site_id).date_of(command.at or clock.now())
    as_released = policy.VerdictFacts(policy.next_state(lot.number, lot.release_state, "release"), lot.is_recalled,
                                      lot.is_on_hold, lot.expires_on)
    policy.refuse_unusable(lot.number, as_released, today, "lot_key")
    last = session.scalar(select(Inspection.verdict).where(Inspection.lot_key == lot.lot_key)
                          .order_by(Inspection.inspected_at.desc(), Inspection.id.desc()).limit(1))
    if last == "non_conforming":
        raise Conflict("Lot %(lot)s did not conform in its last inspection and cannot be released.",
                       code="not-conforming", place="lot_key", lot=lot.number)
    if last is None and not command.note.strip():
        raise Conflict("Lot %(lot)s has no inspection. Record one, or say in the note on what ground it is released.",
                       code="not-inspected", place="note", lot=lot.number)
    return _decide(session, actor, clock, lot, ("release", command))


def reject_lot(session: Session, actor: Actor, clock: Clock, command: Decide) -> Lot:
    """Keep a lot from being used for good. Raises InvalidInput without a note, Conflict for one rejected already."""
    lot = guards.own_lot(session, command.lot_key)
    expect_revision(lot, command.revision)
    required_text(command.note, place="note")
    return _decide(session, actor, clock, lot, ("reject", command))


def _decide(session: Session, actor: Actor, clock: Clock, lot: Lot, decision: tuple[str, Decide]) -> Lot:
    action, note = decision[0], short_text(decision[1].note, 2000, place="note")
    at = guards.checked_time(clock, decision[1].at or clock.now(), place="at")
    before, state = lot.release_state, policy.next_state(lot.number, lot.release_state, action)
    place = guards.place_of(session, lot.site_id)
    why = Why("storing", "available") if action == "release" else Why("holding", "non_conformant")
    event = object_event("OBSERVE", place.when(at), What(quantities=(ClassQuantity(lot.uri),)), why=why,
                         where=place.where, more=More(extensions=acts.written(
                             "decide", {"state": str(state), "note": note})))
    record_act(session, actor, clock, lot.lot_key, event)
    done = "released" if action == "release" else "rejected"
    record(session, actor, clock.now(), f"lot.{done}", stream_of("lot", lot.lot_key),
           {"before": before, "after": str(state), "note": note})
    return lot


__all__ = ["Decide", "LiftHold", "PlaceHold", "lift_hold", "place_hold", "reject_lot", "release_lot"]
