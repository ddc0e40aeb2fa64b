"""The check against FDA's schema, where the folder with it is there; it ships with nobody but FDA."""
from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from lxml import etree

from traceapp.export.case_report import Finding

from .message import VERSION_2005

# So many faults of one kind say enough.
_MOST = 50


def schema_findings(root: Any, version: str, xsd_dir: Path | None) -> Iterator[Finding]:
    """What the schema says of the batch; one warning where there is none to ask."""
    path = schema_path(xsd_dir, version)
    if path is None:
        yield Finding("", "schema-absent", "FDA's schema is not here, so the file was not checked against it.",
                      is_error=False)
        return
    try:
        schema = _compiled(path, path.stat().st_mtime_ns)
    except (etree.LxmlError, OSError) as error:
        yield Finding("", "schema-broken", "FDA's schema cannot be read: %(reason)s", is_error=False,
                      values={"reason": str(error)[:200]})
        return
    if schema.validate(root):
        return
    for fault in list(schema.error_log)[:_MOST]:
        yield Finding(_place(root, fault), "schema", "The schema refuses line %(line)s: %(reason)s",
                      values={"line": fault.line, "reason": fault.message.replace("{urn:hl7-org:v3}", "")[:400]})


def schema_path(xsd_dir: Path | None, version: str) -> Path | None:
    """The schema for that HL7 version in the folder or one below it: the oldest for 2005, else the newest."""
    if xsd_dir is None:
        return None
    found = sorted([*xsd_dir.glob("Con*.xsd"), *xsd_dir.glob("*/Con*.xsd")], key=lambda path: path.name)
    if not found:
        return None
    return found[0] if version in ("", VERSION_2005) else found[-1]


@lru_cache(maxsize=4)
def _compiled(path: Path, _changed: int) -> Any:
    parser = etree.XMLParser(no_network=True, resolve_entities=False)
    return etree.XMLSchema(etree.parse(str(path), parser))


def _place(root: Any, fault: Any) -> str:
    """The names on the way to the element that the schema refuses."""
    found = root.getroottree().xpath(fault.path) if fault.path else []
    names = [etree.QName(one).localname for one in (found[0], *found[0].iterancestors())] if found else []
    return "/".join(reversed(names[:-1])) or "/"
