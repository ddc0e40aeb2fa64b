"""The first check: the schema of ICH and HL7, where a folder with it was named. The product ships none."""
from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from lxml import etree

from traceapp.export.case_report import Finding

SETTING = "TRACEAPP_E2B_XSD_DIR"
_MOST = 50


@cache
def _schema(path: Path) -> Any:
    return etree.XMLSchema(etree.parse(str(path), etree.XMLParser(no_network=True, resolve_entities=False)))


def schema_findings(root: Any, folder: Path | None, name: str, setting: str) -> list[Finding]:
    """What the schema `name` of `folder` finds under `root`; that it was not asked is a finding too."""
    places = [folder / "multicacheschemas" / name, folder / name] if folder else []
    path = next((place for place in places if place.is_file()), None)
    if path is None:
        return [Finding("/", "no-schema", "The schema was not asked: %(setting)s names no folder with %(name)s.",
                        is_error=False, values={"setting": setting, "name": name})]
    try:
        schema = _schema(path)
    except etree.XMLSchemaParseError as error:
        return [Finding("/", "bad-schema", "The schema %(name)s cannot be used: %(reason)s",
                        values={"name": name, "reason": str(error)})]
    if schema.validate(root):
        return []
    return [Finding(entry.path or "/", "schema", "Line %(line)s: %(reason)s",
                    values={"line": entry.line, "reason": entry.message.replace("{urn:hl7-org:v3}", "")})
            for entry in list(schema.error_log)[:_MOST]]
