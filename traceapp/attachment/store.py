"""Files on disk under the hash of their content."""
from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from traceapp.core.errors import NotFound, TooLarge

_NAME = re.compile(r"[0-9a-f]{64}")
_STAGING = "staged"
LIMIT_BYTES = 10_000_000


def hash_of(data: bytes) -> str:
    """The name under which these bytes are kept."""
    return hashlib.sha256(data).hexdigest()


@dataclass(frozen=True, slots=True)
class StagedFile:
    """A file that is whole on disk and has no name in the store yet."""

    path: Path
    sha256: str
    size_bytes: int


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
        if not self._has(sha256, len(data)):
            self.take_in(self.stage("put", lambda file: file.write(data)))
        return sha256

    def _has(self, sha256: str, size_bytes: int) -> bool:
        path = self.path_of(sha256)
        return path.is_file() and path.stat().st_size == size_bytes

    def stage(self, owner: str, write: Callable[[BinaryIO], object]) -> StagedFile:
        """What `write` puts into an empty file, durable but without a name in the store; the memory holds none of it,
        however large it is. What `owner` staged and nobody took in is removed by `forget_staged`."""
        folder = self.directory / _STAGING
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, name = tempfile.mkstemp(dir=folder, prefix=f"{owner}.")
        try:
            with os.fdopen(descriptor, "w+b") as file:
                write(file)
                file.flush()
                os.fsync(file.fileno())
                size = file.seek(0, os.SEEK_END)
                file.seek(0)
                return StagedFile(Path(name), hashlib.file_digest(file, "sha256").hexdigest(), size)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def take_in(self, staged: StagedFile) -> None:
        """Give a staged file its name, durable before this returns. The same bytes are kept once."""
        if self._has(staged.sha256, staged.size_bytes):
            staged.path.unlink(missing_ok=True)
            return
        path = self.path_of(staged.sha256)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        staged.path.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def forget_staged(self, owner: str) -> None:
        """Remove what `owner` staged and nobody took in."""
        for left in (self.directory / _STAGING).glob(f"{owner}.*"):
            left.unlink(missing_ok=True)

    def remove(self, sha256: str) -> None:
        """Take the file out, when it is there."""
        self.path_of(sha256).unlink(missing_ok=True)


def open_file(store: FileStore, sha256: str) -> BinaryIO:
    """The file, opened for reading. Raises NotFound when it is not in the store."""
    try:
        return store.path_of(sha256).open("rb")
    except FileNotFoundError:
        raise NotFound("The file %(sha256)s is missing in the store.", code="no-file", sha256=sha256) from None
