"""Files of a recall say who was told, how and when, as the pages do: by letter, text message, telephone or an answer."""
from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from tests.db.test_recall_channels import MOBILE, reached, send
from tests.factories_recall import House, make_house, running
from tests.gateways import Gateway
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.export.recall_files import KINDS
from traceapp.export.recall_files.dossier import RecallDossier
from traceapp.export.recall_files.fields import said
from traceapp.outbox.gateway import HttpGateway
from traceapp.recall.answer import AnswerLine
from traceapp.recall.figure_reads import counts_of
from traceapp.recall.ledger import AnswerByStaff, SettleLine, record_answer_by_staff, settle_line
from traceapp.recall.model import Recall
from traceapp.recall.queries import totals_of
from traceapp.recall.service import NoteAttempt, note_attempt
from traceapp.submission.recall_consignees import consignee_lines
from traceapp.submission.recall_dossier import dossier_of


@pytest.fixture
def house(database: Database, clock: FixedClock) -> House:
    return make_house(database, clock)


def text(dossier: RecallDossier, kind: str, key: str, language: str = "en") -> str:
    return said(next(one for one in KINDS[kind].fields if one.key == key), dossier, language)


def dossier(session: Session, clock: FixedClock, recall: Recall) -> RecallDossier:
    return dossier_of(session, clock, session.get_one(Recall, recall.id))


def tried(database: Database, clock: FixedClock, house: House, recall: Recall, *tries: tuple[str, str, bool]) -> None:
    with database.write() as session:
        for consignee_id, way, is_reached in tries:
            note_attempt(session, house.writer, clock, NoteAttempt(recall.id, consignee_id, way, is_reached))


def test_who_was_reached_by_telephone_was_told_on_that_day(database: Database, clock: FixedClock, house: House) -> None:
    recall, maker = running(database, clock, house), house.maker
    clock.move_to(clock.now() + timedelta(hours=2))
    first = clock.now()
    tried(database, clock, house, recall, (maker.clinic.id, "telephone", False), (maker.clinic.id, "telephone", True))
    clock.move_to(clock.now() + timedelta(days=1))
    tried(database, clock, house, recall, (maker.hospital.id, "visit", True), (maker.hospital.id, "telephone", False))
    with database.read() as session:
        found = dossier(session, clock, recall)
        assert (found.told.notified, found.told.first_at, found.told.last_at) == (2, first, clock.now())
        assert text(found, "us_status", "notified") == (
            f"2 of 2 told; {first:%Y-%m-%d} – {clock.now():%Y-%m-%d}; telephone: 1, visit: 1")
        assert text(found, "cn_progress", "notified", "zh") == "2" and text(found, "cn_progress", "notified_at", "zh")
        assert totals_of(session, recall.id).notified == counts_of(session, recall.id).told == 2
        rows = {one.consignee: one.told_at for one in consignee_lines(session, recall.id, lambda _count: None)}
        assert set(rows.values()) == {first, clock.now()}


def test_each_way_counts_the_consignees_that_were_told_by_it(database: Database, clock: FixedClock, house: House) -> None:
    recall = reached(database, clock, house, mobile=MOBILE)
    with Gateway() as gateway:
        send(database, clock, HttpGateway(gateway.url, ""))
    with database.read() as session:
        found = dossier(session, clock, recall)
        assert text(found, "us_status", "notified").endswith("e-mail: 1, text message: 1")
        assert text(found, "cn_progress", "ways", "zh") == "电子邮件: 1, 短信: 1"


def test_who_answered_before_a_letter_went_was_told(database: Database, clock: FixedClock, house: House) -> None:
    recall, maker = running(database, clock, house), house.maker
    answer(database, clock, house, recall)
    with database.read() as session:
        found = dossier(session, clock, recall)
        assert text(found, "us_status", "notified").startswith("1 of 2 told")
        assert text(found, "us_status", "notified").endswith("its own answer: 1")
        assert text(found, "us_status", "silent") == f"1: {maker.clinic.name_en}"
        assert text(found, "cn_progress", "ways", "zh") == "自行答复: 1"


def test_a_closing_report_says_why_units_are_missing(database: Database, clock: FixedClock, house: House) -> None:
    recall = running(database, clock, house)
    with database.read() as session:
        assert text(dossier(session, clock, recall), "us_status", "responded") == "0 of 2 answered"
    with database.write() as session:
        settle_line(session, house.writer, clock, SettleLine(
            recall.id, house.maker.hospital.id, house.first.lot_key, "医院已关闭"))
    with database.read() as session:
        said_so = text(dossier(session, clock, recall), "cn_closing", "unaccounted", "zh")
    assert said_so == "1,550 件\nP-1：医院已关闭"


def answer(database: Database, clock: FixedClock, house: House, recall: Recall, destroyed: int = 0) -> None:
    """The hospital had 200."""
    with database.write() as session:
        record_answer_by_staff(session, house.writer, clock, AnswerByStaff(recall.id, house.maker.hospital.id, (
            AnswerLine(house.first.lot_key, Decimal(0), Decimal(200 - destroyed), Decimal(0),
                       destroyed=Decimal(destroyed)),), "Ms Wang"))


def test_a_destruction_that_nothing_shows_is_not_counted_as_recovered(
        database: Database, clock: FixedClock, house: House) -> None:
    recall = running(database, clock, house)
    with database.write() as session:
        session.get_one(Recall, recall.id).needs_proof = True
    answer(database, clock, house, recall, destroyed=40)
    with database.read() as session:
        found = dossier(session, clock, recall)
        assert text(found, "us_status", "returned") == "0 pcs; said to be destroyed, not shown yet: 40 pcs"
        assert text(found, "cn_progress", "recalled", "zh") == "0 件；另有声称已销毁、尚无证明：40 件"
