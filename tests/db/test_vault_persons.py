"""Persons: sealed with a key outside the database, seen only for a recorded reason, erased for good."""
from __future__ import annotations

import base64
from dataclasses import replace

import pytest
from sqlalchemy import text

from traceapp.audit.entries import entries_of
from traceapp.config import Settings
from traceapp.core.actor import PUBLIC, Actor
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from traceapp.db import Database
from traceapp.identity.policy import permissions_of
from traceapp.jobs.sealing_sweep import hash_second_contacts
from traceapp.models import metadata
from traceapp.vault.model import Person
from traceapp.vault.service import (
    PersonDetails,
    SealPerson,
    Step,
    Vault,
    VaultError,
    accesses_of,
    erase_person,
    erased_at,
    persons_with_contact,
    reseal_persons,
    reveal_person,
    seal_person,
)
from traceapp.world import build_world

KEY = base64.urlsafe_b64encode(b"a test key of thirty-two bytes!!").decode()
NEW_KEY = base64.urlsafe_b64encode(b"another key of thirty-two bytes!").decode()
VAULT = Vault(KEY)
DETAILS = PersonDetails(name="Planted Person", phone="139 0000 1234", email="planted@example.org")


def sealed(database: Database, clock: FixedClock, details: PersonDetails = DETAILS, *, is_minor: bool = False) -> str:
    with database.write() as session:
        return seal_person(session, PUBLIC, clock, SealPerson(details, is_minor), vault=VAULT).id


def dump(database: Database) -> str:
    """Every value of every table as text."""
    with database.reading() as connection:
        rows = [str(tuple(row)) for table in metadata.sorted_tables
                for row in connection.execute(text(f'SELECT * FROM "{table.name}"'))]
    return "\n".join(rows)


def test_what_was_sealed_is_seen_again_and_the_look_is_recorded(
        database: Database, clock: FixedClock, actor: Actor) -> None:
    person_id = sealed(database, clock)
    with database.write() as session:
        seen = reveal_person(session, actor, clock, person_id, "Call back about the rash", vault=VAULT)
    assert (seen.name, seen.phone, seen.email) == ("Planted Person", "139 0000 1234", "planted@example.org")
    with database.read() as session:
        (access,) = accesses_of(session, person_id)
        assert (access.actor_id, access.at, access.reason) == (actor.id, clock.now(), "Call back about the rash")


@pytest.mark.parametrize("reason", ["", "  ", "ok"])
def test_nobody_looks_without_a_reason(database: Database, clock: FixedClock, actor: Actor, reason: str) -> None:
    person_id = sealed(database, clock)
    with pytest.raises(InvalidInput) as refused, database.write() as session:
        reveal_person(session, actor, clock, person_id, reason, vault=VAULT)
    assert refused.value.place == "reason"
    with database.read() as session:
        assert accesses_of(session, person_id) == []


def test_quality_may_look_and_only_its_manager_may_erase(database: Database, clock: FixedClock) -> None:
    person_id = sealed(database, clock)
    quality = Actor(id="u-quality", role="quality", scopes=permissions_of("quality") | {"person.erase"})
    with database.write() as session:
        assert reveal_person(session, quality, clock, person_id, "Call back", vault=VAULT).name == "Planted Person"
    with pytest.raises(Forbidden), database.write() as session:
        erase_person(session, quality, clock, person_id, "Asked for by letter")
    with database.read() as session:
        assert erased_at(session, person_id) is None


@pytest.mark.parametrize("role", ["operator", "regulator", "administrator", "public", "system"])
def test_only_quality_sees_a_person_and_nobody_else_erases_one(database: Database, clock: FixedClock, role: str) -> None:
    person_id = sealed(database, clock)
    other = Actor(id="u-other", role=role, scopes=frozenset({"person.reveal", "person.erase"}))
    with pytest.raises(Forbidden), database.write() as session:
        reveal_person(session, other, clock, person_id, "just looking", vault=VAULT)
    with pytest.raises(Forbidden), database.write() as session:
        erase_person(session, other, clock, person_id, "just erasing")


def test_a_token_without_the_scope_sees_and_erases_nobody_though_its_user_could(
        database: Database, clock: FixedClock, actor: Actor) -> None:
    person_id = sealed(database, clock)
    token = replace(actor, scopes=frozenset({"complaint.read", "complaint.write"}), source="token:ta_1")
    with pytest.raises(Forbidden), database.write() as session:
        reveal_person(session, token, clock, person_id, "just looking", vault=VAULT)
    with pytest.raises(Forbidden), database.write() as session:
        erase_person(session, token, clock, person_id, "just erasing")
    with database.read() as session:
        assert accesses_of(session, person_id) == []


def test_no_personal_value_stands_anywhere_in_the_database(
        database: Database, clock: FixedClock, actor: Actor) -> None:
    person_id = sealed(database, clock)
    with database.write() as session:
        reveal_person(session, actor, clock, person_id, "Call back", vault=VAULT)
    whole = dump(database)
    assert person_id in whole
    for planted in ("Planted", "1234", "planted@example.org", "139 0000"):
        assert planted not in whole.replace(person_id, "")


@pytest.mark.parametrize("contact", ["13900001234", "+86 139-0000-1234", "PLANTED@example.org "])
def test_somebody_who_gave_both_is_found_by_telephone_and_by_mail(database: Database, clock: FixedClock,
                                                                  contact: str) -> None:
    person_id = sealed(database, clock)
    sealed(database, clock, PersonDetails(name="Another", phone="139 0000 9999", email="another@example.org"))
    with database.read() as session:
        assert persons_with_contact(session, contact, vault=VAULT) == [person_id]


def test_persons_from_before_are_found_by_mail_once_the_job_has_seen_them(sqlite: Database, clock: FixedClock,
                                                                          settings: Settings) -> None:
    broken, both, phone = (sealed(sqlite, clock, details) for details in (
        DETAILS, DETAILS, PersonDetails(name="No mail", phone="139 0000 9999")))
    with sqlite.write() as session:
        session.execute(text("UPDATE vault_person SET mail_hash = NULL"))
        session.execute(text("UPDATE vault_person SET sealed = 'x' || sealed WHERE id = :id"), {"id": broken})
    world = replace(build_world(settings, database=sqlite, clock=clock), vault=VAULT)
    assert (hash_second_contacts(world), hash_second_contacts(world)) == (2, 0)
    with sqlite.read() as session:
        assert persons_with_contact(session, "planted@example.org", vault=VAULT) == [both]
        assert session.get_one(Person, phone).mail_hash == ""
        assert {entry.action for entry in entries_of(session, f"person:{both}")} == {"person.sealed", "person.hashed"}


def test_erasure_removes_the_text_and_the_hash_and_keeps_the_row(
        database: Database, clock: FixedClock, actor: Actor) -> None:
    person_id = sealed(database, clock)
    with database.write() as session:
        erase_person(session, actor, clock, person_id, "Asked for by letter")
    with database.read() as session:
        person = session.get_one(Person, person_id)
        assert (person.sealed, person.contact_hash, person.mail_hash, person.erased_at) == (
            None, None, None, clock.now())
        assert erased_at(session, person_id) == clock.now()
        assert persons_with_contact(session, "13900001234", vault=VAULT) == []
    with pytest.raises(Conflict) as refused, database.write() as session:
        reveal_person(session, actor, clock, person_id, "Call back", vault=VAULT)
    assert refused.value.code == "person-erased"
    with pytest.raises(Conflict), database.write() as session:
        erase_person(session, actor, clock, person_id, "once more")


def test_the_same_telephone_is_found_however_it_was_written(database: Database, clock: FixedClock) -> None:
    first = sealed(database, clock)
    with database.read() as session:
        for written in ("13900001234", "+86 139-0000-1234", "0086 139 0000 1234", "１３９００００１２３４"):
            assert persons_with_contact(session, written, vault=VAULT) == [first]
        assert persons_with_contact(session, "13900001235", vault=VAULT) == []


def test_a_child_needs_a_guardian_who_can_be_reached(database: Database, clock: FixedClock) -> None:
    with pytest.raises(InvalidInput) as refused:
        sealed(database, clock, DETAILS, is_minor=True)
    assert refused.value.place == "guardian_name"
    with pytest.raises(InvalidInput) as refused:
        sealed(database, clock, PersonDetails(name="Child", guardian_name="Parent"), is_minor=True)
    assert refused.value.place == "phone"
    person_id = sealed(database, clock, PersonDetails(guardian_name="Parent", email="p@example.org"), is_minor=True)
    with database.read() as session:
        person = session.get_one(Person, person_id)
        assert (person.is_minor, person.has_guardian) == (True, True)


@pytest.mark.parametrize(("details", "place"), [
    (PersonDetails(phone="12"), "phone"), (PersonDetails(email="planted example"), "email"),
    (PersonDetails(name="Planted" * 40), "name")])
def test_a_refusal_names_the_field_and_never_the_value(
        database: Database, clock: FixedClock, details: PersonDetails, place: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        sealed(database, clock, details)
    assert refused.value.place == place
    assert "planted" not in (str(refused.value) + repr(refused.value.params) + repr(details)).lower()


def test_an_unknown_person_is_not_found(database: Database, clock: FixedClock, actor: Actor) -> None:
    with pytest.raises(NotFound), database.write() as session:
        reveal_person(session, actor, clock, "0" * 32, "Call back", vault=VAULT)


def test_after_a_rotation_old_persons_open_and_move_to_the_new_key(
        database: Database, clock: FixedClock, actor: Actor) -> None:
    person_id = sealed(database, clock)
    both = Vault(f"{NEW_KEY},{KEY}")
    with database.read() as session:
        assert persons_with_contact(session, "13900001234", vault=both) == [person_id]
    with database.write() as session:
        assert reseal_persons(session, actor, clock, 100, vault=both) == Step(1, (), person_id)
    with database.write() as session:
        assert reseal_persons(session, actor, clock, 100, vault=both) == Step(0, (), None)
        seen = reveal_person(session, actor, clock, person_id, "Call back", vault=Vault(NEW_KEY))
        assert seen.name == "Planted Person"
        assert persons_with_contact(session, "13900001234", vault=Vault(NEW_KEY)) == [person_id]
    with pytest.raises(VaultError) as refused, database.write() as session:
        reveal_person(session, actor, clock, person_id, "Call back", vault=VAULT)
    assert refused.value.code == "vault-key-missing"


def test_sealed_text_does_not_open_at_another_place_or_when_changed() -> None:
    text_ = VAULT.seal_text("secret", "report_draft:1")
    assert VAULT.open_text(text_, "report_draft:1") == "secret"
    assert VAULT.seal_text("secret", "report_draft:1") != text_
    changed = text_[:-6] + ("A" if text_[-6] != "A" else "B") + text_[-5:]
    for sealed_text, about in ((text_, "report_draft:2"), (changed, "report_draft:1"), ("x.y", "report_draft:1"),
                               (text_[:9], "report_draft:1")):
        with pytest.raises(VaultError):
            VAULT.open_text(sealed_text, about)


@pytest.mark.parametrize("key", ["", "short", base64.b64encode(b"x" * 31).decode(), "not base64 at all" * 3])
def test_a_key_that_is_no_key_is_refused_with_the_way_to_make_one(key: str) -> None:
    with pytest.raises(VaultError) as refused:
        Vault(key)
    assert refused.value.place == "TRACEAPP_VAULT_KEY"
    assert key == "" or key not in refused.value.text


def test_the_vault_and_its_derived_secrets_never_show_the_key() -> None:
    assert KEY not in repr(VAULT)
    assert VAULT.token_for("complaint:1") == Vault(KEY).token_for("complaint:1") != VAULT.token_for("complaint:2")
    assert VAULT.hmac_secret("proof") != VAULT.hmac_secret("other")
