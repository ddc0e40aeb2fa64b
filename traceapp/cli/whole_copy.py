"""A consistent copy of rows and files, checked both when it is made and when it is read back."""
from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from sqlalchemy.orm import Session

from traceapp import models
from traceapp.audit.verify import verify
from traceapp.config import Settings
from traceapp.core.clock import SystemClock
from traceapp.core.errors import InvalidInput, Problem
from traceapp.db import Database
from traceapp.db.dump import dump_table, load_table, require_empty, table_names
from traceapp.db.migrate import heads, upgrade

assert models.metadata.tables  # imported so that every table is known
_FORMAT = 1
_MANIFEST = "manifest.json"
_MEMBER = re.compile(r"manifest\.json|tables/[a-z_]+\.jsonl|attachments/[0-9a-f]{2}/[0-9a-f]{64}")


class BackupBroken(Problem):
    """The copy is not whole, or the trail in it does not hold."""

    code = "backup-broken"


def write_backup(database: Database, settings: Settings, path: Path) -> dict[str, Any]:
    """Write the copy beside `path` first and rename it when it is whole. Raises BackupBroken when the trail is."""
    manifest: dict[str, Any] = {"format": _FORMAT, "schema": heads(database)[0], "files": {}, "rows": {},
                                "made_at": SystemClock().now().isoformat()}
    unfinished = path.with_name(path.name + ".unfinished")
    try:
        with database.snapshot() as session, tarfile.open(unfinished, "w:gz", compresslevel=3) as archive:
            verdict = verify(session, settings.secret_key or None)
            if verdict.broken:
                raise BackupBroken("The trail is broken at %(place)s; the copy was not made.", place=verdict.broken)
            for name in table_names():
                manifest["rows"][name] = _add_table(archive, manifest, session, name)
            _add_attachments(archive, manifest, settings.attachment_dir)
            body = json.dumps(manifest, indent=1).encode()
            _add_bytes(archive, _MANIFEST, io.BytesIO(body), len(body))
        with unfinished.open("rb+") as file:
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return {"ok": True, "file": str(path), "rows": sum(manifest["rows"].values()),
            "attachments": sum(name.startswith("attachments/") for name in manifest["files"]),
            "entries": verdict.entries, "bytes": path.stat().st_size}


def _add_table(archive: tarfile.TarFile, manifest: dict[str, Any], session: Session, name: str) -> int:
    count = 0
    with tempfile.TemporaryFile("w+b") as spool:
        for line in dump_table(session, name):
            spool.write(line.encode() + b"\n")
            count += 1
        size = spool.tell()
        spool.seek(0)
        manifest["files"][f"tables/{name}.jsonl"] = _digest(spool)
        spool.seek(0)
        _add_bytes(archive, f"tables/{name}.jsonl", spool, size)
    return count


def _add_attachments(archive: tarfile.TarFile, manifest: dict[str, Any], folder: Path) -> None:
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        name = f"attachments/{path.relative_to(folder).as_posix()}"
        if path.is_file() and _MEMBER.fullmatch(name):
            with path.open("rb") as file:
                manifest["files"][name] = _digest(file)
                file.seek(0)
                _add_bytes(archive, name, file, path.stat().st_size)


def _add_bytes(archive: tarfile.TarFile, name: str, content: IO[bytes], size: int) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o600
    archive.addfile(member, content)


def _digest(file: IO[bytes]) -> str:
    return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]


def read_backup(database: Database, settings: Settings, path: Path) -> dict[str, Any]:
    """Check every hash of the copy, fill the empty database in one transaction, verify the trail before it commits."""
    with tempfile.TemporaryDirectory(prefix="traceapp-restore-") as folder:
        manifest = _unpack(path, Path(folder))
        upgrade(database)
        if manifest["schema"] != heads(database)[0]:
            raise BackupBroken("The copy has schema %(found)s, this version has %(wanted)s. Restore it with the "
                               "version that made it, then upgrade.", found=manifest["schema"],
                               wanted=heads(database)[0])
        with database.write() as session:
            require_empty(session)
            for name in table_names():
                with (Path(folder) / "tables" / f"{name}.jsonl").open(encoding="utf-8") as lines:
                    loaded = load_table(session, name, lines)
                if loaded != manifest["rows"][name]:
                    raise BackupBroken("%(table)s has %(found)s rows, not %(wanted)s.", table=name, found=loaded,
                                       wanted=manifest["rows"][name])
            session.flush()
            verdict = verify(session, settings.secret_key or None)
            if verdict.broken:
                raise BackupBroken("The trail in the copy is broken at %(place)s. Nothing was restored.",
                                   place=verdict.broken)
            files = _put_attachments(Path(folder) / "attachments", settings.attachment_dir)
    return {"ok": True, "rows": sum(manifest["rows"].values()), "attachments": files, "entries": verdict.entries,
            "streams": verdict.streams}


def _unpack(path: Path, folder: Path) -> dict[str, Any]:
    try:
        with tarfile.open(path, "r:gz") as archive:
            _extract(archive, folder)
        manifest: dict[str, Any] = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
    except (tarfile.TarError, OSError, EOFError, ValueError) as error:
        raise BackupBroken("%(file)s is not a whole backup (%(error)s).", file=path,
                           error=type(error).__name__) from error
    if manifest.get("format") != _FORMAT:
        raise InvalidInput("This backup has format %(found)s; this version reads %(wanted)s.",
                           found=manifest.get("format"), wanted=_FORMAT)
    for name, digest in manifest["files"].items():
        with _opened(folder / name) as file:
            if _digest(file) != digest:
                raise BackupBroken("%(name)s in the backup was changed. Nothing was restored.", name=name)
    return manifest


def _extract(archive: tarfile.TarFile, folder: Path) -> None:
    """Write out the members that a backup of ours has, plain files by name; anything else is refused."""
    for member in archive:
        content = archive.extractfile(member) if member.isfile() and _MEMBER.fullmatch(member.name) else None
        if content is None:
            raise BackupBroken("The backup holds something that we never put there: %(name)s.", name=member.name[:200])
        target = folder / member.name
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as file:
            shutil.copyfileobj(content, file)


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    try:
        file = path.open("rb")
    except OSError as error:
        raise BackupBroken("%(name)s is missing in the backup.", name=path.name) from error
    with file:
        yield file


def _put_attachments(source: Path, target: Path) -> int:
    count = 0
    for path in sorted(source.rglob("*")) if source.is_dir() else ():
        if path.is_file():
            place = target / path.relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(path.read_bytes())
            count += 1
    print(f"restored {count} files to {target}", file=sys.stderr)
    return count
