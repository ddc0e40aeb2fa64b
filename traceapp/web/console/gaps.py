"""What is missing in the records of lots, each with the form that closes it by a new event."""
from __future__ import annotations

from typing import Any

from flask import request, url_for
from flask_babel import lazy_gettext
from werkzeug.wrappers import Response

from traceapp.trace.gaps import Gap, GapFilter, GapKind, Repair, gap_page
from traceapp.web.auth import may
from traceapp.web.context import world

from .layout import blueprint, page
from .listing import PAGE_ROWS, address, choice, wished
from .words import options, word

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


@blueprint.get("/gaps")
def gaps() -> Response:
    """The list."""
    values = wished("kind")
    kind = choice(values["kind"], GapKind)
    with world().database.read() as session:
        found = gap_page(session, GapFilter(GapKind(kind) if kind else None, None, request.args.get("after") or None,
                                            PAGE_ROWS))
    following = address("console.gaps", values, after=found.next) if found.next else None
    return page("console/gaps.html", found=found, values=values, kinds=options(KINDS), following=following,
                first=address("console.gaps", values) if request.args.get("after") else None,
                kind_word=lambda gap: word(KINDS, gap.kind), repair_word=lambda gap: word(REPAIRS, gap.repair),
                repair_url=_repair_url)


def _repair_url(gap: Gap) -> str | None:
    """Where the gap is closed; None for who may not."""
    if gap.repair == Repair.correct:
        return url_for("console.lot", lot_key=gap.lot_key, part="events")
    if not may("trace.record"):
        return None
    if gap.repair == Repair.inspect:
        return url_for("console.lot_inspect", lot_key=gap.lot_key)
    return url_for("console.lot_receive", product=gap.product_id, number=gap.number)
