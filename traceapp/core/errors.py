"""Errors that say what is wrong, where, and what to do. `web.problems` renders them; nothing else does."""
from __future__ import annotations

from collections.abc import Mapping


class Name(str):
    """A name inside a message: as a text it is Chinese, `english` is what readers of English are shown."""

    english: str

    def __new__(cls, chinese: str, english: str) -> Name:
        made = super().__new__(cls, chinese)
        made.english = english or chinese
        return made


class Problem(Exception):
    """A refusal with a stable code, an HTTP status and the place of what is wrong.

    `message` is a plain English template with `%(name)s` fields out of `params`; it is also the key under which
    the translation is found. `place` names the field, cell, pointer or row.
    """

    status = 400
    code = "bad-request"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        place: str | None = None,
        errors: Mapping[str, str] | None = None,
        **params: object,
    ) -> None:
        super().__init__(message % params if params else message)
        self.message = message
        self.params = params
        self.place = place
        self.errors = dict(errors or {})
        if code is not None:
            self.code = code

    @property
    def text(self) -> str:
        """The message in English with its parameters filled in."""
        return self.message % self.params if self.params else self.message


class InvalidInput(Problem):
    """What was sent cannot be understood or breaks a rule of its own."""

    status = 422
    code = "invalid-input"


class NotFound(Problem):
    """There is no such thing, or the reader may not know of it."""

    status = 404
    code = "not-found"


class Forbidden(Problem):
    """The actor lacks the permission."""

    status = 403
    code = "forbidden"


class NotSignedIn(Problem):
    """Nobody is signed in, or the token is not valid."""

    status = 401
    code = "not-signed-in"


class Conflict(Problem):
    """The thing is in a state that does not allow this."""

    status = 409
    code = "conflict"


class Stale(Problem):
    """The thing was changed by somebody else since it was read."""

    status = 412
    code = "stale"


class PreconditionRequired(Problem):
    """A change must say which version it changes (`If-Match`)."""

    status = 428
    code = "precondition-required"


class TooLarge(Problem):
    """More bytes, rows or pixels than the limit that the message names."""

    status = 413
    code = "too-large"


class NotOffered(Problem):
    """Something that a standard knows and this service does not do."""

    status = 501
    code = "not-offered"


class TooMany(Problem):
    """Too many attempts in the window; `retry_after` is in seconds."""

    status = 429
    code = "too-many-requests"

    def __init__(self, message: str, *, retry_after: int, code: str | None = None, **params: object) -> None:
        super().__init__(message, code=code, place=None, errors=None, **params)
        self.retry_after = retry_after


class Unavailable(Problem):
    """Something that the service needs does not answer; try again after `retry_after` seconds."""

    status = 503
    code = "unavailable"
    retry_after = 10
