"""Every form that a case can be written into, by name. Pure.

Forms with a file format of an authority's own are entries here too: `e2b-r3`, `emdr`.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path
from types import MappingProxyType

from . import case_listing
from .case_report import CaseReport, Profile, RenderedReport
from .form_files import FORMATS, file_name, unknown_format
from .masking import masked
from .mir import render as mir
from .nmpa import render as nmpa
from .nmpa.batch import write_batch
from .nmpa.checks import check_device
from .spreadsheet import MEDIA_TYPES


@dataclass(frozen=True, slots=True)
class Form:
    """`formats`: what it can be had as, first what its authority takes. `render` fills it from a case in a format and
    says what its checks found; it raises InvalidInput for another format. `render_many` makes one table of many cases,
    where the form has one. `title_*` names it for people."""

    name: str
    title_zh: str
    title_en: str
    formats: tuple[str, ...]
    render: Callable[[CaseReport, str], RenderedReport]
    render_many: Callable[[Sequence[CaseReport], str], RenderedReport] | None = None


def listing(case: CaseReport, fmt: str) -> RenderedReport:
    """A case as a table of one row."""
    return list_cases([case], fmt)


def list_cases(cases: Sequence[CaseReport], fmt: str) -> RenderedReport:
    """Cases as a table, named after the first."""
    file = BytesIO()
    written = case_listing.write_cases(file, fmt, cases, cases[0].head.created_at)
    findings = tuple(finding for case in cases for finding in case_listing.missing_from_listing(case))
    return RenderedReport("csv", file_name("cases", cases[0], fmt), written.media_type, file.getvalue(), findings)


def guarded(case: CaseReport) -> CaseReport:
    """The case; one that is called masked is masked whatever was left in it, above all in its texts."""
    return masked(case) if case.profile is Profile.masked else case


def _guarding(render: Callable[[CaseReport, str], RenderedReport]) -> Callable[[CaseReport, str], RenderedReport]:
    return lambda case, fmt: render(guarded(case), fmt)


def batch(cases: Sequence[CaseReport], fmt: str) -> RenderedReport:
    """Cases as the table of device reports that the Chinese system takes."""
    file = BytesIO()
    written = write_batch(file, fmt, map(guarded, cases), cases[0].head.created_at)
    findings = tuple(finding for case in cases for finding in check_device(case))
    return RenderedReport("nmpa-device", file_name("nmpa-device-batch", cases[0], fmt), written.media_type,
                          file.getvalue(), findings)


def device_report(schemas: Path | None, case: CaseReport, fmt: str) -> RenderedReport:
    """A case as the file that FDA takes; what lies after the moment that the report was made at lies in the future."""
    return device_reports(schemas, [case], fmt)


def device_reports(schemas: Path | None, cases: Sequence[CaseReport], fmt: str) -> RenderedReport:
    """Cases as one batch for FDA."""
    from .emdr.rendering import render_batch  # noqa: PLC0415  the form can be named without loading XML

    if fmt != "xml":
        raise unknown_format(fmt, ("xml",))
    return render_batch(cases, now=max(case.head.created_at for case in cases), xsd_dir=schemas)


def safety_report(schemas: Path | None, case: CaseReport, fmt: str) -> RenderedReport:
    """A case as an E2B(R3) file; what lies after the moment that the report was made at lies in the future."""
    return safety_reports(schemas, [case], fmt)


def safety_reports(schemas: Path | None, cases: Sequence[CaseReport], fmt: str) -> RenderedReport:
    """Cases as one batch of E2B(R3)."""
    from .e2b_r3.rendering import render_batch  # noqa: PLC0415  the form can be named without loading XML

    if fmt != "xml":
        raise unknown_format(fmt, ("xml",))
    return render_batch(cases, now=max(case.head.created_at for case in cases), xsd_dir=schemas)


_MANY = {"nmpa-device": batch}
_CHINESE = tuple(Form(form.name, form.zh, form.en, FORMATS, _guarding(partial(nmpa.render, form.name)),
                      _MANY.get(form.name))
                 for form in nmpa.FORMS.values())
_LISTING = Form("csv", "病例列表", "Line listing", tuple(MEDIA_TYPES), listing, list_cases)


def forms_with(mir_schemas: Path | None, emdr_schemas: Path | None = None,
               e2b_schemas: Path | None = None) -> Mapping[str, Form]:
    """Every form; `mir_schemas` is where the schemas of the incident report are kept, `emdr_schemas` FDA's,
    `e2b_schemas` those of E2B(R3), None where there are none."""
    incident = tuple(Form(mir.name_of(version), f"{mir.TITLES['zh']} {version}", f"{mir.TITLES['en']} {version}",
                          formats, _guarding(partial(mir.render, version, mir_schemas)))
                     for version, formats in mir.FORMATS.items())
    american = Form("emdr", "FDA 器械报告（3500A）", "FDA device report (3500A)", ("xml",),
                    partial(device_report, emdr_schemas), partial(device_reports, emdr_schemas))
    safety = Form("e2b-r3", "ICH E2B(R3) 个例安全性报告", "ICH E2B(R3) safety report", ("xml",),
                  partial(safety_report, e2b_schemas), partial(safety_reports, e2b_schemas))
    return MappingProxyType({form.name: form for form in (*incident, *_CHINESE, american, safety, _LISTING)})


FORMS = forms_with(None)
