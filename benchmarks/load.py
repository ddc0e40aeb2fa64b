"""A bounded load on a server of this machine: so many connections, so many seconds, then it stops by itself.

`wrk` does it where it is installed (it takes less of the processor that the server needs); else a generator of our own.
"""
from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

MOST_SECONDS = 30.0
MOST_CONNECTIONS = 128
HEADERS = {"Host": "127.0.0.1", "Accept-Encoding": "gzip", "Accept-Language": "zh-CN,zh;q=0.9"}

_SCRIPT = """
local paths = {}
for line in io.lines("%(paths)s") do paths[#paths + 1] = line end
local at = %(first)d
local headers = %(headers)s
function request()
  at = at %% #paths + 1
  return wrk.format("GET", paths[at], headers)
end
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('RESULT {"requests":%%d,"seconds":%%f,"errors":%%d,"p50_ms":%%f,"p99_ms":%%f}\\n',
    summary.requests, summary.duration / 1e6, e.connect + e.read + e.write + e.status + e.timeout,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
"""


@dataclass(frozen=True, slots=True)
class Load:
    """What a load saw. `errors` are answers other than 2xx and 3xx and broken connections; `cpu_us` is what one request
    took of the server's processor, where it was measured."""

    requests: int
    seconds: float
    errors: int
    p50_ms: float
    p99_ms: float
    cpu_us: float = 0.0

    @property
    def rate(self) -> float:
        return self.requests / self.seconds


@dataclass(frozen=True, slots=True)
class Plan:
    """A load on 127.0.0.1: the paths are asked for in turn, beginning after `first`; `accept`: for this form."""

    port: int
    paths: tuple[str, ...]
    seconds: float
    connections: int = 32
    first: int = 0
    accept: str = ""

    @property
    def headers(self) -> dict[str, str]:
        """What every request carries."""
        return {**HEADERS, "Accept": self.accept} if self.accept else HEADERS

    def __post_init__(self) -> None:
        if not 0 < self.seconds <= MOST_SECONDS or not 0 < self.connections <= MOST_CONNECTIONS or not self.paths:
            raise ValueError(f"a load has paths, at most {MOST_SECONDS} s and {MOST_CONNECTIONS} connections")


def generator() -> str:
    """The name of what makes the load here."""
    return "wrk" if shutil.which("wrk") else "own generator"


def put_load(plan: Plan) -> Load:
    """Put the load on the server and wait for its end. Raises RuntimeError when the generator fails."""
    return _by_wrk(plan) if shutil.which("wrk") else _by_own(plan)


def _by_wrk(plan: Plan) -> Load:
    with tempfile.TemporaryDirectory() as folder:
        paths, script = Path(folder, "paths"), Path(folder, "load.lua")
        paths.write_text("\n".join(plan.paths) + "\n", encoding="utf-8")
        headers = ",".join(f"[{json.dumps(name)}]={json.dumps(value)}" for name, value in plan.headers.items())
        told = {"paths": paths, "first": plan.first % len(plan.paths), "headers": f"{{{headers}}}"}
        script.write_text(_SCRIPT % told, encoding="utf-8")
        return _result(["wrk", "-t1", f"-c{plan.connections}", f"-d{max(1, round(plan.seconds))}s", "-s", str(script),
                        f"http://127.0.0.1:{plan.port}/"], "")


def _by_own(plan: Plan) -> Load:
    return _result([sys.executable, "-m", "benchmarks.load"], json.dumps(asdict(plan)))


def _result(command: Sequence[str], text: str) -> Load:
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=MOST_SECONDS + 30, check=False)
    for line in done.stdout.splitlines():
        if line.startswith("RESULT "):
            return Load(**json.loads(line.removeprefix("RESULT ")))
    raise RuntimeError(f"the load generator failed: {done.stderr or done.stdout}")


class _Tally:
    """The paths still to come and what has been seen."""

    def __init__(self, plan: Plan) -> None:
        lines = "".join(f"{name}: {value}\r\n" for name, value in plan.headers.items())
        self.asked = [f"GET {path} HTTP/1.1\r\n{lines}\r\n".encode() for path in plan.paths]
        self.at = plan.first
        self.times: list[float] = []
        self.errors = 0
        self.is_over = False

    def next(self) -> bytes:
        self.at = (self.at + 1) % len(self.asked)
        return self.asked[self.at]


class _Client(asyncio.Protocol):
    """One connection that asks again as soon as it has its answer; understands Content-Length only."""

    def __init__(self, tally: _Tally) -> None:
        self.tally = tally
        self.buffer = b""
        self.need = -1
        self.since = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.ask()

    def ask(self) -> None:
        if self.tally.is_over:
            self.transport.close()
            return
        self.since = time.perf_counter()
        self.transport.write(self.tally.next())

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if self.need < 0:
            end = self.buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            self.need = end + 4 + _content_length(self.buffer[:end])
        if len(self.buffer) >= self.need:
            self.tally.times.append(time.perf_counter() - self.since)
            self.tally.errors += not self.buffer.startswith((b"HTTP/1.1 2", b"HTTP/1.1 3"))
            self.buffer, self.need = self.buffer[self.need:], -1
            self.ask()

    def connection_lost(self, exc: Exception | None) -> None:
        self.tally.errors += not self.tally.is_over


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        if line[:15].lower() == b"content-length:":
            return int(line[15:])
    raise ValueError("the answer has no Content-Length")


async def _run(plan: Plan) -> Load:
    tally = _Tally(plan)
    loop = asyncio.get_running_loop()
    begun = time.perf_counter()
    clients = [await loop.create_connection(lambda: _Client(tally), "127.0.0.1", plan.port)
               for _ in range(plan.connections)]
    await asyncio.sleep(plan.seconds)
    tally.is_over = True
    seconds = time.perf_counter() - begun
    for transport, _ in clients:
        transport.abort()
    times = sorted(tally.times)
    if not times:
        raise RuntimeError("no request was answered")
    return Load(len(times), seconds, tally.errors, 1000 * times[len(times) // 2],
                1000 * times[min(len(times) - 1, len(times) * 99 // 100)])


def main() -> None:
    given = json.load(sys.stdin)
    plan = Plan(**{**given, "paths": tuple(given["paths"])})
    print("RESULT", json.dumps(asdict(asyncio.run(_run(plan)))))


if __name__ == "__main__":
    main()
