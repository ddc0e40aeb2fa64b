"""Every check of GS1's own suite, over every kind of code that is held here."""
from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import SHARED
from tests.factories_links import linked
from tests.factories_trace import UNIT_GTIN, make_batch, make_hand
from tests.resolver_suite import Reply, Suite
from traceapp.catalog.parties import ChangeParty, ChangeSite, NewParty, NewSite, change_party, change_site
from traceapp.code.link_types import LINK_TYPES
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.gs1 import check_digit

ROOT = "http://localhost"
GTIN = f"/01/{UNIT_GTIN}"
GLN, COMPANY = "690123450000" + check_digit("690123450000"), "690123450001" + check_digit("690123450001")
FOREIGN = "09506000134352"
PDF = {"media_type": "application/pdf"}


def schemas() -> list[dict[str, Any]]:
    """The two schemas of GS1, where the public data are."""
    folder = SHARED / "conformance" / "gs1"
    names = ("linkset-suite.schema.json", "linkset.schema.json")
    return [json.loads((folder / name).read_text(encoding="utf-8")) for name in names if (folder / name).is_file()]


SCHEMAS = schemas()


def validated(found: Any) -> None:
    """Raise for a linkset that breaks one of the schemas, or has more or less than they know."""
    for schema in SCHEMAS:
        jsonschema.validate(found, schema)
    assert set(found) == {"linkset"}
    assert all(level["anchor"] and level["itemDescription"] for level in found["linkset"])


def asker(client: FlaskClient) -> Callable[[str, Mapping[str, str]], Reply]:
    def ask(url: str, headers: Mapping[str, str]) -> Reply:
        answer = client.get(url.removeprefix(ROOT), headers=dict(headers))
        return Reply(answer.status_code, {name.lower(): value for name, value in answer.headers.items()}, answer.data)

    return ask


@pytest.fixture
def house(sqlite: Database, actor: Actor, clock: FixedClock) -> None:
    """Batches, one with a slash in its number; a site and a company with GLNs; links of our own and of foreign keys."""
    with sqlite.write() as session:
        hand = make_hand(session, actor, clock)
        for number in ("B1", "A//B", "V1"):
            make_batch(hand, number)
        site, owner = hand.maker.site, hand.maker.site.party
        change_site(session, actor, clock, ChangeSite(site.id, NewSite(
            owner.id, site.code, site.name_zh, site.name_en, GLN, city="苏州", is_own=True)))
        change_party(session, actor, clock, ChangeParty(owner.id, NewParty(
            owner.code, owner.name_zh, owner.name_en, gln=COMPANY, city="苏州")))
    variants(sqlite, clock)
    for key in (f"(01){FOREIGN}", "(253)9501101530003ABC", "(00)395011015300000011", "(8006)095060001343520102"):
        linked(sqlite, clock, key, link_type="pip", href=f"https://maker.example/{key[1:3]}?a=b")


def variants(database: Database, clock: FixedClock) -> None:
    """Links of batch V1 that language, form and context tell apart, and two that nothing tells apart."""
    lot = f"(01){UNIT_GTIN}(10)V1"
    for number, more in enumerate(({"languages": ("zh",)}, {"languages": ("en",)}, {"languages": ("en",), **PDF},
                                   {"languages": ("en",), **PDF, "contexts": ("CN",)}, PDF)):
        linked(database, clock, lot, link_type="instructions", href=f"https://maker.example/leaflet/{number}", **more)
    for number in range(2):
        linked(database, clock, lot, link_type="relatedVideo", href=f"https://maker.example/film/{number}")
    linked(database, clock, lot, link_type="homepage", href="https://maker.example/?x=1", default_use="default")


CODES = {
    "product": GTIN, "batch": f"{GTIN}/10/B1", "slash": f"{GTIN}/10/A%2F%2FB", "serial": f"{GTIN}/10/B1/21/77",
    "serial alone": f"{GTIN}/21/77", "variant": f"{GTIN}/22/2A", "variant and batch": f"{GTIN}/22/2A/10/B1/21/7%2F7",
    "third party serial": f"{GTIN}/235/TP1", "unknown batch": f"{GTIN}/10/KL8G", "registered": f"{GTIN}/10/V1",
    "registered serial": f"{GTIN}/10/V1/21/5", "place": f"/414/{GLN}", "place with extension": f"/414/{GLN}/254/32a%2Fb",
    "company": f"/417/{COMPANY}", "foreign": f"/01/{FOREIGN}", "foreign batch": f"/01/{FOREIGN}/10/X/21/Y",
    "document": "/253/9501101530003ABC", "logistic unit": "/00/395011015300000011",
    "part": "/8006/095060001343520102/10/X/21/Y"}


@pytest.mark.usefixtures("house")
def test_every_code_passes_every_check(client: FlaskClient) -> None:
    names = frozenset(LINK_TYPES)
    runs = {name: Suite(asker(client), ROOT + path, validated, names) for name, path in CODES.items()}
    failed = {name: found for name, suite in runs.items() if (found := suite.run())}
    assert failed == {}
    assert {"300 for gs1:relatedVideo", "gs1:instructions by its attributes"} <= set(runs["registered"].seen)
    assert all("leads to the default" in suite.seen for suite in runs.values())
    assert {"leads to gs1:epcis", "leads to gs1:certificationInfo", "leads to gs1:recallStatus"} <= set(
        runs["slash"].seen)


@pytest.mark.usefixtures("house")
def test_the_checks_themselves_notice_what_is_wrong(client: FlaskClient) -> None:
    """A resolver that always answers the same, and one that is a page: nearly everything must fail."""
    def always(url: str, headers: Mapping[str, str]) -> Reply:
        return Reply(200, {}, b'{"linkset": []}')

    suite = Suite(always, ROOT + GTIN, validated, frozenset(LINK_TYPES))
    assert len(suite.run()) >= 9


def test_the_description_file_is_valid(app: Flask, client: FlaskClient, house: None) -> None:
    answer = client.get("/.well-known/gs1resolver", headers={"Origin": "https://suite.example"})
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.json is not None
    assert answer.json["supportedPrimaryKeys"] == ["01", "00", "414", "417", "253", "8006"]
    assert answer.json["contact"]["fn"] == "Test Dressings"
    schema = SHARED / "conformance" / "gs1" / "resolver-description-file.schema.json"
    if schema.is_file():
        jsonschema.validate(answer.json, json.loads(schema.read_text(encoding="utf-8")))


def test_the_link_types_are_those_of_the_vocabulary(shared: Path) -> None:
    found = json.loads((shared / "conformance" / "gs1" / "linktypes.json").read_text(encoding="utf-8"))
    assert {name: one["status"] == "deprecated" for name, one in found.items()} == {
        name: one.is_deprecated for name, one in LINK_TYPES.items()}
    assert all(one.title_zh and one.title_en for one in LINK_TYPES.values())
