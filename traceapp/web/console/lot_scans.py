"""The part of a lot's page about scans: by day, and what stands out."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from flask_babel import gettext, lazy_gettext
from sqlalchemy.orm import Session

from traceapp.code.scan_queries import LotScans, lot_scans, standing_out
from traceapp.core.places import region
from traceapp.export.spreadsheet import Record
from traceapp.web.tables import Titles
from traceapp.web.ui import charts, current_locale, display
from traceapp.web.words import joined_words

from .layout import today
from .listing import export_links
from .signal_pictures import Picture
from .words import DOUBTS, word

SHOWN_DAYS = 30
_ = lazy_gettext
TITLES: Titles = (
    ("serial", _("Serial number")), ("reason", _("Why it stands out")), ("scans", _("Scans")),
    ("first_at", _("First")), ("last_at", _("Last")), ("networks", _("Networks")), ("regions", _("Regions")))


def scans_part(session: Session, lot_key: str) -> dict[str, Any]:
    """What the page shows."""
    last = today()
    scans = lot_scans(session, lot_key, tuple(last - timedelta(days=back) for back in reversed(range(SHOWN_DAYS))))
    return {"scans": scans, "regions_named": _regions_named, "picture": _picture(scans),
            "exports": export_links("console.lot_scans_export", {"lot_key": lot_key})}


def _regions_named(regions: Sequence[str]) -> str:
    return joined_words([region(code, current_locale()) for code in regions])


def _picture(scans: LotScans) -> Picture | None:
    """The days as bars; None when there was no scan on any of them."""
    if not any(count for _day, count in scans.days):
        return None
    words = charts.CasesWords(gettext("Scans by day"), gettext("Scans"), "")
    drawing = charts.epidemic_curve(
        charts.Cases([f"{day:%m-%d}" for day, _count in scans.days], [count for _day, count in scans.days]), words)
    rows = [{"cells": {"day": display.day(day, current_locale()), "scans": display.number(count, current_locale())}}
            for day, count in scans.days if count]
    return Picture(drawing, rows)


def scan_records(session: Session, lot_key: str) -> Iterator[Record]:
    """The rows of the file of what stands out."""
    for one in standing_out(session, lot_key):
        doubt = one.doubt
        yield {"serial": doubt.serial, "reason": word(DOUBTS, doubt.reason), "scans": doubt.scans,
               "first_at": doubt.first_at, "last_at": doubt.last_at, "networks": one.networks,
               "regions": _regions_named(one.regions)}
