"""What left the house: recorded once, never changed."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.audit import record, stream_of
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.ids import new_id
from traceapp.db.page import Order, Page, page_of

from .model import ExportRecord


@dataclass(frozen=True, slots=True)
class RecordExport:
    """`kind` as in `adverse_events`; `filters` as they were asked for; `sha256` of the very bytes that were sent."""

    kind: str
    format: str
    rows: int
    sha256: str
    filters: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ExportFilter:
    """`actor_id` None: everybody's."""

    actor_id: str | None = None
    kind: str | None = None
    since: datetime | None = None
    after: str | None = None
    limit: int = 50


def record_export(session: Session, actor: Actor, clock: Clock, command: RecordExport) -> ExportRecord:
    """The record of an export, to be committed before the first byte is sent."""
    now = clock.now()
    row = ExportRecord(id=new_id(now), at=now, actor_id=actor.id, actor_role=actor.role, kind=command.kind,
                       format=command.format, filters=dict(command.filters), rows=command.rows,
                       sha256=command.sha256)
    session.add(row)
    record(session, actor, now, "export.recorded", stream_of("export", row.id),
           {"kind": row.kind, "format": row.format, "filters": row.filters, "rows": row.rows, "sha256": row.sha256})
    return row


def export_page(session: Session, wanted: ExportFilter) -> Page[ExportRecord]:
    """Exports, newest first."""
    found = select(ExportRecord)
    if wanted.actor_id is not None:
        found = found.where(ExportRecord.actor_id == wanted.actor_id)
    if wanted.kind is not None:
        found = found.where(ExportRecord.kind == wanted.kind)
    if wanted.since is not None:
        found = found.where(ExportRecord.at >= wanted.since)
    return page_of(session, found, Order(ExportRecord.at, ExportRecord.id, descending=True), wanted.after,
                   wanted.limit)


def exports_of_hash(session: Session, sha256: str) -> list[ExportRecord]:
    """When and by whom a file with these bytes was exported; empty: it did not leave here, or was changed since."""
    return list(session.scalars(select(ExportRecord).where(ExportRecord.sha256 == sha256.lower())
                                .order_by(ExportRecord.at, ExportRecord.id)))
