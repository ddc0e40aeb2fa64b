"""The file of records for an authority: written row by row from one moment of the database."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from sqlalchemy.orm import Session

from traceapp.core.errors import InvalidInput
from traceapp.epcis import json_pieces
from traceapp.export.records import record_columns, record_notes, record_rows
from traceapp.export.spreadsheet import Counted, Written, told, write_table
from traceapp.trace.tracking_choice import TrackingChoice, nobody
from traceapp.trace.tracking_lines import tracking_events, tracking_lines

KIND = "tracking_records"
FORMS = ("xlsx", "csv", "epcis")
_EPCIS_TYPE = "application/ld+json"


@dataclass(frozen=True, slots=True)
class RecordsFile:
    """`translate` gives the titles in `language`; `at` is the time of the export; `seen` is told of progress."""

    choice: TrackingChoice
    form: str
    at: datetime
    language: str = "en"
    translate: Callable[[str], str] = str
    seen: Callable[[int], None] = nobody


def write_records(session: Session, file: BinaryIO, wanted: RecordsFile) -> Written:
    """Write the records into an empty file. Rows are items of events; in the form `epcis` they are the events. Raises
    InvalidInput for another form, NotFound for a product or site that is not there."""
    if wanted.form not in FORMS:
        raise InvalidInput("“%(form)s” is not one of: %(known)s.", code="unknown-format", place="format",
                           form=wanted.form[:20], known=", ".join(FORMS))
    if wanted.form == "epcis":
        events = Counted(tracking_events(session, wanted.choice, wanted.seen))
        for piece in json_pieces(events, wanted.at):
            file.write(piece.encode("utf-8", "replace"))
        return told(file, events.number, _EPCIS_TYPE)
    rows = record_rows(tracking_lines(session, wanted.choice, wanted.seen), wanted.language)
    return write_table(file, wanted.form, record_columns(wanted.translate), rows,
                       (wanted.translate("Records"), wanted.at), record_notes(wanted.translate))
