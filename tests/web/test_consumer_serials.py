"""Scans of single packs: "please verify" in neutral words for every reason, beneath the stronger verdicts, at the price
of one statement and only where serial numbers were given out."""
from __future__ import annotations

import base64
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from lxml import html
from sqlalchemy import select
from werkzeug.test import TestResponse

from tests.applications import Applications
from tests.conftest import filled
from tests.factories_trace import CASE_GTIN, UNIT_GTIN, make_batch, make_hand
from tests.statements import traced
from tests.web.test_consumer_scan import FIRST, Now, expire, hold, recall, scan_often, text_of, verdict_of
from traceapp.code.allocating import AllocateSerials, allocate_serials
from traceapp.code.labels import serial_links
from traceapp.code.model import Scan, ScanDoubt, SerialCount, SerialRange
from traceapp.code.policy import NETWORKS_PER_SERIAL, SCANS_PER_SERIAL, Doubt
from traceapp.code.signature import CodeKeys
from traceapp.config import Settings
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.identity.policy import permissions_of
from traceapp.trace.model import Lot
from traceapp.trace.release import Decide, reject_lot
from traceapp.web.consumer import scan_pages
from traceapp.web.consumer.state import NAME

MANAGER = Actor("u-manager", "quality_manager", "Li Wen", permissions_of("quality_manager"))
KEY, NEWER = (base64.b64encode(bytes([number]) * 32).decode() for number in (1, 3))
SECOND = {"far": "This code has been scanned in places far apart",
          "record": "This code does not match our records for single packs",
          "often": "This code has been scanned unusually often"}
CHINESE = {"far": "此码曾在相距很远的地方被扫描", "record": "此码与我们的单件记录不符", "often": "此码扫描次数异常"}
WORDS = {Doubt.unknown_serial: "record", Doubt.bad_signature: "record", Doubt.far_apart: "far", Doubt.too_often: "often"}


@dataclass(slots=True)
class Pack:
    """An application that trusts one proxy for regions, and a released lot with the signed serials K00000001 to 9."""

    app: Flask
    database: Database
    clock: FixedClock
    actor: Actor
    lot: Lot
    given: SerialRange
    codes: list[str]

    def path(self, number: int = 1) -> str:
        """The path of the page that a code leads to, with the query of the code as it is printed."""
        return "/s" + self.codes[number - 1]

    def scan(self, path: str, region: str = "CN-BJ", address: str = "203.0.113.7", language: str = "en",
             **headers: str) -> TestResponse:
        return self.app.test_client().get(path, headers={
            "Accept-Language": language, "X-Region": region, "X-Forwarded-For": address,
            **{name.replace("_", "-"): value for name, value in headers.items()}})

    def flush(self) -> None:
        self.app.extensions[NAME].scans.flush()

    def forget(self) -> None:
        """As after the second for which the count of a serial number is believed."""
        self.app.extensions[NAME].judge._known.clear()


@dataclass(frozen=True, slots=True)
class Printed:
    """A database in which codes were printed, to be copied for each test."""

    path: Path
    lot: Lot
    given: SerialRange
    codes: list[str]


@pytest.fixture(scope="module")
def printed(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Printed:
    path = tmp_path_factory.mktemp("printed") / "printed.db"
    shutil.copy(sqlite_template, path)
    database, keys = Database(f"sqlite:///{path}", is_durable=False), CodeKeys(KEY)
    clock = FixedClock(datetime(2026, 11, 22, 8, 0, tzinfo=UTC))
    with database.write() as session:
        hand = make_hand(session, MANAGER, clock)
        lot = make_batch(hand)
        given = allocate_serials(session, MANAGER, clock, AllocateSerials(lot.lot_key, 9, "K", is_signed=True),
                                 keys=keys)
        codes = list(serial_links("", list(hand.maker.plaster.levels), lot, given, keys))
    with database.engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return Printed(path, lot, given, codes)


@pytest.fixture
def database(printed: Printed, sqlite_file: Database) -> Iterator[Database]:
    filled(sqlite_file, printed.path)
    yield sqlite_file
    sqlite_file.close()


@pytest.fixture
def signed(tmp_path: Path, database: Database) -> Settings:
    return Settings(var_dir=tmp_path / "var", database_url=str(database.url), secret_key="a secret key of the tests",
                    vault_key=KEY, code_keys=KEY, region_header="X-Region", trusted_proxies=1, development=True)


@pytest.fixture
def pack(signed: Settings, database: Database, clock: FixedClock, printed: Printed, applications: Applications) -> Pack:
    return Pack(applications.open(signed, database, clock), database, clock, MANAGER, printed.lot, printed.given,
                printed.codes)


@pytest.fixture
def now(pack: Pack) -> Now:
    ticking = Now()
    pack.app.extensions[NAME].pages._tick = ticking
    return ticking


def unsigned(path: str) -> str:
    return path.partition("?")[0]


def bring_about(doubt: Doubt, pack: Pack) -> str:
    """The path of a code that gives this reason."""
    if doubt == Doubt.unknown_serial:
        return unsigned(pack.path()).replace("K00000001", "K00000010")
    if doubt == Doubt.bad_signature:
        return pack.path(1).partition("=")[0] + "=" + pack.path(2).partition("=")[2]
    if doubt == Doubt.far_apart:
        pack.scan(pack.path(), "CN-GD", "198.51.100.1")
    else:
        for number in range(SCANS_PER_SERIAL):
            pack.scan(pack.path(), "CN-BJ", f"10.0.{number % (NETWORKS_PER_SERIAL + 1)}.9")
    pack.flush()
    pack.forget()
    return pack.path()


def second_line(answer: TestResponse) -> str:
    return str(html.fromstring(answer.data).xpath("//div[starts-with(@class, 'verdict')]//p[@class='v2']")[0].text_content())


def test_a_pack_that_nothing_speaks_against_gets_the_page_of_its_lot(pack: Pack) -> None:
    for number in range(1, 10):
        assert verdict_of(pack.scan(pack.path(number))) == "released"
    assert pack.scan(pack.path()).data == pack.scan(f"/s/01/{UNIT_GTIN}/10/B1").data


@pytest.mark.parametrize("doubt", WORDS)
def test_each_reason_asks_to_verify_in_neutral_words(pack: Pack, doubt: Doubt) -> None:
    path = bring_about(doubt, pack)
    for language, second in (("en", SECOND), ("zh-CN", CHINESE)):
        answer = pack.scan(path, language=language)
        assert (answer.status_code, verdict_of(answer)) == (200, "please_verify")
        assert second_line(answer) == second[WORDS[doubt]]
        body = answer.get_data(as_text=True).lower()
        assert not any(word in body for word in ("genuine", "counterfeit", "正品", "假货", "伪造"))
        assert "/report?lot=" in body


STRONGER: dict[str, Callable[[Pack], object]] = {
    "recalled": lambda pack: recall(pack.database, pack.actor, pack.clock, pack.lot),
    "on_hold": lambda pack: hold(pack.database, pack.actor, pack.clock, pack.lot),
    "rejected": lambda pack: turn_down(pack), "expired": lambda pack: expire(pack.clock),
    "not_released": lambda pack: take_back_release(pack)}


def take_back_release(pack: Pack) -> None:
    """No act of ours does this; a batch may have been scanned before its release."""
    with pack.database.write() as session:
        session.get_one(Lot, pack.lot.lot_key).release_state = "pending"


def turn_down(pack: Pack) -> None:
    with pack.database.write() as session:
        reject_lot(session, pack.actor, pack.clock, Decide(pack.lot.lot_key, "out of limits"))


@pytest.mark.parametrize("stronger", STRONGER)
@pytest.mark.parametrize("doubt", WORDS)
def test_every_stronger_verdict_stands_before_every_reason(pack: Pack, doubt: Doubt, stronger: str, now: Now) -> None:
    path = bring_about(doubt, pack)
    pack.scan(path)
    STRONGER[stronger](pack)
    now.at += 1
    answer = pack.scan(path)
    assert verdict_of(answer) == stronger
    assert html.fromstring(answer.data).xpath("//h1")[0].text_content() == FIRST[stronger]
    assert all(words not in text_of(answer) for words in SECOND.values())


def test_a_doubt_about_the_pack_is_told_before_one_about_the_lot(pack: Pack) -> None:
    scan_often(pack.database, pack.clock, pack.lot)
    assert second_line(pack.scan(pack.path())) == SECOND["often"]
    assert second_line(pack.scan(bring_about(Doubt.unknown_serial, pack))) == SECOND["record"]


@pytest.mark.parametrize("wrong", ["", "?s=", "?s=h", "?s=hAAAAAAAAAAA", "?s=%00", "?s=签", "?S=x", "?s=a&s=b", "?&&=&s"])
def test_nobody_can_tell_a_wrong_signature_from_a_serial_number_that_does_not_exist(pack: Pack, wrong: str) -> None:
    one = pack.scan(unsigned(pack.path()) + quote(wrong, safe="?=&%"))
    other = pack.scan(unsigned(pack.path()).replace("K00000001", "K77777777") + quote(wrong, safe="?=&%"))
    assert verdict_of(one) == "please_verify"
    assert (one.data, one.headers["ETag"]) == (other.data, other.headers["ETag"])


def test_the_signature_of_the_unit_is_none_for_the_case(pack: Pack) -> None:
    assert verdict_of(pack.scan(pack.path().replace(UNIT_GTIN, CASE_GTIN))) == "please_verify"


def test_machines_read_the_same_verdict(pack: Pack) -> None:
    path = bring_about(Doubt.unknown_serial, pack)
    assert pack.scan(path, Accept="application/json").json["verdict"] == "please_verify"  # type: ignore[index]
    assert pack.scan(pack.path(), Accept="application/json").json["verdict"] == "released"  # type: ignore[index]


def test_serial_numbers_of_a_lot_without_ranges_mean_nothing_to_us(pack: Pack) -> None:
    with pack.database.write() as session:
        pack.lot = make_batch(make_hand_again(session, pack), "B2")
    assert verdict_of(pack.scan(f"/s/01/{UNIT_GTIN}/10/B2/21/77")) == "released"


def make_hand_again(session: Any, pack: Pack) -> Any:
    """A hand over the plant that is there already."""
    from tests.factories_trace import Hand, Maker
    from traceapp.catalog.model import Party, Product, Site

    products = {product.code: product for product in session.scalars(select(Product))}
    parties = {party.code: party for party in session.scalars(select(Party))}
    return Hand(session, pack.actor, pack.clock, Maker(
        session.scalars(select(Site)).first(), parties["SUP"], parties["CLINIC"], parties["HOSPITAL"],
        products["GLUE"], products["FILM"], products["BULK"], products["PLASTER"]))


@pytest.fixture
def statements(pack: Pack) -> Iterator[list[str]]:
    """Every statement that the application runs from here on."""
    with traced(pack.database) as seen:
        yield seen


def test_a_serial_number_costs_one_statement_more_and_other_codes_none(pack: Pack, now: Now,
                                                                       statements: list[str]) -> None:
    lot_code = f"/s/01/{UNIT_GTIN}/10/B1"
    pack.scan(lot_code)
    pack.scan(pack.path())
    statements.clear()
    pack.scan(lot_code)
    pack.scan(pack.path())  # known for a second
    assert statements == []
    pack.forget()
    pack.scan(pack.path())
    assert len(statements) == 1
    assert "serial_range" in statements[0]
    statements.clear()
    now.at += scan_pages.FRESH_SECONDS + 0.01
    pack.forget()
    pack.scan(pack.path())
    assert sorted("serial_range" in statement for statement in statements) == [False, True]
    assert "revision" in next(statement for statement in statements if "serial_range" not in statement)


def test_a_kept_page_in_other_words_costs_no_more(pack: Pack, now: Now, statements: list[str]) -> None:
    path = bring_about(Doubt.bad_signature, pack)
    first = pack.scan(path)
    statements.clear()
    assert pack.scan(path).data == first.data
    assert statements == []
    now.at += scan_pages.FRESH_SECONDS + 0.01
    pack.forget()
    assert pack.scan(path).data == first.data
    assert len(statements) == 2


def test_a_text_that_can_be_no_serial_number_of_ours_costs_nothing(pack: Pack, statements: list[str]) -> None:
    path = unsigned(pack.path()).replace("K00000001", "ABC")
    assert verdict_of(pack.scan(path)) == "please_verify"
    statements.clear()
    assert verdict_of(pack.scan(path)) == "please_verify"
    assert statements == []


def test_a_recall_shows_within_a_second_on_a_page_in_other_words_too(pack: Pack, now: Now) -> None:
    path = bring_about(Doubt.unknown_serial, pack)
    assert verdict_of(pack.scan(path)) == "please_verify"
    recall(pack.database, pack.actor, pack.clock, pack.lot)
    now.at += 1
    assert verdict_of(pack.scan(path)) == "recalled"


def test_the_language_can_be_changed_without_losing_the_words_or_gaining_a_doubt(pack: Pack) -> None:
    doubted = pack.scan(bring_about(Doubt.bad_signature, pack), language="zh-CN")
    (switch,) = html.fromstring(doubted.data).xpath("//nav[@class='lang']/a/@href")
    assert second_line(pack.scan(unsigned(pack.path()) + switch)) == SECOND["record"]
    (switch,) = html.fromstring(pack.scan(pack.path(), language="zh-CN").data).xpath("//nav[@class='lang']/a/@href")
    assert verdict_of(pack.scan(unsigned(pack.path()) + switch)) == "released"
    unknown = unsigned(bring_about(Doubt.unknown_serial, pack))
    assert verdict_of(pack.scan(unknown + switch)) == "please_verify"
    assert verdict_of(pack.scan(f"/s/01/{UNIT_GTIN}/10/B1?lang=en&v=record")) == "released"


def test_whoever_types_the_number_in_is_not_asked_for_a_signature(pack: Pack) -> None:
    leads = pack.scan(f"/?code=(01){UNIT_GTIN}(10)B1(21)K00000001")
    assert verdict_of(pack.scan(leads.location)) == "released"
    leads = pack.scan(f"/?code=(01){UNIT_GTIN}(10)B1(21)K00000077")
    assert verdict_of(pack.scan(leads.location)) == "please_verify"


def test_every_scan_is_noted_with_what_it_gave_reason_to(pack: Pack) -> None:
    unknown = bring_about(Doubt.unknown_serial, pack)
    pack.scan(pack.path())
    pack.scan(pack.path(2), "", "198.51.100.9")
    pack.scan(unknown, "nonsense<")
    pack.scan(unknown + "?lang=en")  # somebody who changes the language
    pack.scan(unknown + "?lang=en", Sec_Fetch_Site="none")  # a code that somebody printed so
    pack.flush()
    with pack.database.read() as session:
        rows = [(row.serial, row.network, row.region, row.doubt) for row in session.scalars(select(Scan).order_by(Scan.id))]
        counts = {row.serial: row.scans for row in session.scalars(select(SerialCount))}
        doubts = {(row.reason, row.serial): row.scans for row in session.scalars(select(ScanDoubt))}
    assert sorted(rows) == sorted([
        ("K00000001", "203.0.113.0/24", "CN-BJ", ""), ("K00000002", "198.51.100.0/24", "", ""),
        ("K00000010", "203.0.113.0/24", "", "unknown_serial"), ("K00000010", "203.0.113.0/24", "CN-BJ", "unknown_serial")])
    assert counts == {"K00000001": 1, "K00000002": 1}
    assert doubts == {("unknown_serial", "K00000010"): 2}


def test_an_escaped_serial_number_is_noted_as_it_is_read_on_every_way(pack: Pack) -> None:
    for path in (f"/s/01/{UNIT_GTIN}/10/B1/21/A%2F1", f"/s/01/{UNIT_GTIN}/10/B1/21/A%2f1"):
        for _ in range(3):
            pack.scan(path)
    pack.flush()
    with pack.database.read() as session:
        assert set(session.scalars(select(Scan.serial))) == {"A/1"}


def test_a_lot_that_is_called_21_does_not_hide_the_serial_number(pack: Pack) -> None:
    with pack.database.write() as session:
        make_batch(make_hand_again(session, pack), "21")
    for _ in range(3):
        pack.scan(f"/s/01/{UNIT_GTIN}/10/21/21/X7")
        pack.scan(f"/s/01/{UNIT_GTIN}/10/21")
    pack.flush()
    with pack.database.read() as session:
        assert sorted(session.scalars(select(Scan.serial)), key=str) == [None] * 3 + ["X7"] * 3


def test_a_region_that_anybody_could_claim_is_not_believed(pack: Pack, signed: Settings,
                                                           applications: Applications) -> None:
    pack.app = applications.open(replace(signed, trusted_proxies=0), pack.database, pack.clock)
    assert verdict_of(pack.scan(bring_about(Doubt.far_apart, pack))) == "released"
    with pack.database.read() as session:
        assert set(session.scalars(select(Scan.region))) == {""}


def test_regions_come_from_the_operator_s_file_where_no_proxy_names_them(
        pack: Pack, signed: Settings, applications: Applications, tmp_path: Path) -> None:
    file = tmp_path / "regions.csv"
    file.write_text("network,region\n203.0.113.0/24,CN-BJ\n198.51.100.0/24,CN-GD\n", encoding="utf-8")
    pack.app = applications.open(replace(signed, region_header="", regions_file=file), pack.database, pack.clock)
    assert second_line(pack.scan(bring_about(Doubt.far_apart, pack))) == SECOND["far"]


def test_who_is_told_first_is_the_holder_of_the_second_copy(pack: Pack) -> None:
    pack.scan(pack.path(), "CN-GD", "198.51.100.1")
    pack.flush()
    pack.forget()
    pack.clock.move_to(pack.clock.now() + timedelta(hours=1))
    assert second_line(pack.scan(pack.path(), "CN-BJ")) == SECOND["far"]
    pack.clock.move_to(pack.clock.now() + timedelta(hours=9))
    assert verdict_of(pack.scan(pack.path(3), "CN-BJ")) == "released"


def test_after_a_rotation_the_codes_of_both_keys_are_right_and_after_retirement_the_old_ones_are_not_judged(
        pack: Pack, signed: Settings, applications: Applications) -> None:
    both = applications.open(replace(signed, code_keys=f"{NEWER},{KEY}"), pack.database, pack.clock)
    with pack.database.write() as session:
        given = allocate_serials(session, pack.actor, pack.clock, AllocateSerials(pack.lot.lot_key, 1, "N", is_signed=True),
                                 keys=CodeKeys(f"{NEWER},{KEY}"))
    assert given.key_id != pack.given.key_id
    old = pack.path()
    pack.app = both
    assert verdict_of(pack.scan(old)) == "released"
    assert verdict_of(pack.scan(unsigned(old))) == "please_verify"
    newest = f"01/{UNIT_GTIN}/10/B1/21/N00000001"
    signature = CodeKeys(NEWER).signature(str(given.key_id), newest)
    assert verdict_of(pack.scan(f"/s/{newest}?s={signature}")) == "released"
    pack.app = applications.open(replace(signed, code_keys=NEWER), pack.database, pack.clock)
    assert verdict_of(pack.scan(unsigned(old))) == "released"
    assert verdict_of(pack.scan(unsigned(old).replace("K00000001", "K00000011"))) == "please_verify"
    assert verdict_of(pack.scan(f"/s/{newest}")) == "please_verify"


def test_the_shortcut_and_the_application_say_the_same_of_a_doubt(pack: Pack) -> None:
    path = bring_about(Doubt.bad_signature, pack)
    whole, short = pack.scan(path), pack.scan(path)
    assert {**whole.headers, "X-Request-ID": ""} == {**short.headers, "X-Request-ID": ""}
    assert whole.data == short.data
    assert short.headers["ETag"] != pack.scan(pack.path()).headers["ETag"]
