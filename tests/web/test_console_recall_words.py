"""A recall in the console says states in words, and what is next leads to where it is done."""
from __future__ import annotations

import re
from dataclasses import replace
from html import unescape

from sqlalchemy import select

from tests.db.test_recall_growing_untold import approve, submit
from tests.factories import PASSWORD
from tests.factories_recall import TEXTS, decided, running, submitted
from tests.web.test_console_recalls import Office, made, office
from traceapp.catalog.model import PartyContact
from traceapp.recall.late import LATE_TASK
from traceapp.recall.model import Notice
from traceapp.recall.notices import raise_notice_task

__all__ = ["made", "office"]


def test_a_second_tab_that_approves_too_late_is_told_so_in_words(office: Office) -> None:
    recall = submitted(office.database, office.clock, office.house)
    manager = office.as_person("manager")
    path = f"/console/recalls/{recall.id}"
    first, *tabs = [manager.hidden(f"{path}?do=approve") | {"password": PASSWORD} for _ in range(3)]
    assert manager.post(f"{path}/approve", first).status_code == 303
    for old, language, said in zip(tabs, ("en", "zh"), ("it now reads “Consignees are being told”", "现在是“正在通知收货单位”"),
                                   strict=True):
        manager.language = language
        late = manager.post(f"{path}/approve", old)
        text = unescape(late.get_data(as_text=True))
        assert late.status_code in (409, 412)
        assert said in text
        assert "notifying" not in text.partition("<main")[2] and "“approve”" not in text


def test_what_is_next_leads_to_the_clocks_once(office: Office) -> None:
    recall = decided(office.database, office.clock, office.house, replace(
        TEXTS, root_lot_keys=(office.house.other_glue.lot_key,)))
    page = office.as_person("writer").get(f"/console/recalls/{recall.id}").get_data(as_text=True)
    links = re.findall(r'<a href="([^"]+)">Report to the authority[^<]*</a>', page)
    assert links == [f"/console/recalls/{recall.id}#clocks"]
    page = office.as_person("manager").get(f"/console/recalls/{recall.id}").get_data(as_text=True)
    assert f'/console/recalls/{recall.id}#clocks">Decide whether a report is due' in page


def test_who_approves_reads_how_many_get_a_letter_now(office: Office) -> None:
    recall = submitted(office.database, office.clock, office.house)
    manager, path = office.as_person("manager"), f"/console/recalls/{recall.id}"
    page = manager.get(f"{path}?part=scope&do=approve").get_data(as_text=True)
    assert "3 batches read “recalled” at once. 3 lines go into the ledger; every consignee gets a letter." in page
    with office.database.write() as session:
        approve(session, office.clock, office.house, recall)
        submit(session, office.clock, office.house, recall)
    page = manager.get(f"{path}?do=approve").get_data(as_text=True)
    assert ("5 batches read “recalled” at once. 1 line comes into the ledger. 1 consignee gets a letter about it; nobody "
            "else is written to again.") in page


def test_what_is_next_counts_work_about_consignees_without_saying_which(office: Office) -> None:
    recall = running(office.database, office.clock, office.house)
    with office.database.write() as session:
        notice = session.get_one(Notice, (recall.id, office.house.maker.clinic.id))
        raise_notice_task(session, office.house.writer, office.clock, recall, notice, LATE_TASK)
    page = office.as_person("writer").get(f"/console/recalls/{recall.id}").get_data(as_text=True)
    assert "1 piece of work about consignees is left" in page


def test_a_number_is_telephoned_with_a_tap_and_a_mobile_one_is_shown(office: Office) -> None:
    recall = running(office.database, office.clock, office.house)
    clinic = office.house.maker.clinic.id
    with office.database.write() as session:
        for contact in session.scalars(select(PartyContact).where(PartyContact.party_id == clinic)):
            contact.phone, contact.mobile = "0512 3333", "+8613800000000"
    for page in (f"consignees/{clinic}", f"consignees/{clinic}/call"):
        text = office.as_person("writer").get(f"/console/recalls/{recall.id}/{page}").get_data(as_text=True)
        for link in ('<a href="tel:05123333">0512 3333</a>', '<a href="tel:+8613800000000">+8613800000000</a>'):
            assert link in text, (page, link)
