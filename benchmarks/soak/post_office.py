"""A mail server on this machine that remembers every letter it took."""
from __future__ import annotations

import asyncio
import random
import threading
from collections import Counter
from email import message_from_bytes

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from benchmarks.serving import free_port

LONGEST_ANSWER_SECONDS = 0.2


class PostOffice:
    """Takes a letter, and says so only a while later, as a server does that writes to its disk first: who is killed in
    between cannot know whether the letter was taken."""

    def __init__(self, seed: int) -> None:
        self.port = free_port()
        self._chance = random.Random(seed)
        self._taken: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - its name
        """Keep the number of the letter."""
        content = envelope.content or b""
        letter = message_from_bytes(content if isinstance(content, bytes) else content.encode())
        with self._lock:
            self._taken[str(letter["Message-ID"])] += 1
        await asyncio.sleep(self._chance.uniform(0.0, LONGEST_ANSWER_SECONDS))
        return "250 taken"

    def taken(self) -> Counter[str]:
        """How often each letter was taken, by its Message-ID."""
        with self._lock:
            return Counter(self._taken)

    def count(self) -> int:
        """How many letters were taken."""
        with self._lock:
            return self._taken.total()

    def open(self) -> None:
        """Begin to take letters."""
        self._controller.start()

    def close(self) -> None:
        """Stop taking letters."""
        self._controller.stop()
