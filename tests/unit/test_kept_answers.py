"""Kept answers hold for one stamp and a minute, and are few."""
from __future__ import annotations

from traceapp.web.consumer.kept_answers import (
    LARGEST_BYTES,
    LONGEST_SECONDS,
    MOST,
    MOST_BYTES,
    KeptAnswer,
    KeptAnswers,
)


def answer(body: bytes = b"x") -> KeptAnswer:
    return KeptAnswer(body, "text/html", None)


def test_an_answer_holds_while_nothing_changed_and_for_a_minute_only() -> None:
    seconds = [0.0]
    kept = KeptAnswers(lambda: seconds[0])
    kept.put(("/recalls", "en"), (1, 5), answer())
    assert kept.get(("/recalls", "en"), (1, 5)) == answer()
    assert kept.get(("/recalls", "zh"), (1, 5)) is None
    assert kept.get(("/recalls", "en"), (1, 6)) is None
    seconds[0] = LONGEST_SECONDS + 1
    assert kept.get(("/recalls", "en"), (1, 5)) is None


def test_few_are_kept_those_that_were_used_last_and_no_giants() -> None:
    kept = KeptAnswers()
    kept.put(("first", ""), 1, answer())
    for number in range(MOST - 1):
        kept.put((str(number), ""), 1, answer())
    assert kept.get(("first", ""), 1) is not None
    kept.put(("one more", ""), 1, answer())
    assert kept.get(("first", ""), 1) is not None
    assert kept.get(("0", ""), 1) is None
    kept.put(("giant", ""), 1, answer(b"x" * (LARGEST_BYTES + 1)))
    assert kept.get(("giant", ""), 1) is None


def test_large_answers_push_out_the_oldest_and_one_that_is_made_anew_counts_once() -> None:
    kept, large = KeptAnswers(), b"x" * LARGEST_BYTES
    fit = MOST_BYTES // LARGEST_BYTES
    for number in range(fit):
        for stamp in (1, 2):
            kept.put((str(number), ""), stamp, answer(large))
    assert all(kept.get((str(number), ""), 2) for number in range(fit))
    kept.put(("small", ""), 2, answer())
    assert kept.get(("0", ""), 2) is None and kept.get(("1", ""), 2) and kept.get(("small", ""), 2)

