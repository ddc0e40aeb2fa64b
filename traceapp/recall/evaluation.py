"""The health hazard evaluation: what can happen to whom, how likely, how grave; written, then signed by two people.

Source: 21 CFR 7.41(a) for the factors; CFDA Order 29 (2017) art. 12 and 13 for the Chinese assessment and grades.
"""
from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from traceapp.audit import record
from traceapp.audit.trail import canonical
from traceapp.catalog.texts import short_text
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, Forbidden, InvalidInput
from traceapp.db import expect_revision
from traceapp.identity.model import User
from traceapp.identity.policy import permit
from traceapp.worklist.tasks import RaiseTask, complete_tasks, raise_task

from .assessors import ask_for_assessor, refuse_last_assessor, refuse_unqualified
from .cases import for_action, move, recall_by_id, recall_stream, sign, signatures_of
from .model import Recall, RecallEvaluation, RecallSignature
from .policy import approval_due
from .rehearsing import SOURCE, signer_of
from .states import RecallClass, RecallState, TriggerKind

EVALUATE_TASK, DECIDE_TASK = "recall.evaluate", "recall.decide"
QUALITY, MEDICAL = "evaluated_quality", "evaluated_medical"


class Seriousness(StrEnum):
    """How grave the harm is, at its worst. Source: 21 CFR 7.41(a)(4)."""

    life_threatening = "life_threatening"
    severe = "severe"
    moderate = "moderate"
    limited = "limited"
    none = "none"


class Likelihood(StrEnum):
    """How likely the harm is for somebody who uses the product. Source: 21 CFR 7.41(a)(5)."""

    every_time = "every_time"
    probable = "probable"
    occasional = "occasional"
    remote = "remote"
    unlikely = "unlikely"


@dataclass(frozen=True, slots=True)
class Hazard:
    """The factors, each in words. `populations` says what the hazard is for whom (children, elderly, people with weak
    defences, patients in surgery); `defective` the share of units that is expected to be so, in words or per cent."""

    harm_so_far: str
    conditions: str
    populations: str
    seriousness: str
    likelihood: str
    consequences: str
    conclusion: str
    proposed_class: str
    long_term: str = ""
    defective: str = ""
    detectability: str = ""
    mitigation: str = ""


@dataclass(frozen=True, slots=True)
class AssessRecall:
    """Begin the evaluation; `owner_id` runs the case (default: who begins)."""

    recall_id: str
    owner_id: str | None = None
    revision: int | None = None


@dataclass(frozen=True, slots=True)
class WriteEvaluation:
    """A new version; signatures of the one before no longer count."""

    recall_id: str
    hazard: Hazard
    revision: int | None = None


@dataclass(frozen=True, slots=True)
class SignEvaluation:
    """`meaning`: QUALITY or MEDICAL; `password` is the signer's, asked again."""

    recall_id: str
    meaning: str
    password: str
    reason: str = ""
    revision: int | None = None


_REQUIRED = ("harm_so_far", "conditions", "populations", "consequences", "conclusion")
_WORDS = (*_REQUIRED, "long_term", "defective", "detectability", "mitigation")


def assess_recall(session: Session, actor: Actor, clock: Clock, command: AssessRecall) -> Recall:
    """From draft to the evaluation. Raises Conflict when nothing says what it is about."""
    recall = for_action(session, actor, "assess", command.recall_id, command.revision)
    if recall.signal_id is None and recall.trigger_kind == TriggerKind.other and not recall.trigger_text:
        raise Conflict("Say first what the case is about: a signal, a report, a letter.", code="no-trigger",
                       place="trigger_text")
    recall.owner_id = command.owner_id or actor.id
    recall.awareness_at = recall.awareness_at or recall.opened_at
    move(session, actor, clock, recall, "assess", {"owner": recall.owner_id})
    ask_for_evaluation(session, actor, clock, recall)
    session.flush()
    return recall


def ask_for_evaluation(session: Session, actor: Actor, clock: Clock, recall: Recall) -> None:
    """A duty of quality to write the evaluation, whether the case is assessed for the first time or again."""
    raise_task(session, actor, clock, RaiseTask(
        EVALUATE_TASK, recall_stream(recall), "quality", approval_due(recall.recall_class, clock.now()),
        params={"recall_id": recall.id, "reference": recall.reference}))


def write_evaluation(session: Session, actor: Actor, clock: Clock, command: WriteEvaluation) -> RecallEvaluation:
    """Write a version. Raises InvalidInput with `errors` by factor; Conflict when the case is not being assessed."""
    permit(actor, "recall.write")
    recall = recall_by_id(session, command.recall_id, lock=True)
    expect_revision(recall, command.revision)
    if recall.state != RecallState.assessing:
        raise Conflict("The hazard is evaluated while a case is being assessed; this one is “%(state)s”.",
                       code="wrong-state", state=RecallState(recall.state))
    content = _checked(command.hazard)
    before = latest_evaluation(session, recall.id)
    version = (before.version if before else 0) + 1
    row = RecallEvaluation(recall_id=recall.id, version=version, content=content, written_by=actor.id,
                           content_hash=_hash(recall.id, version, content), written_at=clock.now())
    session.add(row)
    flag_modified(recall, "state")  # a new revision: who saw the one before neither signs nor replaces it
    record(session, actor, clock.now(), "recall.evaluation_written", recall_stream(recall),
           {"version": row.version, "hash": row.content_hash, "proposed_class": content["proposed_class"]})
    session.flush()
    return row


def sign_evaluation(session: Session, actor: Actor, clock: Clock, command: SignEvaluation) -> Recall:
    """Sign the latest version for quality or for medicine; with the second person's it goes to decision.

    Call `identity.limit_signature` in a transaction of its own before. Raises Conflict without an evaluation, where
    two have signed it already and the case came back since, or for quality by the last who could sign for medicine;
    Forbidden for a wrong password, a person who has signed it, or one who is no medical assessor where the house has
    named some, InvalidInput for another meaning.
    """
    if command.meaning not in (QUALITY, MEDICAL):
        raise InvalidInput("Sign for quality or for medicine.", code="unknown-meaning", place="meaning")
    recall = for_action(session, actor, "evaluated", command.recall_id, command.revision)
    signer = signer_of(session, actor, recall, command.password)
    row = latest_evaluation(session, recall.id)
    if row is None:
        raise Conflict("There is no evaluation to sign yet. Write it first.", code="no-evaluation")
    before = evaluation_signatures(session, row)
    if is_signed(before):
        raise Conflict("Two people signed this evaluation, and the case came back since. Write it anew first.",
                       code="evaluation-signed")
    if any(one.user_id == actor.id for one in before):
        raise Forbidden("You have signed this evaluation. A second person has to sign it too.", code="same-person")
    qualification = ""
    if command.meaning == MEDICAL:
        qualification = _qualification(session, actor, clock, (recall, signer), before)
    elif actor.source != SOURCE and not any(one.meaning == MEDICAL for one in before):
        refuse_last_assessor(session, signer, [one.user_id for one in before])
    sign(session, clock, recall, signer, (command.meaning, command.reason.strip(), qualification), row.content_hash)
    record(session, actor, clock.now(), "recall.evaluation_signed", recall_stream(recall),
           {"version": row.version, "hash": row.content_hash, "meaning": command.meaning} | (
               {"qualification": qualification} if command.meaning == MEDICAL else {}))
    if is_signed(evaluation_signatures(session, row)):
        recall.recall_class = row.content["proposed_class"]
        move(session, actor, clock, recall, "evaluated", {"version": row.version, "hash": row.content_hash})
        complete_tasks(session, actor, clock, recall_stream(recall), EVALUATE_TASK, "evaluated")
        raise_task(session, actor, clock, RaiseTask(
            DECIDE_TASK, recall_stream(recall), "quality_manager", approval_due(recall.recall_class, clock.now()),
            params={"recall_id": recall.id, "reference": recall.reference}))
    session.flush()
    return recall


def _qualification(session: Session, actor: Actor, clock: Clock, signed: tuple[Recall, User],
                   before: Sequence[RecallSignature]) -> str:
    """What a signature for medicine says of its signer; who plays in a drill is nobody. Raises Forbidden."""
    if actor.source == SOURCE:
        return ""
    recall, signer = signed
    refuse_unqualified(session, signer, [one.user_id for one in before])
    if not recall.is_drill:
        ask_for_assessor(session, actor, clock)
    return signer.medical_qualification


def latest_evaluation(session: Session, recall_id: str) -> RecallEvaluation | None:
    """The version that counts."""
    return session.scalar(select(RecallEvaluation).where(RecallEvaluation.recall_id == recall_id)
                          .order_by(RecallEvaluation.version.desc()).limit(1))


def evaluations_of(session: Session, recall_id: str) -> list[RecallEvaluation]:
    """Every version, the first one first."""
    return list(session.scalars(select(RecallEvaluation).where(RecallEvaluation.recall_id == recall_id)
                                .order_by(RecallEvaluation.version)))


def evaluation_signatures(session: Session, row: RecallEvaluation) -> list[RecallSignature]:
    """The signatures on one version."""
    return [*signatures_of(session, row.recall_id, QUALITY, row.content_hash),
            *signatures_of(session, row.recall_id, MEDICAL, row.content_hash)]


def is_signed(signatures: Iterable[RecallSignature]) -> bool:
    """Whether a version with these signatures was signed for quality and for medicine: then it was decided about."""
    return {one.meaning for one in signatures} == {QUALITY, MEDICAL}


def _checked(hazard: Hazard) -> dict[str, str]:
    errors: dict[str, str] = {}
    content = {name: short_text(getattr(hazard, name), 4000, place=name) for name in _WORDS}
    for name in _REQUIRED:
        if not content[name].strip():
            errors[name] = "Write what is known, and what is not."
    for name, known in (("seriousness", Seriousness), ("likelihood", Likelihood), ("proposed_class", RecallClass)):
        content[name] = str(getattr(hazard, name))
        if content[name] not in set(known):
            errors[name] = "Choose one."
    if errors:
        place, message = next(iter(errors.items()))
        raise InvalidInput(message, code="evaluation-incomplete", place=place, errors=errors)
    return content


def _hash(recall_id: str, version: int, content: dict[str, str]) -> str:
    """What signatures of a version cover: its number too, so that the same words once more are signed anew."""
    return hashlib.sha256(canonical({"recall": recall_id, "version": version, **content}).encode("utf-8")).hexdigest()
