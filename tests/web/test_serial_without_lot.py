"""A code with a serial number and no lot: it is that of the lot that was given the number."""
from __future__ import annotations

import json

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from tests.factories_trace import UNIT_GTIN, make_batch, make_hand
from tests.made_once import made_once
from traceapp.code.allocating import AllocateSerials, allocate_serials
from traceapp.code.links import NewLink, register_link
from traceapp.code.model import DefaultUse
from traceapp.code.signature import CodeKeys
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.trace.holds import PlaceHold, place_hold
from traceapp.trace.model import Lot

PACK = f"/01/{UNIT_GTIN}/21/P00007"


@pytest.fixture
def lots(sqlite: Database, actor: Actor, clock: FixedClock) -> list[Lot]:
    """Two lots; the first has the numbers P00001 to P00010."""

    def numbered(session: Session) -> list[Lot]:
        hand = make_hand(session, actor, clock)
        made = [make_batch(hand, number) for number in ("B1", "B2")]
        give(session, actor, clock, made[0])
        return made

    return made_once(sqlite, clock, numbered)


def give(session: object, actor: Actor, clock: FixedClock, lot: Lot) -> None:
    allocate_serials(session, actor, clock, AllocateSerials(lot.lot_key, 10, "P", 5), keys=CodeKeys(""))  # type: ignore[arg-type]


def hold(database: Database, actor: Actor, clock: FixedClock, lot: Lot) -> None:
    with database.write() as session:
        place_hold(session, actor, clock, PlaceHold((lot.lot_key,), "manual", "manual", "reactions"))


def verdict(client: FlaskClient, path: str = f"/s{PACK}") -> str:
    answer = client.get(path, headers={"Accept": "application/json"})
    assert answer.status_code == 200
    return str(json.loads(answer.data)["verdict"])


def test_its_page_is_that_of_the_lot(client: FlaskClient, sqlite: Database, actor: Actor, clock: FixedClock,
                                     lots: list[Lot]) -> None:
    page = client.get(f"/s{PACK}?lang=en").get_data(as_text=True)
    assert "B1" in page and "B2" not in page
    assert verdict(client) == "released"
    hold(sqlite, actor, clock, lots[0])
    client.application.extensions["traceapp.consumer"].pages._tick = lambda: 1e9
    assert verdict(client) == "on_hold"


@pytest.mark.parametrize("serial", ["P00011", "P0007", "Q00007", "P000071"])
def test_a_number_that_no_lot_was_given_is_unknown(client: FlaskClient, lots: list[Lot], serial: str) -> None:
    assert verdict(client, f"/s/01/{UNIT_GTIN}/21/{serial}") == "unknown"


def test_a_number_that_is_given_out_now_is_known_now(client: FlaskClient, sqlite: Database, actor: Actor,
                                                     clock: FixedClock, lots: list[Lot]) -> None:
    path = f"/s/01/{UNIT_GTIN}/21/P00012"
    assert verdict(client, path) == "unknown"
    with sqlite.write() as session:
        give(session, actor, clock, lots[1])
    assert verdict(client, path) == "released"
    assert "B2" in client.get(f"{path}?lang=en").get_data(as_text=True)


def test_while_its_lot_is_held_its_code_leads_to_our_page_and_nowhere_else(
        client: FlaskClient, sqlite: Database, actor: Actor, clock: FixedClock, lots: list[Lot]) -> None:
    with sqlite.write() as session:
        register_link(session, actor, clock, NewLink(f"(01){UNIT_GTIN}(21)P00007", "gs1:pip", "https://shop.example/",
                                                     "Shop", default_use=DefaultUse.default), own_root="http://127.0.0.1:8000")
    assert client.get(PACK).location == "https://shop.example/"
    hold(sqlite, actor, clock, lots[0])
    client.application.extensions["traceapp.resolver"]._tick = lambda: 1e9
    assert client.get(PACK).location == f"http://localhost/s{PACK}"
