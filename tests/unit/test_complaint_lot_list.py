"""Lists of batches as notices write them: every number, and whatever is not certain is said."""
from __future__ import annotations

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traceapp.cli import main
from traceapp.complaint.lot_list import LotPeriod, LotRange, Unread, read_lots


def numbers(prefix: str, first: int, last: int) -> list[str]:
    return [f"{prefix}{number}" for number in range(first, last + 1)]


def test_numbers_ranges_and_times_of_one_list_are_read() -> None:
    found = read_lots("A123-A130, B55 through B60, 2024年3月的所有批次")
    assert found.lots == [*numbers("A", 123, 130), *numbers("B", 55, 60)]
    assert found.ranges == [LotRange("A123", "A130", 8), LotRange("B55", "B60", 6)]
    assert found.periods == [LotPeriod(date(2024, 3, 1), date(2024, 3, 31))]
    assert (found.unread, found.is_all) == ([], False)


@pytest.mark.parametrize(("text", "lots"), [
    ("Lot No. CK1 and CK2", ["CK1", "CK2"]), ("批次 A1、A2 和 A3", ["A1", "A2", "A3"]), ("0008-0011", ["0008", "0009", "0010", "0011"]),
    ("A998 to A1001", ["A998", "A999", "A1000", "A1001"]), ("AB12C~AB13C", ["AB12C", "AB13C"]), ("１２３－１２４", ["123", "124"]),
    ("A123 to 125", ["A123", "A124", "A125"]), ("K-1-K-3", ["K-1", "K-2", "K-3"]), ("K2026-03", ["K2026-03"]),
    ("A123/A124", ["A123", "A124"]), ("批号：20240101～20240102、20240110", ["20240101", "20240102", "20240110"]),
    ("A1, A2; A1", ["A1", "A2"])])
def test_what_people_write_between_numbers_is_understood(text: str, lots: list[str]) -> None:
    found = read_lots(text)
    assert (found.lots, found.unread) == (lots, [])


@pytest.mark.parametrize(("text", "lots", "excluded"), [
    ("A1-A5 (except A3, A4), B7", ["A1", "A2", "A5", "B7"], ["A3", "A4"]), ("除A3、A4外，A1至A6", ["A1", "A2", "A5", "A6"], ["A3", "A4"]),
    ("A1-A5 except A3, A4", ["A1", "A2", "A4", "A5"], ["A3"]), ("A1-A3（不包括A2）", ["A1", "A3"], ["A2"])])
def test_what_is_taken_out_is_taken_out_only_where_that_is_clear(text: str, lots: list[str], excluded: list[str]) -> None:
    found = read_lots(text)
    assert (found.lots, found.excluded, found.unread) == (lots, excluded, [])


@pytest.mark.parametrize(("text", "since", "until"), [
    ("all lots made in February 2024", date(2024, 2, 1), date(2024, 2, 29)),
    ("batches manufactured from 2024-03 to 2024-05", date(2024, 3, 1), date(2024, 5, 31)),
    ("2023年12月20日至2024年1月15日生产的批次", date(2023, 12, 20), date(2024, 1, 15)),
    ("2024年3月至5月的产品", date(2024, 3, 1), date(2024, 5, 31)), ("2024年3月2日至9日", date(2024, 3, 2), date(2024, 3, 9)),
    ("2024年全年", date(2024, 1, 1), date(2024, 12, 31))])
def test_times_of_making_are_read_to_their_last_day(text: str, since: date, until: date) -> None:
    found = read_lots(text)
    assert (found.periods, found.lots, found.unread) == ([LotPeriod(since, until)], [], [])


@pytest.mark.parametrize("text", ["ALL LOTS", "所有批次", "all our products"])
def test_all_is_all(text: str) -> None:
    assert read_lots(text).is_all


@pytest.mark.parametrize(("text", "why"), [
    ("A130-A123", "backwards"), ("A1-A99999999", "too-many"), ("K2026-30", "unclear-range"), ("A1 to B9", "unclear-range"),
    ("foo bar", "not-a-number"), ("2024年13月", "not-a-time"), ("2024年5月至2024年3月", "backwards")])
def test_what_is_not_certain_is_said_and_nothing_is_guessed(text: str, why: str) -> None:
    found = read_lots(text)
    assert (found.lots, found.periods, found.unread) == ([], [], [Unread(text, why)])


@given(st.text(st.sampled_from("A1-0 to至年月除外()（）,、/.2024"), max_size=60))
def test_any_text_is_read_or_said_to_be_unread(text: str) -> None:
    found = read_lots(text)
    assert all(lot.isascii() and any(sign.isdigit() for sign in lot) for lot in found.lots)


def test_the_command_ends_with_one_when_something_was_not_read(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lots", "read-list", "A1-A3"]) == 0
    assert json.loads(capsys.readouterr().out)["lots"] == ["A1", "A2", "A3"]
    assert main(["lots", "read-list", "A1-A3", "A130-A123"]) == 1
    assert [json.loads(line)["unread"] for line in capsys.readouterr().out.splitlines()] == [
        [], [{"text": "A130-A123", "why": "backwards"}]]
