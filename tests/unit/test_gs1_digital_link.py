from __future__ import annotations

import pytest

from traceapp.gs1 import Gs1Error, constrained, digital_link, loose_canonical, parse, parse_path, parse_uri

GTIN = "09506000134352"
OTHER_GTIN = "09520123456788"


def refusal(text: str, **options: bool) -> tuple[str, str]:
    """The code, and the characters that are said to be wrong."""
    with pytest.raises(Gs1Error) as caught:
        parse_uri(text, **options)
    error = caught.value
    return error.code, text[error.start : error.start + error.length]


@pytest.mark.parametrize(
    ("uri", "canonical"),
    [
        (f"https://id.gs1.org/01/{GTIN}", f"https://id.gs1.org/01/{GTIN}"),
        (f"HTTP://shop.example:8080/a/b/01/{GTIN}/10/L7", f"https://id.gs1.org/01/{GTIN}/10/L7"),
        (f"https://[2001:db8::1]:8/01/{GTIN}", f"https://id.gs1.org/01/{GTIN}"),
        (f"https://a/01/{OTHER_GTIN}/00/106141412345678908", "https://id.gs1.org/00/106141412345678908"),
        (f"https://a/00/x/01/{GTIN}", f"https://id.gs1.org/01/{GTIN}"),
        (f"https://a/01/{GTIN}/10/A%2FB+C", f"https://id.gs1.org/01/{GTIN}/10/A%2FB%2BC"),
        (f"https://a/01/{GTIN}/10/%4c%37", f"https://id.gs1.org/01/{GTIN}/10/L7"),
        (f"https://a/01/{GTIN}/10/5%2", f"https://id.gs1.org/01/{GTIN}/10/5%252"),
        (f"https://a/01/{GTIN}?&&17=280115&&11=260115&", f"https://id.gs1.org/01/{GTIN}?11=260115&17=280115"),
        (f"https://a/01/{GTIN}?99=A%2BB#here?10=X", f"https://id.gs1.org/01/{GTIN}?99=A%2BB"),
        (f"https://a/01/{GTIN}/235/XYZ?10=A", f"https://id.gs1.org/01/{GTIN}/235/XYZ?10=A"),
        ("https://a/414/9506000134352/254/32a%2Fb", "https://id.gs1.org/414/9506000134352/254/32a%2Fb"),
        (f"https://a/01/{GTIN}/22/2A/10/L/21/S", f"https://id.gs1.org/01/{GTIN}/22/2A/10/L/21/S"),
    ],
)
def test_every_legal_way_to_write_a_uri_has_one_canonical_form(uri: str, canonical: str) -> None:
    assert parse_uri(uri).uri == canonical
    assert parse_uri(canonical).uri == canonical


@pytest.mark.parametrize(
    ("uri", "code", "wrong"),
    [
        ("", "URI_SCHEME", ""),
        ("ftp://a/01/" + GTIN, "URI_SCHEME", "ftp://a/"),
        ("HtTp://a/01/" + GTIN, "URI_SCHEME", "HtTp://a"),
        ("https:///01/" + GTIN, "URI_HOST", ""),
        ("https://[fe80::1%25eth0]/01/" + GTIN, "URI_HOST", "[fe80::1%25eth0]"),
        ("https://a_b/01/" + GTIN, "URI_HOST", "_b"),
        ("https://a%2Eb/01/" + GTIN, "URI_HOST", "%2Eb"),
        ("https://me@a/01/" + GTIN, "URI_HOST", "@a"),
        ("https://a/01/" + GTIN + "/10/批", "URI_CHARACTER", "批"),
        ("https://a", "NO_KEY", ""),
        ("https://a/gtin/" + GTIN, "NO_KEY", f"/gtin/{GTIN}"),
        (f"https://a/01/{GTIN}/", "NO_KEY", f"/01/{GTIN}/"),
        (f"https://a/01/{GTIN}/foo", "NO_KEY", f"/01/{GTIN}/foo"),
        (f"https://a/01/{GTIN}/10/L/22/2A", "QUALIFIERS_OUT_OF_ORDER", f"01/{GTIN}/10/L/22/2A"),
        (f"https://a/01/{GTIN}/17/280115", "QUALIFIERS_OUT_OF_ORDER", f"01/{GTIN}/17/280115"),
        (f"https://a/01/{GTIN}/10/L/235/T", "QUALIFIERS_OUT_OF_ORDER", f"01/{GTIN}/10/L/235/T"),
        (f"https://a/01/{GTIN}/10/L/10/L", "REPEATED_AI", "L"),
        (f"https://a/01/{GTIN}?10=L", "AI_NOT_ALLOWED_HERE", "10"),
        (f"https://a/01/{GTIN}?21=S", "AI_NOT_ALLOWED_HERE", "21"),
        (f"https://a/01/{GTIN}?99=", "AI_EMPTY_VALUE", ""),
        (f"https://a/01/{GTIN}/10/", "AI_EMPTY_VALUE", ""),
        (f"https://a/01/{GTIN}?99=A&99=A", "REPEATED_AI", "A"),
        (f"https://a/01/{GTIN}?999=A", "UNKNOWN_AI", "999"),
        (f"https://a/01/{GTIN}?01={GTIN}", "REPEATED_AI", GTIN),
        (f"https://a/01/{GTIN}?37=5", "EXCLUDED_PAIR", "5"),
        (f"https://a/01/{GTIN}/10/A%00", "CONTROL_CHARACTER", "%00"),
        (f"https://a/01/{GTIN}/10/A%20B", "INVALID_CSET82_CHARACTER", "%20"),
        (f"https://a/01/{GTIN}?99=A+B", "INVALID_CSET82_CHARACTER", "+"),
        (f"https://a/01/{GTIN}/10/%E6%89%B9", "INVALID_CSET82_CHARACTER", "%E6"),
        ("https://a/01/09506000134353", "INCORRECT_CHECK_DIGIT", "3"),
        ("https://a/01/9506000134352", "AI_VALUE_LENGTH", "9506000134352"),
        (f"https://a/01/{GTIN}?17=281315", "ILLEGAL_MONTH", "13"),
    ],
)
def test_a_uri_that_breaks_a_rule_is_refused_at_its_place(uri: str, code: str, wrong: str) -> None:
    assert refusal(uri) == (code, wrong)


def test_old_forms_are_read_only_when_asked_for() -> None:
    old = "https://a/gtin/9506000134352/lot/L7/ser/5"
    assert parse_uri(old, legacy=True).uri == f"https://id.gs1.org/01/{GTIN}/10/L7/21/5"
    assert refusal("https://a/01/9506000134353", legacy=True) == ("INCORRECT_CHECK_DIGIT", "3")


def test_parameters_that_are_no_ais_are_kept_apart_and_do_not_identify() -> None:
    parsed = parse_uri(f"https://a/01/{GTIN}?linkType=gs1%3Apip&utm&17=280115&x=a+b")
    assert parsed.other == (("linkType", "gs1:pip"), ("utm", ""), ("x", "a b"))
    assert parsed.uri == f"https://id.gs1.org/01/{GTIN}?17=280115"


def test_a_raw_request_path_may_end_in_a_slash_and_keeps_its_escapes() -> None:
    assert parse_path(f"/01/{GTIN}/10/A%2FB/").get("10") == "A/B"
    assert parse_path(f"/01/{GTIN}/?17=280115").ai == (("01", GTIN), ("17", "280115"))
    with pytest.raises(Gs1Error):
        parse_path(f"/01/{GTIN}//")


def test_the_place_of_an_error_behind_a_tolerated_slash_is_right() -> None:
    path = f"/01/{GTIN}/?17=281315"
    with pytest.raises(Gs1Error) as caught:
        parse_path(path)
    assert path[caught.value.start :][:2] == "13"


@pytest.mark.parametrize(
    ("uri", "finest"),
    [
        (f"https://a/01/{GTIN}/22/V/10/L/21/S?17=280115", f"https://id.gs1.org/01/{GTIN}/21/S"),
        (f"https://a/01/{GTIN}/22/V/10/L?17=280115", f"https://id.gs1.org/01/{GTIN}/10/L"),
        (f"https://a/01/{GTIN}/22/V", f"https://id.gs1.org/01/{GTIN}"),
        (f"https://a/01/{GTIN}/235/T?10=L", f"https://id.gs1.org/01/{GTIN}/235/T"),
        ("https://a/414/9506000134352/254/E", "https://id.gs1.org/414/9506000134352/254/E"),
        ("https://a/414/9506000134352/7040/1ABC", "https://id.gs1.org/414/9506000134352"),
        ("https://a/00/106141412345678908?02=" + GTIN + "&37=5", "https://id.gs1.org/00/106141412345678908"),
    ],
)
def test_the_constrained_form_names_the_finest_thing_only(uri: str, finest: str) -> None:
    assert constrained(uri) == finest


def test_generation_puts_qualifiers_in_order_and_sorts_the_rest() -> None:
    ais = [("17", "280115"), ("21", "S/1"), ("11", "260115"), ("10", "L 7".replace(" ", "+")), ("01", GTIN)]
    expected = f"https://t.example/x/01/{GTIN}/10/L%2B7/21/S%2F1?11=260115&17=280115"
    assert digital_link(ais, "https://t.example/x/") == expected


@pytest.mark.parametrize(
    ("ais", "code"),
    [
        ([], "NO_KEY"),
        ([("10", "L")], "NO_KEY"),
        ([("01", "9506000134352")], "AI_VALUE_LENGTH"),
        ([("01", "09506000134353")], "INCORRECT_CHECK_DIGIT"),
        ([("01", GTIN), ("10", "")], "AI_EMPTY_VALUE"),
        ([("01", GTIN), ("10", "L"), ("10", "L")], "REPEATED_AI"),
        ([("01", GTIN), ("999", "L")], "UNKNOWN_AI"),
        ([("01", GTIN), ("02", GTIN)], "EXCLUDED_PAIR"),
        ([("01", GTIN), ("254", "E")], "QUALIFIERS_OUT_OF_ORDER"),
        ([("414", "9506000134352"), ("21", "S")], "QUALIFIERS_OUT_OF_ORDER"),
        ([("415", "9506000134352")], "MISSING_COMPANION"),
        ([("01", GTIN), ("3922", "100")], "MISSING_COMPANION"),
        ([("01", GTIN), ("8200", "http://a")], "QUALIFIERS_OUT_OF_ORDER"),
        ([("01", GTIN), ("235", "T"), ("22", "V")], "QUALIFIERS_OUT_OF_ORDER"),
    ],
)
def test_generation_refuses_what_may_not_be(ais: list[tuple[str, str]], code: str) -> None:
    with pytest.raises(Gs1Error) as caught:
        digital_link(ais)
    assert caught.value.code == code


def test_the_rest_may_keep_its_order_with_predefined_lengths_first() -> None:
    ais = [("98", "A"), ("253", "9526064000028"), ("99", "B"), ("17", "280115"), ("11", "260115")]
    written = digital_link(ais, "https://t.example", complete=False, sort=False)
    assert written == "https://t.example/253/9526064000028?17=280115&11=260115&98=A&99=B"
    assert parse(written).values == dict(ais)


def test_a_number_that_is_no_ai_yet_is_written_only_when_asked_for() -> None:
    ais = [("01", GTIN), ("89", "X/1")]
    assert digital_link(ais, unknown_ais=True) == f"https://id.gs1.org/01/{GTIN}?89=X%2F1"
    with pytest.raises(Gs1Error):
        digital_link(ais)


def test_the_path_that_leaves_nothing_over_is_chosen() -> None:
    # a lot is no qualifier beside a third-party serial, but may be told of it
    ais = [("01", GTIN), ("10", "L"), ("235", "T")]
    assert digital_link(ais) == f"https://id.gs1.org/01/{GTIN}/235/T?10=L"
    assert parse_uri(digital_link(ais)).values == dict(ais)


@pytest.mark.parametrize("stem", ["ftp://a", "https://a?x=1", "https://a#x", "https://", "https://a b"])
def test_generation_refuses_a_stem_that_cannot_carry_a_path(stem: str) -> None:
    with pytest.raises(Gs1Error):
        digital_link([("01", GTIN)], stem)


def test_an_incomplete_set_is_written_only_when_asked_for() -> None:
    assert digital_link([("01", GTIN), ("3922", "100")], complete=False).endswith("?3922=100")


def flagged(uri: str) -> tuple[str, list[str]]:
    canonical, flags = loose_canonical(uri)
    return canonical, [flag.code for flag in flags]


def test_a_foreign_uri_with_a_wrong_check_digit_is_canonical_and_flagged() -> None:
    uri = "http://shop.example/p/gtin/9506000134353/lot/A?17=281315"
    expected = "https://id.gs1.org/01/09506000134353/10/A?17=281315"
    assert flagged(uri) == (expected, ["INCORRECT_CHECK_DIGIT", "ILLEGAL_MONTH"])


def test_flags_of_a_foreign_uri_say_where() -> None:
    uri = "https://a/gtin/9506000134353"
    flag = loose_canonical(uri)[1][0]
    assert uri[flag.start : flag.start + flag.length] == "3"


@pytest.mark.parametrize(
    "uri", ["https://example.com/order/10", "https://example.com/01/2024", "urn:uuid:x", "", "https://[::1/", "geo:1,2"]
)
def test_what_is_not_gs1_stays_as_it_is_without_flags(uri: str) -> None:
    assert flagged(uri) == (uri, [])


def test_a_broken_uri_on_the_host_of_gs1_stays_as_it_is_and_is_flagged() -> None:
    assert flagged("https://id.gs1.org/01/123") == ("https://id.gs1.org/01/123", ["AI_VALUE_LENGTH"])


def test_a_foreign_epc_urn_becomes_a_uri() -> None:
    expected = "https://id.gs1.org/01/10614141123459/21/400"
    assert flagged("urn:epc:id:sgtin:0614141.112345.400") == (expected, [])
    assert flagged("urn:epc:id:sgtin:1.2.3") == ("urn:epc:id:sgtin:1.2.3", ["EPC_URN"])


def test_the_first_key_that_leaves_nothing_over_is_the_primary_one() -> None:
    assert parse(f"(414)9506000134352(01){GTIN}(21)S").uri == f"https://id.gs1.org/01/{GTIN}/21/S?414=9506000134352"
    assert parse(f"(8004)95060001X(01){GTIN}").key == "8004"
