"""Where products are sold, and the authorities that ask because of it; on both databases."""
from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from tests.db.test_legal_clocks import PROOF, assess, end, make_event, own_role, running
from tests.factories_trace import make_maker
from traceapp.adverse_event.clocks import silent_markets
from traceapp.adverse_event.markets import Ground, class_of, countries_of_lots, markets_of
from traceapp.adverse_event.model import AdverseEvent
from traceapp.adverse_event.service import about
from traceapp.audit.model import AuditEntry
from traceapp.catalog.markets import registrations_of, sold_by
from traceapp.catalog.registrations import (
    ChangeRegistration,
    NewRegistration,
    change_registration,
    register_product,
)
from traceapp.catalog.service import ChangeProduct, NewProduct, change_product, create_product
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict, Forbidden, InvalidInput, Problem, Stale
from traceapp.db import Database
from traceapp.identity.policy import permissions_of
from traceapp.worklist.clock_model import LegalClock
from traceapp.worklist.legal_clocks import clocks_about

MANAGER = Actor(id="u-manager", role="quality_manager", name="Wang", scopes=permissions_of("quality_manager"))
PATCH = NewProduct("PATCH", "device", "贴", "Patch", "EA", registration_number="A-1", risk_class="II")


def sold_in(database: Database, clock: FixedClock, event: AdverseEvent, market: str, **more: Any) -> None:
    """The product of the event is sold there; the event is looked at again."""
    with database.write() as session:
        assert event.product_id is not None
        register_product(session, MANAGER, clock, event.product_id, NewRegistration(market, **more))


def all_clocks(database: Database, event: AdverseEvent) -> list[LegalClock]:
    with database.read() as session:
        return clocks_about(session, about(event.id))


def test_number_and_class_of_a_product_stand_in_its_registration_at_home(
        database: Database, actor: Actor, clock: FixedClock) -> None:
    with database.write() as session:
        product = create_product(session, actor, clock, PATCH)
        (home,) = registrations_of(session, product.id)
        assert (home.market, home.number, home.risk_class) == ("CN", "A-1", "II")
        change_product(session, actor, clock, ChangeProduct(product.id, replace(PATCH, risk_class="III")))
        assert home.risk_class == "III"
        change_registration(session, actor, clock, ChangeRegistration(
            home.id, NewRegistration("CN", "A-2", "II", model="M1")))
        assert (product.registration_number, product.risk_class) == ("A-2", "II")
        register_product(session, actor, clock, product.id, NewRegistration("US", "D-77", "1"))
        assert product.registration_number == "A-2"
    with database.read() as session:
        trail = session.scalars(select(AuditEntry.action).where(AuditEntry.stream == f"product:{product.id}")
                                .order_by(AuditEntry.seq)).all()
        assert trail == ["product.created", "product.changed", "registration.changed", "registration.added"]


def test_a_registration_that_ended_leaves_the_product_to_the_one_that_followed(
        database: Database, actor: Actor, clock: FixedClock) -> None:
    with database.write() as session:
        product = create_product(session, actor, clock, PATCH)
        (old,) = registrations_of(session, product.id)
        change_registration(session, actor, clock, ChangeRegistration(
            old.id, NewRegistration("CN", "A-1", "II", marketed_to=date(2025, 12, 31))))
        register_product(session, actor, clock, product.id, NewRegistration("CN", "B-1", "II"))
        assert product.registration_number == "B-1"
        change_product(session, actor, clock, ChangeProduct(product.id, replace(PATCH, registration_number="B-2")))
        assert [one.number for one in registrations_of(session, product.id)] == ["A-1", "B-2"]


@pytest.mark.parametrize(("wrong", "place", "error"), [
    ({"market": "USA"}, "market", InvalidInput), ({"market": ""}, "market", InvalidInput),
    ({"origin": "1"}, "origin", InvalidInput), ({"fda_product_code": "KG"}, "fda_product_code", InvalidInput),
    ({"language": "Deutsch"}, "language", InvalidInput), ({"holder_id": "nobody"}, "holder_id", InvalidInput),
    ({"number": "x" * 81}, "number", InvalidInput), ({"model": "a\x00"}, "model", InvalidInput),
    ({"marketed_from": date(26, 1, 1)}, "marketed_from", InvalidInput),
    ({"marketed_from": date(2026, 2, 1), "marketed_to": date(2026, 1, 1)}, "marketed_to", InvalidInput),
    ({"market": "CN", "number": "A-1"}, "number", Conflict)])
def test_what_breaks_a_rule_is_refused_where_it_stands(
        sqlite: Database, actor: Actor, clock: FixedClock, wrong: dict[str, Any], place: str,
        error: type[Problem]) -> None:
    with sqlite.write() as session:
        product = create_product(session, actor, clock, PATCH)
    with pytest.raises(error) as refused, sqlite.write() as session:
        register_product(session, actor, clock, product.id, NewRegistration(**{"market": "US", **wrong}))
    assert refused.value.place == place


def test_a_registration_keeps_its_market_its_version_and_who_may_write(
        sqlite: Database, actor: Actor, clock: FixedClock) -> None:
    with sqlite.write() as session:
        product = create_product(session, actor, clock, PATCH)
        (home,) = registrations_of(session, product.id)
        with pytest.raises(Conflict):
            change_registration(session, actor, clock, ChangeRegistration(home.id, NewRegistration("US", "A-1")))
        with pytest.raises(Stale):
            change_registration(session, actor, clock, ChangeRegistration(home.id, NewRegistration("CN"), revision=9))
        with pytest.raises(Forbidden):
            register_product(session, Actor(id="o", role="operator", name="O"), clock, product.id, NewRegistration("US"))


def test_a_market_counts_from_its_first_sale_and_for_ever(sqlite: Database, actor: Actor, clock: FixedClock) -> None:
    with sqlite.write() as session:
        product = create_product(session, actor, clock, PATCH)
        register_product(session, actor, clock, product.id, NewRegistration(
            "US", marketed_from=date(2026, 1, 1), marketed_to=date(2026, 3, 1)))
        markets = [[one.market for one in sold_by(session, [product.id], day)]
                   for day in (date(2025, 12, 31), date(2026, 1, 1), date(2026, 9, 1))]
    assert markets == [["CN"], ["CN", "US"], ["CN", "US"]]


@pytest.mark.parametrize(("text", "found"), [
    ("II", "II"), ("Ⅱ", "II"), ("2", "II"), ("第二类", "II"), ("Class IIb", "IIb"), ("class iia", "IIa"), ("三类", "III"),
    ("D", "D"), ("", ""), ("Is, sterile", ""), ("unclassified", "")])
def test_a_class_is_understood_as_people_write_it_and_else_fits_every_rule(text: str, found: str) -> None:
    assert class_of(text) == found


def test_every_market_of_the_product_is_asked_with_the_reason_why(database: Database, clock: FixedClock) -> None:
    event = make_event(database, clock, seriousness=("hospitalised",))
    sold_in(database, clock, event, "US", risk_class="I")
    sold_in(database, clock, event, "DE")
    sold_in(database, clock, event, "FR")
    sold_in(database, clock, event, "GB", marketed_from=(clock.now() + timedelta(days=30)).date())
    assess(database, clock, event, seriousness=("hospitalised",))
    found = {(one.jurisdiction, one.rule_id): one.ground for one in all_clocks(database, event)}
    assert found == {("CN", "CN-MD-02"): "home", ("US", "US-MD-01"): "sold", ("EU", "EU-MD-02"): "sold",
                     ("EU", "EU-MD-03"): "sold"}


def test_a_market_without_rules_is_left_to_a_person_and_never_dropped(database: Database, clock: FixedClock) -> None:
    event = make_event(database, clock, seriousness=("death",))
    sold_in(database, clock, event, "BR")
    assess(database, clock, event, seriousness=("death",), outcome="fatal")
    found = {one.jurisdiction: (one.rule_id, one.ground) for one in all_clocks(database, event)}
    assert found["BR"] == ("undetermined", "sold")


def test_an_event_that_is_known_not_to_be_serious_asks_only_markets_that_have_a_rule_for_it(
        database: Database, clock: FixedClock) -> None:
    event = make_event(database, clock)
    for market in ("US", "AU", "BR"):
        sold_in(database, clock, event, market)
    assess(database, clock, event)
    assert {one.jurisdiction: one.rule_id for one in all_clocks(database, event)} == {
        "CN": "CN-MD-11", "AU": "AU-MD-04", "BR": "undetermined"}
    with database.read() as session:
        assert silent_markets(session, event) == ["US"]
    end(database, clock, running(database, event)["AU-MD-04"], "not_reportable")
    assess(database, clock, event, reason="read again")
    assert "AU-MD-04" not in running(database, event)
    assess(database, clock, event, seriousness=("hospitalised",))
    assert {one.jurisdiction for one in all_clocks(database, event)} == {"CN", "AU", "BR", "US"}


def test_the_place_of_the_event_is_a_stronger_reason_than_the_sale(database: Database, clock: FixedClock) -> None:
    event = make_event(database, clock, country="DE", seriousness=("hospitalised",))
    sold_in(database, clock, event, "FR")
    assess(database, clock, event, seriousness=("hospitalised",))
    assert {one.jurisdiction: one.ground for one in all_clocks(database, event)} == {"CN": "home", "EU": "happened"}


def test_whom_a_registration_names_says_what_we_are_there(database: Database, clock: FixedClock) -> None:
    own_role(database, clock, "distributor", "CN")
    event = make_event(database, clock, seriousness=("hospitalised",))
    sold_in(database, clock, event, "US", holder_id="house")
    sold_in(database, clock, event, "AU")
    assess(database, clock, event, seriousness=("hospitalised",))
    found = {one.jurisdiction: one.rule_id for one in all_clocks(database, event)}
    assert found == {"CN": "CN-MD-03b", "US": "US-MD-01", "AU": "undetermined"}


def test_new_information_after_a_report_begins_the_clock_of_a_further_one(
        database: Database, clock: FixedClock) -> None:
    event = make_event(database, clock, country="US", seriousness=("hospitalised",))
    assess(database, clock, event, seriousness=("hospitalised",))
    end(database, clock, running(database, event)["US-MD-01"], "reported", **PROOF)
    clock.move_to(clock.now() + timedelta(days=2))
    assess(database, clock, event, seriousness=("hospitalised",), reason="read again")
    assert "US-MD-05" not in running(database, event)
    assess(database, clock, event, seriousness=("hospitalised",), use_text="worn for nine days")
    first = running(database, event)["US-MD-05"]
    assert (first.started_at, first.why) == (clock.now(), ["new_information"])
    end(database, clock, first, "reported", **PROOF)
    assess(database, clock, event, seriousness=("hospitalised",), use_text="worn for ten days")
    assert running(database, event)["US-MD-05"].id != first.id


def test_goods_that_went_to_a_country_are_a_reason_to_ask_it(
        database: Database, actor: Actor, clock: FixedClock) -> None:
    with database.write() as session:
        maker = make_maker(session, actor, clock)
    with database.read() as session:
        assert countries_of_lots(session, ["0" * 32]) == frozenset()
        found = markets_of(session, [maker.plaster.id], clock.now().date(), {"CA": Ground.shipped, "CN": Ground.happened})
    assert [(one.jurisdiction, one.ground, one.device_class) for one in found] == [("CA", "shipped", ""),
                                                                                  ("CN", "home", "")]
