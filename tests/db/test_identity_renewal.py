"""New passwords: by the person, by an administrator; one that somebody else told opens nothing but its own change."""
from __future__ import annotations

import json
from dataclasses import replace

import pytest
from sqlalchemy import select

from tests.factories import PASSWORD, make_user
from traceapp.audit.entries import entries_of
from traceapp.core.actor import SYSTEM, Actor
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict, Forbidden, InvalidInput, NotFound, NotSignedIn, Stale
from traceapp.db import Database
from traceapp.identity.attempts import Attempt, limit_sign_in
from traceapp.identity.model import User, UserSession
from traceapp.identity.passwords import ONE_TIME_LIFE, hash_password
from traceapp.identity.policy import Role, permissions_of
from traceapp.identity.renewal import (
    ChangePassword,
    ResetPassword,
    change_own_password,
    reset_password,
    set_password,
)
from traceapp.identity.service import (
    NewToken,
    NewUser,
    actor_of,
    create_token,
    create_user,
    prove_password,
    sign_in,
    token_actor,
)

NEW = "a quite different password"


def admin(database: Database, clock: FixedClock) -> Actor:
    return actor_of(make_user(database, clock, "administrator"))


def opened(database: Database, clock: FixedClock, name: str = "quality", password: str = PASSWORD) -> str:
    """The token of a new session."""
    with database.write() as session:
        return sign_in(session, clock, prove_password(session, name, password), "test").token


def sessions(database: Database) -> int:
    with database.read() as session:
        return len(session.scalars(select(UserSession.token_hash)).all())


def last_entry(database: Database, user: User) -> tuple[str, str, dict[str, object]]:
    with database.read() as session:
        entry = entries_of(session, f"user:{user.id}", 1)[0]
        return entry.action, entry.actor_id, json.loads(entry.data)


def change(database: Database, clock: FixedClock, user: User, command: ChangePassword) -> User:
    with database.write() as session:
        return change_own_password(session, actor_of(user), clock, command)


def reset(database: Database, clock: FixedClock, who: Actor, command: ResetPassword) -> str:
    with database.write() as session:
        return reset_password(session, who, clock, command)[1]


def test_a_changed_password_ends_all_sessions_but_the_one_at_hand(database: Database, clock: FixedClock) -> None:
    user = make_user(database, clock, "quality")
    make_user(database, clock, "operator")
    here = opened(database, clock)
    for name in ("quality", "quality", "operator"):
        opened(database, clock, name)
    change(database, clock, user, ChangePassword(PASSWORD, NEW, here))
    assert sessions(database) == 2
    assert last_entry(database, user) == ("user.password_changed", user.id, {"sessions_ended": 2, "was_one_time": False})
    assert opened(database, clock, password=NEW)
    with pytest.raises(NotSignedIn):
        opened(database, clock)


@pytest.mark.parametrize(("present", "new", "place"), [
    ("wrong", NEW, "present_password"), (PASSWORD, "short", "new_password"),
    (PASSWORD, "quality-quality-quality", "new_password"), (PASSWORD, PASSWORD, "new_password")])
def test_a_password_that_is_not_changed_ends_nothing(database: Database, clock: FixedClock, present: str, new: str,
                                                     place: str) -> None:
    user = make_user(database, clock, "quality")
    opened(database, clock)
    with pytest.raises(InvalidInput) as refused:
        change(database, clock, user, ChangePassword(present, new))
    assert refused.value.place == place
    assert sessions(database) == 1
    assert opened(database, clock)


def test_neither_command_shows_a_password() -> None:
    assert PASSWORD not in repr(ChangePassword(PASSWORD, NEW, "token"))
    assert PASSWORD not in repr(NewUser("a", "A", "quality", PASSWORD))


def test_a_reset_gives_a_password_for_one_sign_in_and_ends_every_session(database: Database, clock: FixedClock) -> None:
    user, who = make_user(database, clock, "quality"), admin(database, clock)
    opened(database, clock)
    password = reset(database, clock, who, ResetPassword(user.id, "Forgot it", user.revision))
    assert sessions(database) == 0
    assert last_entry(database, user) == ("user.password_reset", who.id, {"reason": "Forgot it", "sessions_ended": 1})
    with pytest.raises(NotSignedIn):
        opened(database, clock)
    with database.write() as session:
        person = actor_of(sign_in(session, clock, prove_password(session, "quality", password), "test").user)
    assert (person.must_change_password, person.scopes) == (True, frozenset())


def test_once_changed_a_one_time_password_leaves_everything_as_it_was(database: Database, clock: FixedClock) -> None:
    user, who = make_user(database, clock, "quality"), admin(database, clock)
    password = reset(database, clock, who, ResetPassword(user.id, "Forgot it"))
    changed = change(database, clock, user, ChangePassword(password, NEW))
    assert (changed.one_time_until, actor_of(changed).scopes) == (None, permissions_of("quality"))
    assert last_entry(database, user)[2]["was_one_time"] is True


def test_a_one_time_password_must_be_used_in_time(database: Database, clock: FixedClock) -> None:
    user, who = make_user(database, clock, "quality"), admin(database, clock)
    password = reset(database, clock, who, ResetPassword(user.id, "Forgot it"))
    clock.move_to(clock.now() + ONE_TIME_LIFE)
    with pytest.raises(NotSignedIn) as refused:
        opened(database, clock, password=password)
    assert refused.value.code == "password-over"
    with pytest.raises(NotSignedIn) as refused:
        opened(database, clock, password="wrong")
    assert refused.value.code != "password-over"


def test_machines_wait_too_until_the_person_has_chosen_a_password(database: Database, clock: FixedClock) -> None:
    user, who = make_user(database, clock, "quality"), admin(database, clock)
    with database.write() as session:
        _, text = create_token(session, SYSTEM, clock, NewToken("erp", user.id, ("trace.read",)))
    password = reset(database, clock, who, ResetPassword(user.id, "Stolen laptop"))
    with database.read() as session:
        assert token_actor(session, clock, text).scopes == frozenset()
    change(database, clock, user, ChangePassword(password, NEW))
    with database.read() as session:
        assert token_actor(session, clock, text).scopes == frozenset({"trace.read"})


def test_whoever_gets_a_new_password_need_not_wait_for_the_limit_to_pass(database: Database, clock: FixedClock) -> None:
    user, who = make_user(database, clock, "quality"), admin(database, clock)
    attempt = Attempt("quality", "203.0.113.0/24")
    for _ in range(10):
        with database.write() as session:
            limit_sign_in(session, clock, attempt)
    reset(database, clock, who, ResetPassword(user.id, "Forgot it"))
    with database.write() as session:
        limit_sign_in(session, clock, attempt)


@pytest.mark.parametrize("role", [role for role in Role if role != Role.administrator])
def test_nobody_but_an_administrator_resets_a_password(database: Database, clock: FixedClock, role: str) -> None:
    user = make_user(database, clock, "quality", "other")
    who = actor_of(make_user(database, clock, role))
    with pytest.raises(Forbidden):
        reset(database, clock, replace(who, scopes=frozenset({"user.manage"})), ResetPassword(user.id, "Forgot it"))


def test_a_reset_is_refused_in_words(database: Database, clock: FixedClock) -> None:
    user, who = make_user(database, clock, "quality"), admin(database, clock)
    with pytest.raises(InvalidInput) as refused:
        reset(database, clock, who, ResetPassword(user.id, " "))
    assert refused.value.place == "reason"
    with pytest.raises(InvalidInput):
        reset(database, clock, who, ResetPassword(user.id, "x" * 501))
    with pytest.raises(Conflict):
        reset(database, clock, who, ResetPassword(who.id, "Forgot it"))
    with pytest.raises(NotFound):
        reset(database, clock, who, ResetPassword("0" * 32, "Forgot it"))
    with pytest.raises(Stale):
        reset(database, clock, who, ResetPassword(user.id, "Forgot it", user.revision + 1))
    with database.write() as session:
        session.get_one(User, user.id).is_active = False
    with pytest.raises(Conflict) as ended:
        reset(database, clock, who, ResetPassword(user.id, "Forgot it"))
    assert ended.value.code == "account-ended"


def test_at_the_machine_a_password_is_set_for_good(database: Database, clock: FixedClock) -> None:
    user, who = make_user(database, clock, "quality"), admin(database, clock)
    reset(database, clock, who, ResetPassword(user.id, "Forgot it"))
    with database.write() as session:
        assert set_password(session, SYSTEM, clock, " Quality", NEW).one_time_until is None
    assert last_entry(database, user)[:2] == ("user.password_set", "system")
    assert opened(database, clock, password=NEW)
    with pytest.raises(NotFound), database.write() as session:
        set_password(session, SYSTEM, clock, "nobody", NEW)


def test_a_first_password_that_somebody_else_chose_is_a_one_time_password(database: Database, clock: FixedClock) -> None:
    with database.write() as session:
        user = create_user(session, SYSTEM, clock, NewUser("wang", "Wang", "quality", PASSWORD, is_one_time=True))
    assert actor_of(user).must_change_password
    assert user.one_time_until == clock.now() + ONE_TIME_LIFE


def test_a_password_that_was_changed_after_it_was_proved_opens_nothing(database: Database, clock: FixedClock) -> None:
    user = make_user(database, clock, "quality", "wang")
    with database.read() as session:
        proof = prove_password(session, "wang", PASSWORD)
    with database.write() as session:
        session.get_one(User, user.id).password_hash = hash_password("a new one of many words")
    with database.write() as session, pytest.raises(NotSignedIn):
        sign_in(session, clock, proof, "203.0.113.0/24")
