"""The Chinese forms as tables of fields, with when a field is needed. Pure."""
from __future__ import annotations

from traceapp.export.case_report import CaseReport
from traceapp.export.form_fields import Condition, FormTable, read_codes, read_fields

from . import values
from .cosmetic_readers import COSMETIC_READERS
from .other_readers import DRUG_READERS, PAPER_READERS
from .readers import READERS

_PACKAGE = "traceapp.export.nmpa"


def _harmed(case: CaseReport) -> bool:
    return values.harm_class(case) != "other"


CONDITIONS: dict[str, Condition] = {
    "if_no_specification": lambda case: not values.said(case.product.specification),
    "if_no_serial": lambda case: not values.said(case.lot.serial),
    "if_harmed": _harmed, "if_unharmed": lambda case: not _harmed(case) and not values.harm_text(case),
    "if_institution": lambda case: case.event.place_kind == "institution",
    "if_evaluated": lambda case: case.assessment.needs_risk_evaluation is True,
    "if_uncontrolled": lambda case: not values.said(case.assessment.measures),
    "if_dead": lambda case: values.harm_class(case) == "death",
    "if_no_age": lambda case: not values.age_text(case),
    "if_sequelae": lambda case: case.event.outcome == "sequelae",
    "if_sites": lambda case: any(term.annex in ("", "E") for term in case.event.reactions) or any(
        lesion != "none" for lesion in case.event.lesions),
}


def _table(name: str) -> FormTable:
    readers = {**READERS, **DRUG_READERS, **PAPER_READERS, **COSMETIC_READERS}
    return FormTable(read_fields(_PACKAGE, name), read_codes(_PACKAGE), readers, CONDITIONS, values.day_in_china)


def device_table() -> FormTable:
    """The form of the holder in the national system."""
    return _table("device.csv")


def paper_table() -> FormTable:
    """The paper form for devices with its 23 numbered items."""
    return _table("device_paper.csv")


def drug_table() -> FormTable:
    """The form for reactions to medicines."""
    return _table("drug.csv")


def cosmetic_table() -> FormTable:
    """The form for reactions to cosmetics."""
    return _table("cosmetic.csv")
