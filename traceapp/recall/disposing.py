"""What becomes of recalled units in our own hands: decided with a reason, signed, and done in the same act.

A recalled number never becomes saleable again: units that are good, or made good, get a number of their own and are
inspected and released under it. Source: ISO 13485 8.3.3 and 8.3.4, 21 CFR 7.55.
"""
from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from traceapp.audit import record
from traceapp.audit.trail import canonical
from traceapp.catalog.texts import required_text, short_text
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from traceapp.core.ids import new_id
from traceapp.core.quantity import Quantity, plain
from traceapp.identity.model import User
from traceapp.identity.policy import permit
from traceapp.identity.service import check_signature
from traceapp.trace.guards import amount_in, lots_by_key
from traceapp.trace.model import Lot
from traceapp.trace.reworking import GiveBack, ReworkUnits, give_back, rework_units
from traceapp.trace.shipping import DisposeUnits, write_off

from .book_model import DispositionKind, DispositionState, RecallDisposition
from .cases import lot_keys_of, recall_by_id, recall_stream, sign, signatures_of
from .model import Recall, RecallLot, RecallSignature
from .returning import refuse_drill
from .states import RecallState

_K = DispositionKind
# Nothing of these can be undone, so that a second person looks too.
BY_TWO = frozenset({_K.destroy, _K.release})
_FROM = frozenset({RecallState.planned, RecallState.notifying, RecallState.executing, RecallState.effectiveness,
                   RecallState.closing, RecallState.terminated})
MEANING = "disposed"
_UNITS = func.sum(RecallDisposition.units, type_=RecallDisposition.units.type)


@dataclass(frozen=True, slots=True)
class ProposeDisposition:
    """Signed with `password`. `partner_id` for the supplier, `new_number` for rework and release, `certificate` for a
    destruction that was done already. `of_kept`: about units that were kept, else about what is undecided."""

    recall_id: str
    lot_key: str
    kind: str
    units: Decimal
    reason: str
    password: str
    partner_id: str | None = None
    new_number: str = ""
    certificate: str = ""
    of_kept: bool = False


@dataclass(frozen=True, slots=True)
class DisposeOfAll:
    """The same for all that is in our hands and undecided, of every lot in scope: kept, or destroyed; or for all that
    was kept: destroyed."""

    recall_id: str
    kind: str
    reason: str
    password: str
    certificate: str = ""
    of_kept: bool = False


@dataclass(frozen=True, slots=True)
class ConfirmDisposition:
    """The second signature, over all that the first one covered; a destruction needs its certificate by then."""

    recall_id: str
    disposition_id: str
    password: str
    certificate: str = ""


@dataclass(frozen=True, slots=True)
class WithdrawDisposition:
    """Take back what only one person signed."""

    recall_id: str
    disposition_id: str
    reason: str


def propose_disposition(session: Session, actor: Actor, clock: Clock,
                        command: ProposeDisposition) -> RecallDisposition:
    """Decide what becomes of units; with destruction and release somebody else signs too before anything is done.

    Call `identity.limit_signature` in a transaction of its own before. Raises InvalidInput, NotFound for a lot that is
    not in scope, Conflict for more than is undecided, or than is kept, Forbidden for a wrong password.
    """
    permit(actor, "recall.write")
    recall = _open_for(session, command.recall_id)
    kind = _kind(command)
    lot, units = _free_units(session, recall, command)
    signer = check_signature(session, actor, command.password)
    reason = short_text(required_text(command.reason, place="reason"), 2000, place="reason")
    row = RecallDisposition(
        lot_key=lot.lot_key, id=new_id(clock.now()), recall_id=recall.id, kind=kind, units=units, reason=reason,
        of_kept=command.of_kept,
        partner_id=command.partner_id if kind == _K.supplier else None,
        new_number=command.new_number.strip() if kind in (_K.rework, _K.release) else "",
        certificate=short_text(command.certificate, 200, place="certificate").strip() if kind == _K.destroy else "",
        state=DispositionState.proposed, proposed_at=clock.now(), proposed_by=actor.id)
    _propose(session, actor, clock, (recall, signer), [row])
    return row


def dispose_of_all(session: Session, actor: Actor, clock: Clock, command: DisposeOfAll) -> list[RecallDisposition]:
    """Decide about all that is undecided with one signature. Raises as `propose_disposition`, and Conflict when nothing
    is undecided."""
    permit(actor, "recall.write")
    recall = _open_for(session, command.recall_id)
    if command.kind not in (_K.keep, _K.destroy):
        raise InvalidInput("Choose what becomes of the units.", code="unknown-kind", place="kind")
    kind = _K(command.kind)
    _refuse_kept_again(kind, of_kept=command.of_kept)
    signer = check_signature(session, actor, command.password)
    reason = short_text(required_text(command.reason, place="reason"), 2000, place="reason")
    certificate = short_text(command.certificate, 200, place="certificate").strip() if kind == _K.destroy else ""
    now, keys = clock.now(), lot_keys_of(session, recall)
    held = _held_units(session, recall.id)
    free = {lot.lot_key: held.get(lot.lot_key, _NOTHING).free(lot.stock, of_kept=command.of_kept)
            for lot in lots_by_key(session, keys).values()}
    rows = [RecallDisposition(
        lot_key=key, id=new_id(now), recall_id=recall.id, kind=kind, reason=reason, new_number="", units=units,
        of_kept=command.of_kept, certificate=certificate, proposed_at=now, state=DispositionState.proposed,
        proposed_by=actor.id) for key, units in free.items() if units > 0]
    if not rows:
        raise Conflict("Nothing in our hands is undecided.", code="nothing-undecided")
    _propose(session, actor, clock, (recall, signer), rows)
    return rows


def _propose(session: Session, actor: Actor, clock: Clock, signed: tuple[Recall, User],
             rows: list[RecallDisposition]) -> None:
    """Keep what was proposed under one signature; what needs no second one is done at once."""
    recall, signer = signed
    covered = _hash(rows)
    for row in rows:
        row.content_hash = covered
        session.add(row)
        record(session, actor, clock.now(), "recall.disposition_proposed", recall_stream(recall), _told(row))
    session.flush()
    sign(session, clock, recall, signer, (MEANING, rows[0].reason), covered)
    if rows[0].kind not in BY_TWO:
        _carry_out(session, actor, clock, recall, rows)
    session.flush()


def confirm_disposition(session: Session, actor: Actor, clock: Clock,
                        command: ConfirmDisposition) -> RecallDisposition:
    """Sign as the second person; then it is done. Raises NotFound, Conflict when it was decided or withdrawn, Forbidden
    for whoever signed first and for a wrong password, InvalidInput for a destruction without a certificate."""
    permit(actor, "recall.approve")
    recall = _open_for(session, command.recall_id)
    rows = _proposed(session, recall, command.disposition_id)
    row = rows[0]
    signer = check_signature(session, actor, command.password)
    if any(one.user_id == actor.id for one in signers_of(session, row)):
        raise Forbidden("You have signed this already. A second person has to sign it too.", code="same-person")
    if row.kind == _K.destroy:
        certificate = short_text(command.certificate or row.certificate, 200, place="certificate").strip()
        if not certificate:
            raise InvalidInput("Write the number of the record or certificate that shows the destruction.",
                               code="no-certificate", place="certificate")
        for one in rows:
            one.certificate = certificate
    sign(session, clock, recall, signer, (MEANING, row.reason), row.content_hash)
    _carry_out(session, actor, clock, recall, rows)
    session.flush()
    return row


def withdraw_disposition(session: Session, actor: Actor, clock: Clock,
                         command: WithdrawDisposition) -> RecallDisposition:
    """Take back all that one signature proposed. Raises NotFound, Conflict when it was decided, InvalidInput without a
    reason."""
    permit(actor, "recall.write")
    recall = _open_for(session, command.recall_id)
    rows = _proposed(session, recall, command.disposition_id)
    reason = short_text(required_text(command.reason, place="reason"), 2000, place="reason")
    for row in rows:
        row.state, row.decided_at, row.decided_by = DispositionState.withdrawn, clock.now(), actor.id
        record(session, actor, clock.now(), "recall.disposition_withdrawn", recall_stream(recall),
               {"disposition": row.id, "reason": reason})
    session.flush()
    return rows[0]


def dispositions_of(session: Session, recall_id: str, limit: int = 500) -> Sequence[RecallDisposition]:
    """What was decided or proposed, the latest first."""
    return session.scalars(
        select(RecallDisposition).where(RecallDisposition.recall_id == recall_id)
        .order_by(RecallDisposition.proposed_at.desc(), RecallDisposition.id.desc()).limit(limit)).all()


def signers_of(session: Session, row: RecallDisposition) -> list[RecallSignature]:
    """Who signed it."""
    return signatures_of(session, row.recall_id, MEANING, row.content_hash)


def disposed_by_lot(session: Session, recall_id: str) -> dict[tuple[str, str], Decimal]:
    """{(lot, kind): units} of what was decided; of what is kept, what is still."""
    found: dict[tuple[str, str], Decimal] = {}
    for key, kind, of_kept, units in session.execute(
            select(RecallDisposition.lot_key, RecallDisposition.kind, RecallDisposition.of_kept, _UNITS)
            .where(RecallDisposition.recall_id == recall_id, RecallDisposition.state == DispositionState.decided)
            .group_by(RecallDisposition.lot_key, RecallDisposition.kind, RecallDisposition.of_kept)):
        found[key, kind] = found.get((key, kind), Decimal(0)) + units
        if of_kept:
            found[key, _K.keep] = found.get((key, _K.keep), Decimal(0)) - units
    return found


@dataclass(slots=True)
class _HeldUnits:
    """Units of a lot in our hands: `kept`, and of these proposed to go; of the others proposed to go."""

    kept: Decimal = Decimal(0)
    kept_proposed: Decimal = Decimal(0)
    proposed: Decimal = Decimal(0)

    def free(self, stock: Decimal, *, of_kept: bool) -> Decimal:
        """What can be decided about, of what is kept or of what is undecided."""
        if of_kept:
            return max(Decimal(0), min(self.kept - self.kept_proposed, stock - self.proposed - self.kept_proposed))
        return max(Decimal(0), stock - self.kept - self.proposed)


_NOTHING = _HeldUnits()


def _held_units(session: Session, recall_id: str) -> dict[str, _HeldUnits]:
    found: dict[str, _HeldUnits] = defaultdict(_HeldUnits)
    for (key, kind), units in disposed_by_lot(session, recall_id).items():
        if kind == _K.keep:
            found[key].kept = units
    for key, of_kept, units in session.execute(
            select(RecallDisposition.lot_key, RecallDisposition.of_kept, _UNITS)
            .where(RecallDisposition.recall_id == recall_id, RecallDisposition.state == DispositionState.proposed)
            .group_by(RecallDisposition.lot_key, RecallDisposition.of_kept)):
        if of_kept:
            found[key].kept_proposed = units
        else:
            found[key].proposed = units
    return found


def _open_for(session: Session, recall_id: str) -> Recall:
    recall = recall_by_id(session, recall_id, lock=True)
    if recall.state not in _FROM:
        raise Conflict("What becomes of units is decided once the recall is decided; this one is “%(state)s”.",
                       code="wrong-state", state=RecallState(recall.state))
    refuse_drill(recall)
    return recall


def _kind(command: ProposeDisposition) -> DispositionKind:
    if command.kind not in set(_K):
        raise InvalidInput("Choose what becomes of the units.", code="unknown-kind", place="kind")
    kind = _K(command.kind)
    _refuse_kept_again(kind, of_kept=command.of_kept)
    if kind == _K.supplier and not command.partner_id:
        raise InvalidInput("Choose the supplier that gets them back.", code="missing", place="partner_id")
    if kind in (_K.rework, _K.release) and not command.new_number.strip():
        raise InvalidInput("A recalled number is never sold again: write the number that these units get.",
                           code="missing", place="new_number")
    return kind


def _refuse_kept_again(kind: DispositionKind, *, of_kept: bool) -> None:
    if of_kept and kind == _K.keep:
        raise InvalidInput("These units are kept already. Choose what else becomes of them.", code="kept-already",
                           place="kind")


def _free_units(session: Session, recall: Recall, command: ProposeDisposition) -> tuple[Lot, Decimal]:
    """The lot, and how many of its units are decided about. Raises NotFound, Conflict."""
    if session.get(RecallLot, (command.lot_key, recall.id)) is None:
        raise NotFound("This batch is not in the scope of this recall.", code="not-in-scope", place="lot_key")
    lot = lots_by_key(session, [command.lot_key])[command.lot_key]
    units = amount_in(Quantity(command.units, lot.unit or "EA"), lot.unit or "EA", place="units")
    there = _held_units(session, recall.id).get(lot.lot_key, _NOTHING).free(lot.stock, of_kept=command.of_kept)
    numbers: dict[str, Any] = {"lot": lot.number, "there": plain(there), "unit": lot.unit, "wanted": plain(units)}
    if units > there and command.of_kept:
        raise Conflict("Of batch %(lot)s %(there)s %(unit)s are kept and nothing else is proposed for them; %(wanted)s "
                       "are more.", code="not-enough", place="units", **numbers)
    if units > there:
        raise Conflict("Of batch %(lot)s %(there)s %(unit)s are in our hands and undecided; %(wanted)s are more.",
                       code="not-enough", place="units", **numbers)
    return lot, units


def _proposed(session: Session, recall: Recall, disposition_id: str) -> Sequence[RecallDisposition]:
    """All that the signature on this one covers, this one first."""
    row = session.scalar(select(RecallDisposition).where(
        RecallDisposition.recall_id == recall.id, RecallDisposition.id == disposition_id).with_for_update())
    if row is None:
        raise NotFound("There is no such decision.", code="unknown-disposition")
    if row.state != DispositionState.proposed:
        raise Conflict("This was decided or withdrawn already. Reload the page to see by whom.", code="not-proposed")
    others = session.scalars(select(RecallDisposition).where(
        RecallDisposition.recall_id == recall.id, RecallDisposition.content_hash == row.content_hash,
        RecallDisposition.id != row.id).order_by(RecallDisposition.lot_key).with_for_update()).all()
    return [row, *others]


def _carry_out(session: Session, actor: Actor, clock: Clock, recall: Recall,
               rows: Sequence[RecallDisposition]) -> None:
    for row in rows:
        _do(session, actor, clock, recall, row)
        row.state, row.decided_at, row.decided_by = DispositionState.decided, clock.now(), actor.id
        record(session, actor, clock.now(), "recall.disposition_decided", recall_stream(recall), _told(row))


def _do(session: Session, actor: Actor, clock: Clock, recall: Recall, row: RecallDisposition) -> None:
    now, reason = clock.now(), f"{recall.reference}: {row.reason}"[:2000]
    if row.kind == _K.destroy:
        unit = lots_by_key(session, [row.lot_key])[row.lot_key].unit or "EA"
        write_off(session, actor, clock, DisposeUnits(row.lot_key, Quantity(row.units, unit), now, reason))
    elif row.kind == _K.supplier:
        give_back(session, actor, clock, GiveBack(row.lot_key, row.units, row.partner_id or "", now, reason))
    elif row.kind in (_K.rework, _K.release):
        rework_units(session, actor, clock, ReworkUnits(row.lot_key, row.units, row.new_number, now, reason))


def _told(row: RecallDisposition) -> dict[str, object]:
    return {"disposition": row.id, "lot": row.lot_key, "kind": str(row.kind), "units": row.units,
            "hash": row.content_hash, "reason": row.reason, "number": row.new_number,
            "certificate": row.certificate} | ({"of_kept": True} if row.of_kept else {})


def _hash(rows: Sequence[RecallDisposition]) -> str:
    names = ("id", "recall_id", "lot_key", "reason", "partner_id", "new_number")
    body = {"dispositions": [{name: getattr(row, name) for name in names} | {
        "kind": str(row.kind), "units": plain(row.units)} | ({"of_kept": True} if row.of_kept else {})
        for row in rows]}
    return hashlib.sha256(canonical(body).encode("utf-8")).hexdigest()
