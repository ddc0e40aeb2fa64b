"""What a capture looks up in the database does not grow with the events of the document."""
from __future__ import annotations

from benchmarks import event_mix
from tests.statements import traced
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.trace.capture import CaptureDocument, capture_document, read_document


def test_a_document_three_times_as_long_looks_up_hardly_more(
        sqlite: Database, actor: Actor, clock: FixedClock) -> None:
    """Receipts, production, packing, readings of a cold chain, despatches: in chunks, not one by one."""
    asked = []
    for number, events in enumerate((70, 210)):
        content = next(event_mix.documents(events, events, number + 1))
        with traced(sqlite) as statements, sqlite.write() as session:
            capture_document(session, actor, clock, read_document(CaptureDocument(f"d{number}", content)))
        asked.append(sum(statement.lstrip().startswith(("SELECT", "WITH")) for statement in statements))
    assert asked[1] <= asked[0] + 10
