"""Handing a text message to an HTTP gateway, or to a folder where none is set. What the gateway has to do is written
in docs/gateway.md."""
from __future__ import annotations

import http.client
import json
import ssl
import threading
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from traceapp.core.web_address import service_address

from .delivery import UNREACHED, Delivery
from .handing_over import HandingOver

_TIMEOUT_SECONDS = 20
_STOP_SECONDS = 1.5
_LONGEST_ANSWER = 65_536
# The gateway looked at the message and will never take it; with other answers below 500 it did not look at it.
_NEVER = frozenset({400, 404, 410, 413, 415, 422})
# It takes no message at all: our token is not known, or it is out of service.
_AWAY = frozenset({401, 403, 503})
_OUTCOMES = {"accepted": "sent", "refused": "refused", "uncertain": "uncertain"}


@dataclass(frozen=True, slots=True)
class TextMessage:
    """One message, ready. `to` in E.164; `message_id` is stable over all attempts."""

    to: str
    text: str
    message_id: str
    language: str


class TextPost(Protocol):
    """Whatever takes a text message: a gateway or a folder."""

    is_set: bool

    def send(self, message: TextMessage) -> Delivery: ...


class TextFolder:
    """Messages as files under a folder, for a set-up without a gateway: written, and shown as not sent."""

    is_set = False

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def send(self, message: TextMessage) -> Delivery:
        self.folder.mkdir(parents=True, exist_ok=True)
        name = f"{message.message_id}.txt"
        (self.folder / name).write_text(f"{message.to}\n\n{message.text}\n", encoding="utf-8")
        return Delivery("written", f"no gateway for text messages is set: {name}")


class HttpGateway:
    """A gateway at an https address (http on this machine alone). Redirects are not followed, and number and text
    stand in the body alone, never in an address. Raises ValueError for an address that cannot be one."""

    is_set = True

    def __init__(self, url: str, token: str, stopping: threading.Event | None = None) -> None:
        self.parts, self._token = service_address(url), token
        self.stopping = stopping or threading.Event()

    def send(self, message: TextMessage) -> Delivery:
        """One attempt. Uncertain once the gateway may have the message and did not say what it does with it."""
        body = json.dumps({"id": message.message_id, "to": message.to, "language": message.language,
                           "text": message.text}, ensure_ascii=False).encode()
        return HandingOver(lambda attempt: self._converse(attempt, message.message_id, body)).run(
            self.stopping, _STOP_SECONDS)

    def _converse(self, attempt: HandingOver, message_id: str, body: bytes) -> None:
        headers = {"Content-Type": "application/json", "Accept": "application/json", "Idempotency-Key": message_id,
                   "User-Agent": "traceapp"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        with closing(self._connection()) as connection:
            try:
                connection.connect()
            except OSError as error:
                attempt.end(UNREACHED, type(error).__name__)
                return
            try:
                attempt.begin_text()
                connection.request("POST", self.parts.path or "/", body, headers)
                answer = connection.getresponse()
                status, said = answer.status, answer.read(_LONGEST_ANSWER)
            except (OSError, http.client.HTTPException) as error:
                attempt.end("failed", type(error).__name__)
            else:
                outcome, detail = judged(status, said)
                attempt.end(outcome, detail, is_answer=True)

    def _connection(self) -> http.client.HTTPConnection:
        host, port = self.parts.hostname or "", self.parts.port
        if self.parts.scheme == "http":
            return http.client.HTTPConnection(host, port, timeout=_TIMEOUT_SECONDS)
        return http.client.HTTPSConnection(host, port, timeout=_TIMEOUT_SECONDS, context=ssl.create_default_context())


def judged(status: int, said: bytes) -> tuple[str, str]:
    """What an answer means, and what is kept of it: never the number or the text that it may repeat."""
    if 200 <= status < 300:
        return _accepted(status, said)
    if status in _NEVER:
        return "refused", str(status)
    if status >= 500 and status != 503:
        return "uncertain", f"{status}: the gateway may have the message"
    if status in _AWAY:
        return UNREACHED, str(status)
    return "failed", f"{status}: the address leads elsewhere" if 300 <= status < 400 else str(status)


def _accepted(status: int, said: bytes) -> tuple[str, str]:
    try:
        answer = json.loads(said)
        outcome = _OUTCOMES[answer["status"]]
        reference = str(answer.get("reference") or "")
    except (ValueError, KeyError, TypeError, AttributeError):
        return "uncertain", f"{status}: the answer cannot be read"
    return outcome, f"{status} {answer['status']} {reference[:80]}".strip()


def text_post(url: str, token: str, var_dir: Path, stopping: threading.Event | None = None) -> HttpGateway | TextFolder:
    """The gateway of `url`, or the folder `texts` under the var directory when it is empty."""
    return HttpGateway(url, token, stopping) if url else TextFolder(var_dir / "texts")
