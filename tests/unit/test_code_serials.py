"""Runs of serial numbers: what they hold is what they list, and no serial number stands in two of them."""
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traceapp.code.serials import Run, read_serial, room_of
from traceapp.core.errors import InvalidInput

PREFIXES = st.text("AZ019-/", max_size=6)
WIDTHS = st.integers(1, 4)


@st.composite
def runs(draw: st.DrawFn) -> Run:
    """A short run anywhere in the room of a prefix."""
    room = room_of(draw(PREFIXES), draw(WIDTHS))
    first = draw(st.integers(room.first, room.end - 1))
    return Run(room.prefix, room.width, first, draw(st.integers(1, min(40, room.end - first))))


@given(runs(), st.integers(-3, 45))
def test_a_run_holds_exactly_what_it_lists(run: Run, step: int) -> None:
    listed = list(run)
    assert len(listed) == len(run) == len(set(listed))
    assert all(text in run for text in listed)
    near = f"{run.prefix}{max(0, run.first + step):0{run.width}d}"
    assert (near in run) is (near in listed)


@given(runs(), st.text("AZ019-/", max_size=8))
def test_a_text_is_in_a_run_if_and_only_if_it_is_listed(run: Run, text: str) -> None:
    assert (text in run) is (text in list(run))


@given(runs(), runs())
def test_runs_overlap_exactly_when_they_list_the_same_serial(one: Run, other: Run) -> None:
    assert one.overlaps(other) is other.overlaps(one) is bool(set(one) & set(other))


@given(PREFIXES, WIDTHS)
def test_digits_at_the_end_of_a_prefix_join_the_number(prefix: str, width: int) -> None:
    room = room_of(prefix, width)
    assert room.text(room.first) == prefix + "0" * width
    assert room.text(room.end - 1) == prefix + "9" * width


@pytest.mark.parametrize(("text", "parts"), [
    ("A007", ("A", 3, 7)), ("7", ("", 1, 7)), ("A1B20", ("A1B", 2, 20)), ("123456789012345678", ("", 18, 123456789012345678)),
    ("ABC", None), ("", None), ("1234567890123456789", None), ("A" * 20 + "1", None), ("A1\n", None), ("١٢", None)])
def test_a_serial_number_is_read_from_its_end(text: str, parts: tuple[str, int, int] | None) -> None:
    found = read_serial(text)
    assert (None if found is None else tuple(found)) == parts


@pytest.mark.parametrize(("prefix", "width", "place"), [
    ("ABCDEFGHIJKLMNOP", 5, "width"), ("A", 0, "width"), ("1", 18, "width"), ("", 19, "width"), ("A B", 4, "prefix"),
    ("批", 4, "prefix"), ("A#", 4, "prefix")])
def test_what_ai_21_cannot_hold_is_refused_with_its_place(prefix: str, width: int, place: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        room_of(prefix, width)
    assert refused.value.place == place


def test_a_billion_serial_numbers_cost_no_more_than_one() -> None:
    run = room_of("", 9)
    assert len(run) == 10**9
    assert "000000007" in run
    assert next(iter(run)) == "000000000"
