"""Triage of a complaint: the answers judged by the tree and kept with it, and what must be done because of them."""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from traceapp.audit import record
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, InvalidInput
from traceapp.worklist.tasks import complete_tasks, drop_tasks, raise_task

from .case_parts import NOTE_LIMIT, about, add_note_row, calm, complaint_of, duty, rescore
from .clock_model import ClockKind
from .crisis import watch_cluster
from .handling import LinkDuplicate, link_duplicate
from .model import Complaint
from .policy import cleaned_text, is_grave, is_milder, one_of
from .queries import complaint_by_reference
from .seriousness import Harm, criteria_of
from .service_clocks import end_clocks, move_clocks, promised
from .states import Severity, next_state
from .triage import (
    Alleges,
    Investigation,
    Ours,
    TriageAnswers,
    TriageJudgement,
    TriageResult,
    judge_triage,
    known_kinds,
)
from .triage_known import harm_of


@dataclass(frozen=True, slots=True)
class TriageComplaint:
    """Answers to the questions of triage. `result` alone says it shortly: complaint, inquiry or not_ours.
    `severity` None: the one that the answers mean; a milder one than was thought before needs a `note`.
    `duplicate_of` and `equivalent` are references of complaints."""

    complaint_id: str
    result: str = ""
    harm: str = "unknown"
    seriousness: tuple[str, ...] = ()
    severity: str | None = None
    note: str = field(default="", repr=False)
    revision: int | None = None
    alleges: str = ""
    ours: str = ""
    kinds: tuple[str, ...] = ()
    duplicate_of: str = ""
    investigation: str = Investigation.undecided
    justification: str = field(default="", repr=False)
    equivalent: str = ""


_SHORT = {TriageResult.complaint: (Alleges.yes, Ours.yes), TriageResult.inquiry: (Alleges.no, Ours.yes),
          TriageResult.not_ours: (Alleges.yes, Ours.other_maker)}


def answers_of(command: TriageComplaint) -> TriageAnswers:
    """The answers as the tree takes them. Raises InvalidInput for what is none, or missing."""
    if command.result:
        result = one_of(TriageResult, command.result, place="result")
        if result is TriageResult.untriaged:
            raise InvalidInput("Say what it is: a complaint, an inquiry, or not ours.", code="required",
                               place="result")
        alleges, ours = _SHORT[result]
    else:
        alleges = one_of(Alleges, command.alleges, place="alleges")
        ours = one_of(Ours, command.ours, place="ours")
    return TriageAnswers(
        alleges, ours, one_of(Harm, command.harm, place="harm"), criteria_of(command.seriousness),
        known_kinds(command.kinds), command.duplicate_of.strip().upper(),
        one_of(Investigation, command.investigation, place="investigation"),
        cleaned_text(command.justification, place="justification", limit=NOTE_LIMIT),
        command.equivalent.strip().upper())


def severity_chosen(before: Severity, command: TriageComplaint, meant: TriageJudgement) -> Severity:
    """The severity that stands: the one meant, or a person's own. Raises InvalidInput for one that the answers forbid
    or that is milder than was thought without a reason."""
    severity = meant.severity if command.severity is None else one_of(Severity, command.severity, place="severity")
    if any(question == "serious" for question, _ in meant.grounds) and is_milder(severity, meant.severity):
        raise InvalidInput("With these answers the severity is at least “%(severity)s”. Change the answers or the "
                           "severity.", code="inconsistent", place="severity", severity=str(meant.severity))
    if is_milder(severity, before) and not command.note.strip():
        raise InvalidInput("Say why it is milder than what was thought before.", code="reason-needed", place="note")
    return severity


def triage_complaint(session: Session, actor: Actor, clock: Clock, command: TriageComplaint) -> Complaint:
    """The complaint as judged: ours or not, harm, severity, kinds, whether it is investigated. A look by a person ends
    its quarantine; whoever looks first answers for it.

    Raises NotFound, Stale, Conflict by the state table, InvalidInput for answers that contradict each other.
    """
    complaint = complaint_of(session, command.complaint_id, command.revision)
    state = next_state(complaint.state, "triage")
    answers = answers_of(command)
    meant = judge_triage(answers)
    severity = severity_chosen(Severity(complaint.severity), command, meant)
    note = cleaned_text(command.note, place="note", limit=NOTE_LIMIT)
    if answers.equivalent:
        _refuse_unknown(session, complaint, answers.equivalent)
    before = _judgement(complaint)
    _set(complaint, answers, meant)
    complaint.state, complaint.severity, complaint.is_quarantined = state, severity, False
    complaint.responder_id = complaint.responder_id or actor.id
    if note:
        add_note_row(session, complaint, clock.now(), actor.id, (note, False))
    record(session, actor, clock.now(), "complaint.triaged", about(complaint.id),
           {"before": before, "after": _judgement(complaint)})
    move_clocks(session, complaint)
    end_clocks(session, complaint, (ClockKind.triage,), clock.now())
    _duties_after_triage(session, actor, clock, complaint)
    rescore(session, clock, complaint)
    if answers.duplicate_of:
        _link(session, actor, clock, complaint, answers.duplicate_of)
    watch_cluster(session, clock, complaint)
    return complaint


def _refuse_unknown(session: Session, complaint: Complaint, reference: str) -> None:
    earlier = complaint_by_reference(session, reference)
    if earlier is None or earlier.id == complaint.id:
        raise InvalidInput("There is no complaint with this number.", code="unknown-complaint", place="equivalent")
    if not earlier.cause:
        raise InvalidInput("The cause of %(reference)s was never found, so it stands for no other.",
                           code="not-investigated", place="equivalent", reference=earlier.reference)


def _link(session: Session, actor: Actor, clock: Clock, complaint: Complaint, reference: str) -> None:
    master = complaint_by_reference(session, reference)
    if master is None:
        raise InvalidInput("There is no complaint with this number.", code="unknown-complaint", place="duplicate_of")
    if complaint.master_id != master.id:
        try:
            link_duplicate(session, actor, clock, LinkDuplicate(complaint.id, master.id, reference))
        except Conflict as problem:
            problem.place = "duplicate_of"
            raise


def _set(complaint: Complaint, answers: TriageAnswers, meant: TriageJudgement) -> None:
    harm = Harm.yes if answers.criteria else answers.harm
    complaint.triage_result, complaint.is_suspected_fake = meant.result, meant.is_suspected_fake
    complaint.seriousness, complaint.kinds = list(answers.criteria), list(answers.kinds)
    complaint.is_harm = None if harm is Harm.unknown else harm is Harm.yes
    if not (complaint.investigation == Investigation.begun and answers.investigation == Investigation.needed):
        complaint.investigation = answers.investigation
    complaint.triage = {
        "alleges": answers.alleges, "ours": answers.ours, "harm": answers.harm, "seriousness": list(answers.criteria),
        "kinds": list(answers.kinds), "duplicate_of": answers.duplicate_of, "investigation": answers.investigation,
        "justification": answers.justification, "equivalent": answers.equivalent, "severity": meant.severity,
        "grounds": [list(pair) for pair in meant.grounds],
        "steps": [[step.step, step.question, step.answer] for step in meant.steps]}


def _judgement(complaint: Complaint) -> dict[str, Any]:
    kept = {name: value for name, value in complaint.triage.items() if name != "justification"}
    return {"result": complaint.triage_result, "severity": complaint.severity, "is_harm": complaint.is_harm,
            "seriousness": list(complaint.seriousness), "is_quarantined": complaint.is_quarantined,
            "is_suspected_fake": complaint.is_suspected_fake, "investigation": complaint.investigation,
            "triage": kept}


def _duties_after_triage(session: Session, actor: Actor, clock: Clock, complaint: Complaint) -> None:
    name = about(complaint.id)
    for kind in ("complaint.triage", "complaint.called"):
        complete_tasks(session, actor, clock, name, kind, complaint.triage_result)
    calm(session, actor, clock, complaint)
    due = promised(session, complaint, complaint.awareness_at)
    if is_grave(Severity(complaint.severity)) and actor.role != "quality_manager":
        raise_task(session, actor, clock, duty(complaint, "complaint.serious", "quality_manager", due.first_answer))
    else:
        complete_tasks(session, actor, clock, name, "complaint.serious", "triaged")
    raise_task(session, actor, clock, duty(complaint, "complaint.decide", "quality", due.decision))
    raise_task(session, actor, clock, duty(complaint, "complaint.resolve", "quality", due.resolution))
    if complaint.is_suspected_fake:
        raise_task(session, actor, clock, duty(complaint, "complaint.counterfeit", "quality", due.decision))
    else:
        drop_tasks(session, actor, clock, name, "complaint.counterfeit")
    if not ask_for_event(session, actor, clock, complaint):
        drop_tasks(session, actor, clock, name, "complaint.promote")


def ask_for_event(session: Session, actor: Actor, clock: Clock, complaint: Complaint) -> bool:
    """Whether somebody has to decide if a complaint is an adverse event, and then the duty to: where there was harm,
    could have been, or nobody knows. What could harm is to be reported in most markets, too."""
    if complaint.triage_result != TriageResult.complaint or harm_of(complaint) is Harm.no:
        return False
    due_at = promised(session, complaint, complaint.awareness_at).decision
    raise_task(session, actor, clock, duty(complaint, "complaint.promote", "quality", due_at))
    return True


def decline_promotion(session: Session, actor: Actor, clock: Clock, complaint_id: str, reason: str) -> Complaint:
    """This complaint is no adverse event, and why; the reason stays with the complaint.

    Raises NotFound, Conflict when nobody asked, InvalidInput without a reason.
    """
    complaint = complaint_of(session, complaint_id)
    why = cleaned_text(reason, place="reason", limit=NOTE_LIMIT, required=True)
    if not complete_tasks(session, actor, clock, about(complaint.id), "complaint.promote", "declined"):
        raise Conflict("This complaint does not wait for the decision whether it is an adverse event.",
                       code="no-open-duty")
    add_note_row(session, complaint, clock.now(), actor.id, (why, False))
    record(session, actor, clock.now(), "complaint.promotion_declined", about(complaint.id), {})
    return complaint
