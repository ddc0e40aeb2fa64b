"""Device events as public data in the shape of openFDA's device/event: nobody in it, and small cells hidden.

A record tells time, place, lot, sex, age and what was found only as exactly as at least `LEAST` events of its product,
kind and outcome share them; what stands alone is told less exactly, and in the end not at all. Field names:
device/event.
"""
from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from .case_report import CaseReport, CodedTerm

LEAST = 5
Record = dict[str, object]

_OUTCOMES = {"death": "Death", "life_threatening": "Life Threatening", "hospitalised": "Hospitalization",
             "disabling": "Disability", "congenital_anomaly": "Congenital Anomaly",
             "intervention": "Required Intervention", "other_serious": "Other"}
_SEXES = {"female": "Female", "male": "Male"}
_OPERATORS = {"professional": "Health Professional", "patient": "Lay User/Patient", "caregiver": "Lay User/Patient",
              "other": "Other"}
_ACTIONS = {"recall": "Recall", "repair": "Repair", "replacement": "Replace", "replace": "Replace",
            "relabelling": "Relabeling", "relabel": "Relabeling", "notification": "Notification",
            "inspection": "Inspection", "monitoring": "Patient Monitoring", "modification": "Modification/Adjustment"}
_PROFESSIONALS = ("physician", "pharmacist", "other_professional")
_PLACES = {"institution": "Hospital", "home": "Home", "other": "Other"}
# What a record may say beside product, kind of event and outcome, from most to least exact.
_LEVELS = (("lot", "month", "sex", "age", "place", "found"), ("month", "sex", "age", "found"), ("month", "found"),
           ("month",), ("year",))


@dataclass(frozen=True, slots=True)
class PublicEvents:
    """`results` in no order that says who came first; `is_suppressed`: some events are not among them."""

    results: Sequence[Record]
    is_suppressed: bool


def public_events(cases: Iterable[CaseReport], least: int = LEAST) -> PublicEvents:
    """The events that can be shown, each as exactly as `least` others of its kind allow."""
    waiting = list(cases)
    shown: list[Record] = []
    for level in _LEVELS:
        groups: dict[tuple[str, ...], list[CaseReport]] = defaultdict(list)
        for case in waiting:
            groups[(*_kind(case), *(_PARTS[name](case) for name in level))].append(case)
        waiting = [case for group in groups.values() if len(group) < least for case in group]
        shown += [_record(case, level) for group in groups.values() if len(group) >= least for case in group]
    ordered = sorted(shown, key=lambda record: json.dumps(record, sort_keys=True, ensure_ascii=False))
    return PublicEvents([record | {"mdr_report_key": str(number)} for number, record in enumerate(ordered, 1)],
                        bool(waiting))


def public_document(events: PublicEvents, made_on: date) -> bytes:
    """The file: `meta` and `results` as the interface of openFDA answers them, in UTF-8."""
    note = f"Shown only where at least {LEAST} events are alike; months, not days; age bands, not ages; no free text."
    document = {"meta": {"last_updated": made_on.isoformat(), "disclaimer": note, "is_suppressed": events.is_suppressed,
                         "results": {"skip": 0, "limit": len(events.results), "total": len(events.results)}},
                "results": list(events.results)}
    return json.dumps(document, ensure_ascii=False, indent=1).encode()


def _time(case: CaseReport) -> date:
    return case.event.began_on.day if case.event.began_on else case.head.awareness_at.date()


def _month(case: CaseReport) -> str:
    began = case.event.began_on
    return _year(case) if began is not None and began.precision == "year" else f"{_time(case):%Y%m}"


def _year(case: CaseReport) -> str:
    return f"{_time(case):%Y}"


def _event_type(case: CaseReport) -> str:
    criteria = case.event.seriousness
    return "Death" if "death" in criteria else "Injury" if criteria or case.event.harm else "Malfunction"


def _kind(case: CaseReport) -> tuple[str, ...]:
    return case.product.code, _event_type(case), "|".join(sorted(_outcomes(case)))


def _outcomes(case: CaseReport) -> list[str]:
    return [_OUTCOMES[one] for one in case.event.seriousness if one in _OUTCOMES]


_PARTS: Mapping[str, Callable[[CaseReport], str]] = {
    "lot": lambda case: case.lot.number, "month": _month, "year": _year,
    "sex": lambda case: _SEXES.get(case.patient.sex, "Unknown"), "age": lambda case: case.patient.age_band,
    "place": lambda case: _PLACES.get(case.event.place_kind, ""),
    "found": lambda case: json.dumps(_found(case), sort_keys=True)}


def _found(case: CaseReport) -> Record:
    """What was found and done, and by whom it was used and told: together it may stand alone."""
    made = case.assessment
    return {"product_problem_flag": _flag(bool(case.event.fault or made.problem_codes)),
            "product_problems": _names(made.problem_codes),
            "health_professional": _flag(case.reporter.qualification in _PROFESSIONALS),
            "remedial_action": sorted({_ACTIONS.get(one.lower(), "Other") for one in made.remedial_actions}),
            "device_operator": _OPERATORS.get(case.use.operator, "")}


_NOT_TOLD: Record = {"product_problem_flag": "", "product_problems": [], "health_professional": "",
                     "remedial_action": [], "device_operator": ""}


def _record(case: CaseReport, level: tuple[str, ...]) -> Record:
    said = {name: _PARTS[name](case) for name in level}
    product, found = case.product, dict(_found(case) if "found" in level else _NOT_TOLD)
    patient: Record = {"patient_sequence_number": "1", "sequence_number_outcome": _outcomes(case)}
    if "sex" in said:
        patient |= {"patient_sex": said["sex"], "patient_age": said["age"]}
    device: Record = {
        "device_sequence_number": "1", "brand_name": product.brand or product.name_en,
        "generic_name": product.common_name or product.name_en, "model_number": product.model,
        "catalog_number": product.catalogue_number, "lot_number": said.get("lot", ""),
        "device_report_product_code": product.ids.get("product_code", ""),
        "manufacturer_d_name": product.manufacturer.name_en if product.manufacturer else "",
        "device_operator": found.pop("device_operator")}
    return {
        "event_type": _event_type(case), "date_of_event": said.get("month", said.get("year", "")),
        "adverse_event_flag": _flag(bool(case.event.harm or case.event.seriousness)),
        "event_location": said.get("place", ""),
        "number_devices_in_event": "1", "number_patients_in_event": "1", "device": [device], "patient": [patient],
        **found}


def _flag(answer: bool) -> str:
    return "Y" if answer else "N"


def _names(terms: Iterable[CodedTerm]) -> list[str]:
    return sorted({term.name_en or term.code for term in terms})
