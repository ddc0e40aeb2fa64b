"""The link registry on both databases: what is registered stays true of every code below its key."""
from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from tests.factories_links import ADMINISTRATOR, OWN_ROOT, leaflet, linked
from tests.factories_trace import CASE_GTIN, UNIT_GTIN, make_batch, make_hand
from tests.made_once import made_once
from traceapp.audit.model import AuditEntry
from traceapp.code.link_queries import LinkFilter, link_by_id, link_page, links_of_key
from traceapp.code.links import ChangeLink, WithdrawLink, change_link, read_code, register_link, withdraw_link
from traceapp.code.model import Link
from traceapp.code.resolution import Resolution, resolution_of
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict, Forbidden, InvalidInput, NotFound, Problem, Stale
from traceapp.db import Database, Taken
from traceapp.gs1 import Gs1Error
from traceapp.identity.policy import permissions_of
from traceapp.trace.model import Lot

OWN, LOT = f"(01){UNIT_GTIN}", f"(01){UNIT_GTIN}(10)B1"
FOREIGN = "(01)09506000134352"


@pytest.fixture
def plant(database: Database, actor: Actor, clock: FixedClock) -> Database:
    made_once(database, clock, lambda session: make_batch(make_hand(session, actor, clock)))
    return database


def leads(database: Database, clock: FixedClock, code: str) -> Resolution:
    with database.read() as session:
        return resolution_of(session.connection(), read_code(code), clock.now())


def default_of(found: Resolution) -> str:
    return next(level.default.href for level in found.levels if level.default)


def refused(database: Database, clock: FixedClock, error: type[Problem], code: str, anchor: str, **changes: object) -> None:
    with pytest.raises(error) as caught, database.write() as session:
        register_link(session, ADMINISTRATOR, clock, leaflet(anchor, **changes), own_root=OWN_ROOT)
    assert caught.value.code == code


def test_a_link_is_kept_as_it_was_registered_and_recorded(plant: Database, clock: FixedClock) -> None:
    link = linked(plant, clock, LOT, languages=("zh", "EN"), media_type="text/html", contexts=("CN",))
    with plant.read() as session:
        kept = link_by_id(session, link.id)
        (entry,) = session.scalars(select(AuditEntry).where(AuditEntry.stream == f"links:{link.anchor_key}"))
    assert (kept.anchor, kept.key) == (f"https://id.gs1.org/01/{UNIT_GTIN}/10/B1", f"https://id.gs1.org/01/{UNIT_GTIN}")
    assert (kept.link_type, kept.languages, kept.contexts, kept.default_use) == ("instructions", ["zh", "en"], ["CN"], "no")
    assert (entry.action, entry.actor_id, json.loads(entry.data)["href"]) == ("link.registered", "u-admin", kept.href)
    assert leads(plant, clock, LOT).thing.key == kept.anchor_key


@pytest.mark.parametrize("role", ["operator", "regulator"])
def test_who_may_not_write_links_writes_none(plant: Database, clock: FixedClock, role: str) -> None:
    someone = Actor(id="u", role=role, name="x", scopes=permissions_of(role))
    link = linked(plant, clock, OWN)
    acts = (lambda session: register_link(session, someone, clock, leaflet(OWN), own_root=OWN_ROOT),
            lambda session: change_link(session, someone, clock, ChangeLink(link.id, leaflet(OWN)), own_root=OWN_ROOT),
            lambda session: withdraw_link(session, someone, clock, WithdrawLink(link.id, "x")))
    for act in acts:
        with pytest.raises(Forbidden), plant.write() as session:
            act(session)


def test_every_way_to_write_a_code_means_the_same_thing(plant: Database, clock: FixedClock) -> None:
    texts = (LOT, f"https://id.gs1.org/01/{UNIT_GTIN}/10/B1", f"{OWN_ROOT}/01/{UNIT_GTIN}/10/B1", f"^01{UNIT_GTIN}10B1")
    assert {linked(plant, clock, text, href=f"https://x.example/{n}").anchor for n, text in enumerate(texts)} == {
        f"https://id.gs1.org/01/{UNIT_GTIN}/10/B1"}
    with pytest.raises(Gs1Error) as error:
        linked(plant, clock, "(01)06901234500012")
    assert (error.value.code, error.value.place) == ("INCORRECT_CHECK_DIGIT", "anchor")


def test_the_live_answers_of_our_own_things_cannot_be_replaced(plant: Database, clock: FixedClock) -> None:
    for name in ("recallStatus", "safetyInfo"):
        for anchor in (OWN, LOT, f"(01){CASE_GTIN}(21)7"):
            refused(plant, clock, InvalidInput, "live-link", anchor, link_type=name)
        linked(plant, clock, FOREIGN, link_type=name)


def test_a_registered_link_takes_the_place_of_our_own_of_the_same_type(plant: Database, clock: FixedClock) -> None:
    linked(plant, clock, LOT, link_type="pip", href="https://x.example/pip")
    linked(plant, clock, LOT, link_type="instructions", href="https://x.example/use")
    (level, product) = leads(plant, clock, LOT).levels
    by_type = {target.link_type: target.href for target in level.targets}
    assert by_type["pip"] == "https://x.example/pip"
    assert by_type["instructions"] == "https://x.example/use"
    assert by_type["safetyInfo"] == f"/s/01/{UNIT_GTIN}/10/B1" == default_of(leads(plant, clock, LOT))
    assert by_type["epcis"].startswith("/epcis/events?MATCH_anyEPCClass=https%3A%2F%2Fid.gs1.org%2F01%2F")
    assert {target.link_type for target in product.targets} == {"pip", "recallStatus", "safetyInfo"}


def test_what_is_registered_for_a_batch_holds_for_its_pieces(plant: Database, clock: FixedClock) -> None:
    linked(plant, clock, LOT, link_type="pip", href="https://x.example/batch", default_use="default")
    piece = leads(plant, clock, f"{LOT}(21)7")
    assert default_of(piece) == "https://x.example/batch"
    assert [level.path for level in piece.levels] == [
        f"/01/{UNIT_GTIN}/10/B1/21/7", f"/01/{UNIT_GTIN}/10/B1", f"/01/{UNIT_GTIN}"]
    linked(plant, clock, f"{OWN}(21)7", link_type="pip", href="https://x.example/piece")
    piece = leads(plant, clock, f"{LOT}(21)7")
    assert [level.path for level in piece.levels] == [
        f"/01/{UNIT_GTIN}/10/B1/21/7", f"/01/{UNIT_GTIN}/21/7", f"/01/{UNIT_GTIN}/10/B1", f"/01/{UNIT_GTIN}"]
    assert [target.href for target in piece.levels[0].targets if target.link_type == "pip"] == ["https://x.example/piece"]
    assert default_of(leads(plant, clock, f"{OWN}(10)B1(21)8")) == "https://x.example/batch"


def test_every_code_below_a_key_has_somewhere_to_lead(plant: Database, clock: FixedClock) -> None:
    refused(plant, clock, Conflict, "no-default", f"{FOREIGN}(10)L")
    refused(plant, clock, Conflict, "no-default", f"{FOREIGN}(10)L", default_use="default")
    first = linked(plant, clock, FOREIGN)
    assert first.default_use == "default"  # the first link of a foreign key is where it leads
    below = linked(plant, clock, f"{FOREIGN}(10)L", href="https://x.example/lot")
    assert default_of(leads(plant, clock, f"{FOREIGN}(10)L")) == first.href
    with pytest.raises(Conflict) as caught, plant.write() as session:
        withdraw_link(session, ADMINISTRATOR, clock, WithdrawLink(first.id, "old"))
    assert caught.value.code == "default-in-use"
    with pytest.raises(Conflict), plant.write() as session:
        change_link(session, ADMINISTRATOR, clock, ChangeLink(first.id, leaflet(FOREIGN)), own_root=OWN_ROOT)
    with plant.write() as session:
        withdraw_link(session, ADMINISTRATOR, clock, WithdrawLink(below.id, "old"))
        withdraw_link(session, ADMINISTRATOR, clock, WithdrawLink(first.id, "old"))
    assert leads(plant, clock, FOREIGN).levels == ()


def test_a_code_has_one_default_and_a_new_one_takes_over(plant: Database, clock: FixedClock) -> None:
    old = linked(plant, clock, OWN, default_use="default")
    new = linked(plant, clock, OWN, href="https://x.example/new", default_use="default")
    with plant.read() as session:
        assert [link_by_id(session, link.id).default_use for link in (old, new)] == ["no", "default"]
        actions = session.scalars(select(AuditEntry.action).where(AuditEntry.stream == f"links:{old.anchor_key}")
                                  .order_by(AuditEntry.seq)).all()
    assert actions == ["link.registered", "link.changed", "link.registered"]
    assert default_of(leads(plant, clock, OWN)) == "https://x.example/new"
    with plant.write() as session:
        withdraw_link(session, ADMINISTRATOR, clock, WithdrawLink(new.id, "over"))
    assert default_of(leads(plant, clock, OWN)) == f"/s/01/{UNIT_GTIN}"


def test_the_database_itself_refuses_a_second_default(plant: Database, clock: FixedClock) -> None:
    first = linked(plant, clock, OWN, default_use="default")
    with pytest.raises(Taken), plant.write() as session:
        session.add(Link(anchor_key=first.anchor_key, id="x", anchor=first.anchor, key=first.key, link_type="faqs",
                         href="https://x.example/", title="x", default_use="default", created_at=clock.now()))


def test_a_change_keeps_its_place_and_says_what_changed(plant: Database, clock: FixedClock) -> None:
    link = linked(plant, clock, OWN)
    with plant.write() as session:
        change_link(session, ADMINISTRATOR, clock, ChangeLink(link.id, leaflet(OWN, title="New"), link.revision),
                    own_root=OWN_ROOT)
    with plant.read() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "link.changed")).one()
    assert json.loads(entry.data) == {"link": link.id, "before": {"title": "Leaflet"}, "after": {"title": "New"}}
    with pytest.raises(Stale), plant.write() as session:
        change_link(session, ADMINISTRATOR, clock, ChangeLink(link.id, leaflet(OWN), link.revision), own_root=OWN_ROOT)
    with pytest.raises(Conflict) as caught, plant.write() as session:
        change_link(session, ADMINISTRATOR, clock, ChangeLink(link.id, leaflet(LOT)), own_root=OWN_ROOT)
    assert caught.value.code == "fixed-field"


def test_a_withdrawn_link_stays_with_its_reason_and_leads_nowhere(plant: Database, clock: FixedClock) -> None:
    link = linked(plant, clock, LOT)
    with pytest.raises(InvalidInput), plant.write() as session:
        withdraw_link(session, ADMINISTRATOR, clock, WithdrawLink(link.id, "  "))
    with plant.write() as session:
        withdraw_link(session, ADMINISTRATOR, clock, WithdrawLink(link.id, "the page has gone", link.revision))
    assert all(target.href != link.href for level in leads(plant, clock, LOT).levels for target in level.targets)
    with plant.read() as session:
        kept = link_by_id(session, link.id)
        assert (kept.withdrawal_reason, kept.withdrawn_by) == ("the page has gone", "u-admin")
        assert link_page(session, LinkFilter(key=OWN)).total == 0
        assert link_page(session, LinkFilter(key=OWN, with_withdrawn=True)).total == 1
    for error, act in ((Conflict, WithdrawLink(link.id, "x")), (NotFound, WithdrawLink("0" * 32, "x"))):
        with pytest.raises(error), plant.write() as session:
            withdraw_link(session, ADMINISTRATOR, clock, act)
    linked(plant, clock, LOT)  # the same may be registered again


def test_the_same_link_twice_and_too_many_are_refused(plant: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    linked(plant, clock, OWN)
    refused(plant, clock, Conflict, "same-link", OWN, title="Another title")
    linked(plant, clock, OWN, languages=("en",))
    monkeypatch.setattr("traceapp.code.links.MOST_LINKS", 2)
    refused(plant, clock, Conflict, "too-many-links", OWN, href="https://x.example/3")
    refused(plant, clock, InvalidInput, "unknown-use", LOT, default_use="always")


def test_the_list_is_found_by_text_thing_key_and_type(plant: Database, clock: FixedClock) -> None:
    product = linked(plant, clock, OWN, title="100% film", link_type="relatedVideo")
    batch = linked(plant, clock, LOT)
    other = linked(plant, clock, FOREIGN)
    with plant.read() as session:
        def ids(**wanted: object) -> set[str]:
            return {link.id for link in link_page(session, LinkFilter(**wanted)).rows}  # type: ignore[arg-type]

        assert ids() == {product.id, batch.id, other.id}
        assert ids(key=LOT) == ids(key=UNIT_GTIN) == {product.id, batch.id}
        assert ids(anchor=LOT) == ids(text="/10/B1") == {batch.id}
        assert ids(text="0% f") == ids(link_type="gs1:relatedVideo") == {product.id}
        assert ids(link_type="gs1:nothing") == ids(text="%%") == set()
        first = link_page(session, LinkFilter(limit=2))
        assert (first.total, len(first.rows)) == (3, 2)
        assert len(link_page(session, LinkFilter(limit=2, after=first.next)).rows) == 1
        assert [link.id for link in links_of_key(session, (batch.key,))] == [product.id, batch.id]


@pytest.mark.parametrize(("state", "is_forced"), [
    ({}, False), ({"is_recalled": True}, True), ({"is_on_hold": True}, True), ({"release_state": "rejected"}, True),
    ({"release_state": "pending"}, True)])
def test_a_lot_that_may_not_be_used_leads_to_our_own_page(plant: Database, clock: FixedClock, state: dict[str, object],
                                                          is_forced: bool) -> None:
    linked(plant, clock, LOT, link_type="homepage", default_use="default")
    linked(plant, clock, f"{OWN}(21)7", link_type="homepage", default_use="default", href="https://x.example/piece")
    with plant.write() as session:
        lot = session.scalars(select(Lot).where(Lot.number == "B1")).one()
        for name, value in state.items():
            setattr(lot, name, value)
    for code, registered in ((LOT, "https://maker.example/leaflet"), (f"{LOT}(21)7", "https://x.example/piece")):
        found = leads(plant, clock, code)
        assert default_of(found) == (f"/s{found.thing.path}" if is_forced else registered)
        assert any(target.link_type == "homepage" for target in found.levels[0].targets)


def test_an_expired_lot_and_one_that_is_not_known_lead_to_our_own_page(plant: Database, clock: FixedClock) -> None:
    linked(plant, clock, LOT, default_use="default")
    linked(plant, clock, f"{OWN}(10)NEW", default_use="default")
    assert default_of(leads(plant, clock, LOT)) == "https://maker.example/leaflet"
    assert default_of(leads(plant, clock, f"{OWN}(10)NEW")) == f"/s/01/{UNIT_GTIN}/10/NEW"
    clock.move_to(datetime(2029, 1, 1, tzinfo=UTC))
    assert default_of(leads(plant, clock, LOT)) == f"/s/01/{UNIT_GTIN}/10/B1"


def test_the_code_of_a_case_finds_the_lot_of_the_product(plant: Database, clock: FixedClock) -> None:
    found = leads(plant, clock, f"(01){CASE_GTIN}(10)B1")
    assert [str(verdict) for verdict in found.verdicts] == ["released"]
    assert found.facts.items[0].uri == f"https://id.gs1.org/01/{UNIT_GTIN}/10/B1"
    epcis = next(target for target in found.levels[0].targets if target.link_type == "epcis")
    assert UNIT_GTIN in epcis.href


def test_nothing_is_known_of_a_code_that_nobody_entered(plant: Database, clock: FixedClock) -> None:
    for code in (FOREIGN, "(414)9501101530003", "(417)9501101530003", "(253)9501101530003A", "(00)395011015300000011"):
        found = leads(plant, clock, code)
        assert not found.facts.is_known
        assert found.levels == ()
