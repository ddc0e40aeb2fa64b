"""Mail about recalls for whoever asked and confirmed: once for each event, ended by one click, nothing told of anybody."""
from __future__ import annotations

import email
import email.policy
import re
import socket
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.db.test_recall_revisions import BASE, WITHDRAWAL, correction
from tests.factories_recall import TEXTS, VAULT, House, Tray, make_house, running
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.core.errors import InvalidInput, NotFound, TooMany
from traceapp.db import Database
from traceapp.outbox.delivery import deliver_due
from traceapp.outbox.mail import mailer
from traceapp.outbox.model import OutboxMessage
from traceapp.recall.announcing import TELL_SUBSCRIBERS, Event, event_named
from traceapp.recall.public_model import RecallSubscriber, RecallSubscription, SubscriberMail
from traceapp.recall.revising import correct_notice, withdraw_notice
from traceapp.recall.subscriber_mail import KINDS, PublicSender, queue_news
from traceapp.recall.subscribing import (
    CONFIRM_DAYS,
    AskForMail,
    ask_for_mail,
    confirm_mail,
    end_mail,
    forget_unconfirmed,
    reseal_subscribers,
    subscribers_under_older_keys,
)
from traceapp.vault.service import Vault
from traceapp.worklist.model import WorkRow

NEWER = "bmV3ZXIta2V5LW9mLXRoZS10ZXN0LXN1aXRlISEhISE="


@pytest.fixture
def house(sqlite: Database, clock: FixedClock) -> House:
    return make_house(sqlite, clock)


def ask(database: Database, clock: FixedClock, address: str = "mother@home.example", language: str = "en",
        **about: str | None) -> None:
    with database.write() as session:
        ask_for_mail(session, clock, AskForMail(address, language, **about), vault=VAULT)


def sent(database: Database, clock: FixedClock, tray: Tray) -> int:
    sender = PublicSender(tray, VAULT, BASE, clock)
    return deliver_due(database, clock, sender.send, sender.settled, kinds=KINDS)


def confirmed(database: Database, clock: FixedClock, address: str = "mother@home.example", language: str = "en",
              **about: str | None) -> None:
    """Asked for, and the link of the mail followed."""
    tray = Tray()
    ask(database, clock, address, language, **about)
    sent(database, clock, tray)
    with database.write() as session:
        confirm_mail(session, clock, link_of(tray.letters[-1].text))


def link_of(text: str) -> str:
    found = re.search(r"/recalls/(?:subscribe|leave)/([\w-]+)\?lang=", text)
    assert found is not None
    return found[1]


def told(database: Database, clock: FixedClock) -> int:
    """Work off what waits, as the sweep does, and again: the second time must add nothing."""
    with database.write() as session:
        names = list(session.scalars(select(WorkRow.subject_key).where(WorkRow.kind == TELL_SUBSCRIBERS)))
        first = sum(queue_news(session, clock, name) for name in names)
        assert sum(queue_news(session, clock, name) for name in names) == 0
    return first


def counted(session: Session) -> tuple[int, ...]:
    return tuple(session.scalar(select(func.count()).select_from(table)) or 0
                 for table in (RecallSubscriber, RecallSubscription, SubscriberMail))


def test_nothing_is_sent_before_the_link_was_followed(sqlite: Database, clock: FixedClock, house: House) -> None:
    ask(sqlite, clock)
    tray = Tray()
    assert sent(sqlite, clock, tray) == 1
    assert tray.letters[0].to == "mother@home.example"
    assert "every recall" in tray.letters[0].text
    running(sqlite, clock, house)
    assert told(sqlite, clock) == 0
    with sqlite.read() as session:
        row = session.scalars(select(RecallSubscription)).one()
        stored = f"{row.confirm_hash}{row.sealed_confirm}{session.scalars(select(RecallSubscriber)).one().sealed_address}"
        payloads = str([message.payload for message in session.scalars(select(OutboxMessage))])
    for secret in (link_of(tray.letters[0].text), "home.example"):
        assert secret not in stored + payloads


def test_each_event_of_a_recall_is_one_mail_to_whom_it_concerns(database: Database, clock: FixedClock) -> None:
    house = make_house(database, clock)
    confirmed(database, clock, "all@home.example", "zh")
    confirmed(database, clock, "both@home.example", product_id=house.first.product_id)
    confirmed(database, clock, "Both@Home.example", lot_key=house.first.lot_key)
    confirmed(database, clock, "lot@home.example", lot_key=house.second.lot_key)
    confirmed(database, clock, "other@home.example", lot_key=house.other.lot_key)
    tray = Tray()
    recall = running(database, clock, house)
    assert told(database, clock) == 3
    assert (sent(database, clock, tray), sent(database, clock, tray)) == (3, 0)
    assert {letter.to for letter in tray.letters} == {"all@home.example", "both@home.example", "lot@home.example"}
    assert len({letter.message_id for letter in tray.letters}) == 3
    english = next(letter for letter in tray.letters if letter.to == "lot@home.example")
    for part in (TEXTS.title_en, TEXTS.risk_en, TEXTS.action_en, "P-2", f"{BASE}/recalls/{recall.reference}?lang=en"):
        assert part in english.text
    with database.write() as session:
        correct_notice(session, house.manager, clock, correction(recall.id))
    assert (told(database, clock), told(database, clock)) == (3, 0)
    with database.write() as session:
        withdraw_notice(session, house.manager, clock, replace(WITHDRAWAL, recall_id=recall.id))
    assert told(database, clock) == 3
    more = Tray()
    sent(database, clock, more)  # the correction came too late: the notice is withdrawn
    subjects = [letter.subject for letter in more.letters if letter.to == "lot@home.example"]
    assert [subject.partition(":")[0] for subject in subjects] == ["Recall notice withdrawn"]


def test_a_drill_is_told_to_nobody(sqlite: Database, clock: FixedClock, house: House) -> None:
    confirmed(sqlite, clock)
    drill = running(sqlite, clock, house, replace(TEXTS, root_lot_keys=(house.glue.lot_key,), is_drill=True))
    with sqlite.write() as session:
        assert session.scalar(select(WorkRow.id).where(WorkRow.kind == TELL_SUBSCRIBERS)) is None
        assert queue_news(session, clock, Event(drill.id, "scope", 1).name) == 0


def test_a_real_server_gets_the_headers_of_one_click(sqlite: Database, clock: FixedClock, house: House) -> None:
    confirmed(sqlite, clock)
    running(sqlite, clock, house)
    told(sqlite, clock)
    taken: list[EmailMessage] = []

    class Inbox:
        async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:
            taken.append(email.message_from_bytes(envelope.content, policy=email.policy.default))  # type: ignore[arg-type]
            return "250 taken"

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = Controller(Inbox(), hostname="127.0.0.1", port=port)
    server.start()
    try:
        post = mailer(f"smtp://127.0.0.1:{port}", "recall@maker.example", Path("unused"))
        assert (sent(sqlite, clock, post), sent(sqlite, clock, post)) == (1, 0)  # type: ignore[arg-type]
    finally:
        server.stop()
    (letter,) = taken
    with sqlite.read() as session:
        who = session.scalars(select(RecallSubscriber)).one()
        token = VAULT.open_text(who.sealed_leave, f"recall_subscriber:{who.id}")
    assert letter["List-Unsubscribe"] == f"<{BASE}/recalls/leave/{token}>"
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert f"/recalls/leave/{token}" in letter.get_content()


def test_one_click_ends_everything_and_deletes_the_address(sqlite: Database, clock: FixedClock, house: House) -> None:
    confirmed(sqlite, clock)
    confirmed(sqlite, clock, lot_key=house.first.lot_key)
    running(sqlite, clock, house)
    told(sqlite, clock)
    with sqlite.read() as session:
        who = session.scalars(select(RecallSubscriber)).one()
        token = VAULT.open_text(who.sealed_leave, f"recall_subscriber:{who.id}")
        assert counted(session) == (1, 2, 1)
    with sqlite.write() as session:
        assert end_mail(session, clock, token)
        assert not end_mail(session, clock, token)
        assert counted(session) == (0, 0, 0)
    tray = Tray()
    sent(sqlite, clock, tray)
    assert tray.letters == []


def test_who_asks_again_learns_nothing_of_an_address_that_is_known(sqlite: Database, clock: FixedClock) -> None:
    confirmed(sqlite, clock)
    ask(sqlite, clock)
    tray = Tray()
    assert sent(sqlite, clock, tray) == 1
    assert tray.letters[0].subject == "Please confirm: mail about recalls"
    assert "/recalls/leave/" not in tray.letters[0].text, "what is to confirm does not end"
    clock.move_to(clock.now() + timedelta(days=CONFIRM_DAYS + 1))
    with sqlite.write() as session:
        assert counted(session)[:2] == (1, 1)
        assert session.scalars(select(RecallSubscription)).one().confirmed_at is not None
        assert confirm_mail(session, clock, link_of(tray.letters[0].text)).confirmed_at is not None


def test_each_of_several_mails_confirms_and_none_goes_out_after_that(sqlite: Database, clock: FixedClock) -> None:
    first, second, third = Tray(), Tray(), Tray()
    for tray in (first, second):
        ask(sqlite, clock)
        sent(sqlite, clock, tray)
    ask(sqlite, clock)
    with sqlite.write() as session:
        confirm_mail(session, clock, link_of(first.letters[0].text))
    assert (sent(sqlite, clock, third), third.letters) == (1, [])
    with sqlite.write() as session:
        assert confirm_mail(session, clock, link_of(second.letters[0].text)).confirmed_at == clock.now()


def test_what_was_not_confirmed_in_time_is_deleted_with_its_address(database: Database, clock: FixedClock) -> None:
    house = make_house(database, clock)
    confirmed(database, clock, "stays@home.example")
    ask(database, clock, "stays@home.example", lot_key=house.first.lot_key)
    ask(database, clock, "goes@home.example")
    tray = Tray()
    sent(database, clock, tray)
    clock.move_to(clock.now() + timedelta(days=CONFIRM_DAYS, seconds=1))
    with pytest.raises(NotFound), database.write() as session:
        confirm_mail(session, clock, link_of(tray.letters[-1].text))
    with database.write() as session:
        assert forget_unconfirmed(session, clock) == 2
        assert forget_unconfirmed(session, clock) == 0
        assert counted(session)[:2] == (1, 1)


def test_an_address_is_written_to_a_few_times_a_day_only(sqlite: Database, clock: FixedClock) -> None:
    for _time in range(5):
        ask(sqlite, clock)
    with pytest.raises(TooMany):
        ask(sqlite, clock)
    ask(sqlite, clock, "another@home.example")


def test_what_cannot_be_is_refused(sqlite: Database, clock: FixedClock) -> None:
    faults: tuple[tuple[str, dict[str, str], type[Exception]], ...] = (
        ("", {}, InvalidInput), ("no address", {}, InvalidInput), ("a@b\nBcc: c@d.example", {}, InvalidInput),
        ("a@home.example", {"product_id": "nothing"}, NotFound), ("a@home.example", {"lot_key": "nothing"}, NotFound))
    for address, about, error in faults:
        with pytest.raises(error):
            ask(sqlite, clock, address, **about)
    with sqlite.read() as session:
        assert counted(session) == (0, 0, 0)


def test_many_are_told_step_by_step(sqlite: Database, clock: FixedClock, house: House,
                                    monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("traceapp.recall.subscriber_mail._A_STEP", 2)
    for number in range(5):
        confirmed(sqlite, clock, f"n{number}@home.example")
    running(sqlite, clock, house)
    with sqlite.write() as session:
        done, asked = set[str](), list[int]()
        while rows := [row for row in session.scalars(select(WorkRow.subject_key).where(
                WorkRow.kind == TELL_SUBSCRIBERS)) if row not in done]:
            done.update(rows)
            asked += [queue_news(session, clock, row) for row in rows]
        assert asked == [2, 2, 1]
        assert counted(session)[2] == 5


def test_a_new_key_of_the_vault_finds_addresses_and_links_again(sqlite: Database, clock: FixedClock,
                                                                actor: Actor) -> None:
    confirmed(sqlite, clock)
    both = Vault(f"{NEWER},YS12YXVsdC1rZXktb2YtdGhlLXRlc3Qtc3VpdGUhISE=")
    with sqlite.write() as session:
        assert subscribers_under_older_keys(session, both) == 1
        assert reseal_subscribers(session, actor, clock, 10, vault=both).moved == 1
        assert subscribers_under_older_keys(session, both) == 0
    with sqlite.write() as session:
        ask_for_mail(session, clock, AskForMail("mother@home.example", "en"), vault=Vault(NEWER))
        assert counted(session)[:2] == (1, 1)


def test_a_name_of_an_event_is_read_as_it_was_written() -> None:
    event = Event("0" * 32, "revision", 12)
    assert event_named(event.name) == event
    assert len(event.name + " " + "0" * 32) <= 80
