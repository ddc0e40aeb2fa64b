"""Files under a key of their own, which is sealed by the vault: moving to a new key of the vault rewrites no file."""
from __future__ import annotations

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .cipher import VaultError

_MARK = b"traceapp sealed file 1\n"
_NONCE_BYTES, _KEY_BYTES = 12, 32


def sealed_file(data: bytes, about: str) -> tuple[bytes, str]:
    """The bytes to keep and the key that opens them, as text for the vault to seal. AES-256-GCM; `about` must be the
    same when they are opened."""
    key, nonce = os.urandom(_KEY_BYTES), os.urandom(_NONCE_BYTES)
    return _MARK + nonce + AESGCM(key).encrypt(nonce, data, about.encode("utf-8")), key.hex()


def opened_file(kept: bytes, key: str, about: str) -> bytes:
    """What was sealed. Raises VaultError for tampering, another place and another key."""
    body = kept.removeprefix(_MARK)
    try:
        return AESGCM(bytes.fromhex(key)).decrypt(body[:_NONCE_BYTES], body[_NONCE_BYTES:], about.encode("utf-8"))
    except (InvalidTag, ValueError):
        raise VaultError("What is sealed here was changed or belongs elsewhere; it cannot be opened.",
                         code="vault-tampered", place=about) from None
