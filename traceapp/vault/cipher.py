"""Sealing of personal values under a key that never stands in the database."""
from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import re
import unicodedata
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from traceapp.core.errors import Problem

_NONCE_BYTES = 12
_MOBILE = re.compile(r"(?:86)?(1[3-9]\d{9})")


class VaultError(Problem):
    """The vault's key is missing, wrong, or what was sealed has been tampered with. Never names what is inside."""

    status = 500
    code = "vault"


@dataclass(frozen=True, slots=True)
class _Keys:
    """What follows from one master key, each key for one purpose."""

    id: str
    cipher: AESGCM
    contact: bytes
    token: bytes


def _derived(master: bytes, purpose: str) -> bytes:
    """Source: RFC 5869 (HKDF), one `info` for each purpose."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=f"traceapp vault {purpose}".encode()).derive(master)


def _keys(text: str) -> _Keys:
    try:
        master = base64.b64decode(text.strip().replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        master = b""
    if len(master) != 32:
        raise VaultError("The vault's key must be 32 bytes in base64. Make one with: "
                         "python3 -c 'import base64, os; print(base64.urlsafe_b64encode(os.urandom(32)).decode())'",
                         place="TRACEAPP_VAULT_KEY")
    return _Keys(id=_derived(master, "key id").hex()[:8], cipher=AESGCM(_derived(master, "seal")),
                 contact=_derived(master, "contact"), token=_derived(master, "token"))


def normalised_contact(text: str) -> str:
    """A telephone number or an e-mail address in the one form in which it is compared.

    E-mail: lower case. Telephone: digits only; a mainland mobile number without its country code.
    """
    cleaned = unicodedata.normalize("NFKC", text).strip()
    if "@" in cleaned:
        return "mail:" + cleaned.lower()
    digits = re.sub(r"\D", "", cleaned).removeprefix("00")
    mobile = _MOBILE.fullmatch(digits)
    return "phone:" + (mobile.group(1) if mobile else digits)


class Vault:
    """Seals, opens, and hashes for comparison.

    `key` is 32 bytes in base64; for a rotation the new key stands first and older ones follow after commas: what is
    sealed from then on is under the first, and what older keys sealed can still be opened.
    """

    def __init__(self, key: str) -> None:
        held = [_keys(part) for part in key.split(",") if part.strip()]
        if not held:
            raise VaultError("The vault has no key. Set TRACEAPP_VAULT_KEY.", place="TRACEAPP_VAULT_KEY")
        self._current = held[0]
        self._held = {keys.id: keys for keys in held}

    def __repr__(self) -> str:
        return f"Vault({', '.join(self._held)})"

    @property
    def key_id(self) -> str:
        """The name of the key under which is sealed now; says nothing about the key."""
        return self._current.id

    @property
    def key_ids(self) -> tuple[str, ...]:
        """The names of the keys by which something can be opened."""
        return tuple(self._held)

    def seal_text(self, text: str, about: str) -> str:
        """`text` under AES-256-GCM as `key id.base64`; `about` (table and id) must be the same when it is opened."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._current.cipher.encrypt(nonce, text.encode("utf-8"), about.encode("utf-8"))
        return f"{self._current.id}.{base64.urlsafe_b64encode(nonce + sealed).decode('ascii')}"

    def open_text(self, sealed: str, about: str) -> str:
        """What was sealed. Raises VaultError for a key that is not held, for tampering, and for another place."""
        key_id, _, body = sealed.partition(".")
        keys = self._held.get(key_id)
        if keys is None:
            raise VaultError("This was sealed under the key %(key_id)s, which is not among the vault's keys. Add it "
                             "after the present one in TRACEAPP_VAULT_KEY.", code="vault-key-missing",
                             place="TRACEAPP_VAULT_KEY", key_id=key_id[:8])
        try:
            raw = base64.urlsafe_b64decode(body.encode("ascii"))
            opened = keys.cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], about.encode("utf-8"))
        except (InvalidTag, ValueError):
            raise VaultError("What is sealed here was changed or belongs elsewhere; it cannot be opened.",
                             code="vault-tampered", place=about) from None
        return opened.decode("utf-8")

    def sealed_anew(self, sealed: str, about: str) -> str:
        """The same under the present key. Raises VaultError as `open_text` does."""
        return self.seal_text(self.open_text(sealed, about), about)

    @property
    def mark(self) -> str:
        """What everything begins with that is sealed under the present key."""
        return f"{self._current.id}."

    def contact_hash(self, text: str) -> str:
        """The keyed hash (HMAC-SHA-256) of a normalised telephone number or e-mail address."""
        return _keyed(self._current.contact, normalised_contact(text))

    def contact_hashes(self, text: str) -> tuple[str, ...]:
        """The hashes under every key that is held, for finding what was kept before a rotation."""
        return tuple(_keyed(keys.contact, normalised_contact(text)) for keys in self._held.values())

    def token_for(self, about: str) -> str:
        """The secret of a link that can be shown again without being kept: it follows from the key and `about`."""
        digest = hmac.new(self._current.token, about.encode("utf-8"), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest[:24]).decode("ascii")

    def hmac_secret(self, purpose: str) -> bytes:
        """A signing key for one purpose, the same in every process."""
        return hmac.new(self._current.token, b"secret " + purpose.encode("utf-8"), hashlib.sha256).digest()


def _keyed(key: bytes, text: str) -> str:
    return hmac.new(key, text.encode("utf-8"), hashlib.sha256).hexdigest()


def token_hash(token: str) -> str:
    """What is kept of a link's secret."""
    return hashlib.sha256(token.encode("utf-8")).hexdigest()
