"""Printing labels of a lot: who may print what, what was printed before, orders and the log."""
from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from traceapp.audit import record, stream_of
from traceapp.catalog.queries import product_details
from traceapp.catalog.texts import short_text
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, InvalidInput, NotFound
from traceapp.core.ids import new_id
from traceapp.db.page import Order, Page, page_of
from traceapp.identity.policy import permit
from traceapp.making.work import Jobs
from traceapp.trace import guards
from traceapp.trace.model import EventItem, ItemKind, Lot
from traceapp.trace.policy import Verdict, verdict

from .allocating import range_by_id
from .model import SerialRange
from .print_choice import MOST_LABELS, PrintChoice
from .print_content import Printable, Written
from .print_model import PrintJob, PrintLog
from .print_states import OPEN, TABLE, FileState
from .serials import Run, read_serial
from .signature import CodeKeys

MOST_OPEN_JOBS = 20
JOBS = Jobs(PrintJob, TABLE)
_SSCC = re.compile(r"/00/([0-9]{18})$")
_V = Verdict
# Stickers say how things stand, so they are printed for lots of which that is true; every other label is printed for
# what may still be sold. A sample may be taken of anything.
_STICKERS = {"quarantine": frozenset({_V.on_hold, _V.not_released, _V.rejected}), "recalled": frozenset({_V.recalled}),
             "released": frozenset({_V.released})}
_STOPPED = {
    _V.recalled: "Lot %(lot)s has been recalled; only labels that say so are printed.",
    _V.rejected: "Lot %(lot)s has been rejected; only labels that say so are printed.",
    _V.on_hold: "Lot %(lot)s is on hold; only labels that say so are printed until the hold is lifted.",
}


@dataclass(frozen=True, slots=True)
class OrderPrint:
    """Labels of a lot; `reason` is asked for where serial numbers were printed before. `made`: the file is there
    already, as it is small."""

    lot_key: str
    job_id: str
    choice: PrintChoice
    total: int
    run: Run | None = None
    reason: str = ""
    made: Written | None = None


@dataclass(frozen=True, slots=True)
class Printed:
    """What the log notes."""

    lot_key: str
    template: str
    format: str
    copies: int
    labels: int
    run: Run | None = None
    reason: str = ""
    job_id: str | None = None

    @classmethod
    def of(cls, job: PrintJob) -> Printed:
        """What a job prints."""
        return cls(job.lot_key, job.template, job.format, PrintChoice.of(job.options).copies, job.total, job.run,
                   job.reason, job.id)


def refuse_unprintable(session: Session, lot: Lot, template: str, clock: Clock) -> None:
    """Nothing when such labels of the lot may be printed now. Raises Conflict (`lot-recalled`, `lot-on-hold`, …)."""
    guards.refuse_foreign(lot, place="lot_key")
    today = guards.place_of(session, None).date_of(clock.now())
    found = verdict(guards.policy_facts(lot), today)
    if template == "sample":
        return
    if template in _STICKERS:
        if found not in _STICKERS[template]:
            raise Conflict("This sticker does not say how lot %(lot)s stands.", code="wrong-sticker", place="template",
                           lot=lot.number)
    elif found in _STOPPED:
        raise Conflict(_STOPPED[found], code=f"lot-{found.replace('_', '-')}", place="template", lot=lot.number)


def printable(session: Session, lot_key: str, choice: PrintChoice, base_url: str, keys: CodeKeys) -> Printable:
    """All that printing needs of the database. Raises NotFound, Conflict, and InvalidInput naming the field."""
    lot = session.get(Lot, lot_key)
    if lot is None:
        raise NotFound("There is no such lot.", place="lot_key")
    product = product_details(session, lot.product_id) if lot.product_id is not None and lot.is_own else None
    if product is None:
        raise Conflict("Labels are printed for our own lots only.", code="not-our-lot", place="lot_key")
    given = range_by_id(session, lot_key, choice.range_id) if choice.range_id else None
    run = None if given is None else part_of(given, choice.first, choice.last)
    found = Printable(base_url, product, lot, choice, given, run, keys)
    if found.total > MOST_LABELS:
        raise InvalidInput("These are %(count)d labels; at most %(most)d are printed at a time.", code="too-many",
                           place="copies" if run is None else "last", count=found.total, most=MOST_LABELS)
    return found


def part_of(given: SerialRange, first: str, last: str) -> Run:
    """The serial numbers of a range from `first` to `last`, empty for its ends. Raises InvalidInput."""
    numbers = []
    for place, typed, end in (("first", first, given.first_serial), ("last", last, given.last_serial)):
        wanted = typed.strip() or end
        serial = read_serial(wanted)
        if serial is None or wanted not in given.run:
            raise InvalidInput("“%(serial)s” is not in this range; it goes from %(first)s to %(last)s.",
                               code="not-in-range", place=place, serial=wanted[:40], first=given.first_serial,
                               last=given.last_serial)
        numbers.append(serial.number)
    if numbers[0] > numbers[1]:
        raise InvalidInput("The last serial number comes before the first one.", code="not-in-range", place="last")
    return replace(given.run, first=numbers[0], count=numbers[1] - numbers[0] + 1)


def order_print(session: Session, actor: Actor, clock: Clock, command: OrderPrint) -> PrintJob:
    """A print job: one that waits, or is done where its file is there already; then it stands in the log too.

    Raises Conflict for a lot that may not be printed now and for too many open jobs, InvalidInput for a reprint
    without a reason.
    """
    permit(actor, "label.print")
    lot = guards.own_lot(session, command.lot_key)
    refuse_unprintable(session, lot, command.choice.template, clock)
    reason = checked_reason(session, lot.lot_key, command.run, command.reason)
    now = clock.now()
    job = PrintJob(lot_key=lot.lot_key, id=command.job_id, options=command.choice.as_json(), reason=reason,
                   state=FileState.queued, total=command.total, done=0, created_at=now, created_by=actor.id,
                   **_columns(command.run))
    if command.made is None:
        waiting = session.scalar(select(func.count()).select_from(PrintJob).where(PrintJob.state.in_(OPEN))) or 0
        if waiting >= MOST_OPEN_JOBS:
            raise Conflict("%(count)d print jobs are open already. Wait until one is done, or cancel one.",
                           code="too-many-jobs", count=waiting)
        record(session, actor, now, "label.print_ordered", stream_of("lot", lot.lot_key), _told(Printed.of(job)))
    else:
        job.state, job.done = FileState.done, command.total
        job.sha256, job.size_bytes = command.made.sha256, command.made.size_bytes
        job.started_at = job.finished_at = now
        log_print(session, actor, now, Printed.of(job))
    session.add(job)
    session.flush()
    return job


def cancel_print(session: Session, actor: Actor, clock: Clock, job: PrintJob) -> PrintJob:
    """End a job that is not done. Raises Conflict for one that is."""
    permit(actor, "label.print")
    JOBS.end(clock, job, "cancel")
    record(session, actor, clock.now(), "label.print_cancelled", stream_of("lot", job.lot_key), {"count": job.total})
    return job


def hand_out(session: Session, actor: Actor, clock: Clock, job: PrintJob) -> None:
    """Note that somebody fetches the file. Raises Conflict when it is not done, or the lot has been stopped since."""
    permit(actor, "label.print")
    if job.state != FileState.done:
        raise Conflict("This print job has no file.", code="no-print-file", place="job_id")
    refuse_unprintable(session, guards.own_lot(session, job.lot_key), job.template, clock)
    record(session, actor, clock.now(), "label.fetched", stream_of("lot", job.lot_key),
           _told(Printed.of(job)))


def log_print(session: Session, actor: Actor, now: datetime, what: Printed, by: str | None = None) -> PrintLog:
    """The line of the log and of the trail; `by` is who ordered it, where the service acts for them."""
    line = PrintLog(lot_key=what.lot_key, id=new_id(now), template=what.template, format=what.format,
                    copies=what.copies, labels=what.labels, reason=what.reason, job_id=what.job_id,
                    printed_at=now, printed_by=by or actor.id, **_columns(what.run))
    session.add(line)
    record(session, actor, now, "label.printed", stream_of("lot", what.lot_key), _told(what))
    return line


def checked_reason(session: Session, lot_key: str, run: Run | None, reason: str) -> str:
    """The reason of a reprint, empty for what was never printed. Raises InvalidInput where one is missing."""
    before = printed_before(session, lot_key, run)
    if before is None:
        return ""
    found = short_text(reason, 400, place="why")
    if not found:
        raise InvalidInput("The serial numbers %(first)s to %(last)s were printed before, or are being printed. Say "
                           "why they are printed again.", code="reprint", place="why", first=before.text(before.first),
                           last=before.text(before.end - 1))
    return found


def printed_before(session: Session, lot_key: str, run: Run | None) -> Run | None:
    """Those of these serial numbers that were printed before, or are in a job that is open; None for none."""
    if run is None:
        return None
    for before in (_overlapping(session, PrintLog, lot_key, run), _overlapping(session, PrintJob, lot_key, run)):
        if before is not None:
            first = max(run.first, before.first)
            return replace(run, first=first, count=min(run.end, before.end) - first)
    return None


def _overlapping(session: Session, table: type[PrintLog] | type[PrintJob], lot_key: str, run: Run) -> Run | None:
    """The first numbers in a table that meet these; of jobs only open ones count, for done ones stand in the log."""
    searched = select(table).where(
        table.lot_key == lot_key, table.prefix == run.prefix, table.width == run.width, table.first < run.end,
        table.first + table.count > run.first)
    if table is PrintJob:
        searched = searched.where(PrintJob.state.in_(OPEN))
    found = session.scalars(searched.order_by(table.first).limit(1)).first()
    return found.run if isinstance(found, PrintLog | PrintJob) else None


def job_by_id(session: Session, lot_key: str, job_id: str, *, is_locked: bool = False) -> PrintJob:
    """One job of a lot. Raises NotFound."""
    found = session.get(PrintJob, (lot_key, job_id), with_for_update=is_locked or None)
    if found is None:
        raise NotFound("There is no such print job.", code="unknown-print-job", place="job_id")
    return found


def job_page(session: Session, lot_key: str, after: str | None = None, limit: int = 50) -> Page[PrintJob]:
    """The print jobs of a lot, the newest first."""
    return page_of(session, select(PrintJob).where(PrintJob.lot_key == lot_key),
                   Order(PrintJob.created_at, PrintJob.id, descending=True), after, limit)


def log_page(session: Session, lot_key: str, after: str | None = None, limit: int = 50) -> Page[PrintLog]:
    """What was printed of a lot, the newest first."""
    return page_of(session, select(PrintLog).where(PrintLog.lot_key == lot_key),
                   Order(PrintLog.printed_at, PrintLog.id, descending=True), after, limit)


def whole_log(session: Session, lot_key: str) -> tuple[PrintLog, ...]:
    """All that was printed of a lot, the oldest first."""
    return tuple(session.scalars(select(PrintLog).where(PrintLog.lot_key == lot_key).order_by(PrintLog.id)))


def pallets_of(session: Session, lot_key: str, limit: int = 50) -> tuple[str, ...]:
    """The SSCCs of the logistic units that packs of the lot were put on, the newest first."""
    found = session.execute(
        select(Lot.uri, func.max(EventItem.event_id).label("latest"))
        .join(EventItem, EventItem.subject_key == Lot.lot_key)
        .where(EventItem.lot_key == lot_key, EventItem.role == "child", EventItem.stands,
               Lot.item_kind == ItemKind.container)
        .group_by(Lot.uri).order_by(text("latest DESC")).limit(limit))
    return tuple(match[1] for uri, _event in found if (match := _SSCC.search(uri)))


def _columns(run: Run | None) -> dict[str, str | int]:
    return {} if run is None else {"prefix": run.prefix, "width": run.width, "first": run.first, "count": run.count}


def _told(what: Printed) -> dict[str, object]:
    """What the trail says of a print."""
    found: dict[str, object] = {"template": what.template, "format": what.format, "count": what.labels,
                                "copies": what.copies}
    if what.run is not None:
        found["serials"] = f"{what.run.text(what.run.first)} – {what.run.text(what.run.end - 1)}"
    return {**found, "reason": what.reason} if what.reason else found
