"""A case as the values of Form 3500A: the manufacturer's report, in full or without what says who a person is."""
from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from zoneinfo import ZoneInfo

from traceapp.complaint.terms import terms
from traceapp.export.case_report import CaseReport, CodedTerm, Organisation, PartialDate, Profile, ReportKind
from traceapp.export.masking import MASK
from traceapp.export.other_products import told
from traceapp.rules.clocks import ZONES

from .check_meaning import BOTH, DEATH, EVENT, FIVE_DAY, FOLLOWUP, INJURY, MALFUNCTION, OTHER, PROBLEM
from .intake import CRITERIA, SEXES
from .places import Nothing, Value
from .table import country_of, elements
from .tree import clean

# Registration number, date, sequence, correction or removal. Source: 21 CFR 806.10(c)(1).
_REMOVAL_NUMBER = re.compile(r"\d{7,10}-\d{1,2}/\d{1,2}/\d{2,4}-\d{3}-[CR]", re.ASCII)
Values = dict[str, tuple[Value, ...]]
_MANUFACTURER, _INITIAL, _FIVE_DAY_RULE = "C53616", "C53577", "US-MD-02"
_CORRECTION, _MORE = "C53585", "C53586"
_NO_INFORMATION = Nothing("NI")
BY_CRITERION = {criterion: code for code, criterion in CRITERIA.items()}
BY_SEX = {sex: code for code, sex in SEXES.items()}
UNKNOWN_SEX = "C17998"
_DIGITS = {"month": 6, "year": 4}
# Unit of an age -> how many of which unit of the form it is.
_AGE_UNITS = {"a": (1, "YR"), "mo": (1, "MO"), "wk": (1, "WK"), "d": (1, "DY"), "h": (1, "HR"), "{decade}": (10, "YR")}
_OPERATORS = {"professional": "C53287", "patient": "C53288", "caregiver": "C53288"}
_OCCUPATIONS = {"physician": "C25741", "other_professional": "C53289", "pharmacist": "C53289"}
_WORDS = {"physician": "Physician", "pharmacist": "Pharmacist", "other_professional": "Other health professional",
          "lawyer": "Lawyer", "consumer": "Consumer"}
_ACTIONS = {"recall": "C53609", "repair": "C53611", "replacement": "C53610", "replace": "C53610",
            "relabelling": "C53608", "relabel": "C53608", "notification": "C25297", "inspection": "C53604",
            "monitoring": "C53607", "modification": "C53606"}
# Annex of IMDRF's terms -> where its codes stand; a term of none goes where its list in the case goes.
_ANNEXES = {"A": "H6.device", "B": "H6.method", "C": "H6.result", "D": "H6.conclusion", "E": "H6.patient",
            "F": "H6.impact", "G": "H6.component"}


@dataclass(frozen=True, slots=True)
class Options:
    """What a case does not say. `zone`: where the sender's days begin and end, None for the zone of its country;
    `fda_codes`: FDA's code for an IMDRF code, from FDA's own file; `version`: the HL7 version of the schema that FDA
    uses now."""

    zone: tzinfo | None = None
    fda_codes: Mapping[str, str] = field(default_factory=dict)
    version: str = "V3NORMED_2005"


def zone_of(case: CaseReport, options: Options) -> tzinfo:
    """Where the days of the sender begin and end."""
    named = ZONES.get(case.head.sender.country)
    return options.zone or (ZoneInfo(named) if named else UTC)


def values_of(case: CaseReport, options: Options) -> Values:
    """The report's values by element; what is not known is left out or says so."""
    found: dict[str, Iterable[Value]] = {}
    for part in (_head(case, options), _patient(case), _event(case), _device(case), _reporter(case), _maker(case),
                 _evaluation(case, options)):
        found |= part
    return {key: given for key, values in found.items() if any(given := tuple(_cleaned(one) for one in values))}


def _cleaned(value: Value) -> Value:
    if not isinstance(value, str):
        return value
    return "" if value.strip() == MASK else clean(value).strip()


def _one(**values: Value) -> dict[str, Iterable[Value]]:
    """`A2_age` stands for `A2.age`."""
    return {key.replace("_", ".", 1): (value,) for key, value in values.items()}


def _day(when: date | datetime | PartialDate | None, zone: tzinfo = UTC) -> str:
    if when is None:
        return ""
    if isinstance(when, PartialDate):
        return _day(when.day)[:_DIGITS.get(when.precision, 8)]
    day = when.astimezone(zone).date() if isinstance(when, datetime) else when
    return day.isoformat().replace("-", "")


def _head(case: CaseReport, options: Options) -> dict[str, Iterable[Value]]:
    head, zone = case.head, zone_of(case, options)
    is_followup = head.version > 1 or head.kind in (ReportKind.followup, ReportKind.amendment, ReportKind.nullification)
    corrects = head.kind in (ReportKind.amendment, ReportKind.nullification)
    found = _one(message_author=_MANUFACTURER, G9=head.report_number or _NO_INFORMATION,
                 B4=_day(head.created_at, zone),
                 G4=_day(head.latest_awareness_at if is_followup else head.awareness_at, zone))
    if is_followup:
        return found | _one(G7=FOLLOWUP, G7_number=str(max(head.version - 1, 1)), H2=_CORRECTION if corrects else _MORE)
    return found | _one(G7=FIVE_DAY if _FIVE_DAY_RULE in head.rule_ids else _INITIAL)


def _patient(case: CaseReport) -> dict[str, Iterable[Value]]:
    patient, is_full = case.patient, case.profile == Profile.full
    most = elements()["A1"].length
    found = _one(A1=((patient.initials if is_full else "") or patient.subject_id)[:most] or _NO_INFORMATION,
                 A3=BY_SEX.get(patient.sex, UNKNOWN_SEX), B7=patient.history)
    if is_full:
        found |= _one(A2_birth=_day(patient.born_on))
    if patient.age is not None:
        times, unit = _AGE_UNITS.get(patient.age_unit or "a", (1, patient.age_unit))
        found |= _one(A2_age=_number(patient.age * times), A2_age_unit=unit)
    if patient.weight_kg is not None:
        found |= _one(A4_weight=_number(patient.weight_kg), A4_unit="KG")
    return found


def _number(amount: Decimal) -> str:
    return f"{amount.normalize():f}"


def _event(case: CaseReport) -> dict[str, Iterable[Value]]:
    event = case.event
    is_harm = bool(event.harm or event.seriousness or event.reactions)
    is_problem = bool(event.fault or case.assessment.problem_codes)
    kind = BOTH if is_harm and is_problem else EVENT if is_harm else PROBLEM
    found = _one(B1=kind, B2_death=_day(event.died_on), B3=_day(event.began_on) or _NO_INFORMATION,
                 B5=event.narrative, B6=event.tests, H1=_reportable(event.seriousness))
    return found | {"B2": tuple(BY_CRITERION[one] for one in event.seriousness if one in BY_CRITERION)}


def _reportable(criteria: tuple[str, ...]) -> str:
    return DEATH if "death" in criteria else INJURY if criteria else MALFUNCTION


def _device(case: CaseReport) -> dict[str, Iterable[Value]]:
    product, lot, use = case.product, case.lot, case.use
    found = _one(
        D1=product.brand or product.name_en or product.name_zh, D2_name=product.common_name or product.name_en,
        D2_code=_joined(product.ids.get("product_code", "")), D4_model=product.model,
        D4_catalogue=product.catalogue_number, D4_lot=lot.number[:elements()["D4.lot"].length],
        D4_serial=lot.serial, D4_expiry=_day(lot.expires_on),
        D4_udi=_joined(lot.udi or product.ids.get("udi_di", "")), D6=_day(use.implanted_on), D7=_day(use.explanted_on),
        G5=product.registration_number, H4=_day(lot.made_on), D10=_yes(use.is_available))
    if use.operator:
        code = _OPERATORS.get(use.operator, OTHER)
        found |= _one(D5=code, D5_other=use.operator.capitalize() if code == OTHER else "")
    if use.is_reused is not None:
        found |= _one(H8="C53613" if use.is_reused else "C53612")
    others = tuple(told(one, "en") for one in case.other_products)
    began = tuple(_day(other_use.began_on) for _, _, other_use in case.other_products)
    return found | _address("D3", product.manufacturer or product.holder or case.head.sender) | {
        "D11": others, "D11.date": began}


def _joined(code: str) -> str:
    """A code as it may stand in the message: without spaces."""
    return "".join(code.split())


def _yes(answer: bool | None) -> Value:
    return "" if answer is None else str(answer).lower()


def _address(box: str, party: Organisation) -> dict[str, Iterable[Value]]:
    return {f"{box}.name": (party.name_en or party.name_zh,), f"{box}.line1": (party.address,),
            f"{box}.city": (party.city,), f"{box}.state": (party.region,),
            f"{box}.country": (country_of(party.country),)}


def _reporter(case: CaseReport) -> dict[str, Iterable[Value]]:
    reporter = case.reporter
    code = _OCCUPATIONS.get(reporter.qualification, OTHER)
    words = reporter.occupation or _WORDS.get(reporter.qualification, "Not known")
    found = _one(E3=code, E3_other=words, G3=OTHER, G3_other=words, E4=_told(reporter.also_told_authority),
                 E1_country=country_of(reporter.country))
    if case.profile == Profile.full:
        given, _, family = reporter.name.rpartition(" ")
        found |= _one(E1_given=given, E1_family=family, E1_phone=_dialled(reporter.phone), E1_email=reporter.email)
    if reporter.organisation is not None:
        found |= _one(E1_facility=reporter.organisation.name_en or reporter.organisation.name_zh)
    if reporter.facility_report_number:
        found |= _one(F2=reporter.facility_report_number)
    return found


def _dialled(phone: str) -> str:
    return "-".join(phone.split())


def _told(answer: bool | None) -> Value:
    return Nothing("ASKU") if answer is None else str(answer).lower()


def _maker(case: CaseReport) -> dict[str, Iterable[Value]]:
    sender = case.head.sender
    found = _address("G1", sender) | _one(G2=_dialled(sender.phone), G1_email=sender.email)
    if case.profile == Profile.full:
        given, _, family = sender.contact_name.rpartition(" ")
        found |= _one(G1_given=given, G1_family=family)
    return found


def _evaluation(case: CaseReport, options: Options) -> dict[str, Iterable[Value]]:
    made = case.assessment
    actions = tuple(_ACTIONS.get(one.lower(), OTHER) for one in made.remedial_actions)
    other = tuple(one if code == OTHER else "" for one, code in zip(made.remedial_actions, actions, strict=True))
    long_lot = f"Lot number in full: {case.lot.number}" if len(case.lot.number) > elements()["D4.lot"].length else ""
    note = "\n\n".join(filter(None, (made.preliminary_comments, made.investigation, made.cause, made.measures,
                                     made.sender_comment)))
    found = _one(H3="true" if made.investigation else "", H10="\n\n".join(filter(None, (long_lot, note))),
                 H9=", ".join(one for one in case.head.recall_references if _REMOVAL_NUMBER.fullmatch(one)))
    return found | _codes(case, options) | {"H7": actions, "H7.other": other}


def _codes(case: CaseReport, options: Options) -> dict[str, Iterable[Value]]:
    found: dict[str, list[str]] = {}
    for annex, term in _terms(case):
        code = _imdrf_code(term)
        given = options.fda_codes.get(code, code) if code else term.code if term.system == "fda" else ""
        if given:
            found.setdefault(_ANNEXES.get(code[:1] or term.annex, _ANNEXES[annex]), []).append(_joined(given))
    return {key: tuple(dict.fromkeys(given)) for key, given in found.items()}


def _terms(case: CaseReport) -> Iterator[tuple[str, CodedTerm]]:
    """Every term with the annex that its list in the case is about."""
    made = case.assessment
    lists = (("A", made.problem_codes), ("B", made.investigation_codes), ("C", made.finding_codes),
             ("D", made.conclusion_codes), ("E", case.event.reactions), ("F", made.health_impact_codes),
             ("G", made.component_codes))
    return ((annex, term) for annex, listed in lists for term in listed)


def _imdrf_code(term: CodedTerm) -> str:
    """IMDRF's code for a term: its own, or what our own list says; empty for none."""
    if term.system == "own":
        return own.imdrf if (own := terms().get(term.code)) else ""
    return term.code if term.system == "imdrf" else ""


def left_out(case: CaseReport) -> tuple[CodedTerm, ...]:
    """The terms of the case that the form cannot carry: without a code of IMDRF's or FDA's."""
    return tuple(term for _, term in _terms(case) if term.system != "fda" and not _imdrf_code(term))
