"""Where a trace begins is found by an index, however much was made and shipped."""
from __future__ import annotations

import re

import pytest

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
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked}").all()
        else:
            connection.exec_driver_sql("SET enable_seqscan = off")
            plan = connection.exec_driver_sql(f"EXPLAIN {asked}").all()
            connection.exec_driver_sql("RESET enable_seqscan")
    told = [str(row[-1]) for row in plan]
    used = {index for index in INDEXES[kind] if any(index in line for line in told)}
    # PostgreSQL weighs an empty table: there the key of a despatch costs as little as the index of its number.
    assert used == INDEXES[kind] if database.is_sqlite else used
    assert not [line for line in told if re.search(r"(?:SCAN|Seq Scan on) (?:lot|production|shipment)", line)]
