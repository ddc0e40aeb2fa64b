"""The signature of codes, against vectors that are worked out here with nothing but the standard library."""
from __future__ import annotations

import base64
import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traceapp.code.signature import CodeKeyError, CodeKeys
from traceapp.core.errors import Conflict

ONE, TWO = bytes(range(32)), bytes(range(32, 64))
PATH = "01/06901234500011/10/A%2FB-1/21/K00000042"


def text_of(*secrets: bytes) -> str:
    return ",".join(base64.urlsafe_b64encode(secret).decode() for secret in secrets)


def name_of(secret: bytes) -> str:
    return base64.urlsafe_b64encode(hmac.new(secret, b"key id", hashlib.sha256).digest()).decode()[0]


def by_hand(secret: bytes, path: str) -> str:
    digest = hmac.new(secret, path.encode(), hashlib.sha256).digest()
    return name_of(secret) + base64.urlsafe_b64encode(digest[:8]).decode().rstrip("=")


@given(st.binary(min_size=32, max_size=32), st.text(max_size=60))
def test_a_signature_is_the_key_s_name_and_64_bits_of_hmac(secret: bytes, path: str) -> None:
    keys = CodeKeys(text_of(secret))
    signature = keys.signature(keys.present or "", path)
    assert signature == by_hand(secret, path)
    assert len(signature) == 12
    assert keys.is_right(signature[0], path, signature)


# From openssl dgst -sha256 -mac HMAC with the bytes 00 to 1f as key.
VECTOR = "hjJ-N4-EpM10"


def test_a_vector_of_another_program_comes_out() -> None:
    keys = CodeKeys(text_of(ONE))
    assert keys.present == VECTOR[0]
    assert keys.signature(VECTOR[0], PATH) == VECTOR


@pytest.mark.parametrize("wrong", [
    "", "s", VECTOR[:-1], VECTOR + "A", VECTOR[0] + "A" * 11, ("A" if VECTOR[0] != "A" else "B") + VECTOR[1:],
    VECTOR.swapcase(), VECTOR + "=", "签" * 12, "\udc80" * 12])
def test_nothing_but_the_whole_signature_is_right(wrong: str) -> None:
    keys = CodeKeys(text_of(ONE, TWO))
    assert not keys.is_right(name_of(ONE), PATH, wrong)


def test_the_unused_bits_of_the_last_character_count_too() -> None:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    keys = CodeKeys(text_of(ONE))
    assert [letter for letter in letters if keys.is_right(name_of(ONE), PATH, VECTOR[:-1] + letter)] == [VECTOR[-1]]


def test_the_signature_of_one_code_is_wrong_on_another() -> None:
    keys = CodeKeys(text_of(ONE))
    for other in (PATH[:-1], PATH + "0", PATH.replace("A%2FB", "A/B"), PATH.replace("0011/", "0028/")):
        assert not keys.is_right(name_of(ONE), other, VECTOR)


def test_the_newest_key_signs_and_older_ones_still_verify() -> None:
    before, after = CodeKeys(text_of(ONE)), CodeKeys(text_of(TWO, ONE))
    assert after.present == name_of(TWO) != before.present
    assert after.is_right(name_of(ONE), PATH, before.signature(name_of(ONE), PATH))
    assert not after.is_right(name_of(TWO), PATH, before.signature(name_of(ONE), PATH))


def test_a_key_that_was_taken_away_neither_signs_nor_verifies() -> None:
    keys = CodeKeys(text_of(TWO))
    assert not keys.holds(name_of(ONE))
    with pytest.raises(Conflict):
        keys.signature(name_of(ONE), PATH)


def test_no_key_at_all_may_be() -> None:
    assert CodeKeys("").present is None
    assert not CodeKeys(" , ").holds("A")


@pytest.mark.parametrize("text", ["short", text_of(b"x" * 31), text_of(ONE) + ",%%%", text_of(ONE, ONE)])
def test_a_key_that_is_none_stops_the_start(text: str) -> None:
    with pytest.raises(CodeKeyError):
        CodeKeys(text)


def test_no_key_shows_in_what_is_logged() -> None:
    shown = repr(CodeKeys(text_of(ONE, TWO)))
    assert base64.urlsafe_b64encode(ONE).decode()[:8] not in shown
