"""What a device report says, read from a case in the words of the Chinese form. Pure."""
from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone

from traceapp.complaint.seriousness import SeriousnessCriterion, is_serious
from traceapp.core.quantity import plain
from traceapp.export.case_report import CaseReport, CodedTerm
from traceapp.export.form_fields import term_name, words_of
from traceapp.export.other_products import product_name, told

_CHINA = timezone(timedelta(hours=8))
# What people write where they know nothing. “无” and “none” are answers where the question is what else was used.
_NOTHING = frozenset({"", "-", "--", "/", "\\", "—", "——", "?", "？", "x", "xx", "xxx", "n/a", "na", "ni", "unk",
                      "unknown", "not known", "nil", "不详", "不祥", "未知", "不清楚", "不明", "暂无", "待查",
                      "待补充"})
_NONE = frozenset({"无", "没有", "无。", "none", "none."})


def said(text: str, *, none_counts: bool = False) -> str:
    """The text where it says something, empty for a word that stands for not knowing."""
    bare = text.strip().rstrip("。.").lower()
    if bare in _NOTHING or (bare in _NONE and not none_counts):
        return ""
    return text.strip()


def day_in_china(moment: datetime) -> date:
    """The calendar day of a moment in China. A moment without a zone is taken as one there."""
    return moment.astimezone(_CHINA).date() if moment.tzinfo else moment.date()


def harm_class(case: CaseReport) -> str:
    """`death`, `serious` or `other`. Source: SAMR Order 1 (2018)."""
    if SeriousnessCriterion.death in case.event.seriousness:
        return "death"
    return "serious" if is_serious(case.event.seriousness) else "other"


def _names(terms: tuple[CodedTerm, ...], language: str) -> str:
    return words_of(tuple(term_name(term, language) for term in terms), language)


def harm_text(case: CaseReport, language: str = "zh") -> str:
    """How the patient was harmed: in words, otherwise by the coded terms."""
    return said(case.event.harm) or _names(case.event.reactions, language)


def fault_text(case: CaseReport, language: str = "zh") -> str:
    """What was wrong with the device: in words, otherwise by the coded terms."""
    return said(case.event.fault) or _names(case.assessment.problem_codes, language)


def process_text(case: CaseReport) -> str:
    """How it was used and what happened: the process of use, otherwise the narrative."""
    return said(case.use.process) or said(case.event.narrative)


def purpose_text(case: CaseReport) -> str:
    """What it was used for: the illness, then the effect."""
    treated, purpose = said(case.patient.intended_treatment), said(case.use.purpose)
    return "；".join(dict.fromkeys(filter(None, (treated, purpose))))


def combined_text(case: CaseReport, language: str = "zh") -> str:
    """What was used together with it; “none” is an answer."""
    words = said(case.use.combined)
    listed = tuple(told(one, language) for one in case.other_products if product_name(one[0], language) not in words)
    return words_of((words, *listed) if words else listed, language) or said(case.use.combined, none_counts=True)


_UNITS = {"a": ("岁", "years"), "mo": ("月", "months"), "wk": ("周", "weeks"), "d": ("天", "days"),
          "h": ("小时", "hours"), "{decade}": ("十年", "decades")}


def age_text(case: CaseReport, language: str = "zh") -> str:
    """The age with its unit, otherwise the band of ages, otherwise empty."""
    patient, english = case.patient, language != "zh"
    if patient.age is not None:
        unit = _UNITS.get(patient.age_unit or "a", (patient.age_unit, patient.age_unit))[english]
        return f"{plain(patient.age)} {unit}"
    return "" if patient.age_band in ("", "unknown") else f"{patient.age_band} {_UNITS['a'][english]}"


def reporter_text(case: CaseReport) -> str:
    """Who reports: the person's name and occupation, as far as they are known."""
    name, occupation = said(case.reporter.name), said(case.reporter.occupation)
    return f"{name}（{occupation}）" if name and occupation else name or occupation


# Source: GB/T 1.1 (GB, GB/T), YY and YZB are numbers of standards; 国械注准, 食药监械(准)字 of registrations;
# 食药监械生产许, 药监械生产许 of production licences.
# Bare letters and digits (GB2305) may be a batch; a standard has a slash, a blank or its year.
_STANDARD = re.compile(r"(?:^|[^A-Za-z])(?:YZB|YY|GB)(?:\s*/\s*[TZ\u4e00-\u9fff]?[\s.-]*\d|\s+\d{3,5}(?!\d)|"
                       r"\d{3,5}(?:\.\d{1,2})?\s*[-—–]\s*(?:19|20)\d\d(?!\d))", re.IGNORECASE)
_LICENCE = re.compile(r"生产许|生产备|[械药妆]\s*生产")
_REGISTRATION = re.compile(r"国?械[注备]|[械药妆]注|食药监械|药监械|国药准字|妆网备|G妆")


def wrong_lot_reason(case: CaseReport) -> str:
    """Why what stands in the batch field is none: `standard`, `licence`, `registration`; empty for what can be one."""
    number = case.lot.number.strip()
    if not number:
        return ""
    registered = case.product.registration_number.strip()
    if _LICENCE.search(number):
        return "licence"
    if _REGISTRATION.search(number) or (registered and number.casefold() == registered.casefold()):
        return "registration"
    return "standard" if _STANDARD.search(number) else ""
