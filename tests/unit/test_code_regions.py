"""Regions of addresses, and distances that are never claimed greater than they are."""
from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traceapp.code.regions import RegionFileError, RegionTable, circles, least_km, read_regions, region_code

FILE = """network,region
# a comment
203.0.113.0/24,CN-JS

203.0.112.0/20 , cn
2001:db8::/32,DE
0.0.0.0/0,US
"""


@pytest.mark.parametrize(("address", "region"), [
    ("203.0.113.9", "CN-JS"), ("203.0.114.9", "CN"), ("198.51.100.1", "US"), ("2001:db8:7::1", "DE"),
    ("2001:db9::1", ""), ("::ffff:203.0.113.9", "CN-JS"), ("fe80::1%eth0", ""), ("unknown", ""), ("", "")])
def test_the_smallest_network_that_holds_an_address_counts(address: str, region: str) -> None:
    assert read_regions(FILE).region_of(address) == region


@given(st.lists(st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 32), st.sampled_from(["DE", "CN", "CN-JS", "US"])),
                max_size=12, unique_by=lambda row: row[1]), st.integers(0, 2**32 - 1))
def test_the_table_finds_what_looking_at_every_network_finds(rows: list[tuple[int, int, str]], address: int) -> None:
    networks = [(ipaddress.ip_network((first, size), strict=False), region) for first, size, region in rows]
    ip = ipaddress.ip_address(address)
    holding = [(network.prefixlen, region) for network, region in networks if ip in network]
    table = RegionTable((str(network), region) for network, region in networks)
    assert table.region_of(str(ip)) == max(holding, default=(0, ""))[1]


@pytest.mark.parametrize(("text", "row"), [
    ("203.0.113.0/24,CN\n203.0.113.1/24,CN", "row 2"), ("here,CN", "row 1"), ("203.0.113.0/24,Jiangsu", "row 1"),
    ("203.0.113.0/24", "row 1")])
def test_a_row_that_cannot_be_used_is_named(text: str, row: str) -> None:
    with pytest.raises(RegionFileError) as refused:
        read_regions(text)
    assert refused.value.place == row


@pytest.mark.parametrize(("text", "code"), [
    ("cn-js ", "CN-JS"), ("DE", "DE"), ("", ""), ("Jiangsu", ""), ("CN-JIANGSU", ""), ("<b>", ""), ("中国", "")])
def test_only_what_looks_like_a_region_is_one(text: str, code: str) -> None:
    assert region_code(text) == code


@pytest.mark.parametrize(("one", "other", "least", "most"), [
    ("CN-BJ", "CN-GD", 1300, 1900), ("CN-BJ", "CN-SH", 850, 1100), ("CN-JS", "CN-SH", 0, 0), ("CN-GD", "HK", 0, 0),
    ("DE", "FR", 0, 0), ("DE", "JP", 6500, 9300), ("DE-BY", "JP-13", 6500, 9300), ("CN", "CN-BJ", 0, 0),
    ("DE", "??", 0, 0), ("", "DE", 0, 0)])
def test_regions_are_as_far_apart_as_their_nearest_towns_at_most(one: str, other: str, least: float,
                                                                  most: float) -> None:
    assert least <= least_km(one, other) <= most
    assert least_km(one, other) == pytest.approx(least_km(other, one))


def test_every_first_level_region_of_china_can_be_placed() -> None:
    found = {region for region in circles() if region.startswith("CN-")}
    assert len(found) == 34
    assert all(-90 <= circle.latitude <= 90 and -180 <= circle.longitude <= 180 and 0 < circle.radius_km < 6000
               for circle in circles().values())
