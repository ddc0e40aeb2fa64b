"""The few values of a device report that taking in a complaint needs."""
from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from traceapp.export.case_report import PartialDate

from .check_dates import moment
from .check_meaning import FOLLOWUP, INJURY, MALFUNCTION
from .message import Mdr
from .table import codes

CRITERIA = {"C28554": "death", "C41337": "life_threatening", "C25179": "hospitalised", "C21007": "disabling",
             "C2849": "congenital_anomaly", "C52668": "intervention", "C17649": "other_serious"}
SEXES = {"C20197": "male", "C16576": "female"}


@dataclass(frozen=True, slots=True)
class IncomingMdr:
    """A report that came in, in the words of intake. Nothing here names a person; not known is empty or None."""

    report_number: str
    facility_report_number: str
    is_followup: bool
    followup_number: int
    narrative: str = field(repr=False)
    manufacturer_narrative: str = field(repr=False)
    brand_name: str
    common_name: str
    product_code: str
    model: str
    catalogue_number: str
    lot: str
    serial: str
    udi: str
    manufacturer: str
    problem_codes: tuple[str, ...]
    patient_codes: tuple[str, ...]
    seriousness: tuple[str, ...]
    is_malfunction: bool
    event_on: PartialDate | None
    aware_on: date | None
    reported_on: date | None
    expires_on: date | None
    age: Decimal | None
    age_unit: str
    sex: str
    reporter_occupation: str
    reporter_organisation: str


def incoming(report: Mdr) -> IncomingMdr:
    """The report as intake reads it."""
    return IncomingMdr(
        report_number=report.text("G9"), facility_report_number=report.text("F2"),
        is_followup=FOLLOWUP in report.texts("G7"), followup_number=report.followup_number,
        narrative=report.text("B5"), manufacturer_narrative=report.text("H10"), brand_name=report.text("D1"),
        common_name=report.text("D2.name"), product_code=report.text("D2.code"), model=report.text("D4.model"),
        catalogue_number=report.text("D4.catalogue"), lot=report.text("D4.lot"), serial=report.text("D4.serial"),
        udi=report.text("D4.udi"), manufacturer=report.text("D3.name"), problem_codes=report.texts("H6.device"),
        patient_codes=report.texts("H6.patient"), seriousness=_seriousness(report),
        is_malfunction=MALFUNCTION in report.texts("H1"), event_on=_partial(report.text("B3")),
        aware_on=_day(report.text("G4")) or _day(report.text("F6")), reported_on=_day(report.text("B4")),
        expires_on=_day(report.text("D4.expiry")), age=_amount(report.text("A2.age")),
        age_unit=report.text("A2.age_unit"), sex=SEXES.get(report.text("A3"), "unknown"),
        reporter_occupation=_occupation(report), reporter_organisation=report.text("E1.facility"))


def _seriousness(report: Mdr) -> tuple[str, ...]:
    found = [CRITERIA[code] for code in report.texts("B2") if code in CRITERIA]
    if "C28554" in report.texts("H1"):
        found.append("death")
    if not found and INJURY in report.texts("H1"):
        found.append("other_serious")
    return tuple(dict.fromkeys(found))


def _occupation(report: Mdr) -> str:
    known = codes()["occupation"].get(report.text("E3"))
    return report.text("E3.other") or (known.meaning_en if known else report.text("E3"))


def _partial(text: str) -> PartialDate | None:
    found = moment(text)
    return PartialDate(*found) if found else None


def _day(text: str) -> date | None:
    found = moment(text)
    return found[0] if found and found[1] == "day" else None


def _amount(text: str) -> Decimal | None:
    return Decimal(text) if text.replace(".", "", 1).isdecimal() and text.isascii() else None
