"""What a sample says about all consignees, against published figures and against counting everything out."""
from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from traceapp.recall.shares import clopper_pearson, share_of

# Source: Newcombe, Statistics in Medicine 17 (1998) 857, table I, method 5 (Clopper and Pearson, 95 %).
NEWCOMBE = [(81, 263, 0.2527, 0.3676), (15, 148, 0.0578, 0.1617), (0, 20, 0.0, 0.1684), (1, 29, 0.0009, 0.1776)]
# Source: Cannon and Roe, Livestock Disease Surveys (1982), table for 95 %: (all, bad among them, how many to take so
# that at least one bad one is found).
CANNON_ROE = [(100, 10, 25), (100, 5, 45), (100, 2, 78), (100, 1, 96), (200, 10, 51), (200, 4, 105), (500, 25, 56),
              (500, 10, 129), (1000, 100, 29), (1000, 50, 57), (1000, 20, 138), (1000, 10, 258)]


@pytest.mark.parametrize(("good", "asked", "low", "high"), NEWCOMBE)
def test_the_interval_of_clopper_and_pearson_is_the_published_one(good: int, asked: int, low: float,
                                                                 high: float) -> None:
    assert clopper_pearson(good, asked, 0.025) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(("everybody", "bad", "needed"), CANNON_ROE)
def test_a_clean_sample_rules_out_as_many_bad_ones_as_the_published_table_says(everybody: int, bad: int,
                                                                              needed: int) -> None:
    def rules_out(asked: int) -> bool:
        return share_of(asked, asked, everybody).least * everybody > everybody - bad + 0.5

    assert rules_out(needed)
    assert not rules_out(needed - 1)


@st.composite
def samples(draw: st.DrawFn) -> tuple[int, int, int]:
    everybody = draw(st.integers(2, 40))
    asked = draw(st.integers(math.ceil(everybody / 20), everybody - 1))
    return draw(st.integers(0, asked)), asked, everybody


@settings(max_examples=60, deadline=None)
@given(sample=samples())
def test_the_interval_holds_just_the_numbers_that_the_sample_does_not_rule_out(sample: tuple[int, int, int]) -> None:
    good, asked, everybody = sample

    def chance(all_good: int, found: range) -> Fraction:
        return Fraction(sum(math.comb(all_good, one) * math.comb(everybody - all_good, asked - one)
                            for one in found if one <= all_good and asked - one <= everybody - all_good),
                        math.comb(everybody, asked))

    possible = range(good, everybody - (asked - good) + 1)
    low = min(one for one in possible if chance(one, range(good, asked + 1)) >= Fraction(1, 40))
    high = max(one for one in possible if chance(one, range(good + 1)) >= Fraction(1, 40))
    found = share_of(good, asked, everybody)
    assert (round(found.low * everybody), round(found.high * everybody)) == (low, high)
    assert found.method == "hypergeometric"
    assert found.low <= found.least <= good / asked <= found.high or good in (0, asked)


def test_who_asked_everybody_knows_and_who_asked_nobody_does_not() -> None:
    assert (share_of(9, 10, 10).least, share_of(9, 10, 10).method) == (0.9, "census")
    assert (share_of(0, 0, 10).least, share_of(0, 0, 10).high, share_of(0, 0, 10).method) == (0.0, 1.0, "none")
    with pytest.raises(ValueError):
        share_of(3, 2, 10)


def test_a_small_sample_of_many_takes_the_endless_form_which_promises_no_more() -> None:
    few, many = share_of(60, 60, 1200), share_of(60, 60, 1201)
    assert (few.method, many.method) == ("hypergeometric", "clopper-pearson")
    assert many.least < few.least
    assert many.least_percent == 95
    assert share_of(12, 12, 120).least_percent == 79


@pytest.mark.parametrize(("asked", "everybody", "least"), [(12, 16, 14), (3, 6, 3), (2, 16, 4), (19, 25, 23)])
def test_a_number_whose_chance_is_just_the_risk_is_not_ruled_out_whatever_logarithms_are_off_by(
        asked: int, everybody: int, least: int) -> None:
    assert Fraction(math.comb(least, asked), math.comb(everybody, asked)) == Fraction(1, 20)
    assert round(share_of(asked, asked, everybody).least * everybody) == least
