"""What the nightly screen found, as staff and machines download it."""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from flask_babel import gettext, lazy_gettext

from traceapp.catalog.lookup import products_by_id
from traceapp.surveillance.screen_queries import ScreenFilter, screen_page
from traceapp.trace.lookup import lots_by_key

from .context import world
from .tables import Table, Titles, titled
from .words import own_name, term_names

_ = lazy_gettext
_BATCH = 1000
_NUMBERS = ("reports", "lot_reports", "term_reports", "expected", "ic", "ic025", "ebgm", "eb05", "prr", "ror")
_SCREEN: Titles = (
    ("product", _("Product")), ("lot", _("Batch")), ("term", _("What happened")), ("reports", _("Reports with both")),
    ("lot_reports", _("Reports of the batch")), ("term_reports", _("Reports of the term")),
    ("expected", _("Expected")), ("ic", _("IC")), ("ic025", _("IC025")), ("ebgm", _("EBGM")), ("eb05", _("EB05")),
    ("prr", _("PRR")), ("ror", _("ROR")), ("is_flagged", _("Stands out")), ("flagged_at", _("Since")))


def screen_table(wanted: ScreenFilter, filters: Mapping[str, object]) -> Table:
    """The pairs of a filter with every measure."""
    return Table("screen", gettext("Nightly screen"), titled(_SCREEN), _rows(wanted), filters)


def _rows(wanted: ScreenFilter) -> Iterator[dict[str, Any]]:
    after: str | None = None
    with world().database.snapshot() as db:
        while True:
            page = screen_page(db, replace(wanted, after=after, limit=_BATCH))
            lots = lots_by_key(db, (row.lot_key for row in page.rows))
            products = products_by_id(db, (row.product_id for row in page.rows))
            for row in page.rows:
                yield {"product": own_name(products.get(row.product_id)),
                       "lot": lots[row.lot_key].number if row.lot_key in lots else "",
                       "term": term_names([row.term])[0], **{name: getattr(row, name) for name in _NUMBERS},
                       "is_flagged": row.is_flagged, "flagged_at": row.flagged_at}
            after = page.next
            if after is None:
                return
