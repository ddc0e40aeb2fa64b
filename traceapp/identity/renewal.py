"""Taking a new password in place of the present one: by its owner, by an administrator, at the machine itself."""
from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.audit import record, stream_of
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from traceapp.db import expect_revision

from .accounts import end_sessions_of
from .attempts import forget_attempts_of
from .model import User
from .passwords import ONE_TIME_LIFE, checked_password, hash_password, is_password, one_time_password
from .policy import permit
from .service import token_digest

_SHORTEST_REASON, _LONGEST_REASON = 3, 500


@dataclass(frozen=True, slots=True)
class ChangePassword:
    """`kept_token`: the session that goes on; all others of this person end."""

    present: str = field(repr=False)
    new: str = field(repr=False)
    kept_token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class ResetPassword:
    """Whose password, and why."""

    user_id: str
    reason: str
    revision: int | None = None


def change_own_password(session: Session, actor: Actor, clock: Clock, command: ChangePassword) -> User:
    """Give the actor another password, once the present one is proven.

    Call `attempts.limit_signature` in a transaction of its own before, so that refused tries count too. Raises
    InvalidInput for a present password that is wrong and for a new one that is not good enough.
    """
    user = session.get(User, actor.id)
    if user is None or not user.is_active:
        raise Forbidden("Only a person who is signed in can change the password.")
    if not is_password(user.password_hash, command.present):
        raise InvalidInput("The present password is not right. Nothing was changed.", code="wrong-password",
                           place="present_password")
    new = checked_password(command.new, user.sign_in_name, "new_password")
    if is_password(user.password_hash, new):
        raise InvalidInput("This is the present password. Choose another one.", code="same-password",
                           place="new_password")
    was_one_time = user.one_time_until is not None
    ended = _take(session, user, new, kept=token_digest(command.kept_token))
    record(session, actor, clock.now(), "user.password_changed", stream_of("user", user.id),
           {"sessions_ended": ended, "was_one_time": was_one_time})
    session.flush()
    return user


def reset_password(session: Session, actor: Actor, clock: Clock, command: ResetPassword) -> tuple[User, str]:
    """Give somebody a one-time password, to be told to that person and changed at the first sign-in.

    Raises Forbidden without the permission, InvalidInput without a reason, NotFound, Stale, Conflict for the own
    account and for one that has ended.
    """
    permit(actor, "user.manage")
    reason = _checked_reason(command.reason)
    user = session.get(User, command.user_id)
    if user is None:
        raise NotFound("There is no such user.", place="user")
    expect_revision(user, command.revision)
    if user.id == actor.id:
        raise Conflict("You change your own password under “My account”.", code="own-account")
    if not user.is_active:
        raise Conflict("This account has ended. Let the person sign in again first.", code="account-ended")
    password, now = one_time_password(), clock.now()
    ended = _take(session, user, password, until=now + ONE_TIME_LIFE)
    record(session, actor, now, "user.password_reset", stream_of("user", user.id),
           {"reason": reason, "sessions_ended": ended})
    session.flush()
    return user, password


def set_password(session: Session, actor: Actor, clock: Clock, sign_in_name: str, password: str) -> User:
    """Give somebody this password, for the command line: whoever may run it holds the database anyway.

    Raises NotFound, and InvalidInput for one that is not good enough.
    """
    name = sign_in_name.strip().lower()
    user = session.scalar(select(User).where(User.sign_in_name == name))
    if user is None:
        raise NotFound("There is no user “%(name)s”.", name=name)
    ended = _take(session, user, checked_password(password, name))
    record(session, actor, clock.now(), "user.password_set", stream_of("user", user.id), {"sessions_ended": ended})
    session.flush()
    return user


def _take(session: Session, user: User, password: str, *, until: datetime | None = None, kept: str = "") -> int:
    """Keep the new password; answers how many sessions ended with the old one."""
    user.password_hash, user.one_time_until = hash_password(password), until
    forget_attempts_of(session, user.sign_in_name)
    return end_sessions_of(session, user.id, but=kept)


def _checked_reason(reason: str) -> str:
    cleaned = reason.strip()
    if len(cleaned) < _SHORTEST_REASON:
        raise InvalidInput("Say why; the reason is recorded.", code="reason-needed", place="reason")
    if len(cleaned) > _LONGEST_REASON:
        raise InvalidInput("This is longer than %(limit)s characters.", code="too-long", place="reason",
                           limit=_LONGEST_REASON)
    return cleaned
