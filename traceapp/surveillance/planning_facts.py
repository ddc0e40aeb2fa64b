"""What the records of a product say about its plant, as a beginning for a plan. A fixed number of queries."""
from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, time, timedelta
from statistics import median
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from traceapp.complaint.model import UNKNOWN_LOT, Complaint
from traceapp.trace.model import Lot, LotEdge, ShipmentLine

from .basis import basis_of
from .planning import BOUNDS, Plan

_YEAR = timedelta(days=365)
_LATEST_LOTS = 24


def plan_facts(session: Session, product_id: str, on: date) -> dict[str, Any]:
    """The fields of `Plan` that the product's last year tells, within their bounds; what is not known is left out."""
    since = datetime.combine(on, time.min, UTC) - _YEAR
    own = (Lot.product_id == product_id, Lot.created_at >= since)
    count = session.scalar(select(func.count()).select_from(Lot).where(*own)) or 0
    rows = session.execute(select(Lot.lot_key, Lot.made).where(*own).order_by(Lot.created_at.desc())
                           .limit(_LATEST_LOTS)).all()
    keys = [key for key, _made in rows]
    made = [int(one) for _key, one in rows if one > 0]
    basis = basis_of(session, product_id)
    found: dict[str, Any] = {
        "lots_a_year": count or None, "units": round(median(made)) if made else None,
        "shipping_days": _shipping_days(session, keys), "counted": _counted(session, product_id, since),
        "use_days": basis.delay.use_mean_days, "report_days": basis.delay.report_mean_days,
        "baseline": basis.rate_per_unit, **_materials(session, keys)}
    return {name: _within(name, value) for name, value in found.items() if value is not None}


def _within(name: str, value: float) -> float:
    least, most = BOUNDS[name]
    return type(value)(min(most, max(least, value)))


def _shipping_days(session: Session, keys: list[str]) -> int | None:
    """How long a lot goes on leaving, in the middle; None without despatches."""
    rows = session.execute(select(func.min(ShipmentLine.shipped_at), func.max(ShipmentLine.shipped_at)).where(
        ShipmentLine.lot_key.in_(keys), ShipmentLine.units > 0).group_by(ShipmentLine.lot_key)).all()
    return round(median((last - first).days + 1 for first, last in rows)) if rows else None


def _counted(session: Session, product_id: str, since: datetime) -> float | None:
    """The example's share of complaints that come in, by the share of a year's complaints that names its lot."""
    every, unknown = session.execute(select(func.count(), func.count().filter(
        Complaint.lot_key == UNKNOWN_LOT)).where(
        Complaint.product_id == product_id, Complaint.received_at >= since)).one()
    return round(Plan().counted * (every - unknown) / every, 2) if every else None


def _materials(session: Session, keys: list[str]) -> dict[str, int]:
    """How many materials go into a lot, and how many lots are made from one lot of material."""
    parents: dict[str, set[str]] = defaultdict(set)
    for key, other in session.execute(select(LotEdge.lot_key, LotEdge.other_key).where(
            LotEdge.lot_key.in_(keys), LotEdge.direction == "up").distinct()):
        parents[key].add(other)
    if not parents:
        return {}
    materials = set().union(*parents.values())
    children = session.execute(select(LotEdge.lot_key, func.count(func.distinct(LotEdge.other_key))).where(
        LotEdge.lot_key.in_(sorted(materials)[:500]), LotEdge.direction == "down").group_by(LotEdge.lot_key)).all()
    return {"raws": round(median(len(one) for one in parents.values())),
            "lots_a_raw": round(median(number for _key, number in children))}
