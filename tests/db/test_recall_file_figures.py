"""Figures in files for authorities, against the tables: what went out stays what went out, who was told first stays told
then, an answer about some batches is one, and a list that is cut says so."""
from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal as D

import pytest

from tests.db.test_recall_books import Case
from tests.db.test_recall_growing_untold import approve, submit
from tests.factories_recall import Tray, deliver
from tests.factories_recall_files import make_consignees, make_dossier
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.export.recall_files import KINDS, answer_readers
from traceapp.export.recall_files.dossier import ConsigneeLine, RecallDossier
from traceapp.export.recall_files.fields import said
from traceapp.export.recall_files.rendering import Consignees, consignees_table, rows_in_words
from traceapp.recall.answer import AnswerLine
from traceapp.recall.figure_reads import figures_of
from traceapp.recall.figures import FigureKind
from traceapp.recall.model import Recall
from traceapp.recall.queries import totals_of
from traceapp.recall.service import NoteAttempt, note_attempt
from traceapp.submission.recall_consignees import consignee_lines
from traceapp.submission.recall_dossier import dossier_of

DAY = timedelta(days=1)


@pytest.fixture
def case(sqlite: Database, clock: FixedClock) -> Case:
    found = Case(sqlite, clock)
    deliver(sqlite, clock, Tray())
    return found


def lines(case: Case) -> dict[tuple[str, str], ConsigneeLine]:
    with case.database.read() as session:
        return {(one.name_en, one.lot): one for one in consignee_lines(session, case.recall.id, lambda _count: None)}


def dossier(case: Case) -> RecallDossier:
    with case.database.read() as session:
        return dossier_of(session, case.clock, session.get_one(Recall, case.recall.id))


def grown(case: Case) -> None:
    """A day later the other batch comes in, approved; nothing is sent yet."""
    case.clock.move_to(case.clock.now() + DAY)
    with case.database.write() as session:
        submit(session, case.clock, case.house, case.recall)
        approve(session, case.clock, case.house, case.recall)


def test_what_a_recall_brought_back_is_not_taken_off_what_was_distributed(database: Database, clock: FixedClock) -> None:
    case = Case(database, clock)
    case.answer(case.hospital, AnswerLine(case.first, D(0), D(150), D(50)))
    case.take(45, consignee_id=case.hospital)
    case.take(100, code="P-1")
    found = lines(case)
    assert [(name, sum(units for _day, units in one.shipments), one.shipped, one.came_back)
            for (name, lot), one in sorted(found.items()) if lot == "P-1"] == [
        ("Clinic One", D(350), D(350), D(100)), ("Hospital Two", D(200), D(200), D(45))]


def test_a_line_keeps_when_its_consignee_was_told_of_it_though_the_scope_grew_since(
        database: Database, clock: FixedClock) -> None:
    case = Case(database, clock)
    deliver(database, clock, Tray())
    first = clock.now()
    grown(case)
    waiting = lines(case)
    assert (waiting["Hospital Two", "P-1"].told_at, waiting["Hospital Two", "P-9"].told_at) == (first, None)
    clock.move_to(clock.now() + timedelta(hours=2))
    deliver(database, clock, Tray())
    found = lines(case)
    assert {key: one.told_at for key, one in found.items()} == {
        ("Clinic One", "P-1"): first, ("Clinic One", "P-2"): first, ("Hospital Two", "P-1"): first,
        ("Hospital Two", "P-9"): clock.now()}
    assert (dossier(case).told.first_at, dossier(case).told.last_at) == (first, clock.now())


def test_a_call_from_before_the_scope_grew_tells_of_nothing_that_came_in_since(case: Case) -> None:
    case.clock.move_to(case.clock.now() + timedelta(hours=1))
    with case.database.write() as session:
        note_attempt(session, case.house.writer, case.clock, NoteAttempt(
            case.recall.id, case.hospital, "telephone", True))
    grown(case)
    case.clock.move_to(case.clock.now() + timedelta(hours=1))
    with case.database.write() as session:
        note_attempt(session, case.house.writer, case.clock, NoteAttempt(
            case.recall.id, case.hospital, "telephone", True))
    assert lines(case)["Hospital Two", "P-9"].told_at == case.clock.now()


def test_who_answered_about_some_batches_is_counted_and_what_it_has_is_said(case: Case) -> None:
    case.answer(case.clinic, AnswerLine(case.first, D(250), D(100), D(0)))
    found = dossier(case)
    assert (found.told.answered, found.told.in_part) == (0, 1)
    assert answer_readers.answered(found, "en") == (
        "0 of 2 answered; 1 more answered for some batches only; on hand when the notice was received: 250 pcs")
    assert answer_readers.silent(found, "en") == "2: Clinic One, Hospital Two; of them 1 answered for some batches"
    assert answer_readers.answered(found, "zh") == "已答复 0 家，共 2 家；另有 1 家只答复了部分批次；收到通知时库存: 250 件"
    assert answer_readers.silent(found, "zh") == "2：第一诊所、第二医院；其中 1 家已答复部分批次"


def test_a_list_that_is_cut_says_how_many_more_there_are() -> None:
    told = replace(make_dossier().told, consignees=70, answered=3, silent=tuple(
        (f"第{number}医院", f"Hospital {number}") for number in range(60)), passed_named=61, passed_names=("Ward 1",))
    found = make_dossier(told=told, unlisted=4, explained=(("P-1", "five lost"),), harm=replace(
        make_dossier().harm, events=3, references=("AE-1",)))
    assert answer_readers.silent(found, "en").endswith("Hospital 59 … (and 7 more)")
    assert answer_readers.silent(found, "zh").endswith("第59医院 …（另有 7 家）")
    assert answer_readers.passed(found, "en").endswith("Ward 1 … (and 60 more)")
    assert field(found, "cn_closing", "unaccounted", "zh").endswith("P-1：five lost\n…（另有 4 条说明）")
    assert field(found, "eu_fsca", "incident_reference", "en") == "AE-1 … (and 2 more)"


def field(found: RecallDossier, kind: str, key: str, language: str) -> str:
    return said(next(one for one in KINDS[kind].fields if one.key == key), found, language)


def test_hospitals_of_the_same_name_are_both_named() -> None:
    told = replace(make_dossier().told, consignees=3, answered=1, silent=(("市医院", "City Hospital"),) * 2)
    assert answer_readers.silent(make_dossier(told=told), "en") == "2: City Hospital, City Hospital"


def test_the_letter_says_that_not_every_batch_is_named_only_where_that_is_so(case: Case) -> None:
    assert "Not every batch" not in dossier(case).letter["en"]


def test_the_notice_before_is_dated_where_the_file_is_read() -> None:
    found = make_dossier(earlier=("RC-1 v1", datetime(2026, 11, 22, 20, tzinfo=UTC)))
    assert [field(found, "eu_fsn", "earlier", language) for language in ("zh", "en")] == [
        "RC-1 v1, 2026-11-23", "RC-1 v1, 2026-11-22"]


def test_the_time_to_tell_begins_anew_with_a_scope_that_grew(case: Case) -> None:
    case.clock.move_to(case.clock.now() + 20 * DAY)

    def hours() -> float | None:
        with case.database.read() as session:
            found = figures_of(session, case.clock.now(), [session.get_one(Recall, case.recall.id)])
        return next(one.hours for one in found[case.recall.id].figures if one.kind == FigureKind.notice_time)

    assert hours() == 0
    grown(case)
    assert hours() is None
    case.clock.move_to(case.clock.now() + timedelta(hours=5))
    deliver(case.database, case.clock, Tray())
    assert hours() == 5


def test_what_one_says_beyond_what_it_got_hides_nothing_that_another_lost(
        database: Database, clock: FixedClock) -> None:
    case = Case(database, clock)
    case.answer(case.clinic, AnswerLine(case.first, D(0), D(355), D(0)), AnswerLine(case.second, D(0), D(1000), D(0)),
                explanation="five more in the carton")
    case.answer(case.hospital, AnswerLine(case.first, D(0), D(193), D(0)), explanation="seven lost")
    with database.read() as session:
        (sums,) = totals_of(session, case.recall.id).units
    assert (sums.unaccounted, sums.beyond, sums.missing) == (D(2), D(5), D(7))
    found = dossier(case)
    assert field(found, "us_status", "unaccounted", "en") == "7 pcs; beside it, said beyond what was shipped: 5 pcs"
    assert field(found, "us_status", "accounted", "en") == "1,543 pcs"  # 350 + 1,000 + 193 of the 1,550 that were shipped
    assert field(found, "cn_progress", "open", "zh") == "7 件；另有收货单位所报多于发运：5 件"
    assert field(found, "cn_closing", "recalled", "zh") == "1,543 件"
    assert "not accounted for 7 pcs" in field(found, "eu_fsca", "progress", "en")


def test_an_english_file_names_places_in_english_and_says_who_was_not_told() -> None:
    there = next(make_consignees(1).lines())
    line = replace(there, region="江苏", city="苏州", told_at=None)
    (row,) = consignees_table([line], "en").rows
    assert (row[1], row[4]) == ("0 Main Road, 215000 Suzhou, Jiangsu, China; 0512-3333", "not told yet")
    assert consignees_table([line], "zh").rows[0][4] == "尚未通知"
    (shown,) = rows_in_words(Consignees(1, lambda: iter([line])), "en")
    assert isinstance(shown, dict) and (shown["region"], shown["city"], shown["told_at"]) == (
        "Jiangsu", "Suzhou", "not told yet")
