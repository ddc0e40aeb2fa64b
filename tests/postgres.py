"""A real PostgreSQL for the tests: started from the binaries on the machine, in a folder of its own, gone afterwards."""
from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# What the README recommends for a plant: a quarter of the machine's memory, and so on.
_QUARTER = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 4 // 2 ** 20
RECOMMENDED = {"shared_buffers": f"{_QUARTER}MB", "wal_compression": "lz4", "min_wal_size": "1GB", "max_wal_size": "4GB",
               "checkpoint_timeout": "15min"}
WAY_TO_GET_IT = "no PostgreSQL server here: apt-get install postgresql, or set TRACEAPP_TEST_PG_URL"


def binaries() -> Path | None:
    """Where initdb and pg_ctl are, the newest first."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    initdb = shutil.which("initdb")
    return Path(initdb).resolve().parent if initdb else None


def _plain_user() -> str | None:
    """PostgreSQL refuses to run as root: then as `postgres`, else `nobody`."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


@contextmanager
def server(*, is_durable: bool = False) -> Iterator[str]:
    """The URL of a running server (database `postgres`); stopped and removed at the end. It does not wait for the disk
    unless it is to be as durable as a plant's, and then is set as we recommend."""
    given = os.environ.get("TRACEAPP_TEST_PG_URL")
    if given:
        yield given
        return
    where = binaries()
    if where is None:
        raise LookupError(WAY_TO_GET_IT)
    user = _plain_user()
    folder = Path(tempfile.mkdtemp(prefix="traceapp-pg-"))
    options = {"user": user, "cwd": "/", "env": {"LC_ALL": "C.UTF-8", "PATH": os.environ.get("PATH", "")}}
    if user:
        shutil.chown(folder, user)
    folder.chmod(0o755)
    data = folder / "data"
    quiet = {"check": True, "stdout": subprocess.DEVNULL, **options}
    try:
        subprocess.run([str(where / "initdb"), "-D", str(data), "-U", "tester", "--auth=trust", "--no-sync",
                        "--encoding=UTF8", "--locale=C.UTF-8"], **quiet)
        settings = f"-c unix_socket_directories={folder} -c listen_addresses='' -c max_connections=60"
        chosen = RECOMMENDED if is_durable else dict.fromkeys(("fsync", "synchronous_commit", "full_page_writes"), "off")
        settings += "".join(f" -c {name}={value}" for name, value in chosen.items())
        subprocess.run([str(where / "pg_ctl"), "-D", str(data), "-w", "-l", str(folder / "log"), "-o", settings,
                        "start"], **quiet)
        try:
            yield f"postgresql+psycopg://tester@/postgres?host={folder}"
        finally:
            subprocess.run([str(where / "pg_ctl"), "-D", str(data), "-m", "immediate", "-w", "stop"], **quiet)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
