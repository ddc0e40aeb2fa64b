"""The fields of the incident report in its two versions, with when each is needed. Pure."""
from __future__ import annotations

from datetime import UTC, date, datetime

from traceapp.export.case_report import CaseReport
from traceapp.export.form_fields import Condition, FormTable, read_codes, read_fields

from .readers import EEA, READERS, classification, is_closed, is_final, is_first, maker, report_type

PACKAGE = "traceapp.export.mir"
VERSIONS = {"7.2.1": "number_721", "7.3.1": "number_731"}


def day_of(moment: datetime) -> date:
    """The day of a moment in UTC; the form does not say in which zone it counts."""
    return moment.astimezone(UTC).date() if moment.tzinfo else moment.date()


def _uncoded(annex: str, when: Condition) -> Condition:
    """Codes of an annex are needed when this holds and no reason says why none fits."""
    return lambda case: when(case) and not case.assessment.uncoded_reasons.get(annex)


def _is_grave(case: CaseReport) -> bool:
    return classification(case) != "other"


def _is_ivd(case: CaseReport) -> bool:
    return case.product.kind == "ivd"


def _needs_notified_body(case: CaseReport) -> bool:
    """Source: MDR art. 52 and IVDR art. 48: the lowest class goes without one, unless it is sterile or measures."""
    return case.product.risk_class.strip().upper() not in ("", "I", "CLASS I", "A", "CLASS A")


CONDITIONS: dict[str, Condition] = {
    "if_not_first": lambda case: not is_first(case),
    "if_next": lambda case: not is_closed(case),
    "if_recall": lambda case: bool(case.head.recall_references),
    "if_abroad": lambda case: maker(case).country not in EEA,
    "if_no_serial": lambda case: not case.lot.serial,
    "if_notified": _needs_notified_body,
    "if_device": lambda case: not _is_ivd(case), "if_ivd": _is_ivd,
    "if_preliminary": lambda case: not is_closed(case), "if_final": is_final,
    "if_nonreportable": lambda case: report_type(case) == "nonreportable",
    "if_reviewed": lambda case: case.assessment.is_risk_reviewed is True,
    "if_no_reason_a": _uncoded("A", lambda case: True),
    "if_no_reason_e": _uncoded("E", _is_grave), "if_no_reason_f": _uncoded("F", _is_grave),
    "if_no_reason_b": _uncoded("B", is_final), "if_no_reason_c": _uncoded("C", is_final),
    "if_no_reason_d": _uncoded("D", is_final),
}


def mir_table(version: str = "7.2.1") -> FormTable:
    """The fields of a version with its own numbers."""
    return FormTable(read_fields(PACKAGE, "fields.csv", VERSIONS[version]), read_codes(PACKAGE), READERS, CONDITIONS,
                     day_of)
