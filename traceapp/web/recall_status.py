"""What the pages show of how far a recall is: funnel, regions, clocks, key figures."""
from __future__ import annotations

from typing import Any

from flask_babel import gettext
from sqlalchemy.orm import Session

from traceapp.recall.cases import recall_stream
from traceapp.recall.figure_reads import figures_of, regions_of
from traceapp.recall.figures import FigureKind
from traceapp.recall.house_figures import mass_balance
from traceapp.recall.model import Recall
from traceapp.recall.part import WHOLE, RecallPart
from traceapp.recall.public_model import RecallRevision
from traceapp.recall.queries import totals_of
from traceapp.recall.reconciling import balances_of
from traceapp.recall.revising import revisions_of
from traceapp.web.figure_words import figure_lines, funnel, region_rows
from traceapp.worklist.legal_clocks import clocks_about

from . import clock_words
from .context import world
from .oversight import own_clocks

_REGIONS = 12
# So many fit on the page beside the funnel.
_REGIONS_IN_PRINT = 10


def figure_values(session: Session, case: Recall, part: RecallPart = WHOLE, most: int = _REGIONS) -> dict[str, Any]:
    """Funnel, regions and key figures of a recall, or of a part of it. Of a part, what authorities were told in time is
    not said: it is about the whole."""
    found = figures_of(session, world().clock.now(), [case], part)[case.id]
    shown = [one for one in found.figures if part == WHOLE or one.kind != FigureKind.reporting_on_time]
    return {"counts": found.counts, "figure_lines": figure_lines(shown),
            "regions": region_rows(regions_of(session, case.id, part), most),
            "funnel": funnel(found.counts, gettext("Consignees of the recall")) if found.counts.consignees else None}


def status_values(session: Session, case: Recall, part: RecallPart = WHOLE) -> dict[str, Any]:
    """Everything on the page that is printed for management and authorities."""
    revisions: list[RecallRevision] = revisions_of(session, case.id)
    values = figure_values(session, case, part, _REGIONS_IN_PRINT)
    values["figure_lines"] += figure_lines([mass_balance(balances_of(session, case.id, part))])
    return {**values,
            "clocks": own_clocks(clocks_about(session, recall_stream(case))), "clock_words": clock_words,
            "totals": totals_of(session, case.id, part), "revisions": revisions, "case": case}
