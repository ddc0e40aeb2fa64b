"""Members of an archive that is the same for the same files: without times and owners."""
from __future__ import annotations

import zipfile

_MOMENT = (1980, 1, 1, 0, 0, 0)


def member(name: str, compression: int = zipfile.ZIP_STORED) -> zipfile.ZipInfo:
    """A member of this name, readable by everybody."""
    entry = zipfile.ZipInfo(name, _MOMENT)
    entry.external_attr, entry.create_system, entry.compress_type = 0o644 << 16, 3, compression
    return entry
