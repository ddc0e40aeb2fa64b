"""What a password must be: long, and not what everybody tries first."""
from __future__ import annotations

import pytest

from traceapp.core.errors import InvalidInput
from traceapp.identity.passwords import (
    LONGEST_PASSWORD,
    MINIMUM_PASSWORD,
    checked_password,
    hash_password,
    is_outdated,
    is_password,
    one_time_password,
)


@pytest.mark.parametrize("password", [
    "correct horse battery staple", "我的猫喜欢在周三吃西瓜皮", "839201746352", "qinghe-wang-demo", " blanks count too ",
    "tk9-vbe-2qm-w", "ab" * 3 + "zebra 9 mole"])
def test_a_long_password_is_taken_as_it_is(password: str) -> None:
    assert checked_password(password, "wang") == password


@pytest.mark.parametrize("password", [
    "short", "a" * (MINIMUM_PASSWORD - 1), "aaaaaaaaaaaaaaaa", "abababababababab", "123456789012", "password1234",
    "PASSWORD-1234", "wangwangwang", "Wang-Wang-Wang!", "Welcome2026!!", "qwertyuiop12", "x" * (LONGEST_PASSWORD + 1)])
def test_a_password_that_is_guessed_first_is_refused_at_its_place(password: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        checked_password(password, "wang", "new_password")
    assert refused.value.place == "new_password"
    assert password not in refused.value.text


def test_the_name_counts_for_nothing_and_an_empty_one_does_no_harm() -> None:
    assert checked_password("wang loves tea", "li")
    with pytest.raises(InvalidInput):
        checked_password("wangliwangli7", "wangli")
    assert checked_password("a long enough password", "")


def test_only_the_password_itself_opens_what_is_kept() -> None:
    kept = hash_password("correct horse battery staple")
    assert is_password(kept, "correct horse battery staple")
    assert not is_password(kept, "correct horse battery stapl")
    assert not is_password(None, "correct horse battery staple")
    assert not is_outdated(kept)


def test_a_hash_of_weaker_settings_is_noticed() -> None:
    assert is_outdated("$argon2id$v=19$m=8192,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$"
                       "vaq3mBYRx4vhWXYfCPFyMFzVfBfNhVOTbWkdVN9RjqI")


def test_a_one_time_password_is_never_the_same_and_has_no_letter_that_is_misread() -> None:
    made = {one_time_password() for _ in range(50)}
    assert len(made) == 50
    assert not set("0O1IL") & set("".join(made))
    assert all(checked_password(one, "wang") for one in made)
