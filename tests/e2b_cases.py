"""A case to make E2B(R3) reports of."""
from __future__ import annotations

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
from traceapp.export.e2b_r3.from_case import Route

MAKER = Organisation("苏州敷料有限公司", "Suzhou Dressings", "CN", "JS", "Suzhou", "1 Xinghu Street", "Li Wang",
                     "+8651212345678", "safety@maker.example")
MEDDRA = CodedTerm("meddra", "10040880", "皮肤刺激", "Skin irritation", version="27.0")
OWN = CodedTerm("own", "skin-tear", "皮肤撕裂", "Skin tear")
ROUTE = Route("ZZFDA", "CDER", "MAKER", "B-7", datetime(2024, 3, 10, 12, tzinfo=UTC), "Drug Safety", "215000")
NMPA = Route("CNNMPA", "NMPA", "MAKER", "B-8", datetime(2024, 3, 10, 12, tzinfo=UTC), is_china=True)


def case(**changes: object) -> CaseReport:
    """A case of a serious reaction; a part of it may be replaced by name."""
    parts: dict[str, object] = {
        "head": ReportHead(ReportKind.initial, "AE-2024-7", 1, datetime(2024, 3, 9, tzinfo=UTC),
                           datetime(2024, 3, 1, tzinfo=UTC), datetime(2024, 3, 5, tzinfo=UTC), MAKER, jurisdiction="US"),
        "patient": Patient("S1", "Zhang San", "ZS", "MRN-5", PartialDate(date(1963, 5, 4)), Decimal(61), "a", "60-69",
                           "female", Decimal("58.5"), Decimal(160), history="Diabetes"),
        "event": Event((MEDDRA,), ("hospitalised",), "recovering", PartialDate(date(2024, 2, 1), "month"),
                       country="US", narrative="The skin came off. Call 13912345678.", tests="Swab: no growth",
                       language="en"),
        "product": ReportedProduct("P1", "drug", "泡沫敷料", "Foam dressing", registration_number="NDA012345",
                                   holder=MAKER, substances=("Silver",)),
        "lot": ReportedLot("L240101", within_specification=True),
        "use": Use("Burn", PartialDate(date(2024, 1, 31)), dose=Decimal(1), dose_unit="{DF}", route="Topical",
                   action_taken="drug_withdrawn", rechallenge="not_done"),
        "reporter": Reporter("other_professional", name="Ann Lee", phone="+12025550100", email="ann@hospital.example",
                             organisation=Organisation(name_en="General Hospital", country="US"), country="US"),
        "assessment": Assessment("possible", naranjo=4, sender_comment="Under review."),
    }
    return CaseReport(**(parts | changes))  # type: ignore[arg-type]
