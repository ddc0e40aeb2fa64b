"""Severity, service clocks, trust, terms: decisions without a database."""
from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traceapp.complaint.coding import suggest_terms
from traceapp.complaint.policy import (
    PROMISES,
    SOURCE_BURST,
    TEXT_BURST,
    Affected,
    AgeBand,
    Circumstances,
    checked_day,
    cleaned_text,
    due_times,
    is_minor,
    is_suspicious,
)
from traceapp.complaint.seriousness import PLAIN_ANSWERS, Harm, SeriousnessCriterion, criteria_of, severity_of
from traceapp.complaint.states import TRANSITIONS, ComplaintState, Severity, actions_from, next_state
from traceapp.complaint.terms import terms
from traceapp.core.errors import Conflict, InvalidInput

ORDER = [Severity.none, Severity.minor, Severity.moderate, Severity.major, Severity.critical]


@pytest.mark.parametrize(("answers", "harm", "severity"), [
    (("died",), "unknown", "critical"), (("life_in_danger", "saw_a_doctor"), "no", "critical"),
    (("stayed_in_hospital",), "yes", "major"), (("other_serious",), "unknown", "major"),
    (("saw_a_doctor",), "yes", "moderate"), ((), "yes", "moderate"), ((), "could", "minor"),
    ((), "unknown", "minor"), ((), "no", "none")])
def test_severity_follows_from_the_answers(answers: tuple[str, ...], harm: str, severity: str) -> None:
    assert severity_of(criteria_of(answers), Harm(harm)) == severity


@given(st.lists(st.sampled_from([*PLAIN_ANSWERS, *SeriousnessCriterion]), max_size=5),
       st.sampled_from(sorted(PLAIN_ANSWERS)), st.sampled_from(list(Harm)))
def test_one_more_answer_never_makes_it_milder(answers: list[str], more: str, harm: Harm) -> None:
    before, after = (severity_of(criteria_of(given_answers), harm) for given_answers in (answers, [*answers, more]))
    assert ORDER.index(after) >= ORDER.index(before)


def test_every_criterion_can_be_reached_by_a_plain_answer() -> None:
    assert {criterion for criterion in PLAIN_ANSWERS.values() if criterion} == set(SeriousnessCriterion)


def test_service_clocks_are_stated_and_stricter_for_what_is_worse() -> None:
    assert set(PROMISES) == set(Severity)
    at = datetime(2026, 2, 28, 23, 50, tzinfo=UTC)
    assert due_times(Severity.critical, at) == (at + timedelta(hours=1), at + timedelta(hours=4),
                                                at + timedelta(hours=24), at + timedelta(days=10))
    for milder, worse in pairwise(ORDER):
        assert all(soon < late for soon, late in zip(due_times(worse, at), due_times(milder, at), strict=True))
    for severity in Severity:
        first, triage, decision, resolution = due_times(severity, at)
        assert first < triage < decision < resolution


@given(st.booleans(), st.integers(0, 100), st.integers(0, 100))
def test_nothing_grave_is_ever_suspicious(has_proof: bool, source: int, text: int) -> None:
    circumstances = Circumstances(has_proof, source, text)
    assert not is_suspicious(Severity.critical, circumstances)
    assert not is_suspicious(Severity.major, circumstances)
    expected = not has_proof or source >= SOURCE_BURST or text >= TEXT_BURST
    assert is_suspicious(Severity.moderate, circumstances) is expected


@pytest.mark.parametrize(("affected", "band", "minor"), [
    ("my_child", "unknown", True), ("my_child", "14-17", False), ("patient", "2-13", True), ("me", "unknown", False),
    ("other", "0-1", True)])
def test_who_is_under_fourteen(affected: str, band: str, minor: bool) -> None:
    assert is_minor(Affected(affected), AgeBand(band)) is minor


@pytest.mark.parametrize("state", list(ComplaintState))
@pytest.mark.parametrize("action", list(TRANSITIONS))
def test_the_state_table_answers_or_refuses_every_pair(state: str, action: str) -> None:
    if action in actions_from(state):
        assert next_state(state, action) is TRANSITIONS[action][1]
    else:
        with pytest.raises(Conflict):
            next_state(state, action)


def test_a_day_may_be_today_anywhere_on_earth() -> None:
    now = datetime(2026, 11, 22, 11, 0, tzinfo=UTC)
    tomorrow = (now + timedelta(days=1)).date()
    assert checked_day(tomorrow, now, place="happened_on") == tomorrow
    with pytest.raises(InvalidInput):
        checked_day(tomorrow, now - timedelta(hours=2), place="happened_on")


@given(st.text())
def test_cleaned_text_can_be_stored_and_is_stable(text: str) -> None:
    cleaned = cleaned_text(text, place="narrative", limit=10**6)
    cleaned.encode("utf-8")
    assert "\x00" not in cleaned
    assert cleaned_text(cleaned, place="narrative", limit=10**6) == cleaned


@pytest.mark.parametrize(("text", "codes"), [
    ("贴了两天后皮肤发红，很痒", ["redness", "itching"]), ("没有发红，但是起了水泡", ["blister"]),
    ("Blisters, but no swelling and not itching", ["blister"]), ("包装破损，粘不住", ["packaging", "not_sticking"]),
    ("孩子出现呼吸困难", ["breathing"]), ("the test shows no line", ["no_result"]), ("", []),
    ("不知道怎么用", [])])
def test_terms_are_suggested_from_free_text_and_denied_ones_are_left_out(text: str, codes: list[str]) -> None:
    assert suggest_terms(text) == codes


def test_every_term_has_a_name_in_both_languages_and_a_kind() -> None:
    assert len(terms()) > 25
    for term in terms().values():
        assert term.zh
        assert term.en
        assert term.kind in {"harm", "quality", "service"}
