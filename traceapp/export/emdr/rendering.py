"""The device report of a case as the file that FDA takes."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from traceapp.export.case_report import CaseReport, Finding, Profile, RenderedReport, ReportKind
from traceapp.export.form_files import file_name
from traceapp.export.masking import masked

from .checking import check_mdr, numbered
from .forwarding import came_so, copied, forwarded, sender_before
from .from_case import Options, left_out, values_of, zone_of
from .message import Attachment, Batch, Mdr, write_batch
from .places import Value

FORM = "emdr"
MEDIA_TYPE = "application/xml"
_SENDER_IDS = ("cfn", "fei")


def mdr_of(case: CaseReport, options: Options | None = None, attachments: Sequence[Attachment] = ()) -> Mdr:
    """The case as a report; in a masked one nobody is named, whatever was left in the case."""
    shown = masked(case) if case.profile is Profile.masked else case
    return Mdr.of(values_of(shown, options or Options()), attachments)


def render_batch(cases: Sequence[CaseReport], *, now: datetime, xsd_dir: Path | None = None,
                 options: Options | None = None) -> RenderedReport:
    """The file of several reports of one sender, named after the first; findings say by number which they are about."""
    chosen = options or Options()
    made = [forwarded(case) if came_so(case) else (mdr_of(case, chosen), list(_of_the_case(case))) for case in cases]
    return _rendered(cases, made, chosen, xsd_dir, now)


def _rendered(cases: Sequence[CaseReport], made: Sequence[tuple[Mdr, list[Finding]]], options: Options,
              xsd_dir: Path | None, now: datetime) -> RenderedReport:
    """The file; `made` is each report with what was found while it was filled."""
    head = cases[0].head
    registered = next((head.sender.ids[key] for key in _SENDER_IDS if head.sender.ids.get(key)), "")
    made_at = head.created_at.astimezone(zone_of(cases[0], options))
    envelope: dict[str, Value] = {
        "batch.id": f"{registered}-{made_at:%Y%m%d%H%M%S}".lstrip("-"), "batch.created": f"{made_at:%Y%m%d}",
        "batch.version": options.version, "batch.receiver": "CDRH",
        "batch.sender": head.sender.name_en or head.sender.name_zh or sender_before(cases[0])}
    reports = [report for report, _ in made]
    received = cases[0].received
    is_copy = len(cases) == 1 and received is not None and received.is_copy
    data = write_batch(copied(cases[0], reports[0], envelope) if is_copy else Batch.of(envelope, reports))
    findings = check_mdr(data, xsd_dir=xsd_dir, now=now)
    for number, (_, found) in enumerate(made, 1):
        findings += [numbered(one, number) if len(cases) > 1 else one for one in found]
    return RenderedReport(FORM, file_name(FORM, cases[0], "xml"), MEDIA_TYPE, data, findings)


def _of_the_case(case: CaseReport) -> Iterator[Finding]:
    for term in left_out(case):
        yield Finding("H6", "term-left-out", "“%(term)s” is neither IMDRF's nor FDA's code; the form cannot carry it.",
                      is_error=False, values={"term": term.code})
    if case.head.kind == ReportKind.nullification:
        yield Finding("H2", "no-nullification", "FDA's form cannot take a report back; it goes as a correction, and "
                      "its text has to say so.", is_error=False)
    if not any(case.head.sender.ids.get(key) for key in _SENDER_IDS):
        yield Finding("batch", "registration-number", "The sender's registration number (CFN or FEI) is not known.",
                      is_error=False)
