"""Handing a letter to a mail server, or to a folder where no server is set."""
from __future__ import annotations

import smtplib
import ssl
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

from .delivery import Delivery

_TIMEOUT_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail, ready: text only, addresses as given. `message_id` is stable over all attempts."""

    to: str
    subject: str
    text: str
    message_id: str
    at: datetime
    headers: Sequence[tuple[str, str]] = ()


def as_message(letter: Letter, sender: str) -> EmailMessage:
    """The letter in the form of RFC 5322; line breaks in a header are refused by the library."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, letter.to, letter.subject
    message["Date"], message["Message-ID"] = format_datetime(letter.at), letter.message_id
    for name, value in letter.headers:
        message[name] = value
    message.set_content(letter.text)
    return message


class MailFolder:
    """Letters as files under a folder, for a set-up without a mail server: written, and shown as not sent."""

    def __init__(self, folder: Path, sender: str) -> None:
        self.folder, self.sender = folder, sender

    def send(self, letter: Letter) -> Delivery:
        self.folder.mkdir(parents=True, exist_ok=True)
        name = letter.message_id.strip("<>").split("@")[0] + ".eml"
        (self.folder / name).write_bytes(as_message(letter, self.sender).as_bytes())
        return Delivery("written", f"no mail server is set: {name}")


class MailServer:
    """A server named by `smtp://user:password@host:port`, `smtps://…`, or `smtp+starttls://…`."""

    def __init__(self, url: str, sender: str) -> None:
        self.parts, self.sender = urlsplit(url), sender
        if self.parts.scheme not in ("smtp", "smtps", "smtp+starttls") or not self.parts.hostname:
            raise ValueError("a mail URL looks like smtp://host:25, smtps://… or smtp+starttls://…")

    def send(self, letter: Letter) -> Delivery:
        """One attempt. Uncertain only when the link broke after the text had been handed over."""
        handed_over = False
        server = None
        try:
            server = self._connect()
            message = as_message(letter, self.sender)
            self._envelope(server, letter.to)
            handed_over = True
            code, answer = server.data(message.as_bytes(policy=message.policy.clone(linesep="\r\n")))
            text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else str(answer)
            if code == 250:
                return Delivery("sent", f"{code} {text}")
            return Delivery("refused" if code >= 500 else "failed", f"{code} {text}")
        except smtplib.SMTPResponseException as error:
            text = error.smtp_error.decode("utf-8", "replace") if isinstance(error.smtp_error, bytes) else ""
            return Delivery("refused" if error.smtp_code >= 550 else "failed", f"{error.smtp_code} {text}")
        except (OSError, smtplib.SMTPException) as error:
            return Delivery("uncertain" if handed_over else "failed", f"{type(error).__name__}: {error}"[:500])
        finally:
            if server is not None:
                with suppress(OSError, smtplib.SMTPException):
                    server.quit()

    def _connect(self) -> smtplib.SMTP:
        host = self.parts.hostname or ""
        if self.parts.scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(host, self.parts.port or 465, timeout=_TIMEOUT_SECONDS,
                                                    context=ssl.create_default_context())
        else:
            server = smtplib.SMTP(host, self.parts.port or 25, timeout=_TIMEOUT_SECONDS)
        server.ehlo_or_helo_if_needed()
        if self.parts.scheme == "smtp+starttls":
            server.starttls(context=ssl.create_default_context())
            server.ehlo()
        if self.parts.username:
            server.login(unquote(self.parts.username), unquote(self.parts.password or ""))
        return server

    def _envelope(self, server: smtplib.SMTP, to: str) -> None:
        code, answer = server.mail(self.sender)
        if code == 250:
            code, answer = server.rcpt(to)
        if code not in (250, 251):
            raise smtplib.SMTPResponseException(code, answer)


def mailer(mail_url: str, sender: str, var_dir: Path) -> MailServer | MailFolder:
    """The server of `mail_url`, or the folder `mail` under the var directory when it is empty."""
    return MailServer(mail_url, sender) if mail_url else MailFolder(var_dir / "mail", sender)
