"""What is missing in the records of lots, each with the form that closes it by a new event."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask import request, url_for
from flask_babel import lazy_gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.catalog.lookup import products_by_id
from traceapp.core.errors import Problem
from traceapp.trace.finding import key_of_text
from traceapp.trace.gaps import Gap, GapFilter, GapKind, GapPage, Repair, gap_page, gaps_of
from traceapp.trace.reach import lots_around
from traceapp.web.auth import may
from traceapp.web.context import world
from traceapp.web.problems import translated

from .layout import blueprint, page
from .listing import PAGE_ROWS, address, choice, wished
from .words import named, options, word

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {"console.gaps": "trace.read"}

_ = lazy_gettext
KINDS: dict[str, Any] = {
    GapKind.more_out_than_in: _("More used and shipped than made"),
    GapKind.unknown_input: _("Used, but of unknown origin"),
    GapKind.no_receipt: _("Passed on, but never received"),
    GapKind.no_inspection: _("Used or shipped without inspection"),
    GapKind.unaccounted: _("Used, but not known for what"),
    GapKind.no_quantity: _("Used, but not known how much")}
REPAIRS: dict[str, Any] = {Repair.receive: _("Record the receipt"), Repair.inspect: _("Record the inspection"),
                           Repair.correct: _("Look at the events")}

_ASK = _("See the events, and ask their sender")


@dataclass(frozen=True, slots=True)
class ShownGap:
    """A gap in the reader's words; `url` is where it is closed, None for who may not."""

    gap: Gap
    product: str
    kind: str
    repair: str
    url: str | None


@blueprint.get("/gaps")
def gaps() -> Response:
    """The list."""
    values = wished("kind", "lot")
    fault, found = None, GapPage((), None)
    with world().database.read() as session:
        try:
            found = _page(session, values)
        except Problem as error:
            fault = translated(error)
        rows = shown(session, found.rows)
    following = address("console.gaps", values, after=found.next) if found.next else None
    return page("console/gaps.html", 422 if fault else 200, rows=rows, values=values, kinds=options(KINDS),
                fault=fault, following=following,
                first=address("console.gaps", values) if request.args.get("after") else None)


def _page(session: Session, values: dict[str, str]) -> GapPage:
    """The page of the address; with a lot, of it and of all that it came from and became."""
    kind = choice(values["kind"], GapKind)
    keys = lots_around(session.connection(), key_of_text(session, values["lot"])) if values["lot"] else None
    return gap_page(session, GapFilter(GapKind(kind) if kind else None, keys, request.args.get("after") or None,
                                       PAGE_ROWS))


def gaps_of_lot(session: Session, lot_key: str) -> list[ShownGap]:
    """What is missing about one lot."""
    return shown(session, gaps_of(session, lot_key))


def shown(session: Session, found: Iterable[Gap]) -> list[ShownGap]:
    """The gaps as a page shows them."""
    gaps = tuple(found)
    products = products_by_id(session, (gap.product_id for gap in gaps))
    return [ShownGap(gap, named(products.get(gap.product_id or "")) or gap.name, word(KINDS, gap.kind),
                     str(_ASK) if _is_of_others(gap) else word(REPAIRS, gap.repair), _repair_url(gap)) for gap in gaps]


def _is_of_others(gap: Gap) -> bool:
    """Whether only others can close it: nobody here can receive a lot of a product that we do not have."""
    return gap.repair == Repair.receive and gap.product_id is None


def _repair_url(gap: Gap) -> str | None:
    if gap.repair == Repair.correct or _is_of_others(gap):
        return url_for("console.lot", lot_key=gap.lot_key, part="events")
    if not may("trace.record"):
        return None
    if gap.repair == Repair.inspect:
        return url_for("console.lot_inspect", lot_key=gap.lot_key)
    return url_for("console.lot_receive", product=gap.product_id, number=gap.number)
