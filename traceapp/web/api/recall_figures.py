"""The key figures of a recall by API: how far it is, by region, with what each figure is made of."""
from __future__ import annotations

from typing import Any

from flask import Response, jsonify

from traceapp.export.trace import plain_value
from traceapp.recall.figure_reads import figures_of, regions_of
from traceapp.recall.figures import Figure, FigureKind
from traceapp.recall.house_figures import house_figures, mass_balance
from traceapp.recall.part import WHOLE
from traceapp.recall.reconciling import balances_of
from traceapp.web.context import world
from traceapp.web.oversight import recall_part

from .blueprint import ApiBlueprint
from .recalls import known_recall
from .schemas import AsWritten

blueprint = ApiBlueprint("api_recall_figures", __name__, url_prefix="/api/v1", description="Recalls")
PERMISSIONS = {"api_recall_figures.read_figures": "recall.read",
               "api_recall_figures.read_house_figures": "recall.write"}
_COUNTS = ("consignees", "told", "answered", "returned", "accounted")


@blueprint.route("/recalls/<recall_id>/figures", methods=["GET"])
@blueprint.alt_response(200, schema=AsWritten)
def read_figures(recall_id: str) -> Response:
    """Funnel, regions and key figures; a figure that cannot be said yet says why"""
    here, part = world(), recall_part()
    with here.database.read() as session:
        recall = known_recall(session, recall_id)
        now = here.clock.now()
        found = figures_of(session, now, [recall], part)[recall.id]
        regions = regions_of(session, recall.id, part)
        balance = mass_balance(balances_of(session, recall.id, part))
    shown = [one for one in (*found.figures, balance) if part == WHOLE or one.kind != FigureKind.reporting_on_time]
    return jsonify({
        "as_of": now.isoformat(), "funnel": {name: getattr(found.counts, name) for name in _COUNTS},
        "regions": [{"country": row.country, "region": row.region, "consignees": row.consignees, "told": row.told,
                     "answered": row.answered, "returned": row.returned, "accounted": row.accounted}
                    for row in regions],
        "figures": [_said(figure) for figure in shown]})


@blueprint.route("/recall-figures", methods=["GET"])
@blueprint.alt_response(200, schema=AsWritten)
def read_house_figures() -> Response:
    """What the drills of a year measured, and how many products they reached"""
    here = world()
    with here.database.read() as session:
        found = house_figures(session, here.clock)
    return jsonify({"as_of": here.clock.now().isoformat(), "figures": [_said(figure) for figure in found]})


def _said(figure: Figure) -> dict[str, Any]:
    return {"kind": figure.kind, "share": figure.share if figure.unsaid is None else None, "hours": figure.hours,
            "numerator": plain_value(figure.part), "denominator": plain_value(figure.whole), "unit": figure.unit,
            "target": figure.target, "is_met": figure.is_met, "cannot_be_said": figure.unsaid,
            "hours_so_far": figure.so_far}
