"""The line listing of adverse events as staff and regulators download it: the same file for the same filter."""
from __future__ import annotations

from collections.abc import Iterator, Mapping

from flask_babel import gettext as _

from traceapp.adverse_event.queries import AdverseEventFilter, adverse_event_lines
from traceapp.export.line_listing import listing_columns, listing_rows
from traceapp.export.spreadsheet import Record

from .context import world
from .i18n import language
from .oversight import bounded
from .tables import Table


def adverse_event_table(wanted: AdverseEventFilter, filters: Mapping[str, object]) -> Table:
    """The table of a filter, without anything about who a person is; `filters` is what its record will say."""
    return Table("adverse_events", _("Adverse events"), listing_columns(_), _rows(bounded(wanted), language()),
                 dict(filters) | {"language": language()})


def _rows(wanted: AdverseEventFilter, code: str) -> Iterator[Record]:
    """The rows from one moment of the database, however long the reading takes."""
    with world().database.snapshot() as db:
        yield from listing_rows(adverse_event_lines(db, wanted), code)
