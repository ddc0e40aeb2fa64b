"""What fields of the Chinese forms say that no single field of a case says. Pure."""
from __future__ import annotations

import re

from traceapp.export.case_report import CaseReport
from traceapp.export.form_fields import Reader, Value
from traceapp.export.other_products import product_name

from . import values

_HOME, _HMT = {"CN", "境内", "国产", "中国", "domestic", "home"}, {"HK", "MO", "TW", "港澳台"}
_CLASSES = {"I": "I", "1": "I", "Ⅰ": "I", "II": "II", "2": "II", "Ⅱ": "II", "III": "III", "3": "III", "Ⅲ": "III"}
# Source: NMPA, catalogue of device classes (2017): sub-catalogues named after whether they have a source of energy, and
# wound dressings, which have none.
_SUBCATALOGUES = {"01": "active", "02": "passive", "12": "active", "13": "passive", "14-10": "passive"}
_CAUSES = {"product": "product", "operation": "operation", "user": "operation", "use": "operation",
           "patient": "patient", "undetermined": "undetermined", "unknown": "undetermined"}


def home_or_abroad(case: CaseReport, _language: str) -> Value:
    """Where it happened, as the form asks for it."""
    if case.event.is_overseas:
        return "abroad"
    return "" if not case.event.country else "home" if case.event.country == "CN" else "abroad"


def event_region(case: CaseReport, _language: str) -> Value:
    """The country, where it is not China, with the region."""
    country = "" if case.event.country == "CN" else case.event.country
    return " ".join(filter(None, (country, case.event.region)))


def origin(case: CaseReport, _language: str) -> Value:
    """Where the product was made: as it is registered, otherwise by the country of its maker."""
    maker = case.product.manufacturer or case.product.holder
    found = case.product.origin or (maker.country if maker else "")
    if not found:
        return ""
    return "home" if found in _HOME else "hmt" if found in _HMT else "import"


def risk_class(case: CaseReport, _language: str) -> Value:
    """The class in Roman numerals."""
    return _CLASSES.get(case.product.risk_class.strip().upper().removesuffix("类"), "")


def category(case: CaseReport, _language: str) -> Value:
    """With or without a source of energy, or a reagent; only what is stated or what the catalogue's number means."""
    if case.product.kind == "ivd":
        return "ivd"
    stated = case.product.category
    if "有源" in stated or "active" in stated.casefold().split():
        return "active"
    if "无源" in stated or "passive" in stated.casefold() or "non-active" in stated.casefold():
        return "passive"
    number = re.match(r"(\d\d)(-\d\d)?", stated)
    return _SUBCATALOGUES.get(number[0], _SUBCATALOGUES.get(number[1], "")) if number else ""


def udi(case: CaseReport, _language: str) -> Value:
    """The whole UDI, otherwise its fixed part."""
    return case.lot.udi or case.product.ids.get("udi_di", "")


def is_investigated(case: CaseReport, _language: str) -> Value:
    """Whether an investigation is told."""
    return bool(values.said(case.assessment.investigation))


def is_controlled(case: CaseReport, _language: str) -> Value:
    """Whether measures are told; not known where neither they nor a reason for none are."""
    if values.said(case.assessment.measures) or case.assessment.remedial_actions:
        return True
    return False if case.assessment.no_measures_reason else None


def measures(case: CaseReport, _language: str) -> Value:
    """What was done at once, then the measures."""
    return "；".join(filter(None, (values.said(case.assessment.first_handling), values.said(case.assessment.measures))))


READERS: dict[str, Reader] = {
    "home_or_abroad": home_or_abroad, "event_region": event_region, "origin": origin, "risk_class": risk_class,
    "category": category, "udi": udi, "is_investigated": is_investigated, "is_controlled": is_controlled,
    "measures": measures,
    "product_name": lambda case, language: product_name(case.product, language),
    "reporter": lambda case, _: values.reporter_text(case),
    "patient_name": lambda case, _: case.patient.name or case.patient.initials,
    "harm_class": lambda case, _: values.harm_class(case), "harm": values.harm_text, "fault": values.fault_text,
    "age": values.age_text, "purpose": lambda case, _: values.purpose_text(case),
    "process": lambda case, _: values.process_text(case), "combined": values.combined_text,
    "cause_kind": lambda case, _: _CAUSES.get(case.assessment.cause_kind, case.assessment.cause_kind),
}
