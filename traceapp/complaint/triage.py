"""Triage as a decision tree: answers in, a judgement with the reason of each part out. Pure.

Source: ISO 13485:2016, 3.4 (what a complaint is) and 8.2.2; 21 CFR 820.35(a) (investigate, or say why not).
"""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from traceapp.core.errors import InvalidInput

from .policy import is_milder
from .seriousness import Harm, SeriousnessCriterion
from .states import Severity


class TriageResult(StrEnum):
    """What triage found: `inquiry` alleges nothing; `not_ours` is another maker's product."""

    untriaged = "untriaged"
    complaint = "complaint"
    inquiry = "inquiry"
    not_ours = "not_ours"


class Alleges(StrEnum):
    """Whether it says that something is deficient or did harm. In doubt it is a complaint."""

    yes = "yes"
    unsure = "unsure"
    no = "no"


class Ours(StrEnum):
    """Whether product and batch are ours, as far as can be said."""

    yes = "yes"
    unreadable = "unreadable"
    unknown_batch = "unknown_batch"
    not_shipped = "not_shipped"
    other_maker = "other_maker"


class ComplaintKind(StrEnum):
    product_quality = "product_quality"
    service = "service"
    logistics = "logistics"
    contract = "contract"
    false_advertising = "false_advertising"


class Investigation(StrEnum):
    """`not_needed` with a justification; `begun` when somebody took it up."""

    undecided = "undecided"
    needed = "needed"
    begun = "begun"
    not_needed = "not_needed"


@dataclass(frozen=True, slots=True)
class TriageAnswers:
    """`duplicate_of` and `equivalent` are references of other complaints, "" for none."""

    alleges: Alleges
    ours: Ours
    harm: Harm = Harm.unknown
    criteria: tuple[SeriousnessCriterion, ...] = ()
    kinds: tuple[ComplaintKind, ...] = ()
    duplicate_of: str = ""
    investigation: Investigation = Investigation.undecided
    justification: str = ""
    equivalent: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """What one answer means: a result, a severity at least, a suspicion, the next step."""

    question: str
    answer: str
    result: TriageResult | None = None
    severity: Severity | None = None
    is_suspicion: bool = False
    step: str = ""


_R, _V, _C, _K = TriageResult, Severity, SeriousnessCriterion, ComplaintKind
RULES: tuple[Rule, ...] = (
    Rule("alleges", Alleges.yes, _R.complaint),
    Rule("alleges", Alleges.unsure, _R.complaint),
    Rule("alleges", Alleges.no, _R.inquiry, step="answer_question"),
    Rule("ours", Ours.yes),
    Rule("ours", Ours.unreadable, step="find_batch"),
    Rule("ours", Ours.unknown_batch, is_suspicion=True, step="check_counterfeit"),
    Rule("ours", Ours.not_shipped, is_suspicion=True, step="check_counterfeit"),
    Rule("ours", Ours.other_maker, _R.not_ours, step="tell_maker"),
    *(Rule("serious", grave, severity=_V.critical, step="tell_manager") for grave in (_C.death, _C.life_threatening)),
    *(Rule("serious", grave, severity=_V.major, step="tell_manager")
      for grave in _C if grave not in (_C.death, _C.life_threatening)),
    Rule("harm", Harm.yes, severity=_V.moderate, step="judge_event"),
    Rule("harm", Harm.could, severity=_V.minor, step="judge_recurrence"),
    Rule("harm", Harm.unknown, severity=_V.minor, step="ask_harm"),
    Rule("harm", Harm.no, severity=_V.none),
    Rule("kinds", _K.product_quality, step="ask_quality"),
    Rule("kinds", _K.service, step="ask_service"),
    Rule("kinds", _K.logistics, step="ask_carrier"),
    Rule("kinds", _K.contract, step="ask_sales"),
    Rule("kinds", _K.false_advertising, step="ask_legal"),
    Rule("duplicate", "yes", step="link_reports"),
    Rule("duplicate", "no"),
    Rule("investigation", Investigation.needed, step="find_cause"),
    Rule("investigation", Investigation.begun, step="find_cause"),
    Rule("investigation", Investigation.not_needed, step="keep_justification"),
)
_WEIGHT = (TriageResult.complaint, TriageResult.inquiry, TriageResult.not_ours)


@dataclass(frozen=True, slots=True)
class Step:
    """What to do next, and the answer because of which."""

    step: str
    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class TriageJudgement:
    result: TriageResult
    severity: Severity
    is_suspected_fake: bool
    steps: tuple[Step, ...]
    grounds: tuple[tuple[str, str], ...]
    """The answers that made the severity."""


def judge_triage(answers: TriageAnswers) -> TriageJudgement:
    """What the answers mean, by the table. Raises InvalidInput whose place is the question, for answers that
    contradict each other or lack what they need."""
    held = [rule for rule in RULES if (rule.question, rule.answer) in _given(answers)]
    result = max((rule.result for rule in held if rule.result is not None), key=_WEIGHT.index)
    severity = Severity.none
    for rule in held:
        if rule.severity is not None and is_milder(severity, rule.severity):
            severity = rule.severity
    _refuse_contradictions(answers, result)
    steps = {rule.step: Step(rule.step, rule.question, str(rule.answer)) for rule in reversed(held) if rule.step}
    return TriageJudgement(
        result, severity, any(rule.is_suspicion for rule in held), tuple(reversed(steps.values())),
        tuple((rule.question, str(rule.answer)) for rule in held if rule.severity is severity))


def _given(answers: TriageAnswers) -> set[tuple[str, str]]:
    """Every (question, answer); whoever was seriously harmed was harmed, and what alleges nothing tells of no harm."""
    harm = Harm.yes if answers.criteria else answers.harm
    if answers.alleges is Alleges.no and harm is Harm.unknown:
        harm = Harm.no
    return {("alleges", answers.alleges), ("ours", answers.ours), ("harm", harm),
            ("duplicate", "yes" if answers.duplicate_of else "no"), ("investigation", answers.investigation),
            *(("serious", criterion) for criterion in answers.criteria), *(("kinds", kind) for kind in answers.kinds)}


def _refuse_contradictions(answers: TriageAnswers, result: TriageResult) -> None:
    if answers.harm is Harm.no and answers.criteria:
        raise InvalidInput("Nobody was harmed, yet something serious happened: these answers contradict each other.",
                           code="inconsistent", place="harm")
    if answers.alleges is Alleges.no and (answers.criteria or answers.harm is Harm.yes):
        raise InvalidInput("Somebody was harmed, so it says that something is wrong: it is a complaint.",
                           code="inconsistent", place="alleges")
    if answers.investigation is not Investigation.not_needed:
        return
    if not answers.justification.strip():
        raise InvalidInput("Say why no investigation is needed.", code="reason-needed", place="justification")
    if needs_equivalent(answers, result) and not answers.equivalent.strip():
        raise InvalidInput("The product may have failed: it is investigated, unless an equal case was. Name that case.",
                           code="equivalent-needed", place="equivalent")


def needs_equivalent(answers: TriageAnswers, result: TriageResult) -> bool:
    """Whether leaving the investigation out takes an earlier one of an equal case: the product itself may be at fault.
    The first report of the same event is such a case."""
    if result is not TriageResult.complaint or answers.duplicate_of:
        return False
    return answers.harm is not Harm.no or bool(answers.criteria) or ComplaintKind.product_quality in answers.kinds


def known_kinds(codes: Iterable[str]) -> tuple[ComplaintKind, ...]:
    """The kinds, each once, in their order. Raises InvalidInput for one that there is not."""
    wanted = set(codes)
    unknown = sorted(wanted - set(ComplaintKind))
    if unknown:
        raise InvalidInput("“%(value)s” is not one of: %(known)s.", code="unknown-value", place="kinds",
                           value=unknown[0][:40], known=", ".join(ComplaintKind))
    return tuple(kind for kind in ComplaintKind if kind in wanted)
