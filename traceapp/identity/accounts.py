"""Changing the accounts of people, and reading them with their tokens."""
from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from traceapp.audit import record, stream_of
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, InvalidInput, NotFound
from traceapp.db import expect_revision
from traceapp.db.page import Order, Page, page_of

from .model import ApiToken, User, UserSession
from .policy import Role

LANGUAGES = ("zh", "en")
_EMAIL = re.compile(r"[^@\s\x00-\x1f<>,;\"]+@[A-Za-z0-9.-]+\.[A-Za-z0-9-]{2,}")
_LONGEST_EMAIL = 254


@dataclass(frozen=True, slots=True)
class ChangeUser:
    """The role and whether the person may sign in; None: stays as it is."""

    user_id: str
    role: str | None = None
    is_active: bool | None = None
    revision: int | None = None


def change_user(session: Session, actor: Actor, clock: Clock, command: ChangeUser) -> User:
    """Change somebody's role, or end or renew the right to sign in; ending it ends every open session. With another
    role the scope of a regulator is gone.

    Raises NotFound, InvalidInput for an unknown role, Conflict for the own account and for the last administrator.
    """
    user = session.get(User, command.user_id)
    if user is None:
        raise NotFound("There is no such user.", place="user")
    expect_revision(user, command.revision)
    role = user.role if command.role is None else command.role
    is_active = user.is_active if command.is_active is None else command.is_active
    if role not in set(Role):
        raise InvalidInput("There is no role “%(role)s”.", place="role", role=role)
    if user.id == actor.id:
        raise Conflict("You cannot change your own role or end your own account. Ask another administrator.",
                       code="own-account")
    _keep_an_administrator(session, user, role, is_active)
    before = {"role": user.role, "is_active": user.is_active}
    if role != user.role:
        user.jurisdictions, user.product_ids = [], []
    user.role, user.is_active = role, is_active
    if not is_active:
        end_sessions_of(session, user.id)
    record(session, actor, clock.now(), "user.changed", stream_of("user", user.id),
           {"before": before, "after": {"role": role, "is_active": is_active}})
    session.flush()
    return user


def end_sessions_of(session: Session, user_id: str, *, but: str = "") -> int:
    """End every open session of a person but the one with this hash of its token; answers how many."""
    done = session.execute(delete(UserSession).where(UserSession.user_id == user_id, UserSession.token_hash != but))
    return int(done.rowcount)  # type: ignore[attr-defined]


def _keep_an_administrator(session: Session, user: User, role: str, is_active: bool) -> None:
    if user.role != Role.administrator or (role == Role.administrator and is_active):
        return
    others = session.scalar(select(User.id).where(User.role == Role.administrator, User.is_active.is_(True),
                                                  User.id != user.id).limit(1))
    if others is None:
        raise Conflict("This is the last administrator. Give the role to somebody else first.",
                       code="last-administrator")


def set_language(session: Session, actor: Actor, clock: Clock, language: str) -> User:
    """The language of the actor's own pages. Raises InvalidInput."""
    if language not in LANGUAGES:
        raise InvalidInput("The language is zh or en.", code="bad-language", place="language")
    user = session.get(User, actor.id)
    if user is None:
        raise NotFound("There is no such user.", place="user")
    if user.language != language:
        record(session, actor, clock.now(), "user.language", stream_of("user", user.id),
               {"before": user.language, "after": language})
        user.language = language
        session.flush()
    return user


def set_email(session: Session, actor: Actor, clock: Clock, email: str) -> User:
    """Where the actor is called when on duty; empty for nowhere. The trail says only that it changed. Raises
    InvalidInput."""
    address = email.strip()
    if address and (len(address) > _LONGEST_EMAIL or not _EMAIL.fullmatch(address)):
        raise InvalidInput("This is no e-mail address.", code="bad-email", place="email")
    user = session.get(User, actor.id)
    if user is None:
        raise NotFound("There is no such user.", place="user")
    if user.email != address:
        record(session, actor, clock.now(), "user.email", stream_of("user", user.id), {"has_email": bool(address)})
        user.email = address
    return user


def user_by_id(session: Session, user_id: str) -> User | None:
    """One account; None when there is no such."""
    return session.get(User, user_id)


def tokens(session: Session) -> list[tuple[ApiToken, User]]:
    """Every token with whom it speaks for, the newest first."""
    rows = session.execute(select(ApiToken, User).join(User, User.id == ApiToken.user_id)
                           .order_by(ApiToken.created_at.desc(), ApiToken.id))
    return [(token, user) for token, user in rows]


def user_page(session: Session, after: str | None = None, limit: int = 50) -> Page[User]:
    """Everybody by sign-in name, a page at a time."""
    return page_of(session, select(User), Order(User.sign_in_name, User.id), after, limit)


def token_page(session: Session, after: str | None = None, limit: int = 50) -> Page[ApiToken]:
    """Every token, the newest first, a page at a time."""
    return page_of(session, select(ApiToken), Order(ApiToken.created_at, ApiToken.id, descending=True), after, limit)
