"""Console: how far recalls are: one on a page to print, all of them beside each other."""
from __future__ import annotations

from flask_babel import gettext as _
from werkzeug.wrappers import Response

from traceapp.recall.cases import recall_by_id
from traceapp.recall.figure_reads import figures_of
from traceapp.recall.house_figures import house_figures
from traceapp.recall.queries import RecallFilter, recall_page
from traceapp.web.context import world
from traceapp.web.figure_words import DEFINITIONS, HEADS, NAMES, figure_lines, funnel, short_value
from traceapp.web.reading import given
from traceapp.web.recall_status import status_values

from .casework import case_page
from .layout import blueprint
from .listing import placed

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {"console.recall_status": "recall.write", "console.recall_figures": "recall.write"}
_PAGE = 50


@blueprint.get("/recalls/<recall_id>/status")
def recall_status(recall_id: str) -> Response:
    """One recall on one page, for management and authorities."""
    with world().database.read() as db:
        case = recall_by_id(db, recall_id)
        values = status_values(db, case)
    return case_page("console/recall_status.html", case=case, values=values)


@blueprint.get("/recalls/figures")
def recall_figures() -> Response:
    """Recalls that people were told of, the newest first, each with its funnel and its key figures."""
    here = world()
    with here.database.read() as db:
        found = recall_page(db, RecallFilter(is_told=True, after=given("after", 500) or None, limit=_PAGE))
        figures = figures_of(db, here.clock.now(), found.rows)
        house = figure_lines(house_figures(db, here.clock))
    rows = []
    for case in found.rows:
        first: dict[str, str] = {}
        for figure in figures[case.id].figures:
            first[figure.kind] = "；".join(filter(None, (first.get(figure.kind), short_value(figure))))
        counts = figures[case.id].counts
        rows.append((case, counts, [first.get(kind, "–") for kind in HEADS],
                     funnel(counts, _("Consignees of recall %(reference)s", reference=case.reference))["drawing"]
                     if counts.consignees else None))
    return case_page("console/recall_figures.html", rows=rows, house=house,
                     listed=placed(found, "console.recall_figures", {}),
                     columns=[(str(head), f"{NAMES[kind]}: {DEFINITIONS[kind]}") for kind, head in HEADS.items()])
