"""Gateways for text messages, on loopback: one that says what it is told to, and keeps what it heard."""
from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Heard:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: Any


@dataclass
class Gateway:
    """Answers each request with `status` and `said`; `dies` breaks the line once it has the message."""

    status: int = 200
    said: str = '{"status": "accepted", "reference": "g-1"}'
    location: str = ""
    dies: bool = False
    heard: list[Heard] = field(default_factory=list)

    def __enter__(self) -> Gateway:
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                gateway.heard.append(Heard(self.path, dict(self.headers), json.loads(body)))
                if gateway.dies:
                    self.close_connection = True
                    return
                self.send_response(gateway.status)
                if gateway.location:
                    self.send_header("Location", gateway.location)
                self.send_header("Content-Length", str(len(gateway.said.encode())))
                self.end_headers()
                self.wfile.write(gateway.said.encode())

            def log_message(self, *_: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/messages"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
