"""What an e-mail address looks like, and how a mail server is told it. Pure.

Source: RFC 5321 4.1.2 (what stands unquoted in an address), RFC 5890 (names of domains outside ASCII).
"""
from __future__ import annotations

import re

# Marks that end an address or begin another one: a server would take what is left of it.
_MARKS = r"@\s\x00-\x1f\x7f,;:<>()\[\]\\\""
_ONE = re.compile(rf"[^{_MARKS}]+@[^{_MARKS}]+")
_ADDRESS = re.compile(rf"[^{_MARKS}]+@[^{_MARKS}.]+(\.[^{_MARKS}.]+)+")


class NoMailAddress(ValueError):
    """An address that no mail server takes."""


def is_mail_address(text: str) -> bool:
    """Whether it is one address, with nothing beside it."""
    return _ADDRESS.fullmatch(text) is not None


def ascii_address(address: str) -> str:
    """The address in the letters that mail servers take. Raises NoMailAddress where its name is outside ASCII, its
    domain cannot be one, or it is not one address."""
    name, _, domain = address.rpartition("@")
    if not name.isascii() or not _ONE.fullmatch(address):
        raise NoMailAddress("a name outside ASCII, or more than one address")
    try:
        return f"{name}@{domain.encode('idna').decode('ascii')}"
    except UnicodeError as error:
        raise NoMailAddress("no name of a domain") from error
