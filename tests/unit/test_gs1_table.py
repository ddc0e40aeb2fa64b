from __future__ import annotations

import pytest

from traceapp.gs1 import TABLE, Gs1Error, missing_companions, parse
from traceapp.gs1.linters import LINTERS, check_pair
from traceapp.gs1.table import AI_LENGTH, Component, excluded_pair


def broken(ai: str, value: str) -> tuple[str, int, int]:
    with pytest.raises(Gs1Error) as caught:
        TABLE[ai].check(value)
    return caught.value.code, caught.value.start, caught.value.length


def test_an_ai_is_as_long_as_its_first_two_digits_say() -> None:
    assert all(AI_LENGTH[ai[:2]] == len(ai) for ai in TABLE)


def test_an_ai_of_predefined_length_has_one_length_only() -> None:
    for entry in TABLE.values():
        if entry.predefined:
            assert all(part.shortest == part.longest and not part.optional for part in entry.components), entry.ai


def test_a_range_in_the_data_file_becomes_one_entry_a_number() -> None:
    assert [ai for ai in TABLE if ai.startswith("392")] == [f"392{digit}" for digit in range(10)]
    assert TABLE["3105"].title == "NET WEIGHT (kg)"


def test_a_malformed_component_stops_the_start() -> None:
    with pytest.raises(ValueError, match="N6-"):
        Component.read("N6-")


@pytest.mark.parametrize(
    ("ai", "value", "expected"),
    [
        ("01", "", ("AI_EMPTY_VALUE", 0, 0)),
        ("01", "0950600013435", ("AI_VALUE_LENGTH", 0, 13)),
        ("01", "095060001343522", ("AI_VALUE_LENGTH", 0, 15)),
        ("01", "0950600013435A", ("NON_DIGIT_CHARACTER", 13, 1)),
        ("01", "09506000134353", ("INCORRECT_CHECK_DIGIT", 13, 1)),
        ("10", "LOT 7", ("INVALID_CSET82_CHARACTER", 3, 1)),
        ("10", "批次", ("INVALID_CSET82_CHARACTER", 0, 1)),
        ("21", "1" * 21, ("AI_VALUE_LENGTH", 0, 21)),
        ("17", "251301", ("ILLEGAL_MONTH", 2, 2)),
        ("8006", "095060001343520302", ("PIECE_NUMBER_EXCEEDS_TOTAL", 14, 4)),
        ("8003", "109506000134352", ("NOT_ZERO", 0, 1)),
        ("8010", "1234abc", ("INVALID_CSET39_CHARACTER", 4, 1)),
        ("7003", "2501012460", ("ILLEGAL_HOUR", 6, 2)),
        ("4330", "012345+", ("NOT_HYPHEN", 6, 1)),
    ],
)
def test_a_wrong_value_is_refused_with_code_and_place(ai: str, value: str, expected: tuple[str, int, int]) -> None:
    assert broken(ai, value) == expected


@pytest.mark.parametrize(
    ("ai", "value"),
    [("253", "9506000134352"), ("253", "9506000134352DOC-7"), ("423", "156250"), ("4330", "001850"),
     ("4330", "000020-"), ("7007", "250101"), ("7007", "250101250131"), ("8008", "25010112"),
     ("8008", "250101123059"), ("11", "250200"), ("7040", "1A2b"), ("8030", "AbC-_x")],
)  # fmt: skip
def test_optional_parts_may_be_left_out(ai: str, value: str) -> None:
    TABLE[ai].check(value)


def test_check_pair_of_a_model_number_is_found_and_verified() -> None:
    number = "1987654Ad4X4bL5ttr2310c"
    assert check_pair(number) == "2K"
    LINTERS["csumalpha"](number + "2K")
    with pytest.raises(Gs1Error) as caught:
        LINTERS["csumalpha"](number + "K2")
    assert (caught.value.code, caught.value.start, caught.value.length) == ("INCORRECT_CHECK_PAIR", 23, 2)


def test_a_model_number_longer_than_the_weights_is_refused() -> None:
    with pytest.raises(Gs1Error) as caught:
        LINTERS["csumalpha"]("1" * 100)
    assert caught.value.code == "TOO_LONG_FOR_CHECK_PAIR_IMPLEMENTATION"


def test_a_company_prefix_is_four_digits_at_least() -> None:
    for name, value, code, start in (
        ("gcppos1", "123", "TOO_SHORT_FOR_GCP", 0),
        ("gcppos1", "12A45", "INVALID_GCP_PREFIX", 2),
        ("gcppos2", "X1234", None, 0),
        ("gcppos2", "X123B", "INVALID_GCP_PREFIX", 4),
    ):
        if code is None:
            LINTERS[name](value)
            continue
        with pytest.raises(Gs1Error) as caught:
            LINTERS[name](value)
        assert (caught.value.code, caught.value.start) == (code, start)


def test_the_importer_index_is_one_character_of_the_base64url_alphabet() -> None:
    LINTERS["importeridx"]("-")
    for value, code in (("", "IMPORTER_IDX_MUST_BE_ONE_CHARACTER"), ("=", "INVALID_IMPORT_IDX_CHARACTER")):
        with pytest.raises(Gs1Error) as caught:
            LINTERS["importeridx"](value)
        assert caught.value.code == code


@pytest.mark.parametrize(
    ("ais", "pair"),
    [
        ({"01": "", "02": ""}, ("02", "01")),
        ({"01": "", "37": ""}, ("01", "37")),
        ({"21": "", "235": ""}, ("21", "235")),
        ({"3940": "", "3941": ""}, ("3940", "3941")),
        ({"3955": "", "3929": ""}, ("3955", "3929")),
        ({"8030": "", "253": "9506000134352"}, ("8030", "253")),
        ({"8030": "", "253": "9506000134352X"}, None),
        ({"01": "", "10": "", "21": "", "17": ""}, None),
    ],
)
def test_ais_that_may_not_mark_the_same_item_are_found(ais: dict[str, str], pair: tuple[str, str] | None) -> None:
    assert excluded_pair(ais) == pair


@pytest.mark.parametrize(
    ("ais", "lonely"),
    [
        (["02"], {"02"}),
        (["02", "37"], {"37"}),
        (["02", "37", "00"], set()),
        (["10"], {"10"}),
        (["01", "10", "17"], set()),
        (["01", "250"], {"250"}),
        (["01", "21", "250"], set()),
        (["01", "3925"], {"3925"}),
        (["01", "3925", "3103"], set()),
        (["8030", "8006"], {"8030"}),
        (["8030", "8006", "21"], set()),
    ],
)
def test_ais_without_the_companion_they_need_are_named(ais: list[str], lonely: set[str]) -> None:
    assert missing_companions(ais).keys() == lonely


def test_a_symbol_that_holds_only_a_lot_is_read_and_says_that_it_is_incomplete() -> None:
    parsed = parse("^10A7")
    assert (parsed.key, parsed.uri, parsed.incomplete) == ("", "", ("10",))
