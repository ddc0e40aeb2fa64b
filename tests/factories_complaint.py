"""What the tests of complaints and adverse events need: products and lots as plain rows, and reports."""
from __future__ import annotations

import base64
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import text

from traceapp.catalog.model import Product
from traceapp.complaint.service import LotGiven, SubmitComplaint, Submitted, submit_complaint
from traceapp.core.actor import PUBLIC, Actor
from traceapp.core.clock import FixedClock
from traceapp.core.ids import name_key
from traceapp.db import Database
from traceapp.models import metadata
from traceapp.trace.model import Lot
from traceapp.vault.service import Vault

KEY = base64.urlsafe_b64encode(b"a test key of thirty-two bytes!!").decode()
VAULT = Vault(KEY)


def make_product(database: Database, clock: FixedClock, code: str = "P1", kind: str = "device") -> Product:
    """A product without packaging levels."""
    product = Product(id=f"product-{code}", code=code, kind=kind, name_zh=f"敷料{code}", name_en=f"Dressing {code}",
                      identity_uri=f"urn:traceapp:class:{code}", unit="EA", created_at=clock.now())
    with database.write() as session:
        session.add(product)
    return product


def make_lots(database: Database, clock: FixedClock, product: Product, *numbers: str) -> list[Lot]:
    """Own lots with 1,000 units made."""
    uris = [f"urn:traceapp:lot:{product.code}:{number}" for number in numbers]
    lots = [Lot(lot_key=name_key(uri), uri=uri, product_id=product.id, number=number, made=Decimal(1000), unit="EA",
                made_on=date(2026, 9, 1), started_at=clock.now(), created_at=clock.now())
            for uri, number in zip(uris, numbers, strict=True)]
    with database.write() as session:
        session.add_all(lots)
    return lots


def a_report(**changes: Any) -> SubmitComplaint:
    """A consumer's report of a mild reaction, with a proof of work."""
    report = SubmitComplaint(channel="consumer", narrative="红肿，很痒 Red and itching after two days",
                             terms=("redness", "itching"), affected="me", age_band="18-44", sex="female",
                             happened_on=date(2026, 11, 20), has_proof=True)
    return replace(report, **changes)


def submit(database: Database, clock: FixedClock, command: SubmitComplaint, actor: Actor = PUBLIC) -> Submitted:
    with database.write() as session:
        return submit_complaint(session, actor, clock, command, vault=VAULT)


def scanned(lot: Lot) -> LotGiven:
    return LotGiven(lot_key=lot.lot_key, product_id=lot.product_id)


def dump(database: Database) -> str:
    """Every value of every table as text."""
    with database.reading() as connection:
        return "\n".join(str(tuple(row)) for table in metadata.sorted_tables
                         for row in connection.execute(text(f'SELECT * FROM "{table.name}"')))
