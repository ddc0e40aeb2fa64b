"""Every night: which suppliers' test results rise or are near a limit; a task where a rise begins beyond doubt.

Listed is a rise by the level of `signals.drift`, 1 in 100 each time that a lot is tested, which by chance begins about
once in two hundred tested lots. A task comes of a chance of 1 in 1,000, which by chance begins less than once in a
thousand tested lots of each characteristic (a test simulates it). It is no part of the false-alarm budget.
"""
from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.audit import record
from traceapp.catalog.lookup import parties_by_id
from traceapp.core.actor import SYSTEM
from traceapp.core.clock import Clock
from traceapp.core.ids import new_id
from traceapp.trace.model import Lot
from traceapp.worklist.tasks import RaiseTask, drop_tasks, raise_task

from .covariates import SupplierDrift, series_of
from .drift_model import ResultDrift

TASK = "drift.look"
TASK_ALPHA = 0.001
_LOOK_WITHIN = timedelta(days=7)
_ACTIVE = timedelta(days=730)
Key = tuple[str, str, str]


def suppliers_to_look_at(session: Session, clock: Clock) -> list[str]:
    """Suppliers of whom a lot came in within two years, and those that are listed."""
    listed = select(ResultDrift.supplier_id)
    active = select(Lot.supplier_id).where(Lot.supplier_id.is_not(None), Lot.started_at > clock.now() - _ACTIVE)
    return sorted(key for key in session.scalars(active.union(listed)) if key is not None)


def look_for_drifts(session: Session, clock: Clock, supplier_ids: Iterable[str]) -> int:
    """Bring the list up to date for these suppliers; answers how many tasks were raised. Done twice it is the same."""
    wanted = sorted(set(supplier_ids))
    before = {(row.supplier_id, row.product_id, row.name_zh): row for row in session.scalars(
        select(ResultDrift).where(ResultDrift.supplier_id.in_(wanted)))}
    found: dict[Key, SupplierDrift] = {
        (supplier, one.product_id, one.name_zh): one for supplier, series in series_of(session, wanted).items()
        for one in series if one.drift.is_near or one.drift.is_rising}
    for key, gone in before.items():
        if key not in found:
            drop_tasks(session, SYSTEM, clock, f"drift:{gone.id}")
            session.delete(gone)
    session.flush()
    parties = parties_by_id(session, (key[0] for key in found))
    told = 0
    for key, one in sorted(found.items()):
        row = _kept(session, clock, key, before.get(key), one)
        is_clear = one.drift.p is not None and one.drift.p <= TASK_ALPHA and one.drift.is_rising
        if is_clear and not row.is_told:
            party = parties.get(key[0])
            _tell(session, clock, row, one, "" if party is None else party.name_zh or party.name_en)
            told += 1
        row.is_told = is_clear or (row.is_told and one.drift.is_rising)
    session.flush()
    return told


def _kept(session: Session, clock: Clock, key: Key, row: ResultDrift | None, one: SupplierDrift) -> ResultDrift:
    now, seen = clock.now(), one.drift
    if row is None:
        row = ResultDrift(supplier_id=key[0], product_id=key[1], name_zh=key[2], id=new_id(now), is_told=False,
                          found_at=now)
        session.add(row)
    row.name_en, row.lots, row.share, row.slope, row.p = one.name_en, seen.lots, seen.share, seen.slope, seen.p
    row.is_rising, row.is_near, row.looked_at = seen.is_rising, seen.is_near, now
    row.since, row.last_lot_key = one.higher[0].number if seen.since else "", one.points[-1].lot_key
    return row


def _tell(session: Session, clock: Clock, row: ResultDrift, one: SupplierDrift, supplier: str) -> None:
    """One open task a series; the trail says by what numbers."""
    now = clock.now()
    record(session, SYSTEM, now, "drift.began", f"drift:{row.id}", {
        "supplier": row.supplier_id, "product": row.product_id, "characteristic": row.name_zh, "p": repr(one.drift.p),
        "lots": [point.number for point in one.points], "shares": [f"{point.share:.4f}" for point in one.points]})
    raise_task(session, SYSTEM, clock, RaiseTask(
        TASK, f"drift:{row.id}", "quality", now + _LOOK_WITHIN, row.last_lot_key,
        {"reference": supplier, "characteristic": row.name_zh, "since": row.since}))


def drifts_listed(session: Session, supplier_id: str = "", product_id: str = "", limit: int = 200
                  ) -> list[ResultDrift]:
    """What rises, then what is near a limit, by the share of the tolerance used."""
    query = select(ResultDrift)
    if supplier_id:
        query = query.where(ResultDrift.supplier_id == supplier_id)
    if product_id:
        query = query.where(ResultDrift.product_id == product_id)
    return list(session.scalars(query.order_by(ResultDrift.is_rising.desc(), ResultDrift.share.desc(),
                                               ResultDrift.id).limit(limit)))


def drift_by_id(session: Session, drift_id: str) -> ResultDrift | None:
    """One of the list."""
    return session.scalars(select(ResultDrift).where(ResultDrift.id == drift_id)).first()


def series_behind(session: Session, row: ResultDrift) -> SupplierDrift | None:
    """The results behind an entry, as they are now; None where there are none any more."""
    return next((one for one in series_of(session, [row.supplier_id]).get(row.supplier_id, ())
                 if (one.product_id, one.name_zh) == (row.product_id, row.name_zh)), None)
