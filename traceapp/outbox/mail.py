"""Handing a letter to a mail server, or to a folder where no server is set."""
from __future__ import annotations

import smtplib
import ssl
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from traceapp.core.mail_address import NoMailAddress, ascii_address

from .delivery import UNREACHED, Delivery
from .handing_over import HandingOver

# For each answer of the server; its last one, when it has the text, may take longer.
_TIMEOUT_SECONDS = 30
_LAST_TIMEOUT_SECONDS = 90
_LEAVE_SECONDS = 5
_STOP_SECONDS = 1.5


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail, ready: text, with `html` the same as a web page, addresses as given. `message_id` is stable over all
    attempts."""

    to: str
    subject: str
    text: str
    message_id: str
    at: datetime
    headers: Sequence[tuple[str, str]] = ()
    html: str = ""


class Post(Protocol):
    """Whatever takes a letter: a mail server or a folder."""

    def send(self, letter: Letter) -> Delivery: ...


class _WholeLinks(EmailPolicy):
    """Writes the addresses of List- headers whole: programs read them, and none undoes what folding makes of a long
    one."""

    def fold_binary(self, name: str, value: Any) -> bytes:
        if name.lower().startswith("list-"):
            return f"{name}: {value}{self.linesep}".encode("ascii")
        return super().fold_binary(name, value)


def as_message(letter: Letter, sender: str) -> EmailMessage:
    """The letter in the form of RFC 5322; line breaks in a header are refused by the library."""
    message = EmailMessage(policy=_WholeLinks())
    message["From"], message["To"], message["Subject"] = sender, ascii_address(letter.to), letter.subject
    message["Date"], message["Message-ID"] = format_datetime(letter.at), letter.message_id
    message.set_content(letter.text)  # before further headers: it drops those about the content
    if letter.html:
        message.add_alternative(letter.html, subtype="html")
    for name, value in letter.headers:
        message[name] = value
    return message


NO_SERVER, NO_ADDRESS = "no mail server is set: ", "not an address that mail servers take: "


class MailFolder:
    """Letters as files under a folder, for a set-up without a mail server: written, and shown as not sent."""

    def __init__(self, folder: Path, sender: str) -> None:
        self.folder, self.sender = folder, sender

    def send(self, letter: Letter) -> Delivery:
        try:
            message = as_message(letter, self.sender)
        except NoMailAddress as error:
            return _refused(error)
        self.folder.mkdir(parents=True, exist_ok=True)
        name = letter.message_id.strip("<>").split("@")[0] + ".eml"
        (self.folder / name).write_bytes(message.as_bytes())
        return Delivery("written", NO_SERVER + name)


def _refused(error: NoMailAddress) -> Delivery:
    """No try changes an address: somebody has to put it right."""
    return Delivery("refused", f"{NO_ADDRESS}{error}")


class MailServer:
    """A server named by `smtp://user:password@host:port`, `smtps://…`, or `smtp+starttls://…`.

    Once `stopping` is set, a letter that is on its way has a second and a half left.
    """

    def __init__(self, url: str, sender: str, stopping: threading.Event | None = None) -> None:
        self.parts, self.sender = urlsplit(url), sender
        self.stopping = stopping or threading.Event()
        if self.parts.scheme not in ("smtp", "smtps", "smtp+starttls") or not self.parts.hostname:
            raise ValueError("a mail URL looks like smtp://host:25, smtps://… or smtp+starttls://…")

    def send(self, letter: Letter) -> Delivery:
        """One attempt. Uncertain only when the server may have the whole text and did not say what it does with it."""
        try:
            message = as_message(letter, self.sender)
        except NoMailAddress as error:
            return _refused(error)
        content = message.as_bytes(policy=message.policy.clone(linesep="\r\n"))
        attempt = HandingOver(lambda attempt: self._converse(attempt, ascii_address(letter.to), content))
        return attempt.run(self.stopping, _STOP_SECONDS)

    def _converse(self, attempt: HandingOver, to: str, content: bytes) -> None:
        server = self._opened(attempt)
        if server is None:
            return
        try:
            self._envelope(server, to)
            code, answer = server.data(content)
        except smtplib.SMTPResponseException as error:
            outcome = "refused" if error.smtp_code >= 550 else "failed"
            attempt.end(outcome, f"{error.smtp_code} {_text(error.smtp_error)}")
        except (OSError, smtplib.SMTPException) as error:
            attempt.end("failed", f"{type(error).__name__}: {error}")
        else:
            outcome = "sent" if 200 <= code < 300 else "refused" if code >= 500 else "failed"
            attempt.end(outcome, f"{code} {_text(answer)}", is_answer=200 <= code < 600)
            server.leave()
        finally:
            server.close()

    def _opened(self, attempt: HandingOver) -> _Told | None:
        """A server that has greeted us and knows us; None where it was not reached, which is no letter's fault."""
        server: _Told | None = None
        try:
            server = self._connected(attempt)
            self._greet(server)
        except smtplib.SMTPResponseException as error:
            attempt.end(UNREACHED, f"{error.smtp_code} {_text(error.smtp_error)}")
        except (OSError, smtplib.SMTPException) as error:
            attempt.end(UNREACHED, f"{type(error).__name__}: {error}")
        else:
            return server
        if server is not None:
            server.close()
        return None

    def _connected(self, attempt: HandingOver) -> _Told:
        host = self.parts.hostname or ""
        if self.parts.scheme == "smtps":
            server: _Told = _ToldSsl(host, self.parts.port or 465, timeout=_TIMEOUT_SECONDS,
                                     context=ssl.create_default_context())
        else:
            server = _Told(host, self.parts.port or 25, timeout=_TIMEOUT_SECONDS)
        server.attempt = attempt
        return server

    def _greet(self, server: smtplib.SMTP) -> None:
        server.ehlo_or_helo_if_needed()
        if self.parts.scheme == "smtp+starttls":
            server.starttls(context=ssl.create_default_context())
            server.ehlo()
        if self.parts.username:
            server.login(unquote(self.parts.username), unquote(self.parts.password or ""))

    def _envelope(self, server: smtplib.SMTP, to: str) -> None:
        code, answer = server.mail(self.sender)
        if code == 250:
            code, answer = server.rcpt(to)
        if code not in (250, 251):
            raise smtplib.SMTPResponseException(code, answer)


class _Told(smtplib.SMTP):
    """A connection that tells the attempt right before the text goes out, and asks whether it still may."""

    attempt: HandingOver | None = None

    def send(self, s: Any) -> None:
        if isinstance(s, bytes) and self.attempt is not None:  # commands are text, the letter is bytes
            self.attempt.begin_text()
            self._wait_at_most(_LAST_TIMEOUT_SECONDS)
        super().send(s)

    def leave(self) -> None:
        """Take leave of a server that has answered; how it takes that no longer matters."""
        self._wait_at_most(_LEAVE_SECONDS)
        with suppress(OSError, smtplib.SMTPException):
            self.quit()

    def _wait_at_most(self, seconds: float) -> None:
        if self.sock is not None:
            self.sock.settimeout(seconds)


class _ToldSsl(smtplib.SMTP_SSL, _Told):
    """The same under TLS from the first byte."""


def _text(answer: bytes | str) -> str:
    return answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer


def mailer(mail_url: str, sender: str, var_dir: Path,
           stopping: threading.Event | None = None) -> MailServer | MailFolder:
    """The server of `mail_url`, or the folder `mail` under the var directory when it is empty."""
    return MailServer(mail_url, sender, stopping) if mail_url else MailFolder(var_dir / "mail", sender)
