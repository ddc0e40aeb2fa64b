"""The pages about telling: notices before approval, letters on paper, work that is left, the telephone, passing on."""
from __future__ import annotations

import re

import pytest
from flask_babel import force_locale
from sqlalchemy import select
from werkzeug.test import TestResponse

from tests.factories import PASSWORD
from tests.factories_cases import world_of
from tests.factories_complaint import a_report, scanned
from tests.factories_recall import Tray, decided, submitted
from tests.factories_web import Browser, Console
from tests.web.test_console_recalls import Office
from traceapp.complaint.service import submit_complaint
from traceapp.core.actor import PUBLIC
from traceapp.identity.model import User
from traceapp.outbox.delivery import Delivery, deliver_due
from traceapp.outbox.mail import Letter
from traceapp.recall import printing
from traceapp.recall.announcing import Event
from traceapp.recall.consumers import CONSUMER_KINDS, ConsumerSender, tell_consumers
from traceapp.recall.handing import Posts
from traceapp.recall.model import Notice, NoticeAttempt, Recall, RecallLot
from traceapp.recall.public_model import RecallSubscription
from traceapp.recall.sending import NoticeSender
from traceapp.recall.service import ApproveRecall, approve_recall
from traceapp.recall.subscriber_mail import KINDS as PUBLIC_KINDS
from traceapp.recall.subscriber_mail import PublicSender, queue_news
from traceapp.recall.subscribing import AskForMail, ask_for_mail, confirm_mail, confirm_token
from traceapp.recall.telling_model import PassedLine, PassedNotice
from traceapp.submission.model import ExportRecord
from traceapp.trace.model import Lot
from traceapp.vault.service import PersonDetails
from traceapp.web.console.recall_phase_words import delivery_text


@pytest.fixture(scope="module")
def office(console: Console) -> Office:
    return Office(console)


@pytest.fixture(scope="module")
def told(office: Office) -> Recall:
    """A running recall whose letters were refused."""
    vault = world_of(office.console).vault
    recall = submitted(office.database, office.clock, office.house)
    with office.database.write() as session:
        recall = approve_recall(session, office.house.manager, office.clock, ApproveRecall(recall.id, PASSWORD, "yes"),
                                vault=vault)
    sender = NoticeSender(Tray("refused"), vault, "https://recall.example", office.clock)
    deliver_due(office.database, office.clock, sender.send, sender.settled)
    return recall


def send(browser: Browser, path: str, page: str, **values: str) -> TestResponse:
    return browser.post(path, browser.hidden(page) | values)


def writer_name(office: Office) -> str:
    with office.database.read() as session:
        return session.get_one(User, office.house.writer.id).name


def text_of(page: bytes) -> str:
    return re.sub(r"\s+", " ", page.decode())


def test_notices_are_read_before_anybody_approves_them(office: Office) -> None:
    recall = decided(office.database, office.clock, office.house)
    writer = office.as_person("writer")
    page = writer.get(f"/console/recalls/{recall.id}/preview?lang=en")
    for part in ("产品安全召回", "PRODUCT SAFETY RECALL", "The skin can become red", "皮肤可能红肿", "batch P-1",
                 "You told us about a product", "【召回】", "UCS-2", "GSM-7", "version 2"):
        assert part in page.text, part
    assert "/r/SAMPLE" in page.text
    with office.database.read() as session:
        lots = session.scalars(select(Lot).join(RecallLot, RecallLot.lot_key == Lot.lot_key)
                               .where(RecallLot.recall_id == recall.id)).all()
    assert {lot.shipped > 0 for lot in lots} == {True, False}
    letters = page.text.partition("<h2>")[2]  # what never left the house is in no letter
    assert all((lot.number in letters) is (lot.shipped > 0) for lot in lots)
    file = writer.get(f"/console/recalls/{recall.id}/preview.pdf")
    assert (file.status_code, file.mimetype, file.data[:5]) == (200, "application/pdf", b"%PDF-")
    assert writer.get(f"/console/recalls/{recall.id}/letters.pdf").status_code == 409


def test_letters_of_all_or_of_one_are_one_file_whose_record_is_kept(office: Office, told: Recall) -> None:
    writer = office.as_person("writer")
    every = writer.get(f"/console/recalls/{told.id}/letters.pdf?whom=all")
    one = writer.get(f"/console/recalls/{told.id}/letters.pdf?consignee={office.house.maker.clinic.id}")
    assert (every.status_code, one.status_code) == (200, 200)
    assert every.data.count(b"/Type /Page ") == 2 * one.data.count(b"/Type /Page ")
    assert writer.get(f"/console/recalls/{told.id}/letters.pdf?whom=nobody").status_code == 422
    assert writer.get(f"/console/recalls/{told.id}/letters.pdf?file=0").status_code == 422
    with office.database.read() as session:
        kept = session.scalars(select(ExportRecord).where(ExportRecord.kind == f"recall-letters-{told.reference}"))
        assert sorted(record.rows for record in kept) == [1, 2]


def test_many_letters_are_several_files(office: Office, told: Recall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(printing, "MOST_IN_A_FILE", 1)
    vault = world_of(office.console).vault
    with office.database.read() as session:
        files = [[letter.address[0] for letter in printing.postal_letters(
            session, told, printing.Printed(printing.Whom.all, None, number), vault=vault, base_url="https://x")]
            for number in (1, 2, 3)]
    assert [len(addresses) for addresses in files] == [1, 1, 0]
    assert files[0] != files[1]


def test_posting_is_a_try_of_everybody_who_was_not_reached(office: Office, told: Recall) -> None:
    writer = office.as_person("writer")
    address = f"/console/recalls/{told.id}/telling"
    assert send(writer, address.replace("telling", "posted"), address, whom="unreached",
                note="registered, XA 1").status_code == 303
    with office.database.read() as session:
        tries = session.scalars(select(NoticeAttempt).where(NoticeAttempt.recall_id == told.id)).all()
        assert session.get_one(Recall, told.id).state == "notifying", "a letter in the post is no proof of telling"
    assert sorted((one.way, one.reached, one.note) for one in tries) == [("letter", False, "registered, XA 1")] * 2


def test_what_was_refused_stands_as_work_with_what_the_server_said(office: Office, told: Recall) -> None:
    page = text_of(office.as_person("writer").get(f"/console/recalls/{told.id}/telling?lang=en").data)
    assert page.count("Letter was not sent") == 2
    assert "250 ok" in page
    assert "Letter by e-mail" in page


def test_the_telephone_page_says_the_facts_and_logs_the_call(office: Office, told: Recall) -> None:
    writer, clinic = office.as_person("writer"), office.house.maker.clinic.id
    address = f"/console/recalls/{told.id}/consignees/{clinic}"
    page = writer.get(f"{address}/call?lang=en").text
    for part in (f"this is {writer_name(office)}", "Clinic One", told.reference, "batch P-1: 350 pcs", "The skin can become red",
                 "0512-0000 0000"):
        assert part in page, part
    with office.database.write() as session:
        session.get_one(Recall, told.id).remedy_en = "We replace it."
    assert "wait for collection.<p>We replace it.</p>" in writer.get(f"{address}/call?lang=en").text
    assert '<option value="">Please choose</option>' in page, "nothing says by itself that somebody was told"
    assert send(writer, f"{address}/tried", f"{address}/call", way="telephone", reached="", note="Wang").status_code == 422
    assert send(writer, f"{address}/tried", f"{address}/call", way="telephone", reached="yes", note="Nurse Wang").status_code == 303
    with office.database.read() as session:
        assert session.scalars(select(NoticeAttempt.note).where(
            NoticeAttempt.recall_id == told.id, NoticeAttempt.way == "telephone")).all() == ["Nurse Wang"]


def test_staff_name_whom_units_were_passed_on_to_and_take_the_answer(office: Office, told: Recall) -> None:
    writer, clinic, lot = office.as_person("writer"), office.house.maker.clinic.id, office.house.first.lot_key
    address = f"/console/recalls/{told.id}/consignees/{clinic}"
    wrong = send(writer, f"{address}/pass-on", f"{address}?do=pass_on", name="Ward 3", email="ward3@clinic.example",
                 **{f"units-{lot}": "4000"})
    assert (wrong.status_code, "ward3@clinic.example" in wrong.text) == (422, True)
    assert send(writer, f"{address}/pass-on", f"{address}?do=pass_on", name="Ward 3", email="ward3@clinic.example",
                language="zh", **{f"units-{lot}": "40"}).status_code == 303
    with office.database.read() as session:
        passed = session.scalars(select(PassedNotice).where(PassedNotice.recall_id == told.id)).one()
    assert "Ward 3" in writer.get(address).text
    own = f"/console/recalls/{told.id}/passed/{passed.id}"
    assert send(writer, own, own, answered_by="Li", seen="0", **{f"on_hand-{lot}": "40"}).status_code == 303
    with office.database.read() as session:
        assert session.get_one(PassedLine, (passed.id, lot)).on_hand == 40
        assert session.get_one(Notice, (told.id, clinic)).answered_at is None
    assert writer.get(f"/console/recalls/{told.id}/telling?lang=en").text.count("Ward 3") == 1


def test_a_destruction_where_units_were_passed_on_is_shown_proved_or_accepted(office: Office, told: Recall) -> None:
    writer, lot, clinic = office.as_person("writer"), office.house.first.lot_key, office.house.maker.clinic.id
    address = f"/console/recalls/{told.id}/consignees/{clinic}"
    send(writer, f"{address}/pass-on", f"{address}?do=pass_on", name="Ward 9", language="zh", **{f"units-{lot}": "40"})
    with office.database.write() as session:
        session.get_one(Recall, told.id).needs_proof = True
        passed = session.scalars(select(PassedNotice).where(PassedNotice.name == "Ward 9")).one()
    own = f"/console/recalls/{told.id}/passed/{passed.id}"

    def line() -> PassedLine:
        with office.database.read() as session:
            return session.get_one(PassedLine, (passed.id, lot))

    assert send(writer, own, own, answered_by="Li", seen="0", **{f"destroyed-{lot}": "40"}).status_code == 303
    assert line().destroyed == line().unproved == 40
    page = writer.get(f"{own}?lang=en").text
    assert "40 not proved" in page and "no photo or certificate shows it yet" in page
    assert "40 not proved" in writer.get(f"{address}?lang=en").text
    assert send(writer, f"{own}/unproved", own, lot_key=lot, reason="").status_code == 422
    assert send(writer, f"{own}/unproved", own, lot_key=lot, reason="their head told us").status_code == 303
    assert line().unproved == 0
    assert "Accepted without a proof: their head told us" in writer.get(f"{own}?lang=en").text
    assert send(writer, f"{own}/prove", own).status_code == 422


def test_what_we_note_of_a_letter_ourselves_is_said_in_the_reader_s_language(console: Console) -> None:
    with console.app.test_request_context(), force_locale("zh"):
        assert delivery_text("not an address that mail servers take: x") == "邮件服务器不接受此地址：请更正联系人"
        assert delivery_text("no mail server is set: 01a.eml") == "未设置邮件服务器：邮件存放在文件 01a.eml 中"
        assert delivery_text("550 5.1.1 no such user") == "550 5.1.1 no such user" and delivery_text(None) == ""


def test_what_did_not_reach_consumers_is_sent_again_from_the_page(office: Office, told: Recall) -> None:
    vault, house, page = world_of(office.console).vault, office.house, f"/console/recalls/{told.id}/telling"
    for address in ("anna@home.example", "ben@home.example"):
        with office.database.write() as session:
            submit_complaint(session, PUBLIC, office.clock, a_report(
                lot=scanned(house.first), contact=PersonDetails(name="A", email=address)), vault=vault)
    with office.database.write() as session:
        assert tell_consumers(session, office.clock, vault=vault) == 2
    tray = Tray("sent", "uncertain")
    sender = ConsumerSender(Posts(tray, None), vault, "https://recall.example", office.clock)
    deliver_due(office.database, office.clock, sender.send, sender.settled, kinds=CONSUMER_KINDS)
    writer = office.as_person("writer")
    assert "Send 1 message again" in writer.get(page).text
    answer = send(writer, f"/console/recalls/{told.id}/consumers/send-again", page)
    assert answer.status_code == 303
    shown = writer.get(page).text
    assert "1 message to consumers is on its way again." in shown
    assert "message again</button>" not in shown
    answer = send(writer, f"/console/recalls/{told.id}/consumers/send-again", page)
    assert "There is nothing to send again to consumers." in writer.get(page).text
    deliver_due(office.database, office.clock, sender.send, sender.settled, kinds=CONSUMER_KINDS)
    assert tray.letters[1].message_id == tray.letters[2].message_id


class Gone:
    """A server that knows none of these mailboxes."""

    def send(self, letter: Letter) -> Delivery:
        return Delivery("sent", "250") if letter.subject.startswith("Please confirm") else Delivery("refused", "550 5.1.1")


def test_how_many_subscribers_were_not_reached_stands_there_without_a_name(office: Office, told: Recall) -> None:
    here, page = world_of(office.console), f"/console/recalls/{told.id}/telling"
    assert "subscribers" not in office.as_person("writer").get(f"{page}?lang=en").text.lower()
    sender = PublicSender(Gone(), here.vault, "https://recall.example", office.clock)
    with office.database.write() as session:
        ask_for_mail(session, office.clock, AskForMail("anna@home.example", "en"), vault=here.vault)
        wanted = session.scalars(select(RecallSubscription)).one()
        confirm_mail(session, office.clock, confirm_token(wanted, here.vault))
        assert queue_news(session, office.clock, Event(told.id, "scope", 1).name) == 1
    deliver_due(office.database, office.clock, sender.send, sender.settled, kinds=PUBLIC_KINDS)
    shown = office.as_person("writer").get(f"{page}?lang=en").text
    for part in ("To subscribers, by e-mail", "Did not arrive", "did not take 3 mails", "after 30 days"):
        assert part in shown, part
    assert "home.example" not in shown
    assert "已停发的订阅者" in office.as_person("writer").get(f"{page}?lang=zh").text
