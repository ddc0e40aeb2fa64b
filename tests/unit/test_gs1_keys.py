from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traceapp.gs1 import (
    Gs1Error,
    check_digit,
    format_date,
    gln,
    gtin14,
    is_gln,
    is_gtin,
    is_sscc,
    parse_date,
    sscc,
)


def slow_check_digit(digits: str) -> str:
    """The same by the book: weights 3, 1, 3, … from the right."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return str((10 - total % 10) % 10)


@given(st.text("0123456789", max_size=40))
def test_the_check_digit_agrees_with_the_book(digits: str) -> None:
    assert check_digit(digits) == slow_check_digit(digits)


@given(st.text("0123456789", min_size=13, max_size=13), st.integers(0, 12), st.integers(1, 9))
def test_one_changed_digit_is_always_noticed(digits: str, place: int, change: int) -> None:
    gtin = digits + check_digit(digits)
    changed = gtin[:place] + str((int(gtin[place]) + change) % 10) + gtin[place + 1 :]
    assert is_gtin(gtin)
    assert not is_gtin(changed)


@pytest.mark.parametrize("text", ["96385074", "614141123452", "9506000134352", "09506000134352"])
def test_a_gtin_of_any_legal_length_becomes_fourteen_digits(text: str) -> None:
    padded = gtin14(text, place="gtin")
    assert len(padded) == 14
    assert padded.endswith(text)
    assert is_gtin(padded)


@pytest.mark.parametrize(
    ("text", "code", "start"),
    [
        ("", "AI_VALUE_LENGTH", 0),
        ("950600013435", "INCORRECT_CHECK_DIGIT", 11),
        ("95060001343", "AI_VALUE_LENGTH", 0),
        ("9506000134353", "INCORRECT_CHECK_DIGIT", 12),
        ("9506-00013435", "NON_DIGIT_CHARACTER", 4),
        ("９５０６０００１３４３５２", "NON_DIGIT_CHARACTER", 0),
    ],
)
def test_what_is_no_gtin_is_refused_at_the_place_that_was_named(text: str, code: str, start: int) -> None:
    with pytest.raises(Gs1Error) as caught:
        gtin14(text, place="packaging.gtin")
    assert (caught.value.code, caught.value.start, caught.value.place) == (code, start, "packaging.gtin")
    assert not is_gtin(text)


def test_a_wrong_check_digit_is_told_with_the_right_one() -> None:
    with pytest.raises(Gs1Error, match="ends in 3 and should end in 2"):
        gtin14("9506000134353", place="gtin")


def test_gln_and_sscc_have_one_length() -> None:
    assert is_gln("9506000134352")
    assert not is_gln("09506000134352")
    assert is_sscc("106141412345678908")
    assert not is_sscc("10614141234567890")
    assert gln("9506000134352", place="gln") == "9506000134352"
    with pytest.raises(Gs1Error):
        sscc("106141412345678907", place="sscc")


TODAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("261122", date(2026, 11, 22)),
        ("300200", date(2030, 2, 28)),
        ("280200", date(2028, 2, 29)),
        ("760101", date(2076, 1, 1)),
        ("770101", date(1977, 1, 1)),
        ("991231", date(1999, 12, 31)),
        ("000229", date(2000, 2, 29)),
    ],
)
def test_a_two_digit_year_is_the_nearest_one(text: str, expected: date) -> None:
    assert parse_date(text, TODAY) == expected


def test_near_the_turn_of_the_century_the_window_reaches_over_it() -> None:
    assert parse_date("010101", date(2099, 6, 1)) == date(2101, 1, 1)
    with pytest.raises(Gs1Error):
        parse_date("000229", date(2099, 6, 1))


@pytest.mark.parametrize("text", ["", "2611", "261322", "260230", "26112x"])
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(Gs1Error):
        parse_date(text, TODAY)


@given(st.dates(date(1978, 1, 1), date(2076, 12, 31)))
def test_a_date_within_the_window_comes_back(value: date) -> None:
    assert parse_date(format_date(value), TODAY) == value
