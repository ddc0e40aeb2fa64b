from __future__ import annotations

import pytest

from traceapp.gs1 import Gs1Error, parse, parse_scan, scan_data
from traceapp.gs1.lines import parse_line, scan_line, uri_line

GTIN = "09506000134352"
AIS = f"(01){GTIN}(10)L7(21)S9"


@pytest.mark.parametrize(
    ("symbology", "scan"),
    [
        ("DM", f"]d201{GTIN}10L7\x1d21S9"),
        ("QR", f"]Q301{GTIN}10L7\x1d21S9"),
        ("DotCode", f"]J101{GTIN}10L7\x1d21S9"),
        ("GS1_128_CCA", f"]C101{GTIN}10L7\x1d21S9"),
        ("DataBarExpanded", f"]e001{GTIN}10L7\x1d21S9"),
        ("GS1_128_CCC", f"]C101{GTIN}10L7\x1d21S9"),
        ("DataBarOmni", f"]e001{GTIN}10L7\x1d21S9"),
        ("DataBarTruncated", f"]e001{GTIN}10L7\x1d21S9"),
        ("DataBarStacked", f"]e001{GTIN}10L7\x1d21S9"),
        ("DataBarStackedOmni", f"]e001{GTIN}10L7\x1d21S9"),
        ("DataBarLimited", f"]e001{GTIN}10L7\x1d21S9"),
        ("EAN13", f"]E0{GTIN[1:]}|]e010L7\x1d21S9"),
    ],
)
def test_what_a_reader_would_send_is_read_back(symbology: str, scan: str) -> None:
    assert scan_data(AIS, symbology) == scan
    assert parse_scan(scan).ai == parse(AIS).ai


# the digits of a symbol, its check digit left out, its GTIN with the AI, and what a reader sends
DIGITS = {
    "EAN13": ("9506000134352", "]E09506000134352"),
    "UPCA": ("614141123452", "]E00614141123452"),
    "UPCE": ("012345000065", "]E00012345000065"),
    "EAN8": ("96385074", "]E496385074"),
    "DataBarOmni": ("39506000134353", "]e00139506000134353"),
    "DataBarLimited": ("19506000134359", "]e00119506000134359"),
}


@pytest.mark.parametrize("symbology", DIGITS)
@pytest.mark.parametrize("component", ["", "|^99A^98B"])
def test_the_digits_of_a_symbol_may_be_written_in_every_form(symbology: str, component: str) -> None:
    digits, sent = DIGITS[symbology]
    if component:
        sent += "99A\x1d98B" if sent.startswith("]e0") else "|]e099A\x1d98B"
    gtin = digits.zfill(14)
    bracketed = component.replace("|^99", "|(99)").replace("^98", "(98)")
    for data in (digits + component, digits[:-1] + component, f"^01{gtin}{component}", f"(01){gtin}{bracketed}"):
        assert scan_data(data, symbology) == sent
    assert parse_scan(sent).ai == (("01", gtin), *((("99", "A"), ("98", "B")) if component else ()))


def test_a_component_beside_a_linear_symbol_follows_with_a_separator_where_one_is_needed() -> None:
    for linear, separator in ((f"^01{GTIN}10L7", "\x1d"), (f"^10L7^01{GTIN}", ""), (f"^01{GTIN}10L7^", "")):
        sent = scan_data(linear + "|^99A", "GS1_128_CCA")
        assert sent == "]e0" + linear[1:].replace("^", "\x1d") + separator + "99A"
        assert dict(parse_scan(sent).ai) == {"01": GTIN, "10": "L7", "99": "A"}
    assert scan_data(f"(01){GTIN}(10)L7|(99)A", "GS1_128_CCC") == f"]e001{GTIN}10L7\x1d99A"
    # AIs that a composite component repeats are read once
    assert parse_scan(f"]e001{GTIN}10L7\x1d10L7").ai == (("01", GTIN), ("10", "L7"))


@pytest.mark.parametrize("identifier", ["]C1", "]d2", "]Q3", "]J1", "]e0"])
def test_an_fnc1_after_the_last_value_is_tolerated(identifier: str) -> None:
    assert parse_scan(f"{identifier}01{GTIN}\x1d10L7\x1d").ai == (("01", GTIN), ("10", "L7"))


@pytest.mark.parametrize("identifier", ["]I0", "]I1"])
def test_the_fourteen_digits_on_a_carton_are_its_gtin(identifier: str) -> None:
    assert parse_scan(identifier + "19506000134359").ai == (("01", "19506000134359"),)


def test_a_caret_in_plain_text_is_kept_apart_from_fnc1_by_a_backslash() -> None:
    assert scan_data("\\^A", "QR") == "]Q1^A"
    assert scan_data("\\\\^A", "DM") == "]d1\\^A"
    assert scan_data("A^B|^C", "DotCode") == "]J0A^B|^C"


def test_a_uri_in_a_plain_symbol_is_read() -> None:
    uri = f"https://t.example/01/{GTIN}/10/L7"
    scan = scan_data(uri, "QR")
    assert scan == "]Q1" + uri
    assert parse(scan).get("10") == "L7"


@pytest.mark.parametrize(
    ("data", "symbology", "code"),
    [
        ("9506000134353", "EAN13", "INCORRECT_CHECK_DIGIT"),
        ("ABC", "EAN13", "AI_VALUE_LENGTH"),
        (f"(01){GTIN}", "UPCA", "AI_VALUE_LENGTH"),
        ("24012345678905", "DataBarLimited", "AI_VALUE_LENGTH"),
        ("PLAIN", "DataBarExpanded", "FNC1_MISSING"),
        ("^0109506000134353", "DM", "INCORRECT_CHECK_DIGIT"),
        ("A", "Code39", "UNKNOWN_SYMBOLOGY"),
        ("^0119506000134359", "EAN13", "AI_VALUE_LENGTH"),
        ("^0109506000134353", "EAN13", "INCORRECT_CHECK_DIGIT"),
        ("^10L7", "EAN8", "AI_VALUE_LENGTH"),
        ("9506000134352|99A", "EAN13", "FNC1_MISSING"),
        ("9506000134352|^99A|^98B", "EAN13", "EXCESS_DATA"),
        (f"^01{GTIN}|^99A", "QR", "EXCESS_DATA"),
        (f"^01{GTIN}|^99A|^98B", "DataBarExpanded", "EXCESS_DATA"),
        (f"^01{GTIN}|", "GS1_128_CCA", "FNC1_MISSING"),
    ],
)
def test_a_symbol_that_cannot_hold_it_is_refused(data: str, symbology: str, code: str) -> None:
    with pytest.raises(Gs1Error) as caught:
        scan_data(data, symbology)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("scan", "code", "wrong"),
    [
        ("]d20109506000134353", "INCORRECT_CHECK_DIGIT", "3"),
        ("]d2", "NO_KEY", ""),
        ("]Q1HELLO", "NOT_A_GS1_TEXT", "HELLO"),
        ("]Q1https://a/01/09506000134353", "INCORRECT_CHECK_DIGIT", "3"),
        ("]X9123", "UNKNOWN_SYMBOLOGY", "]X9"),
        ("]E09506000134353", "INCORRECT_CHECK_DIGIT", "9506000134353"),
        ("]E09506000134352|]e010L 7", "INVALID_CSET82_CHARACTER", " "),
        ("]E09506000134352|10A", "UNKNOWN_SYMBOLOGY", "10A"),
        ("]E09506000134352|]e0", "NO_KEY", ""),
        ("]E09506000134352|]e010A|]e0", "INVALID_CSET82_CHARACTER", "|"),
        ("]E095060001343521", "INCORRECT_CHECK_DIGIT", "95060001343521"),
        ("]E4950600013", "INCORRECT_CHECK_DIGIT", "950600013"),
        (f"]d201{GTIN}10L7^21S9", "INVALID_CSET82_CHARACTER", "^"),
        (f"]C101{GTIN}|\x1d99A", "INVALID_CSET82_CHARACTER", "|"),
        ("]Q1HtTps://a/01/" + GTIN, "URI_SCHEME", "HtTps://"),
        ("]", "UNKNOWN_SYMBOLOGY", "]"),
        ("]e0", "NO_KEY", ""),
    ],
)
def test_scan_data_that_break_a_rule_are_refused_at_their_place(scan: str, code: str, wrong: str) -> None:
    with pytest.raises(Gs1Error) as caught:
        parse(scan)
    error = caught.value
    assert (error.code, scan[error.start : error.start + error.length]) == (code, wrong)


def test_a_line_is_answered_as_the_contract_says() -> None:
    assert parse_line(AIS) == {
        "ok": True,
        "ai": [["01", GTIN], ["10", "L7"], ["21", "S9"]],
        "key": "01",
        "uri": f"https://id.gs1.org/01/{GTIN}/10/L7/21/S9",
        "element_string": f"^01{GTIN}10L7^21S9",
    }
    assert parse_line("(10)L7")["uri"] is None
    assert parse_line("(01)09506000134353") == {
        "ok": False,
        "error": {
            "code": "INCORRECT_CHECK_DIGIT",
            "start": 17,
            "length": 1,
            "message": "The check digit is wrong",
        },
    }


def test_a_uri_line_uses_the_stem_and_a_scan_line_any_case() -> None:
    assert uri_line(AIS, "https://t.example") == f"https://t.example/01/{GTIN}/10/L7/21/S9"
    assert scan_line(f"(01){GTIN}", "ean13") == f"]E0{GTIN[1:]}"
    with pytest.raises(Gs1Error):
        uri_line("(10)L7")


@pytest.mark.parametrize(
    ("symbology", "scan"),
    [
        ("]d2", f"]d201{GTIN}10L7\x1d21S9"),
        ("]C1", f"]C101{GTIN}10L7\x1d21S9"),
        ("GS1-128", f"]C101{GTIN}10L7\x1d21S9"),
        ("]e0", f"]e001{GTIN}10L7\x1d21S9"),
        ("]E0", f"]E0{GTIN[1:]}|]e010L7\x1d21S9"),
        ("]Q1", f"]Q1https://id.gs1.org/01/{GTIN}/10/L7/21/S9"),
        ("]d1", f"]d1https://id.gs1.org/01/{GTIN}/10/L7/21/S9"),
    ],
)
def test_a_symbol_is_asked_for_by_the_identifier_that_a_reader_sends(symbology: str, scan: str) -> None:
    assert scan_line(AIS, symbology) == scan
    assert parse(scan).ai == parse(AIS).ai


def test_text_in_a_plain_symbol_stays_as_it_is() -> None:
    assert scan_line("HELLO", "]Q1") == "]Q1HELLO"
    with pytest.raises(Gs1Error):
        scan_line("HELLO", "]X9")
