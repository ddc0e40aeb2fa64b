"""Taking in a complaint: checked, bound to its lot, sealed, counted once, and handed to whoever must act."""
from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import Session, make_transient_to_detached
from sqlalchemy.orm.attributes import set_committed_value

from traceapp.audit import record_first
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import InvalidInput
from traceapp.core.ids import new_id, new_reference
from traceapp.db.insert import insert_if_new, insert_rows, together
from traceapp.trace.guards import known_party
from traceapp.trace.model import Lot
from traceapp.vault.service import SealPerson, Vault, seal_person, token_hash
from traceapp.worklist.tasks import RaiseTask, raise_new_tasks
from traceapp.worklist.work import add_work

from .calling import call_for_grave
from .case_parts import LOT_BOUND, RESCORE, about, duty
from .crisis import watch_cluster
from .matching import LotMatch, MatchKind, match_lot
from .model import UNKNOWN_LOT, Channel, Complaint, LotCapture, SubmittedForm
from .policy import Circumstances, DueTimes, is_grave, is_suspicious
from .report import CheckedReport, LotGiven, SubmitComplaint, checked_report
from .service_clocks import begin_clocks, promised
from .states import ComplaintState, Severity
from .suspecting import suspect_alike
from .triage import Investigation, TriageResult

__all__ = ["LOT_BOUND", "RESCORE", "BoundLot", "Submitted", "about", "bind_given", "bind_match", "duties_of",
           "forget_sources", "note_intake", "repeat_of", "submit_complaint", "take_in"]

_COLUMNS = tuple(column.key for column in Complaint.__table__.columns)
_SCANNED = select(Lot.__table__.c.product_id).where(Lot.__table__.c.lot_key == bindparam("key"))


@dataclass(frozen=True, slots=True)
class Submitted:
    """The complaint and the secret of its follow-up page (None only when the vault's key was changed in between).
    `is_repeat`: the form had been handed in before, and nothing was added. `match`: what the typed lot means."""

    complaint: Complaint
    follow_up_token: str | None
    is_repeat: bool = False
    match: LotMatch = LotMatch(MatchKind.absent)


@dataclass(frozen=True, slots=True)
class BoundLot:
    """The lot that a complaint is about, and how it became known."""

    lot_key: str
    capture: LotCapture
    product_id: str | None
    match: LotMatch = LotMatch(MatchKind.absent)


def bind_given(session: Session, given: LotGiven) -> BoundLot:
    """The lot of a code, else the lot that the typed text means, else none. What cannot be bound is kept as text."""
    if given.lot_key:
        lot = session.connection().execute(_SCANNED, {"key": given.lot_key}).first()
        if lot is not None:
            return BoundLot(given.lot_key, LotCapture.scan, lot.product_id)
    return bind_match(given, match_lot(session, given.text, given.product_id))


def bind_match(given: LotGiven, match: LotMatch) -> BoundLot:
    """The binding that a match of the typed text means."""
    if match.lot is not None:
        return BoundLot(match.lot.lot_key, LotCapture.typed, match.lot.product_id, match)
    capture = LotCapture.none if match.kind is MatchKind.absent else LotCapture.typed
    return BoundLot(UNKNOWN_LOT, capture, given.product_id, match)


def submit_complaint(session: Session, actor: Actor, clock: Clock, command: SubmitComplaint, *,
                     vault: Vault) -> Submitted:
    """The complaint of a form, an API call or a member of staff. The same form a second time gives the first answer.

    Raises InvalidInput whose place is the name of the field, NotFound for a consignee that is none of ours.
    """
    now = clock.now()
    report = checked_report(command, now)
    if command.channel == Channel.consumer and command.awareness_at is not None:
        raise InvalidInput("We learn of a consumer's report when it arrives.", code="not-yours-to-say",
                           place="awareness_at")
    if command.consignee_id is not None:
        known_party(session, command.consignee_id, place="consignee_id")
    complaint_id = new_id(now)
    if command.idempotency_key:
        earlier = _claimed(session, actor, now, command.idempotency_key, complaint_id)
        if earlier is not None:
            return repeat_of(session, earlier, vault)
    bound = bind_given(session, report.lot)
    complaint = take_in(session, actor, clock, (complaint_id, report, bound), vault=vault)
    suspect_alike(session, complaint)  # before the row is written, so that it is written once, as it will stand
    if command.channel == Channel.consumer:
        _judge_trust(session, complaint, command, now, vault)
    _note_and_hand_on(session, actor, clock, complaint)
    return Submitted(complaint, vault.token_for(about(complaint.id)), match=bound.match)


def _claimed(session: Session, actor: Actor, now: datetime, key: str, complaint_id: str) -> str | None:
    """The complaint that this form became before; None when it is new, and then it is ours."""
    key_hash = hashlib.sha256(f"{actor.id}\0{key}".encode()).hexdigest()
    if insert_if_new(session, SubmittedForm,
                     {"key_hash": key_hash, "complaint_id": complaint_id, "submitted_at": now}):
        return None
    return session.scalars(select(SubmittedForm.complaint_id).where(SubmittedForm.key_hash == key_hash)).one()


def repeat_of(session: Session, complaint_id: str, vault: Vault) -> Submitted:
    """What was answered when this complaint was first sent in."""
    complaint = session.scalars(select(Complaint).where(Complaint.id == complaint_id)).one()
    token = vault.token_for(about(complaint.id))
    return Submitted(complaint, token if token_hash(token) == complaint.follow_up_hash else None, is_repeat=True)


def take_in(session: Session, actor: Actor, clock: Clock, what: tuple[str, CheckedReport, BoundLot], *,
            vault: Vault) -> Complaint:
    """The row of a checked report under its id, with the person sealed; neither in the session nor in the trail yet."""
    complaint_id, report, bound = what
    now = clock.now()
    person = None
    if report.contact is not None:
        person = seal_person(session, actor, clock, SealPerson(report.contact, report.is_minor), vault=vault)
    return Complaint(
        id=complaint_id, lot_key=bound.lot_key, reference=new_reference("CP", now), channel=report.channel,
        lot_capture=bound.capture, lot_text=report.lot.text, serial=report.lot.serial or None,
        product_id=bound.product_id, consignee_id=report.consignee_id, place=report.place, received_at=now,
        awareness_at=report.awareness_at,
        happened_on=report.happened_on, narrative=report.narrative, terms=report.terms, affected=report.affected,
        age_band=report.age_band, sex=report.sex, seriousness=list(report.criteria), use_text=report.use_text,
        is_harm=report.is_harm, severity=report.severity, state=ComplaintState.received,
        triage_result=TriageResult.untriaged, is_quarantined=False, person_id=person.id if person else None,
        follow_up_hash=token_hash(vault.token_for(about(complaint_id))), decision="", kinds=list(report.kinds),
        triage={}, is_suspected_fake=False, investigation=Investigation.undecided, cause="", solution="",
        improvement="", times_reopened=0)


def _judge_trust(session: Session, complaint: Complaint, command: SubmitComplaint, now: datetime,
                 vault: Vault) -> None:
    """Hold a suspicious report from the public back from the counts until a person has looked."""
    if command.source:
        key = vault.hmac_secret(f"source {now:%Y-%m-%d}")
        complaint.source_hash = hmac.new(key, command.source.encode("utf-8"), hashlib.sha256).hexdigest()
    from_source = 0 if complaint.source_hash is None else session.scalar(
        select(func.count()).select_from(Complaint)
        .where(Complaint.source_hash == complaint.source_hash, Complaint.id != complaint.id,
               Complaint.received_at > now - timedelta(hours=1)))
    same_text = 0 if not complaint.narrative else session.scalar(
        select(func.count()).select_from(Complaint)
        .where(Complaint.lot_key == complaint.lot_key, Complaint.id != complaint.id,
               Complaint.received_at > now - timedelta(hours=24), Complaint.narrative == complaint.narrative))
    complaint.is_quarantined = is_suspicious(
        Severity(complaint.severity), Circumstances(command.has_proof, from_source or 0, same_text or 0))


def _note_and_hand_on(session: Session, actor: Actor, clock: Clock, complaint: Complaint) -> None:
    session.flush()
    note_intake(session, actor, clock, complaint)
    due = promised(session, complaint, complaint.awareness_at)
    with together(session):
        _write(session, complaint)
        begin_clocks(session, [complaint])
        raise_new_tasks(session, actor, clock, duties_of(complaint, due))
        if complaint.lot_key != UNKNOWN_LOT:
            add_work(session, clock, RESCORE, complaint.lot_key, {"complaint": complaint.id})
    call_for_grave(session, clock, complaint, due.first_answer)
    watch_cluster(session, clock, complaint)


def _write(session: Session, complaint: Complaint) -> None:
    """Add a new row as it stands, and let the session know it as if it had been read: what a session does for an object
    that it writes itself takes longer than the database."""
    complaint.revision = 1
    given = complaint.__dict__
    for name in _COLUMNS:
        if name not in given:
            set_committed_value(complaint, name, None)
    insert_rows(session, Complaint, _COLUMNS, [tuple(given[name] for name in _COLUMNS)])
    make_transient_to_detached(complaint)
    session.add(complaint)


def note_intake(session: Session, actor: Actor, clock: Clock, complaint: Complaint) -> None:
    """The trail's entry of a complaint that came in: references and judgements, nothing that was said."""
    record_first(session, actor, clock.now(), "complaint.submitted", about(complaint.id), {
        "reference": complaint.reference, "channel": complaint.channel, "lot": complaint.lot_key,
        "lot_capture": complaint.lot_capture, "awareness_at": complaint.awareness_at,
        "severity": complaint.severity, "seriousness": complaint.seriousness, "person": complaint.person_id,
        "is_quarantined": complaint.is_quarantined, "possible_duplicate_of": complaint.possible_duplicate_of})


def duties_of(complaint: Complaint, due: DueTimes) -> list[RaiseTask]:
    """What must be done about a new complaint, and by when; a manager is told of a grave one within the same hours."""
    wanted = [("complaint.triage", "quality", due.triage), ("complaint.answer", "quality", due.first_answer)]
    if is_grave(Severity(complaint.severity)):
        wanted.append(("complaint.serious", "quality_manager", due.first_answer))
    return [duty(complaint, kind, role, due_at) for kind, role, due_at in wanted]


def forget_sources(session: Session, before: datetime) -> None:
    """Remove the network hashes of complaints older than `before`; a day is enough to see a burst."""
    session.execute(update(Complaint).where(Complaint.source_hash.is_not(None), Complaint.received_at < before)
                    .values(source_hash=None))
