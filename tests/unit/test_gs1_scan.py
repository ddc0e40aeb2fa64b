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
        ("DataBarOmni", f"]e001{GTIN}10L7\x1d21S9"),
        ("EAN13", f"]E0{GTIN[1:]}|]e010L7\x1d21S9"),
    ],
)
def test_what_a_reader_would_send_is_read_back(symbology: str, scan: str) -> None:
    assert scan_data(AIS, symbology) == scan
    assert parse_scan(scan).ai == parse(AIS).ai


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
