"""Signing in and out, tokens, signatures."""
from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, select
from sqlalchemy.orm import Session

from traceapp.audit import record, stream_of
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, Forbidden, InvalidInput, NotFound, NotSignedIn
from traceapp.core.ids import new_id, new_secret

from .attempts import forget_signature
from .model import ApiToken, User, UserSession
from .passwords import ONE_TIME_LIFE, checked_password, hash_password, is_outdated, is_password
from .policy import PERMISSIONS, Role, permissions_of

SESSION_LIFE = timedelta(hours=12)
SESSION_IDLE = timedelta(hours=2)
_TOKEN_MARK = "ta_"  # noqa: S105
_REFUSED = "The name or the password is not right."
# Made once: every request asks one of the two.
_SESSION = select(User, UserSession).join(UserSession, UserSession.user_id == User.id).where(
    UserSession.token_hash == bindparam("digest"), User.is_active.is_(True))
_TOKEN = select(ApiToken, User).join(User, User.id == ApiToken.user_id).where(ApiToken.prefix == bindparam("prefix"))


@dataclass(frozen=True, slots=True)
class NewUser:
    """`is_one_time`: somebody else chose the password; the person must choose another at the first sign-in."""

    sign_in_name: str
    name: str
    role: str
    password: str = field(repr=False)
    language: str = "zh"
    is_one_time: bool = False


@dataclass(frozen=True, slots=True)
class Proof:
    """That somebody knew the password whose hash this was; `stronger_hash` where the kept one is out of date."""

    user_id: str
    password_hash: str = field(repr=False)
    stronger_hash: str | None = field(default=None, repr=False)


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


def token_digest(text: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def actor_of(user: User, *, source: str = "web", scopes: frozenset[str] | None = None) -> Actor:
    """The actor that a user is, with all permissions of the role or those of `scopes` among them; with none at all as
    long as the password is one that must be changed."""
    must_change = user.one_time_until is not None
    granted = permissions_of(user.role) if scopes is None else scopes & permissions_of(user.role)
    return Actor(id=user.id, role=user.role, name=user.name, scopes=frozenset() if must_change else granted,
                 source=source, must_change_password=must_change, jurisdictions=frozenset(user.jurisdictions),
                 product_ids=frozenset(user.product_ids))


def create_user(session: Session, actor: Actor, clock: Clock, command: NewUser) -> User:
    """Add a member of staff or a regulator. Raises InvalidInput for a weak password or an unknown role."""
    if command.role not in set(Role):
        raise InvalidInput("There is no role “%(role)s”.", place="role", role=command.role)
    sign_in_name = command.sign_in_name.strip().lower()
    password, now = checked_password(command.password, sign_in_name), clock.now()
    if session.scalar(select(User.id).where(User.sign_in_name == sign_in_name)):
        raise Conflict("The sign-in name “%(name)s” is taken.", place="sign_in_name", name=sign_in_name)
    user = User(id=new_id(now), sign_in_name=sign_in_name, name=command.name, role=command.role,
                password_hash=hash_password(password), language=command.language, created_at=now, is_active=True,
                one_time_until=now + ONE_TIME_LIFE if command.is_one_time else None)
    session.add(user)
    record(session, actor, now, "user.created", stream_of("user", user.id),
           {"sign_in_name": sign_in_name, "role": command.role})
    return user


def prove_password(session: Session, name: str, password: str) -> Proof:
    """Who signs in, when name and password belong together. Takes its time, so ask it outside of a write.

    Raises NotSignedIn; the message never tells which of the two was wrong. Count it before with
    `attempts.limit_sign_in`, in a transaction of its own.
    """
    user = session.scalar(select(User).where(User.sign_in_name == name.strip().lower()))
    is_right = is_password(user.password_hash if user else None, password)
    if user is None or not is_right or not user.is_active:
        raise NotSignedIn(_REFUSED, place="password")
    return Proof(user.id, user.password_hash, hash_password(password) if is_outdated(user.password_hash) else None)


def sign_in(session: Session, clock: Clock, proof: Proof, network: str) -> SignedIn:
    """Open a session; `network` is all that the trail keeps of where from.

    Raises NotSignedIn when the password was changed or the account ended since it was proved.
    """
    user, token, now = session.get_one(User, proof.user_id), new_secret(), clock.now()
    if user.password_hash != proof.password_hash or not user.is_active:
        raise NotSignedIn(_REFUSED, place="password")
    if user.one_time_until is not None and now >= user.one_time_until:
        raise NotSignedIn("This one-time password was not used in time. Ask the administrator for a new one.",
                          code="password-over", place="password")
    if proof.stronger_hash is not None:
        user.password_hash = proof.stronger_hash
    session.add(UserSession(token_hash=token_digest(token), user_id=user.id, created_at=now, seen_at=now,
                            expires_at=now + SESSION_LIFE))
    record(session, actor_of(user), now, "user.signed_in", stream_of("user", user.id), {"network": network})
    return SignedIn(user, token)


def session_of(session: Session, clock: Clock, token: str) -> tuple[User, UserSession] | None:
    """Who holds this cookie; None when it is unknown, too old, or unused for two hours."""
    row = session.execute(_SESSION, {"digest": token_digest(token)}).first()
    if row is None:
        return None
    user, opened = row
    now = clock.now()
    if now >= opened.expires_at or now - opened.seen_at > SESSION_IDLE:
        return None
    return user, opened


def touch_session(session: Session, clock: Clock, token: str) -> None:
    """Note that a session is in use."""
    found = session.get(UserSession, token_digest(token))
    if found is not None:
        found.seen_at = clock.now()


def sign_out(session: Session, actor: Actor, clock: Clock, token: str) -> None:
    """End one session on the server's side."""
    session.execute(delete(UserSession).where(UserSession.token_hash == token_digest(token)))
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
    beyond = sorted(set(command.scopes) - permissions_of(user.role))
    if beyond:
        raise InvalidInput("This person does not have: %(scopes)s.", place="scopes", scopes=", ".join(beyond))
    prefix, secret = _TOKEN_MARK + secrets.token_hex(4), new_secret(32)
    token = ApiToken(id=new_id(clock.now()), prefix=prefix, secret_hash=token_digest(secret), name=command.name,
                     user_id=user.id, scopes=" ".join(sorted(set(command.scopes))), created_at=clock.now(),
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
    row = session.execute(_TOKEN, {"prefix": prefix}).first()
    if row is None or not secrets.compare_digest(row[0].secret_hash, token_digest(secret)):
        raise NotSignedIn("The token is not valid.")
    token, user = row
    is_over = token.expires_at is not None and clock.now() >= token.expires_at
    if token.revoked_at is not None or is_over or not user.is_active:
        raise NotSignedIn("The token is no longer valid.")
    return actor_of(user, source=f"token:{prefix}", scopes=frozenset(token.scopes.split()))


def check_signature(session: Session, actor: Actor, password: str) -> User:
    """Ask a signer for the password again; answers who signs. Raises Forbidden when it is wrong.

    Call `attempts.limit_signature` in a transaction of its own before, so that refused tries count too.
    Source: 21 CFR 11.200(a): a signature needs its components at the time of signing.
    """
    user = session.get(User, actor.id)
    if user is None or not user.is_active:
        raise Forbidden("Only a person who is signed in can sign.")
    if not _is_theirs(session, user, password):
        raise Forbidden("The password is not right. Nothing was signed.", code="signature-refused", place="password")
    forget_signature(session, actor)
    return user


def _is_theirs(session: Session, user: User, password: str) -> bool:
    """Whether it is their password. Each look is slow on purpose, so the same is looked at once in a unit of work."""
    right: set[tuple[str, str]] = session.info.setdefault("right_passwords", set())
    if (user.password_hash, password) not in right and is_password(user.password_hash, password):
        right.add((user.password_hash, password))
    return (user.password_hash, password) in right


def users(session: Session) -> list[User]:
    """Everybody, by name."""
    return list(session.scalars(select(User).order_by(User.sign_in_name)))
