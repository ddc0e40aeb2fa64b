"""What staff finds out about an adverse event of the story."""
from __future__ import annotations

from datetime import timedelta
from typing import Any

from .acts import Report
from .chance import chance
from .tables import texts

_YEARS = {"2-13": (2, 13), "14-17": (14, 17), "18-44": (18, 44), "45-64": (45, 64), "65+": (65, 88)}


def details_of(report: Report) -> dict[str, Any]:
    """The details of an assessment: more where the bad adhesive is behind it."""
    dice = chance(report.number, f"details {report.lot.number}")
    is_glue, is_hospital = report.kind == "glue", bool(report.consignee)
    said = texts()
    found: dict[str, Any] = {
        "intended_treatment": said["event.purpose"], "history": said["event.history"],
        "place_kind": "institution" if is_hospital else "home",
        "use_began_on": (report.happened_on - timedelta(days=1)).isoformat(),
        "operator": "professional" if is_hospital else "patient", "combined": said["event.combined"],
        "qualification": "other_professional" if is_hospital else "consumer", "device_item_1": "yes",
        "device_item_2": "yes" if is_glue else "unclear", "device_item_3": "no" if is_glue else "unclear",
        "cause_kind": "product" if is_glue else "undetermined",
        "cause": said["event.cause.glue" if is_glue else "event.cause.harm"],
        "first_handling": said["event.handling"]}
    found |= {"fault": said["event.fault.glue"]} if is_glue else {"no_measures_reason": said["event.no_measures"]}
    years = _YEARS.get(report.person[1])
    return found | ({"age": str(dice.randint(*years)), "age_unit": "a"} if years else {})


def worked_assessment(case: str, report: Report) -> dict[str, Any]:
    """All fields of the assessment of a worked case, as `AssessAdverseEvent` takes them."""
    said, (_who, age_band, sex) = texts(), report.person
    own = {name.partition("detail.")[2]: text for name, text in said.items() if name.startswith(f"{case}.detail.")}
    is_serious = case == "home"
    details = details_of(report) | {
        "occupation": said["worked.nurse" if report.consignee else "worked.layman"], "patients_affected": 1,
        "codes_a": ["A010101"], "codes_f": ["F2303"] if is_serious else [], "needs_risk_evaluation": is_serious,
        "investigation": said["worked.investigation"], "preliminary_comments": said["worked.preliminary"],
        "measures": said["worked.measures"]} | own
    if report.consignee:
        details.setdefault("place_name", said["worked.place"])
    if is_serious:
        details["risk_evaluation_due_on"] = (report.at + timedelta(days=45)).date().isoformat()
    return {"onset_on": report.happened_on, "age_band": age_band, "sex": sex, "terms": report.terms,
            "seriousness": report.seriousness, "outcome": "recovered" if is_serious else "recovering",
            "causality": "probable", "expectedness": "expected",
            "narrative": report.narrative, "use_text": said.get(f"{case}.use", said["event.use"]), "details": details}
