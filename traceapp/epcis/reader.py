"""Text to a checked document."""
from __future__ import annotations

from .checker import check_json, refused_events
from .json_form import document_from, event_list, load_json
from .model import Document, EpcisErrors, Finding, Json


def read_json(text: bytes | str) -> Document:
    """The document, query document or single event in `text`. Raises EpcisErrors with every error and its place."""
    raw = load_json(text)
    refuse_errors(check_json(raw))
    return document_from(raw)


def refuse_errors(findings: list[Finding]) -> None:
    """Raise EpcisErrors when an error (not only flags) is among `findings`."""
    errors = [finding for finding in findings if finding.is_error]
    if errors:
        raise EpcisErrors(errors)


def read_json_in_part(text: bytes | str) -> tuple[Document, list[Finding]]:
    """The document without the events that have errors, and those errors.

    For a capture that goes on past faulty events. Raises EpcisErrors when the fault is outside the events.
    """
    raw = load_json(text)
    errors = [finding for finding in check_json(raw) if finding.is_error]
    bad = refused_events(raw, errors)
    events, pointer = event_list(raw)
    outside = [item for item in errors if not pointer or not item.pointer.startswith(pointer + "/")]
    if outside:
        raise EpcisErrors(outside)
    kept = [event for index, event in enumerate(events) if index not in bad]
    return document_from(_with_events(raw, kept)), errors


def _with_events(raw: Json, events: list[Json]) -> Json:
    """A copy of the document in JSON form with other events in it."""
    body = raw["epcisBody"]
    if raw["type"] == "EPCISDocument":
        return raw | {"epcisBody": body | {"eventList": events}}
    results = body["queryResults"]
    inner = results | {"resultsBody": results["resultsBody"] | {"eventList": events}}
    return raw | {"epcisBody": body | {"queryResults": inner}}
