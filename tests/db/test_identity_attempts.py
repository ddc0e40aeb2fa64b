"""Attempts to sign in: guesses are limited where they come from, and nobody elsewhere shuts a person out."""
from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.factories import PASSWORD, make_user
from traceapp.audit.entries import entries_of
from traceapp.core.clock import FixedClock
from traceapp.core.errors import TooMany
from traceapp.db import Database
from traceapp.identity.attempts import (
    BY_BROWSER,
    BY_NAME,
    BY_NAME_AND_NETWORK,
    BY_NETWORK,
    MOST_RECORDED,
    UNKNOWN_NAMES,
    WINDOW_SECONDS,
    Attempt,
    forget_attempt,
    forget_attempts_of,
    limit_sign_in,
    note_refused_sign_in,
)
from traceapp.identity.model import RateWindow
from traceapp.identity.service import prove_password, sign_in

HOME, AWAY = "203.0.113.0/24", "198.51.100.0/24"


def guess(database: Database, clock: FixedClock, *attempts: Attempt) -> int:
    """How many of the attempts were let through."""
    passed = 0
    for attempt in attempts:
        try:
            with database.write() as session:
                limit_sign_in(session, clock, attempt)
            passed += 1
        except TooMany:
            continue
    return passed


def test_guesses_at_one_name_from_one_network_end_after_ten(database: Database, clock: FixedClock) -> None:
    assert guess(database, clock, *[Attempt("wang", AWAY)] * 15) == BY_NAME_AND_NETWORK
    assert guess(database, clock, Attempt("li", AWAY), Attempt("Wang ", HOME)) == 2
    clock.move_to(clock.now() + timedelta(seconds=WINDOW_SECONDS))
    assert guess(database, clock, Attempt("wang", AWAY)) == 1


def test_guesses_from_one_network_end_whatever_the_names(database: Database, clock: FixedClock) -> None:
    assert guess(database, clock, *(Attempt(f"name {number}", AWAY) for number in range(80))) == BY_NETWORK
    assert guess(database, clock, Attempt("name 1", HOME)) == 1


def test_guesses_from_everywhere_at_one_name_do_not_shut_out_the_browser_of_its_owner(
        database: Database, clock: FixedClock) -> None:
    everywhere = [Attempt("wang", f"198.51.{network}.0/24") for network in range(12) for _ in range(10)]
    assert guess(database, clock, *everywhere) == BY_NAME
    assert guess(database, clock, Attempt("wang", HOME)) == 0
    assert guess(database, clock, *[Attempt("wang", HOME, "browser")] * 12) == BY_BROWSER


def test_a_colleague_at_the_same_browser_has_a_count_of_its_own(database: Database, clock: FixedClock) -> None:
    guess(database, clock, *[Attempt("wang", HOME, "shared")] * 12)
    assert guess(database, clock, Attempt("li", HOME, "shared")) == 1


def test_an_attempt_that_is_over_the_limit_counts_nowhere(database: Database, clock: FixedClock) -> None:
    guess(database, clock, *[Attempt("wang", AWAY)] * 30)
    with database.read() as session:
        assert set(session.scalars(select(RateWindow.count))) == {BY_NAME_AND_NETWORK}


def test_attempts_that_were_right_use_nothing_up(database: Database, clock: FixedClock) -> None:
    for number in range(2 * BY_NETWORK):
        attempt = Attempt(f"person {number % 3}", HOME, "known" if number % 2 else "")
        with database.write() as session:
            limit_sign_in(session, clock, attempt)
        with database.write() as session:
            forget_attempt(session, clock, attempt)
    with database.read() as session:
        assert set(session.scalars(select(RateWindow.count))) == {0}


def test_a_new_password_opens_the_door_at_once_for_this_name_alone(database: Database, clock: FixedClock) -> None:
    guess(database, clock, *[Attempt("wang", HOME)] * 12, *[Attempt("wang", HOME, "b")] * 12,
          *[Attempt("li", HOME)] * 12)
    with database.write() as session:
        forget_attempts_of(session, "Wang")
    assert guess(database, clock, Attempt("wang", HOME), Attempt("wang", HOME, "b"), Attempt("li", HOME)) == 2


def refused(database: Database, stream: str) -> list[tuple[str, dict[str, object]]]:
    with database.read() as session:
        return [(entry.action, json.loads(entry.data)) for entry in entries_of(session, stream, 1000)]


def test_a_refused_attempt_stands_in_the_trail_of_the_person_without_the_name(
        database: Database, clock: FixedClock) -> None:
    user = make_user(database, clock, "quality", "wang")
    with database.write() as session:
        note_refused_sign_in(session, clock, Attempt(" Wang", AWAY, "browser"))
        note_refused_sign_in(session, clock, Attempt("my-password-by-mistake", AWAY), is_over_limit=True)
    assert refused(database, f"user:{user.id}")[0] == (
        "user.sign_in_refused", {"network": AWAY, "known_browser": True})
    assert refused(database, UNKNOWN_NAMES) == [
        ("user.sign_in_refused", {"network": AWAY, "known_browser": False, "over_limit": True})]
    with database.read() as session:
        assert not [key for key in session.scalars(select(RateWindow.key)) if "mistake" in key]


def test_the_trail_cannot_be_filled_from_outside(database: Database, clock: FixedClock) -> None:
    with database.write() as session:
        for number in range(MOST_RECORDED + 50):
            note_refused_sign_in(session, clock, Attempt(f"nobody {number}", AWAY))
    entries = refused(database, UNKNOWN_NAMES)
    assert len(entries) == MOST_RECORDED
    assert [data.get("more") for _, data in entries].count("not recorded one by one") == 1


def test_signing_in_puts_the_network_into_the_trail(database: Database, clock: FixedClock) -> None:
    user = make_user(database, clock, "quality", "wang")
    with database.write() as session:
        sign_in(session, clock, prove_password(session, "wang", PASSWORD), HOME)
    assert refused(database, f"user:{user.id}")[0] == ("user.signed_in", {"network": HOME})


@pytest.mark.parametrize("attempt", [Attempt("x" * 200, "2001:db8:1::/48"), Attempt("wang", HOME, "b" * 200)])
def test_every_count_fits_its_column(database: Database, clock: FixedClock, attempt: Attempt) -> None:
    with database.write() as session:
        limit_sign_in(session, clock, attempt)
        note_refused_sign_in(session, clock, attempt)
    with database.read() as session:
        assert all(len(key) <= 120 for key in session.scalars(select(RateWindow.key)))
