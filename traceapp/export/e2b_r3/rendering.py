"""Cases as an E2B(R3) file, with what was found in it."""
from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from pathlib import Path

from traceapp.export.case_report import CaseReport, RenderedReport
from traceapp.export.form_files import file_name

from .checking import check_icsr
from .forwarding import batch_to_send
from .from_case import Route
from .writer import write_batch

FORM = "e2b-r3"
MEDIA_TYPE = "application/xml"
# Whom a report to an authority is for: N.1.4 and N.2.r.3. Source: FDA, rules R0004 and R0006.
_RECEIVERS = {"US": ("ZZFDA", "CDER")}


def route_of(case: CaseReport) -> Route:
    """Where a case goes by what it says itself: to the authority of its jurisdiction, from its sender."""
    head = case.head
    named = head.receiver or head.authority or head.jurisdiction
    batch, message = _RECEIVERS.get(head.jurisdiction, (named, named))
    sender = head.sender.ids.get("e2b") or head.sender.ids.get("duns") or head.sender.name_en or head.sender.name_zh
    return Route(batch, message, sender, f"{head.reference}-v{head.version}-{head.created_at:%Y%m%d%H%M%S}",
                 head.created_at, is_china=head.jurisdiction == "CN")


def render_batch(cases: Sequence[CaseReport], *, now: datetime, xsd_dir: Path | None = None,
                 route: Route | None = None, earlier: Collection[str] | None = None) -> RenderedReport:
    """The file of reports to one authority, named after the first. `earlier`: ids of reports that were sent before,
    where they are known."""
    batch, findings = batch_to_send(cases, route or route_of(cases[0]))
    data = write_batch(batch)
    findings += check_icsr(data, xsd_dir=xsd_dir, now=now, earlier=earlier)
    return RenderedReport(FORM, file_name(FORM, cases[0], "xml"), MEDIA_TYPE, data, findings)
