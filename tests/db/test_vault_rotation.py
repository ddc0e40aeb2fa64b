"""A new key for the vault: everything moves under it, in pieces, and the old one is then not needed any more."""
from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.factories_recall import House, Tray, make_house, running, token_of
from traceapp.audit.entries import entries_of
from traceapp.cli import main
from traceapp.cli.vault import Part, Rotation, parts, rotate_part
from traceapp.complaint.drafts import read_draft, start_draft
from traceapp.config import Settings
from traceapp.core.actor import PUBLIC, Actor
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.outbox.delivery import deliver_due
from traceapp.recall.answer import notice_of_token
from traceapp.recall.model import Notice
from traceapp.recall.notices import sealed_about
from traceapp.recall.sending import NoticeSender
from traceapp.vault.model import Person
from traceapp.vault.service import (
    PersonDetails,
    SealPerson,
    Step,
    Vault,
    erase_person,
    persons_with_contact,
    reveal_person,
    seal_person,
)
from traceapp.world import World, build_world

NOTHING = {"persons": 0, "drafts": 0, "notices": 0, "passed": 0, "subscribers": 0, "reports": 0, "files": 0,
           "subscriptions": 0}
NEW_KEY = base64.urlsafe_b64encode(b"another key of thirty-two bytes!").decode()
LOST_KEY = base64.urlsafe_b64encode(b"a key that nobody has any more!!").decode()
PHONE = "13900001234"


@pytest.fixture
def before(settings: Settings, database: Database, clock: FixedClock) -> World:
    """The world under the old key."""
    return build_world(settings, database=database, clock=clock)


@pytest.fixture
def after(settings: Settings, database: Database, clock: FixedClock) -> World:
    """The world with the new key first."""
    return build_world(replace(settings, vault_key=f"{NEW_KEY},{settings.vault_key}"), database=database, clock=clock)


def sealed(here: World, count: int, vault: Vault | None = None) -> list[str]:
    with here.database.write() as session:
        return sorted(seal_person(session, PUBLIC, here.clock, SealPerson(PersonDetails(name="Li", phone=PHONE)),
                                  vault=vault or here.vault).id for _ in range(count))


def rotated(here: World, limit: int = 100) -> Rotation:
    done = Rotation()
    for part in parts():
        rotate_part(here, part, done, limit)
    return done


def left(here: World) -> list[int]:
    with here.database.read() as session:
        return [part.waiting(session, here.vault) for part in parts()]


def test_persons_drafts_and_links_open_under_the_new_key_alone(before: World, after: World, actor: Actor,
                                                               clock: FixedClock) -> None:
    house: House = make_house(before.database, clock)
    recall = running(before.database, clock, house)
    link = token_of(before.database, recall, house.maker.clinic.id)
    persons = sealed(before, 3)
    with before.database.write() as session:
        draft = start_draft(session, clock, {"narrative": "Red skin"}, vault=before.vault)
    assert left(after) == [3, 1, 2, 0, 0, 0, 0, 0]
    assert rotated(after, 2).moved == NOTHING | {"persons": 3, "drafts": 1, "notices": 2}
    assert left(after) == [0] * 8
    new = Vault(NEW_KEY)
    with before.database.write() as session:
        assert [reveal_person(session, actor, clock, one, "Call back", vault=new).phone for one in persons] == [PHONE] * 3
        assert persons_with_contact(session, PHONE, vault=new) == persons
        assert read_draft(session, clock, draft, vault=new).answers == {"narrative": "Red skin"}
        notice = session.get_one(Notice, (recall.id, house.maker.clinic.id))
        assert new.open_text(notice.sealed_token, sealed_about(notice.id)) == link
        assert notice_of_token(session, link).reference == recall.reference
        assert entries_of(session, f"notice:{notice.id}", 1)[0].action == "notice.resealed"
        assert entries_of(session, f"person:{persons[0]}", 1)[0].action == "person.resealed"


def test_a_second_rotation_finds_nothing_to_do(before: World, after: World) -> None:
    sealed(before, 2)
    rotated(after)
    with after.database.read() as session:
        texts = session.scalars(select(Person.sealed).order_by(Person.id)).all()
    assert rotated(after).moved == NOTHING
    with after.database.read() as session:
        assert session.scalars(select(Person.sealed).order_by(Person.id)).all() == texts


def test_an_interrupted_rotation_keeps_what_was_moved_and_goes_on(before: World, after: World) -> None:
    sealed(before, 5)
    persons, calls = parts()[0], []

    def interrupted(*given: object, **named: object) -> Step:
        step: Step = persons.reseal(*given, **named)
        calls.append(step)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return step

    done = Rotation()
    with pytest.raises(KeyboardInterrupt):
        rotate_part(after, Part("persons", persons.waiting, interrupted), done, 1)
    assert (done.moved, left(after)[0]) == ({"persons": 2}, 3)
    assert rotated(after, 2).moved["persons"] == 3
    assert left(after)[0] == 0


def test_what_cannot_be_opened_is_named_and_does_not_hold_up_the_others(before: World, after: World) -> None:
    lost, good = sealed(before, 2, Vault(LOST_KEY)), sealed(before, 2)
    done = rotated(after, 1)
    assert done.moved["persons"] == 2
    assert done.unreadable == [f"persons {one}: vault-key-missing" for one in lost]
    assert left(after)[0] == 2
    with after.database.read() as session:
        assert {session.get_one(Person, one).key_id for one in good} == {after.vault.key_id}


def test_an_erased_person_stays_erased(before: World, after: World, actor: Actor, clock: FixedClock) -> None:
    (person_id,) = sealed(before, 1)
    with before.database.write() as session:
        erase_person(session, actor, clock, person_id, "Asked for by letter")
    assert rotated(after).moved["persons"] == 0
    with before.database.read() as session:
        assert session.get_one(Person, person_id).sealed is None


def test_letters_carry_the_same_links_without_the_old_key(before: World, after: World, clock: FixedClock) -> None:
    house = make_house(before.database, clock)
    recall = running(before.database, clock, house)
    links = {token_of(before.database, recall, party.id) for party in (house.maker.clinic, house.maker.hospital)}
    rotated(after)
    tray = Tray()
    sender = NoticeSender(tray, Vault(NEW_KEY), "https://recall.example", clock)
    deliver_due(before.database, clock, sender.send, sender.settled)
    assert tray.letters
    assert all(any(link in letter.text for link in links) for letter in tray.letters)


@pytest.fixture
def command(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of the command, under the new key and the old one."""
    monkeypatch.setenv("TRACEAPP_VAR_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("TRACEAPP_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("TRACEAPP_SECRET_KEY", settings.secret_key)
    monkeypatch.setenv("TRACEAPP_VAULT_KEY", f"{NEW_KEY},{settings.vault_key}")


def test_the_command_says_what_was_moved(command: None, sqlite: Database, settings: Settings, clock: FixedClock,
                                         capsys: pytest.CaptureFixture[str]) -> None:
    sealed(build_world(settings, database=sqlite, clock=clock), 3)
    assert main(["vault", "rotate"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out) == {"ok": True, "key": Vault(NEW_KEY).key_id, "left": 0, "unreadable": 0,
                                    "moved": NOTHING | {"persons": 3}}
    assert "persons: 3 moved" in said.err


def test_the_command_fails_while_something_is_left(command: None, sqlite: Database, settings: Settings,
                                                   clock: FixedClock, capsys: pytest.CaptureFixture[str]) -> None:
    here = build_world(settings, database=sqlite, clock=clock)
    (lost,) = sealed(here, 1, Vault(LOST_KEY))
    assert main(["vault", "rotate"]) == 1
    said = capsys.readouterr()
    assert (json.loads(said.out)["left"], json.loads(said.out)["unreadable"]) == (1, 1)
    assert f"persons {lost}: vault-key-missing" in said.err


def test_an_interrupted_command_says_where_it_stands(
        command: None, sqlite: Database, settings: Settings, clock: FixedClock, monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str]) -> None:
    sealed(build_world(settings, database=sqlite, clock=clock), 2)

    def interrupted(*_given: object, **_named: object) -> Step:
        raise KeyboardInterrupt

    monkeypatch.setattr("traceapp.vault.service.reseal_persons", interrupted)
    assert main(["vault", "rotate"]) == 1
    said = capsys.readouterr()
    assert (json.loads(said.out)["ok"], json.loads(said.out)["left"]) == (False, 2)
    assert "run it again" in said.err
