"""Identifiers that we make: time-ordered, without a shared counter; and keys that follow from a name."""
from __future__ import annotations

import hashlib
import secrets
import uuid
from datetime import datetime

# The alphabet leaves out what people misread: 0 O 1 I L.
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_URL_NAMESPACE = uuid.NAMESPACE_URL.bytes


def new_id(at: datetime) -> str:
    """A version 7 UUID as 32 hexadecimal digits: sorts by `at`, unique without asking the database.

    Source: RFC 9562, section 5.7.
    """
    milliseconds = int(at.timestamp() * 1000) & ((1 << 48) - 1)
    chance = secrets.randbits(74)
    return f"{milliseconds << 80 | 0x7 << 76 | chance >> 62 << 64 | 0b10 << 62 | chance & (1 << 62) - 1:032x}"


def name_key(uri: str) -> str:
    """The key of a thing that has a URI: the same URI gives the same 32 hexadecimal digits everywhere.

    Source: RFC 9562, section 5.5 (version 5, URL namespace).
    """
    # What uuid.uuid5 answers, without the object around it: a scan asks for several.
    digest = hashlib.sha1(_URL_NAMESPACE + uri.encode("utf-8"), usedforsecurity=False).hexdigest()
    return f"{digest[:12]}5{digest[13:16]}{int(digest[16], 16) & 0x3 | 0x8:x}{digest[17:32]}"


def new_secret(size: int = 32) -> str:
    """An unguessable text for links and tokens; `size` is in bytes of randomness."""
    return secrets.token_urlsafe(size)


def new_reference(prefix: str, at: datetime) -> str:
    """A reference that people read to each other: prefix, year and month, six letters, as in `CP-2611-7K3QMX`."""
    letters = "".join(secrets.choice(_ALPHABET) for _ in range(6))
    return f"{prefix}-{at:%y%m}-{letters}"


def new_seed() -> int:
    """A number to begin a repeatable chance with, short enough to be read out and typed."""
    return secrets.randbelow(10**9)
