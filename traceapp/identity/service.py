"""Signing in and out, tokens, signatures."""
from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from traceapp.audit import record, stream_of
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, Forbidden, InvalidInput, NotFound, NotSignedIn
from traceapp.core.ids import new_id, new_secret

from .model import ApiToken, User, UserSession
from .policy import PERMISSIONS, Role, permissions_of
from .rate import hit

# Source: OWASP Password Storage Cheat Sheet, Argon2id profile with 19 MiB and two passes.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
# A hash of nothing anybody knows, so that an unknown name costs as much time as a wrong password.
_NOBODY = _HASHER.hash(secrets.token_hex(16))
SESSION_LIFE = timedelta(hours=12)
SESSION_IDLE = timedelta(hours=2)
MINIMUM_PASSWORD = 12
_TOKEN_MARK = "ta_"  # noqa: S105
_REFUSED = "The name or the password is not right."


@dataclass(frozen=True, slots=True)
class NewUser:
    sign_in_name: str
    name: str
    role: str
    password: str
    language: str = "zh"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """`token` goes into the cookie; only its hash is kept."""

    user: User
    token: str


@dataclass(frozen=True, slots=True)
class NewToken:
    """`scopes` are permissions; a token never has more than its user."""

    name: str
    user_id: str
    scopes: tuple[str, ...]
    expires_at: datetime | None = None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def actor_of(user: User, *, source: str = "web") -> Actor:
    """The actor that a signed-in user is."""
    return Actor(id=user.id, role=user.role, name=user.name, scopes=permissions_of(user.role), source=source)


def create_user(session: Session, actor: Actor, clock: Clock, command: NewUser) -> User:
    """Add a member of staff or a regulator. Raises InvalidInput for a weak password or an unknown role."""
    if command.role not in set(Role):
        raise InvalidInput("There is no role “%(role)s”.", place="role", role=command.role)
    if len(command.password) < MINIMUM_PASSWORD:
        raise InvalidInput("A password needs at least %(least)s characters.", place="password", least=MINIMUM_PASSWORD)
    sign_in_name = command.sign_in_name.strip().lower()
    if session.scalar(select(User.id).where(User.sign_in_name == sign_in_name)):
        raise Conflict("The sign-in name “%(name)s” is taken.", place="sign_in_name", name=sign_in_name)
    user = User(id=new_id(clock.now()), sign_in_name=sign_in_name, name=command.name, role=command.role,
                password_hash=_HASHER.hash(command.password), language=command.language, created_at=clock.now(),
                is_active=True)
    session.add(user)
    record(session, actor, clock.now(), "user.created", stream_of("user", user.id),
           {"sign_in_name": sign_in_name, "role": command.role})
    return user


def sign_in(session: Session, clock: Clock, name: str, password: str, source: str) -> SignedIn:
    """Open a session. Raises NotSignedIn; the message never tells which of the two was wrong."""
    user = session.scalar(select(User).where(User.sign_in_name == name.strip().lower()))
    try:
        _HASHER.verify(user.password_hash if user else _NOBODY, password)
    except Argon2Error:
        raise NotSignedIn(_REFUSED, place="password") from None
    if user is None or not user.is_active:
        raise NotSignedIn(_REFUSED, place="password")
    if _HASHER.check_needs_rehash(user.password_hash):
        user.password_hash = _HASHER.hash(password)
    token = new_secret()
    now = clock.now()
    session.add(UserSession(token_hash=_digest(token), user_id=user.id, created_at=now, seen_at=now,
                            expires_at=now + SESSION_LIFE))
    record(session, actor_of(user), now, "user.signed_in", stream_of("user", user.id), {"source": source})
    return SignedIn(user, token)


def limit_sign_in(session: Session, clock: Clock, name: str, source: str) -> None:
    """Count an attempt. Raises TooMany: ten a quarter of an hour for a name, sixty for an address."""
    hit(session, clock, f"sign-in:name:{_digest(name.strip().lower())[:40]}", 10, 900)
    hit(session, clock, f"sign-in:source:{source}", 60, 900)


def limit_signature(session: Session, clock: Clock, actor: Actor) -> None:
    """Count an attempt to sign. Raises TooMany: ten a quarter of an hour."""
    hit(session, clock, f"signature:{actor.id}", 10, 900)


def session_of(session: Session, clock: Clock, token: str) -> tuple[User, UserSession] | None:
    """Who holds this cookie; None when it is unknown, too old, or unused for two hours."""
    row = session.execute(select(User, UserSession).join(UserSession, UserSession.user_id == User.id)
                          .where(UserSession.token_hash == _digest(token), User.is_active.is_(True))).first()
    if row is None:
        return None
    user, opened = row
    now = clock.now()
    if now >= opened.expires_at or now - opened.seen_at > SESSION_IDLE:
        return None
    return user, opened


def touch_session(session: Session, clock: Clock, token: str) -> None:
    """Note that a session is in use."""
    found = session.get(UserSession, _digest(token))
    if found is not None:
        found.seen_at = clock.now()


def sign_out(session: Session, actor: Actor, clock: Clock, token: str) -> None:
    """End one session on the server's side."""
    session.execute(delete(UserSession).where(UserSession.token_hash == _digest(token)))
    record(session, actor, clock.now(), "user.signed_out", stream_of("user", actor.id), {})


def end_old_sessions(session: Session, clock: Clock) -> int:
    """Remove sessions past their end; answers how many."""
    done = session.execute(delete(UserSession).where(UserSession.expires_at < clock.now()))
    return int(done.rowcount)  # type: ignore[attr-defined]


def create_token(session: Session, actor: Actor, clock: Clock, command: NewToken) -> tuple[ApiToken, str]:
    """A token for a machine and its text, which is shown once and kept only as a hash."""
    user = session.get(User, command.user_id)
    if user is None:
        raise NotFound("There is no such user.", place="user")
    unknown = [scope for scope in command.scopes if scope not in PERMISSIONS]
    if unknown or not command.scopes:
        raise InvalidInput("Unknown scope: %(scopes)s. Known: %(known)s.", place="scopes",
                           scopes=", ".join(unknown) or "-", known=", ".join(sorted(PERMISSIONS)))
    prefix, secret = _TOKEN_MARK + secrets.token_hex(4), new_secret(32)
    token = ApiToken(id=new_id(clock.now()), prefix=prefix, secret_hash=_digest(secret), name=command.name,
                     user_id=user.id, scopes=" ".join(sorted(command.scopes)), created_at=clock.now(),
                     expires_at=command.expires_at)
    session.add(token)
    record(session, actor, clock.now(), "token.created", stream_of("user", user.id),
           {"prefix": prefix, "name": command.name, "scopes": sorted(command.scopes)})
    return token, f"{prefix}.{secret}"


def revoke_token(session: Session, actor: Actor, clock: Clock, token_id: str) -> None:
    """Make a token worthless from now on."""
    token = session.get(ApiToken, token_id)
    if token is None:
        raise NotFound("There is no such token.")
    token.revoked_at = clock.now()
    record(session, actor, clock.now(), "token.revoked", stream_of("user", token.user_id), {"prefix": token.prefix})


def token_actor(session: Session, clock: Clock, text: str) -> Actor:
    """Who a bearer token speaks for, with its scopes cut to what the user may do. Raises NotSignedIn."""
    prefix, _, secret = text.partition(".")
    row = session.execute(select(ApiToken, User).join(User, User.id == ApiToken.user_id)
                          .where(ApiToken.prefix == prefix)).first()
    if row is None or not secrets.compare_digest(row[0].secret_hash, _digest(secret)):
        raise NotSignedIn("The token is not valid.")
    token, user = row
    is_over = token.expires_at is not None and clock.now() >= token.expires_at
    if token.revoked_at is not None or is_over or not user.is_active:
        raise NotSignedIn("The token is no longer valid.")
    return Actor(id=user.id, role=user.role, name=user.name, source=f"token:{prefix}",
                 scopes=frozenset(token.scopes.split()) & permissions_of(user.role))


def check_signature(session: Session, actor: Actor, password: str) -> User:
    """Ask a signer for the password again; answers who signs. Raises Forbidden when it is wrong.

    Call `limit_signature` in a transaction of its own before, so that refused tries count too.
    Source: 21 CFR 11.200(a): a signature needs its components at the time of signing.
    """
    user = session.get(User, actor.id)
    if user is None or not user.is_active:
        raise Forbidden("Only a person who is signed in can sign.")
    try:
        _HASHER.verify(user.password_hash, password)
    except Argon2Error:
        raise Forbidden("The password is not right. Nothing was signed.", code="signature-refused",
                        place="password") from None
    return user


def users(session: Session) -> list[User]:
    """Everybody, by name."""
    return list(session.scalars(select(User).order_by(User.sign_in_name)))
