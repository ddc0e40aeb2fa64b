"""A notice goes by mail and by text message, as its reader can be reached and wishes; each is recorded for itself."""
from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from tests.factories import PASSWORD
from tests.factories_recall import VAULT, House, Tray, make_house, running, submitted, token_of
from tests.gateways import Gateway
from traceapp.catalog.model import Party, PartyContact
from traceapp.catalog.parties import ChangeContact, NewContact, change_contact
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict
from traceapp.db import Database
from traceapp.outbox.delivery import deliver_due
from traceapp.outbox.gateway import HttpGateway, TextPost
from traceapp.outbox.model import OutboxAttempt, OutboxMessage
from traceapp.recall.executing import tries_of
from traceapp.recall.letter_templates import FIRST, PRESENT
from traceapp.recall.model import Notice, Recall
from traceapp.recall.notices import NOT_SENT_TASK, UNCERTAIN_TASK
from traceapp.recall.printing import Printed, Whom, postal_letters
from traceapp.recall.sending import NoticeSender
from traceapp.recall.service import ApproveRecall, approve_recall
from traceapp.worklist.tasks import open_tasks

MOBILE = "+86 138 0000 0000"


def reached(database: Database, clock: FixedClock, house: House, **contact: Any) -> Recall:
    """A running recall whose clinic has one contact that is reached so."""
    with database.write() as session:
        present = session.scalars(select(PartyContact).where(PartyContact.party_id == house.maker.clinic.id)).one()
        change_contact(session, house.writer, clock, ChangeContact(present.id, NewContact("Nurse", **contact)))
    return running(database, clock, house)


def send(database: Database, clock: FixedClock, texts: TextPost | None) -> Tray:
    tray = Tray()
    sender = NoticeSender(tray, VAULT, "https://recall.example", clock, texts)
    deliver_due(database, clock, sender.send, sender.settled)
    return tray


def clinic(database: Database, recall: Recall, house: House) -> tuple[str, list[str]]:
    """State of its notice, and the kinds of tasks about it."""
    with database.read() as session:
        notice = session.get_one(Notice, (recall.id, house.maker.clinic.id))
        return str(notice.state), sorted(task.kind for task in open_tasks(session)
                                         if task.about in (f"notice:{notice.id}", f"recall:{recall.id}")
                                         and task.kind.startswith("recall."))


def test_both_ways_bear_the_same_link_and_count_as_two(database: Database, clock: FixedClock) -> None:
    house = make_house(database, clock)
    recall = reached(database, clock, house, email="n@clinic.example", mobile=MOBILE, language="en")
    with Gateway() as gateway:
        tray = send(database, clock, HttpGateway(gateway.url, ""))
    link = f"https://recall.example/r/{token_of(database, recall, house.maker.clinic.id)}"
    (letter,) = [one for one in tray.letters if one.to == "n@clinic.example"]
    (heard,) = gateway.heard
    assert link in letter.text
    assert link in letter.html
    assert link in heard.body["text"]
    assert (heard.body["to"], heard.body["language"]) == ("+8613800000000", "en")
    assert clinic(database, recall, house) == ("sent", [])
    with database.read() as session:
        notice = session.get_one(Notice, (recall.id, house.maker.clinic.id))
        assert sorted(tries_of(session, recall.id, [(notice.consignee_id, notice.id)])[notice.consignee_id]) == [
            "e-mail", "text"]
        messages = {message.id: message for message in session.scalars(select(OutboxMessage))}
        assert heard.headers["Idempotency-Key"] in messages
        assert session.get(OutboxAttempt, (heard.body["id"], 1)) is not None


@pytest.mark.parametrize(("wish", "letters", "texts"), [("all", 1, 1), ("mail", 1, 0), ("text", 0, 1)])
def test_a_wish_is_followed(sqlite: Database, clock: FixedClock, wish: str, letters: int, texts: int) -> None:
    house = make_house(sqlite, clock)
    reached(sqlite, clock, house, email="n@clinic.example", mobile=MOBILE, notice_way=wish)
    with Gateway() as gateway:
        tray = send(sqlite, clock, HttpGateway(gateway.url, ""))
    assert ([one.to for one in tray.letters].count("n@clinic.example"), len(gateway.heard)) == (letters, texts)


@pytest.mark.parametrize(("gateway", "state", "task"), [
    (Gateway(dies=True), "uncertain", UNCERTAIN_TASK), (Gateway(422), "not_sent", NOT_SENT_TASK)])
def test_what_a_gateway_did_not_clearly_take_is_work(sqlite: Database, clock: FixedClock, gateway: Gateway, state: str,
                                                     task: str) -> None:
    house = make_house(sqlite, clock)
    recall = reached(sqlite, clock, house, mobile=MOBILE)
    with gateway:
        send(sqlite, clock, HttpGateway(gateway.url, ""))
        send(sqlite, clock, HttpGateway(gateway.url, ""))
    assert clinic(sqlite, recall, house) == (state, [task])
    assert len(gateway.heard) == 1


def test_without_a_gateway_a_letter_is_enough(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    recall = reached(sqlite, clock, house, email="n@clinic.example", mobile=MOBILE)
    send(sqlite, clock, None)
    assert clinic(sqlite, recall, house) == ("sent", [])


def test_without_a_gateway_who_has_only_a_mobile_number_is_work(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    recall = reached(sqlite, clock, house, mobile=MOBILE)
    send(sqlite, clock, None)
    assert clinic(sqlite, recall, house) == ("not_sent", [NOT_SENT_TASK])


def test_the_signatures_cover_the_templates_and_letters_keep_theirs(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    recall = submitted(sqlite, clock, house)
    assert recall.letter_version == PRESENT
    with sqlite.write() as session:
        session.get_one(Recall, recall.id).letter_version = FIRST
    with pytest.raises(Conflict) as refused, sqlite.write() as session:
        approve_recall(session, house.manager, clock, ApproveRecall(recall.id, PASSWORD, "yes"), vault=VAULT)
    assert refused.value.code == "not-what-was-signed"
    with sqlite.write() as session:
        session.get_one(Recall, recall.id).letter_version = PRESENT
        approve_recall(session, house.manager, clock, ApproveRecall(recall.id, PASSWORD, "yes"), vault=VAULT)
    assert all("PRODUCT SAFETY RECALL" in letter.text for letter in send(sqlite, clock, None).letters)


def test_a_recall_from_before_versions_keeps_its_first_letters(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    recall = running(sqlite, clock, house)
    with sqlite.write() as session:
        session.get_one(Recall, recall.id).letter_version = None
    letters = send(sqlite, clock, None).letters
    assert letters
    assert all("PRODUCT SAFETY RECALL" not in letter.text and "1. Stop using" in letter.text for letter in letters)


ADDRESSES = (
    ("zh", "CN", ("江苏", "苏州", "星湖街 1 号"), ("215000", "江苏苏州星湖街 1 号", "二院", "采购 王敏")),
    ("zh", "CN", ("江苏省", "苏州市", "苏州市星湖街 1 号"), ("215000", "江苏省苏州市星湖街 1 号", "二院", "采购 王敏")),
    ("zh", "CN", ("江苏省", "苏州市", "江苏省苏州市星湖街 1 号"), ("215000", "江苏省苏州市星湖街 1 号", "二院", "采购 王敏")),
    ("zh", "CN", ("上海", "上海", "徐汇区 1 号"), ("215000", "上海徐汇区 1 号", "二院", "采购 王敏")),
    ("zh", "CN", ("", "", ""), ("215000", "二院", "采购 王敏")),
    ("en", "CN", ("Jiangsu", "Suzhou", "1 Lake Road"),
     ("Hospital Two", "采购 王敏", "1 Lake Road", "215000 Suzhou Jiangsu")),
    ("en", "CN", ("安徽", "合肥", "合肥示例路 1 号"), ("215000", "安徽合肥示例路 1 号", "二院", "采购 王敏")),
    ("zh", "CN", ("Jiangsu", "Suzhou", "1 Lake Road"), ("二院", "采购 王敏", "1 Lake Road", "215000 Suzhou Jiangsu")),
    ("zh", "DE", ("", "Berlin", "Seestr. 1"), ("二院", "采购 王敏", "Seestr. 1", "215000 Berlin", "德国 GERMANY")))


@pytest.mark.parametrize(("language", "country", "place", "lines"), ADDRESSES)
def test_an_address_on_paper_is_in_the_order_of_the_language_that_it_is_written_in(
        sqlite: Database, clock: FixedClock, language: str, country: str, place: tuple[str, str, str],
        lines: tuple[str, ...]) -> None:
    house = make_house(sqlite, clock)
    with sqlite.write() as session:
        party = session.get_one(Party, house.maker.hospital.id)
        party.country, party.postcode, party.name_zh = country, "215000", "二院"
        party.region, party.city, party.address = place
        for contact in session.scalars(select(PartyContact).where(PartyContact.party_id == party.id)):
            contact.language, contact.duty, contact.name = language, "采购", "王敏"
    recall = running(sqlite, clock, house)
    with sqlite.read() as session:
        found = {letter.facts.consignee["en"]: letter.address for letter in postal_letters(
            session, session.get_one(Recall, recall.id), Printed(Whom.all), vault=VAULT, base_url="https://x.example")}
    assert found["Hospital Two"] == lines


def test_a_letter_on_paper_names_the_country_where_it_goes_abroad(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    with sqlite.write() as session:
        session.get_one(Party, house.maker.hospital.id).country = "CH"
    recall = running(sqlite, clock, house)
    with sqlite.read() as session:
        found = {letter.facts.consignee["en"]: letter.address[-1] for letter in postal_letters(
            session, session.get_one(Recall, recall.id), Printed(Whom.all), vault=VAULT, base_url="https://x.example")}
    assert found["Hospital Two"] == "瑞士 SWITZERLAND"
    assert not any("CHINA" in line for line in found.values())
