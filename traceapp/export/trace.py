"""A trace as JSON, CSV, XLSX or a picture in DOT. Pure: it reads the fields of a trace that was already walked."""
from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from traceapp.core.errors import InvalidInput
from traceapp.core.quantity import plain

from .spreadsheet import Column, Record, write_table

COLUMNS = tuple(Column(name, title) for name, title in (
    ("row", "row"), ("side", "side"), ("depth", "depth"), ("uri", "uri"), ("number", "lot"), ("product", "product"),
    ("consignee", "consignee"), ("region", "region"), ("quantity", "quantity"), ("unit", "unit"), ("share", "share"),
    ("at_least", "at_least"), ("at_most", "at_most"), ("amounts", "amounts"), ("made", "made"), ("shipped", "shipped"),
    ("stock", "stock"), ("first_at", "first_at"), ("last_at", "last_at"), ("state", "state")))


def plain_value(value: Any) -> Any:
    """A value as JSON has it: exact numbers as text, times in ISO form, dataclasses and named tuples as objects."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain_value(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return {name: plain_value(item) for name, item in value._asdict().items()}
    if isinstance(value, tuple | list | frozenset):
        return [plain_value(item) for item in value]
    return value


def trace_record(trace: Any) -> dict[str, Any]:
    """The whole trace as one JSON object: root, nodes, edges, consignees, positions, totals."""
    record: dict[str, Any] = plain_value(trace)
    record["totals"]["balance"]["unaccounted"] = plain_value(trace.totals.balance.unaccounted)
    for told, balance in zip(record["totals"]["balances"], trace.totals.balances, strict=True):
        told["unaccounted"] = plain_value(balance.unaccounted)
    return record


def amounts_text(amounts: Iterable[Any]) -> str:
    """What of each unit is in a lot, as one text; a question mark where it is not known."""
    return "; ".join(f"{'?' if one.quantity is None else plain(one.quantity)} {one.unit or ''}".strip()
                     for one in amounts)


def render_trace(trace: Any, form: str, at: datetime) -> bytes:
    """The trace in `form`: json, csv, xlsx or dot; `at` is when. Raises InvalidInput for another."""
    if form == "json":
        return (json.dumps(trace_record(trace), ensure_ascii=False, indent=1) + "\n").encode("utf-8")
    if form in ("csv", "xlsx"):
        out = io.BytesIO()
        write_table(out, form, COLUMNS, _rows(trace), ("Trace", at))
        return out.getvalue()
    if form == "dot":
        return "\n".join(_dot(trace)).encode("utf-8") + b"\n"
    raise InvalidInput("There is no format “%(form)s”; there are json, csv, xlsx and dot.", place="format", form=form)


def _rows(trace: Any) -> Iterator[Record]:
    """A row a lot, then a row for each consignee of each lot, so that a spreadsheet can filter both."""
    for node in trace.nodes:
        state = "recalled" if node.is_recalled else "on_hold" if node.is_on_hold else node.release_state
        yield {"row": "lot", "side": node.side, "depth": node.depth, "uri": node.uri, "number": node.number,
               "product": node.name_en or node.name_zh, "consignee": "", "region": "", "quantity": node.quantity,
               "unit": node.quantity_unit or node.unit, "share": node.share, "at_least": node.at_least,
               "at_most": node.at_most, "amounts": amounts_text(node.amounts), "made": node.made,
               "shipped": node.shipped, "stock": node.stock, "first_at": node.started_at, "last_at": None,
               "state": state}
    numbers = {node.lot_key: node for node in trace.nodes}
    for held in trace.consignees:
        node = numbers[held.lot_key]
        yield {"row": "consignee", "side": node.side, "depth": node.depth, "uri": node.uri, "number": node.number,
               "product": node.name_en or node.name_zh, "consignee": held.name_en or held.name_zh,
               "region": held.region, "quantity": held.units, "unit": node.unit, "share": None, "at_least": None,
               "at_most": None, "amounts": "", "made": None,
               "shipped": held.shipped, "stock": None, "first_at": held.first_at, "last_at": held.last_at, "state": ""}


def _dot(trace: Any) -> Iterable[str]:
    """A graph for Graphviz, raw lots left, consignees right."""
    yield "digraph trace {"
    yield '  rankdir=LR; node [shape=box, fontname="sans-serif"];'
    for node in trace.nodes:
        look = ", style=bold" if node.side == "root" else ""
        label = f"{node.number}\n{node.name_en or node.name_zh}"
        yield f"  {_quoted(node.lot_key)} [label={_quoted(label)}{look}];"
    for edge in trace.edges:
        amount = f"{plain(edge.quantity)} {edge.unit or ''}".strip() if edge.quantity is not None else "?"
        yield f"  {_quoted(edge.parent)} -> {_quoted(edge.child)} [label={_quoted(amount)}];"
    for held in trace.consignees:
        name = f"party:{held.consignee_id}"
        yield f"  {_quoted(name)} [label={_quoted(held.name_en or held.name_zh)}, shape=ellipse];"
        yield f"  {_quoted(held.lot_key)} -> {_quoted(name)} [label={_quoted(plain(held.units))}];"
    yield "}"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
