"""A server of the checkout in a process group of its own, started, waited for and stopped."""
from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from .load import Load, Plan, put_load


def free_port() -> int:
    """A port that the system has free at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(slots=True)
class Server:
    """A running server; `process` leads a process group."""

    process: subprocess.Popen[bytes]
    port: int
    log: IO[bytes]

    def said(self) -> str:
        """The end of what the server wrote."""
        self.log.flush()
        return Path(self.log.name).read_text(encoding="utf-8", errors="replace")[-2000:]

    def wait_until_ready(self, path: str, seconds: float = 60.0) -> None:
        """Return when `path` answers below 500. Raises RuntimeError when the process ends or time is up."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self.process.poll() is not None:
                raise RuntimeError(f"the server ended with code {self.process.returncode}: {self.said()}")
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5):
                    return
            except urllib.error.HTTPError as answer:
                answer.close()
                if answer.code < 500:
                    return
            except OSError:
                pass
            time.sleep(0.02)
        raise RuntimeError(f"the server did not answer within {seconds} s: {self.said()}")

    def kill(self) -> None:
        """SIGKILL to the whole group, as a power cut would end it; one that is gone already stays so."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self, seconds: float = 15.0) -> float:
        """SIGTERM; how many seconds the end took."""
        begun = time.monotonic()
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.kill()
        return time.monotonic() - begun

    def processes(self) -> list[int]:
        """The group's process numbers."""
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    fields = (entry / "stat").read_text().rpartition(")")[2].split()
                except OSError:
                    continue
                if int(fields[2]) == self.process.pid:
                    found.append(int(entry.name))
        return found

    def cpu_seconds(self) -> float:
        """Processor time that the group has used so far."""
        ticks = 0
        for number in self.processes():
            fields = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def memory_mb(self) -> float:
        """Proportional memory of the group, in MB of a million bytes."""
        total = 0
        for number in self.processes():
            for line in Path(f"/proc/{number}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) * 1024
        return total / 1e6


def start(command: list[str], environ: Mapping[str, str] | None = None, *, port: int | None = None) -> Server:
    """Start `command`, which finds its port in TRACEAPP_PORT; what it writes goes to a file that goes with us."""
    chosen = port or free_port()
    told = {**os.environ, **(environ or {}), "TRACEAPP_PORT": str(chosen)}
    log = tempfile.NamedTemporaryFile(prefix="traceapp-server-", suffix=".log")  # noqa: SIM115 - lives as the server
    process = subprocess.Popen(command, env=told, start_new_session=True, stdin=subprocess.DEVNULL,
                               stdout=log, stderr=log)
    return Server(process, chosen, log)


def measured(server: Server, plan: Plan) -> Load:
    """The load, with the server's processor time for one request."""
    before = server.cpu_seconds()
    load = put_load(plan)
    return replace(load, cpu_us=1e6 * (server.cpu_seconds() - before) / load.requests)


@contextmanager
def served(command: list[str], ready: str, environ: Mapping[str, str] | None = None) -> Iterator[Server]:
    """A server that answers at `ready`; stopped at the end."""
    server = start(command, environ)
    try:
        server.wait_until_ready(ready)
        yield server
    finally:
        server.stop()


def own_server(factory: str, workers: int, threads: int) -> list[str]:
    """The command of our own server for an application factory."""
    return [sys.executable, "-m", "benchmarks.serving", factory, str(workers), str(threads)]


def main() -> None:
    from traceapp.web.bridge import Limits
    from traceapp.web.server import serve

    factory, workers, threads = sys.argv[1:]
    serve(factory, host="127.0.0.1", port=int(os.environ["TRACEAPP_PORT"]), workers=int(workers),
          limits=Limits(threads=int(threads)))


if __name__ == "__main__":
    main()
