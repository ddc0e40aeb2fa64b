from __future__ import annotations

import pytest

from traceapp.gs1 import Gs1Error, epc_urn_to_uri, loose_canonical, uri_to_epc_urn

PAIRS = [
    ("urn:epc:id:sgtin:9506000.013435.2017", "01/09506000134352/21/2017"),
    ("urn:epc:id:sgtin:9506000.113435.a%2Fb.c", "01/19506000134359/21/a%2Fb.c"),
    ("urn:epc:class:lgtin:9506000.013435.L%22%25%2F%3C%3F", "01/09506000134352/10/L%22%25%2F%3C%3F"),
    ("urn:epc:idpat:sgtin:9506000.013435.*", "01/09506000134352"),
    ("urn:epc:id:sscc:9506000.1234567890", "00/195060002345678901"),
    ("urn:epc:id:sgtin:9506000.013435.*", "01/09506000134352/21/%2A"),
    ("urn:epc:id:sgln:9506000.13435.0", "414/9506000134352"),
    ("urn:epc:id:sgln:9506000.13435.A1", "414/9506000134352/254/A1"),
    ("urn:epc:id:pgln:9506000.13435", "417/9506000134352"),
    ("urn:epc:id:grai:9506000.13435.R1", "8003/09506000134352R1"),
    ("urn:epc:idpat:grai:9506000.13435.*", "8003/09506000134352"),
    ("urn:epc:id:giai:9506000.Asset%2F7", "8004/9506000Asset%2F7"),
    ("urn:epc:id:gsrn:9506000.1234567890", "8018/950600012345678907"),
    ("urn:epc:id:gsrnp:9506000.1234567890", "8017/950600012345678907"),
    ("urn:epc:id:gdti:9506000.13435.D1", "253/9506000134352D1"),
    ("urn:epc:id:sgcn:9506000.13435.0047", "255/95060001343520047"),
    ("urn:epc:id:ginc:9506000.ship7", "401/9506000ship7"),
    ("urn:epc:id:gsin:9506000.123456789", "402/95060001234567893"),
    ("urn:epc:id:cpi:9506000.PQ7%2FZ43.12345", "8010/9506000PQ7%2FZ43/8011/12345"),
    ("urn:epc:id:itip:9506000.013435.01.02.987", "8006/095060001343520102/21/987"),
    ("urn:epc:id:upui:9506000.013435.T*%3C", "01/09506000134352/235/T%2A%3C"),
]


@pytest.mark.parametrize(("urn", "path"), PAIRS)
def test_an_epc_urn_becomes_a_uri_and_comes_back(urn: str, path: str) -> None:
    uri = "https://id.gs1.org/" + path
    assert epc_urn_to_uri(urn) == uri
    assert uri_to_epc_urn(uri, 7) == urn


@pytest.mark.parametrize(
    "urn",
    [
        "",
        "urn:epc:id:sgtin",
        "urn:epc:id:sgtin:9506000.013435",
        "urn:epc:id:sgtin:9506000.01343.1",
        "urn:epc:id:sgtin:950600A.013435.1",
        "urn:epc:id:sgtin:9506000.013435.",
        "urn:epc:id:sgtin:9506000.013435.a b",
        "urn:epc:id:lgtin:9506000.013435.1",
        "urn:epc:class:sgtin:9506000.013435.1",
        "urn:epc:id:nosuch:1.2.3",
        "urn:epc:id:cpi:9506000.abc.1",
        "urn:epc:id:giai:9506000.",
        "urn:epc:id:gid:1.2.3",
        "urn:epc:class:gid:1.2.3",
    ],
)
def test_what_is_no_epc_urn_is_refused(urn: str) -> None:
    with pytest.raises(Gs1Error) as caught:
        epc_urn_to_uri(urn)
    assert (caught.value.code, caught.value.start, caught.value.length) == ("EPC_URN", 0, len(urn))


@pytest.mark.parametrize(
    ("path", "prefix_length"),
    [("01/09506000134352", 3), ("01/09506000134352", 13), ("8013/1987654Ad4X4bL5ttr2310c2K", 7),
     ("8004/9506000A", 8), ("8004/9506000", 7), ("401/9506000", 9), ("8010/9506000/8011/1", 7)],
)
def test_a_uri_without_an_epc_scheme_or_with_an_impossible_prefix_is_refused(path: str, prefix_length: int) -> None:
    uri = "https://id.gs1.org/" + path
    with pytest.raises(Gs1Error) as caught:
        uri_to_epc_urn(uri, prefix_length)
    assert (caught.value.start, caught.value.length) == (0, len(uri))


@pytest.mark.parametrize(
    ("urn", "flagged"),
    [
        ("urn:epc:id:gid:95100000.12345.400", False),
        ("urn:epc:id:usdod:2S194.12345678901", False),
        ("urn:epc:id:adi:2S194..12345678901", False),
        ("urn:epc:id:adi:W81X9C.3KL984PX1.%232WMA52", False),
        ("urn:epc:id:bic:CSQU3054383", False),
        ("urn:epc:id:imovn:9176187", False),
        ("urn:epc:id:gid:95100000.12345", True),
        ("urn:epc:id:bic:CSQX3054383", True),
        ("urn:epc:id:nosuch:1.2.3", True),
    ],
)
def test_an_epc_that_is_no_gs1_key_stays_as_it_is_and_is_flagged_only_when_malformed(urn: str, flagged: bool) -> None:
    canonical, flags = loose_canonical(urn)
    assert (canonical, bool(flags)) == (urn, flagged)


def test_a_company_prefix_that_takes_all_digits_leaves_an_empty_reference() -> None:
    uri = "https://id.gs1.org/414/9506000134352/254/A"
    assert uri_to_epc_urn(uri, 12) == "urn:epc:id:sgln:950600013435..A"
    assert epc_urn_to_uri("urn:epc:id:sgln:950600013435..A") == uri
