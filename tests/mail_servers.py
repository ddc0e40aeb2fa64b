"""Mail servers that misbehave, on loopback."""
from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import BinaryIO

GREETING, UP_TO_DATA = ("220 here",), ("220 here", "250 hello", "250 from", "250 to")
UP_TO_TEXT = (*UP_TO_DATA, "354 go on")


class SilentServer:
    """Gives `answers`, each after what the client said, then keeps the line open and says nothing more.

    `is_silent` is set once the client waits for an answer that does not come.
    """

    def __init__(self, *answers: str) -> None:
        self.answers, self.heard, self.is_silent = answers, list[bytes](), threading.Event()
        self._over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"smtp://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def __enter__(self) -> SilentServer:
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # ends the wait for a client that never came
        self._listener.close()
        self._thread.join(5)

    def _serve(self) -> None:
        with suppress(OSError):
            link, _ = self._listener.accept()
            with link, link.makefile("rwb") as stream:
                for answer in self.answers:
                    stream.write(answer.encode() + b"\r\n")
                    stream.flush()
                    self._hear(stream, ends=b".\r\n" if answer.startswith("354") else b"")
                self.is_silent.set()
                self._over.wait(60)

    def _hear(self, stream: BinaryIO, ends: bytes) -> None:
        while True:
            line = stream.readline()
            self.heard.append(line)
            if not ends or line in (ends, b""):
                return
