"""What `traceapp epcis check` and `traceapp epcis hash` print: content in, lines out."""
from __future__ import annotations

import json
from typing import Any

from .event_hash import event_hash
from .model import EpcisErrors, Finding
from .reader import read, read_with_findings


def check_line(name: str, content: bytes) -> tuple[str, bool]:
    """One JSON line about the file `name`, and whether it is sound.

    `{"file", "ok": true, "kind", "events", "flags": […]}` or `{"file", "ok": false, "errors": […]}`; a place is a JSON
    pointer, or an XPath where the file is XML.
    """
    line: dict[str, Any] = {"file": name, "ok": True}
    try:
        document, findings = read_with_findings(content)
    except EpcisErrors as refusal:
        line |= {"ok": False, "errors": [_told(finding) for finding in refusal.findings]}
        return json.dumps(line, ensure_ascii=False), False
    line |= {"kind": document.kind, "events": len(document.events), "flags": [_told(item) for item in findings]}
    return json.dumps(line, ensure_ascii=False), True


def hash_lines(content: bytes) -> list[str]:
    """The event hash of every event, in the order of the document. Raises EpcisErrors for an unsound document."""
    return [event_hash(event) for event in read(content).events]


def _told(finding: Finding) -> dict[str, str]:
    return {"pointer": finding.pointer, "code": finding.code, "message": finding.message}
