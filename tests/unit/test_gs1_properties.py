"""What holds for every text and for every set of AIs."""
from __future__ import annotations

import json
from collections.abc import Callable
from urllib.parse import urlsplit

from hypothesis import given, settings
from hypothesis import strategies as st

from traceapp.gs1 import (
    Gs1Error,
    Parsed,
    bracketed,
    check_digit,
    constrained,
    digital_link,
    epc_urn_to_uri,
    loose_canonical,
    parse,
    parse_anything,
    parse_path,
    parse_uri,
    scan_data,
    uri_to_epc_urn,
)
from traceapp.gs1.element_string import GS
from traceapp.gs1.lines import parse_line
from traceapp.gs1.linters import CSET82, LINTERS
from traceapp.gs1.scan import SYMBOLOGIES
from traceapp.gs1.table import TABLE

SAMPLES = 150
GTIN = "09506000134352"


def free(most: int, least: int = 1) -> st.SearchStrategy[str]:
    return st.text(CSET82, min_size=least, max_size=most)


def digits(most: int, least: int | None = None) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=most if least is None else least, max_size=most)


def checked(size: int) -> st.SearchStrategy[str]:
    return digits(size - 1).map(lambda text: text + check_digit(text))


DATE = st.dates().map(lambda day: day.strftime("%y%m") + "00")
ATTRIBUTES = {"17": DATE, "11": DATE, "240": free(30), "99": free(90), "20": digits(2), "710": free(20)}
QUALIFIERS = {"22": free(20), "10": free(20), "21": free(20), "235": free(28), "254": free(20), "8019": digits(10, 1)}
KEYS = {
    "01": (checked(14), [("22", "10", "21"), ("235",)], list(ATTRIBUTES)),
    "00": (checked(18), [()], ["99"]),
    "253": (checked(13), [()], ["99"]),
    "414": (checked(13), [("254",)], ["99"]),
    "8018": (checked(18), [("8019",)], ["99"]),
    "8004": (digits(4).flatmap(lambda prefix: free(26).map(lambda rest: prefix + rest)), [()], ["99"]),
}


@st.composite
def ai_sets(draw: st.DrawFn) -> tuple[tuple[str, str], ...]:
    """AIs that may stand together, in any order."""
    key = draw(st.sampled_from(sorted(KEYS)))
    values, paths, attributes = KEYS[key]
    qualifiers = draw(st.lists(st.sampled_from(draw(st.sampled_from(paths)) or ("",)), unique=True))
    chosen = draw(st.lists(st.sampled_from(attributes), unique=True))
    pairs = [(key, draw(values))]
    pairs += [(ai, draw(QUALIFIERS[ai])) for ai in qualifiers if ai]
    pairs += [(ai, draw(ATTRIBUTES[ai])) for ai in chosen]
    return tuple(draw(st.permutations(pairs)))


@settings(max_examples=SAMPLES, deadline=None)
@given(ai_sets())
def test_what_is_written_is_read_back(ais: tuple[tuple[str, str], ...]) -> None:
    uri = digital_link(ais)
    assert parse(uri).values == dict(ais)
    assert parse(uri).uri == uri
    assert parse(bracketed(ais)).ai == ais
    assert parse(bracketed(ais)).uri == uri
    assert parse(parse(uri).element_string).values == dict(ais)


@settings(max_examples=SAMPLES, deadline=None)
@given(ai_sets())
def test_the_raw_path_of_a_uri_is_read_like_the_uri(ais: tuple[tuple[str, str], ...]) -> None:
    uri = digital_link(ais, "https://t.example/some/stem")
    parts = urlsplit(uri)
    assert parse_path(parts.path + ("?" + parts.query if parts.query else "")).ai == parse_uri(uri).ai


@settings(max_examples=SAMPLES, deadline=None)
@given(ai_sets(), st.sampled_from(["QR", "DM", "DotCode", "GS1_128_CCA", "DataBarExpanded"]))
def test_what_a_reader_sends_is_read_back(ais: tuple[tuple[str, str], ...], symbology: str) -> None:
    assert parse(scan_data(bracketed(ais), symbology)).ai == ais


@settings(max_examples=SAMPLES, deadline=None)
@given(ai_sets())
def test_the_constrained_form_is_its_own_constrained_form(ais: tuple[tuple[str, str], ...]) -> None:
    finest = constrained(digital_link(ais))
    assert constrained(finest) == finest
    assert dict(parse(finest).ai).items() <= dict(ais).items()


@settings(max_examples=SAMPLES, deadline=None)
@given(checked(14), free(20), st.integers(6, 12))
def test_serials_and_lots_go_through_epc_urns_unchanged(gtin: str, text: str, prefix_length: int) -> None:
    for ai in ("21", "10"):
        uri = digital_link([("01", gtin), (ai, text)])
        assert epc_urn_to_uri(uri_to_epc_urn(uri, prefix_length)) == uri


GRAMMAR = st.lists(
    st.sampled_from(
        ["https://", "http://a", "/", "01", GTIN, "10", "21", "?", "&", "=", "%", "%2F", "%00", "(", ")", "\\(", "^",
         GS, "]d2", "]E0", "|]e0", "17", "280115", "414", "8006", "3922", "#", "urn:epc:id:sgtin:", "9506000.013435.1",
         ".", "*", "A", "批", " ", "\n", "٣", "\ud800"]
    ),
    max_size=12,
).map("".join)  # fmt: skip
HOSTILE = st.one_of(st.text(max_size=60), GRAMMAR)


def place_is_inside(read: Callable[[str], object], text: str) -> None:
    try:
        read(text)
    except Gs1Error as error:
        assert 0 <= error.start <= error.start + error.length <= len(text), (error.code, error.start, error.length)


@settings(max_examples=600, deadline=None)
@given(HOSTILE)
def test_any_text_is_read_or_refused_at_a_place_within_it(text: str) -> None:
    for read in (parse, parse_anything, parse_uri, parse_path, epc_urn_to_uri):
        place_is_inside(read, text)


@settings(max_examples=300, deadline=None)
@given(HOSTILE)
def test_what_is_read_has_a_canonical_form_that_is_stable(text: str) -> None:
    try:
        parsed = parse(text)
    except Gs1Error:
        return
    assert isinstance(parsed, Parsed)
    assert parse(parsed.element_string).ai == parsed.ai
    if parsed.uri:
        assert parse(parsed.uri).uri == parsed.uri


@settings(max_examples=300, deadline=None)
@given(HOSTILE)
def test_a_foreign_identifier_is_never_refused(text: str) -> None:
    canonical, flags = loose_canonical(text)
    assert loose_canonical(canonical)[0] == canonical
    assert all(0 <= flag.start <= flag.start + flag.length <= len(text) for flag in flags)


@settings(max_examples=SAMPLES, deadline=None)
@given(HOSTILE)
def test_a_line_is_always_json(text: str) -> None:
    assert isinstance(json.dumps(parse_line(text)), str)


@settings(max_examples=SAMPLES, deadline=None)
@given(HOSTILE, st.sampled_from(SYMBOLOGIES))
def test_scan_data_are_made_or_refused(text: str, symbology: str) -> None:
    place_is_inside(lambda data: scan_data(data, symbology), text)


@settings(max_examples=SAMPLES, deadline=None)
@given(st.sampled_from(sorted(LINTERS)), st.one_of(st.text(max_size=40), digits(40, 0), free(40, 0)))
def test_every_linter_answers_or_refuses_at_a_place_within_the_value(name: str, value: str) -> None:
    place_is_inside(LINTERS[name], value)


@settings(max_examples=SAMPLES, deadline=None)
@given(st.sampled_from(sorted(TABLE)), st.one_of(st.text(max_size=40), digits(40, 0), free(40, 0)))
def test_a_value_is_refused_exactly_when_its_form_or_a_rule_is_broken(ai: str, value: str) -> None:
    place_is_inside(TABLE[ai].check, value)
    try:
        TABLE[ai].check(value)
    except Gs1Error:
        return
    assert TABLE[ai].fits(value)
