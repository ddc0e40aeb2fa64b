"""Limits count networks: a subscriber who has a million addresses is still one, and no full address is kept."""
from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.http_clients import csrf_of
from traceapp.db import Database
from traceapp.identity.model import RateWindow

ONE, OTHER = "2001:db8:77:1::5", "2001:db8:77:ffff:abcd::9"


def ask(client: FlaskClient, what: str, address: str) -> None:
    world = {"REMOTE_ADDR": address}
    if what == "draft":
        client.post("/report", data={"narrative": "Red, itching skin"}, environ_base=world)
    elif what == "find":
        client.get("/", query_string={"code": "QQQQ-9999"}, environ_base=world)
    elif what == "answer:miss":
        client.get("/r/unknown", environ_base=world)
    else:
        page = client.get("/sign-in", environ_base=world).get_data(as_text=True)
        client.post("/sign-in", data={"name": "nobody", "password": "x", "csrf_token": csrf_of(page)},
                    environ_base=world)


@pytest.mark.parametrize("what", ["draft", "find", "answer:miss", "sign-in:network"])
def test_addresses_of_one_network_are_counted_together(client: FlaskClient, sqlite: Database, what: str) -> None:
    for address in (ONE, OTHER):
        ask(client, what, address)
    with sqlite.read() as session:
        found = session.scalars(select(RateWindow).where(RateWindow.key.startswith(what))).all()
    assert found and {window.count for window in found} == {2}
    assert not [window.key for window in found if ONE in window.key or OTHER in window.key]
