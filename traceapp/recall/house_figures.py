"""The key figures of the house rather than of one recall: what the drills of a year measured, and whom they reached."""
from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.core.clock import Clock

from .drill_model import Drill, DrillState, DrillStep
from .drill_plans import CADENCE, cadence_of
from .figures import Figure, FigureKind, Unsaid
from .reconciling import LotBalance

# Source: SQF asks for a list in two hours, BRCGS food safety 3.9 and 21 CFR 1.1455(c)(3) for no less in four and 24.
_TRACE_HOURS = 2.0
# A lot whose units miss no more than this adds up; more has to be explained.
_MOST_MISSING = Decimal("0.01")
_MOST_DRILLS = 200
_ONE = Decimal(1)


def house_figures(session: Session, clock: Clock) -> tuple[Figure, ...]:
    """Time to trace, precision and recall of the scope, and how many products a drill reached within a year."""
    since = clock.now() - CADENCE
    seconds = sorted(session.scalars(select(DrillStep.seconds).join(Drill, Drill.id == DrillStep.drill_id).where(
        DrillStep.step == "trace", Drill.state == DrillState.done, Drill.ended_at > since)))
    truths = _truths(session, since)
    products = cadence_of(session, clock)
    return (_trace_time(seconds), _lowest(FigureKind.scope_precision, (truth["precision"] for truth in truths)),
            _lowest(FigureKind.scope_recall, (truth["recall"] for truth in truths)),
            Figure(FigureKind.drill_cadence, Decimal(sum(row.drills > 0 for row in products)), Decimal(len(products)),
                   target=1.0) if products else
            Figure(FigureKind.drill_cadence, target=1.0, unsaid=Unsaid.nothing_shipped))


def mass_balance(balances: Iterable[LotBalance]) -> Figure:
    """How many of the lots of a recall add up to one per cent, or are explained; not said while all that is missing of
    the others is what consignees have not accounted for yet, which another figure counts."""
    made = [one for one in balances if one.made > 0]
    if not made:
        return Figure(FigureKind.mass_balance, target=1.0, unsaid=Unsaid.nothing_made)
    good = [one for one in made if one.is_explained or _is_little(one.difference, one)]
    waiting = [one for one in made if one not in good and one.unaccounted != one.settled
               and _is_little(one.difference - one.unaccounted + one.settled, one)]
    unsaid = Unsaid.not_all_accounted if waiting and len(good) + len(waiting) == len(made) else None
    return Figure(FigureKind.mass_balance, Decimal(len(good)), Decimal(len(made)), target=1.0, unsaid=unsaid)


def _is_little(amount: Decimal, balance: LotBalance) -> bool:
    return abs(amount) <= balance.made * _MOST_MISSING


def _truths(session: Session, since: datetime) -> list[dict[str, str]]:
    """What each drill found beside the truth, where the two were compared."""
    reports = session.scalars(select(Drill.report).where(Drill.state == DrillState.done, Drill.ended_at > since)
                              .order_by(Drill.ended_at.desc()).limit(_MOST_DRILLS))
    return [report["truth"] for report in reports if report and report["truth"]["state"] == "compared"]


def _trace_time(seconds: Sequence[float]) -> Figure:
    """The time that 95 of a hundred drills kept to."""
    if not seconds:
        return Figure(FigureKind.trace_time, target=_TRACE_HOURS, unsaid=Unsaid.no_drill)
    longest = seconds[math.ceil(0.95 * len(seconds)) - 1]
    return Figure(FigureKind.trace_time, hours=timedelta(seconds=longest) / timedelta(hours=1), target=_TRACE_HOURS)


def _lowest(kind: FigureKind, shares: Iterable[str]) -> Figure:
    found = [Decimal(share) for share in shares]
    return Figure(kind, min(found), _ONE, target=1.0) if found else Figure(kind, target=1.0, unsaid=Unsaid.no_drill)
