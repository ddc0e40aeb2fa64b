"""What fields of the incident report say that no single field of a case says. Pure."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date

from traceapp.complaint.seriousness import SeriousnessCriterion, is_serious
from traceapp.core.quantity import plain
from traceapp.export.case_report import CaseReport, Organisation, PartialDate, ReportKind
from traceapp.export.form_fields import Reader, Value, organisation_name
from traceapp.export.other_products import devices, not_devices
from traceapp.export.periods import first_day, last_day

# Source: MIR 7.2.1 schema, distribution: the countries with a box of their own.
EEA = frozenset((
    "AT", "BE", "BG", "CH", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GB", "GR", "HR", "HU", "IE", "IS", "IT",
    "LI", "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK", "TR"))
# Source: MDR art. 87(4), UK MDR 2002 reg. 44ZC: the rules for a serious public health threat.
_THREAT_RULES = {"EU-MD-01", "UK-MD-01a"}
_LOCATIONS = {"user": "facility", "returned": "manufacturer"}
_ROLES = {"physician": "professional", "pharmacist": "professional", "other_professional": "professional",
          "consumer": "lay", "lawyer": "other", "unknown": ""}
_UNITS = {"a": "year", "mo": "month", "wk": "week", "d": "day", "h": "hour", "{decade}": "decade"}
_UNITS_ZH = {"a": "岁", "mo": "月", "wk": "周", "d": "天", "h": "小时", "{decade}": "十年"}


def report_type(case: CaseReport, _language: str = "en") -> str:
    """`final` as the first report of a case is the combined one; taken back means found not to be reportable."""
    kind = case.head.kind
    if kind is ReportKind.final:
        return "combined" if case.head.version == 1 else "final"
    return {ReportKind.initial: "initial", ReportKind.nullification: "nonreportable"}.get(kind, "followup")


def is_final(case: CaseReport) -> bool:
    """Whether the report ends the case of an incident that had to be reported."""
    return report_type(case) in ("combined", "final")


def is_closed(case: CaseReport) -> bool:
    """Whether the report ends the case."""
    return is_final(case) or report_type(case) == "nonreportable"


def is_first(case: CaseReport) -> bool:
    """Whether the authority has no number for the case yet."""
    return report_type(case) in ("initial", "combined")


def classification(case: CaseReport, _language: str = "en") -> str:
    """The gravest class that holds. A serious harm that nobody calls expected is unanticipated."""
    if _THREAT_RULES & set(case.head.rule_ids):
        return "threat"
    if SeriousnessCriterion.death in case.event.seriousness:
        return "death"
    return "deterioration" if is_serious(case.event.seriousness) and case.event.is_expected is not True else "other"


def maker(case: CaseReport) -> Organisation:
    """The manufacturer, otherwise the holder, otherwise who sends the report."""
    return case.product.manufacturer or case.product.holder or case.head.sender


def submitter(case: CaseReport, _language: str = "en") -> str:
    """Who sends: the representative where it is that one, otherwise the manufacturer."""
    representative = case.product.representative
    return "representative" if representative and representative == case.head.sender else "manufacturer"


def names_of(contact: str) -> tuple[str, str]:
    """First and second (family) name of a contact; a Chinese name has its family name in front."""
    contact = contact.strip()
    if contact and "\u4e00" <= contact[0] <= "\u9fff":
        return contact[1:] or contact, contact[:1]
    first, _, second = contact.rpartition(" ")
    return (first, second) if first else (contact, contact)


def _organisation(who: Callable[[CaseReport], Organisation | None], prefix: str) -> dict[str, Reader]:
    """The readers of one organisation, each named with this prefix."""
    def reads(place: Callable[[Organisation, str], str]) -> Reader:
        return lambda case, language: place(found, language) if (found := who(case)) else ""

    return {f"{prefix}_{name}": reads(place) for name, place in {
        "name": organisation_name, "srn": lambda found, _: found.ids.get("srn", ""),
        "contact": lambda found, _: found.contact_name, "address": lambda found, _: found.address,
        "first": lambda found, _: names_of(found.contact_name)[0],
        "second": lambda found, _: names_of(found.contact_name)[1], "city": lambda found, _: found.city,
        "country": lambda found, _: found.country, "postcode": lambda found, _: found.postcode,
        "phone": lambda found, _: found.phone, "email": lambda found, _: found.email}.items()}


def _id(name: str) -> Reader:
    return lambda case, _: case.product.ids.get(name, "")


def udi_pi(case: CaseReport, _language: str) -> Value:
    """The production identifiers: what follows the device identifier in the UDI."""
    _, found, rest = case.lot.udi.partition(f"(01){case.product.ids.get('udi_di', '')}")
    return rest if found and case.product.ids.get("udi_di") else ""


def nomenclature_system(case: CaseReport, _language: str = "en") -> str:
    """The first nomenclature of which a code is known."""
    return next((name for name in ("emdn", "gmdn", "umdns", "edms") if case.product.ids.get(name)), "")


def description(case: CaseReport, language: str) -> Value:
    """What it is, then what it is for."""
    product = case.product
    what = product.common_name or (product.name_en if language == "en" else product.name_zh) or product.name_zh
    return ". ".join(filter(None, (what, case.use.purpose or case.patient.intended_treatment)))


def age_parts(case: CaseReport) -> dict[str, int]:
    """Whole years, months and days of the age, as the form asks for them."""
    age, unit = case.patient.age, case.patient.age_unit or "a"
    if age is None or unit == "h":
        return {} if age is None else {"days": int(age / 24)}
    if unit in ("wk", "{decade}"):
        return {"days": int(age * 7)} if unit == "wk" else {"years": int(age * 10)}
    if unit == "a":
        return {"years": int(age), **({"months": int(age % 1 * 12)} if age % 1 else {})}
    return {"months" if unit == "mo" else "days": int(age)}


def age(case: CaseReport, language: str) -> Value:
    """The age with its unit, otherwise the band."""
    patient = case.patient
    if patient.age is None:
        return "" if patient.age_band == "unknown" else patient.age_band
    unit = patient.age_unit or "a"
    if language == "zh":
        return f"{plain(patient.age)} {_UNITS_ZH.get(unit, unit)}"
    return f"{plain(patient.age)} {_UNITS.get(unit, unit)}{'' if patient.age == 1 else 's'}"


def history(case: CaseReport, language: str) -> Value:
    """The history, then what was used together with the device."""
    told = (case.patient.history, case.use.combined, *not_devices(case, language))
    return ("；" if language == "zh" else "; ").join(filter(None, told))


def class_mdr(case: CaseReport, _language: str) -> Value:
    """The class of a device under the MDR as it is written there."""
    found = case.product.risk_class.strip().removeprefix("class ").removeprefix("Class ")
    if case.product.kind == "ivd":
        return ""
    return {"iia": "IIa", "iib": "IIb", "i": "I", "iii": "III", "is": "I", "im": "I", "ir": "I"}.get(found.lower(), "")


def class_ivdr(case: CaseReport, _language: str) -> Value:
    """The class of a reagent under the IVDR."""
    found = case.product.risk_class.strip().removeprefix("class ").removeprefix("Class ").upper()
    return found if case.product.kind == "ivd" and found in ("A", "B", "C", "D") else ""


def _reasons(case: CaseReport, annexes: str) -> str:
    """Why no code fits, annex by annex where there are several."""
    told = [(annex, case.assessment.uncoded_reasons[annex]) for annex in annexes
            if case.assessment.uncoded_reasons.get(annex)]
    return "; ".join(f"{annex}: {reason}" if len(annexes) > 1 else reason for annex, reason in told)


def _dates(place: Callable[[CaseReport], PartialDate | None], day: Callable[[PartialDate], date]) -> Reader:
    return lambda case, _: day(found) if (found := place(case)) else None


def _further(case: CaseReport, _language: str) -> Value:
    """Before the end, what is looked into is what is still to be done."""
    return "" if is_closed(case) else case.assessment.investigation


def _root_cause(case: CaseReport, _language: str) -> Value:
    if is_final(case):
        return "\n".join(filter(None, (case.assessment.investigation, case.assessment.cause)))
    return ""


def _usage(case: CaseReport, _language: str) -> Value:
    reused = case.use.is_reused
    return "" if reused is None else "reuse_single" if reused else "initial"


def _corrective(case: CaseReport, _language: str) -> Value:
    """The measures, otherwise the reason for none."""
    found = case.assessment
    return found.measures or found.no_measures_reason


def _markets(case: CaseReport, inside: bool) -> Iterator[str]:
    return (country for country in case.product.markets if (country in EEA) is inside)


READERS: dict[str, Reader] = {
    **_organisation(maker, "maker"), "maker": lambda case, language: organisation_name(maker(case), language),
    **_organisation(lambda case: case.product.representative, "ar"),
    **_organisation(lambda case: case.head.sender, "sender"),
    "authority": lambda case, _: case.head.receiver or case.head.authority,
    "report_type": report_type, "classification": classification, "submitter": submitter,
    "event_from": _dates(lambda case: case.event.began_on, first_day),
    "event_to": _dates(lambda case: case.event.began_on, last_day),
    "implanted_from": _dates(lambda case: case.use.implanted_on, first_day),
    "implanted_to": _dates(lambda case: case.use.implanted_on, last_day),
    "explanted_from": _dates(lambda case: case.use.explanted_on, first_day),
    "explanted_to": _dates(lambda case: case.use.explanted_on, last_day),
    "fsca": lambda case, _: case.head.recall_references,
    **{name: _id(name) for name in ("udi_di", "basic_udi_di", "unit_of_use_di", "software", "firmware",
                                    "notified_body", "certificate")},
    "udi_pi": udi_pi, "nomenclature_system": nomenclature_system,
    "nomenclature_code": lambda case, _: case.product.ids.get(nomenclature_system(case), ""),
    "brand": lambda case, language: case.product.brand or (
        case.product.name_en if language == "en" else case.product.name_zh) or case.product.name_zh,
    "description": description,
    "model": lambda case, _: " ".join(filter(None, (case.product.model, case.product.specification))),
    "class_mdr": class_mdr, "class_ivdr": class_ivdr,
    "markets_eea": lambda case, _: tuple(_markets(case, True)),
    "markets_other": lambda case, _: tuple(_markets(case, False)),
    "associated": devices,
    "incident": lambda case, _: case.event.narrative or case.use.process,
    "clinical_codes": lambda case, _: tuple(term for term in case.event.reactions if term.annex in ("", "E")),
    "reason_a": lambda case, _: _reasons(case, "A"), "reason_ef": lambda case, _: _reasons(case, "EF"),
    "reason_bcd": lambda case, _: _reasons(case, "BCD"), "reason_g": lambda case, _: _reasons(case, "G"),
    "location": lambda case, _: _LOCATIONS.get(case.use.device_location, case.use.device_location),
    "operator": lambda case, _: {"patient": "lay", "caregiver": "lay"}.get(case.use.operator, case.use.operator),
    "usage": _usage, "age": age, "history": history,
    "age_years": lambda case, _: age_parts(case).get("years"),
    "age_months": lambda case, _: age_parts(case).get("months"),
    "age_days": lambda case, _: age_parts(case).get("days"),
    "reporter_role": lambda case, _: _ROLES.get(case.reporter.qualification, ""),
    "facility": lambda case, language: organisation_name(case.reporter.organisation, language),
    "facility_address": lambda case, _: case.reporter.organisation.address if case.reporter.organisation else "",
    "facility_city": lambda case, _: case.reporter.organisation.city if case.reporter.organisation else "",
    "reporter_country": lambda case, _: case.reporter.country or case.event.country,
    "reporter_first": lambda case, _: names_of(case.reporter.name)[0],
    "reporter_second": lambda case, _: names_of(case.reporter.name)[1],
    "next_date": lambda case, _: None if is_closed(case) else case.head.expected_next_on,
    "further": _further, "root_cause": _root_cause, "corrective": _corrective,
    "why_not": lambda case, _: case.head.reason if report_type(case) == "nonreportable" else "",
}
