"""Tables that go out: an empty one to fill in, and the faulty rows with what is wrong in them."""
from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from sqlalchemy.orm import Session

from traceapp.export.spreadsheet import Column, Record
from traceapp.tables.cells import column_letter
from traceapp.tables.reading import open_rows

from .files import ImportStore
from .kinds import Kind
from .model import ImportFault, ImportJob
from .orders import LIMITS, faults_of
from .work import MOST_FAULTS


def template_columns(kind: Kind, language: str) -> list[Column]:
    """The columns of an empty table; those with an asterisk must be filled in."""
    return [Column(field.name, (field.zh if language == "zh" else field.en) + ("*" if field.is_required else ""))
            for field in kind.fields]


def template_rows(kind: Kind) -> list[Record]:
    """One row that shows how the cells are written."""
    return [{field.name: field.example for field in kind.fields}]


def fault_columns(job: ImportJob, titles: Sequence[str]) -> list[Column]:
    """The columns of the list of faults: three of ours under `titles` (row, column, what is wrong), then those of the
    file."""
    ours = [Column(key, title) for key, title in zip(("row", "column", "wrong"), titles, strict=True)]
    return ours + [Column(f"cell{place}", title) for place, title in enumerate(job.head)]


def fault_rows(session: Session, store: ImportStore, job: ImportJob,
               text_of: Callable[[ImportFault], str]) -> Iterator[Record]:
    """Each fault with the whole row that it is in, in the order of the file. Raises NotFound when the file is gone."""
    by_row: dict[int, list[ImportFault]] = {}
    for fault in faults_of(session, job.id, limit=MOST_FAULTS):
        by_row.setdefault(fault.row, []).append(fault)
    with store.open(job.id) as file, open_rows(file, LIMITS) as rows:
        for row in rows:
            for fault in by_row.pop(row.number, ()):
                record: dict[str, str | int] = {"row": fault.row, "column": named_column(job, fault),
                                                "wrong": text_of(fault)}
                record |= {f"cell{place}": cell for place, cell in enumerate(row.cells)}
                yield record
            if not by_row:
                return


def named_column(job: ImportJob, fault: ImportFault) -> str:
    """The column of a fault as a spreadsheet program and the file name it; empty for the row as a whole."""
    if fault.place is None or fault.place >= len(job.head):
        return ""
    return f"{column_letter(fault.place)} {job.head[fault.place]}".strip()
