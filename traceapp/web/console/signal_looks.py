"""The pictures of a signal after its curve: its cases over time, its lots by terms, its genealogy by likelihood."""
from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from typing import Any

from sqlalchemy.orm import Session

from traceapp.surveillance.alarm import SeverityGroup
from traceapp.surveillance.lot_terms import LotTermsWish
from traceapp.surveillance.model import Signal
from traceapp.surveillance.onset import dated_cases, report_wait
from traceapp.surveillance.ranking import Likeliest

from .cause_picture import cause_picture
from .lot_term_picture import heat_map
from .outbreak_pictures import outbreak
from .signal_terms import USUAL_MONTHS, since_months

_MOST_LOTS, _ROWS, _COLUMNS = 40, 10, 8


def case_looks(db: Session, case: Signal, lot_keys: Sequence[str], span: tuple[date, date]) -> dict[str, Any]:
    """`outbreak` and `heat` of a case; None where there is nothing to draw. `span`: first despatch and today."""
    cases = dated_cases(db, lot_keys, SeverityGroup(case.severity_group))
    seen_from = datetime.combine(span[1], time.max, UTC) - since_months(USUAL_MONTHS)
    return {
        "outbreak": outbreak(cases, report_wait(db, case.product_id, span[1]), span, case.opened_at.date()),
        "heat": None if case.product_id is None else heat_map(
            db, LotTermsWish(case.product_id, seen_from, tuple(lot_keys[:_ROWS]), _ROWS, _COLUMNS))}


def cause_look(db: Session, lot_keys: Sequence[str], found: Likeliest) -> dict[str, Any]:
    """`cause_graph`: what the lots were made from, shaded by how likely it is the cause; None without lots. What cannot
    be told apart has one number, as in the table of causes."""
    chances = {node: one.posterior for one in (found.ranking.classes if found.ranking else ()) for node in one.members}
    seen = {key: (one.observed, one.expected) for key, one in found.seen.items()}
    return {"cause_graph": cause_picture(db, lot_keys[:_MOST_LOTS], chances, seen) if lot_keys else None}
