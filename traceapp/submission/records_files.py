"""Files of records on disk: under a temporary name until they are whole."""
from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from traceapp.core.errors import NotFound

_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class RecordsStore:
    """A folder; a file that is whole bears the id of its job, one that is being written has `.part` at its end."""

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

    def keep(self, part: Path, job_id: str) -> None:
        """The file is whole: give it its name."""
        part.replace(self.path_of(job_id))
        folder = os.open(self.directory, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def remove(self, job_id: str) -> None:
        """Take the file out, when it is there."""
        self.path_of(job_id).unlink(missing_ok=True)
