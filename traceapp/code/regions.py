"""Coarse regions: which one an address belongs to, and how far apart two of them are at least.

A region is a country or a part of one, by ISO 3166: `DE`, `CN-JS`. data/regions.csv has for each the middle of its
towns and how far the farthest lies from it. Source: GeoNames (www.geonames.org, CC BY 4.0), towns above 15 000 people,
each region's smallest circle around them, rounded up.
"""
from __future__ import annotations

import csv
import ipaddress
import re
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from importlib.resources import files
from math import asin, cos, radians, sin, sqrt
from typing import NamedTuple

from traceapp.core.errors import Problem

MOST_NETWORKS = 500_000
_REGION = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")
_EARTH_KM = 6371.0


class RegionFileError(Problem):
    """A row of the operator's file cannot be used; its place is named."""

    code = "region-file"


class Circle(NamedTuple):
    """Where a region is: degrees north and east, and a radius."""

    latitude: float
    longitude: float
    radius_km: float


@cache
def circles() -> Mapping[str, Circle]:
    """Every region that we can place."""
    text = files("traceapp.code").joinpath("data", "regions.csv").read_text(encoding="utf-8")
    return {row["region"]: Circle(float(row["latitude"]), float(row["longitude"]), float(row["radius_km"]))
            for row in csv.DictReader(text.splitlines())}


def region_code(text: str) -> str:
    """The region that a proxy or a file names; empty for what is none."""
    found = text.strip().upper()
    return found if _REGION.fullmatch(found) else ""


def _circle(region: str) -> Circle | None:
    """Where the region is, else the country that it is a part of."""
    return circles().get(region) or circles().get(region[:2])


@lru_cache(maxsize=4096)
def least_km(one: str, other: str) -> float:
    """How far apart two places in these regions are at the very least; 0 where that is not known."""
    here, there = _circle(one), _circle(other)
    if here is None or there is None:
        return 0.0
    north, east = radians(there.latitude - here.latitude), radians(there.longitude - here.longitude)
    share = sin(north / 2) ** 2 + cos(radians(here.latitude)) * cos(radians(there.latitude)) * sin(east / 2) ** 2
    return max(0.0, 2 * _EARTH_KM * asin(sqrt(min(1.0, share))) - here.radius_km - there.radius_km)


class RegionTable:
    """Networks with their regions; of several that hold an address the smallest counts."""

    def __init__(self, rows: Iterable[tuple[str, str]] = ()) -> None:
        """`rows` are (network, region). Raises RegionFileError naming the row."""
        self._regions: dict[tuple[int, int], dict[int, str]] = {}
        for number, (network, region) in enumerate(rows, 1):
            if number > MOST_NETWORKS:
                raise RegionFileError("More than %(most)d networks.", place=f"row {number}", most=MOST_NETWORKS)
            self._add(number, network, region)
        self._sizes = {version: sorted((size for kind, size in self._regions if kind == version), reverse=True)
                       for version in (4, 6)}

    def _add(self, number: int, network: str, region: str) -> None:
        try:
            found = ipaddress.ip_network(network.strip())
        except ValueError:
            raise RegionFileError("“%(text)s” is not a network; write it as 203.0.113.0/24.",
                                  place=f"row {number}", text=network[:60]) from None
        code = region_code(region)
        if not code:
            raise RegionFileError("“%(text)s” is not a region; write it as DE or CN-JS.",
                                  place=f"row {number}", text=region[:60])
        kept = self._regions.setdefault((found.version, found.prefixlen), {})
        kept[int(found.network_address) >> (found.max_prefixlen - found.prefixlen)] = code

    def __len__(self) -> int:
        return sum(map(len, self._regions.values()))

    def region_of(self, address: str) -> str:
        """The region of an address; empty when no network holds it, or it is no address."""
        if not self._regions:
            return ""
        try:
            ip = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return ""
        if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
            ip = ip.ipv4_mapped
        bits = int(ip)
        return next((found for size in self._sizes[ip.version] if (found := self._regions[ip.version, size].get(
            bits >> (ip.max_prefixlen - size)))), "")


def read_regions(text: str) -> RegionTable:
    """The table of a file of `network,region`, one a line; a head, blank lines and lines with # are left out.

    Raises RegionFileError naming the line.
    """
    rows = [row for row in csv.reader(text.splitlines()) if row and row[0].strip() and not row[0].startswith("#")]
    if rows and rows[0][0].strip().lower() == "network":
        rows = rows[1:]
    for number, row in enumerate(rows, 1):
        if len(row) < 2:
            raise RegionFileError("A row needs a network and a region.", place=f"row {number}")
    return RegionTable((row[0], row[1]) for row in rows)
