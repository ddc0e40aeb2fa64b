"""A filled form as the file of a report. Pure."""
from __future__ import annotations

from collections.abc import Sequence

from traceapp.core.errors import InvalidInput

from .case_report import CaseReport, Finding, RenderedReport
from .form_pdf import form_pdf
from .form_sheet import FilledForm
from .form_xlsx import form_xlsx
from .spreadsheet import MEDIA_TYPES

# What a form can be had as; the word after the hyphen is the language where it is not the form's own.
FORMATS = ("pdf", "xlsx", "pdf-en")
PDF = "application/pdf"


def file_name(form: str, case: CaseReport, fmt: str) -> str:
    """As in `nmpa-device-AE-2611-7F3K2M-v1.pdf`."""
    ending, _, language = fmt.partition("-")
    tail = f"-{language}" if language else ""
    return f"{form}-{case.head.reference}-v{case.head.version}{tail}.{ending}"


def file_of(form: str, case: CaseReport, fmt: str, filled: FilledForm, findings: Sequence[Finding]) -> RenderedReport:
    """The file in a format. Raises InvalidInput for one that a form cannot be had as."""
    ending = fmt.partition("-")[0]
    if ending == "pdf":
        return RenderedReport(form, file_name(form, case, fmt), PDF, form_pdf(filled), findings)
    if ending == "xlsx":
        return RenderedReport(form, file_name(form, case, fmt), MEDIA_TYPES["xlsx"], form_xlsx(filled), findings)
    raise unknown_format(fmt, FORMATS)


def unknown_format(fmt: str, known: Sequence[str]) -> InvalidInput:
    """The refusal of a format that a form cannot be had as."""
    return InvalidInput("“%(form)s” is not one of: %(known)s.", code="unknown-format", place="format", form=fmt[:20],
                        known=", ".join(known))
