"""Complaints from a file: looked at first, then taken in whole or only the good rows, once."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import BinaryIO

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.audit import record, stream_of
from traceapp.audit.trail import seal
from traceapp.catalog.model import Product
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, InvalidInput
from traceapp.core.ids import new_id
from traceapp.db.insert import insert_if_new
from traceapp.tables.cells import RowError, known_zone
from traceapp.tables.heads import Heads, read_heads
from traceapp.tables.reading import Row, hash_of, open_rows
from traceapp.vault.service import Vault
from traceapp.worklist.tasks import RaiseTask, raise_new_tasks
from traceapp.worklist.work import add_work

from .calling import call_for_grave
from .crisis import CLUSTER_DAYS, watch_cluster
from .import_fields import FIELDS, REQUIRED, report_of_row
from .intake import RESCORE, bind_match, duties_of, note_intake, take_in
from .matching import LotIndex, MatchKind, index_of_lots
from .model import UNKNOWN_LOT, Complaint, ImportedFile
from .report import CheckedReport, checked_report
from .service_clocks import begin_clocks, promised
from .suspecting import Suspecting

MOST_SHOWN = 100
_BATCH = 500
# Where a field of a report came from in the table.
_FIELD_OF_PLACE = {"awareness_at": "received", "age_band": "age", "lot": "lot"}


@dataclass(frozen=True, slots=True)
class ImportComplaints:
    """`name` of the file; `mode`: all_or_nothing or good_rows; `zone` of times that do not say theirs."""

    name: str
    mode: str = "all_or_nothing"
    zone: str = "Asia/Shanghai"


@dataclass(frozen=True, slots=True)
class Preview:
    """What an import would do. `errors` and `unclear_lots` show the first hundred; the numbers count all.
    `fields`: column title by field. `unclear_lots`: row, what stands there, the lots it could mean."""

    sha256: str
    rows: int
    good_rows: int
    bad_rows: int
    errors: tuple[RowError, ...]
    lots_bound: int
    lots_unbound: int
    unclear_lots: tuple[tuple[int, str, tuple[str, ...]], ...]
    fields: tuple[tuple[str, str], ...]
    is_imported: bool


@dataclass(frozen=True, slots=True)
class Imported:
    id: str
    rows_taken: int
    rows_refused: int
    errors: tuple[RowError, ...]


@dataclass(frozen=True, slots=True)
class _Line:
    """One row: its report, or its errors."""

    row: Row
    report: CheckedReport | None
    errors: tuple[RowError, ...]


class _Reading:
    """A file being read, with what every row needs."""

    def __init__(self, session: Session, clock: Clock, zone: str) -> None:
        self.zone = known_zone(zone)
        self.now = clock.now()
        self.products = {code.upper(): key for code, key in session.execute(select(Product.code, Product.id))}
        self.heads = Heads({}, {})

    def lines(self, rows: Iterator[Row]) -> Iterator[_Line]:
        head = next((row for row in rows if not row.is_empty), None)
        if head is None:
            raise InvalidInput("The file is empty.", code="empty-file", place="file")
        self.heads = read_heads(head.cells, FIELDS, REQUIRED)
        for row in rows:
            if not row.is_empty:
                yield self._line(row)

    def _line(self, row: Row) -> _Line:
        command, wrong = report_of_row(row.cells, self.heads, self.products, self.zone)
        if command is not None:
            try:
                return _Line(row, checked_report(command, self.now), ())
            except InvalidInput as error:
                wrong = [(_FIELD_OF_PLACE.get(error.place or "", error.place or ""), error)]
        return _Line(row, None, tuple(RowError(row.number, self.heads.titles.get(key, key), error.code,
                                               error.message, error.params) for key, error in wrong))


def preview_import(session: Session, clock: Clock, file: BinaryIO, zone: str = "Asia/Shanghai") -> Preview:
    """What an import of this file would do; nothing is kept.

    Raises InvalidInput for what is no table or has the wrong columns, TooLarge beyond the limits.
    """
    sha256 = hash_of(file)
    reading, index = _Reading(session, clock, zone), index_of_lots(session)
    counts = {"good": 0, "bad": 0, "bound": 0, "unbound": 0}
    errors: list[RowError] = []
    unclear: list[tuple[int, str, tuple[str, ...]]] = []
    with open_rows(file) as rows:
        for line in reading.lines(rows):
            if line.report is None:
                counts["bad"] += 1
                errors.extend(line.errors[:max(0, MOST_SHOWN - len(errors))])
                continue
            counts["good"] += 1
            match = index.match(line.report.lot.text, line.report.lot.product_id)
            counts["bound" if match.lot else "unbound"] += 1
            if match.kind in (MatchKind.ambiguous, MatchKind.none) and len(unclear) < MOST_SHOWN:
                unclear.append((line.row.number, line.report.lot.text, tuple(lot.number for lot in match.candidates)))
    return Preview(
        sha256=sha256, rows=counts["good"] + counts["bad"], good_rows=counts["good"], bad_rows=counts["bad"],
        errors=tuple(errors), lots_bound=counts["bound"], lots_unbound=counts["unbound"],
        unclear_lots=tuple(unclear), fields=tuple(reading.heads.titles.items()),
        is_imported=session.get(ImportedFile, sha256) is not None)


def import_complaints(session: Session, actor: Actor, clock: Clock, file: BinaryIO, command: ImportComplaints, *,
                      vault: Vault) -> Imported:
    """The rows as complaints, each with its duties; lots that get some are scored again.

    Raises what `preview_import` raises; Conflict when the same file was imported before; InvalidInput with
    `errors` by “row N, column” when all or nothing was asked for and a row is bad, or when no row is good.
    """
    if command.mode not in ("all_or_nothing", "good_rows"):
        raise InvalidInput("“%(value)s” is not one of: %(known)s.", code="unknown-value", place="mode",
                           value=command.mode[:40], known="all_or_nothing, good_rows")
    sha256 = hash_of(file)
    import_id = _claim(session, actor, clock, sha256, command.name)
    reading, index = _Reading(session, clock, command.zone), index_of_lots(session)
    if command.mode == "all_or_nothing":
        _check_all(reading, file)
    taker = _Taker(session, actor, clock, index, vault)
    errors: list[RowError] = []
    bad = 0
    with open_rows(file) as rows:
        for line in reading.lines(rows):
            if line.report is not None:
                taker.take(line.report)
                continue
            bad += 1
            errors.extend(line.errors[:max(0, MOST_SHOWN - len(errors))])
    if not taker.taken:
        raise _refusal(bad, errors)
    taker.finish()
    row = session.get_one(ImportedFile, sha256)
    row.rows_taken, row.rows_refused = taker.taken, bad
    record(session, actor, clock.now(), "complaint.imported", stream_of("complaint_import", import_id),
           {"sha256": sha256, "mode": command.mode, "rows_taken": taker.taken, "rows_refused": bad})
    return Imported(import_id, taker.taken, bad, tuple(errors))


def _check_all(reading: _Reading, file: BinaryIO) -> None:
    """Read the whole file once before anything is stored. Raises InvalidInput when a row is bad."""
    errors: list[RowError] = []
    bad = 0
    with open_rows(file) as rows:
        for line in reading.lines(rows):
            bad += line.report is None
            errors.extend(line.errors[:max(0, MOST_SHOWN - len(errors))])
    if bad:
        raise _refusal(bad, errors)


def _claim(session: Session, actor: Actor, clock: Clock, sha256: str, name: str) -> str:
    now = clock.now()
    import_id = new_id(now)
    if insert_if_new(session, ImportedFile, {
            "sha256": sha256, "id": import_id, "name": name[:200], "rows_taken": 0, "rows_refused": 0,
            "imported_at": now, "imported_by": actor.id}):
        return import_id
    earlier = session.get_one(ImportedFile, sha256)
    raise Conflict("This very file was imported before, on %(at)s, with %(rows)s complaints taken in. Nothing was "
                   "added.", code="already-imported", place="file", at=f"{earlier.imported_at:%Y-%m-%d %H:%M} UTC",
                   rows=earlier.rows_taken)


def _refusal(bad: int, errors: list[RowError]) -> InvalidInput:
    if not bad:
        return InvalidInput("The table has no rows below its head.", code="empty-file", place="file")
    shown = {f"row {error.row}, {error.column}": error.text for error in errors}
    return InvalidInput("%(bad)s rows cannot be read; the first is row %(row)s, column “%(column)s”. Nothing was "
                        "taken in. Correct them, or choose to take in only the good rows.", code="bad-rows",
                        place=f"row {errors[0].row}", errors=shown, bad=bad, row=errors[0].row,
                        column=errors[0].column)


class _Taker:
    """Takes in reports, a batch at a time, so that memory holds one batch of them."""

    def __init__(self, session: Session, actor: Actor, clock: Clock, index: LotIndex, vault: Vault) -> None:
        self.session, self.actor, self.clock, self.index, self.vault = session, actor, clock, index, vault
        self.taken = 0
        self._batch: list[Complaint] = []
        self._lots: set[str] = set()
        self._contacts: dict[str, str] = {}
        self._suspecting = Suspecting(session)

    def take(self, report: CheckedReport) -> None:
        match = self.index.match(report.lot.text, report.lot.product_id)
        bound = bind_match(report.lot, match)
        complaint = take_in(self.session, self.actor, self.clock,
                            (new_id(self.clock.now()), report, bound), vault=self.vault)
        self.session.add(complaint)
        self._batch.append(complaint)
        if report.contact is not None and report.contact.contact:
            self._contacts[complaint.id] = self.vault.contact_hash(report.contact.contact)
        self.taken += 1
        if bound.lot_key != UNKNOWN_LOT:
            self._lots.add(bound.lot_key)
        if len(self._batch) >= _BATCH:
            self._store()

    def _store(self) -> None:
        tasks: list[RaiseTask] = []
        self._suspecting.suspect_each(self._batch, self._contacts)
        for complaint in self._batch:
            note_intake(self.session, self.actor, self.clock, complaint)
            tasks += duties_of(complaint, promised(self.session, complaint, complaint.awareness_at))
        begin_clocks(self.session, self._batch)
        self.session.flush()
        raise_new_tasks(self.session, self.actor, self.clock, tasks)
        for complaint in self._batch:
            self._warn(complaint)
        # The trail of this batch is added now: a hundred thousand complaints would not fit into memory at the end.
        seal(self.session)
        for complaint in self._batch:
            self.session.expunge(complaint)
        self._batch.clear()
        self._contacts.clear()

    def _warn(self, complaint: Complaint) -> None:
        """Call for a grave report and watch its batch, unless it is of a past that is only recorded now."""
        now, due_at = self.clock.now(), promised(self.session, complaint, complaint.awareness_at).first_answer
        if due_at > now:
            call_for_grave(self.session, self.clock, complaint, due_at)
        if complaint.awareness_at > now - timedelta(days=CLUSTER_DAYS):
            watch_cluster(self.session, self.clock, complaint)

    def finish(self) -> None:
        """Store what is left, and have every lot that got a complaint scored again."""
        self._store()
        for lot_key in sorted(self._lots):
            add_work(self.session, self.clock, RESCORE, lot_key)
