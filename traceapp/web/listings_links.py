"""Links of codes as staff and machines download them."""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from flask_babel import gettext, lazy_gettext

from traceapp.code.link_queries import LinkFilter, link_page
from traceapp.code.link_types import PREFIX
from traceapp.export.spreadsheet import Record

from .context import world
from .tables import Table, Titles, titled

_ = lazy_gettext
_BATCH = 500
_LINKS: Titles = (
    ("anchor", _("Code")), ("link_type", _("Kind of link")), ("title", _("Title")), ("href", _("Address")),
    ("media_type", _("Media type")), ("languages", _("Languages")), ("contexts", _("Contexts")),
    ("default_use", _("Default link")), ("created_at", _("Added")), ("withdrawn_at", _("Withdrawn")),
    ("withdrawal_reason", _("Reason")))


def links_table(wanted: LinkFilter, filters: Mapping[str, object]) -> Table:
    """The links of a filter; `filters` is what the record of the file will say."""
    return Table("links", gettext("Links"), titled(_LINKS), _links(wanted), filters)


def _links(wanted: LinkFilter) -> Iterator[Record]:
    after = None
    with world().database.snapshot() as session:
        while True:
            found = link_page(session, replace(wanted, after=after, limit=_BATCH))
            for link in found.rows:
                yield {"anchor": link.anchor, "link_type": PREFIX + link.link_type, "title": link.title,
                       "href": link.href, "media_type": link.media_type, "languages": link.languages,
                       "contexts": link.contexts, "default_use": link.default_use, "created_at": link.created_at,
                       "withdrawn_at": link.withdrawn_at, "withdrawal_reason": link.withdrawal_reason}
            after = found.next
            if after is None:
                return
