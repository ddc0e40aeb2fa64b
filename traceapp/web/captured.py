"""The events of a captured document as a file, for staff and machines."""
from __future__ import annotations

from typing import Any

from flask import Response

from traceapp.epcis import json_pieces
from traceapp.export.spreadsheet import Counted, told
from traceapp.trace.captured_documents import captured_document, events_of_document

from .context import world
from .tables import NewFile, send_file


def send_events(document_id: str) -> Response:
    """The events as one EPCIS document, recorded with its hash before it is sent. Raises NotFound."""
    with world().database.read() as session:
        found = captured_document(session, document_id)

    def write(file: Any) -> Any:
        with world().database.snapshot() as session:
            events = Counted(events_of_document(session, found.id))
            # The moment of the capture, not the present one: the same document is the same file.
            for piece in json_pieces(events, found.at):
                file.write(piece.encode("utf-8", "replace"))
            return told(file, events.number, "application/ld+json")

    return send_file(NewFile("captured_events", "epcis", {"document": found.id}, "jsonld"), write)
