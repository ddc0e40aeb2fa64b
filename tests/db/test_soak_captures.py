"""The soak run of captures would notice what it looks for."""
from __future__ import annotations

import json

from sqlalchemy import delete

from benchmarks import event_mix
from benchmarks.soak.capture_documents import KINDS, document_of, first_document
from benchmarks.soak.capture_findings import differing_tables, faults_of_documents
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.trace.capture import CaptureDocument, EventIdReused, capture_document, read_document
from traceapp.trace.model import ItemPosition

SEED = 5
MARKS = [f"soak writer-0 {number:06}" for number in range(len(KINDS))]


def captured(database: Database, actor: Actor, clock: FixedClock, content: bytes, *, proceeds: bool = False) -> None:
    document = read_document(CaptureDocument("sent", content, proceeds))
    with database.write() as session:
        capture_document(session, actor, clock, document)


def test_documents_that_were_captured_whole_are_without_fault_and_equal_a_rebuild(
        sqlite: Database, actor: Actor, clock: FixedClock) -> None:
    captured(sqlite, actor, clock, first_document())
    refused = []
    for mark in MARKS:
        sent = document_of(mark, SEED)
        try:
            captured(sqlite, actor, clock, sent.content, proceeds=sent.proceeds)
        except EventIdReused:
            refused.append(mark)
            assert not sent.own
    assert len(refused) == 1
    assert faults_of_documents(sqlite, MARKS, set(MARKS), SEED) == {"lost": [], "in_part": [], "captures": []}
    assert differing_tables(sqlite) == []


def test_a_lost_document_and_one_in_part_are_noticed(sqlite: Database, actor: Actor, clock: FixedClock) -> None:
    events = json.loads(document_of(MARKS[0], SEED).content)["epcisBody"]["eventList"]
    captured(sqlite, actor, clock, event_mix.document(events[1:]))
    found = faults_of_documents(sqlite, MARKS, {MARKS[1]}, SEED)
    assert (found["in_part"], found["lost"]) == ([MARKS[0]], [MARKS[1]])


def test_a_derived_row_that_is_missing_is_noticed_and_the_rebuild_leaves_no_trace(
        sqlite: Database, actor: Actor, clock: FixedClock) -> None:
    captured(sqlite, actor, clock, document_of(MARKS[0], SEED).content)
    with sqlite.write() as session:
        session.execute(delete(ItemPosition))
    assert differing_tables(sqlite) == ["item_position"]
    assert differing_tables(sqlite) == ["item_position"]
