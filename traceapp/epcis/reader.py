"""Text to a checked document."""
from __future__ import annotations

from .checker import check_json, refused_events
from .json_form import document_from, event_list, load_json
from .model import Document, EpcisErrors, Finding, Json
from .xml_form import looks_like_xml, parse_xml


def read(content: bytes | str) -> Document:
    """The document in `content`, JSON or XML as it begins. Raises EpcisErrors with every error and its place."""
    return read_with_findings(content)[0]


def read_json(text: bytes | str) -> Document:
    """The document, query document or single event in `text`. Raises EpcisErrors with every error and its place."""
    raw = load_json(text)
    refuse_errors(check_json(raw))
    return document_from(raw)


def read_xml(content: bytes | str) -> Document:
    """The document in `content`, in JSON form. Raises EpcisErrors whose pointers are XPaths."""
    return read_xml_with_findings(content)[0]


def read_with_findings(content: bytes | str) -> tuple[Document, list[Finding]]:
    """The document and its flags. Raises EpcisErrors as `read`."""
    if looks_like_xml(content):
        return read_xml_with_findings(content)
    raw = load_json(content)
    findings = check_json(raw)
    refuse_errors(findings)
    return document_from(raw), findings


def read_xml_with_findings(content: bytes | str) -> tuple[Document, list[Finding]]:
    """The document that was XML, and its flags at their XPaths. Raises EpcisErrors as `read_xml`."""
    parsed = parse_xml(content)
    findings = [parsed.placed(finding) for finding in [*parsed.findings, *check_json(parsed.raw)]]
    refuse_errors(findings)
    return document_from(parsed.raw), findings


def refuse_errors(findings: list[Finding]) -> None:
    """Raise EpcisErrors when an error (not only flags) is among `findings`."""
    errors = [finding for finding in findings if finding.is_error]
    if errors:
        raise EpcisErrors(errors)


def read_in_part(content: bytes | str) -> tuple[Document, list[Finding]]:
    """The document without the events that have errors, and those errors.

    For a capture that goes on past faulty events. Raises EpcisErrors when the fault is outside the events.
    """
    parsed = parse_xml(content) if looks_like_xml(content) else None
    raw = parsed.raw if parsed else load_json(content)
    found = [*(parsed.findings if parsed else ()), *check_json(raw)]
    errors = [finding for finding in found if finding.is_error]
    bad = refused_events(raw, errors)
    events, pointer = event_list(raw)
    outside = [item for item in errors if not pointer or not item.pointer.startswith(pointer + "/")]
    refuse_errors([parsed.placed(item) for item in outside] if parsed else outside)
    kept = [event for index, event in enumerate(events) if index not in bad]
    return document_from(_with_events(raw, kept)), [parsed.placed(item) for item in errors] if parsed else errors


def _with_events(raw: Json, events: list[Json]) -> Json:
    """A copy of the document in JSON form with other events in it."""
    if "epcisBody" not in raw:
        return raw
    body = raw["epcisBody"]
    if raw["type"] == "EPCISDocument":
        return raw | {"epcisBody": body | {"eventList": events}}
    results = body["queryResults"]
    inner = results | {"resultsBody": results["resultsBody"] | {"eventList": events}}
    return raw | {"epcisBody": body | {"queryResults": inner}}
