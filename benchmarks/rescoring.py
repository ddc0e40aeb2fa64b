"""One complaint from submission to rescored nodes: submitted as a form is, then scored by the service's own sweep,
each in its own transaction, among a million others.

    TRACEAPP_BENCH_DATABASE=sqlite python3 dev.py bench rescoring
    TRACEAPP_BENCH_DATABASE=postgresql python3 dev.py bench rescoring

The lots are filled in bulk with four materials and three consignees each, the complaints at the rate that is expected
of them, and a nightly run has put everything under watch. A million complaints take some three gigabytes and some
minutes to fill; `TRACEAPP_BENCH_COMPLAINTS=100000` takes fewer. See `databases` for where they are put.
"""
from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from random import Random

from sqlalchemy import select, update

from traceapp.complaint.case_parts import RESCORE
from traceapp.complaint.intake import submit_complaint
from traceapp.complaint.model import Complaint
from traceapp.complaint.report import LotGiven, SubmitComplaint
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock, FixedClock
from traceapp.core.ids import new_id
from traceapp.core.process import take_habits
from traceapp.db import Database
from traceapp.db.insert import insert_rows
from traceapp.jobs.sweeps import look_again
from traceapp.jobs.working import work_off
from traceapp.surveillance.model import DetectionBasis
from traceapp.surveillance.nightly import NightlyRun
from traceapp.trace.identity import lot_key
from traceapp.trace.model import Lot, ShipmentLine
from traceapp.vault.service import Vault

from .databases import alone, databases, say, settle
from .many_lots import CONSIGNEES_OF_A_LOT, fill, make_tables, number_of
from .registry import Row, benchmark

COMPLAINTS = 1_000_000
REPORTS_OF_A_LOT = 50
MEASURED = 1000
WARMING = 20
AIM_MS = 20.0
_KEY = "YSBrZXkgb2YgdGhlIGJlbmNobWFyaywgMzIgYnl0ZXM="
_CLASS = "https://id.gs1.org/01/09521234543213"
_SENT = datetime(2026, 9, 7, 8, tzinfo=UTC)
_NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
_COLUMNS = ("lot_key", "id", "reference", "channel", "lot_capture", "lot_text", "product_id", "consignee_id", "place",
            "received_at", "awareness_at", "narrative", "terms", "affected", "age_band", "sex", "seriousness",
            "use_text", "is_harm", "severity", "state", "triage_result", "is_quarantined", "decision", "kinds",
            "triage", "is_suspected_fake", "investigation", "cause", "solution", "improvement", "times_reopened",
            "revision")
_AT_ONCE = 20_000


def fill_complaints(database: Database, complaints: int, lots: int) -> None:
    """So many complaints about the lots, one in ten serious, half of them naming one of the lot's consignees."""
    chance = Random(7)
    with database.write() as session:
        session.execute(update(Lot).where(Lot.class_uri == _CLASS).values(shipped=1000 * CONSIGNEES_OF_A_LOT))
        session.merge(DetectionBasis(
            product_id=next(iter(session.scalars(select(Lot.product_id).where(Lot.class_uri == _CLASS).limit(1)))),
            rate_per_unit=complaints / (lots * 1000 * CONSIGNEES_OF_A_LOT), use_mean_days=14.0, report_shape=1.5,
            report_mean_days=7.0, alpha=0.01, minimum_events=3, note="", set_by="bench", set_at=_SENT))
        products = dict(session.execute(select(Lot.lot_key, Lot.product_id).where(Lot.class_uri == _CLASS)).all())
        sent: dict[str, list[str]] = {}
        for key, consignee in session.execute(select(ShipmentLine.lot_key, ShipmentLine.consignee_id)):
            sent.setdefault(key, []).append(consignee)
    keys = [lot_key(_CLASS, number_of(index)) for index in range(lots)]
    for begin in range(0, complaints, _AT_ONCE):
        rows = []
        for _ in range(min(_AT_ONCE, complaints - begin)):
            key = chance.choice(keys)
            at = _SENT + timedelta(seconds=chance.randrange(70 * 86_400))
            named = chance.choice(sent[key]) if chance.random() < 0.5 else None
            severity = "major" if chance.random() < 0.1 else "moderate"
            complaint_id = new_id(at)
            rows.append((key, complaint_id, complaint_id[-12:], "consumer", "scan", "", products[key], named, "", at,
                         at, "red skin", [], "unknown", "unknown", "unknown", [], "", True, severity, "verified",
                         "complaint", False, "", [], {}, False, "undecided", "", "", "", 0, 1))
        with database.write() as session:
            insert_rows(session, Complaint, _COLUMNS, rows)


def watch(database: Database, clock: Clock) -> float:
    """The nightly run; answers its seconds."""
    begun = time.perf_counter()
    for step in NightlyRun(clock).steps():
        with database.write() as session:
            step(session)
    settle(database)
    return time.perf_counter() - begun


def one_complaint(database: Database, clock: Clock, key: str, vault: Vault) -> tuple[float, float]:
    """(seconds to submit, seconds to take the work up and rescore) of one complaint about a lot."""
    begun = time.perf_counter()
    with database.write() as session:
        submit_complaint(session, Actor("bench", "quality"), clock, SubmitComplaint(
            channel="telephone", narrative="red skin after one hour", lot=LotGiven(lot_key=key)), vault=vault)
    submitted = time.perf_counter()
    work_off(database, clock, RESCORE, 1, lambda session, lot: look_again(session, clock, lot))
    return submitted - begun, time.perf_counter() - submitted


@contextmanager
def folding(database: Database) -> Iterator[None]:
    """The log of SQLite is folded beside, as often as `jobs` does it."""
    ended = threading.Event()

    def fold() -> None:
        while not ended.wait(3.0):
            database.fold_log()

    thread = threading.Thread(target=fold)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def filled(url: str, complaints: int) -> tuple[float, int]:
    """(seconds of the nightly run, lots) of a database with so many complaints."""
    lots = max(20, complaints // REPORTS_OF_A_LOT)
    database, clock = Database(url), FixedClock(_NOW)
    make_tables(database)
    say(f"filling {lots:,} lots and {complaints:,} complaints on {database.dialect}")
    fill(database, lots)
    fill_complaints(database, complaints, lots)
    say("the nightly run")
    nightly = watch(database, clock)
    database.close()
    return nightly, lots


def measured(url: str, lots: int) -> list[tuple[float, float]]:
    """Seconds of each complaint; those of the first ones, which still make their statements, are left out."""
    take_habits()  # as every process of ours does
    database, clock, vault, chance = Database(url), FixedClock(_NOW), Vault(_KEY), Random(11)
    found = []
    with folding(database):
        for _ in range(WARMING + MEASURED):
            clock.move_to(clock.now() + timedelta(seconds=5))
            found.append(one_complaint(database, clock, lot_key(_CLASS, number_of(chance.randrange(lots))), vault))
    database.close()
    return found[WARMING:]


@benchmark("rescoring")
def rescoring() -> Iterator[Row]:
    """Milliseconds from submission to rescored nodes beside the aim."""
    complaints = int(os.environ.get("TRACEAPP_BENCH_COMPLAINTS", "") or COMPLAINTS)
    for database in databases():
        with database as url:
            nightly, lots = filled(url, complaints)
            yield from _rows(f"one complaint rescored at {complaints:,}, {url.partition(':')[0].partition('+')[0]}",
                             nightly, alone(measured, url, lots))


def _rows(name: str, nightly: float, found: list[tuple[float, float]]) -> Iterator[Row]:
    whole = sorted(1000 * (submitting + scoring) for submitting, scoring in found)
    scored = sorted(1000 * scoring for _, scoring in found)
    for percent in (50, 95, 99):
        value, alone = (row[min(len(row) - 1, len(row) * percent // 100)] for row in (whole, scored))
        yield Row(f"{name}, p{percent}", value, "ms", "at most", AIM_MS, AIM_MS / value, 1.0 if percent == 99 else None,
                  f"of it {alone:.1f} to rescore; nightly run {nightly:.0f} s")
