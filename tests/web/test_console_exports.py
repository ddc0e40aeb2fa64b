"""Every list that leaves the console as a file leaves by one way: with its hash, and recorded."""
from __future__ import annotations

import hashlib

import pytest
from sqlalchemy import select

from tests.factories_web import Console
from traceapp.submission.model import ExportRecord

LISTS = {"lots": "/console/lots/export?state=&text=", "partners": "/console/partners/export?", "products":
         "/console/products/export?", "complaints": "/console/complaints?", "recalls": "/console/recalls?",
         "adverse_events": "/console/adverse-events?"}


@pytest.mark.parametrize("kind", LISTS)
def test_a_file_carries_the_hash_that_was_recorded_and_no_empty_filter(console: Console, kind: str) -> None:
    address = LISTS[kind] + ("" if LISTS[kind].endswith("?") else "&") + "format=csv"
    answer = console.browser("quality").get(address)
    assert answer.status_code == 200
    with console.database.read() as session:
        record = session.scalars(select(ExportRecord).where(ExportRecord.kind == kind)).one()
    assert answer.headers["X-Content-SHA256"] == record.sha256 == hashlib.sha256(answer.get_data()).hexdigest()
    assert f'filename="{kind}-20261122-1600.csv"' in answer.headers["Content-Disposition"]
    assert all(record.filters.values())
