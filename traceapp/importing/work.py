"""Working on imports: a look that is undone part by part, and the taking in, whose place is kept with its rows.

Whoever works holds a lease. A worker that was killed renews it no more; the next one looks from the beginning, and
takes in from the row after the last one that was stored.
"""
from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import BinaryIO
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, delete, or_, select, update
from sqlalchemy.orm import Session

from traceapp.audit import record, stream_of
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Problem, Unavailable
from traceapp.core.ids import new_id
from traceapp.db import Database
from traceapp.db.attempt import attempt
from traceapp.identity.policy import PERMISSIONS, permissions_of
from traceapp.tables.reading import open_rows

from .desk import Desk, Outcome
from .files import ImportStore
from .kinds import Kind, kind_of
from .model import ImportFault, ImportJob
from .orders import LIMITS, import_by_id
from .rows import Act, Fault, acts_of, fault_of, texts
from .scratch import Scratch, scratch
from .states import ENDED, WORKED_ON, ImportState, next_state

LEASE = timedelta(seconds=60)
KEPT = timedelta(days=30)
MOST_FAULTS = 10_000
_BATCH_ROWS = 40  # about a quarter of a second in which nobody else writes


class LostClaim(Exception):
    """The import was paused or cancelled, or somebody else works on it now."""


class Stopping(Exception):
    """The service is told to stop."""


@dataclass(frozen=True, slots=True)
class Claim:
    """An import that is this worker's as long as its lease is renewed, as it stood when it was taken."""

    import_id: str
    holder: str
    state: str
    kind: Kind
    mapping: dict[str, int]
    zone: ZoneInfo
    may_change: bool
    skips_faulty: bool
    after: int
    actor: Actor
    size_bytes: int


@dataclass(slots=True)
class Progress:
    """How far a work is: its counts of rows, the last row, the faults that are not stored yet, the bytes read."""

    counts: Counter[str] = field(default_factory=Counter)
    at_row: int = 0
    read_bytes: int = 0
    faults: list[Fault] = field(default_factory=list)

    @property
    def rows(self) -> int:
        return sum(self.counts.values())


Told = Callable[[Progress], None]


def is_waiting(session: Session, clock: Clock, state: ImportState) -> bool:
    """Whether there is an import in this state that nobody works on."""
    return session.scalar(select(ImportJob.id).where(*_free(clock, state)).limit(1)) is not None


def _free(clock: Clock, state: ImportState) -> tuple[ColumnElement[bool], ...]:
    now = clock.now()  # an end further away than a lease can be comes from a clock that was set back since
    return (ImportJob.state == state, or_(ImportJob.holder.is_(None), ImportJob.lease_until <= now,
                                          ImportJob.lease_until > now + 2 * LEASE))


def claim_import(session: Session, clock: Clock, state: ImportState, import_id: str | None = None) -> Claim | None:
    """The import that waits longest in this state, or this very one; None when there is none."""
    wanted = select(ImportJob).where(*_free(clock, state))
    if import_id is not None:
        wanted = wanted.where(ImportJob.id == import_id)
    job = session.scalars(wanted.order_by(ImportJob.created_at, ImportJob.id).limit(1)
                          .with_for_update(skip_locked=True)).first()
    if job is None:
        return None
    now = clock.now()
    job.holder, job.lease_until = new_id(now), now + LEASE
    session.flush()
    scopes = permissions_of(job.actor_role) if job.actor_role != "system" else frozenset(PERMISSIONS)
    return Claim(job.id, job.holder, job.state, kind_of(job.kind), dict(job.mapping), ZoneInfo(job.zone),
                 job.may_change, job.skips_faulty, max(job.head_row, job.at_row if state == ImportState.running else 0),
                 Actor(job.created_by, job.actor_role, scopes=scopes, source="import"), job.size_bytes)


def _held(session: Session, claim: Claim) -> ImportJob:
    """The import, locked. Raises LostClaim."""
    job = import_by_id(session, claim.import_id, is_locked=True)
    if job.holder != claim.holder or job.state != claim.state:
        raise LostClaim
    return job


@contextmanager
def _opened(store: ImportStore, claim: Claim) -> Iterator[tuple[Iterator[Act], BinaryIO]]:
    """The acts of the table from where the work is, and the file, whose position tells how far it is read."""
    with store.open(claim.import_id) as file, open_rows(file, LIMITS) as rows:
        yield acts_of(rows, claim.kind, claim.mapping, claim.zone, after=claim.after), file


def _batches(acts: Iterator[Act]) -> Iterator[list[Act]]:
    batch: list[Act] = []
    rows = 0
    for act in acts:
        batch.append(act)
        rows += len(act.rows)
        if rows >= _BATCH_ROWS:
            yield batch
            batch, rows = [], 0
    if batch:
        yield batch


class _Undone(Exception):
    """Ends the rehearsal of a part, so that nothing of it is kept."""


def check_table(database: Database, clock: Clock, store: ImportStore, claim: Claim, told: Told) -> None:
    """Look at the whole table: every row is taken in as it will be, and undone again part by part. Answers by the
    state of the import. Raises LostClaim, and what makes the file unreadable."""
    progress = Progress()
    with _opened(store, claim) as (acts, file), scratch() as memory:
        for batch in _batches(acts):
            _rehearse(database, clock, claim, batch, (progress, memory))
            progress.at_row, progress.read_bytes = batch[-1].last_row, _position(file)
            _keep_faults(database, claim, progress)
            told(progress)
    with database.write() as session:
        job = _held(session, claim)
        job.state, job.holder, job.lease_until = next_state(job.state, "find"), None, None
        _show(job, progress)
        job.rows, job.read_bytes = progress.rows, job.size_bytes
        job.checked = {name: progress.counts[name] for name in ("stored", "already", "changed", "refused")}


def _position(file: BinaryIO) -> int:
    try:
        return file.tell()
    except (OSError, ValueError):
        return 0


def _rehearse(database: Database, clock: Clock, claim: Claim, batch: list[Act],
              so_far: tuple[Progress, Scratch]) -> None:
    progress, memory = so_far
    try:
        with database.write() as session:
            desk = Desk(session, claim.actor, clock, claim.may_change, memory.recall)
            for act in batch:
                _judge(desk, claim, act, so_far)
            memory.keep_lots(desk)
            raise _Undone
    except _Undone:
        return


def _judge(desk: Desk, claim: Claim, act: Act, so_far: tuple[Progress, Scratch]) -> None:
    """Count what would come of an act."""
    progress, memory = so_far
    if act.faults:
        _refuse(progress, act, act.faults)
        return
    try:
        names = claim.kind.names(act.lines)
        if not claim.may_change and memory.refuse_repeated(names, act.lines):
            progress.counts[Outcome.already] += len(act.rows)
            return
        with attempt(desk.session):
            outcome = claim.kind.take(desk, act.lines)
        memory.note(names, act.lines)
        progress.counts.update(_counted(outcome, act))
    except Unavailable:
        raise
    except Problem as problem:
        _refuse(progress, act, [fault_of(act, claim.kind, problem, claim.mapping)])


def _refuse(progress: Progress, act: Act, faults: list[Fault]) -> None:
    progress.counts["refused"] += len(act.rows)
    progress.faults.extend(faults)


def _keep_faults(database: Database, claim: Claim, progress: Progress) -> None:
    """Store what was found wrong, as soon as there is enough of it."""
    if progress.faults:
        with database.write() as session:
            _add_faults(session, _held(session, claim), claim, progress)


def _add_faults(session: Session, job: ImportJob, claim: Claim, progress: Progress) -> None:
    """The first ten thousand faults as rows; the counts tell of all."""
    last = session.scalar(select(ImportFault.number).where(ImportFault.import_id == job.id)
                          .order_by(ImportFault.number.desc()).limit(1)) or 0
    for number, fault in enumerate(progress.faults[:max(0, MOST_FAULTS - last)], last + 1):
        session.add(ImportFault(
            import_id=job.id, number=number, row=fault.row, field=fault.field, place=claim.mapping.get(fault.field),
            value=fault.value, code=fault.problem.code[:60], message=fault.problem.message,
            params=texts(fault.problem)))
    progress.faults.clear()


def _show(job: ImportJob, progress: Progress) -> None:
    for name in ("stored", "already", "changed", "refused"):
        setattr(job, name, progress.counts[name])
    job.at_row, job.read_bytes = progress.at_row, progress.read_bytes


def note_check(session: Session, clock: Clock, claim: Claim, progress: Progress) -> None:
    """Say how far a look is and renew the lease. Raises LostClaim."""
    job = _held(session, claim)
    _show(job, progress)
    job.lease_until = clock.now() + LEASE


def run_table(database: Database, clock: Clock, store: ImportStore, claim: Claim, told: Told) -> None:
    """Take the rows in, part by part; each part with the place that was reached. Answers by the state of the import.
    Raises LostClaim, and what makes the file unreadable."""
    progress = Progress(at_row=claim.after)
    with _opened(store, claim) as (acts, file):
        for batch in _batches(acts):
            with database.write() as session:
                is_stopped = _take(session, clock, claim, batch, (progress, _position(file)))
            told(progress)
            if is_stopped:
                return
    with database.write() as session:
        job = _held(session, claim)
        job.state, job.holder, job.lease_until = next_state(job.state, "finish"), None, None
        job.finished_at, job.read_bytes = clock.now(), job.size_bytes
        record(session, claim.actor, clock.now(), "import.done", stream_of("import", job.id), {
            name: getattr(job, name) for name in ("stored", "already", "changed", "refused")})


def _take(session: Session, clock: Clock, claim: Claim, batch: list[Act], so_far: tuple[Progress, int]) -> bool:
    """Take in a part and keep the place behind it; answers whether a faulty row stopped the work."""
    job = _held(session, claim)
    progress, position = so_far
    progress.read_bytes = job.read_bytes = position
    counts: Counter[str] = Counter()
    is_stopped = False
    desk = Desk(session, claim.actor, clock, claim.may_change)
    for act in batch:
        faults = _taken(desk, claim, act, counts)
        progress.faults.extend(faults)
        if faults and not claim.skips_faulty:
            is_stopped = True
            break
        if faults:
            counts["refused"] += len(act.rows)
        job.at_row = act.last_row
    for name, count in counts.items():
        setattr(job, name, getattr(job, name) + count)
    progress.counts.update(counts)
    progress.at_row = job.at_row
    _add_faults(session, job, claim, progress)
    job.lease_until = clock.now() + LEASE
    if is_stopped:
        job.state, job.holder, job.lease_until = next_state(job.state, "stop"), None, None
    return is_stopped


def _taken(desk: Desk, claim: Claim, act: Act, counts: Counter[str]) -> list[Fault]:
    """Take in one act; what is wrong with it, when it cannot be."""
    if act.faults:
        return act.faults
    try:
        with attempt(desk.session):
            outcome = claim.kind.take(desk, act.lines)
    except Unavailable:
        raise
    except Problem as problem:
        return [fault_of(act, claim.kind, problem, claim.mapping)]
    counts.update(_counted(outcome, act))
    return []


def _counted(outcome: Outcome | Counter[str], act: Act) -> Counter[str]:
    return outcome if isinstance(outcome, Counter) else Counter({outcome: len(act.rows)})


def fail_import(session: Session, claim: Claim, problem: Problem) -> None:
    """The work cannot go on, and why. Raises LostClaim."""
    job = _held(session, claim)
    job.state = next_state(job.state, "break" if job.state == ImportState.running else "give_back")
    job.trouble = {"code": problem.code, "message": problem.message, "params": texts(problem)}
    job.holder = job.lease_until = None


def forget_old_tables(session: Session, clock: Clock, *, store: ImportStore) -> int:
    """Remove files and faults of imports that ended a month ago, or were left alone for a month; that there was one
    stays. Answers how many."""
    before = clock.now() - KEPT
    old = session.scalars(select(ImportJob).where(
        ImportJob.state.not_in(WORKED_ON), ImportJob.sample != [], or_(ImportJob.finished_at < before, and_(
            ImportJob.finished_at.is_(None), ImportJob.created_at < before))).limit(500)).all()
    for job in old:
        store.remove(job.id)
        session.execute(delete(ImportFault).where(ImportFault.import_id == job.id))
        job.sample = []
        if job.state not in ENDED:
            job.state, job.finished_at = next_state(job.state, "cancel"), clock.now()
    return len(old)


def put_back(session: Session, claim: Claim) -> None:
    """Somebody else shall go on: this service is told to stop."""
    session.execute(update(ImportJob).where(ImportJob.id == claim.import_id, ImportJob.holder == claim.holder)
                    .values(holder=None, lease_until=None))


def interrupted_import(session: Session, kind: str, sha256: str) -> ImportJob | None:
    """The import of this very file whose rows are taken in but not to the end."""
    return session.scalar(select(ImportJob).where(
        ImportJob.kind == kind, ImportJob.sha256 == sha256, ImportJob.started_at.is_not(None),
        ImportJob.state.not_in(ENDED)).order_by(ImportJob.created_at.desc()).limit(1))
