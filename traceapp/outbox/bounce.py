"""Reading what a mail server sends back later: which letter came back, and why. Pure.

Source: RFC 3464 (delivery status notifications), RFC 3463 (status codes).
"""
from __future__ import annotations

import re
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage, Message

_ID = re.compile(r"<[^<>\s]{1,190}>")
_LONGEST = 500


@dataclass(frozen=True, slots=True)
class Bounce:
    """A letter that will not arrive: its Message-ID, and what the server said of it."""

    message_id: str
    said: str


def bounce_of(report: bytes) -> Bounce | None:
    """The letter that a report is about; None for a delay, an automatic answer, or what is no report."""
    message = message_from_bytes(report, policy=policy.default)
    status = _status(message)
    if status is None or status.get("Action", "").strip().lower() != "failed":
        return None
    found = _ID.search(_original_id(message))
    if found is None:
        return None
    code, said = status.get("Status", "").strip(), status.get("Diagnostic-Code", "")
    return Bounce(found.group(), " ".join(f"{code} {said}".split())[:_LONGEST])


def _status(message: EmailMessage) -> Message | None:
    """The fields about the recipient: the last block of the machine's part."""
    for part in message.walk():
        if part.get_content_type() == "message/delivery-status":
            blocks = [block for block in part.get_payload() if isinstance(block, Message)]
            return next((block for block in reversed(blocks) if "Action" in block), None)
    return None


def _original_id(message: EmailMessage) -> str:
    """The number of the letter that is sent back, whole or only its head."""
    for part in message.walk():
        if part is message:
            continue
        if part.get_content_type() == "text/rfc822-headers":
            head = part.get_payload(decode=True)
            return str(message_from_bytes(head)["Message-ID"] or "") if isinstance(head, bytes) else ""
        if part.get_content_type() == "message/rfc822":
            inner = next((one for one in part.get_payload() if isinstance(one, Message)), Message())
            return str(inner["Message-ID"] or "")
    return ""
