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
