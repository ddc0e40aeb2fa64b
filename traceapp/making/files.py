"""Files that jobs make, on disk: under a temporary name until they are whole."""
from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from traceapp.core.errors import Conflict, NotFound

# What a file leaves free on the disk, on which the database may be too.
SPARED_BYTES = 1_000_000_000
_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class MadeFiles:
    """A folder; a file that is whole bears the id of its job, one that is being made has `.part` at its end."""

    directory: Path

    def path_of(self, job_id: str) -> Path:
        """Where the file of this job is. Raises NotFound for what is no id of a job."""
        if not _ID.fullmatch(job_id):
            raise NotFound("There is no such file.", code="unknown-file", place="job_id")
        return self.directory / job_id

    def begin(self, job_id: str, holder: str) -> Path:
        """Where the holder writes; what earlier holders of the job left is removed."""
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self.path_of(job_id)
        for left in self.directory.glob(f"{path.name}.*.part"):
            left.unlink(missing_ok=True)
        return path.with_name(f"{path.name}.{holder}.part")

    def refuse_full_disk(self) -> None:
        """Nothing while others have room beside these files. Raises Conflict."""
        if shutil.disk_usage(self.directory).free < SPARED_BYTES:
            raise Conflict("The disk is nearly full. Ask for less at a time (labels as ZPL or PDF), or make room.",
                           code="disk-full")

    def keep(self, part: Path, job_id: str) -> None:
        """The file is whole: give it its name. Its bytes are on disk already."""
        part.replace(self.path_of(job_id))
        folder = os.open(self.directory, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def open(self, job_id: str) -> BinaryIO:
        """The file for reading. Raises NotFound."""
        try:
            return self.path_of(job_id).open("rb")
        except FileNotFoundError:
            raise NotFound("This file is not here any more. Have it made anew.", code="no-made-file",
                           place="job_id") from None

    def remove(self, job_id: str) -> None:
        """Take the file out, when it is there."""
        self.path_of(job_id).unlink(missing_ok=True)
