"""A table as acts: rows read one at a time, those of one act together, every cell that cannot be read named."""
from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from traceapp.core.errors import InvalidInput, Problem
from traceapp.tables.heads import guess_heads
from traceapp.tables.reading import Row

from .desk import Line
from .fields import read_values
from .kinds import Kind

_VALUE_SHOWN = 200
_ROW_AND_PLACE = re.compile(r"(?:inputs/|lines/|results/)?(\d+)(?:/(.*))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a field of a row; an empty field: with the row as a whole. `value` is what stands there."""

    row: int
    field: str
    problem: Problem
    value: str = ""


@dataclass(slots=True)
class Act:
    """Rows that are taken in together or not at all, as they stand there and as they were read."""

    rows: list[Row] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    @property
    def last_row(self) -> int:
        return self.rows[-1].number


def head_among(rows: Sequence[Row], known: Mapping[str, str]) -> Row:
    """The row of titles among the first ones of a table, above which a name or a date may stand: the one with most
    titles that are known, the first where none has two. Raises InvalidInput when there is no row."""
    if not rows:
        raise InvalidInput("The file is empty.", code="empty-file", place="file")
    found = max(rows, key=lambda row: len(guess_heads(row.cells, known).places))
    return found if len(guess_heads(found.cells, known).places) > 1 else rows[0]


def acts_of(rows: Iterator[Row], kind: Kind, places: Mapping[str, int], zone: ZoneInfo, *,
            after: int = 0) -> Iterator[Act]:
    """The acts of the rows below row `after`."""
    columns = [places[name] for name in kind.group if name in places]
    act: Act | None = None
    present: tuple[str, ...] = ()
    for row in rows:
        if row.number <= after or row.is_empty:
            continue
        key = tuple(row.cells[place] if place < len(row.cells) else "" for place in columns)
        if act is not None and (not columns or key != present or len(act.rows) == kind.most_together):
            yield act
            act = None
        if act is None:
            act, present = Act(), key
        _read(act, row, kind, places, zone)
    if act is not None:
        yield act


def _read(act: Act, row: Row, kind: Kind, places: Mapping[str, int], zone: ZoneInfo) -> None:
    values, wrong = read_values(kind.name, row.cells, places, zone)
    act.rows.append(row)
    act.lines.append(Line(row.number, values))
    act.faults.extend(Fault(row.number, name, problem, text[:_VALUE_SHOWN]) for name, problem, text in wrong)


def fault_of(act: Act, kind: Kind, problem: Problem, places: Mapping[str, int]) -> Fault:
    """Which cell the refusal of a use case is about: row and field out of its place, the first row where it does not
    say."""
    place = problem.place or ""
    index = 0
    match = _ROW_AND_PLACE.fullmatch(place)
    if match is not None and int(match[1]) < len(act.rows):
        index, place = int(match[1]), match[2] or kind.places.get("#", "")
    name = kind.places.get(place, place)
    if name not in {one.name for one in kind.fields}:
        name = ""
    row = act.rows[index]
    return Fault(row.number, name, problem, _cell(row, places.get(name)))


def _cell(row: Row, place: int | None) -> str:
    return row.cells[place][:_VALUE_SHOWN] if place is not None and place < len(row.cells) else ""


def texts(problem: Problem) -> dict[str, str]:
    """The values of a message, as they are kept beside it."""
    return {name: str(value)[:_VALUE_SHOWN] for name, value in problem.params.items()}
