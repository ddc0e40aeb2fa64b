#!/usr/bin/env python3
"""The checkout's own commands: run, test, check, soak, bench, lock.

Standard library only, so that a fresh Debian 12 with Python 3.11 and pip can start it. The first command
builds `.venv` from the hash-locked requirements; later ones find it unchanged and start at once.
"""
from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
VENV = HERE / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
RUN_LOCK = "requirements.lock"
DEV_LOCK = "requirements-dev.lock"


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def call(*command: object, **options: object) -> None:
    """Run one step; a step that fails ends the command with its own exit code."""
    done = subprocess.run([str(part) for part in command], cwd=HERE, **options)  # type: ignore[call-overload]
    if done.returncode != 0:
        raise SystemExit(done.returncode)


def lock_stamp(lock: str) -> str:
    text = (HERE / lock).read_bytes() + sys.version.encode()
    return hashlib.sha256(text).hexdigest()


def make_environment() -> None:
    """An empty `.venv`: uv when it is there, else venv, else venv without pip (bare Debian)."""
    if shutil.which("uv"):
        call("uv", "venv", "--quiet", "--allow-existing", "--python", sys.executable, VENV)
        return
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    made = subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(VENV)], cwd=HERE, **quiet)
    if made.returncode != 0 or not PYTHON.exists():
        say("dev.py: cannot make .venv: Python's venv module failed. On Debian: apt-get install python3-venv")
        raise SystemExit(1)


def install(lock: str) -> None:
    say(f"dev.py: installing {lock} into .venv (once; about a minute)")
    if shutil.which("uv"):
        call("uv", "pip", "install", "--quiet", "--require-hashes", "--python", PYTHON, "-r", HERE / lock)
        return
    call(sys.executable, "-m", "pip", "--python", PYTHON, "install", "--quiet", "--require-hashes",
         "--disable-pip-version-check", "--no-warn-script-location", "-r", HERE / lock)


def link_project() -> None:
    """Put the checkout on the environment's path and give it the `traceapp` command."""
    found = subprocess.run([str(PYTHON), "-c", "import sysconfig;print(sysconfig.get_path('purelib'))"],
                           check=True, capture_output=True, text=True)
    (Path(found.stdout.strip()) / "traceapp-checkout.pth").write_text(f"{HERE}\n", encoding="utf-8")
    script = PYTHON.parent / "traceapp"
    script.write_text(f"#!{PYTHON}\nfrom traceapp.cli import main\nraise SystemExit(main())\n", encoding="utf-8")
    script.chmod(0o755)


def prepare(lock: str) -> None:
    """Bring `.venv` to the lock file's state; does nothing when it is there already."""
    if sys.version_info < (3, 11):  # noqa: UP036
        say(f"dev.py: Python 3.11 or newer is needed; this is {sys.version.split()[0]}")
        raise SystemExit(1)
    stamps = VENV / "traceapp-stamps"
    stamp = stamps / lock
    fresh = lock_stamp(lock)
    if PYTHON.exists() and stamp.exists() and stamp.read_text() == fresh:
        return
    if not PYTHON.exists():
        make_environment()
    install(lock)
    link_project()
    stamps.mkdir(exist_ok=True)
    stamp.write_text(fresh)
    if lock == DEV_LOCK:
        (stamps / RUN_LOCK).write_text(lock_stamp(RUN_LOCK))


def keep_compiled() -> None:
    """Where compiled files must not lie beside their sources, keep them under build: tests start many processes."""
    if os.environ.pop("PYTHONDONTWRITEBYTECODE", ""):
        os.environ.setdefault("PYTHONPYCACHEPREFIX", str(HERE / "build" / "compiled"))


def start_traceapp(*arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([str(PYTHON), "-m", "traceapp", *arguments], cwd=HERE, start_new_session=True)


def run(_: argparse.Namespace) -> int:
    """Migrate, load demonstration data when empty, start web server and scheduler; Ctrl-C stops both."""
    prepare(RUN_LOCK)
    os.environ.setdefault("TRACEAPP_DEVELOPMENT", "1")
    call(PYTHON, "-m", "traceapp", "db", "upgrade")
    call(PYTHON, "-m", "traceapp", "demo", "load", "--if-empty")
    # A shell that starts this in the background has SIGINT ignored; who then sends it still wants an end.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    children = [start_traceapp("serve"), start_traceapp("jobs")]
    code = 0
    try:
        while all(child.poll() is None for child in children):
            time.sleep(0.2)
        code = next(child.returncode or 1 for child in children if child.poll() is not None)
        say("dev.py: one of the two processes ended by itself; stopping the other")
    except KeyboardInterrupt:
        say("dev.py: stopping")
    finally:
        stop(children)
    return code


def stop(children: list[subprocess.Popen[bytes]]) -> None:
    for child in children:
        if child.poll() is None:
            child.terminate()
    for child in children:
        try:
            child.wait(15)
        except subprocess.TimeoutExpired:
            say(f"dev.py: process {child.pid} did not stop in 15 s; ending it")
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()


def test(options: argparse.Namespace) -> int:
    prepare(DEV_LOCK)
    # Which tests stay together and which begin first: tests/spread.py. One worker more than there are cores: one with a
    # browser, a server or a database often waits for it.
    count = str(min(4, 1 + (os.cpu_count() or 1)))
    spread = ["-n", count, "--dist", "loadfile", "--no-loadscope-reorder"]
    workers = [] if any(part.startswith("-n") for part in options.rest) else spread
    return subprocess.run([str(PYTHON), "-m", "pytest", *workers, *options.rest], cwd=HERE).returncode


def check(_: argparse.Namespace) -> int:
    """Lint, types, import contracts, budgets, docs up to date; all are run, the worst answer is returned."""
    prepare(DEV_LOCK)
    binaries = PYTHON.parent
    steps = {
        "lint": [binaries / "ruff", "check", "."],
        "types": [binaries / "mypy"],
        "imports": [binaries / "lint-imports"],
        "budgets and docs": [PYTHON, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/arch"],
    }
    failed = []
    for name, command in steps.items():
        say(f"dev.py: {name}")
        if subprocess.run([str(part) for part in command], cwd=HERE).returncode != 0:
            failed.append(name)
    say(f"dev.py: failed: {', '.join(failed)}" if failed else "dev.py: all checks hold")
    return 1 if failed else 0


def run_named(folder: str, options: argparse.Namespace) -> int:
    """Become that command, so that whoever ends us ends it."""
    prepare(DEV_LOCK)
    os.chdir(HERE)
    sys.stdout.flush()
    os.execv(PYTHON, [str(PYTHON), "-m", folder, *options.rest])


def bench(options: argparse.Namespace) -> int:
    return run_named("benchmarks", options)


def soak(options: argparse.Namespace) -> int:
    return run_named("benchmarks.soak", options)


def lock(_: argparse.Namespace) -> int:
    """Resolve the requirements anew, taking nothing younger than two weeks (needs uv)."""
    cut = time.strftime("%Y-%m-%dT00:00:00Z", time.gmtime(time.time() - 14 * 86400))
    common = ["uv", "pip", "compile", "pyproject.toml", "--universal", "--python-version", "3.11",
              "--generate-hashes", "--exclude-newer", cut, "--no-header", "--quiet", "--upgrade"]
    call(*common, "-o", RUN_LOCK)
    call(*common, "--extra", "dev", "-c", RUN_LOCK, "-o", DEV_LOCK)
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="dev.py", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for action, text in (
        (run, "start everything at http://127.0.0.1:8000 (PORT, HOST); Ctrl-C stops it"),
        (test, "every test; further words go to pytest"),
        (check, "lint, types, import contracts, budgets, docs"),
        (soak, "the long fault runs, by name"),
        (bench, "the benchmarks, by name, each beside its reference"),
        (lock, "make the lock files anew (needs uv)"),
    ):
        command = commands.add_parser(action.__name__, help=text)
        command.set_defaults(action=action)
    options, rest = parser.parse_known_args()
    keep_compiled()
    options.rest = rest
    return int(options.action(options))


if __name__ == "__main__":
    raise SystemExit(main())
