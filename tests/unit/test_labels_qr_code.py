"""Both encoders of QR codes make the same symbol, the smallest there is."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labels import LabelError
from labels.qr_code import ErrorCorrection, encode, encode_fast, modules_in_bytes

CHARACTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-._~%/:?=&"
LEVELS: tuple[ErrorCorrection, ...] = ("L", "M", "Q", "H")


@given(st.text(st.sampled_from(CHARACTERS), min_size=1, max_size=20), st.integers(0, 10**12), st.sampled_from(LEVELS))
@settings(max_examples=60, deadline=None)
def test_a_digital_link_has_the_same_modules_from_both_encoders(lot: str, serial: int, level: ErrorCorrection) -> None:
    link = f"https://t.example.cn/01/06901234567892/10/{lot}/21/{serial}?17=290228"
    assert encode(link, level) == encode_fast(link, level)


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=90))
@settings(max_examples=60, deadline=None)
def test_so_has_any_short_text(text: str) -> None:
    assert encode(text) == encode_fast(text)


@given(st.text(st.sampled_from("0123456789AB/a"), min_size=1, max_size=90))
@settings(max_examples=60, deadline=None)
def test_a_text_that_changes_its_kind_often_is_as_large_from_both(text: str) -> None:
    assert encode(text).width == encode_fast(text).width


@given(st.text(st.sampled_from(CHARACTERS), min_size=1, max_size=300), st.sampled_from(LEVELS))
@settings(max_examples=60, deadline=None)
def test_a_printer_that_encodes_bytes_needs_at_least_as_much(text: str, level: ErrorCorrection) -> None:
    assert modules_in_bytes(text, level) >= encode_fast(text, level).width


@pytest.mark.parametrize(("length", "side"), [(14, 21), (15, 25), (62, 33), (63, 37), (180, 53), (181, 57), (2331, 177)])
def test_the_size_of_bytes_is_that_of_the_standard_s_table_of_capacities(length: int, side: int) -> None:
    assert modules_in_bytes("a" * length) == side


def test_the_longest_text_of_each_encoder_is_the_same() -> None:
    for make in (encode, encode_fast):
        assert make("a" * 2331).width == 177
        with pytest.raises(LabelError) as refused:
            make("a" * 2332)
        assert "2332" in refused.value.message
    with pytest.raises(LabelError):
        modules_in_bytes("a" * 2332)


def test_an_unknown_level_is_refused() -> None:
    for make in (encode, encode_fast, modules_in_bytes):
        with pytest.raises(LabelError) as refused:
            make("text", "X")  # type: ignore[arg-type]
        assert refused.value.field == "error_correction"
