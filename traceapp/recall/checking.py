"""Tries of the effectiveness checks, and what their sample says about all consignees."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from traceapp.audit import record
from traceapp.catalog.texts import short_text
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, InvalidInput, NotFound
from traceapp.identity.policy import permit

from .book_model import CheckTry
from .cases import recall_by_id, recall_stream
from .ledger import WAYS
from .model import EffectivenessCheck, Notice, Recall
from .policy import drawn, sample_size
from .shares import Share, share_of
from .states import RecallState


@dataclass(frozen=True, slots=True)
class NoteCheckTry:
    """Somebody of the sample was tried and not reached."""

    recall_id: str
    consignee_id: str
    way: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What the checks of the present scope say; nothing about all consignees while some of the sample are waiting,
    since who was asked so far was not drawn by chance. `needed`: how many the level wants verified; `waiting`: drawn
    and not asked; `failed`: did not get, understand or follow the notice."""

    share: Share
    needed: int
    waiting: int
    failed: int

    @property
    def is_enough(self) -> bool:
        """Whether everybody of the sample was asked and followed the notice, and they are as many as the level
        wants."""
        return not self.waiting and not self.failed and self.share.good >= self.needed


def note_check_try(session: Session, actor: Actor, clock: Clock, command: NoteCheckTry) -> CheckTry:
    """Write down that somebody of the sample was not reached. Raises as `checked_row`."""
    permit(actor, "recall.write")
    recall, row = checked_row(session, command.recall_id, command.consignee_id, command.way)
    made = add_try(session, actor, clock, row, CheckTry(
        way=command.way, spoken_to="", note=short_text(command.note, 2000, place="note")))
    record(session, actor, clock.now(), "recall.check_tried", recall_stream(recall), {
        "consignee": row.consignee_id, "way": made.way, "note": made.note})
    return made


def checked_row(session: Session, recall_id: str, consignee_id: str, way: str) -> tuple[Recall, EffectivenessCheck]:
    """The recall and the drawn consignee, locked. Raises Conflict when no checks are going on, InvalidInput for an
    unknown way, NotFound for a consignee that was not drawn."""
    recall, (row,) = checked_rows(session, [(recall_id, consignee_id, way)])
    return recall, row


def checked_rows(session: Session,
                 wanted: Sequence[tuple[str, str, str]]) -> tuple[Recall, list[EffectivenessCheck]]:
    """The same for many consignees of one recall: (recall, consignee, way)."""
    recall = recall_by_id(session, wanted[0][0])
    if recall.state != RecallState.effectiveness:
        raise Conflict("Checks are recorded while effectiveness is being checked; this recall is “%(state)s”.",
                       code="wrong-state", state=RecallState(recall.state))
    if any(way not in WAYS for _recall, _consignee, way in wanted):
        raise InvalidInput("Say how they were asked: %(ways)s.", code="unknown-way", place="way", ways=", ".join(WAYS))
    rows = {row.consignee_id: row for row in session.scalars(select(EffectivenessCheck).where(
        EffectivenessCheck.recall_id == recall.id, EffectivenessCheck.scope_number == recall.scope_number,
        EffectivenessCheck.consignee_id.in_([key for _recall, key, _way in wanted]))
        .order_by(EffectivenessCheck.consignee_id).with_for_update()
        .execution_options(populate_existing=True))}
    if any(key not in rows for _recall, key, _way in wanted):
        raise NotFound("This consignee is not in the sample.", code="not-drawn", place="consignee_id")
    return recall, [rows[key] for _recall, key, _way in wanted]


def add_try(session: Session, actor: Actor, clock: Clock, row: EffectivenessCheck, made: CheckTry) -> CheckTry:
    """Add a try to those of a drawn consignee that the caller has locked."""
    add_tries(session, actor, clock, [(row, made)])
    return made


def add_tries(session: Session, actor: Actor, clock: Clock,
              tries: Sequence[tuple[EffectivenessCheck, CheckTry]]) -> None:
    """Add one try to those of each drawn consignee; all are of one sample and the caller has locked them."""
    first = tries[0][0]
    last = {key: position for key, position in session.execute(
        select(CheckTry.consignee_id, func.max(CheckTry.position)).where(
            CheckTry.recall_id == first.recall_id, CheckTry.scope_number == first.scope_number,
            CheckTry.consignee_id.in_([row.consignee_id for row, _made in tries])).group_by(CheckTry.consignee_id))}
    for row, made in tries:
        made.recall_id, made.scope_number, made.consignee_id = row.recall_id, row.scope_number, row.consignee_id
        made.position, made.at, made.by = last.get(row.consignee_id, 0) + 1, clock.now(), actor.id
        session.add(made)
    session.flush()


def check_tries(session: Session, recall: Recall) -> dict[str, list[CheckTry]]:
    """{consignee: its tries, the first one first} of the present sample."""
    found: dict[str, list[CheckTry]] = {}
    for row in session.scalars(select(CheckTry).where(
            CheckTry.recall_id == recall.id, CheckTry.scope_number == recall.scope_number)
            .order_by(CheckTry.consignee_id, CheckTry.position)):
        found.setdefault(row.consignee_id, []).append(row)
    return found


def conclusion_of(session: Session, recall: Recall) -> Conclusion:
    """What the sample of the present scope says about all direct consignees."""
    rows: Sequence[EffectivenessCheck] = session.scalars(select(EffectivenessCheck).where(
        EffectivenessCheck.recall_id == recall.id, EffectivenessCheck.scope_number == recall.scope_number)).all()
    population = session.scalar(select(func.count()).select_from(Notice).where(Notice.recall_id == recall.id)) or 0
    needed = sample_size(population, recall.check_level, recall.check_share) if recall.check_level else 0
    asked = [row for row in rows if row.checked_at is not None]
    failed = sum(1 for row in asked if not is_followed(row))
    by_chance = _by_chance(session, recall, rows, needed)
    drawn_asked = [row for row in asked if row.consignee_id in by_chance]
    share = share_of(sum(map(is_followed, drawn_asked)), len(drawn_asked), population)
    return Conclusion(share, needed, len(rows) - len(asked), failed)


def is_followed(row: EffectivenessCheck) -> bool:
    """Whether who was asked got, understood and followed the notice."""
    return bool(row.received and row.understood and row.acted)


def failed_before(session: Session, recall: Recall) -> set[str]:
    """The consignees that did not follow the notice when they were asked last, in the sample of an earlier scope."""
    last = {row.consignee_id: row for row in session.scalars(select(EffectivenessCheck).where(
        EffectivenessCheck.recall_id == recall.id, EffectivenessCheck.scope_number < recall.scope_number,
        EffectivenessCheck.checked_at.is_not(None)).order_by(EffectivenessCheck.scope_number))}
    return {key for key, row in last.items() if not is_followed(row)}


def _by_chance(session: Session, recall: Recall, rows: Sequence[EffectivenessCheck], needed: int) -> set[str]:
    """Who of the sample was drawn; the others are asked again, and say nothing of all."""
    if len(rows) <= needed or recall.check_seed is None:
        return {row.consignee_id for row in rows}
    return set(drawn(session.scalars(select(Notice.consignee_id).where(Notice.recall_id == recall.id)), needed,
                     recall.check_seed))


def refuse_claim(conclusion: Conclusion, claimed: int | None) -> None:
    """Nothing when the sample supports it. Raises Conflict (code `level-not-met`) when fewer are verified than the
    level wants, (code `not-supported`) for a claim above what the sample says."""
    if conclusion.share.good < conclusion.needed:
        raise Conflict("The level wants %(needed)d consignees verified; %(good)d are.", code="level-not-met",
                       needed=conclusion.needed, good=conclusion.share.good)
    if claimed is not None and claimed > conclusion.share.least_percent:
        raise Conflict("The sample does not support this: with 95 %% certainty at least %(least)d %% of the consignees "
                       "followed the notice, not %(claimed)d %%.", code="not-supported", place="claimed",
                       least=conclusion.share.least_percent, claimed=claimed)
