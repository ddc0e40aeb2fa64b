"""A short keyed signature in a code: who does not hold the key cannot make up codes. It does not keep codes from being
copied. Pure."""
from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

from traceapp.core.errors import Conflict, Problem

PARAMETER = "s"
_BYTES = 8


class CodeKeyError(Problem):
    """A key for codes cannot be used."""

    status = 500
    code = "code-key"


def _encoded(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest).decode("ascii").rstrip("=")


def _secret(text: str) -> bytes:
    try:
        secret = base64.b64decode(text.strip().replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        secret = b""
    if len(secret) != 32:
        raise CodeKeyError("A key for codes must be 32 bytes in base64. Make one with: python3 -c 'import base64, os; "
                           "print(base64.urlsafe_b64encode(os.urandom(32)).decode())'", place="TRACEAPP_CODE_KEYS")
    return secret


def key_name(secret: bytes) -> str:
    """The one character by which codes name their key; it says nothing about the key."""
    return _encoded(hmac.digest(secret, b"key id", hashlib.sha256))[0]


class CodeKeys:
    """The keys that sign codes: `text` has the present one first, older ones after commas; none at all may be.

    A signature is the key's name and the first 64 bits of HMAC-SHA-256 over the code's path, 12 characters of
    base64url. Source: RFC 2104 (HMAC, section 5 on truncation), RFC 4648 section 5.
    """

    def __init__(self, text: str) -> None:
        secrets = [_secret(part) for part in text.split(",") if part.strip()]
        self._held = {key_name(secret): secret for secret in secrets}
        if len(self._held) < len(secrets):
            raise CodeKeyError("Two of the keys for codes have the same name, which happens by chance. Make another "
                               "new key.", place="TRACEAPP_CODE_KEYS")

    def __repr__(self) -> str:
        return f"CodeKeys({', '.join(self._held)})"

    @property
    def present(self) -> str | None:
        """The name of the key that signs from now on; None without keys."""
        return next(iter(self._held), None)

    def holds(self, name: str) -> bool:
        """Whether what the key of this name signed can be told from what it did not."""
        return name in self._held

    def signature(self, name: str, path: str) -> str:
        """The signature of a code with this path, as in `01/…/10/…/21/…`. Raises Conflict for a key not held."""
        if name not in self._held:
            raise Conflict("These serial numbers were signed with a key that is not here any more. Add it after the "
                           "present one in TRACEAPP_CODE_KEYS.", code="code-key-missing")
        return name + _encoded(hmac.digest(self._held[name], path.encode("utf-8"), hashlib.sha256)[:_BYTES])

    def is_right(self, name: str, path: str, given: str) -> bool:
        """Whether `given` is the signature by the key of this name; takes as long for every wrong one."""
        return hmac.compare_digest(self.signature(name, path).encode(), given.encode("utf-8", "replace"))
