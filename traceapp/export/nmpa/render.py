"""The Chinese forms as files: PDF and XLSX in Chinese, and a reading copy in English. Pure."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from traceapp.export.case_report import CaseReport, Finding, Profile, RenderedReport
from traceapp.export.form_fields import FormTable, groups_of, organisation_name
from traceapp.export.form_files import file_of
from traceapp.export.form_sheet import FilledForm, Group, Table

from . import checks, other_readers, tables


@dataclass(frozen=True, slots=True)
class ChineseForm:
    """One form: its titles, fields and checks."""

    name: str
    zh: str
    en: str
    table: Callable[[], FormTable]
    check: Callable[[CaseReport], Iterator[Finding]]


FORMS = {form.name: form for form in (
    ChineseForm("nmpa-device", "医疗器械不良事件报告表（持有人）", "Medical device adverse event report (holder)",
                tables.device_table, checks.check_device),
    ChineseForm("nmpa-device-paper", "可疑医疗器械不良事件报告表", "Report of a suspected medical device adverse event",
                tables.paper_table, checks.check_paper),
    ChineseForm("nmpa-drug", "药品不良反应/事件报告表", "Report of an adverse drug reaction or event",
                tables.drug_table, checks.check_drug),
    ChineseForm("nmpa-cosmetic", "化妆品不良反应报告表", "Report of an adverse reaction to a cosmetic",
                tables.cosmetic_table, checks.check_cosmetic))}
_READING_COPY = "Reading copy. The authority takes the Chinese form."


def fill(name: str, case: CaseReport, language: str = "zh") -> FilledForm:
    """A form as it is filled from a case."""
    form = FORMS[name]
    groups = groups_of(case, form.table(), language)
    if name == "nmpa-drug" and case.other_products:
        groups = [*groups[:3], other_medicines(case, language), *groups[3:]]
    return FilledForm(form.zh if language == "zh" else form.en, case.head.report_number or case.head.reference,
                      case.head.created_at, groups, language,
                      "" if language == "zh" else _READING_COPY, case.profile is Profile.masked)


_HEADS = {"zh": ("并用药品", "批准文号", "通用名称", "生产厂家", "生产批号", "用法用量", "用药起止时间", "用药原因"),
          "en": ("Other medicines used", "Approval", "Generic name", "Manufacturer", "Batch", "Dose", "Used", "Reason")}


def other_medicines(case: CaseReport, language: str) -> Group:
    """What was used together with the suspect medicine, one row each."""
    title, *heads = _HEADS[language]
    rows = []
    for product, lot, use in case.other_products:
        one = replace(case, product=product, lot=lot, use=use)
        words = (product.registration_number, other_readers.common_name(one, language),
                 organisation_name(product.manufacturer or product.holder, language), lot.number,
                 other_readers.dosage(one, language), other_readers.used_period(one, language), use.purpose)
        rows.append(tuple(str(word) for word in words))
    return Group(title, (), Table(tuple(heads), tuple(rows), (2, 3, 3, 2, 3, 3, 2), texts=len(heads)), level=2)


def render(name: str, case: CaseReport, fmt: str) -> RenderedReport:
    """A form in a format, with what its checks found."""
    language = "en" if fmt.endswith("-en") else "zh"
    filled = fill(name, case, language)
    return file_of(name, case, fmt, filled, tuple(FORMS[name].check(case)))
