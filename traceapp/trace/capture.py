"""Taking in others' EPCIS documents: each whole or not at all, every event once, nothing of them lost."""
from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from traceapp.audit import record, stream_of
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import InvalidInput, TooLarge
from traceapp.core.ids import new_id
from traceapp.epcis import Document, EpcisErrors, Event, Finding, event_hash, read_in_part, read_with_findings
from traceapp.epcis.json_form import event_list

from . import derive_foreign, foreign_lots
from .announcing import announce
from .documents import lot_document
from .facts import Recorded, event_row, seen_name, voided
from .model import Capture, MasterRecord, SeenEvent
from .model import Event as EventRow
from .rebuilding import rebuild
from .terms import lot_keys_of, write_terms

MOST_BYTES = 50_000_000
_MOST_FINDINGS = 500
_LONGEST_URI = 2000


@dataclass(frozen=True, slots=True)
class CaptureDocument:
    """A document in JSON, JSON-LD or XML, with the name that it is remembered by. `proceeds`: faulty events are left
    out, and what is sound is stored; else all or nothing. At most `limit` events."""

    name: str
    content: bytes
    proceeds: bool = False
    limit: int | None = None


class EventIdReused(EpcisErrors):
    """An event has the identifier of a stored one and says something else."""

    status = 409
    code = "event-id-reused"


@dataclass(slots=True)
class _Sorted:
    """The events of a document: to be stored with their names, stored already, and taken back by their senders."""

    fresh: list[tuple[EventRow, Event, tuple[str, ...]]] = field(default_factory=list)
    duplicates: int = 0
    declared: list[str] = field(default_factory=list)
    refused: list[Finding] = field(default_factory=list)


def capture_document(session: Session, actor: Actor, clock: Clock, command: CaptureDocument) -> Capture:
    """Store the events of a document that are not stored yet, its master data and its header, and derive what
    follows. The same document again is the same capture.

    Raises EpcisErrors for a document that is not sound, EventIdReused for an event identifier that came with other
    content before, TooLarge. What `proceeds` left out stands among the findings of the capture, as errors.
    """
    if len(command.content) > MOST_BYTES:
        raise TooLarge("The document is larger than %(limit)d MB. Nothing was stored; send it in parts.",
                       code="document-too-large", place="content", limit=MOST_BYTES // 1_000_000)
    digest = hashlib.sha256(command.content).hexdigest()
    known = session.scalar(select(Capture).where(Capture.sha256 == digest))
    if known is not None:
        return known
    document, findings = (read_in_part if command.proceeds else read_with_findings)(command.content)
    if command.limit is not None and len(document.events) > command.limit:
        raise TooLarge("The document has more than %(limit)d events. Nothing was stored; send it in parts.",
                       code="too-many-events", limit=command.limit)
    now = clock.now()
    capture_id = new_id(now)
    resolver = derive_foreign.Resolver.of(session, document.events)
    sorted_events = _sort(session, document, resolver, Recorded(now, actor.id, capture_id))
    if sorted_events.refused and not command.proceeds:
        raise EventIdReused(sorted_events.refused)
    findings = [*sorted_events.refused, *findings]
    if any(finding.is_error for finding in findings):
        # The document as a whole was not taken: sent again without faults or with another wish it is another one.
        digest = hashlib.sha256(f"{digest} in part {capture_id}".encode()).hexdigest()
    capture = Capture(id=capture_id, captured_at=now, actor_id=actor.id, name=command.name[:300], sha256=digest,
                      events=len(sorted_events.fresh), duplicates=sorted_events.duplicates, header=_head(document),
                      findings=[_shown(one) for one in findings[:_MOST_FINDINGS]])
    session.add(capture)
    session.flush()
    uris = _store_master_data(session, capture, document)
    _store(session, sorted_events)
    touched = _derive(session, sorted_events, resolver)
    foreign_lots.refresh(session, touched | foreign_lots.lots_named_by(session, uris))
    announce(session, clock, f"capture:{capture.id}")
    record(session, actor, now, "epcis.captured", stream_of("capture", capture.id), {
        "name": capture.name, "sha256": digest, "events": capture.events, "duplicates": capture.duplicates})
    return capture


def _head(document: Document) -> dict[str, Any]:
    """Everything of the document but its events; a query document's own members too."""
    kept = {name: value for name, value in document.raw.items() if name != "epcisBody"}
    if document.is_query:
        results = document.raw["epcisBody"]["queryResults"]
        kept["queryResults"] = {name: value for name, value in results.items() if name != "resultsBody"}
    return kept


def _shown(finding: Finding) -> dict[str, str]:
    return {"pointer": finding.pointer, "code": finding.code, "message": finding.message, "level": finding.level}


def _sort(session: Session, document: Document, resolver: derive_foreign.Resolver, recorded: Recorded) -> _Sorted:
    """Tell new events from stored ones, and from those whose identifier came with other content before."""
    _, pointer = event_list(document.raw)
    hashes = [event_hash(event) for event in document.events]
    names = [_names(event, digest) for event, digest in zip(document.events, hashes, strict=True)]
    stored = _stored(session, [name for pair in names for name in pair])
    result = _Sorted()
    for position, (event, digest, own) in enumerate(zip(document.events, hashes, names, strict=True)):
        place = f"{pointer}/{position}" if pointer else ""
        _refuse_long(event, place)
        if any(name in stored for name in own):
            known = next(stored[name] for name in own if name in stored)
            if known != digest:
                result.refused.append(Finding(
                    f"{place}/eventID", "event-id-reused", f"Event {own[0]} is stored already with other content. "
                    "Correct it by an error declaration and a new event."))
                continue
            result.duplicates += 1
            continue
        row = event_row(event, digest, derive_foreign.subject_of(event, derive_foreign.touched_by(event, resolver)),
                        recorded)
        stored.update(dict.fromkeys(own, digest))
        result.fresh.append((row, event, own))
        if event.error_declaration is not None:
            result.declared.append(row.event_id)
    return result


def _names(event: Event, digest: str) -> tuple[str, ...]:
    """What the event is remembered by: its identifier and its hash; an error declaration repeats both and says
    something else, so it has names of its own."""
    own = tuple(dict.fromkeys((event.event_id or digest, digest)))
    if event.error_declaration is not None:
        return tuple(seen_name(f"{name}#error") for name in own)
    return tuple(seen_name(name) for name in own)


def _stored(session: Session, names: list[str]) -> dict[str, str]:
    """Name -> hash of the stored event, for those of the names that are known."""
    found: dict[str, str] = {}
    for start in range(0, len(names), 400):
        found.update((name, digest) for name, digest in session.execute(
            select(SeenEvent.name, EventRow.hash).join(
                EventRow, (EventRow.subject_key == SeenEvent.subject_key) & (EventRow.id == SeenEvent.id))
            .where(SeenEvent.name.in_(names[start:start + 400]))))
    return found


def _refuse_long(event: Event, place: str) -> None:
    for uri in event.identifiers:
        if len(uri) > _LONGEST_URI:
            raise InvalidInput("An identifier is longer than %(limit)d characters.", code="uri-too-long", place=place,
                               limit=_LONGEST_URI)


def _store(session: Session, events: _Sorted) -> None:
    connection = session.connection()
    columns = tuple(EventRow.__table__.columns.keys())
    rows = [{name: getattr(row, name) for name in columns} for row, _, _ in events.fresh]
    seen = [{"name": name, "subject_key": row.subject_key, "id": row.id}
            for row, _, names in events.fresh for name in names]
    for start in range(0, len(rows), 500):
        connection.execute(insert(EventRow), rows[start:start + 500])
    for start in range(0, len(seen), 500):
        connection.execute(insert(SeenEvent), seen[start:start + 500])


def _derive(session: Session, events: _Sorted, resolver: derive_foreign.Resolver) -> set[str]:
    told = [(row, said) for row, said, _ in events.fresh]
    write_terms(session, told, lot_keys_of([said for _, said in told], resolver.key))
    void = voided(session, [row.event_id for row, _, _ in events.fresh])
    standing = [(row, said) for row, said, _ in events.fresh
                if said.error_declaration is None and row.event_id not in void]
    touched = derive_foreign.derive_captured(session, standing, resolver)
    for original in _originals(session, events.declared):
        touched |= derive_foreign.undo(session, original, resolver)
    return touched


def _originals(session: Session, event_ids: list[str]) -> list[EventRow]:
    """The captured events that these declarations speak of, as far as they are stored. Acts of our own are corrected
    by ourselves only."""
    if not event_ids:
        return []
    names = [seen_name(event_id) for event_id in event_ids]
    return list(session.scalars(
        select(EventRow).join(SeenEvent, (SeenEvent.subject_key == EventRow.subject_key)
                              & (SeenEvent.id == EventRow.id))
        .where(SeenEvent.name.in_(names), EventRow.capture_id.is_not(None))))


def _store_master_data(session: Session, capture: Capture, document: Document) -> list[str]:
    rows = [{"capture_id": capture.id, "position": position, "type": item.type, "uri": item.id[:_LONGEST_URI],
             "attributes": [[name, value] for name, value in item.attributes]
             + [["children", list(item.children)]] * bool(item.children)}
            for position, item in enumerate(document.master_data)]
    for start in range(0, len(rows), 500):
        session.connection().execute(insert(MasterRecord), rows[start:start + 500])
    return [str(row["uri"]) for row in rows]


__all__ = ["MOST_BYTES", "CaptureDocument", "EventIdReused", "capture_document", "lot_document", "rebuild"]
