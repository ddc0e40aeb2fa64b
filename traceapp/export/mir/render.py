"""The incident report as files: PDF, XLSX, JSON and XML. Pure."""
from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from traceapp.export.case_report import CaseReport, Finding, Profile, RenderedReport
from traceapp.export.form_fields import groups_of, options_of, ticked, value_of, words_of
from traceapp.export.form_files import file_name, file_of, unknown_format
from traceapp.export.form_sheet import Cell, FilledForm, Group

from .checks import check
from .similar import REGIONS, period, similar_table, years_of
from .tables import mir_table

TITLES = {"zh": "制造商事件报告（MIR）", "en": "Manufacturer Incident Report (MIR)"}
_NOTES = {"zh": "版本 %(version)s 的内容，按其章节编号。阅读件，主管机关接收英文或本国语文。",
          "en": "Content of version %(version)s under its section numbers."}
FORMATS = {"7.2.1": ("xml", "pdf", "xlsx", "json", "pdf-zh"), "7.3.1": ("pdf", "xlsx", "json", "pdf-zh", "xml")}


def name_of(version: str) -> str:
    """The name of the form of a version; the one in force has no version in its name."""
    return "mir" if version == "7.2.1" else f"mir-{version}"


def fill(case: CaseReport, version: str = "7.2.1", language: str = "en") -> FilledForm:
    """The report as it is filled."""
    groups = groups_of(case, mir_table(version), language)
    filled = [Group(group.title, tuple(_numbered_once(cell, group.title) for cell in group.cells),
                    similar_table(case, language) if group.title.startswith("4.3") else None) for group in groups]
    return FilledForm(TITLES[language], case.head.report_number or case.head.reference, case.head.created_at, filled,
                      language, _NOTES[language] % {"version": version}, case.profile is Profile.masked)


def _numbered_once(cell: Cell, title: str) -> Cell:
    """The field without a number that says no more than the one over its section."""
    return replace(cell, number="") if title.startswith(f"{cell.number} ") else cell


def content(case: CaseReport, version: str = "7.2.1") -> dict[str, object]:
    """The report as data: sections by number, in them fields by key.

    Keys are the element names of the 7.2.1 schema, without “1” to “6” at their ends where there may be several. A
    field that is ticked holds the word of the form, one with codes a list of code and term. What is not known is
    absent.
    """
    table = mir_table(version)
    sections: dict[str, dict[str, object]] = {}
    for field in table.fields:
        value = value_of(case, field, table, "en")
        found: object = words_of(value, "en")
        if options := options_of(field, table):
            held = ticked(value)
            found = [english for code, _, english in options if code in held] or list(held)
            found = found[0] if found else ""
        elif isinstance(value, tuple):
            found = [word if isinstance(word, str) else {"code": word.code, "term": word.name_en or word.name_zh}
                     for word in value]
        if found:
            sections.setdefault(field.group_en.partition(" ")[0], {})[field.key] = found
    similar = [{"year": year, "region": region(case), "incidents": one.incidents,
                "units": None if one.units is None else str(one.units)}
               for region in REGIONS for year in years_of(case) if (one := period(case, year, region(case)))]
    sections.setdefault("4.3", {})["similarIncidents"] = similar
    return {"form": "MIR", "version": version, "reference": case.head.reference, "profile": case.profile.value,
            "sections": sections}


def render(version: str, schema_dir: Path | None, case: CaseReport, fmt: str) -> RenderedReport:
    """The report in a format, with what its checks found; `schema_dir` holds the schemas for XML."""
    name = name_of(version)
    if fmt not in FORMATS[version]:
        raise unknown_format(fmt, FORMATS[version])
    findings = tuple(check(case, version))
    if fmt == "json":
        data = json.dumps(content(case, version), ensure_ascii=False, indent=1).encode("utf-8", "replace")
        return RenderedReport(name, file_name(name, case, fmt), "application/json", data, findings)
    if fmt == "xml":
        return _xml(version, schema_dir, case, findings)
    language = "zh" if fmt == "pdf-zh" else "en"
    return file_of(name, case, fmt, fill(case, version, language), findings)


def _xml(version: str, schema_dir: Path | None, case: CaseReport, findings: tuple[Finding, ...]) -> RenderedReport:
    from .xml import mir_xml, schema_findings

    data, own = mir_xml(case, version)
    found = [*findings, *own, *schema_findings(case, data, schema_dir, version)]
    if version != "7.2.1":
        found.append(Finding("XML", "names-of-7.2.1", "No schema of version %(version)s is published: the XML has the "
                             "element names of 7.2.1. Check it by a schema of the authority before it is sent.",
                             is_error=False, values={"version": version}))
    name = name_of(version)
    return RenderedReport(name, file_name(name, case, "xml"), "application/xml", data, found)
