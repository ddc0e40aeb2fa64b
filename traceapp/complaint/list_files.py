"""Files of code lists as their publishers hand them out, read into terms. Pure.

IMDRF annexes: a CSV table with `annex, code, term, path, selectable` (a column `status` may say Retired or Not
selectable, `zh` a Chinese name). FDA problem codes: `code|term`, one a line. MedDRA: the files of a release that the
subscriber holds (`llt.asc`, `pt.asc`, `hlt.asc`, `hlgt.asc`, `soc.asc`), cut at `$`, called as they are called there.
"""
from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from traceapp.core.errors import InvalidInput

from .list_model import CodeSystem, TermStatus

_MOST_BYTES = 60_000_000
_MOST_TERMS = 300_000
_LEVELS = ("llt", "pt", "hlt", "hlgt", "soc")
_CURRENT = 9  # column of llt.asc: Y or N, whether the term is still used
_ABOVE = {"llt": 2, "pt": 3}  # column of the code above it: that of its PT, that of its primary SOC
_NEEDED = ("annex", "code", "term", "selectable")
_CODE = re.compile(r"[A-Z0-9][A-Z0-9.\-]{0,19}", re.ASCII)
_NO = frozenset({"no", "n", "false", "0", "not selectable"})


@dataclass(frozen=True, slots=True)
class ListedTerm:
    """A term of a list. `parents`: the codes right above it, its home first; a list may show a term several times.
    `above`: the code above it in another level of MedDRA."""

    annex: str
    code: str
    name_en: str
    name_zh: str = ""
    parents: tuple[str, ...] = ()
    status: str = TermStatus.selectable
    above: str = ""


@dataclass(frozen=True, slots=True)
class ListFile:
    """What a file holds."""

    system: CodeSystem
    terms: tuple[ListedTerm, ...]


def folded(text: str) -> str:
    """A text as it is searched: without case and width."""
    return unicodedata.normalize("NFKC", text).lower()


def read_list(name: str, content: bytes, annex: str = "") -> ListFile:
    """The terms of a file; `name` tells the level of a MedDRA file, `annex` is given for FDA codes (device, patient).

    Raises InvalidInput that names the line.
    """
    if len(content) > _MOST_BYTES:
        raise InvalidInput("The file is larger than %(most)s MB.", code="file-too-large", place="file",
                           most=_MOST_BYTES // 1_000_000)
    text = _decoded(content)
    stem, _dot, ending = name.lower().rpartition("/")[2].rpartition(".")
    if ending == "asc":
        system, found = CodeSystem.meddra, _meddra(stem, text)
    elif "|" in text.partition("\n")[0]:
        system, found = CodeSystem.fda, _fda(text, annex)
    else:
        system, found = CodeSystem.imdrf, _imdrf(text)
    return ListFile(system, _checked(found))


def _decoded(content: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030", "latin-1"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise AssertionError("latin-1 reads any bytes")


def _line(number: int) -> str:
    return f"line {number}"


def _checked(terms: Iterable[tuple[int, ListedTerm]]) -> tuple[ListedTerm, ...]:
    seen: set[tuple[str, str]] = set()
    found: list[ListedTerm] = []
    for line, term in terms:
        if not _CODE.fullmatch(term.code):
            raise InvalidInput("“%(text)s” is not a code.", code="not-a-code", place=_line(line), text=term.code[:40])
        if not term.name_en or len(term.name_en) > 300 or len(term.name_zh) > 300:
            raise InvalidInput("A term needs a name of at most 300 letters.", code="bad-name", place=_line(line))
        if (term.annex, term.code) in seen:
            raise InvalidInput("The code %(term)s stands there twice.", code="code-twice", place=_line(line),
                               term=term.code)
        if len(found) >= _MOST_TERMS:
            raise InvalidInput("The list has more than %(most)s terms.", code="too-many-terms", place=_line(line),
                               most=_MOST_TERMS)
        seen.add((term.annex, term.code))
        found.append(term)
    if not found:
        raise InvalidInput("The file is empty.", code="empty-file", place="file")
    return tuple(found)


def _imdrf(text: str) -> Iterator[tuple[int, ListedTerm]]:
    """Each code once, whatever number of places it has in the tree; its name is the one that it has at home."""
    found: dict[tuple[str, str], tuple[int, ListedTerm]] = {}
    for line, term in _imdrf_lines(text):
        earlier = found.get((term.annex, term.code))
        if earlier is not None:
            first, other = (term, earlier[1]) if _is_home(term) and not _is_home(earlier[1]) else (earlier[1], term)
            term = replace(first, parents=tuple(dict.fromkeys((*first.parents, *other.parents))))
            line = earlier[0]
        found[term.annex, term.code] = (line, term)
    yield from found.values()


def _is_home(term: ListedTerm) -> bool:
    return not term.parents or term.code.startswith(term.parents[0])


def _imdrf_lines(text: str) -> Iterator[tuple[int, ListedTerm]]:
    rows = csv.DictReader(io.StringIO(text, newline=""))
    rows.fieldnames = [name.strip().lower() for name in rows.fieldnames or ()]
    missing = [name for name in _NEEDED if name not in (rows.fieldnames or ())]
    if missing:
        raise InvalidInput("These columns are missing: %(columns)s. A list of the IMDRF has annex, code, term, path "
                           "and selectable; one of the FDA is written code|term.", code="wrong-columns", place="line 1",
                           columns=", ".join(missing))
    try:
        for row in rows:
            cells = {key: (value or "").strip() for key, value in row.items() if isinstance(value, str | None)}
            annex = cells["annex"].upper()
            if annex not in tuple("ABCDEFG"):
                raise InvalidInput("“%(text)s” is not an annex from A to G.", code="not-an-annex",
                                   place=_line(rows.line_num), text=annex[:40])
            above = [code.strip() for code in cells.get("path", "").split("|")[:-1]]
            yield rows.line_num, ListedTerm(annex, cells["code"].upper(), cells["term"], cells.get("zh", ""),
                                            tuple(above[-1:]), _status(cells))
    except csv.Error as error:
        raise InvalidInput("The file breaks off here: it is no CSV.", code="not-a-table",
                           place=_line(rows.line_num)) from error


def _status(cells: dict[str, str]) -> str:
    said = cells.get("status", "").lower()
    if said == "retired":
        return TermStatus.retired
    is_closed = said == "not selectable" or cells["selectable"].lower() in _NO
    return TermStatus.not_selectable if is_closed else TermStatus.selectable


def _fda(text: str, annex: str) -> Iterator[tuple[int, ListedTerm]]:
    if annex not in ("device", "patient"):
        raise InvalidInput("Say whose problem these codes tell of: --annex device or --annex patient.",
                           code="annex-needed", place="annex")
    for number, line in enumerate(text.splitlines(), start=1):
        code, cut, name = line.partition("|")
        if not line.strip() or (number == 1 and code.strip().lower() == "code"):
            continue
        if not cut:
            raise InvalidInput("This line is not written as code|term.", code="not-a-term", place=_line(number))
        yield number, ListedTerm(annex, code.strip().upper(), name.strip())


def _meddra(level: str, text: str) -> Iterator[tuple[int, ListedTerm]]:
    if level not in _LEVELS:
        raise InvalidInput("This file of a MedDRA release is not read. Read are: %(files)s.", code="unknown-file",
                           place="file", files=", ".join(f"{name}.asc" for name in _LEVELS))
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        cells = line.split("$")
        if len(cells) < 2:
            raise InvalidInput("This line is not cut at $.", code="not-a-term", place=_line(number))
        is_retired = level == "llt" and len(cells) > _CURRENT and cells[_CURRENT].strip().upper() == "N"
        column = _ABOVE.get(level, len(cells))
        yield number, ListedTerm(level, cells[0].strip(), cells[1].strip(),
                                 above=cells[column].strip() if column < len(cells) else "",
                                 status=TermStatus.retired if is_retired else TermStatus.selectable)
