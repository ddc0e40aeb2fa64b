"""Naranjo's score and the Chinese schemes, by published cases and by their tables."""
from __future__ import annotations

from itertools import product

import pytest

from traceapp.adverse_event.causality import device_relation, five_item_result, naranjo_score, naranjo_word

UNKNOWN = "unknown"


@pytest.mark.parametrize(("answers", "score", "word"), [
    # Ther Clin Risk Manag 2018; 14: 1657, table 1.
    ((UNKNOWN, "yes", "yes", UNKNOWN, "no", UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, "yes"), 6, "probable"),
    # World J Clin Cases 2024; 12: 1371, table 1.
    (("yes", "yes", UNKNOWN, UNKNOWN, "yes", UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, "yes"), 3, "possible"),
    (("yes", "yes", "yes", "yes", "no", "no", "yes", "yes", "yes", "yes"), 13, "definite"),
    (("no", "no", "no", "no", "yes", "yes", "no", "no", "no", "no"), -4, "doubtful")])
def test_naranjo_scores_as_it_was_published(answers: tuple[str, ...], score: int, word: str) -> None:
    assert (naranjo_score(answers), naranjo_word(score)) == (score, word)


@pytest.mark.parametrize(("score", "word"), [(9, "definite"), (8, "probable"), (5, "probable"), (4, "possible"),
                                             (1, "possible"), (0, "doubtful")])
def test_naranjo_changes_its_word_at_its_bounds(score: int, word: str) -> None:
    assert naranjo_word(score) == word


def test_without_any_answer_nothing_is_scored() -> None:
    assert naranjo_score([""] * 10) is None
    assert five_item_result([""] * 5) == device_relation([""] * 3) == ""


@pytest.mark.parametrize(("answers", "result"), [
    (("yes", "yes", "yes", "yes", "no"), "certain"), (("yes", "yes", "yes", UNKNOWN, "no"), "probable"),
    (("yes", "no", "unclear", UNKNOWN, "unclear"), "possible"), (("yes", "yes", "yes", "yes", "unclear"), "possible"),
    (("yes", "yes", "yes", "no", "no"), "possible"), (("no", "no", "unclear", UNKNOWN, "unclear"), "unlikely"),
    ((UNKNOWN, "yes", "yes", UNKNOWN, "no"), "pending"), (("", "yes", "", "", ""), "pending")])
def test_five_answers_about_a_drug_become_the_word_of_the_table(answers: tuple[str, ...], result: str) -> None:
    assert five_item_result(answers) == result


def test_what_can_no_longer_be_found_out_cannot_be_assessed() -> None:
    assert five_item_result((UNKNOWN, "yes", "yes", "", "no"), can_be_completed=False) == "unassessable"


def test_no_answer_short_of_all_five_is_certain() -> None:
    certain = [answers for answers in product(("yes", "no", "unclear", UNKNOWN), repeat=5)
               if five_item_result(answers) == "certain"]
    assert certain == [("yes", "yes", "yes", "yes", "no")]


@pytest.mark.parametrize(("answers", "result"), [
    (("yes", "yes", "no"), "related"), (("no", "yes", "no"), "unrelated"), (("yes", "no", "yes"), "unrelated"),
    (("yes", "yes", "yes"), "undetermined"), (("yes", UNKNOWN, "no"), "undetermined"), (("yes", "", ""), "undetermined")])
def test_three_answers_about_a_device_are_clear_or_undetermined(answers: tuple[str, ...], result: str) -> None:
    assert device_relation(answers) == result
