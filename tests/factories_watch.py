"""A small house under watch, as bare rows, and its nightly run."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy.orm import Session

from tests.factories_surveillance import add_edge, add_lot, add_product
from traceapp.core.clock import FixedClock
from traceapp.core.ids import name_key, new_id
from traceapp.db import Database
from traceapp.surveillance.nightly import NightlyRun
from traceapp.trace.model import Lot, Production, Shipment, ShipmentLine


@dataclass(frozen=True)
class WatchedHouse:
    """Finished lots, the raw lots that they were made from (the same ones in turn), and whom they went to."""

    lots: tuple[Lot, ...]
    raws: tuple[Lot, ...]


def ship(session: Session, lot: Lot, consignee: str, units: int, at: datetime, lane: str = "") -> None:
    """Units of a lot sent to a consignee, by a lane if one is named."""
    lot.shipped += Decimal(units)
    shipment = name_key(f"{lot.lot_key} {consignee} {at} {lane}")
    session.add(Shipment(id=shipment, document_number=shipment[:8], consignee_id=consignee, lane=lane, shipped_at=at))
    session.add(ShipmentLine(lot_key=lot.lot_key, shipment_id=shipment, position=1, consignee_id=consignee,
                             shipped_at=at, packs=Decimal(units), units=Decimal(units), event_id=new_id(at)))


def a_watched_house(session: Session, at: datetime, *, lots: int = 4, raws: int = 2, units: int = 3000) -> WatchedHouse:
    """Lots made and sent out a week apart: lot number n of raw lot n modulo `raws`, on two lines, to three
    consignees of whom two are reached by one lane."""
    product, material = add_product(session, at), add_product(session, at, "RAW", "material")
    made_from = tuple(add_lot(session, material, f"R{number}", 9000, at) for number in range(raws))
    found = []
    for number in range(lots):
        made_at = at + timedelta(days=7 * number)
        lot = add_lot(session, product, f"L{number:02}", units, made_at)
        add_edge(session, made_from[number % raws], lot, 100, made_at)
        session.add(Production(lot_key=lot.lot_key, id=new_id(made_at), line=f"line {number % 2}", shift="day",
                               sterilisation_load=f"S{number // 2}", quantity=Decimal(units), made_at=made_at,
                               event_id=new_id(made_at)))
        for place, (consignee, lane) in enumerate((("c1", "north"), ("c2", "north"), ("c3", ""))):
            ship(session, lot, consignee, units // 3, made_at + timedelta(days=place), lane)
        found.append(lot)
    session.flush()
    return WatchedHouse(tuple(found), made_from)


def watch(database: Database, clock: FixedClock) -> NightlyRun:
    """The nightly run, each step in a transaction of its own."""
    run = NightlyRun(clock)
    for step in run.steps():
        with database.write() as session:
            step(session)
    return run
