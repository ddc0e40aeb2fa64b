from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.test_gs1_vectors import conformance_file
from traceapp.gs1 import (
    Gs1Error,
    Parsed,
    check_digit,
    decode_epc_binary,
    digital_link,
    encode_epc_binary,
    is_epc_binary,
    parse_path,
    parse_uri,
)
from traceapp.gs1.epc_bits import (
    DATE,
    URN_CODE,
    BitReader,
    BitWriter,
    Delimited,
    Digits,
    Nibbles,
    Text,
    from_bits,
    to_bits,
    write_parts,
)
from traceapp.gs1.epc_data import ai_codecs, read_ais, write_ais
from traceapp.gs1.epc_host import read_host, write_host
from traceapp.gs1.linters import CSET82
from traceapp.gs1.table import TABLE

GTIN = "09506000134352"
ITEM = Parsed((("01", GTIN), ("21", "S7/a")))
SIZES = st.integers(6, 12)


def test_every_published_string_is_read_as_published_and_written_again() -> None:
    cases = json.loads(conformance_file("epc-binary.json").read_text(encoding="utf-8"))["cases"]
    assert len(cases) > 15
    for segment, scheme, path in cases:
        found = decode_epc_binary(segment)
        assert (found.scheme, found.parsed.uri) == (scheme, "https://id.gs1.org" + path)
        assert parse_path("/" + segment).uri == found.parsed.uri
        options = {"prefix_length": found.prefix_length, "filter_value": found.filter_value, "host": found.host}
        assert encode_epc_binary(found.parsed, scheme, **options) == segment


def plus(*parts: tuple[str, object], header: int = 0xF7, toggle: int = 1) -> BitWriter:
    """An SGTIN+ whose GTIN and serial are followed by more AIs."""
    bits = BitWriter()
    bits.number(header, 8)
    bits.number(toggle, 1)
    bits.number(3, 3)
    Nibbles(14).write(GTIN, bits)
    Text(20).write("S7/a", bits)
    for ai, write in parts:
        Nibbles(len(ai)).write(ai, bits)
        write(bits)  # type: ignore[operator]
    return bits


def segment_of(bits: BitWriter, *, base64: bool = False) -> str:
    return from_bits(bits.bits, word=16, base64=base64)


@pytest.mark.parametrize("toggle", [0, 1])
@pytest.mark.parametrize("base64", [False, True])
def test_data_behind_the_key_go_into_path_and_query(toggle: int, base64: bool) -> None:
    bits = plus(
        ("10", lambda target: Text(20).write("L-7", target)),
        ("17", lambda target: DATE.write("280100", target)),
        ("3103", lambda target: target.number(1250, 20)),
        toggle=toggle,
    )
    parsed = parse_path("/" + segment_of(bits, base64=base64) + "?linkType=gs1:pip")
    assert parsed.uri == f"https://id.gs1.org/01/{GTIN}/10/L-7/21/S7%2Fa?17=280100&3103=001250"
    assert parsed.other == (("linkType", "gs1:pip"),)


HOSTS = ["t.example.com", "id.example.cn", "qr.brand.com.cn", "www.a-b.co.uk:8443", "x.tech", "localhost", "a.med.li"]


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("base64", [False, True])
def test_a_host_name_is_carried_behind_the_key_and_does_not_count(host: str, base64: bool) -> None:
    ais = (*ITEM.ai, ("17", "280100"))
    for scheme in ("SGTIN++", "DSGTIN++"):
        segment = encode_epc_binary(Parsed(ais), scheme, host=host, base64=base64)
        found = decode_epc_binary(segment)
        assert (found.scheme, found.host, dict(found.ai)) == (scheme, host, dict(ais))
        assert parse_path("/" + segment).uri == digital_link(ais)


def test_an_ending_of_the_lists_takes_one_or_two_units() -> None:
    for host, units in (("a.com", 2), ("id.a.com", 3), ("a.cn", 3), ("a.com.cn", 3), ("a.example", 9)):
        target = BitWriter()
        write_host(host, target)
        assert len(target.bits) == 7 + 7 * units


def test_a_host_name_in_capitals_means_the_same() -> None:
    bits = plus(header=0xFD, toggle=0)
    bits.number(0, 1)
    bits.number(5, 6)
    for group in ("A-B", ".CN"):
        first, second, third = (URN_CODE.index(character) for character in group[:3])
        bits.number(1600 * first + 40 * second + third + 1, 16)
    with pytest.raises(Gs1Error):
        decode_epc_binary(segment_of(bits))  # six characters where five were said
    source = BitReader("0" + format(6, "06b") + bits.bits[-32:])
    assert read_host(source) == "a-b.cn"


@pytest.mark.parametrize(
    "units",
    ["1" + "000000", "1" + "000001" + "0000011" + "0000001", "1" + "000001" + "0000000" + "0000000",
     "1" + "000001" + "0101111", "0" + "000000", "0" + "000011" + "0" * 16],
)  # fmt: skip
def test_what_is_no_host_name_is_refused(units: str) -> None:
    with pytest.raises(Gs1Error):
        read_host(BitReader(units))


@pytest.mark.parametrize("host", ["", "a b", "a/b", "a" * 64, "http://a", "[::1]"])
def test_a_host_name_that_does_not_fit_is_refused(host: str) -> None:
    with pytest.raises(Gs1Error):
        encode_epc_binary(ITEM, "SGTIN++", host=host)


def test_only_the_schemes_for_it_hold_a_host_name() -> None:
    assert decode_epc_binary(encode_epc_binary(ITEM, host="a.cn")).scheme == "SGTIN++"
    with pytest.raises(Gs1Error):
        encode_epc_binary(ITEM, "SGTIN+", host="a.cn")


def test_attributes_may_follow_a_compressed_key_but_not_repeat_it() -> None:
    segment = encode_epc_binary(ITEM)
    assert parse_uri(f"https://a/b/{segment}?17=280100").get("17") == "280100"
    with pytest.raises(Gs1Error) as caught:
        parse_uri(f"https://a/b/{segment}?10=L")
    assert caught.value.code == "AI_NOT_ALLOWED_HERE"


@pytest.mark.parametrize(
    "segment",
    [
        "eh",
        "ex",
        "eh3",
        "eh00" + "0" * 22,
        "ehe2" + "0" * 22,
        "eh3016",
        "eh30164596f40c0e5cbe991a830001",
        "eh" + "307" + "f" * 21,
        "ehF7",
        "EH30164596f40c0e5cbe991a83",
        "ex+/",
        segment_of(plus(("14", lambda target: target.number(0, 16)))),
        segment_of(plus(("21", lambda target: Text(20).write("S2", target)))),
        segment_of(plus(("17", lambda target: DATE.write("280230", target)))),
        segment_of(plus(("10", lambda target: target.number(0b11000010, 8)))),
        segment_of(plus(("10", lambda target: target.number(0b01110100, 8)))),
        segment_of(plus(("8008", lambda target: target.number(0, 40)), header=0xF7)),
        segment_of(plus(("7258", lambda target: target.number(0xA1, 8)))),
        segment_of(plus(("4307", lambda target: target.number(0xFFF, 12)))),
        segment_of(plus(("8040", lambda target: target.number(1, 50)))),
        segment_of(plus(header=0xFD)),
        "eh3500e86f8000a9e000000586",
        "eh2f320434147455900000162e",
        "ehf70" + "0950600013435a" + "80",
    ],
)
def test_what_holds_no_epc_is_refused_with_the_whole_segment_as_place(segment: str) -> None:
    with pytest.raises(Gs1Error) as caught:
        decode_epc_binary(segment)
    assert (caught.value.start, caught.value.length) == (0, len(segment))


def test_the_place_of_a_broken_segment_is_where_it_stands_in_the_path() -> None:
    path = "/some/eh3016/"
    with pytest.raises(Gs1Error) as caught:
        parse_path(path)
    assert path[caught.value.start :][: caught.value.length] == "eh3016"


@pytest.mark.parametrize(("segment", "expected"), [("eh30", True), ("exMB-_", True), ("eh", True), ("eh3G", False)])
def test_the_form_of_a_compressed_segment_is_told_without_reading_it(segment: str, expected: bool) -> None:
    assert is_epc_binary(segment) is expected


@pytest.mark.parametrize(
    ("ais", "scheme", "prefix_length"),
    [
        ((("01", GTIN), ("21", "S7/a")), "SGTIN-96", 7),
        ((("01", GTIN), ("21", "007")), "SGTIN-96", 7),
        ((("01", GTIN), ("21", str(2**38))), "SGTIN-96", 7),
        ((("01", GTIN), ("21", "7")), "SGTIN-96", 5),
        ((("01", GTIN), ("21", "7"), ("10", "L")), "SGTIN-96", 7),
        ((("01", GTIN),), "", 0),
        ((("01", GTIN), ("10", "L")), "", 0),
        ((("01", GTIN), ("21", "7"), ("8040", "123456789012345")), "", 0),
        ((("01", GTIN), ("21", "7"), ("17", "281315")), "", 0),
        ((("01", GTIN), ("21", "7")), "DSGTIN+", 0),
        ((("01", GTIN), ("21", "7"), ("11", "260115"), ("17", "280115")), "DSGTIN+", 0),
        ((("00", "106141412345678908"),), "SGTIN-96", 7),
        ((("01", GTIN), ("21", "7")), "GIAI+", 0),
        ((("01", GTIN), ("21", "7")), "NO-SUCH", 0),
        ((("8013", "1987654Ad4X4bL5ttr2310c2K"),), "", 0),
    ],
)
def test_what_a_scheme_cannot_hold_is_refused(
    ais: tuple[tuple[str, str], ...], scheme: str, prefix_length: int
) -> None:
    with pytest.raises(Gs1Error):
        encode_epc_binary(Parsed(ais), scheme, prefix_length=prefix_length)


def text(most: int) -> st.SearchStrategy[str]:
    alphabets = [CSET82, "0123456789", "0123456789ABCDEF", "0123456789abcdef", "ABCXYZ-.:019", "aZ-_7"]
    return st.sampled_from(alphabets).flatmap(lambda chosen: st.text(chosen, min_size=1, max_size=most))


def checked(size: int) -> st.SearchStrategy[str]:
    digits = st.text("0123456789", min_size=size - 1, max_size=size - 1)
    return digits.map(lambda found: found + check_digit(found))


# a value of every AI whose bits are not simply those of its parts, and of every kind of part
BEHIND = {
    "00": "106141412345678908", "02": "00614141123452", "10": "L/7", "11": "260100", "20": "07", "22": "v_1",
    "235": "0123456789abcdef", "240": "A-1", "242": "000012", "250": "S", "30": "00000007", "3103": "001250", "3922": "0",
    "3932": "978000000000000100", "3942": "0050", "402": "12345678901234560", "410": "9506000134352", "421": "156100000",
    "422": "156", "423": "156250276", "425": "156250276840826", "427": "ABC", "4300": "No.+1", "4307": "CN",
    "4309": "02790858483015297971", "4321": "1", "4324": "2801152359", "4326": "280115", "4330": "001850-", "4331": "001850",
    "7003": "2801152359", "7007": "260101", "7011": "280115", "7023": "9506000A/7", "7030": "156ABC", "7040": "1A2b",
    "7041": "200", "717": "SRN", "7230": "EMCERT-1", "7241": "80", "7250": "20000229", "7251": "200002290830",
    "7252": "2", "7258": "2/3", "8001": "12340567800191", "8003": "09506000134352R1", "8004": "9506000A",
    "8007": "DE91100000000123456789", "8008": "2601151430", "8013": "1987654Ad4X4bL5ttr2310c2K", "8030": "AbC-_9",
    "8111": "0050", "90": "x", "99": "?" * 90,
}  # fmt: skip


def test_every_kind_of_data_behind_the_key_is_written_and_read_back() -> None:
    for ai, value in BEHIND.items():
        TABLE[ai].check(value)
        target = BitWriter()
        write_ais([(ai, value)], target)
        assert read_ais(BitReader(target.bits)) == [(ai, value)], ai


@pytest.mark.parametrize(
    ("ai", "value", "size"),
    [("402", "12345678901234560", 57), ("423", "156250", 4 + 20), ("4309", "0" * 20, 67), ("7007", "260101", 17),
     ("7007", "260101260131", 33), ("7011", "280115", 18), ("7011", "2801151200", 29), ("8008", "26011514", 23),
     ("8008", "2601151430", 29), ("8008", "260115143059", 35), ("7040", "1A2b", 3 + 3 + 24), ("7230", "EM1", 3 + 5 + 16),
     ("7241", "80", 8), ("7251", "200002290830", 40), ("7258", "2/3", 8), ("8001", "1" * 14, 47), ("8030", "a-", 3 + 7 + 12),
     ("4330", "001850", 21), ("4324", "2801152359", 27), ("20", "07", 7), ("7252", "2", 4), ("10", "123", 3 + 5 + 10)],
)  # fmt: skip
def test_a_value_takes_the_bits_that_the_table_of_encodings_gives_it(ai: str, value: str, size: int) -> None:
    target = BitWriter()
    write_parts(value, ai_codecs(ai), target)
    assert len(target.bits) == size


@pytest.mark.parametrize(("ai", "value"), [("7007", "2601"), ("8007", "X" * 25), ("10", "A" * 21)])
def test_a_value_that_the_bits_cannot_hold_is_refused(ai: str, value: str) -> None:
    with pytest.raises(Gs1Error):
        write_parts(value, ai_codecs(ai), BitWriter())


def test_the_toggle_says_whether_more_data_follow() -> None:
    alone = encode_epc_binary(ITEM, "SGTIN+")
    more = encode_epc_binary(Parsed((*ITEM.ai, ("10", "L-7"), ("3103", "001250"))), "SGTIN+")
    assert (alone[4], more[4]) == ("0", "8")
    assert parse_path("/" + more).uri == f"https://id.gs1.org/01/{GTIN}/10/L-7/21/S7%2Fa?3103=001250"


def test_without_a_scheme_one_date_goes_in_front_and_more_go_behind() -> None:
    one, two = (*ITEM.ai, ("17", "280100")), (*ITEM.ai, ("11", "260115"), ("17", "280100"))
    for ais, scheme in ((one, "DSGTIN+"), (two, "SGTIN+")):
        found = decode_epc_binary(encode_epc_binary(Parsed(ais)))
        assert (found.scheme, dict(found.ai)) == (scheme, dict(ais))


@settings(max_examples=200, deadline=None)
@given(checked(14), text(20), st.booleans(), st.booleans())
def test_any_serial_goes_through_the_newer_scheme(gtin: str, serial: str, dated: bool, base64: bool) -> None:
    ais = [("01", gtin), ("21", serial)] + ([("15", "280100")] if dated else [])
    segment = encode_epc_binary(Parsed(tuple(ais)), base64=base64)
    assert parse_path("/" + segment).uri == digital_link(ais)


@settings(max_examples=200, deadline=None)
@given(checked(14), st.integers(0, 2**38 - 1), text(20), SIZES)
def test_any_serial_goes_through_the_older_schemes(gtin: str, number: int, serial: str, prefix_length: int) -> None:
    for scheme, value in (("SGTIN-96", str(number)), ("SGTIN-198", serial)):
        item = Parsed((("01", gtin), ("21", value)))
        found = decode_epc_binary(encode_epc_binary(item, scheme, prefix_length=prefix_length, filter_value=3))
        assert (found.ai, found.prefix_length, found.filter_value) == (item.ai, prefix_length, 3)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([Text(20), Delimited(30), Digits(12)]), text(12))
def test_every_encoding_reads_what_it_wrote(codec: Text | Delimited | Digits, value: str) -> None:
    if isinstance(codec, Digits):
        value = "".join(filter(str.isdigit, value))
    bits = BitWriter()
    codec.write(value, bits)
    source = BitReader(bits.bits)
    assert codec.read(source) == value
    assert source.remaining == 0


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.text("0123456789abcdef", max_size=60).map("eh".__add__), st.text("AZaz09-_", max_size=40).map("ex".__add__)),
       st.sampled_from(["", "30", "31", "3d", "40", "f7", "fb", "fd", "fa", "f8"]))  # fmt: skip
def test_any_string_of_the_right_form_is_read_or_refused(segment: str, header: str) -> None:
    segment = "eh" + header + segment[2:] if segment.startswith("eh") else segment
    try:
        found = decode_epc_binary(segment)
    except Gs1Error as error:
        assert (error.start, error.length) == (0, len(segment))
        return
    assert set(to_bits(segment)) <= {"0", "1"}
    assert found.parsed.uri
