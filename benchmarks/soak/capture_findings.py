"""What must hold of captures after every kill."""
from __future__ import annotations

import hashlib
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from traceapp.audit.verify import verify
from traceapp.db import Database
from traceapp.trace.model import Capture, Event, SeenEvent
from traceapp.trace.query_model import CaptureJob
from traceapp.trace.rebuilding import DERIVED, rebuild

from .capture_documents import document_of

_WAIT_SECONDS = 60.0


class _NothingKept(Exception):
    """Ends a transaction whose changes were only made to be looked at."""


def wait_for_the_dead(database: Database) -> None:
    """Return when PostgreSQL has ended what killed processes had begun; SQLite has nobody who could go on."""
    if database.is_sqlite:
        return
    others = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
                  " AND application_name <> 'soak'")
    until = time.monotonic() + _WAIT_SECONDS
    with database.reading() as connection:
        while connection.scalar(others):
            if time.monotonic() > until:
                raise RuntimeError("a dead process still works in the database")
            time.sleep(0.01)


def faults_of_documents(database: Database, tried: Iterable[str], acknowledged: set[str],
                        seed: int) -> dict[str, list[str]]:
    """Marks whose documents are lost, or there in part; captures and names that do not fit their events."""
    with database.read() as session:
        stored: dict[str, Counter[str]] = defaultdict(Counter)
        for name, count in session.execute(
                select(Event.event_id, func.count()).where(Event.event_id.like("urn:soak:%")).group_by(Event.event_id)):
            writer, _, rest = name.removeprefix("urn:soak:").partition(":")
            stored[f"{writer}:{rest.partition(':')[0]}"][name] = count
        found: dict[str, list[str]] = {"lost": [], "in_part": [], "captures": _wrong_captures(session)}
        named = session.scalar(select(func.count(SeenEvent.id.distinct())))
        if named != session.scalar(select(func.count()).select_from(Event)):
            found["captures"].append("there are events without a name, or names without an event")
    for mark in tried:
        writer, number = (int(part) for part in mark.removeprefix("soak writer-").split())
        there, own = stored.get(f"{writer}:{number}", Counter()), document_of(mark, seed).own
        if there != own and mark in acknowledged:
            found["lost"].append(mark)
        elif there != own and there:
            found["in_part"].append(mark)
    return found


def _wrong_captures(session: Session) -> list[str]:
    counts = dict(session.execute(select(Event.capture_id, func.count()).where(Event.capture_id.is_not(None))
                                  .group_by(Event.capture_id)).all())
    said = dict(session.execute(select(Capture.id, Capture.events)).all())
    wrong = [f"capture {key}: {said.get(key)} events said, {counts.get(key, 0)} stored"
             for key in said.keys() | counts.keys() if said.get(key, -1) != counts.get(key, 0)]
    named = set(session.scalars(select(CaptureJob.capture_id).where(CaptureJob.capture_id.is_not(None))))
    return wrong + [f"a job without its capture {key}" for key in sorted(named - said.keys())]


def differing_tables(database: Database) -> list[str]:
    """Derived tables that a rebuild makes differently; the rebuild is undone."""
    differing: list[str] = []
    try:
        with database.write() as session:
            before = _digests(session)
            rebuild(session)
            session.flush()
            after = _digests(session)
            differing = [name for name in before if before[name] != after[name]]
            raise _NothingKept
    except _NothingKept:
        return differing


def _digests(session: Session) -> dict[str, str]:
    """A digest of every derived table, but for the count of revisions."""
    found = {}
    for model in DERIVED:
        table = model.__table__
        columns = [column for column in table.columns if column.key != "revision"]
        digest = hashlib.sha256()
        for row in session.connection().execute(select(*columns).order_by(*table.primary_key.columns)):
            digest.update(repr(tuple(row)).encode())
        found[table.name] = digest.hexdigest()
    return found


def broken_chain(database: Database, signing_key: str | None) -> str | None:
    """The first broken link of the audit trail."""
    with database.snapshot() as session:
        return verify(session, signing_key).broken


def counted(database: Database) -> dict[str, Any]:
    """How much there is at the end."""
    with database.read() as session:
        return {"events": session.scalar(select(func.count()).select_from(Event)),
                "captures": session.scalar(select(func.count()).select_from(Capture)),
                "jobs": session.scalar(select(func.count()).select_from(CaptureJob))}
