"""The mark of a browser: known for those who signed in there, says nothing to anybody else."""
from __future__ import annotations

import pytest

from traceapp.identity.marks import browser_of, marked

SECRET = "a secret of the tests"


def test_a_browser_is_known_for_whom_it_was_marked_and_for_nobody_else() -> None:
    cookie = marked(SECRET, "", "wang")
    assert browser_of(SECRET, cookie, " WANG ") == cookie.split(".")[0]
    assert browser_of(SECRET, cookie, "li") == ""


def test_several_people_share_a_browser_that_keeps_its_name() -> None:
    cookie = marked(SECRET, marked(SECRET, "", "wang"), "li")
    assert browser_of(SECRET, cookie, "wang") == browser_of(SECRET, cookie, "li") != ""
    assert marked(SECRET, cookie, "li") == cookie


def test_the_last_eight_people_are_kept() -> None:
    cookie = ""
    for number in range(9):
        cookie = marked(SECRET, cookie, f"person {number}")
    assert [bool(browser_of(SECRET, cookie, f"person {number}")) for number in range(9)] == [False] + 8 * [True]
    assert len(cookie) <= 400


@pytest.mark.parametrize("forge", [
    lambda cookie: "another." + cookie.split(".", 1)[1], lambda cookie: cookie[:-1] + "!", lambda cookie: "." + cookie,
    lambda cookie: cookie.split(".")[0], lambda cookie: cookie + ".x" * 400, lambda cookie: "é." + cookie])
def test_a_mark_that_we_did_not_make_is_worth_nothing(forge: object) -> None:
    assert browser_of(SECRET, forge(marked(SECRET, "", "wang")), "wang") == ""  # type: ignore[operator]


def test_a_mark_of_another_secret_is_worth_nothing_and_is_replaced() -> None:
    foreign = marked("another secret", "", "wang")
    assert browser_of(SECRET, foreign, "wang") == ""
    assert browser_of(SECRET, marked(SECRET, foreign, "wang"), "wang") != ""


def test_the_marks_of_one_person_in_two_browsers_have_nothing_in_common() -> None:
    assert marked(SECRET, "", "wang").split(".")[1] != marked(SECRET, "", "wang").split(".")[1]
