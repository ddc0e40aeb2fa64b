"""How sure one is of a cause, in words and numbers that claim no more than is known."""
from __future__ import annotations

import pytest

from tests.factories_web import Console
from traceapp.web.cause_words import chance_words, day_words, per_cent, ratio_words, tells_words


@pytest.mark.parametrize(("share", "words"), [(0.0, "under 1 %"), (0.0099, "under 1 %"), (0.01, "1 %"), (0.5, "50 %"),
                                              (0.99, "99 %"), (0.9999, "over 99 %"), (1.0, "over 99 %")])
def test_a_model_is_never_quite_sure(console: Console, share: float, words: str) -> None:
    with console.app.test_request_context("/?lang=en"):
        assert per_cent(share) == words


@pytest.mark.parametrize(("ratio", "low", "high", "words"), [
    (5.84, 3.51, 9.2, "5.8 (3.5–9.2)"), (None, 2.4, None, "at least 2.4"), (None, 0.0, None, "–"),
    (40.0, 12.0, None, "40.0 (12.0–∞)")])
def test_a_rate_ratio_says_its_bounds_and_where_it_has_none(console: Console, ratio: float | None, low: float,
                                                           high: float | None, words: str) -> None:
    with console.app.test_request_context("/?lang=en"):
        assert ratio_words(ratio, low, high) == words


def test_the_same_range_has_the_same_words(console: Console) -> None:
    with console.app.test_request_context("/?lang=en"):
        assert [chance_words(share) for share in (0.96, 0.7, 0.31, 0.05, 0.04, None)] == [
            "almost certainly", "probably", "perhaps", "less likely", "hardly", "cannot be said yet"]
        assert [tells_words(bits) for bits in (0.9, 0.2, 0.1)] == ["much", "something", "little"]


def test_a_day_is_a_day_again() -> None:
    assert str(day_words(739915.0)) == "2026-10-26"
    assert day_words(None) is None
