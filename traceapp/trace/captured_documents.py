"""The EPCIS documents that came, by whatever way, and those that were refused; with what was noticed about them."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Text, cast, select
from sqlalchemy.orm import Session

from traceapp.core.errors import NotFound
from traceapp.epcis import Event as Said

from .event_query import told_to
from .model import Capture, Event
from .query_model import CaptureJob

LARGEST_PAGE = 200
_AT_ONCE = 250
_HAS_ERRORS = cast(Capture.findings, Text).contains('"level":"error"')


class DocumentState(StrEnum):
    """`stored`: every event of it; `in_part`: faulty events were left out; `refused`: nothing."""

    stored = "stored"
    in_part = "in_part"
    refused = "refused"


@dataclass(frozen=True, slots=True)
class CapturedDocument:
    """One document, or one refused attempt. `events` were new, `duplicates` stored before. `findings` have pointer,
    code, message and level, the errors first; the list does not read them. `jobs` are the requests that brought it."""

    id: str
    at: datetime
    actor_id: str
    name: str
    state: DocumentState
    events: int
    duplicates: int
    sha256: str | None = None
    findings: tuple[dict[str, str], ...] = ()
    jobs: tuple[CaptureJob, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class CapturedPage:
    """`next`: the id before which the next page begins, None on the last."""

    rows: tuple[CapturedDocument, ...]
    next: str | None


def captured_page(session: Session, before: str | None = None, limit: int = 50) -> CapturedPage:
    """The documents, the newest first, from behind the one with the id `before`."""
    limit = max(1, min(limit, LARGEST_PAGE))
    stored = select(Capture.id, Capture.captured_at, Capture.actor_id, Capture.name, Capture.events,
                    Capture.duplicates, _HAS_ERRORS.label("has_errors")).order_by(Capture.id.desc()).limit(limit + 1)
    refused = select(CaptureJob.id, CaptureJob.created_at, CaptureJob.actor_id).where(
        CaptureJob.capture_id.is_(None)).order_by(CaptureJob.id.desc()).limit(limit + 1)
    if before is not None:
        stored, refused = stored.where(Capture.id < before), refused.where(CaptureJob.id < before)
    found = [CapturedDocument(row.id, row.captured_at, row.actor_id, row.name,
                              DocumentState.in_part if row.has_errors else DocumentState.stored, row.events,
                              row.duplicates) for row in session.execute(stored)]
    found += [CapturedDocument(row.id, row.created_at, row.actor_id, "", DocumentState.refused, 0, 0)
              for row in session.execute(refused)]
    shown = sorted(found, key=lambda one: one.id, reverse=True)
    return CapturedPage(tuple(shown[:limit]), shown[limit - 1].id if len(shown) > limit else None)


def captured_document(session: Session, document_id: str) -> CapturedDocument:
    """The document, or refused attempt, of this id or of the job with this id. Raises NotFound."""
    job = session.get(CaptureJob, document_id)
    capture = session.get(Capture, job.capture_id if job is not None and job.capture_id else document_id)
    if capture is not None:
        jobs = session.scalars(select(CaptureJob).where(CaptureJob.capture_id == capture.id).order_by(CaptureJob.id))
        findings = _sorted(capture.findings)
        is_whole = not any(one["level"] == "error" for one in findings)
        return CapturedDocument(capture.id, capture.captured_at, capture.actor_id, capture.name,
                                DocumentState.stored if is_whole else DocumentState.in_part, capture.events,
                                capture.duplicates, capture.sha256, findings, tuple(jobs))
    if job is None:
        raise NotFound("There is no such document.", code="unknown-document")
    return CapturedDocument(job.id, job.created_at, job.actor_id, "", DocumentState.refused, 0, 0, None,
                            _sorted([one | {"level": "error"} for one in job.errors]), (job,))


def _sorted(findings: Any) -> tuple[dict[str, str], ...]:
    return tuple(sorted(findings, key=lambda one: one["level"] != "error"))


def events_of_document(session: Session, capture_id: str) -> Iterator[Said]:
    """The events that a document brought, in the order of recording, some hundred at a time."""
    after = ""
    while True:
        rows = session.execute(select(Event.id, Event.event_id, Event.recorded_at, Event.document, Event.context).where(
            Event.capture_id == capture_id, Event.id > after).order_by(Event.id).limit(_AT_ONCE)).all()
        yield from (told_to(row) for row in rows)
        if len(rows) < _AT_ONCE:
            return
        after = rows[-1].id
