"""The decision tree of triage: every answer, and what follows from it."""
from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from traceapp.complaint.seriousness import Harm, SeriousnessCriterion, severity_of
from traceapp.complaint.triage import (
    RULES,
    Alleges,
    ComplaintKind,
    Investigation,
    Ours,
    TriageAnswers,
    TriageResult,
    judge_triage,
    known_kinds,
    needs_equivalent,
)
from traceapp.core.errors import InvalidInput
from traceapp.web import triage_words as said

PLAIN = TriageAnswers(Alleges.yes, Ours.yes, Harm.no)


@pytest.mark.parametrize(("alleges", "ours"), list(product(Alleges, Ours)))
def test_only_what_alleges_nothing_or_is_anothers_is_no_complaint_of_ours(alleges: Alleges, ours: Ours) -> None:
    judged = judge_triage(TriageAnswers(alleges, ours, Harm.no))
    if ours is Ours.other_maker:
        assert judged.result is TriageResult.not_ours
    else:
        assert judged.result is (TriageResult.inquiry if alleges is Alleges.no else TriageResult.complaint)


@pytest.mark.parametrize("ours", list(Ours))
def test_a_batch_that_we_never_made_or_sent_there_is_flagged_and_stays_a_complaint(ours: Ours) -> None:
    judged = judge_triage(replace(PLAIN, ours=ours))
    assert judged.is_suspected_fake is (ours in (Ours.unknown_batch, Ours.not_shipped))
    assert ("check_counterfeit" in {step.step for step in judged.steps}) is judged.is_suspected_fake
    if judged.is_suspected_fake:
        assert judged.result is TriageResult.complaint


CRITERIA = [(), *((one,) for one in SeriousnessCriterion),
            (SeriousnessCriterion.hospitalised, SeriousnessCriterion.death)]


@pytest.mark.parametrize(("harm", "criteria"), list(product(Harm, CRITERIA)))
def test_the_severity_is_the_one_that_intake_works_out_of_the_same_answers(
        harm: Harm, criteria: tuple[SeriousnessCriterion, ...]) -> None:
    answers = replace(PLAIN, harm=harm, criteria=criteria)
    if harm is Harm.no and criteria:
        with pytest.raises(InvalidInput) as refused:
            judge_triage(answers)
        assert refused.value.place == "harm"
        return
    judged = judge_triage(answers)
    assert judged.severity is severity_of(criteria, harm)
    assert judged.grounds, "a severity without its reason"
    assert ("tell_manager" in {step.step for step in judged.steps}) is bool(criteria)


def test_what_alleges_nothing_cannot_have_harmed_and_is_not_asked_for_harm() -> None:
    judged = judge_triage(TriageAnswers(Alleges.no, Ours.yes))
    assert (judged.severity, [step.step for step in judged.steps]) == ("none", ["answer_question"])
    with pytest.raises(InvalidInput) as refused:
        judge_triage(TriageAnswers(Alleges.no, Ours.yes, Harm.yes))
    assert refused.value.place == "alleges"


def test_each_kind_of_complaint_has_its_own_step_and_several_can_be_true() -> None:
    judged = judge_triage(replace(PLAIN, kinds=(ComplaintKind.service, ComplaintKind.false_advertising)))
    assert [(step.step, step.answer) for step in judged.steps] == [
        ("ask_service", "service"), ("ask_legal", "false_advertising")]


@pytest.mark.parametrize(("changes", "place"), [
    ({}, "justification"), ({"justification": "known", "harm": Harm.could}, "equivalent"),
    ({"justification": "known", "kinds": (ComplaintKind.product_quality,)}, "equivalent"),
    ({"justification": "a late parcel", "kinds": (ComplaintKind.logistics,)}, None),
    ({"justification": "known", "harm": Harm.could, "equivalent": "CP-1"}, None),
    ({"justification": "known", "harm": Harm.could, "duplicate_of": "CP-1"}, None)])
def test_leaving_the_investigation_out_takes_grounds_and_for_a_failure_an_equal_case(
        changes: dict[str, object], place: str | None) -> None:
    answers = replace(PLAIN, investigation=Investigation.not_needed, **changes)  # type: ignore[arg-type]
    if place is None:
        assert "keep_justification" in {step.step for step in judge_triage(answers).steps}
        return
    with pytest.raises(InvalidInput) as refused:
        judge_triage(answers)
    assert refused.value.place == place


def test_anothers_product_needs_no_equal_case() -> None:
    answers = replace(PLAIN, kinds=(ComplaintKind.product_quality,))
    assert needs_equivalent(answers, TriageResult.complaint)
    assert not needs_equivalent(answers, TriageResult.not_ours)


def test_every_answer_step_and_reason_has_its_words() -> None:
    assert {rule.step for rule in RULES if rule.step} == set(said.STEPS)
    for rule in RULES:
        assert str(rule.answer) in said.ANSWERS[rule.question], rule


def test_kinds_come_once_in_their_order_and_unknown_ones_are_refused() -> None:
    assert known_kinds(("contract", "service", "contract")) == ("service", "contract")
    with pytest.raises(InvalidInput):
        known_kinds(("weather",))
