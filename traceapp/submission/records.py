"""The file of records for an authority: written row by row from one moment of the database."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, BinaryIO

from sqlalchemy.orm import Session

from traceapp.core.errors import InvalidInput
from traceapp.epcis import json_pieces
from traceapp.export.records import record_columns, record_notes, record_rows
from traceapp.export.spreadsheet import Counted, Written, told, write_table
from traceapp.trace.tracking_choice import TrackingChoice, lots_of_trace, nobody
from traceapp.trace.tracking_lines import tracking_events, tracking_lines

KIND = "tracking_records"
FORMS = ("xlsx", "csv", "epcis")
EPCIS_TYPE = "application/ld+json"


@dataclass(frozen=True, slots=True)
class AskedRecords:
    """What somebody asked for, as it can be kept: a lot stands for its genealogy, which is walked when the file is
    made. `direction` None: the lot alone."""

    lot_key: str | None = None
    direction: str | None = None
    by_time: bool = True
    since: datetime | None = None
    until: datetime | None = None
    product_id: str | None = None
    site_id: str | None = None
    with_others: bool = False

    def choice(self, session: Session) -> TrackingChoice:
        """The choice of events. Raises InvalidInput where neither lot nor period is given, NotFound for a lot that is
        not there."""
        if self.lot_key is None and self.since is None and self.until is None:
            raise InvalidInput("Choose a batch or a period.", place="lot")
        lots = None if self.lot_key is None else lots_of_trace(session, self.lot_key, self.direction,
                                                               by_time=self.by_time)
        return TrackingChoice(lots, self.since, self.until, self.product_id, self.site_id, self.with_others)

    def kept(self) -> dict[str, Any]:
        """As JSON keeps it."""
        return {name: value.isoformat() if isinstance(value, datetime) else value
                for name, value in asdict(self).items() if value is not None}

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> AskedRecords:
        """What `kept` said."""
        values: dict[str, Any] = {name: datetime.fromisoformat(value) if name in ("since", "until") else value
                                  for name, value in kept.items()}
        return cls(**values)


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
        return told(file, events.number, EPCIS_TYPE)
    rows = record_rows(tracking_lines(session, wanted.choice, wanted.seen), wanted.language)
    return write_table(file, wanted.form, record_columns(wanted.translate), rows,
                       (wanted.translate("Records"), wanted.at), record_notes(wanted.translate))
