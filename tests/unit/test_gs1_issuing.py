"""Codes of other issuing agencies, behind the same entry as those of GS1."""
from __future__ import annotations

import csv
import json
from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from traceapp.gs1 import Field, Gs1Error, Identified, identify, lot_number_in, parse_anything
from traceapp.gs1.lines import parse_line

GTIN = "09506000134352"
# in the order of their values for the check character
SYMBOLS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. $/+%"


def checked(code: str) -> str:
    """The HIBC code with its check character, by the book: the sum of all values, modulo 43."""
    total = 0
    for symbol in code:
        total += SYMBOLS.index(symbol)
    return code + SYMBOLS[total % 43]


def fields(text: str) -> dict[str, str]:
    return {one.name: one.value for one in identify(text).fields}


def test_a_gs1_code_is_identified_with_the_names_that_all_agencies_share() -> None:
    found = identify(f"(01){GTIN}(17)280115(10)L7(21)S9(99)X")
    assert (found.agency, found.is_verified) == ("GS1", True)
    assert found.fields == (
        Field("device", GTIN), Field("expires", "280115", "YYMMDD"), Field("lot", "L7"), Field("serial", "S9"),
    )  # fmt: skip
    assert found.parsed is not None
    assert found.parsed.get("99") == "X"
    assert identify("^10L7").fields == (Field("lot", "L7"),)


PRIMARY = "+K123PATCH71"
PRODUCT = {"device": "K123PATCH71", "labeler": "K123", "item": "PATCH7", "unit": "1"}


@pytest.mark.parametrize(
    ("behind", "more"),
    [
        ("", {}),
        ("/$L-7", {"lot": "L-7"}),
        ("/$+S9", {"serial": "S9"}),
        ("/28015L7", {"expires": "28015", "lot": "L7"}),
        ("/$$0128L7", {"expires": "0128", "lot": "L7"}),
        ("/$$1228", {"expires": "1228"}),
        ("/$$2011528L7", {"expires": "011528", "lot": "L7"}),
        ("/$$3280115L7", {"expires": "280115", "lot": "L7"}),
        ("/$$428011523L7", {"expires": "28011523", "lot": "L7"}),
        ("/$$528366L7", {"expires": "28366", "lot": "L7"}),
        ("/$$62801523L7", {"expires": "2801523", "lot": "L7"}),
        ("/$$7L7", {"lot": "L7"}),
        ("/$$+7S9", {"serial": "S9"}),
        ("/$$+3280115S9", {"expires": "280115", "serial": "S9"}),
        ("/$$8053280115L7", {"quantity": "05", "expires": "280115", "lot": "L7"}),
        ("/$$900500L7", {"quantity": "00500", "lot": "L7"}),
        ("/$L7/S9/16D20260115/14D20280115/Q500",
         {"lot": "L7", "serial": "9", "made": "20260115", "expires": "20280115", "quantity": "500"}),
    ],
)  # fmt: skip
def test_every_form_of_an_hibc_code_is_read(behind: str, more: dict[str, str]) -> None:
    found = identify(checked(PRIMARY + behind))
    assert (found.agency, found.is_verified) == ("HIBCC", True)
    assert {one.name: one.value for one in found.fields} == PRODUCT | more
    assert all(one.form for one in found.fields if one.name in ("made", "expires"))


def test_a_secondary_code_alone_ends_in_the_link_to_its_primary() -> None:
    link = checked(PRIMARY)[-1]
    assert fields(checked("+$$3280115L7" + link)) == {"expires": "280115", "lot": "L7"}
    assert fields(checked("+28015L7" + link)) == {"expires": "28015", "lot": "L7"}


@pytest.mark.parametrize("around", ["*{}*", "]C0{}", "]A0{}", "]d1{}", "]Q1{}", "]z0*{}*", "{}\r\n"])
def test_a_code_is_read_with_what_people_and_readers_put_around_it(around: str) -> None:
    text = around.format(checked(PRIMARY + "/$L7"))
    assert fields(text) == PRODUCT | {"lot": "L7"}
    assert identify(text).text == text.rstrip("\r\n")


@pytest.mark.parametrize(
    ("text", "code", "wrong"),
    [
        (checked(PRIMARY)[:-1] + "#", "INVALID_HIBC_CHARACTER", "#"),
        (PRIMARY + "A", "INCORRECT_CHECK_CHARACTER", "A"),
        ("]d1" + PRIMARY.replace("7", "8") + checked(PRIMARY)[-1], "INCORRECT_CHECK_CHARACTER", checked(PRIMARY)[-1]),
        (checked("+K12/$L7"), "AGENCY_FORM", "K12/"),
        (checked("+K123PATCHX"), "AGENCY_FORM", "X"),
        (checked(PRIMARY + "/$$3281315L7"), "AGENCY_FORM", "281315"),
        (checked(PRIMARY + "/$$528367L7"), "AGENCY_FORM", "28367"),
        (checked(PRIMARY + "/$$4280115"), "AGENCY_FORM", "280115"),
        (checked(PRIMARY + "/$" + "L" * 19), "AGENCY_FORM", "L" * 19),
        (checked(PRIMARY + "/16D2026"), "AGENCY_FORM", "2026"),
    ],
)
def test_an_hibc_code_that_breaks_a_rule_is_refused_at_its_place(text: str, code: str, wrong: str) -> None:
    with pytest.raises(Gs1Error) as caught:
        identify(text)
    error = caught.value
    assert (error.code, text[error.start : error.start + error.length]) == (code, wrong)


@given(st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=18), st.integers(0, 42), st.integers(1, 42))
def test_one_changed_character_of_an_hibc_code_is_always_noticed(item: str, place: int, change: int) -> None:
    code = checked(f"+K123{item}1")
    at = 1 + place % (len(code) - 1)
    changed = SYMBOLS[(SYMBOLS.index(code[at]) + change) % 43]
    with pytest.raises(Gs1Error):
        identify(code[:at] + changed + code[at + 1 :])


ISBT = "=/K9999TAPE01T0042=,000077=K12342600012300=>028015=}026015&,1000000000000000L-7"


def test_the_parts_of_an_isbt_code_follow_one_another() -> None:
    text = ISBT.replace("L-7", "LL7")
    assert fields(text) == {
        "device": "K9999TAPE01T0042", "serial": "000077", "donation": "K12342600012300", "expires": "028015",
        "made": "026015", "lot": "000000000000000LL7",
    }  # fmt: skip
    assert identify(text).is_verified
    assert fields("=)1TE7777777&)LL77777777") == {"device": "1TE7777777", "lot": "LL77777777"}
    assert fields("]C4=K12342600012300") == {"donation": "K12342600012300"}


def test_what_an_isbt_code_holds_besides_is_kept_and_flagged() -> None:
    text = "=K12342600012300=%5100"
    found = identify(text)
    assert (found.get("rest"), found.is_verified) == ("=%5100", False)
    assert text[found.flags[0].start :][: found.flags[0].length] == "=%5100"


@pytest.mark.parametrize(("text", "wrong"), [(ISBT, "000000000000000L-7"), ("=>028399", "028399"), ("=/K9999", "K9999")])
def test_an_isbt_code_that_breaks_a_rule_is_refused_at_its_place(text: str, wrong: str) -> None:
    with pytest.raises(Gs1Error) as caught:
        identify(text)
    assert caught.value.code == "AGENCY_FORM"
    assert text[caught.value.start :][: caught.value.length] == wrong


def flagged(found: Identified) -> list[str]:
    return [found.text[flag.start : flag.start + flag.length] for flag in found.flags]


def test_an_ma_code_names_maker_and_product_and_keeps_the_rest_as_text() -> None:
    found = identify("MA.156.M0.K12345.1PATCH07.M260115.LL7")
    assert found.agency == "MA"
    assert {one.name: one.value for one in found.fields} == {
        "device": "MA.156.M0.K12345.1PATCH07", "labeler": "156.M0.K12345", "item": "1PATCH0", "check": "7",
        "production": "M260115.LL7",
    }  # fmt: skip
    assert (found.is_verified, flagged(found)) == (False, ["7", "M260115.LL7"])
    assert "production" not in fields("]Q1MA.156.M0.K12345.1PATCH07")


def test_an_ahm_code_is_kept_whole() -> None:
    found = identify("AHM69012345-7/BN=L7")
    assert (found.agency, found.get("device"), flagged(found)) == ("AHM", found.text, [found.text])


def test_the_first_seven_of_the_twenty_digits_name_a_drug() -> None:
    found = identify("81234567890123456789")
    assert (found.agency, found.get("drug")) == ("NMPA", "8123456")
    assert flagged(found) == ["7890123456789"]
    # 8004 is an AI too, and any digits would do behind it
    with pytest.raises(Gs1Error):
        parse_anything("80041234567890123456")
    assert parse_anything("00106141412345678908").get("00") == "106141412345678908"


@pytest.mark.parametrize(
    "text",
    ["", "+", "*+*", "+A", "+8613812345678", "=", "=1+1", "& co", "MA", "MA.156.M0.K12345", "MA.156.M0.K12345.1PATCH0",
     "AHMED", "AHM", "00106141412345678908", "8123456789012345678", "8123456789012345678９", "HELLO", "]Q1HELLO"],
)  # fmt: skip
def test_what_only_looks_a_little_like_a_code_is_none(text: str) -> None:
    with pytest.raises(Gs1Error):
        identify(text)


def test_the_line_of_a_foreign_code_has_no_ais_and_says_what_is_uncertain() -> None:
    line = parse_line("81234567890123456789")
    assert (line["ok"], line["ai"], line["key"], line["uri"], line["element_string"]) == (True, [], None, None, None)
    assert (line["agency"], line["verified"]) == ("NMPA", False)
    assert line["fields"] == [["drug", "8123456", ""], ["production", "7890123456789", ""]]
    assert [(flag["code"], flag["start"], flag["length"]) for flag in line["flags"]] == [("UNVERIFIED", 7, 13)]


def test_a_lot_is_looked_for_by_the_number_inside_the_code() -> None:
    assert lot_number_in(checked(PRIMARY + "/$$3280115L-7")) == "L-7"
    for text in ("L-7", checked(PRIMARY), f"(01){GTIN}(10)L7", "", "+1 2"):
        assert lot_number_in(text) == text


def test_the_data_say_of_every_part_whether_it_is_known_for_certain() -> None:
    text = files("traceapp.gs1").joinpath("data/agencies.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))
    assert {row["agency"] for row in rows} == {"HIBCC", "ICCBBA", "MA", "AHM", "NMPA"}
    assert {row["verified"] for row in rows} == {"yes", "no"}
    assert all(row["source"] for row in rows)
    uncertain = {(row["agency"], row["part"]) for row in rows if row["verified"] == "no"}
    assert {("MA", "production"), ("AHM", "device"), ("NMPA", "production")} <= uncertain


PIECES = st.lists(
    st.sampled_from(["+", "K123", "PATCH", "7", "1", "/", "$", "$$", "3", "280115", "16D", "*", "=", "=/", "=>", "&,1",
                     "K9999TAPE01T0042", "MA.156.M0.", "K12345.", "1PATCH07", ".L7", "AHM", "8123456789", "]C0", "]Q1", "é",
                     "\ud800", " "]), max_size=9,
).map("".join)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(PIECES)
def test_any_text_is_identified_or_refused_at_a_place_within_it(text: str) -> None:
    for candidate in (text, checked(text) if set(text) <= set(SYMBOLS) else text):
        try:
            found = identify(candidate)
        except Gs1Error as error:
            assert 0 <= error.start <= error.start + error.length <= len(candidate)
            continue
        assert all(0 <= flag.start <= flag.start + flag.length <= len(candidate) for flag in found.flags)
        assert all(one.value in candidate for one in found.fields)
        json.dumps(parse_line(candidate)).encode()
