"""Recording an inspection; the verdict follows from the results and their limits."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from traceapp.audit import record, stream_of
from traceapp.catalog.texts import required_text, short_text
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import InvalidInput
from traceapp.epcis import ClassQuantity, More, What, Why, object_event

from . import acts, guards
from .facts import record_act
from .model import Inspection
from .receiving import document_uri


@dataclass(frozen=True, slots=True)
class NewResult:
    """One characteristic: a number against `lower` and `upper` (the limits themselves are within; None: no limit on
    that side), or words against `expected_text`."""

    name_zh: str
    name_en: str
    unit: str = ""
    value: Decimal | None = None
    lower: Decimal | None = None
    upper: Decimal | None = None
    text: str = ""
    expected_text: str = ""


@dataclass(frozen=True, slots=True)
class RecordInspection:
    """`sample_size` in the lot's unit is taken from its stock, unless it came from samples kept back earlier."""

    lot_key: str
    report_number: str
    laboratory: str
    inspected_at: datetime
    sample_size: Decimal
    results: tuple[NewResult, ...]
    from_retained: bool = False


def is_within(result: NewResult, *, place: str = "results") -> bool:
    """Whether the result meets its limits. Raises InvalidInput for a result that cannot be judged."""
    if result.value is not None:
        if result.lower is None and result.upper is None:
            raise InvalidInput("“%(name)s” has a value, but no limit to judge it by.", code="no-limits", place=place,
                               name=result.name_en)
        if result.lower is not None and result.upper is not None and result.lower > result.upper:
            raise InvalidInput("The lower limit of “%(name)s” is above the upper one.", code="limits-crossed",
                               place=place, name=result.name_en)
        return ((result.lower is None or result.value >= result.lower)
                and (result.upper is None or result.value <= result.upper))
    found, expected = result.text.strip(), result.expected_text.strip()
    if not found or not expected:
        raise InvalidInput("“%(name)s” needs a value with its limits, or a finding with what is expected.",
                           code="no-result", place=place, name=result.name_en)
    return found.casefold() == expected.casefold()


def record_inspection(session: Session, actor: Actor, clock: Clock, command: RecordInspection) -> Inspection:
    """Store a report with its results. Raises InvalidInput for one without results, Conflict for a sample larger
    than the stock."""
    lot = guards.own_lot(session, command.lot_key)
    place = guards.place_of(session, lot.site_id)
    at = guards.checked_time(clock, command.inspected_at, place="inspected_at")
    report = short_text(required_text(command.report_number, place="report_number"), 80, place="report_number")
    if not command.results:
        raise InvalidInput("A report needs at least one result.", code="no-results", place="results")
    if guards.checked_number(command.sample_size, place="sample_size") < 0:
        raise InvalidInput("A sample cannot be less than nothing.", code="negative", place="sample_size")
    sampled = Decimal(0) if command.from_retained else command.sample_size
    guards.refuse_more_than_stock(lot, sampled, place="sample_size")
    results = [_judged(result, f"results/{position}") for position, result in enumerate(command.results)]
    conforms = all(result["within"] for result in results)
    data = {"reportNumber": report, "laboratory": short_text(command.laboratory, 200, place="laboratory"),
            "sampleSize": command.sample_size, "sampled": sampled, "results": results}
    event = object_event(
        "OBSERVE", place.when(at), What(quantities=(ClassQuantity(lot.uri),)), where=place.where,
        why=Why("inspecting", "conformant" if conforms else "non_conformant",
                transactions=(("testres", document_uri("report", report)),)),
        more=More(extensions=acts.written("inspect", data)))
    inspection = record_act(session, actor, clock, lot.lot_key, event).inspection
    assert inspection is not None
    record(session, actor, clock.now(), "lot.inspected", stream_of("lot", lot.lot_key), {
        "inspection": inspection.id, "report": report, "verdict": inspection.verdict, "results": len(results),
        "failed": [result["nameEn"] for result in results if not result["within"]], "sampled": sampled})
    return inspection


def _judged(result: NewResult, place: str) -> dict[str, Any]:
    for name, size in (("name_zh", 120), ("name_en", 120), ("unit", 20), ("text", 200), ("expected_text", 200)):
        short_text(getattr(result, name), size, place=f"{place}/{name}")
    for name in ("value", "lower", "upper"):
        number = getattr(result, name)
        if number is not None:
            guards.checked_number(number, place=f"{place}/{name}")
    required_text(result.name_zh or result.name_en, place=f"{place}/name_zh")
    return {"nameZh": result.name_zh or result.name_en, "nameEn": result.name_en or result.name_zh,
            "unit": result.unit, "value": result.value, "lower": result.lower, "upper": result.upper,
            "text": result.text.strip(), "expectedText": result.expected_text.strip(),
            "within": is_within(result, place=place)}
