"""The uploaded tables on disk, each under the id of its import, until a month after its end."""
from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from traceapp.core.errors import InvalidInput, NotFound, TooLarge

LIMIT_BYTES = 50_000_000
_ID = re.compile(r"[0-9a-f]{32}")
_BLOCK = 1 << 20


class Readable(Protocol):
    """What gives its bytes block by block."""

    def read(self, size: int = -1, /) -> bytes:
        """The next block, empty at the end."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A file that is on disk."""

    import_id: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class ImportStore:
    """A folder; `limit_bytes` is the largest table that the pages and the interface take."""

    directory: Path
    limit_bytes: int = LIMIT_BYTES

    def path_of(self, import_id: str) -> Path:
        """Where the table of this import is. Raises NotFound for what is no id of an import."""
        if not _ID.fullmatch(import_id):
            raise NotFound("There is no such import.", code="unknown-import", place="import_id")
        return self.directory / import_id

    def keep(self, import_id: str, content: Readable, limit_bytes: int | None = None) -> Kept:
        """Copy what was sent block by block, durable before this returns. Raises TooLarge beyond the limit (by
        default ours), InvalidInput for nothing."""
        most = self.limit_bytes if limit_bytes is None else limit_bytes
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self.path_of(import_id)
        part = path.with_name(f"{path.name}.part")
        digest, size = hashlib.sha256(), 0
        try:
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                while block := content.read(_BLOCK):
                    size += len(block)
                    if size > most:
                        raise TooLarge("The file is larger than %(most)s MB. Split it.", code="file-too-large",
                                       place="file", most=most // 1_000_000)
                    digest.update(block)
                    file.write(block)
                file.flush()
                os.fsync(file.fileno())
            if not size:
                raise InvalidInput("The file is empty.", code="empty-file", place="file")
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
        return Kept(import_id, digest.hexdigest(), size)

    def open(self, import_id: str) -> BinaryIO:
        """The table for reading. Raises NotFound when it is not here any more."""
        try:
            return self.path_of(import_id).open("rb")
        except FileNotFoundError:
            raise NotFound("The file of this import is not here any more. Upload it once more.", code="no-import-file",
                           place="import_id") from None

    def remove(self, import_id: str) -> None:
        """Take the table out, when it is there."""
        self.path_of(import_id).unlink(missing_ok=True)
