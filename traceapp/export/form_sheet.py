"""A form as it is filled: groups of fields with their words, boxes and tables, before any file format. Pure."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

TICKED, OPEN = "☑", "☐"
# A sheet is twelve columns wide; the title of a field takes two of them.
COLUMNS, TITLE_COLUMNS = 12, 2


@dataclass(frozen=True, slots=True)
class Cell:
    """A field: `text`, or `choices` with whether each is ticked. `width` in columns, its title included; `key` is its
    stable name in data, empty for one that has none."""

    number: str
    title: str
    text: str = ""
    choices: tuple[tuple[str, bool], ...] = ()
    width: int = COLUMNS
    key: str = ""

    @property
    def words(self) -> str:
        """What stands in it as one text; an option begins with its box and a space that does not break."""
        return self.text or "  ".join(f"{TICKED if held else OPEN}\u00a0{name}" for name, held in self.choices)

    @property
    def label(self) -> str:
        """The number and the title."""
        return f"{self.number} {self.title}" if self.number else self.title


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under heads; `widths` in columns of the sheet. The first `texts` columns are words, the others numbers."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[int, ...]
    texts: int = 1


@dataclass(frozen=True, slots=True)
class Group:
    """Fields under one head, in the order of the form, and perhaps a table after them."""

    title: str
    cells: tuple[Cell, ...]
    table: Table | None = None
    level: int = 1

    def rows(self) -> list[tuple[Cell, ...]]:
        """The fields in rows of at most twelve columns."""
        found: list[tuple[Cell, ...]] = []
        row: list[Cell] = []
        for cell in self.cells:
            if row and sum(one.width for one in row) + cell.width > COLUMNS:
                found.append(tuple(row))
                row = []
            row.append(cell)
        return [*found, tuple(row)] if row else found


@dataclass(frozen=True, slots=True)
class Words:
    """What a sheet says by itself, in its language; `page` has the places `page` and `pages`."""

    page: str
    continued: str
    code: str
    masked: str


WORDS = {"zh": Words("第 %(page)s 页，共 %(pages)s 页", "（续）", "报告编码：", "已隐去个人信息"),
         "en": Words("Page %(page)s of %(pages)s", " (continued)", "Report: ", "Personal details masked")}


@dataclass(frozen=True, slots=True)
class FilledForm:
    """`code` is the number that the report is known by, `at` when it was made; `note` stands small under the title."""

    title: str
    code: str
    at: datetime
    groups: Sequence[Group]
    language: str = "zh"
    note: str = ""
    is_masked: bool = False
    words: Words = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "words", WORDS[self.language])
