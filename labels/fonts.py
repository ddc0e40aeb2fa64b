"""Which fonts a label is set in, and how to get one for Chinese.

Latin text needs nothing: the Bitstream Vera faces come with reportlab. Chinese needs a TrueType font of the system,
because only TrueType outlines can be embedded in a PDF as a subset and drawn in a PNG alike.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import reportlab

from labels.errors import Phrase

DEBIAN_PACKAGE = "fonts-wqy-microhei"

# Best first: regular faces that have Chinese and Latin of one design come before those of one style only.
KNOWN_FILES = (
    "wqy-microhei.ttc",
    "NotoSansSC-Regular.ttf",
    "NotoSansCJKsc-Regular.ttf",
    "msyh.ttc",
    "simhei.ttf",
    "DroidSansFallbackFull.ttf",
    "DroidSansFallback.ttf",
    "wqy-zenhei.ttc",
    "Arial Unicode.ttf",
    "simsun.ttc",
    "uming.ttc",
)

_TRUETYPE = (b"\x00\x01\x00\x00", b"true")


@dataclass(frozen=True)
class FontFound:
    """A TrueType font of the system that has Chinese; `index` is its place in a collection file, 0 for a plain one."""

    path: Path
    index: int = 0


@dataclass(frozen=True)
class FontSet:
    """What a label is set in: the Latin faces, and the Chinese one when there is one."""

    regular: Path
    bold: Path
    cjk: FontFound | None


def find_cjk(
    directories: Iterable[Path] | None = None, listing: Callable[[], Iterable[tuple[Path, int]]] | None = None
) -> FontFound | None:
    """The best Chinese TrueType font of this machine, or None.

    Looks for known files in the system's font directories first, then asks fontconfig (`listing`) when it is there.
    """
    known: dict[str, Path] = {}
    for directory in system_directories() if directories is None else directories:
        for path in _files(directory):
            known.setdefault(path.name.lower(), path)
    wanted = [known[name.lower()] for name in KNOWN_FILES if name.lower() in known]
    for path in wanted:
        if is_truetype(path, 0):
            return FontFound(path, 0)
    for path, index in (fontconfig_listing if listing is None else listing)():
        if is_truetype(path, index):
            return FontFound(path, index)
    return None


def advice() -> Phrase:
    """What to do when there is no Chinese font, in one sentence a person can follow."""
    return Phrase(
        "To print Chinese text, install a TrueType Chinese font, on Debian with "
        "'apt-get install %(package)s', and start the service again.",
        package=DEBIAN_PACKAGE,
    )


@lru_cache(maxsize=1)
def default() -> FontSet:
    """The fonts of this machine, looked up once a process."""
    return latin_with(find_cjk())


def latin_with(cjk: FontFound | None) -> FontSet:
    """The Latin faces that come along, with this Chinese font or none."""
    home = Path(reportlab.__file__).parent / "fonts"
    return FontSet(home / "Vera.ttf", home / "VeraBd.ttf", cjk)


def system_directories() -> tuple[Path, ...]:
    """Where this system keeps its fonts."""
    home = Path.home()
    if sys.platform == "win32":
        return (Path(os.environ.get("WINDIR", "C:/Windows")) / "Fonts",)
    if sys.platform == "darwin":
        return (Path("/System/Library/Fonts"), Path("/Library/Fonts"), home / "Library/Fonts")
    return (
        Path("/usr/share/fonts"),
        Path("/usr/local/share/fonts"),
        home / ".local/share/fonts",
        home / ".fonts",
    )


def fontconfig_listing() -> Iterator[tuple[Path, int]]:
    """Fonts for simplified Chinese that fontconfig knows; none where it is not installed or does not answer."""
    program = shutil.which("fc-list")
    if program is None:
        return
    try:
        answer = subprocess.run(  # noqa: S603 - a fixed command, found on the path, without a shell
            [program, "--format", "%{file}\t%{index}\n", ":lang=zh-cn"],
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return
    for row in sorted(answer.splitlines()):
        name, _, index = row.partition("\t")
        # The upper half of fontconfig's index numbers a variable font's instances.
        if name and index.isdigit():
            yield Path(name), int(index) & 0xFFFF


def is_truetype(path: Path, index: int) -> bool:
    """Whether the file holds TrueType outlines at this index (and not PostScript ones, which cannot be embedded)."""
    try:
        with path.open("rb") as file:
            head = file.read(12)
            if head[:4] == b"ttcf":
                if not 0 <= index < int.from_bytes(head[8:12], "big"):
                    return False
                file.seek(12 + 4 * index)
                file.seek(int.from_bytes(file.read(4), "big"))
                head = file.read(4)
            elif index:
                return False
            return head[:4] in _TRUETYPE
    except OSError:
        return False


def _files(directory: Path) -> Iterator[Path]:
    for folder, _, names in os.walk(directory):
        for name in sorted(names):
            yield Path(folder) / name
