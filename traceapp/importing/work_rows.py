"""Rows of inspection reports and of despatches, several rows each."""
from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from traceapp.catalog.model import PackagingLevel
from traceapp.core.errors import InvalidInput, Problem
from traceapp.core.quantity import Quantity
from traceapp.gs1.keys import is_gtin
from traceapp.recall.left_before import book_left_before
from traceapp.trace import guards
from traceapp.trace.inspecting import NewResult, RecordInspection, is_within, record_inspection
from traceapp.trace.left_before import ShipBeforeStop
from traceapp.trace.model import Inspection, Lot, Shipment, ShipmentLine, TestResult
from traceapp.trace.shipping import ShipLine, ShipLots, ship_lots

from .desk import Desk, Line, Names, Outcome, shared
from .fields import words_of

_REPORT = ("product", "lot", "report", "inspected_at", "laboratory", "sample_size", "from_retained")
_DESPATCH = ("document", "consignee", "shipped_at", "from_site", "lane", "carrier", "late_reason")
INSPECTION_PLACES = {"lot_key": "lot", "report_number": "report", "results": "test", "#": "value",
                     "name_zh": "test", "name_en": "test_en", "text": "finding", "expected_text": "expected"}
SHIPMENT_PLACES = {"consignee_id": "consignee", "document_number": "document", "carrier_id": "carrier",
                   "from_site_id": "from_site", "site_id": "from_site", "lines": "lot", "#": "lot", "gtin": "pack",
                   "packs": "quantity", "reason": "late_reason"}
_LONGEST_NAME = 120


def inspection_names(lines: Sequence[Line]) -> Names:
    """What a report is known by in the file."""
    said = lines[0]
    return (("report", f"report:{said.get('product', '')}:{said.get('lot')}:{said.get('report')}"),)


def take_inspection(desk: Desk, lines: Sequence[Line]) -> Outcome:
    """The rows of one report as one inspection: each row a result. The verdict of a row must follow from its value."""
    said = shared(lines, _REPORT)
    lot = desk.lot(said["lot"], said.get("product"))
    results = tuple(_result(line, index) for index, line in enumerate(lines))
    sample = said.get("sample_size", Decimal(0))
    found = desk.session.scalar(select(Inspection).where(
        Inspection.lot_key == lot.lot_key, Inspection.report_number == said["report"].strip()))
    if found is None:
        record_inspection(desk.session, desk.actor, desk.clock, RecordInspection(
            lot.lot_key, said["report"], said.get("laboratory", ""), said["inspected_at"], sample, results,
            said.get("from_retained", False)))
        return Outcome.stored
    compared: dict[str, Any] = {name: said[name] for name in _REPORT[3:6] if name in said}
    desk.settle(compared, {name: getattr(found, name) for name in compared}, can_change=False)
    kept = desk.session.scalars(select(TestResult).where(
        TestResult.lot_key == lot.lot_key, TestResult.inspection_id == found.id).order_by(TestResult.position)).all()
    if [_told(one) for one in kept] != [_told(one) for one in results]:
        raise InvalidInput("This report is there already with other results. Correct the rows, or leave them out.",
                           code="differs", place="value")
    return Outcome.already


def _told(result: Any) -> tuple[Any, ...]:
    return (result.name_zh or result.name_en, result.unit, result.value, result.lower, result.upper,
            result.text.strip(), result.expected_text.strip())


def _result(line: Line, index: int) -> NewResult:
    """One row as a result; where it only says that it passed or failed, these words are the finding."""
    said = line.values
    method = f" ({said['method']})" if said.get("method") else ""
    name = said["test"][:_LONGEST_NAME - len(method)] + method
    english = said.get("test_en")
    verdict, value, finding = said.get("result"), said.get("value"), said.get("finding", "")
    expected = said.get("expected", "")
    if value is None and not finding and verdict is not None:
        finding, expected = _WORDS[verdict], _WORDS["pass"]
    result = NewResult(name, english[:_LONGEST_NAME - len(method)] + method if english else name, said.get("unit", ""),
                       value, said.get("lower"), said.get("upper"), "" if value is not None else finding,
                       "" if value is not None else expected)
    try:
        if verdict is not None and is_within(result) != (verdict == "pass"):
            raise InvalidInput("The verdict does not follow from the value and its limits.", code="verdict-differs",
                               place="result")
    except Problem as problem:
        place = problem.place if problem.place != "results" else "value"
        problem.place = f"{index}/{place}"
        raise
    return result


_WORDS = {"pass": "合格 · Pass", "fail": "不合格 · Fail"}


def shipment_names(lines: Sequence[Line]) -> Names:
    """What a despatch is known by in the file."""
    said = lines[0]
    return (("document", f"despatch:{said.get('document')}:{said.get('consignee')}:{said.get('shipped_at')}"),)


def take_shipment(desk: Desk, lines: Sequence[Line]) -> Outcome:
    """The rows of one despatch as one shipment: each row packs or units of a lot. With a reason it is one that had left
    before its lot was stopped."""
    said = shared(lines, _DESPATCH)
    consignee = desk.party(said["consignee"], "consignee")
    stated = [_line(desk, line, index) for index, line in enumerate(lines)]
    found = desk.session.scalar(select(Shipment).where(
        Shipment.consignee_id == consignee.id, Shipment.shipped_at == said["shipped_at"],
        Shipment.document_number == said["document"].strip()))
    if found is not None:
        kept = sorted((line.lot_key, line.packs) for line in desk.session.execute(select(
            ShipmentLine.lot_key, ShipmentLine.packs).where(ShipmentLine.shipment_id == found.id)))
        if kept != sorted((line.lot_key, line.packs) for line in stated):
            raise InvalidInput("This despatch is there already with other lines. Correct the rows, or leave them out.",
                               code="differs", place="quantity")
        return Outcome.already
    despatch = ShipLots(
        consignee.id, said["document"], said["shipped_at"],
        desk.site(said["from_site"], "from_site").id if "from_site" in said else None, said.get("lane", ""),
        tuple(stated), desk.party(said["carrier"], "carrier").id if "carrier" in said else None)
    if said.get("late_reason"):
        book_left_before(desk.session, desk.actor, desk.clock, ShipBeforeStop(despatch, said["late_reason"]))
    else:
        ship_lots(desk.session, desk.actor, desk.clock, despatch)
    return Outcome.stored


def _line(desk: Desk, line: Line, index: int) -> ShipLine:
    said = line.values
    try:
        lot = desk.lot(said["lot"], said.get("product"))
        if "pack" in said:
            return ShipLine(lot.lot_key, _gtin(desk, lot, said["pack"]), said["quantity"])
        unit = lot.unit or "EA"
        amount = guards.amount_in(Quantity(said["quantity"], said.get("unit", unit)), unit, place="quantity")
        return ShipLine(lot.lot_key, None, amount)
    except Problem as problem:
        problem.place = f"{index}/{problem.place or 'lot'}"
        raise


def _gtin(desk: Desk, lot: Lot, pack: str) -> str | None:
    """The GTIN of a pack that is named by it or by its level; None for single units. Raises InvalidInput."""
    text = pack.strip()
    if is_gtin(text):
        return text.zfill(14)
    level = words_of("pack").get(text.casefold())
    if level == "unit":
        return None
    found = desk.session.scalar(select(PackagingLevel.gtin).where(
        PackagingLevel.product_id == lot.product_id, PackagingLevel.level == level)) if level else None
    if found is None:
        raise InvalidInput("The product of lot %(lot)s has no pack “%(pack)s”. Name it by its GTIN, or as unit, inner, "
                           "case or pallet.", code="unknown-pack", place="pack", lot=lot.number, pack=text[:40])
    return found
