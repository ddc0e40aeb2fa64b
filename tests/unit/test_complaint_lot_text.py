"""Typed lot numbers: cleaned, and matched to what we issued."""
from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from traceapp.complaint.lot_text import (
    IssuedLot,
    LotIndex,
    MatchKind,
    folded_lot,
    normalised_lot,
)

NUMBERS = st.text("AB018SOI5", min_size=1, max_size=7)


@pytest.mark.parametrize(("typed", "cleaned"), [
    ("a2231", "A2231"), ("Ａ２２３１", "A2231"), (" a 22-31 ", "A2231"), ("LOT: A2231", "A2231"), ("Lot A2231", "A2231"),
    ("批号：A2231", "A2231"), ("生产批号 A2231", "A2231"), ("批次A2231", "A2231"), ("Batch No. A2231", "A2231"),
    ("L/N A2231", "A2231"), ("lot 20260301", "20260301"), ("LOT20260301", "20260301"), ("LOTUS1", "LOTUS1"),
    ("BATCHX9", "BATCHX9"), ("Lot-No. A2231", "A2231"), ("Batch code: A2231", "A2231"), ("批号/LOT：A2231", "A2231"),
    ("批号（LOT）A2231", "A2231"), ("LOT号:A2231", "A2231"), ("(10)A2231", "A2231"), ("LOT NOVA12", "NOVA12"),
    ("A2231。", "A2231")])
def test_a_typed_number_is_cleaned(typed: str, cleaned: str) -> None:
    assert normalised_lot(typed) == cleaned


@pytest.mark.parametrize("typed", ["", "  ", "NI", "unk", "Unknown", "不详", "N/A", "n.a.", "未知", "xxxx", "???", "无",
                                   "批号：不详", "0000", "不知道", "无批号", "看不清了。", "包装已丢", "Not applicable",
                                   "unknown lot", "No batch number", "illegible", "—"])
def test_a_placeholder_is_no_number(typed: str) -> None:
    assert normalised_lot(typed) == ""
    assert LotIndex([]).match(typed).kind is MatchKind.absent


def lots(*numbers: str) -> list[IssuedLot]:
    return [IssuedLot(f"key-{number}", number, "p") for number in numbers]


def test_the_number_itself_wins_over_its_neighbours() -> None:
    match = LotIndex(lots("A2231", "A2232")).match("a-2231")
    assert match.kind is MatchKind.exact
    assert match.lot is not None
    assert match.lot.number == "A2231"


@pytest.mark.parametrize("typed", ["AO1B5", "A01B5", "AOIBS", "A0185"])
def test_signs_that_are_mistaken_for_each_other_are_forgiven(typed: str) -> None:
    match = LotIndex(lots("A01B5", "ZZZZZ")).match(typed)
    assert match.lot is not None
    assert match.lot.number == "A01B5"


@pytest.mark.parametrize("typed", ["KD22310", "KD2230", "KD231", "D2231", "KD22E31", "KX2231"])
def test_one_edit_is_forgiven_when_only_one_lot_is_meant(typed: str) -> None:
    match = LotIndex(lots("KD2231", "QQ9999")).match(typed)
    assert (match.kind, match.lot) == (MatchKind.near, lots("KD2231")[0])


def test_several_lots_within_one_edit_are_candidates_and_none_is_bound() -> None:
    match = LotIndex(lots("KD2231", "KD2232", "KD2244")).match("KD2233")
    assert (match.kind, match.lot) == (MatchKind.ambiguous, None)
    assert [lot.number for lot in match.candidates] == ["KD2231", "KD2232"]


def test_the_same_number_of_two_products_is_told_apart_by_the_product() -> None:
    index = LotIndex([IssuedLot("k1", "KD2231", "p1"), IssuedLot("k2", "KD2231", "p2")])
    assert index.match("KD2231").kind is MatchKind.ambiguous
    match = index.match("KD2231", "p2")
    assert match.lot is not None
    assert match.lot.lot_key == "k2"


def test_a_short_number_forgives_no_edit() -> None:
    assert LotIndex(lots("A12")).match("A13").kind is MatchKind.none


def brute_distance_at_most_one(one: str, other: str) -> bool:
    if one == other:
        return True
    alphabet = set(one + other)
    near = {one[:i] + one[i + 1:] for i in range(len(one))}
    near |= {one[:i] + sign + one[i + 1:] for i in range(len(one)) for sign in alphabet}
    near |= {one[:i] + sign + one[i:] for i in range(len(one) + 1) for sign in alphabet}
    return other in near


@given(st.lists(NUMBERS, min_size=1, max_size=25, unique=True), st.text("AB018SOI5", min_size=5, max_size=7))
@settings(max_examples=200)
def test_the_index_finds_every_number_within_one_edit(numbers: list[str], typed: str) -> None:
    wanted = normalised_lot(typed)
    if not wanted:
        return
    issued = [lot for lot in lots(*numbers) if normalised_lot(lot.number)]
    exact = [lot for lot in issued if normalised_lot(lot.number) == wanted]
    folded = [lot for lot in issued if folded_lot(normalised_lot(lot.number)) == folded_lot(wanted)]
    near = [lot for lot in issued if brute_distance_at_most_one(
        folded_lot(normalised_lot(lot.number)), folded_lot(wanted))]
    expected = exact or folded or near
    match = LotIndex(issued).match(typed)
    if len(expected) == 1:
        assert match.lot == expected[0]
    elif expected:
        assert set(match.candidates) <= set(expected)
        assert len(match.candidates) == min(10, len(expected))
    else:
        assert match.kind is MatchKind.none
