"""Adverse events: promoted from a complaint, assessed, closed or nullified; every earlier version is kept."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.audit import record, stream_of
from traceapp.complaint.case_parts import complaint_of
from traceapp.complaint.intake import about as about_complaint
from traceapp.complaint.model import UNKNOWN_LOT, Complaint
from traceapp.complaint.policy import AgeBand, Sex, checked_awareness, cleaned_text, due_times, one_of
from traceapp.complaint.promising import promises_at
from traceapp.complaint.queries import duplicates_of
from traceapp.complaint.seriousness import criteria_of
from traceapp.complaint.service_clocks import promised
from traceapp.complaint.states import IN_HAND, Severity
from traceapp.complaint.terms import known_terms
from traceapp.complaint.triage import TriageResult
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, InvalidInput, NotFound
from traceapp.core.ids import new_id, new_reference
from traceapp.db import expect_revision
from traceapp.identity.policy import permit
from traceapp.worklist.tasks import RaiseTask, complete_tasks, drop_tasks, raise_task

from .clocks import end_clocks, running_clocks, start_clocks
from .coded import coded_details
from .details import checked_details
from .model import AdverseEvent
from .policy import Precision, check_consistent, checked_onset, is_serious
from .queries import versions_of
from .states import AdverseEventState, Causality, ChangeKind, Expectedness, Outcome, next_state
from .versions import Why, keep_version, note_change


@dataclass(frozen=True, slots=True)
class OpenAdverseEvent:
    """`country`: where it happened (two letters), where that is known by more than the consignee."""

    complaint_id: str
    revision: int | None = None
    country: str = ""


@dataclass(frozen=True, slots=True)
class AssessAdverseEvent:
    """Every field of the assessment as it shall stand; `reason` says why it changes, or what is new. `kind` as in
    `ChangeKind`; a follow-up says when we learned of it (`learned_at`, None: now). `details` as `details.fields()`."""

    adverse_event_id: str
    reason: str
    revision: int | None = None
    onset_on: date | None = None
    onset_precision: str = "day"
    age_band: str = "unknown"
    sex: str = "unknown"
    terms: tuple[str, ...] = ()
    seriousness: tuple[str, ...] = ()
    outcome: str = "unknown"
    causality: str = "unassessable"
    narrative: str = field(default="", repr=False)
    use_text: str = field(default="", repr=False)
    expectedness: str = "unknown"
    details: Mapping[str, Any] = field(default_factory=dict, repr=False)
    kind: str = "assessment"
    learned_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ChangeAdverseEvent:
    """`action`: close, reopen or nullify."""

    adverse_event_id: str
    action: str
    reason: str
    revision: int | None = None


def about(adverse_event_id: str) -> str:
    """The name of an adverse event in tasks, attachments and the trail."""
    return stream_of("adverse_event", adverse_event_id)


def adverse_event_of(session: Session, adverse_event_id: str, revision: int | None = None) -> AdverseEvent:
    """The adverse event, locked for a change. Raises NotFound, and Stale when `revision` is an older one."""
    event = session.scalars(select(AdverseEvent).where(AdverseEvent.id == adverse_event_id)
                            .with_for_update()).first()
    if event is None:
        raise NotFound("There is no such adverse event.", code="unknown-adverse-event")
    expect_revision(event, revision)
    return event


def _may_promote(session: Session, complaint: Complaint) -> None:
    if complaint.state not in IN_HAND or complaint.triage_result != TriageResult.complaint:
        raise Conflict("Only a complaint that was triaged as one and is not closed can become an adverse event.",
                       code="wrong-state")
    if complaint.master_id is not None:
        raise Conflict("This is a duplicate; open the adverse event from the first report.", code="is-a-duplicate")
    same = [complaint.id, *(other.id for other in duplicates_of(session, complaint))]
    standing = session.scalars(select(AdverseEvent.reference).where(
        AdverseEvent.complaint_id.in_(same), AdverseEvent.state != AdverseEventState.nullified)).first()
    if standing is not None:
        raise Conflict("The adverse event %(reference)s was already opened from this complaint, or from another report "
                       "of the same event.", code="already-opened", reference=standing)


def open_adverse_event(session: Session, actor: Actor, clock: Clock, command: OpenAdverseEvent) -> AdverseEvent:
    """A draft with the fields of the complaint; day 0 is the complaint's, or that of its earliest duplicate.

    Raises NotFound, Stale, Conflict (not triaged, a duplicate, opened before), InvalidInput for what is no country.
    """
    complaint = complaint_of(session, command.complaint_id, command.revision)
    _may_promote(session, complaint)
    now = clock.now()
    awareness_at = min([complaint.awareness_at, *(other.awareness_at for other in duplicates_of(session, complaint))])
    event = AdverseEvent(
        id=new_id(now), lot_key=complaint.lot_key, reference=new_reference("AE", now), complaint_id=complaint.id,
        product_id=complaint.product_id, consignee_id=complaint.consignee_id, person_id=complaint.person_id,
        awareness_at=awareness_at, created_at=now, onset_on=complaint.happened_on, onset_precision=Precision.day,
        age_band=complaint.age_band, sex=complaint.sex, terms=list(complaint.terms),
        seriousness=list(complaint.seriousness), is_serious=is_serious(complaint.seriousness),
        outcome=Outcome.fatal if "death" in complaint.seriousness else Outcome.unknown,
        causality=Causality.unassessable, narrative=complaint.narrative, use_text=complaint.use_text,
        details=checked_details({"event_country": command.country}, now.date()), state=AdverseEventState.draft)
    session.add(event)
    record(session, actor, now, "adverse_event.opened", about(event.id), {
        "reference": event.reference, "complaint": complaint.id, "lot": event.lot_key, "product": event.product_id,
        "awareness_at": event.awareness_at, "seriousness": event.seriousness, "is_serious": event.is_serious})
    complete_tasks(session, actor, clock, about_complaint(complaint.id), "complaint.promote", event.reference)
    raise_task(session, actor, clock, RaiseTask(
        "adverse_event.assess", about(event.id), "quality",
        promised(session, complaint, awareness_at).decision,
        None if event.lot_key == UNKNOWN_LOT else event.lot_key, {"reference": event.reference}))
    start_clocks(session, actor, clock, event, awareness_at)
    return event


def assess_adverse_event(session: Session, actor: Actor, clock: Clock, command: AssessAdverseEvent) -> AdverseEvent:
    """The adverse event as assessed; whether it is serious follows from the criteria, and more legal clocks begin where
    they do: by what was there to be read when we learned of the event for a first assessment, else from the moment at
    which we learned of the news, or now.

    Raises NotFound, Stale, Conflict by the state table, InvalidInput whose place is the name of the field.
    """
    event = adverse_event_of(session, command.adverse_event_id, command.revision)
    values: dict[str, Any] = {"state": next_state(event.state, "assess")} | assessed_values(event, command, clock.now())
    values["details"] = coded_details(session, event, values["details"], clock.now().date())
    why = _why(event, command, clock.now())
    known_at = _known_at(session, event, why, clock.now())
    before = keep_version(session, actor, clock, event, why)
    for name, value in values.items():
        setattr(event, name, value)
    if why.learned_at is not None:
        event.latest_awareness_at = max(why.learned_at, event.latest_awareness_at or event.awareness_at)
    note_change(session, actor, clock, event, (_NEWS.get(why.kind, "assessed"), before))
    complete_tasks(session, actor, clock, about(event.id), "adverse_event.assess", "assessed")
    start_clocks(session, actor, clock, event, known_at)
    return event


def assessed_values(event: AdverseEvent, command: AssessAdverseEvent, now: datetime) -> dict[str, Any]:
    """What the fields of the event become. Raises InvalidInput whose place is the name of the field."""
    criteria = criteria_of(command.seriousness)
    outcome = one_of(Outcome, command.outcome, place="outcome")
    precision = one_of(Precision, command.onset_precision, place="onset_precision")
    check_consistent(criteria, outcome)
    return {
        "onset_on": checked_onset(command.onset_on, precision, event.awareness_at), "onset_precision": precision,
        "age_band": one_of(AgeBand, command.age_band, place="age_band"),
        "sex": one_of(Sex, command.sex, place="sex"), "terms": known_terms(list(command.terms)),
        "seriousness": list(criteria), "is_serious": is_serious(criteria), "outcome": outcome,
        "expectedness": one_of(Expectedness, command.expectedness, place="expectedness"),
        "causality": one_of(Causality, command.causality, place="causality"),
        "narrative": cleaned_text(command.narrative, place="narrative", limit=20_000, required=True),
        "use_text": cleaned_text(command.use_text, place="use_text", limit=8000),
        "details": checked_details(command.details, now.date())}


def _known_at(session: Session, event: AdverseEvent, why: Why, now: datetime) -> datetime:
    """When we learned of what an assessment finds. Of an event that was never assessed all was there from the start."""
    if event.state != AdverseEventState.draft:
        return why.learned_at or now
    was_assessed = any(one.fields["state"] != AdverseEventState.draft for one in versions_of(session, event.id))
    return why.learned_at if why.learned_at and was_assessed else event.awareness_at


def _why(event: AdverseEvent, command: AssessAdverseEvent, now: datetime) -> Why:
    """The kind of change with its reason; of a follow-up also when we learned of it."""
    reason = cleaned_text(command.reason, place="reason", limit=2000, required=True)
    kind = one_of(ChangeKind, command.kind, place="kind")
    if kind is not ChangeKind.followup:
        return Why(kind, reason)
    learned_at = checked_awareness(command.learned_at, now, place="learned_at")
    if learned_at < event.awareness_at:
        raise InvalidInput("What is new cannot have come before we learned of the event itself.",
                           code="before-awareness", place="learned_at")
    return Why(kind, reason, learned_at)


def change_adverse_event(session: Session, actor: Actor, clock: Clock, command: ChangeAdverseEvent) -> AdverseEvent:
    """The adverse event after close, reopen or nullify; a nullified one stays with all its versions.

    Raises NotFound, Stale, Conflict by the state table or while a legal clock runs, InvalidInput without a reason,
    Forbidden for others than the manager to nullify what a legal clock runs for.
    """
    if command.action not in _PAST:
        raise InvalidInput("“%(action)s” is not one of: %(known)s.", code="unknown-action", place="action",
                           action=command.action[:40], known=", ".join(_PAST))
    event = adverse_event_of(session, command.adverse_event_id, command.revision)
    state = next_state(event.state, command.action)
    reason = cleaned_text(command.reason, place="reason", limit=2000, required=True)
    if command.action == "close" and running_clocks(session, event):
        raise Conflict("Legal clocks still run for this event. Report it, or decide for each clock that no report is "
                       "due, and say why; then close it.", code="clocks-run")
    if command.action == "nullify" and running_clocks(session, event):
        permit(actor, "adverse_event.decide", "Legal clocks run for this event and would end with it: the quality "
                                              "manager nullifies it.")
    before = keep_version(session, actor, clock, event, Why(command.action, reason))
    event.state = state
    note_change(session, actor, clock, event, (_PAST[command.action], before))
    if command.action == "nullify":
        end_clocks(session, actor, clock, event, reason)
        drop_tasks(session, actor, clock, about(event.id))
    elif command.action == "reopen":
        severity = Severity.major if event.is_serious else Severity.moderate
        due = due_times(severity, clock.now(), promises=promises_at(session, clock.now()))
        raise_task(session, actor, clock, RaiseTask(
            "adverse_event.assess", about(event.id), "quality", due.decision,
            None if event.lot_key == UNKNOWN_LOT else event.lot_key, {"reference": event.reference}))
    return event


_PAST = {"close": "closed", "reopen": "reopened", "nullify": "nullified"}
_NEWS = {"followup": "followed_up", "amendment": "amended"}


def follow_complaint(session: Session, actor: Actor, clock: Clock, complaint_id: str) -> AdverseEvent | None:
    """The adverse event of a complaint, now under the complaint's lot; None where there is nothing to change.

    `jobs` calls it for the work row `complaint.lot_bound`.
    """
    event = session.scalars(select(AdverseEvent).where(
        AdverseEvent.complaint_id == complaint_id, AdverseEvent.state != AdverseEventState.nullified)
        .with_for_update()).first()
    complaint = session.scalars(select(Complaint).where(Complaint.id == complaint_id)).first()
    if event is None or complaint is None or (event.lot_key, event.product_id) == (
            complaint.lot_key, complaint.product_id):
        return None
    before = keep_version(session, actor, clock, event, Why("lot_bound", "The lot of the complaint was corrected."))
    session.flush()
    event.lot_key, event.product_id = complaint.lot_key, complaint.product_id
    note_change(session, actor, clock, event, ("lot_bound", before))
    session.flush()
    start_clocks(session, actor, clock, event, event.awareness_at)
    return event
