"""Parties, contacts, roles and sites on both databases."""
from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from tests.factories_trace import make_maker
from traceapp.audit.model import AuditEntry
from traceapp.catalog.model import Party
from traceapp.catalog.queries import PartyFilter, parties_in_role, party_page, recall_contacts, sites
from traceapp.catalog.service import (
    ChangeContact,
    ChangeParty,
    ChangeSite,
    GiveRole,
    NewContact,
    NewParty,
    NewSite,
    add_contact,
    change_contact,
    change_party,
    change_site,
    create_party,
    create_site,
    give_role,
    take_role,
)
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict, InvalidInput
from traceapp.db import Database
from traceapp.gs1 import Gs1Error
from traceapp.importing.catalog_rows import take_party
from traceapp.importing.desk import Desk, Line, Outcome

PARTY = NewParty("A-1", "甲", "Alpha", gln="6901234000009", region="江苏")


def test_contacts_that_get_recalls_are_found_per_party(database: Database, actor: Actor, clock: FixedClock) -> None:
    with database.write() as session:
        maker = make_maker(session, actor, clock)
        contact = add_contact(session, actor, clock, maker.clinic.id, NewContact("值班", phone="0512-1234"))
        change_contact(session, actor, clock, ChangeContact(contact.id, NewContact("值班", phone="0512-9"), False))
    with database.read() as session:
        found = recall_contacts(session, (maker.clinic.id, maker.supplier.id))
        assert {key: [row.email for row in rows] for key, rows in found.items()} == {
            maker.clinic.id: ["quality@clinic.example"]}


def test_the_trail_does_not_name_a_contact(database: Database, actor: Actor, clock: FixedClock) -> None:
    with database.write() as session:
        create_party(session, actor, clock, replace(PARTY, contacts=(NewContact("Zhao Min", email="zm@a.example"),)))
    with database.read() as session:
        trail = " ".join(session.scalars(select(AuditEntry.data)))
    assert "Zhao" not in trail
    assert "zm@a.example" not in trail


@pytest.mark.parametrize(("wanted", "place"), [
    (replace(PARTY, fei="300123456"), "fei"), (replace(PARTY, srn="CN-12345"), "srn"),
    (replace(PARTY, duns="12 34"), "duns"), (replace(PARTY, e2b_sender="my house"), "e2b_sender"),
    (replace(PARTY, gln="6901234000008"), "gln"), (replace(PARTY, country="China"), "country"),
    (replace(PARTY, name_en=""), "name_en"), (replace(PARTY, contacts=(NewContact("Z"),)), "contacts/0/email"),
    (replace(PARTY, contacts=(NewContact("Z", email="a b@c"),)), "contacts/0/email"),
    (replace(PARTY, roles=("friend",)), "role"),
])
def test_a_partner_that_breaks_a_rule_is_refused_where_it_stands(
        sqlite: Database, actor: Actor, clock: FixedClock, wanted: NewParty, place: str) -> None:
    with sqlite.write() as session, pytest.raises(InvalidInput) as error:
        create_party(session, actor, clock, wanted)
    assert error.value.place == place


def test_code_and_gln_are_given_once(database: Database, actor: Actor, clock: FixedClock) -> None:
    with database.write() as session:
        party = create_party(session, actor, clock, PARTY)
    for again in (replace(PARTY, gln=None), replace(PARTY, code="A-2")):
        with pytest.raises(Conflict), database.write() as session:
            create_party(session, actor, clock, again)
    with database.write() as session:
        changed = change_party(session, actor, clock, ChangeParty(party.id, replace(PARTY, city="苏州"), revision=1))
        assert (changed.city, changed.gln, changed.revision) == ("苏州", "6901234000009", 2)


def test_a_role_holds_for_one_product_or_for_all(database: Database, actor: Actor, clock: FixedClock) -> None:
    with database.write() as session:
        maker = make_maker(session, actor, clock)
        wanted = GiveRole(maker.supplier.id, "contract_manufacturer", maker.plaster.id)
        give_role(session, actor, clock, wanted)
        give_role(session, actor, clock, wanted)
        give_role(session, actor, clock, GiveRole(maker.clinic.id, "distributor"))
    with database.read() as session:
        assert [row.code for row in parties_in_role(session, "contract_manufacturer", maker.plaster.id)] == ["SUP"]
        assert parties_in_role(session, "contract_manufacturer", maker.glue.id) == ()
        assert [row.code for row in parties_in_role(session, "distributor", maker.glue.id)] == ["CLINIC"]
    with database.write() as session:
        take_role(session, actor, clock, wanted)
    with database.read() as session:
        assert parties_in_role(session, "contract_manufacturer") == ()


def test_partners_are_searched_by_role_and_text(database: Database, actor: Actor, clock: FixedClock) -> None:
    with database.write() as session:
        make_maker(session, actor, clock)
    with database.read() as session:
        page = party_page(session, PartyFilter(role="user_facility"))
        assert [row.code for row in page.rows] == ["CLINIC", "HOSPITAL"]
        assert [row.code for row in party_page(session, PartyFilter(text="浙江")).rows] == ["HOSPITAL"]
        assert page.rows[0].contacts[0].email == "quality@clinic.example"


def test_a_site_has_a_real_zone_and_a_right_gln(database: Database, actor: Actor, clock: FixedClock) -> None:
    with database.write() as session:
        maker = make_maker(session, actor, clock)
        wanted = NewSite(maker.supplier.id, "DEPOT", "库", "Depot", gln="6901234000016", time_zone="Europe/Paris")
        site = create_site(session, actor, clock, wanted)
        with pytest.raises(InvalidInput):
            create_site(session, actor, clock, replace(wanted, code="D2", gln=None, time_zone="Mars/Base"))
        with pytest.raises(Gs1Error):
            create_site(session, actor, clock, replace(wanted, code="D2", gln="6901234000017"))
        changed = change_site(session, actor, clock, ChangeSite(site.id, replace(wanted, city="Paris")))
        assert (changed.city, changed.gln) == ("Paris", "6901234000016")
    with database.read() as session:
        assert [site.code for site in sites(session, only_own=True)] == ["PLANT"]


def test_the_numbers_that_authorities_know_a_party_by_are_kept_and_a_file_without_them_leaves_them(
        sqlite: Database, actor: Actor, clock: FixedClock) -> None:
    with sqlite.write() as session:
        made = create_party(session, actor, clock, replace(
            PARTY, postcode="215000", fei="3001234567", srn="cn-mf-000012345", duns="123456789", e2b_sender="alpha"))
        assert (made.fei, made.srn, made.e2b_sender) == ("3001234567", "CN-MF-000012345", "ALPHA")
    with sqlite.write() as session:
        line = Line(2, {"code": "A-1", "city": "苏州"})
        assert take_party(Desk(session, actor, clock, may_change=True), [line]) == Outcome.changed
    with sqlite.read() as session:
        after = session.get_one(Party, made.id)
        assert (after.city, after.fei, after.postcode, after.e2b_sender) == ("苏州", "3001234567", "215000", "ALPHA")
