"""Passwords: what is good enough, how they are kept, and one that is good until its owner has chosen another."""
from __future__ import annotations

import secrets
from datetime import timedelta
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error

from traceapp.core.errors import InvalidInput

# Source: OWASP Password Storage Cheat Sheet, Argon2id profile with 19 MiB and two passes.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
MINIMUM_PASSWORD = 12
LONGEST_PASSWORD = 200
ONE_TIME_LIFE = timedelta(days=7)
# How many characters must be left without the sign-in name, without what everybody uses, and with runs taken as one.
_FEWEST_LEFT = 6
_EVERYBODY_S = ("password", "passw0rd", "p@ssw0rd", "qwertyuiop", "qwerty", "asdfghjkl", "asdfgh", "zxcvbnm",
                "1qaz2wsx", "letmein", "welcome", "iloveyou", "woaini", "abc123", "admin", "traceapp")
# Without what people misread: 0 O 1 I L.
_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


def hash_password(password: str) -> str:
    """What is kept of a password."""
    return _HASHER.hash(password)


def is_password(kept: str | None, password: str) -> bool:
    """Whether `password` is the one behind the hash; None, for nobody, takes as long and is never right."""
    nobody = _nobody()
    try:
        _HASHER.verify(kept or nobody, password)
    except Argon2Error:
        return False
    return kept is not None


@cache
def _nobody() -> str:
    """A hash of nothing that anybody knows, so that an unknown name costs as much time as a wrong password."""
    return _HASHER.hash(secrets.token_hex(16))


def is_outdated(kept: str) -> bool:
    """Whether the hash was made with weaker settings than today's."""
    return _HASHER.check_needs_rehash(kept)


def checked_password(password: str, sign_in_name: str, place: str = "password") -> str:
    """The password, when it is good enough. Raises InvalidInput.

    Long rather than mixed: no rule about kinds of characters, and no change for change's sake.
    Source: NIST SP 800-63B, 5.1.1.2.
    """
    if len(password) < MINIMUM_PASSWORD:
        raise InvalidInput("A password needs at least %(least)s characters.", place=place, least=MINIMUM_PASSWORD)
    if len(password) > LONGEST_PASSWORD:
        raise InvalidInput("A password has at most %(most)s characters.", place=place, most=LONGEST_PASSWORD)
    if _left(password, sign_in_name) < _FEWEST_LEFT:
        raise InvalidInput("This password is too easy to guess. Choose a few words that only you put together.",
                           code="weak-password", place=place)
    return password


def _left(password: str, sign_in_name: str) -> int:
    """How many characters of a password somebody would have to guess who knows the name and what people like."""
    rest = password.lower()
    for known in (sign_in_name.lower(), *_EVERYBODY_S):
        rest = rest.replace(known, "") if known else rest
    steps = [ord(after) - ord(before) for before, after in zip(rest, rest[1:], strict=False)]
    follows = sum(step in (-1, 0, 1) for step in steps)  # aaaa, 12345, edcba
    return min(len(rest) - follows, len(set(rest)))


def one_time_password() -> str:
    """A password to be told to a person, such as K7QM-9XPR-3DWA-T5HN: 79 bits that nobody misreads."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4))
