"""The few values of an E2B(R3) report that taking in a complaint needs."""
from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation

from traceapp.export.case_report import PartialDate

from .dates import read_date
from .filling import in_full
from .model import Icsr, Section, reports

_SEXES = {"1": "male", "2": "female"}
_QUALIFICATIONS = {"1": "physician", "2": "pharmacist", "3": "other_professional", "4": "lawyer", "5": "consumer"}
_OUTCOMES = {"1": "recovered", "2": "recovering", "3": "not_recovered", "4": "sequelae", "5": "fatal", "0": "unknown"}
_CRITERIA = {"E.i.3.2a": "death", "E.i.3.2b": "life_threatening", "E.i.3.2c": "hospitalised", "E.i.3.2d": "disabling",
             "E.i.3.2e": "congenital_anomaly", "E.i.3.2f": "other_serious", "FDA.E.i.3.2h": "intervention"}
_ROLES = {"1": "suspect", "2": "concomitant", "3": "interacting", "4": "not_administered"}
_CORRECTIONS = {"1": "nullification", "2": "amendment"}
_PRECISIONS = {4: "year", 6: "month"}


@dataclass(frozen=True, slots=True)
class IncomingReaction:
    """A reaction: `words` of the reporter or their translation, and MedDRA's code where there is one."""

    words: str
    meddra_code: str
    meddra_version: str
    seriousness: tuple[str, ...]
    outcome: str
    began_on: PartialDate | None
    ended_on: PartialDate | None
    country: str


@dataclass(frozen=True, slots=True)
class IncomingProduct:
    """A product with the batch numbers it was used of, and those of devices in it."""

    name: str
    role: str
    lots: tuple[str, ...]
    registration_number: str
    holder: str
    device_names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class IncomingIcsr:
    """A report that came in, in the words of intake. Names of persons stand in `patient_name` alone; not known is empty
    or None. `correction`: `nullification`, `amendment` or empty."""

    report_id: str
    worldwide_id: str
    other_ids: tuple[str, ...]
    correction: str
    correction_reason: str
    sender: str
    received_at: datetime | None
    latest_at: datetime | None
    narrative: str = field(repr=False)
    reactions: tuple[IncomingReaction, ...]
    products: tuple[IncomingProduct, ...]
    seriousness: tuple[str, ...]
    patient_name: str = field(repr=False)
    age: Decimal | None
    age_unit: str
    sex: str
    weight_kg: Decimal | None
    died_on: PartialDate | None
    reporter_qualification: str
    reporter_country: str


def incoming(batch: Section) -> list[IncomingIcsr]:
    """Every report of a batch as intake reads it."""
    return [_report(report) for report in reports(batch)]


def _report(report: Icsr) -> IncomingIcsr:
    narrative = report.text("H.1")
    reactions = tuple(_reaction(section) for section in report.each("E.i"))
    reporters = report.each("C.2.r")
    reporter = next((one for one in reporters if one.text("C.2.r.5") == "1"), Section("C.2.r"))
    return IncomingIcsr(
        report_id=report.text("C.1.1"), worldwide_id=report.text("C.1.8.1"),
        other_ids=tuple(section.text("C.1.9.1.r.2") for section in report.each("C.1.9.1.r")),
        correction=_CORRECTIONS.get(report.text("C.1.11.1"), ""), correction_reason=report.text("C.1.11.2"),
        sender=report.text("C.3.2"), received_at=read_date(report.text("C.1.4")),
        latest_at=read_date(report.text("C.1.5")),
        narrative=narrative, reactions=reactions,
        products=tuple(_product(section, narrative) for section in report.each("G.k")),
        seriousness=tuple(dict.fromkeys(criterion for one in reactions for criterion in one.seriousness)),
        patient_name=report.text("D.1"), age=_number(report.text("D.2.2a")), age_unit=report.text("D.2.2b"),
        sex=_SEXES.get(report.text("D.5"), "unknown"), weight_kg=_number(report.text("D.3")),
        died_on=_day(report.text("D.9.1")),
        reporter_qualification=_QUALIFICATIONS.get(reporter.text("C.2.r.4"), "unknown"),
        reporter_country=reporter.text("C.2.r.3"))


def _reaction(section: Section) -> IncomingReaction:
    return IncomingReaction(
        words=section.text("E.i.1.1a") or section.text("E.i.1.2"), meddra_code=section.text("E.i.2.1b"),
        meddra_version=section.text("E.i.2.1a"),
        seriousness=tuple(name for element, name in _CRITERIA.items() if section.text(element) == "true"),
        outcome=_OUTCOMES.get(section.text("E.i.7"), "unknown"), began_on=_day(section.text("E.i.4")),
        ended_on=_day(section.text("E.i.5")), country=section.text("E.i.9"))


def _product(section: Section, narrative: str) -> IncomingProduct:
    devices = section.each("FDA.G.k.12.r")
    lots = [dosage.text("G.k.4.r.7") for dosage in section.each("G.k.4.r")]
    lots += [device.text("FDA.G.k.12.r.9") for device in devices]
    names = [device.text("FDA.G.k.12.r.4") or device.text("FDA.G.k.12.r.5") for device in devices]
    return IncomingProduct(
        name=section.text("G.k.2.2"), role=_ROLES.get(section.text("G.k.1"), ""),
        lots=tuple(dict.fromkeys(in_full(lot, narrative) for lot in lots if lot)),
        registration_number=section.text("G.k.3.1"), holder=section.text("G.k.3.3"),
        device_names=tuple(filter(None, names)))


def _number(text: str) -> Decimal | None:
    try:
        found = Decimal(text)
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def _day(text: str) -> PartialDate | None:
    """A date with its precision; where a zone is told the day is the one that was written."""
    if read_date(text) is None:
        return None
    digits = text[:8] if text[:8].isdecimal() else text[:6] if text[:6].isdecimal() else text[:4]
    written = read_date(digits)
    return PartialDate(written.date(), _PRECISIONS.get(len(digits), "day")) if written else None
