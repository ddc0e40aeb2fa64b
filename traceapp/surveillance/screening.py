"""The nightly screen of a product: does a term come up with one lot more than with the product's other lots?

Counted are all complaints about the product that were not set aside, of harm or not, each cluster of duplicates once
and each report once a lot, a term and in all; reports without a lot or a term are part of what is compared with.
A pair stands out with three reports or more, IC025 above 0 and EB05 of 2 or more, where chance is as unlikely to make
it as the screens' share of the false-alarm budget wants (`screen_budget`). The screen makes hypotheses: it knows
nothing of units in use, so what it flags is a task to look, never a signal by itself.
"""
from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, or_, select
from sqlalchemy.orm import Session

from traceapp.audit import record, stream_of
from traceapp.catalog.model import Product, ProductKind
from traceapp.complaint.model import UNKNOWN_LOT, Complaint
from traceapp.complaint.triage import TriageResult
from traceapp.core.actor import SYSTEM
from traceapp.core.clock import Clock
from traceapp.core.ids import name_key
from traceapp.trace.model import Lot
from traceapp.worklist.tasks import RaiseTask, raise_task

from .jumps import DAYS, Jump, jumps_of
from .screen_budget import allowed_now, chance_of_pair
from .screen_model import ScreenCell, ScreenRun

if TYPE_CHECKING:
    from traceapp.signals.screen import Screen, Shrunk
    from traceapp.signals.shrinkage import Prior

TASK, JUMP_TASK = "screen.review", "screen.jump"
LEAST_LISTED, LEAST_FLAGGED, LEAST_EB05 = 2, 3, 2.0
MOST_CELLS = 5_000
# A prior of five parameters says nothing when it is fitted to fewer pairs; the stated one is DuMouchel's own start.
LEAST_PAIRS = 200
_REVIEW_WITHIN = timedelta(days=3)
_MOST_TASKS = 20
_AT_ONCE = 5_000
_NO_TERM = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """A pair of lot and term with its measures; names as in `ScreenCell`."""

    lot_key: str
    term: str
    reports: int
    lot_reports: int
    term_reports: int
    expected: float
    ic: float
    ic025: float
    ebgm: float
    eb05: float | None
    prr: float | None
    ror: float | None
    is_flagged: bool = False

    def judged(self, whole: int, most: float) -> Cell:
        """The same pair; it stands out by both lower limits, and is at most so likely by chance among all reports."""
        stands_out = self.reports >= LEAST_FLAGGED and self.ic025 > 0 and (self.eb05 or 0.0) >= LEAST_EB05
        return replace(self, is_flagged=stands_out and chance_of_pair(
            self.reports, self.lot_reports, self.term_reports, whole) <= most)


@dataclass(frozen=True, slots=True)
class Screening:
    """What the screen of one product found, the most remarkable pairs first; no cells where there is no report."""

    product_id: str
    reports: int = 0
    lots: int = 0
    terms: int = 0
    pairs: int = 0
    prior: dict[str, float] = field(default_factory=dict)
    is_fitted: bool = False
    cells: tuple[Cell, ...] = ()
    jumps: tuple[Jump, ...] = ()


def products_to_screen(session: Session) -> list[str]:
    """Every product that somebody could complain about: what is watched, and what is screened."""
    return list(session.scalars(select(Product.id).where(Product.kind != ProductKind.material).order_by(Product.id)))


def _reports(session: Session, product_id: str) -> Iterator[tuple[str, list[str], date]]:
    """(lot, terms, day) of each counted report, read some thousand at a time by the index of product and day."""
    wanted = (select(Complaint.received_at, Complaint.id, Complaint.lot_key, Complaint.terms)
              .where(Complaint.product_id == product_id, Complaint.is_quarantined.is_(False),
                     Complaint.master_id.is_(None),
                     Complaint.triage_result.in_((TriageResult.untriaged, TriageResult.complaint)))
              .order_by(Complaint.received_at, Complaint.id).limit(_AT_ONCE))
    rows = session.execute(wanted).all()
    while rows:
        yield from ((lot_key, list(terms), at.date()) for at, _, lot_key, terms in rows)
        at, last = rows[-1][0], rows[-1][1]
        rows = session.execute(wanted.where(
            Complaint.received_at >= at, or_(Complaint.received_at > at, Complaint.id > last))).all()


def screen_product(session: Session, product_id: str, today: date) -> Screening:
    """Count and judge; changes nothing. Keeps three numbers a row in memory, not the reports; of the last weeks the
    days too, for what jumped on the day before `today`."""
    from array import array

    lots: dict[str, int] = {}
    words: dict[str, int] = {}
    columns = (array("q"), array("i"), array("i"))
    number, recent, since = 0, [], today - timedelta(days=DAYS)
    allowed, looks, a_year_ago = allowed_now(session, today), 0, today - timedelta(days=365)
    for lot_key, terms, day in _reports(session, product_id):
        if day >= since:
            recent.append((day, terms))
        looks += len(set(terms)) if day >= a_year_ago else 0
        lot = lots.setdefault(lot_key, len(lots))
        for term in set(terms) or {_NO_TERM}:
            for column, value in zip(columns, (number, lot, words.setdefault(term, len(words))), strict=True):
                column.append(value)
        number += 1
    if not number:
        return Screening(product_id)
    return replace(_judged(product_id, (list(lots), list(words)), columns, allowed.of_pair(looks)),
                   jumps=jumps_of(recent, today - timedelta(days=1), allowed.of_jump(len(words))))


def _judged(product_id: str, names: tuple[list[str], list[str]], columns: tuple[Any, Any, Any],
            most: float) -> Screening:
    import numpy as np

    from traceapp.signals.screen import count_codes, screen, shrink
    from traceapp.signals.shrinkage import STARTS

    lots, words = names
    report, lot, term = (np.frombuffer(column, dtype=column.typecode) for column in columns)
    counts = count_codes(lot, term, (len(lots), len(words)), reports=report)
    found = screen(counts)
    is_fitted = counts.a.size >= LEAST_PAIRS
    shrunk = shrink(found, prior=None if is_fitted else STARTS[0])
    listed = np.flatnonzero(counts.a >= LEAST_LISTED)
    pairs = [(lots[counts.lots[at]], words[counts.terms[at]]) for at in listed]
    cells = [_cell(name, int(at), found, shrunk).judged(counts.total, most)
             for name, at in zip(pairs, listed, strict=True) if name[0] != UNKNOWN_LOT and name[1] != _NO_TERM]
    cells.sort(key=lambda one: (not one.is_flagged, -one.ic025, one.lot_key, one.term))
    return Screening(product_id, counts.total, len(set(lots) - {UNKNOWN_LOT}), len(set(words) - {_NO_TERM}),
                     counts.a.size, _plain(shrunk.prior), is_fitted, tuple(cells[:MOST_CELLS]))


def _plain(prior: Prior) -> dict[str, float]:
    return {name: getattr(prior, name) for name in ("a1", "b1", "a2", "b2", "p")}


def _cell(name: tuple[str, str], at: int, found: Screen, shrunk: Shrunk) -> Cell:
    counts = found.counts
    eb05, prr, ror = (float(values[at]) if math.isfinite(values[at]) else None
                      for values in (shrunk.eb05, found.prr, found.ror))
    return Cell(*name, int(counts.a[at]), int(counts.by_lot[counts.lots[at]]), int(counts.by_term[counts.terms[at]]),
                float(found.expected[at]), float(found.ic[at]), float(found.ic025[at]), float(shrunk.ebgm[at]),
                eb05, prr, ror)


def keep_screening(session: Session, clock: Clock, found: Screening) -> list[Cell]:
    """Replace the table of the product and raise a task for each pair that stands out for the first time; answers
    these pairs. A pair that stood out before raises nothing again, whatever became of its task."""
    now = clock.now()
    known = {(row.lot_key, row.term): row.flagged_at for row in session.execute(
        select(ScreenCell.lot_key, ScreenCell.term, ScreenCell.flagged_at)
        .where(ScreenCell.product_id == found.product_id, ScreenCell.flagged_at.is_not(None)))}
    session.execute(delete(ScreenCell).where(ScreenCell.product_id == found.product_id))
    session.execute(delete(ScreenRun).where(ScreenRun.product_id == found.product_id))
    rows = [{"product_id": found.product_id, "id": name_key(f"{found.product_id} {cell.lot_key} {cell.term}"),
             **{name: getattr(cell, name) for name in Cell.__slots__},
             "flagged_at": known.get((cell.lot_key, cell.term)) or (now if cell.is_flagged else None)}
            for cell in found.cells]
    if rows:
        session.execute(insert(ScreenCell), rows)
    session.add(ScreenRun(product_id=found.product_id, ran_at=now, reports=found.reports, lots=found.lots,
                          terms=found.terms, pairs=found.pairs, kept=len(rows), prior=found.prior,
                          is_fitted=found.is_fitted, jumps=[jump.plain() for jump in found.jumps]))
    session.flush()
    fresh = [cell for cell in found.cells if cell.is_flagged and (cell.lot_key, cell.term) not in known]
    _raise_tasks(session, clock, fresh)
    _tell_of_jumps(session, clock, found)
    record(session, SYSTEM, now, "screen.run", stream_of("product", found.product_id),
           {"reports": found.reports, "pairs": found.pairs, "new": len(fresh)})
    return fresh


def _raise_tasks(session: Session, clock: Clock, fresh: list[Cell]) -> None:
    """A task a lot, about the pairs of it that are new; a recalled lot is acted on already."""
    by_lot: dict[str, list[Cell]] = {}
    for cell in fresh:
        by_lot.setdefault(cell.lot_key, []).append(cell)
    lots = session.scalars(select(Lot).where(Lot.lot_key.in_(list(by_lot)[:_MOST_TASKS]), Lot.is_recalled.is_(False)))
    for lot in lots:
        cells = by_lot[lot.lot_key]
        raise_task(session, SYSTEM, clock, RaiseTask(
            TASK, f"screen:{lot.lot_key}", "quality", clock.now() + _REVIEW_WITHIN, lot.lot_key,
            {"number": lot.number, "terms": [cell.term for cell in cells], "reports": cells[0].reports,
             "expected": f"{cells[0].expected:.1f}"}))


def _tell_of_jumps(session: Session, clock: Clock, found: Screening) -> None:
    """One open task a product, about the terms that jumped beyond chance."""
    jumps = [jump for jump in found.jumps if jump.is_task]
    if jumps:
        raise_task(session, SYSTEM, clock, RaiseTask(
            JUMP_TASK, f"jump:{found.product_id}", "quality", clock.now() + _REVIEW_WITHIN,
            params={"product_id": found.product_id, "terms": [jump.term for jump in jumps],
                    "reports": jumps[0].reports, "on": jumps[0].on.isoformat()}))
