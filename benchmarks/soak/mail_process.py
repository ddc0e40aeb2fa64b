"""A mail server that can be killed: it notes the number of each letter in a file before it says that it has it.

`python -m benchmarks.soak.mail_process PORT FILE`
"""
from __future__ import annotations

import asyncio
import os
import random
import sys
import time
from email import message_from_bytes

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

# Between the note and the answer: who is killed then cannot know whether the letter was taken.
LONGEST_ANSWER_SECONDS = 0.01


class Notebook:
    """Takes letters; the file is the truth about what was taken, whoever dies."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - its name
        """Note the number of the letter, then say so."""
        content = envelope.content or b""
        letter = message_from_bytes(content if isinstance(content, bytes) else content.encode())
        os.write(self._file, f"{letter['Message-ID']} {envelope.rcpt_tos[0]}\n".encode())
        await asyncio.sleep(random.uniform(0.0, LONGEST_ANSWER_SECONDS))
        return "250 taken"


def main() -> int:
    """Serve until killed."""
    port, path = int(sys.argv[1]), sys.argv[2]
    controller = Controller(Notebook(path), hostname="127.0.0.1", port=port)
    controller.start()
    while True:
        time.sleep(3600)


if __name__ == "__main__":
    raise SystemExit(main())
