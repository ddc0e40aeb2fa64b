"""The plants by which the ranking of causes is judged: drawn by seed, and knowledge helps where there is some."""
from __future__ import annotations

import numpy as np

from benchmarks.cause_ranking import BULKS, COMPLAINTS, FINISHED, dosed, hits, in_order, late, shuffled


def test_a_plant_is_drawn_by_its_seed_with_as_many_complaints_as_stated() -> None:
    first, again, other = (in_order(np.random.default_rng(seed)) for seed in (4, 4, 5))
    assert first == again != other
    assert (sum(lot.complaints for lot in first.lots), len(first.lots)) == (COMPLAINTS, FINISHED)
    assert len({child for _, child in first.edges if child.startswith("bulk")}) == BULKS


def test_the_planted_raw_lot_comes_first_as_often_as_in_the_reference() -> None:
    assert np.mean([plain for _, plain in hits(shuffled, 12)]) >= 0.78


def test_days_and_doses_do_not_make_it_worse_where_they_tell_something() -> None:
    for draw in (late, dosed):
        informed, plain = zip(*hits(draw, 10), strict=True)
        assert sum(informed) >= sum(plain)
