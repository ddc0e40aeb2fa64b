"""Returns on the page of a complaint and of its batch."""
from __future__ import annotations

from tests.factories_cases import triaged
from tests.factories_complaint import make_lots, make_product, scanned
from tests.factories_web import Console
from traceapp.complaint.returning import returns_of


def test_goods_are_asked_back_replaced_and_counted_on_the_page_of_the_batch(console: Console) -> None:
    lot, _ = make_lots(console.database, console.clock, make_product(console.database, console.clock), "26B1", "26B2")
    complaint = triaged(console, lot=scanned(lot))
    quality, here = console.browser("quality"), f"/console/complaints/{complaint.id}"
    refused = quality.post(f"{here}/returns", {"quantity": "two", "quantity_unit": "EA"})
    assert refused.status_code == 422 and 'id="e-quantity"' in refused.get_data(as_text=True)
    assert quality.post(f"{here}/returns", {"quantity": "12", "quantity_unit": "EA"}).status_code == 303
    with console.database.read() as session:
        (row,) = returns_of(session, complaint.id)
    page = quality.get(f"{here}?do=settle&item={row.id}").get_data(as_text=True)
    assert "What became of it" in page and "The goods came" in page
    act = f"{here}/returns/{row.id}"
    refused = quality.post(act, {"action": "replace", "replacement": "404", "quantity": ""})
    assert refused.status_code == 422 and 'id="e-replacement"' in refused.get_data(as_text=True)
    assert quality.post(act, {"action": "receive", "quantity": "11", "revision": row.revision}).status_code == 303
    assert quality.post(act, {"action": "refund", "quantity": ""}).status_code == 303
    page = quality.get(here).get_data(as_text=True)
    assert "Refunded" in page and "do=settle" not in page
    page = quality.get(f"/console/lots/{lot.lot_key}?part=complaints").get_data(as_text=True)
    assert "Returns and replacements" in page and "11 " in page
