"""Where a trace begins is found by an index, however much was made and shipped."""
from __future__ import annotations

import re

import pytest
from sqlalchemy import text

from traceapp.db import Database
from traceapp.trace.starting import StartKind, _statement

INDEXES = {
    StartKind.supplier: {"ix_lot_supplier_id"}, StartKind.consignee: {"ix_shipment_line_consignee"},
    StartKind.shipment: {"ix_shipment_line_shipment", "ix_shipment_document"},
    StartKind.equipment: {"ix_production_equipment"}, StartKind.work_order: {"ix_production_work_order"}}


@pytest.mark.parametrize("kind", INDEXES)
def test_a_trace_begins_from_anything_by_an_index(database: Database, kind: StartKind) -> None:
    with database.read() as session:
        connection = session.connection()
        asked = str(_statement(kind, ("M-1",)).compile(connection, compile_kwargs={"literal_binds": True}))
        if database.is_sqlite:
            plan = [str(row[-1]) for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked}")]
            found = {index for index in INDEXES[kind] if any(index in line for line in plan)}
        else:
            # PostgreSQL weighs the few rows there are, and may prefer the key: here only that the index is there.
            connection.exec_driver_sql("SET enable_seqscan = off")
            plan = [str(row[0]) for row in connection.exec_driver_sql(f"EXPLAIN {asked}")]
            connection.exec_driver_sql("RESET enable_seqscan")
            found = set(connection.scalars(text("SELECT indexname FROM pg_indexes WHERE schemaname = current_schema()")))
    assert INDEXES[kind] <= found
    assert not [line for line in plan if re.search(r"(?:SCAN|Seq Scan on) (?:lot|production|shipment)", line)]
