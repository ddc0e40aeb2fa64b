"""The values of a case as JSON, for authorities that have no form of their own here."""
from __future__ import annotations

from collections.abc import Iterator, Sequence

from traceapp.export.case_report import CaseReport, Finding, RenderedReport

from .report_values import written_values


class PlainForm:
    """Every value that is known, under its name; its checks ask for what makes a report a report.

    Source: ICH E2A III.B: an identifiable patient, reporter, reaction and suspect product.
    """

    name = "values"
    formats: Sequence[str] = ("json",)

    def render(self, case: CaseReport, fmt: str) -> RenderedReport:
        """The values as a JSON object."""
        return RenderedReport(self.name, f"{case.head.reference}-v{case.head.version}.{fmt}", "application/json",
                              written_values(case), tuple(_findings(case)))

    def message_id(self, data: bytes) -> str:
        """None."""
        return ""


def _findings(case: CaseReport) -> Iterator[Finding]:
    if not (case.event.reactions or case.event.harm or case.event.fault or case.assessment.problem_codes):
        yield Finding("event.reactions", "no-event", "Say what happened: a reaction or a fault of the product.")
    if not case.product.code:
        yield Finding("product.code", "no-product", "Say which product it was.")
    if not case.event.narrative:
        yield Finding("event.narrative", "no-narrative", "Tell what happened, in words.")
    if case.event.began_on is None:
        yield Finding("event.began_on", "no-onset", "It is not known when it began.", is_error=False)
