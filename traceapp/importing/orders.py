"""Use cases of imports: a table comes in, its columns are named, it is looked at, taken in, paused, ended."""
from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from traceapp.audit import record, stream_of
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, InvalidInput, NotFound
from traceapp.core.ids import new_id
from traceapp.db.page import Order, Page, page_of
from traceapp.identity.policy import permit
from traceapp.tables.cells import known_zone
from traceapp.tables.heads import guess_heads, plain_title
from traceapp.tables.reading import Limits, Row, open_rows

from .fields import titles_of
from .files import ImportStore, Kept
from .kinds import Kind, kind_of
from .model import ImportFault, ImportJob, ImportMapping
from .rows import head_among
from .states import ENDED, ImportState, next_state

LIMITS = Limits(bytes=1 << 62, rows=1 << 40)
MOST_OPEN = 20
_HEAD_ROWS, _SAMPLE_ROWS, _SAMPLE_CELL = 10, 3, 60
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Table:
    """A table that is in the store: the number of the row of titles, the titles, and the rows below it as far as
    people look."""

    kept: Kept
    head_row: int
    head: tuple[str, ...]
    sample: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class BeginImport:
    """`zone` is that of times that do not say theirs."""

    kind: str
    name: str
    table: Table
    zone: str = "Asia/Shanghai"


@dataclass(frozen=True, slots=True)
class MapColumns:
    """`mapping`: field -> place of its column, counted from 0. `may_change`: products, partners and sites that are
    there already are brought up to the file."""

    import_id: str
    mapping: Mapping[str, int]
    zone: str = "Asia/Shanghai"
    may_change: bool = False


def read_table(store: ImportStore, kept: Kept, kind: str) -> Table:
    """What stands at the top of a table in the store. Raises InvalidInput for what is no table."""
    with store.open(kept.import_id) as file, open_rows(file, LIMITS) as rows:
        top = list(islice((row for row in rows if not row.is_empty), _HEAD_ROWS + _SAMPLE_ROWS))
    head = head_among(top[:_HEAD_ROWS], titles_of(kind))
    below = [row for row in top if row.number > head.number][:_SAMPLE_ROWS]
    return Table(kept, head.number, _short(head), tuple(_short(row) for row in below))


def _short(row: Row) -> tuple[str, ...]:
    return tuple(cell[:_SAMPLE_CELL] for cell in row.cells)


def begin_import(session: Session, actor: Actor, clock: Clock, command: BeginImport) -> ImportJob:
    """An import of a table that is in the store, its columns named as the last time under the same titles, else
    guessed. Raises Forbidden, InvalidInput for an unknown kind or zone, Conflict for too many open imports."""
    kind = kind_of(command.kind)
    _allow(actor, kind.permission)
    known_zone(command.zone)
    count = session.scalar(select(func.count()).select_from(ImportJob).where(ImportJob.state.not_in(ENDED))) or 0
    if count >= MOST_OPEN:
        raise Conflict("%(count)d imports are open already. End one of them first.", code="too-many-imports",
                       count=count)
    kept, now = command.table.kept, clock.now()
    job = ImportJob(
        id=kept.import_id, kind=kind.name, name=command.name[-_LONGEST_NAME:], sha256=kept.sha256,
        size_bytes=kept.size_bytes, state=ImportState.draft, head_row=command.table.head_row,
        head=list(command.table.head),
        sample=[list(row) for row in command.table.sample], zone=command.zone, may_change=False, skips_faulty=False,
        mapping=_known_mapping(session, kind, command.table.head), created_at=now, created_by=actor.id,
        actor_role=actor.role, at_row=0, read_bytes=0, stored=0, already=0, changed=0, refused=0)
    session.add(job)
    record(session, actor, now, "import.begun", _stream(job),
           {"kind": kind.name, "sha256": kept.sha256, "size_bytes": kept.size_bytes})
    session.flush()
    return job


def new_import_id(clock: Clock) -> str:
    """The id of an import whose table is still to be stored."""
    return new_id(clock.now())


def _stream(job: ImportJob) -> str:
    return stream_of("import", job.id)


def _allow(actor: Actor, permission: str) -> None:
    """Nothing when the actor may do this; the service's own command line may. Raises Forbidden."""
    if actor.role != "system":
        permit(actor, permission)


def signature_of(head: Sequence[str]) -> str:
    """What tables with the same titles have in common."""
    return hashlib.sha256("\x1f".join(plain_title(title) for title in head).encode()).hexdigest()


def _known_mapping(session: Session, kind: Kind, head: Sequence[str]) -> dict[str, int]:
    known = session.get(ImportMapping, (kind.name, signature_of(head)))
    return dict(known.mapping) if known is not None else dict(guess_heads(head, titles_of(kind.name)).places)


def map_columns(session: Session, actor: Actor, clock: Clock, command: MapColumns) -> ImportJob:
    """Say what the columns mean, which is remembered for tables with the same titles. Raises InvalidInput for unknown
    fields or columns and for a column that is named twice, Conflict for an import that is under way."""
    job = import_by_id(session, command.import_id, is_locked=True)
    kind = kind_of(job.kind)
    _allow(actor, kind.permission)
    known_zone(command.zone)
    mapping = _checked(kind, command.mapping, len(job.head))
    if command.may_change and not kind.can_change:
        raise InvalidInput("What is there already of this kind is never changed by a file.", code="cannot-change",
                           place="may_change")
    job.state = next_state(job.state, "map")
    job.mapping, job.zone, job.may_change, job.checked = mapping, command.zone, command.may_change, None
    now = clock.now()
    session.merge(ImportMapping(kind=kind.name, signature=signature_of(job.head), mapping=mapping, used_at=now,
                                used_by=actor.id))
    record(session, actor, now, "import.mapped", _stream(job), {"fields": sorted(mapping)})
    session.flush()
    return job


def _checked(kind: Kind, mapping: Mapping[str, int], columns: int) -> dict[str, int]:
    known = {field.name for field in kind.fields}
    taken: dict[int, str] = {}
    for name, place in mapping.items():
        if name not in known:
            raise InvalidInput("“%(value)s” is not one of: %(known)s.", code="unknown-value", place="mapping",
                               value=name[:40], known=", ".join(sorted(known)))
        if not 0 <= place < columns:
            raise InvalidInput("The table has no column %(number)s.", code="unknown-column", place=f"mapping/{name}",
                               number=place + 1)
        if place in taken:
            raise InvalidInput("This column is chosen for another field already.", code="column-twice",
                               place=f"mapping/{name}")
        taken[place] = name
    return {name: place for place, name in taken.items()}


def missing_fields(job: ImportJob) -> tuple[str, ...]:
    """The required fields that no column is named for."""
    return tuple(field.name for field in kind_of(job.kind).fields
                 if field.is_required and field.name not in job.mapping)


def order_check(session: Session, actor: Actor, clock: Clock, import_id: str) -> ImportJob:
    """Have the whole table looked at; nothing of it is stored. Raises InvalidInput naming the columns that are
    missing, Conflict for an import that is under way."""
    job = import_by_id(session, import_id, is_locked=True)
    kind = kind_of(job.kind)
    _allow(actor, kind.permission)
    if "state" in job.mapping:
        _allow(actor, "trace.release")
    missing = missing_fields(job)
    if missing:
        titles = ", ".join(field.en for field in kind.fields if field.name in missing)
        raise InvalidInput("Columns are missing: %(missing)s.", code="missing-columns", place=f"mapping/{missing[0]}",
                           missing=titles)
    job.state = next_state(job.state, "check")
    job.trouble = job.checked = job.rows = None
    _begin_work(session, job)
    record(session, actor, clock.now(), "import.check_ordered", _stream(job))
    session.flush()
    return job


def _begin_work(session: Session, job: ImportJob) -> None:
    job.at_row = job.read_bytes = job.stored = job.already = job.changed = job.refused = 0
    job.holder = job.lease_until = None
    session.execute(delete(ImportFault).where(ImportFault.import_id == job.id))


def order_run(session: Session, actor: Actor, clock: Clock, import_id: str, *, skips_faulty: bool = False) -> ImportJob:
    """Have the rows taken in. Raises Conflict when the look found faulty rows and they shall not be left out, when
    nothing would be left, and for an import that was not looked at."""
    job = import_by_id(session, import_id, is_locked=True)
    _allow(actor, kind_of(job.kind).permission)
    state = next_state(job.state, "run")
    found: dict[str, Any] = job.checked or {}
    if found.get("refused") and not skips_faulty:
        raise Conflict("%(count)d rows cannot be taken in. Correct the file and upload it anew, or choose that these "
                       "rows are left out. Nothing was stored.", code="faulty-rows", place="skips_faulty",
                       count=found["refused"])
    if not any(found.get(name) for name in ("stored", "changed", "already")):
        raise Conflict("No row of this file can be taken in.", code="no-good-rows", place="skips_faulty")
    job.state, job.skips_faulty, job.started_at, job.trouble = state, skips_faulty, clock.now(), None
    _begin_work(session, job)
    record(session, actor, clock.now(), "import.run_ordered", _stream(job), {"leaves_out_faulty": skips_faulty})
    session.flush()
    return job


def pause_import(session: Session, actor: Actor, clock: Clock, import_id: str) -> ImportJob:
    """Have the work rest after the rows that it is at. Raises Conflict when nothing runs."""
    job = _changed(session, actor, import_id, "pause")
    record(session, actor, clock.now(), "import.paused", _stream(job), {"row": job.at_row})
    return job


def resume_import(session: Session, actor: Actor, clock: Clock, import_id: str, *,
                  skips_faulty: bool | None = None) -> ImportJob:
    """Have the work go on after the last row that was dealt with; `skips_faulty` None: as before. Raises Conflict."""
    job = _changed(session, actor, import_id, "resume")
    if skips_faulty is not None:
        job.skips_faulty = skips_faulty
    job.trouble = None
    session.execute(delete(ImportFault).where(ImportFault.import_id == job.id, ImportFault.row > job.at_row))
    record(session, actor, clock.now(), "import.resumed", _stream(job),
           {"row": job.at_row, "leaves_out_faulty": job.skips_faulty})
    return job


def cancel_import(session: Session, actor: Actor, clock: Clock, import_id: str) -> ImportJob:
    """End an import; what is stored stays. Raises Conflict for one that has ended."""
    job = _changed(session, actor, import_id, "cancel")
    job.finished_at = clock.now()
    record(session, actor, clock.now(), "import.cancelled", _stream(job), {"row": job.at_row})
    return job


def _changed(session: Session, actor: Actor, import_id: str, action: str) -> ImportJob:
    job = import_by_id(session, import_id, is_locked=True)
    _allow(actor, kind_of(job.kind).permission)
    job.state = next_state(job.state, action)
    job.holder = job.lease_until = None
    return job


def import_by_id(session: Session, import_id: str, *, is_locked: bool = False) -> ImportJob:
    """One import. Raises NotFound."""
    found = session.get(ImportJob, import_id, with_for_update=is_locked or None)
    if found is None:
        raise NotFound("There is no such import.", code="unknown-import", place="import_id")
    return found


def import_page(session: Session, after: str | None = None, limit: int = 50) -> Page[ImportJob]:
    """The imports, the newest first."""
    return page_of(session, select(ImportJob), Order(ImportJob.created_at, ImportJob.id, descending=True), after,
                   limit)


def faults_of(session: Session, import_id: str, after: int = 0, limit: int = 100) -> list[ImportFault]:
    """What was wrong, by number, from the one after `after` on."""
    return list(session.scalars(select(ImportFault).where(
        ImportFault.import_id == import_id, ImportFault.number > after).order_by(ImportFault.number).limit(limit)))


def same_before(session: Session, job: ImportJob) -> ImportJob | None:
    """An earlier import of the very same file and kind that was taken in, as far as it went."""
    return session.scalar(select(ImportJob).where(
        ImportJob.sha256 == job.sha256, ImportJob.kind == job.kind, ImportJob.id != job.id,
        ImportJob.started_at.is_not(None)).order_by(ImportJob.created_at.desc()).limit(1))
