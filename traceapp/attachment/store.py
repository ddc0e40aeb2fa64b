"""Files on disk under the hash of their content."""
from __future__ import annotations

import hashlib
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from traceapp.core.errors import NotFound, TooLarge

_NAME = re.compile(r"[0-9a-f]{64}")
LIMIT_BYTES = 10_000_000


def hash_of(data: bytes) -> str:
    """The name under which these bytes are kept."""
    return hashlib.sha256(data).hexdigest()


@dataclass(frozen=True, slots=True)
class FileStore:
    """A folder; `limit_bytes` is the largest file that is taken in."""

    directory: Path
    limit_bytes: int = LIMIT_BYTES

    def path_of(self, sha256: str) -> Path:
        """Where the file with this hash is. Raises NotFound for what is no hash."""
        if not _NAME.fullmatch(sha256):
            raise NotFound("There is no such file.", code="no-file")
        return self.directory / sha256[:2] / sha256

    def read_all(self, content: bytes | BinaryIO, place: str = "file") -> bytes:
        """What was sent, up to the limit. Raises TooLarge as soon as there is more."""
        data = content if isinstance(content, bytes) else content.read(self.limit_bytes + 1)
        if len(data) > self.limit_bytes:
            raise TooLarge("The file is larger than %(limit)d MB. Nothing was kept; send a smaller one.",
                           code="file-too-large", place=place, limit=self.limit_bytes // 1_000_000)
        return data

    def put(self, data: bytes) -> str:
        """Keep the bytes, durable before this returns; answers their hash. The same bytes are kept once."""
        sha256 = hash_of(data)
        path = self.path_of(sha256)
        if path.is_file() and path.stat().st_size == len(data):
            return sha256
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return sha256

    def remove(self, sha256: str) -> None:
        """Take the file out, when it is there."""
        self.path_of(sha256).unlink(missing_ok=True)


def open_file(store: FileStore, sha256: str) -> BinaryIO:
    """The file, opened for reading. Raises NotFound when it is not in the store."""
    try:
        return store.path_of(sha256).open("rb")
    except FileNotFoundError:
        raise NotFound("The file %(sha256)s is missing in the store.", code="no-file", sha256=sha256) from None
