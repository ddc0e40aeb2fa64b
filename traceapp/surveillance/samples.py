"""Results of samples: entered once, never changed; a wrong one is corrected by another."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.audit import record, stream_of
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, InvalidInput, NotFound
from traceapp.core.ids import new_id
from traceapp.signals.samples import SENSITIVITY, SPECIFICITY, Found, Taken, Test
from traceapp.trace.model import Lot

from .cause_model import CauseSample
from .exposure import chunks

_LONGEST_METHOD, _LONGEST_NOTE = 200, 4000


@dataclass(frozen=True, slots=True)
class EnterSample:
    """What was tested, how, and what it showed. `corrects` is the id of an earlier result of the same lot that was
    wrong; then `note` must say why."""

    lot_key: str
    taken: Taken
    sampled_on: date
    method: str
    result: Found
    sensitivity: float = SENSITIVITY
    specificity: float = SPECIFICITY
    note: str = ""
    corrects: str | None = None


def enter_sample(session: Session, actor: Actor, clock: Clock, command: EnterSample) -> CauseSample:
    """Record a result. Raises InvalidInput for a test that tells nothing, a day to come or a missing reason, Conflict
    where the earlier result is corrected already."""
    if session.get(Lot, command.lot_key) is None:
        raise NotFound("There is no such lot.", place="lot_key")
    _check(command, clock)
    if command.corrects is not None:
        _check_correction(session, command)
    now = clock.now()
    row = CauseSample(
        lot_key=command.lot_key, id=new_id(now), taken=command.taken.value, sampled_on=command.sampled_on,
        method=command.method.strip(), result=command.result.value, sensitivity=command.sensitivity,
        specificity=command.specificity, note=command.note.strip(), corrects=command.corrects, at=now,
        by=actor.name or actor.id)
    session.add(row)
    session.flush()
    record(session, actor, now, "sample.corrected" if command.corrects else "sample.entered",
           stream_of("lot", command.lot_key), {
               "sample": row.id, "corrects": row.corrects, "taken": row.taken, "sampled_on": row.sampled_on,
               "method": row.method, "result": row.result, "sensitivity": repr(row.sensitivity),
               "specificity": repr(row.specificity)})
    return row


def _check(command: EnterSample, clock: Clock) -> None:
    Test(command.sensitivity, command.specificity)
    if not command.method.strip() or len(command.method) > _LONGEST_METHOD:
        raise InvalidInput("Say in at most %(count)s characters how the sample was tested.", place="method",
                           count=_LONGEST_METHOD)
    if len(command.note) > _LONGEST_NOTE:
        raise InvalidInput("The note is too long: at most %(count)s characters.", place="note", count=_LONGEST_NOTE)
    if command.sampled_on > clock.now().date():
        raise InvalidInput("The sample cannot have been taken on a day to come.", place="sampled_on")


def _check_correction(session: Session, command: EnterSample) -> None:
    if session.get(CauseSample, (command.lot_key, command.corrects)) is None:
        raise NotFound("There is no such result of this lot.", place="corrects")
    if not command.note.strip():
        raise InvalidInput("Say why the earlier result was wrong.", place="note")
    later = session.scalar(select(CauseSample.id).where(
        CauseSample.lot_key == command.lot_key, CauseSample.corrects == command.corrects))
    if later is not None:
        raise Conflict("This result is corrected already. Correct the newer one.", place="corrects")


def samples_of(session: Session, lot_keys: Iterable[str]) -> list[CauseSample]:
    """All results of these lots, also those that were corrected, the newest first."""
    found: list[CauseSample] = []
    for keys in chunks(lot_keys):
        found += session.scalars(select(CauseSample).where(CauseSample.lot_key.in_(keys)))
    return sorted(found, key=lambda row: (row.at, row.corrects is not None, row.id), reverse=True)


def standing_samples(session: Session, lot_keys: Iterable[str]) -> tuple[CauseSample, ...]:
    """The results of these lots that no later one corrects, the newest first."""
    rows = samples_of(session, lot_keys)
    corrected = {row.corrects for row in rows}
    return tuple(row for row in rows if row.id not in corrected)
