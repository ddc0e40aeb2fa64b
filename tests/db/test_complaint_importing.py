"""Complaints from files: every kind of file that people send, each with a clear word about what is wrong."""
from __future__ import annotations

import io
import threading
import tracemalloc
import zipfile
from datetime import UTC, datetime, timedelta
from typing import Any

import openpyxl
import pytest
from sqlalchemy import func, select

from tests.factories_complaint import VAULT, dump, make_lots, make_product
from traceapp.audit.verify import verify
from traceapp.complaint import importing, suspecting
from traceapp.complaint.crisis_model import TaskForceCase
from traceapp.complaint.importing import (
    ImportComplaints,
    Imported,
    Preview,
    import_complaints,
    preview_import,
)
from traceapp.complaint.model import Complaint, ImportedFile
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict, InvalidInput, Problem, TooLarge
from traceapp.db import Database
from traceapp.worklist.model import Task, WorkRow

HEAD = "批号,接收日期,问题描述,性别,年龄,电话,严重程度"
GOOD = "KD2231,2026-11-01,贴后皮肤发红,女,34,13900001234,"
STAFF = Actor(id="u-q", role="quality")


def preview(database: Database, clock: FixedClock, content: bytes) -> Preview:
    with database.read() as session:
        return preview_import(session, clock, io.BytesIO(content))


def imported(database: Database, clock: FixedClock, content: bytes, mode: str = "all_or_nothing") -> Imported:
    with database.write() as session:
        return import_complaints(session, STAFF, clock, io.BytesIO(content), ImportComplaints("file.csv", mode),
                                 vault=VAULT)


def number_of(database: Database, model: Any = Complaint) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def table(*lines: str) -> str:
    return "\r\n".join((HEAD, *lines)) + "\r\n"


def xlsx(rows: list[list[Any]]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_the_usual_encodings_are_read(sqlite: Database, clock: FixedClock, encoding: str) -> None:
    make_lots(sqlite, clock, make_product(sqlite, clock), "KD2231")
    assert imported(sqlite, clock, table(GOOD).encode(encoding)).rows_taken == 1
    with sqlite.read() as session:
        complaint = session.scalars(select(Complaint)).one()
        assert (complaint.narrative, complaint.sex, complaint.age_band) == ("贴后皮肤发红", "female", "18-44")
        assert (complaint.lot_capture, complaint.channel) == ("typed", "file_import")
        assert complaint.awareness_at == datetime(2026, 10, 31, 16, 0, tzinfo=UTC)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_usual_delimiters_and_cells_of_several_lines_are_read(
        sqlite: Database, clock: FixedClock, delimiter: str) -> None:
    head = delimiter.join(["Batch", "Received", "Description"])
    row = delimiter.join(["KD2231", "2026/11/01 09:30", '"Red, itching;\nthen\tpain"'])
    assert imported(sqlite, clock, f"{head}\n{row}\n\n".encode()).rows_taken == 1
    with sqlite.read() as session:
        complaint = session.scalars(select(Complaint)).one()
        assert complaint.narrative == "Red, itching;\nthen\tpain"
        assert complaint.awareness_at == datetime(2026, 11, 1, 1, 30, tzinfo=UTC)


def test_an_xlsx_is_read_with_its_days_and_whole_numbers(database: Database, clock: FixedClock) -> None:
    make_lots(database, clock, make_product(database, clock), "20260301")
    content = xlsx([["生产批号", "知悉日期", "描述", "年龄"], [20260301.0, datetime(2026, 11, 1), "起了水泡", 1],
                    [None, None, None, None], ["不详", datetime(2026, 11, 2, 8, 15), "破损", "不详"]])
    seen = preview(database, clock, content)
    assert (seen.rows, seen.good_rows, seen.lots_bound, seen.lots_unbound, seen.unclear_lots) == (2, 2, 1, 1, ())
    assert dict(seen.fields)["lot"] == "生产批号"
    assert number_of(database) == 0
    assert imported(database, clock, content).rows_taken == 2
    with database.read() as session:
        bands = session.scalars(select(Complaint.age_band).order_by(Complaint.awareness_at)).all()
        assert bands == ["0-1", "unknown"]


def test_wrong_columns_are_named_missing_unknown_and_twice(sqlite: Database, clock: FixedClock) -> None:
    with pytest.raises(InvalidInput) as refused:
        preview(sqlite, clock, "批号,批次,心情,问题描述\nA,B,C,D\n".encode())
    assert refused.value.code == "wrong-columns"
    assert refused.value.errors == {"missing": "received", "unknown": "心情", "twice": "批次"}
    assert "心情" in refused.value.text


def test_each_bad_cell_is_named_by_row_and_column_and_nothing_is_taken_in(
        database: Database, clock: FixedClock) -> None:
    content = table(GOOD, "KD1,昨天,发红,女,34,,", "KD1,2026-11-01,,女,34,,", "KD1,2026-11-01,发红,外星,老,,",
                    "KD1,2026-11-01,发红,女,34,12,", "KD1,2026-11-01,发红,女,34,,很惨", "KD1,,发红,女,34,,",
                    "KD1,2026-12-01,发红,女,34,,").encode()
    seen = preview(database, clock, content)
    assert [(error.row, error.column, error.code) for error in seen.errors] == [
        (3, "接收日期", "not-a-day"), (4, "问题描述", "required"), (5, "年龄", "not-an-age"),
        (5, "性别", "unknown-value"), (6, "电话", "not-a-phone"), (7, "严重程度", "unknown-answer"),
        (8, "接收日期", "required"), (9, "接收日期", "in-the-future")]
    assert (seen.good_rows, seen.bad_rows) == (1, 7)
    with pytest.raises(InvalidInput) as refused:
        imported(database, clock, content)
    assert (refused.value.code, refused.value.place) == ("bad-rows", "row 3")
    assert "row 4, 问题描述" in refused.value.errors
    assert (number_of(database), number_of(database, ImportedFile), number_of(database, Task)) == (0, 0, 0)


def test_only_the_good_rows_are_taken_in_when_that_was_chosen(database: Database, clock: FixedClock) -> None:
    (lot,) = make_lots(database, clock, make_product(database, clock), "KD2231")
    content = table(GOOD, "KD1,昨天,发红,女,34,,", "KD2231,2026-11-02,住院了,男,70,,住院", "KD2231,2026-11-01,又痒,女,34,"
                    "+86 13900001234,").encode()
    result = imported(database, clock, content, "good_rows")
    assert (result.rows_taken, result.rows_refused, len(result.errors)) == (3, 1, 1)
    with database.read() as session:
        stored = session.scalars(select(Complaint)).all()
        assert sorted(complaint.severity for complaint in stored) == ["major", "minor", "minor"]
        assert sum(complaint.possible_duplicate_of is not None for complaint in stored) == 1
        work = session.scalars(select(WorkRow)).one()
        assert (work.kind, work.subject_key) == ("surveillance.rescore", lot.lot_key)
        kinds = session.execute(select(Task.kind, func.count()).group_by(Task.kind)).all()
        assert dict(map(tuple, kinds)) == {"complaint.triage": 3, "complaint.answer": 3, "complaint.serious": 1}
    assert "13900001234" not in dump(database)


def test_the_same_file_is_imported_once_even_when_two_people_try(database: Database, clock: FixedClock) -> None:
    content, outcomes = table(GOOD).encode(), []
    both = threading.Barrier(2)

    def attempt() -> None:
        both.wait()
        try:
            outcomes.append(imported(database, clock, content).rows_taken)
        except Conflict as refused:
            outcomes.append(refused.code)

    people = [threading.Thread(target=attempt) for _ in range(2)]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert sorted(outcomes, key=str) == [1, "already-imported"]
    assert number_of(database) == 1
    assert preview(database, clock, content).is_imported
    with pytest.raises(Conflict) as refused:
        imported(database, clock, content)
    assert "2026-11-22 08:00 UTC" in refused.value.text


def test_the_trail_verifies_after_an_import_of_several_batches(sqlite: Database, clock: FixedClock) -> None:
    lines = [f"KD{number},2026-11-01,发红 {number},女,34,,{'死亡' if number == 7 else ''}" for number in range(1100)]
    assert imported(sqlite, clock, table(*lines).encode()).rows_taken == 1100
    with sqlite.snapshot() as session:
        assert verify(session).broken is None


@pytest.mark.parametrize("content", [
    b"%PDF-1.7 x", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\x89PNG\r\n", b"PK\x03\x04 damaged", b"", b"\r\n\r\n",
    HEAD.encode(), b"\xff\xff\xff\xff", table('KD1,2026-11-01,"never closed,,,,').encode(),
    "批号\x00,接收日期".encode()], ids=["pdf", "xls", "png", "broken-zip", "empty", "blank", "head-only", "binary",
                                  "open-quote", "nul"])
def test_what_is_no_table_is_refused_with_the_way_out(sqlite: Database, clock: FixedClock, content: bytes) -> None:
    with pytest.raises(InvalidInput) as refused:
        imported(sqlite, clock, content)
    assert refused.value.text
    assert (number_of(sqlite), number_of(sqlite, ImportedFile)) == (0, 0)


def bomb(part: str, content: bytes) -> bytes:
    """A workbook in which one part was replaced by something that packs well."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(xlsx([["a"]]))) as source, zipfile.ZipFile(
            file, "w", zipfile.ZIP_DEFLATED) as target:
        for info in source.infolist():
            target.writestr(info.filename, content if info.filename == part else source.read(info))
    return file.getvalue()


def test_a_zip_bomb_is_refused_without_being_unpacked(sqlite: Database, clock: FixedClock) -> None:
    huge = bomb("xl/styles.xml", b"<a>" + b" " * 80_000_000)
    assert len(huge) < 200_000
    tracemalloc.start()
    with pytest.raises(TooLarge) as refused:
        preview(sqlite, clock, huge)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert refused.value.code == "xlsx-too-large"
    assert most < 20_000_000


def test_entities_in_an_xlsx_are_refused(sqlite: Database, clock: FixedClock) -> None:
    lol = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "cccc">]><a>&b;</a>'
    with pytest.raises(InvalidInput) as refused:
        preview(sqlite, clock, bomb("xl/workbook.xml", lol))
    assert refused.value.code == "broken-xlsx"


@pytest.mark.parametrize(("content", "code"), [
    (b"x" * 50_000_001, "file-too-large"), (("a," * 101 + "b\n").encode(), "too-many-columns"),
    (f"{HEAD}\nKD1,2026-11-01,{'x' * 20_001}\n".encode(), "cell-too-long"),
    (b"Batch,Received,Description\n" + b"\n" * 200_001, "too-many-rows")])
def test_too_much_of_anything_is_refused_by_name(
        sqlite: Database, clock: FixedClock, content: bytes, code: str) -> None:
    with pytest.raises(TooLarge) as refused:
        preview(sqlite, clock, content)
    assert refused.value.code == code


def many_rows(number: int, bad: int) -> bytes:
    head = b"Batch,Received,Description\n"
    return head + b"".join(
        f"KD{row % 50},{'soon' if row == bad else '2026-11-01'},Itching and redness after the second day\n".encode()
        for row in range(number))


def test_one_bad_line_among_a_hundred_thousand_is_named_and_nothing_is_taken_in(
        sqlite: Database, clock: FixedClock) -> None:
    with pytest.raises(InvalidInput) as refused:
        imported(sqlite, clock, many_rows(100_000, bad=76_543))
    assert refused.value.errors == {"row 76545, Received": "“soon” is not a day. Write it as 2026-03-09."}
    assert number_of(sqlite) == 0


def test_the_memory_of_a_preview_does_not_grow_with_the_rows(sqlite: Database, clock: FixedClock) -> None:
    def most_memory(number: int) -> int:
        content = many_rows(number, bad=7)
        tracemalloc.start()
        seen = preview(sqlite, clock, content)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert (seen.rows, [error.row for error in seen.errors]) == (number, [9])
        return most - len(content)

    most_memory(10)
    assert most_memory(4_000) < most_memory(500) + 500_000


@pytest.mark.parametrize("changes", [{"mode": "some"}, {"zone": "Mars/Base"}])
def test_an_unknown_choice_is_refused(sqlite: Database, clock: FixedClock, changes: dict[str, str]) -> None:
    with pytest.raises(Problem), sqlite.write() as session:
        import_complaints(session, STAFF, clock, io.BytesIO(table(GOOD).encode()),
                          ImportComplaints("file.csv", **changes), vault=VAULT)


TOLD = "贴了两天以后皮肤红肿很痒，去医院开了药膏"


def test_rows_that_tell_of_one_event_are_suspected_within_the_file_across_batches_and_beside_what_is_stored(
        database: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second reporter left no contact: the old rule of the same contact within a day could not see it."""
    monkeypatch.setattr(importing, "_BATCH", 2)
    make_lots(database, clock, make_product(database, clock), "KD2231", "KD7777")
    imported(database, clock, table(f"KD2231,2026-11-01,{TOLD},女,34,13900001234,").encode())
    stranger = "KD2231,2026-11-01,一片都粘不住，夜里自己掉了,男,70,,"
    imported(database, clock, table(stranger, f"KD2231,2026-11-02,{TOLD}。,女,34,,", stranger.replace("KD2231", "KD7777"),
                                    stranger, f"KD7777,2026-11-04,{TOLD},女,,,",
                                    f"KD7777,2026-11-05,{TOLD}！,女,,,").encode())
    with database.read() as session:
        days = {complaint.id: (complaint.lot_text, f"{complaint.awareness_at + timedelta(hours=8):%d}", complaint.sex)
                for complaint in session.scalars(select(Complaint))}
        pairs = session.execute(select(Complaint.id, Complaint.possible_duplicate_of)
                                .where(Complaint.possible_duplicate_of.is_not(None)))
        assert {(days[one], days[other]) for one, other in pairs} == {
            (("KD2231", "02", "female"), ("KD2231", "01", "female")),
            (("KD2231", "01", "male"), ("KD2231", "01", "male")),
            (("KD7777", "05", "female"), ("KD7777", "04", "female"))}


def test_lots_are_forgotten_and_read_again_when_too_much_is_held(
        sqlite: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "_BATCH", 1)
    monkeypatch.setattr(suspecting, "_MOST_HELD", 600)
    make_lots(sqlite, clock, make_product(sqlite, clock), "KD2231", "KD7777")
    first, other = (f"{lot},2026-11-01,{TOLD},女,34,," for lot in ("KD2231", "KD7777"))
    imported(sqlite, clock, table(first, other, first, other).encode())
    with sqlite.read() as session:
        assert session.scalar(select(func.count()).where(Complaint.possible_duplicate_of.is_not(None))) == 2


@pytest.mark.parametrize(("hours_ago", "calls", "crises"), [(0, True, 1), (48, False, 1), (40 * 24, False, 0)])
def test_grave_reports_of_today_are_called_for_and_make_a_crisis_as_those_of_a_form_do(
        sqlite: Database, clock: FixedClock, hours_ago: int, calls: bool, crises: int) -> None:
    make_lots(sqlite, clock, make_product(sqlite, clock), "KD2231")
    told = (clock.now() - timedelta(hours=hours_ago)).isoformat()
    imported(sqlite, clock, table(*(f"KD2231,{told},died {name},,,,死亡" for name in "ab")).encode())
    with sqlite.read() as session:
        kinds = set(session.scalars(select(Task.kind)))
        assert session.scalar(select(func.count()).select_from(TaskForceCase)) == 2 * crises
    assert ("duty.gap" in kinds, "complaint.serious" in kinds) == (calls, True)
