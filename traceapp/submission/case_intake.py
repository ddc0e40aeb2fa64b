"""Reports that others send us as files: each becomes a complaint and an adverse event, or follows one up."""
from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, fields
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.adverse_event.queries import adverse_event_by_id
from traceapp.adverse_event.service import OpenAdverseEvent, open_adverse_event
from traceapp.adverse_event.service import about as about_event
from traceapp.audit import record
from traceapp.audit.trail import canonical
from traceapp.complaint.handling import AddNote, add_note
from traceapp.complaint.intake import about as about_complaint
from traceapp.complaint.intake import submit_complaint
from traceapp.complaint.policy import checked_awareness
from traceapp.complaint.report import NARRATIVE_LIMIT, LotGiven, SubmitComplaint
from traceapp.complaint.triaging import TriageComplaint, triage_complaint
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.identity.policy import permit
from traceapp.vault.service import Vault
from traceapp.worklist.tasks import RaiseTask, raise_task

from .received_messages import keep_message
from .report_model import ReceivedCase, ReceivedNumber, Report
from .report_states import ReportState

READ_TASK = "adverse_event.follow_up"
TAKEN_BACK_TASK = "adverse_event.taken_back"
NULLIFICATION = "nullification"
_REPORTED = (ReportState.sent, ReportState.acknowledged)
_SOON = timedelta(days=1)
_NOTE = 4000
# What a number may have of characters to be kept and found by.
_LONGEST_NUMBER = 200
_OF_THE_FILE = ("sha256", "other_ids", "message", "content", "learned_at")
# Upper ends of the bands of age, in years that are completed.
_BANDS = ((1, "0-1"), (13, "2-13"), (17, "14-17"), (44, "18-44"), (64, "45-64"))
_IN_A_YEAR = {"a": 1, "mo": 12, "wk": 52, "d": 365, "h": 8766, "year": 1, "month": 12, "week": 52, "day": 365,
              "hour": 8766, "YR": 1, "MO": 12, "WK": 52, "DY": 365, "HR": 8766}


class Taken(StrEnum):
    """What became of a report: a new case, news of a known one, or nothing, since it was here already."""

    created = "created"
    followed = "followed"
    already = "already"


@dataclass(frozen=True, slots=True)
class IncomingCase:
    """A report as it came in, in our words. `version` tells the reports of one case apart; `correction`:
    `nullification`, `amendment` or empty. `age_unit`: UCUM, a word, or what FDA's form writes. `other_ids`: further
    numbers by which its senders know the case. `message`: the report as a file of its own; `content`: the hash of what
    it says, whoever sends it on. `learned_at`: when it reached us, None: now. `country`: where it happened, in two
    letters; empty where the report does not say."""

    form: str
    case_id: str
    version: str
    sha256: str
    sender: str = ""
    correction: str = ""
    narrative: str = field(default="", repr=False)
    reactions: tuple[str, ...] = ()
    product: str = ""
    lot: str = ""
    serial: str = ""
    seriousness: tuple[str, ...] = ()
    was_harmed: bool = True
    happened_on: date | None = None
    age: Decimal | None = None
    age_unit: str = ""
    sex: str = "unknown"
    learned_at: datetime | None = None
    other_ids: tuple[str, ...] = ()
    correction_reason: str = field(default="", repr=False)
    message: str = field(default="", repr=False)
    content: str = ""
    country: str = ""


@dataclass(frozen=True, slots=True)
class TakenCase:
    """What a report became: the case that it made or that it is about, by id and by its `reference` for people."""

    how: Taken
    complaint_id: str
    adverse_event_id: str
    reference: str = ""


def take_case(session: Session, actor: Actor, clock: Clock, incoming: IncomingCase, *, vault: Vault) -> TakenCase:
    """The case of a report that came in. The same report again, also in another file, changes nothing; another one of
    the same case is noted in it for a person to read, and changes nothing else. Raises what taking in a complaint
    raises."""
    permit(actor, "complaint.write")
    before = _received(session, incoming)
    digest = _digest(incoming)
    same = next((one for one in before if one.digest == digest), None)
    if same is not None:
        if added := _keep_numbers(session, clock, incoming, same.complaint_id):
            record(session, actor, clock.now(), "received_case.numbered", about_event(same.adverse_event_id),
                   {"form": incoming.form, "numbers": added, "sha256": incoming.sha256})
        return _taken(session, Taken.already, same.complaint_id, same.adverse_event_id)
    known = (before[-1].complaint_id, before[-1].adverse_event_id) if before else _reported(session, incoming)
    if known is not None:
        _note(session, actor, clock, incoming, known[0])
        taken = _taken(session, Taken.followed, *known)
    else:
        taken = _create(session, actor, clock, incoming, vault)
    _ask_to_read(session, actor, clock, incoming, taken)
    received = ReceivedCase(
        form=incoming.form, case_id=incoming.case_id, version=_own_version(incoming, before),
        sha256=incoming.sha256, digest=digest, complaint_id=taken.complaint_id,
        adverse_event_id=taken.adverse_event_id, at=clock.now(), by=actor.id)
    session.add(received)
    _keep_numbers(session, clock, incoming, taken.complaint_id)
    session.flush()
    if incoming.message:
        keep_message(session, clock, received, incoming.message, vault=vault)
    record(session, actor, clock.now(), f"received_case.{taken.how}", about_event(taken.adverse_event_id), {
        "form": incoming.form, "case_id": incoming.case_id, "version": incoming.version, "sha256": incoming.sha256,
        "correction": incoming.correction})
    session.flush()
    return taken


def _numbers(incoming: IncomingCase) -> list[str]:
    """The numbers by which the report knows its case, its sender's own first."""
    return [one for one in dict.fromkeys((incoming.case_id, *incoming.other_ids)) if 0 < len(one) <= _LONGEST_NUMBER]


def _received(session: Session, incoming: IncomingCase) -> list[ReceivedCase]:
    """Every report that came in about a case that is known by one of the numbers, under whichever it came."""
    cases = select(ReceivedNumber.complaint_id).where(
        ReceivedNumber.form == incoming.form, ReceivedNumber.number.in_(_numbers(incoming)))
    return list(session.scalars(select(ReceivedCase).where(
        ReceivedCase.form == incoming.form, ReceivedCase.complaint_id.in_(cases)).order_by(ReceivedCase.at)))


def _keep_numbers(session: Session, clock: Clock, incoming: IncomingCase, complaint_id: str) -> list[str]:
    """Keep the numbers by which the case was not known yet; answers these."""
    known = set(session.scalars(select(ReceivedNumber.number).where(
        ReceivedNumber.form == incoming.form, ReceivedNumber.number.in_(_numbers(incoming)),
        ReceivedNumber.complaint_id == complaint_id)))
    added = [one for one in _numbers(incoming) if one not in known]
    session.add_all(ReceivedNumber(form=incoming.form, number=one, complaint_id=complaint_id, at=clock.now())
                    for one in added)
    return added


def _reported(session: Session, incoming: IncomingCase) -> tuple[str, str] | None:
    """Complaint and adverse event that we reported under a number by which the report knows its case."""
    about = session.scalar(select(Report.about).where(
        Report.number.in_(_numbers(incoming)), Report.state.in_(_REPORTED),
        Report.about.startswith(about_event(""))).order_by(Report.prepared_at.desc()).limit(1))
    event = adverse_event_by_id(session, about.removeprefix(about_event(""))) if about else None
    return (event.complaint_id, event.id) if event is not None and event.complaint_id else None


def _taken(session: Session, how: Taken, complaint_id: str, adverse_event_id: str) -> TakenCase:
    event = adverse_event_by_id(session, adverse_event_id)
    return TakenCase(how, complaint_id, adverse_event_id, event.reference if event else "")


def _digest(incoming: IncomingCase) -> str:
    """The hash of what the report says, whatever file it came in."""
    if incoming.content:
        return incoming.content
    said = {one.name: getattr(incoming, one.name) for one in fields(incoming) if one.name not in _OF_THE_FILE}
    return hashlib.sha256(canonical(said).encode("utf-8")).hexdigest()


def _own_version(incoming: IncomingCase, before: list[ReceivedCase]) -> str:
    """The version; with a number where the sender gave it to several reports that say different things."""
    version = incoming.version
    taken = sum(one.version == version or one.version.startswith(f"{version} #") for one in before
                if one.case_id == incoming.case_id)
    return f"{version} #{taken + 1}" if taken else version


def age_band(age: Decimal | None, unit: str) -> str:
    """The band of an age; unknown where the unit is."""
    if age is None or age < 0 or unit not in _IN_A_YEAR:
        return "unknown"
    years = int(age / _IN_A_YEAR[unit])
    return next((band for most, band in _BANDS if years <= most), "65+")


def _create(session: Session, actor: Actor, clock: Clock, incoming: IncomingCase, vault: Vault) -> TakenCase:
    text = _told(incoming)
    complaint = submit_complaint(session, actor, clock, SubmitComplaint(
        "file_import", text[:NARRATIVE_LIMIT], LotGiven(text=incoming.lot, serial=incoming.serial), affected="patient",
        age_band=age_band(incoming.age, incoming.age_unit), sex=incoming.sex,
        harm="yes" if incoming.was_harmed else "could", seriousness=incoming.seriousness,
        happened_on=incoming.happened_on, awareness_at=incoming.learned_at), vault=vault).complaint
    for start in range(NARRATIVE_LIMIT, len(text), _NOTE):
        add_note(session, actor, clock, AddNote(complaint.id, text[start:start + _NOTE]))
    triage_complaint(session, actor, clock, TriageComplaint(
        complaint.id, "complaint", "yes" if incoming.was_harmed else "could", incoming.seriousness))
    session.flush()
    event = open_adverse_event(session, actor, clock, OpenAdverseEvent(complaint.id, country=incoming.country))
    session.flush()
    return TakenCase(Taken.created, complaint.id, event.id, event.reference)


def _note(session: Session, actor: Actor, clock: Clock, incoming: IncomingCase, complaint_id: str) -> None:
    """The news as notes of the complaint."""
    learned_at = checked_awareness(incoming.learned_at, clock.now())
    head = " · ".join(part for part in (incoming.correction or "follow-up", incoming.version, incoming.sender,
                                        f"{learned_at:%Y-%m-%d %H:%M} UTC") if part)
    text = f"{head}\n{_told(incoming)}"
    for start in range(0, len(text), _NOTE):
        add_note(session, actor, clock, AddNote(complaint_id, text[start:start + _NOTE]))


def _ask_to_read(session: Session, actor: Actor, clock: Clock, incoming: IncomingCase, taken: TakenCase) -> None:
    """Somebody's duty to read the news, or to decide about a case that its sender takes back: we may have reported it,
    and clocks run until a person says otherwise."""
    is_back = incoming.correction == NULLIFICATION
    if taken.how is Taken.created and not is_back:
        return
    raise_task(session, actor, clock, RaiseTask(
        TAKEN_BACK_TASK if is_back else READ_TASK, about_event(taken.adverse_event_id), "quality",
        checked_awareness(incoming.learned_at, clock.now()) + _SOON, None,
        {"reference": taken.reference or about_complaint(taken.complaint_id)}))


def _told(incoming: IncomingCase) -> str:
    """What the report tells, in one text: reactions, product, narrative, whose number."""
    parts = ["; ".join(incoming.reactions), incoming.product, incoming.narrative.strip(),
             f"{incoming.form}: {incoming.case_id}" + (f" ({incoming.sender})" if incoming.sender else ""),
             " · ".join(part for part in (incoming.correction, incoming.correction_reason) if part)]
    return "\n".join(part for part in parts if part)
