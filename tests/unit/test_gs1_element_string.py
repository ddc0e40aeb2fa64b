from __future__ import annotations

import pytest

from traceapp.gs1 import Gs1Error, bracketed, hri, parse, parse_anything, write_element_string

GTIN = "09506000134352"
FULL = (("01", GTIN), ("17", "280115"), ("10", "L7"), ("21", "S9"))


def refusal(text: str) -> tuple[str, str]:
    with pytest.raises(Gs1Error) as caught:
        parse(text)
    error = caught.value
    return error.code, text[error.start : error.start + error.length]


@pytest.mark.parametrize(
    "text",
    [
        f"^01{GTIN}1728011510L7^21S9",
        f"\x1d01{GTIN}1728011510L7\x1d21S9",
        f"^01{GTIN}^17280115^10L7^21S9^",
        f"^01{GTIN}1728011510L7^21S9\r\n",
        f"(01){GTIN}(17)280115(10)L7(21)S9",
        f"]d201{GTIN}1728011510L7\x1d21S9",
        f"]C101{GTIN}1728011510L7\x1d21S9",
        f"]Q301{GTIN}1728011510L7\x1d21S9",
    ],
)
def test_all_ways_to_write_the_same_ais_are_read_alike(text: str) -> None:
    assert parse(text).ai == FULL


def test_fnc1_is_written_only_where_it_is_needed() -> None:
    assert write_element_string(FULL) == f"^01{GTIN}1728011510L7^21S9"
    assert write_element_string(FULL, "\x1d").endswith("10L7\x1d21S9")
    assert write_element_string([("10", "L7"), ("01", GTIN)]) == f"^10L7^01{GTIN}"


def test_people_read_ais_in_brackets() -> None:
    assert hri(FULL) == f"(01){GTIN}(17)280115(10)L7(21)S9"


def test_a_bracket_inside_a_value_is_escaped_and_read_back() -> None:
    ais = (("01", GTIN), ("10", "A(21)B"))
    assert bracketed(ais) == rf"(01){GTIN}(10)A\(21)B"
    assert parse(bracketed(ais)).ai == ais


@pytest.mark.parametrize(
    ("text", "code", "wrong"),
    [
        ("", "NOT_A_GS1_TEXT", ""),
        ("example", "NOT_A_GS1_TEXT", "example"),
        ("eh30", "NOT_A_GS1_TEXT", "eh30"),
        (f"01{GTIN}", "NOT_A_GS1_TEXT", f"01{GTIN}"),
        ("^", "NO_KEY", ""),
        ("^891234", "UNKNOWN_AI", "89"),
        ("^3", "UNKNOWN_AI", "3"),
        (f"^01{GTIN}2", "UNKNOWN_AI", "2"),
        ("^0109506000134353", "INCORRECT_CHECK_DIGIT", "3"),
        ("^010950600013435", "AI_VALUE_LENGTH", "0950600013435"),
        ("^010950600013435^10L7", "AI_VALUE_LENGTH", "0950600013435"),
        (f"^01{GTIN}10", "AI_EMPTY_VALUE", ""),
        (f"^01{GTIN}10L7^^21S", "UNKNOWN_AI", "^2"),
        (f"^01{GTIN}10L 7", "INVALID_CSET82_CHARACTER", " "),
        ("^10A^10B", "REPEATED_AI", "10B"),
        (f"^01{GTIN}02{GTIN}", "EXCLUDED_PAIR", f"02{GTIN}"),
        ("(10)A(11)", "AI_EMPTY_VALUE", ""),
        ("(1A)5", "MALFORMED_AI", "(1A)"),
        ("(10", "MALFORMED_AI", "(10"),
        ("(89)A", "UNKNOWN_AI", "89"),
        (r"(10)A\(B C", "INVALID_CSET82_CHARACTER", " "),
        (r"(10)A\B", "INVALID_CSET82_CHARACTER", "\\"),
        ("(17)281315(10)A", "ILLEGAL_MONTH", "13"),
        ("(10)A|B", "INVALID_CSET82_CHARACTER", "|"),
        ("(10)A|(98)B|(99)C", "MALFORMED_AI", "|(99)"),
        ("(10)A|(10)B", "REPEATED_AI", "(10)B"),
        ("^10A|99B", "INVALID_CSET82_CHARACTER", "|"),
        ("^10A|^98B|^99C", "INVALID_CSET82_CHARACTER", "|"),
        ("^10A|^", "NO_KEY", ""),
        ("^|^99A", "NO_KEY", ""),
        ("^99A|^01" + GTIN[:-1] + "3", "INCORRECT_CHECK_DIGIT", "3"),
    ],
)
def test_what_breaks_a_rule_is_refused_at_its_place(text: str, code: str, wrong: str) -> None:
    assert refusal(text) == (code, wrong)


@pytest.mark.parametrize(
    "text", [f"^01{GTIN}10L7|^99X(1)", rf"(01){GTIN}(10)L7|(99)X\(1)", f"\x1d01{GTIN}10L7|\x1d99X(1)"]
)
def test_a_composite_component_marks_the_same_item(text: str) -> None:
    assert parse(text).ai == (("01", GTIN), ("10", "L7"), ("99", "X(1)"))


@pytest.mark.parametrize(
    ("text", "ais"),
    [
        ("(89)ANY", (("89", "ANY"),)),
        ("(89)A(01)" + GTIN + "(89)A", (("89", "A"), ("01", GTIN))),
        ("(419)1234567890123", (("419", "1234567890123"),)),
        ("^236AB^10L7", (("236", "AB"), ("10", "L7"))),
        ("^419123456789012310L7", (("419", "1234567890123"), ("10", "L7"))),
        ("]C18299X\x1d10L7", (("8299", "X"), ("10", "L7"))),
        (f"https://a/01/{GTIN}?89=X%2FY", (("01", GTIN), ("89", "X/Y"))),
    ],
)
def test_a_number_that_is_no_ai_yet_is_taken_as_text_only_when_asked_for(
    text: str, ais: tuple[tuple[str, str], ...]
) -> None:
    parsed = parse(text, unknown_ais=True)
    assert parsed.ai == ais
    assert parse(bracketed(parsed.ai), unknown_ais=True).ai == ais
    with pytest.raises(Gs1Error) as caught:
        parse(text)
    assert caught.value.code == "UNKNOWN_AI"


@pytest.mark.parametrize(
    "text",
    [
        "^891234",  # nobody knows how many digits an AI that begins with 89 has
        "(011)A",
        "(80)A",
        "(800)A",
        "(399)A",
        "(2367)A",
        "(419)A",
        "(89)A(89)B",
        "(89)A B",
        "(89)" + "A" * 91,
        f"https://a/01/{GTIN}/89/A",
    ],
)
def test_a_number_that_cannot_be_an_ai_is_refused_even_then(text: str) -> None:
    with pytest.raises(Gs1Error):
        parse(text, unknown_ais=True)


def test_the_same_value_twice_is_one_value() -> None:
    assert parse("^10A^99B^10A").ai == (("10", "A"), ("99", "B"))


@pytest.mark.parametrize(
    ("text", "ais"),
    [
        (" 9506000134352\n", (("01", GTIN),)),
        ("96385074", (("01", "00000096385074"),)),
        (f"01{GTIN}10L7\x1d21S9", (("01", GTIN), ("10", "L7"), ("21", "S9"))),
        (f" https://a/01/{GTIN} ", (("01", GTIN),)),
    ],
)
def test_a_scan_box_takes_what_people_and_readers_leave_out(text: str, ais: tuple[tuple[str, str], ...]) -> None:
    assert parse_anything(text).ai == ais


@pytest.mark.parametrize(
    ("text", "wrong"),
    [("  9506000134353", "3"), ("01" + GTIN + "10L 7", " "), ("  (17)281315", "13"), ("96385070", "0")],
)
def test_a_scan_box_shows_the_place_in_what_was_typed(text: str, wrong: str) -> None:
    with pytest.raises(Gs1Error) as caught:
        parse_anything(text)
    assert text[caught.value.start : caught.value.start + caught.value.length] == wrong
