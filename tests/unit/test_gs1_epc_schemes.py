"""Every EPC scheme: what it can hold goes into bits and into a URN, and comes back."""
from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.unit.test_gs1_epc_binary import SIZES, checked, text
from traceapp.gs1 import (
    Parsed,
    decode_epc_binary,
    digital_link,
    encode_epc_binary,
    epc_urn_to_uri,
    parse_path,
    uri_to_epc_urn,
)
from traceapp.gs1.epc_binary import PLUS
from traceapp.gs1.epc_classic import CLASSIC


def number(bits: int, most: int = 40) -> st.SearchStrategy[str]:
    """A number without leading zeros that fits into so many bits and digits."""
    return st.integers(0, min(2**bits, 10**most) - 1).map(str)


def digits(size: int) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=size, max_size=size)


PIECES = st.integers(1, 99).flatmap(lambda total: st.integers(1, total).map(lambda piece: f"{piece:02}{total:02}"))
GRAI = checked(13).map("0".__add__)
# the AIs of every scheme with values that it can hold; the number of bits left for a reference depends on the prefix
EVERY_SCHEME: dict[str, dict[str, st.SearchStrategy[str]]] = {
    "SGTIN-96": {"01": checked(14), "21": number(38)},
    "SGTIN-198": {"01": checked(14), "21": text(20)},
    "SGTIN+": {"01": checked(14), "21": text(20)},
    "SGTIN++": {"01": checked(14), "21": text(20)},
    "DSGTIN+": {"01": checked(14), "21": text(20), "15": st.just("280100")},
    "DSGTIN++": {"01": checked(14), "21": text(20), "7006": st.just("280115")},
    "SSCC-96": {"00": checked(18)},
    "SSCC+": {"00": checked(18)},
    "SSCC++": {"00": checked(18)},
    "SGLN-96": {"414": checked(13), "254": number(41).filter(lambda value: value != "0")},
    "SGLN-195": {"414": checked(13), "254": text(20).filter(lambda value: value != "0")},
    "SGLN+": {"414": checked(13), "254": text(20).filter(lambda value: value != "0")},
    "SGLN++": {"414": checked(13)},
    "GRAI-96": {"8003": st.builds(str.__add__, GRAI, number(38))},
    "GRAI-170": {"8003": st.builds(str.__add__, GRAI, text(16))},
    "GRAI+": {"8003": st.builds(str.__add__, GRAI, text(16))},
    "GRAI++": {"8003": st.builds(str.__add__, GRAI, text(16))},
    "GIAI-96": {"8004": st.builds(str.__add__, digits(12), number(42))},
    "GIAI-202": {"8004": st.builds(str.__add__, digits(12), text(18))},
    "GIAI+": {"8004": st.builds(str.__add__, digits(4), text(26))},
    "GIAI++": {"8004": st.builds(str.__add__, digits(4), text(26))},
    "GSRN-96": {"8018": checked(18)},
    "GSRN+": {"8018": checked(18)},
    "GSRN++": {"8018": checked(18)},
    "GSRNP-96": {"8017": checked(18)},
    "GSRNP+": {"8017": checked(18)},
    "GSRNP++": {"8017": checked(18)},
    "GDTI-96": {"253": st.builds(str.__add__, checked(13), number(41))},
    "GDTI-174": {"253": st.builds(str.__add__, checked(13), text(17))},
    "GDTI+": {"253": st.builds(str.__add__, checked(13), text(17))},
    "GDTI++": {"253": st.builds(str.__add__, checked(13), text(17))},
    "CPI-96": {"8010": st.builds(str.__add__, digits(12), number(11)), "8011": st.integers(1, 2**31 - 1).map(str)},
    "CPI-var": {
        "8010": st.builds(str.__add__, digits(12), st.text("#-/AZ09", min_size=1, max_size=18)),
        "8011": st.integers(1, 2**39).map(str),
    },
    "CPI+": {
        "8010": st.builds(str.__add__, digits(4), st.text("#-/AZ09", max_size=26)),
        "8011": st.integers(1, 10**12 - 1).map(str),
    },
    "CPI++": {"8010": digits(9), "8011": st.integers(1, 10**12 - 1).map(str)},
    "SGCN-96": {"255": st.builds(str.__add__, checked(13), st.integers(1, 11).flatmap(digits))},
    "SGCN+": {"255": st.builds(str.__add__, checked(13), st.integers(1, 12).flatmap(digits))},
    "SGCN++": {"255": st.builds(str.__add__, checked(13), st.integers(1, 12).flatmap(digits))},
    "ITIP-110": {"8006": st.builds(str.__add__, checked(14), PIECES), "21": number(38)},
    "ITIP-212": {"8006": st.builds(str.__add__, checked(14), PIECES), "21": text(20)},
    "ITIP+": {"8006": st.builds(str.__add__, checked(14), PIECES), "21": text(20)},
    "ITIP++": {"8006": st.builds(str.__add__, checked(14), PIECES), "21": text(20)},
}


def test_no_scheme_is_left_out() -> None:
    names = {classic.name for classic in CLASSIC.values()} | {plus.name for plus in PLUS.values()}
    assert EVERY_SCHEME.keys() == names | {plus.name + "+" for plus in PLUS.values()}


@pytest.mark.parametrize("scheme", EVERY_SCHEME)
@settings(max_examples=40, deadline=None)
@given(data=st.data(), base64=st.booleans())
def test_what_a_scheme_can_hold_is_written_and_read_back(scheme: str, data: st.DataObject, base64: bool) -> None:
    ais = tuple((ai, data.draw(values)) for ai, values in EVERY_SCHEME[scheme].items())
    lettered = scheme.startswith(("GIAI-", "CPI-"))
    options = {"prefix_length": data.draw(st.just(12) if lettered else SIZES), "filter_value": data.draw(st.integers(0, 7))}
    host = "t.example.cn" if scheme.endswith("++") else ""
    segment = encode_epc_binary(Parsed(ais), scheme, host=host, base64=base64, **options)
    found = decode_epc_binary(segment)
    assert (found.scheme, dict(found.ai), found.filter_value, found.host) == (
        scheme, dict(ais), options["filter_value"], host,
    )  # fmt: skip
    assert found.prefix_length == (0 if "+" in scheme else options["prefix_length"])
    assert parse_path("/" + segment).values == dict(ais)


URN_ONLY: dict[str, dict[str, st.SearchStrategy[str]]] = {
    "pgln": {"417": checked(13)},
    "gsin": {"402": checked(17)},
    "ginc": {"401": st.builds(str.__add__, digits(12), text(18))},
    "upui": {"01": checked(14), "235": text(28)},
    "lgtin": {"01": checked(14), "10": text(20)},
}
WITH_URN = {name: ais for name, ais in EVERY_SCHEME.items() if name.count("+") == 1 and name != "DSGTIN+"} | URN_ONLY


@pytest.mark.parametrize("scheme", WITH_URN)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_what_a_scheme_can_hold_goes_through_its_urn_unchanged(scheme: str, data: st.DataObject) -> None:
    ais = [(ai, data.draw(values)) for ai, values in WITH_URN[scheme].items()]
    assume(scheme != "CPI+" or len(ais[0][1]) > 4)
    most = 4 if scheme in ("CPI+", "GIAI+") else 12
    uri = digital_link(ais)
    urn = uri_to_epc_urn(uri, data.draw(st.integers(4, most)))
    assert urn.startswith(f"urn:epc:{'class' if scheme == 'lgtin' else 'id'}:{scheme.rstrip('+').lower()}:")
    assert epc_urn_to_uri(urn) == uri
