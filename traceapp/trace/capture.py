"""Taking in others' EPCIS documents: each whole or not at all, every event once, nothing of them lost.

A document is read, checked and hashed before the transaction begins (`capture_reading`): in it there are look-ups,
inserts, and what follows for lots from all of their events.
"""
from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.audit import record, stream_of
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.ids import new_id
from traceapp.db.among import among
from traceapp.db.insert import insert_rows
from traceapp.epcis import EpcisErrors, Finding

from . import derive_foreign, foreign_lots
from .announcing import announce
from .capture_reading import MOST_BYTES, CaptureDocument, ReadDocument, ReadEvent, read_document
from .derive_foreign import Resolver, Told
from .documents import lot_document
from .event_row import EVENT_COLUMNS, NewEvent, Recorded, event_values, written_row
from .facts import seen_name, voided
from .following import Followed, follow_captured, note_captured, note_undone
from .lot_events import Known, LotEvents
from .model import Capture, MasterRecord, SeenEvent
from .model import Event as EventRow
from .one_at_a_time import one_at_a_time
from .rebuilding import rebuild
from .terms import found_by, write_terms

_MOST_FINDINGS = 500
_LONGEST_URI = 2000
_NAMES_AT_ONCE = 2000
_SEEN = (select(SeenEvent.name, EventRow.hash)
         .join(EventRow, (EventRow.subject_key == SeenEvent.subject_key) & (EventRow.id == SeenEvent.id))
         .where(among(SeenEvent.name, "names")))


class EventIdReused(EpcisErrors):
    """An event has the identifier of a stored one and says something else."""

    status = 409
    code = "event-id-reused"


@dataclass(slots=True)
class _Sorted:
    """The events of a document: to be stored, stored already, and taken back by their senders."""

    fresh: list[tuple[NewEvent, ReadEvent]] = field(default_factory=list)
    duplicates: int = 0
    declared: list[str] = field(default_factory=list)
    refused: list[Finding] = field(default_factory=list)


def capture_document(session: Session, actor: Actor, clock: Clock, command: CaptureDocument | ReadDocument) -> Capture:
    """Store the events of a document that are not stored yet, its master data and its header, and derive what
    follows. The same document again is the same capture.

    Read the document before, by `read_document`; one that is not is read here, while every other writer waits.
    Raises EventIdReused for an event identifier that came with other content before, and what `read_document` raises.
    What `proceeds` left out stands among the findings of the capture, as errors.
    """
    document = command if isinstance(command, ReadDocument) else read_document(command)
    one_at_a_time(session)
    known = session.scalar(select(Capture).where(Capture.sha256 == document.sha256))
    if known is not None:
        return known
    now = clock.now()
    capture_id = new_id(now)
    resolver = Resolver.for_gtins(session, {gtin for event in document.events for gtin in event.gtins})
    sorted_events = _sort(session, document, resolver, Recorded(now, actor.id, capture_id))
    if sorted_events.refused and not document.proceeds:
        raise EventIdReused(sorted_events.refused)
    findings = [*sorted_events.refused, *document.findings]
    digest = document.sha256
    if any(finding.is_error for finding in findings):
        # The document as a whole was not taken: sent again without faults or with another wish it is another one.
        digest = hashlib.sha256(f"{digest} in part {capture_id}".encode()).hexdigest()
    capture = Capture(id=capture_id, captured_at=now, actor_id=actor.id, name=document.name, sha256=digest,
                      events=len(sorted_events.fresh), duplicates=sorted_events.duplicates, header=document.header,
                      findings=[_shown(one) for one in findings[:_MOST_FINDINGS]])
    session.add(capture)
    session.flush()
    uris = _store_master_data(session, capture, document)
    _store(session, sorted_events)
    followed = Followed()
    touched, events = _derive(session, sorted_events, resolver, followed)
    foreign_lots.refresh(session, touched | foreign_lots.lots_named_by(session, uris), events)
    follow_captured(events, actor, clock, touched, followed)
    announce(session, clock, f"capture:{capture.id}")
    record(session, actor, now, "epcis.captured", stream_of("capture", capture.id), {
        "name": capture.name, "sha256": digest, "events": capture.events, "duplicates": capture.duplicates})
    return capture


def _shown(finding: Finding) -> dict[str, str]:
    return {"pointer": finding.pointer, "code": finding.code, "message": finding.message, "level": finding.level}


def _sort(session: Session, document: ReadDocument, resolver: Resolver, recorded: Recorded) -> _Sorted:
    """Tell new events from stored ones, and from those whose identifier came with other content before."""
    stored = _stored(session, [name for event in document.events for name in event.names])
    result = _Sorted()
    for event in document.events:
        known = next((stored[name] for name in event.names if name in stored), None)
        if known is not None and known != event.digest:
            result.refused.append(Finding(
                f"{event.place}/eventID", "event-id-reused", f"Event {event.said.event_id or event.digest} is stored "
                "already with other content. Correct it by an error declaration and a new event."))
            continue
        if known is not None:
            result.duplicates += 1
            continue
        stored.update(dict.fromkeys(event.names, event.digest))
        ours = _with_our_lots(event, resolver)
        row = written_row(ours.said, ours.digest, ours.subject_key, recorded, ours.texts)
        result.fresh.append((row, ours))
        if event.said.error_declaration is not None:
            result.declared.append(row.event_id)
    return result


def _with_our_lots(event: ReadEvent, resolver: Resolver) -> ReadEvent:
    """The event, with the keys of our lots where it names some."""
    if event.gtins.isdisjoint(resolver.packs):
        return event
    touched = derive_foreign.touched_by(event.said, resolver)
    items = derive_foreign.items_by_key([event.said], resolver)
    named, terms = found_by(event.said, resolver.key)
    return replace(event, items=items, touched=touched, rows=derive_foreign.rows_of_items(named, touched, items),
                   subject_key=derive_foreign.subject_of(event.said, touched), terms=terms)


def _stored(session: Session, names: list[str]) -> dict[str, str]:
    """Name -> hash of the stored event, for those of the names that are known."""
    found: dict[str, str] = {}
    for start in range(0, len(names), _NAMES_AT_ONCE):
        found.update({name: digest for name, digest in session.connection().execute(
            _SEEN, {"names": names[start:start + _NAMES_AT_ONCE]})})
    return found


def _store(session: Session, events: _Sorted) -> None:
    insert_rows(session, EventRow, EVENT_COLUMNS, [event_values(row) for row, _ in events.fresh])
    # In one order, so that two writers of the same events cannot wait for each other in a circle.
    insert_rows(session, SeenEvent, ("name", "subject_key", "id"), sorted(
        (name, row.subject_key, row.id) for row, event in events.fresh for name in event.names))
    write_terms(session, [(row, event.terms) for row, event in events.fresh])


def _derive(session: Session, events: _Sorted, resolver: Resolver,
            followed: Followed) -> tuple[set[str], LotEvents]:
    """Write what follows from the events that stand; answers the keys of everything touched, with their events."""
    void = voided(session, [row.event_id for row, _ in events.fresh])
    standing = [Told(row, event.said, event.touched, event.rows) for row, event in events.fresh
                if event.said.error_declaration is None and row.event_id not in void]
    if len(standing) < len(events.fresh):
        stand = {one.row.id for one in standing}
        derive_foreign.write_unheeded(session, [(row, event.said) for row, event in events.fresh
                                                if row.id not in stand], resolver)
    found = LotEvents(session, {row.id: Known(event.said, event.items) for row, event in events.fresh})
    note_captured(session, followed, [(one.row, one.said) for one in standing], resolver.key)
    if events.declared:
        touched = derive_foreign.derive_captured(session, standing, resolver)
        for original in _originals(session, events.declared):
            touched |= derive_foreign.undo(session, original, resolver)
            note_undone(session, followed, original, resolver.key)
        return touched, found
    found.gather({item.key for one in standing for item in one.touched})
    touched = derive_foreign.derive_captured(session, standing, resolver)
    found.add(standing)
    return touched, found


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


def _store_master_data(session: Session, capture: Capture, document: ReadDocument) -> list[str]:
    rows = [(capture.id, position, item.type, item.id[:_LONGEST_URI],
             [[name, value] for name, value in item.attributes]
             + [["children", list(item.children)]] * bool(item.children))
            for position, item in enumerate(document.master_data)]
    insert_rows(session, MasterRecord, ("capture_id", "position", "type", "uri", "attributes"), rows)
    return [row[3] for row in rows]


__all__ = ["MOST_BYTES", "CaptureDocument", "EventIdReused", "ReadDocument", "capture_document", "lot_document",
           "read_document", "rebuild"]
