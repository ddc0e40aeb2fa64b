"""The three checks of an E2B(R3) file: schema, rules, code lists. Each finding names its element."""
from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from itertools import chain
from pathlib import Path

from traceapp.core.errors import InvalidInput, TooLarge
from traceapp.export.case_report import Finding

from .agreement import agreement_findings
from .fda_rules import fda_findings
from .model import Section
from .presence import presence_findings
from .reader import batch_of
from .rules import rule_findings
from .schema import SETTING, schema_findings
from .values import value_findings
from .xml_input import parse

SCHEMA = "MCCI_IN200100UV01.xsd"
MAX_FINDINGS = 1_000


def check_icsr(data: bytes, *, xsd_dir: Path | None, now: datetime,
               earlier: Collection[str] | None = None) -> list[Finding]:
    """What the checks find in a file; a file that cannot be read is one finding. `earlier`: ids of reports that were
    sent before, where they are known."""
    try:
        root = parse(data)
        batch = batch_of(root)
    except (InvalidInput, TooLarge) as refusal:
        return [Finding(refusal.place or "/", refusal.code, refusal.message, values=refusal.params)]
    return [*schema_findings(root, xsd_dir, SCHEMA, SETTING), *check_batch(batch, now=now, earlier=earlier)]


def check_batch(batch: Section, *, now: datetime, earlier: Collection[str] | None = None) -> list[Finding]:
    """What rules and code lists find in a batch, up to a thousand errors and as many warnings."""
    every = chain(presence_findings(batch), rule_findings(batch), agreement_findings(batch),
                  fda_findings(batch, earlier), value_findings(batch, now))
    found: list[Finding] = []
    counts = {True: 0, False: 0}
    for finding in every:
        counts[finding.is_error] += 1
        if counts[finding.is_error] <= MAX_FINDINGS:
            found.append(finding)
        elif finding.is_error:
            break
    if max(counts.values()) > MAX_FINDINGS:
        found.append(Finding("/", "more", "There are more findings than these.", is_error=False))
    return found
