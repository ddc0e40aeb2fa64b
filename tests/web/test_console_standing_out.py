"""A lot with a signal is seen wherever the lot is seen, by those who may see signals."""
from __future__ import annotations

from datetime import timedelta

from flask import Flask

from tests.factories_surveillance import add_lot, add_product, add_reactions, add_shipment
from tests.http_clients import signed_in
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.surveillance.rescoring import rescore_lot


def test_a_lot_that_stands_out_says_so_in_the_list_and_on_its_page(app: Flask, sqlite: Database, clock: FixedClock) -> None:
    at = clock.now() - timedelta(days=30)
    with sqlite.write() as session:
        product = add_product(session, at)
        bad, good = add_lot(session, product, "BAD-1", 3000, at), add_lot(session, product, "GOOD-1", 3000, at)
        for lot in (bad, good):
            add_shipment(session, lot, 3000, at)
        add_reactions(session, bad, clock.now() - timedelta(days=9), 9)
        assert rescore_lot(session, clock, bad.lot_key) is not None
        keys = bad.lot_key, good.lot_key
    quality, operator = (signed_in(app, sqlite, clock, role) for role in ("quality", "operator"))
    assert quality.get("/console/lots?lang=en").get_data(as_text=True).count("Stands out") == 1
    assert "Stands out" in quality.get(f"/console/lots/{keys[0]}?lang=en").get_data(as_text=True)
    assert "Stands out" not in quality.get(f"/console/lots/{keys[1]}?lang=en").get_data(as_text=True)
    assert "Stands out" not in operator.get("/console/lots?lang=en").get_data(as_text=True)
