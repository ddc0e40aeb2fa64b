"""Everything that is checked in a file of device reports: XML, schema, code lists and the form's own rules."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import chain, islice
from pathlib import Path

from traceapp.core.errors import InvalidInput
from traceapp.export.case_report import Finding

from .check_ages import age_findings
from .check_dates import date_findings, head_findings, order_findings
from .check_meaning import meaning_findings
from .check_values import batch_findings, value_findings
from .message import Batch, Mdr, batch_at
from .places import Nothing
from .schema import schema_findings
from .tree import open_message

# Of one report; who has so many wrong looks at the first.
MOST_FINDINGS = 1000
_RULES: tuple[Callable[[Mdr, datetime], Iterator[Finding]], ...] = (
    value_findings, date_findings, order_findings, age_findings, meaning_findings)


def check_mdr(data: bytes, *, xsd_dir: Path | None, now: datetime) -> list[Finding]:
    """What FDA would refuse in the file, or should make its sender look again; an empty list when nothing.

    `now` is aware. A file that cannot be read at all gets the one finding that says why.
    """
    try:
        root = open_message(data)
        batch = batch_at(root)
    except InvalidInput as error:
        return [Finding(error.place or "/", error.code, error.message, values=error.params)]
    version = batch.head().get("batch.version", "")
    found = list(schema_findings(root, "" if isinstance(version, Nothing) else version, xsd_dir))
    return found + findings_of(batch, now)


def findings_of(batch: Batch, now: datetime) -> list[Finding]:
    """What the rules beyond the schema say of a batch."""
    found = [*batch_findings(batch), *head_findings(batch, now)]
    many = len(batch.reports) > 1
    for number, report in enumerate(batch.reports, 1):
        said = islice(chain.from_iterable(rule(report, now) for rule in _RULES), MOST_FINDINGS)
        found += [numbered(one, number) if many else one for one in said]
    return found


def numbered(finding: Finding, number: int) -> Finding:
    """The finding with the number of its report in the batch before the box."""
    return Finding(f"{number}/{finding.element}", finding.code, finding.text, finding.is_error, finding.rule,
                   finding.values)
