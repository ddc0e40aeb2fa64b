"""A report that came in, sent on: the head is ours, everything else as it was received, what we changed over it."""
from __future__ import annotations

from collections.abc import Sequence

from traceapp.export.case_report import CaseReport, Finding, Profile

from .from_case import Route, batch_of_cases
from .model import Icsr, Section, Value, reports
from .overlay import lay_over
from .overlay_details import clear_marks
from .reader import read_batch
from .received import EARLIER, OF_THE_SENDER
from .report_masking import mask_report

FORM = "e2b-r3"
_REPORT = "N.2.r"
_CORRECTION = ("C.1.11.1", "C.1.11.2")
_OF_A_REGION = ("FDA.C.1.7.1", "FDA.C.1.12", "C.1.CN.1", "C.1.CN.2", "C.1.CN.3")
# C.3.1 of an authority, and what C.1.8.2 then says. Source: ICH E2B(R3).
_AUTHORITY, _BY_AUTHORITY, _BY_OTHERS = "2", "1", "2"


def batch_to_send(cases: Sequence[CaseReport], route: Route) -> tuple[Section, list[Finding]]:
    """The batch of these cases; one that came in as such a report begins with that report."""
    if not any(came_so(case) for case in cases):
        return batch_of_cases(cases, route)
    batch, findings = batch_of_cases((), route)
    _keep_envelope(batch, cases)
    for case in cases:
        own, found = batch_of_cases([case], route)
        if came_so(case):
            report, found = forwarded(case, reports(own)[0])
            if not batch.has("N.1.3"):
                batch.put("N.1.3", report.text("N.2.r.2"))
        else:
            report = reports(own)[0]
        batch.sections.setdefault(_REPORT, []).append(report)
        findings += found
    return batch, findings


def _keep_envelope(batch: Section, cases: Sequence[CaseReport]) -> None:
    """A copy of one report stands in the envelope that it came in, with who sends it, to whom and when on it."""
    received = cases[0].received
    if len(cases) != 1 or received is None or not received.is_copy:
        return
    before = read_batch(received.data)
    clear_marks(before, [name for name, value in batch.values.items() if before.values.get(name) != value])
    batch.values = before.values | batch.values
    batch.marks, batch.kept = before.marks, before.kept


def came_so(case: CaseReport) -> bool:
    """Whether the case came in as a report of this form."""
    return case.received is not None and case.received.form == FORM


def forwarded(case: CaseReport, own: Icsr) -> tuple[Icsr, list[Finding]]:
    """The report that the case came with under our head; `own` is the report that the case alone would make."""
    assert case.received is not None
    report = reports(read_batch(case.received.data))[0]
    findings = _put_head(report, own, is_copy=case.received.is_copy)
    findings += lay_over(report, own, case)
    if case.profile is Profile.masked:
        findings += mask_report(report)
    return report, findings


def _put_head(report: Icsr, own: Icsr, *, is_copy: bool) -> list[Finding]:
    """Who sends it and under which id is ours; by which ids others know the case stays. In a copy, and while it is not
    known who we are, the sender and the id are left as they were."""
    is_known = own.has("C.3.2") and not is_copy
    findings = [] if is_known or is_copy else [Finding(
        "C.3.2", "sender-not-known", "No site of our own is entered: the sender and the id of the received report were "
        "left as they were.", is_error=False)]
    replaced = (*OF_THE_SENDER, "C.1.11.") if is_known else ("N.2.r.",)
    if is_known and report.has("C.1.11.1") and not own.has("C.1.11.1"):
        findings.append(Finding("C.1.11.1", "not-taken-back", "The received report takes its case back or corrects it. "
                                "That is for its sender to say and is not repeated as ours.", is_error=False))
    if is_known:
        _keep_ids(report, own.text("C.1.1"))
    ours = {element: value for element, value in own.values.items()
            if element.startswith(replaced) or element == "C.1.2" or (element == "C.1.1" and is_known)}
    if not is_known:
        ours = {"N.2.r.2": report.values["N.2.r.2"], **ours} if "N.2.r.2" in report.values else ours
        ours["N.2.r.1"] = Value(report.text("C.1.1"))
    gone = [element for element in report.values if element.startswith(replaced)]
    clear_marks(report, (*gone, *ours))
    for element in gone:
        del report.values[element]
    report.values |= ours
    if own.has("C.1.11.1"):
        report.values |= {element: own.values[element] for element in _CORRECTION if element in own.values}
    for element in () if is_copy else _OF_A_REGION:
        if own.has(element) and not report.has(element):
            report.values[element] = own.values[element]
    return findings


def _keep_ids(report: Icsr, ours: str) -> None:
    """Source: ICH E2B(R3), C.1.8 and C.1.9: the worldwide id is passed on, the id that its sender gave stands among
    those of earlier transmissions."""
    theirs, sender = report.text("C.1.1"), report.text("C.3.2")
    if not report.has("C.1.8.1"):
        report.put("C.1.8.1", theirs)
    if not report.has("C.1.8.2"):
        report.put("C.1.8.2", _BY_AUTHORITY if report.text("C.3.1") == _AUTHORITY else _BY_OTHERS)
    known = {ours, report.text("C.1.8.1"), *(one.text("C.1.9.1.r.2") for one in report.each(EARLIER))}
    if theirs and theirs not in known:
        section = report.add(EARLIER)
        section.put("C.1.9.1.r.1", sender or "Sender")
        section.put("C.1.9.1.r.2", theirs)
        report.put("C.1.9.1", "true")
