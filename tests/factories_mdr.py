"""A case that becomes a device report, and the report as values, for the tests of the FDA form."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

from traceapp.export.case_report import (
    Assessment,
    CaseReport,
    CodedTerm,
    Event,
    Organisation,
    PartialDate,
    Patient,
    ReportedLot,
    ReportedProduct,
    Reporter,
    ReportHead,
    ReportKind,
    Use,
)
from traceapp.export.emdr.message import Batch, Mdr, write_batch

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
HEAD = {"batch.id": "1234567-20261128101500", "batch.created": "20261128", "batch.version": "V3NORMED_2005"}
# An initial report with all that FDA insists on.
LEAST: Mapping[str, tuple[str, ...]] = {
    "message.author": ("C53616",), "G9": ("1234567-2026-00042",), "B1": ("C41331",), "B2": ("C25179",),
    "B3": ("20261103",), "B4": ("20261128",), "B5": ("The dressing stuck to the wound and tore it.",),
    "D1": ("Softheal",), "D2.name": ("Wound dressing",), "D2.code": ("NAC",), "D3.name": ("Example Dressings",),
    "E3": ("C25741",), "G4": ("20261110",), "G7": ("C53577",), "H1": ("C53569",), "H6.device": ("2993",)}


def file_of(changes: Mapping[str, tuple[str, ...]] | None = None) -> bytes:
    """The least report with some values changed; an empty value takes one away."""
    return write_batch(Batch.of(HEAD, [Mdr.of({**LEAST, **(changes or {})})]))


def mdr_case() -> CaseReport:
    """A full initial case of a dressing that harmed somebody in the United States."""
    maker = Organisation(name_zh="示例敷料", name_en="Example Dressings Co.", country="CN", city="Suzhou",
                         address="1 Lake Road", contact_name="Xiulan Chen", phone="+86 512 5555 0100",
                         email="safety@example.com", ids={"fei": "3001234567"})
    head = ReportHead(
        kind=ReportKind.initial, reference="AE-2026-0007", version=1, created_at=datetime(2026, 11, 28, 10, tzinfo=UTC),
        awareness_at=datetime(2026, 11, 10, 20, tzinfo=UTC), latest_awareness_at=datetime(2026, 11, 20, tzinfo=UTC),
        sender=maker, report_number="3001234567-2026-00007")
    return CaseReport(
        head=head,
        patient=Patient(subject_id="8f3a2c1d9e", name="Jane Doe", initials="J.D.", born_on=PartialDate(date(1961, 4, 2)),
                        age=Decimal("65"), age_unit="a", sex="female", weight_kg=Decimal("61.50"),
                        history="Diabetes."),
        event=Event(reactions=(CodedTerm("imdrf", "E1715", "皮肤撕裂", "Skin tears", "E"),),
                    seriousness=("hospitalised",), began_on=PartialDate(date(2026, 11, 3)), harm="Skin tear",
                    narrative="The dressing stuck to the wound and tore it. Call her at 212-555-0147.", language="en"),
        product=ReportedProduct("SH10", "device", "软敷料", "Softheal dressing", brand="Softheal",
                                common_name="Wound dressing", registration_number="K221234",
                                ids={"product_code": "NAC", "udi_di": "06901234567892"}, model="SH-10"),
        lot=ReportedLot(number="L2611A", made_on=date(2026, 6, 1), expires_on=date(2028, 5, 31)),
        use=Use(operator="patient", is_available=True),
        reporter=Reporter("physician", name="Ann Lee", phone="+1 212 555 0199", country="US", also_told_authority=False,
                          organisation=Organisation(name_en="City Clinic")),
        assessment=Assessment(investigation="Retained samples were tested.", remedial_actions=("recall", "retraining"),
                              problem_codes=(CodedTerm("fda", "2993", "", "No device problem"),)))


def followup_case(number: int = 1) -> CaseReport:
    """The same case, told again with more."""
    case = mdr_case()
    return replace(case, head=replace(case.head, kind=ReportKind.followup, version=number + 1))
