"""Attempts to sign in or to sign: how many are let through, and what the trail says of those that failed.

A browser in which a name signed in before has a count of its own. Everybody else is counted by name and network, by
network, and, far higher, by name alone: somebody elsewhere who guesses at a name cannot shut its owner out.
Source: OWASP, Slow Down Online Guessing Attacks with Device Cookies.
"""
from __future__ import annotations

import hashlib
from dataclasses import dataclass

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from traceapp.audit import record, stream_of
from traceapp.core.actor import PUBLIC, Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import TooMany

from .model import RateWindow, User
from .rate import hit, take_back, take_back_last

WINDOW_SECONDS = 900
BY_BROWSER, BY_NAME_AND_NETWORK, BY_NETWORK, BY_NAME = 10, 10, 60, 100
MOST_RECORDED = 100
UNKNOWN_NAMES = stream_of("sign_in", "unknown")


@dataclass(frozen=True, slots=True)
class Attempt:
    """Somebody at the door: the typed name, the network, and the browser's own name where this name signed in before
    (empty for any other, see `marks`)."""

    name: str
    network: str
    browser: str = ""


def _digest(text: str) -> str:
    """A name or a browser as the counts hold it, always of one length."""
    return hashlib.sha256(text.strip().lower().encode("utf-8")).hexdigest()[:40]


def _counts(attempt: Attempt) -> tuple[tuple[str, int], ...]:
    name = _digest(attempt.name)
    if attempt.browser:
        return ((f"sign-in:browser:{name}:{_digest(attempt.browser)}", BY_BROWSER),)
    return ((f"sign-in:network:{attempt.network}", BY_NETWORK),
            (f"sign-in:here:{name}:{attempt.network}", BY_NAME_AND_NETWORK), (f"sign-in:name:{name}", BY_NAME))


def limit_sign_in(session: Session, clock: Clock, attempt: Attempt) -> None:
    """Count an attempt, the same whether the name exists or not. Raises TooMany, and then counts nothing."""
    for key, limit in _counts(attempt):
        hit(session, clock, key, limit, WINDOW_SECONDS)


def forget_attempt(session: Session, clock: Clock, attempt: Attempt) -> None:
    """Take an attempt that was right out of the counts: many people of one house may sign in at eight o'clock."""
    for key, _limit in _counts(attempt):
        take_back(session, clock, key, WINDOW_SECONDS)


def forget_attempts_of(session: Session, name: str) -> None:
    """Let somebody try anew at once who was given a new password."""
    digest = _digest(name)
    session.execute(delete(RateWindow).where(or_(
        RateWindow.key == f"sign-in:name:{digest}", RateWindow.key.startswith(f"sign-in:here:{digest}:"),
        RateWindow.key.startswith(f"sign-in:browser:{digest}:"))).execution_options(synchronize_session=False))


def note_refused_sign_in(session: Session, clock: Clock, attempt: Attempt, *, is_over_limit: bool = False) -> None:
    """Put a refused attempt into the trail: with the person whose name it was, else with those of unknown names.

    What was typed is not kept: a name that nobody has may be a password. The first hundred in a quarter of an hour
    are recorded one by one, so that nobody can fill the trail from outside.
    """
    user_id = session.scalar(select(User.id).where(User.sign_in_name == attempt.name.strip().lower()))
    stream = stream_of("user", user_id) if user_id else UNKNOWN_NAMES
    try:
        count = hit(session, clock, f"sign-in:trail:{stream}", MOST_RECORDED, WINDOW_SECONDS)
    except TooMany:
        return
    data: dict[str, object] = {"network": attempt.network, "known_browser": bool(attempt.browser)}
    if is_over_limit:
        data["over_limit"] = True
    if count == MOST_RECORDED:
        data["more"] = "not recorded one by one"
    record(session, PUBLIC, clock.now(), "user.sign_in_refused", stream, data)


def limit_signature(session: Session, clock: Clock, actor: Actor) -> None:
    """Count an attempt to prove the own password. Raises TooMany: ten a quarter of an hour, without those that were
    right."""
    hit(session, clock, f"signature:{actor.id}", 10, WINDOW_SECONDS)


def forget_signature(session: Session, actor: Actor) -> None:
    """Take an attempt that was right out of the count: whoever ends a recall signs for many batches in an hour."""
    take_back_last(session, f"signature:{actor.id}")
