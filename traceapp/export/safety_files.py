"""Files of safety reports: which form one is in, and what the checks of that form find."""
from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from .case_report import Finding
from .e2b_r3.acknowledgement import check_acknowledgement
from .e2b_r3.checking import check_icsr
from .e2b_r3.elements import elements
from .e2b_r3.xml_input import root_name
from .emdr.checking import check_mdr


@dataclass(frozen=True, slots=True)
class Folders:
    """Where the schemas are, None where none was named."""

    e2b: Path | None = None
    emdr: Path | None = None


@dataclass(frozen=True, slots=True)
class Form:
    """A form of safety reports, with the check of a file in it."""

    name: str
    check: Callable[[bytes, Folders, datetime], list[Finding]]


def _check_e2b(data: bytes, folders: Folders, now: datetime) -> list[Finding]:
    return check_icsr(data, xsd_dir=folders.e2b, now=now)


def _check_answer(data: bytes, folders: Folders, _now: datetime) -> list[Finding]:
    return check_acknowledgement(data, xsd_dir=folders.e2b)


def _check_device(data: bytes, folders: Folders, now: datetime) -> list[Finding]:
    return check_mdr(data, xsd_dir=folders.emdr, now=now)


# By the root element of the file. A further form is one more row.
FORMS = {"MCCI_IN200100UV01": Form("e2b-r3", _check_e2b), "MCCI_IN200101UV01": Form("e2b-r3-ack", _check_answer),
         "PORR_IN040001UV01": Form("emdr", _check_device)}


def check_line(name: str, data: bytes, folders: Folders, now: datetime) -> tuple[str, bool]:
    """One JSON line about the file `name`, and whether an authority would take it.

    `{"file", "ok", "format", "findings": [{"element", "name", "code", "level", "rule", "message"}]}`; `format` is null
    where the root element is of no known form.
    """
    root = root_name(data)
    form = FORMS.get(root)
    if not root:
        findings = check_icsr(data, xsd_dir=None, now=now)
    elif form is None:
        findings = [Finding("/", "unknown-format", "No form of safety reports has the root element “%(name)s”.",
                            values={"name": root})]
    else:
        findings = form.check(data, folders, now)
    good = not any(finding.is_error for finding in findings)
    line = {"file": name, "ok": good, "format": form.name if form else None,
            "findings": [_told(finding) for finding in findings]}
    return json.dumps(line, ensure_ascii=False), good


def _told(finding: Finding) -> dict[str, Any]:
    known = elements().get(finding.element)
    return {"element": finding.element, **({"name": known.name} if known else {}), "code": finding.code,
            "level": "error" if finding.is_error else "warning",
            **({"rule": finding.rule} if finding.rule else {}), "message": finding.message}
