"""What a scan gives reason to doubt: every reason from its facts, and the order between them."""
from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traceapp.code.policy import (
    MOST_SIGHTINGS,
    NETWORKS_PER_SERIAL,
    SCANS_PER_SERIAL,
    Doubt,
    SerialFacts,
    Sighting,
    Why,
    doubt_of_serial,
    is_too_far,
    kept_sightings,
    why,
)

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
HERE = Sighting(NOW, "203.0.113.0/24", "CN-BJ")


def seen(hours: float, network: str = "198.51.100.0/24", region: str = "") -> Sighting:
    return Sighting(NOW - timedelta(hours=hours), network, region)


def many(networks: int) -> tuple[Sighting, ...]:
    """So many networks with that of HERE."""
    return tuple(seen(30 + number, f"10.0.{number}.0/24") for number in range(networks - 1))


@pytest.mark.parametrize(("facts", "doubt"), [
    (SerialFacts(True), None),
    (SerialFacts(True, True, 5, (seen(1),)), None),
    (SerialFacts(False), Doubt.unknown_serial),
    (SerialFacts(False, False, 99, (seen(0, region="CN-GD"),)), Doubt.unknown_serial),
    (SerialFacts(True, False), Doubt.bad_signature),
    (SerialFacts(True, False, 99, (seen(0, region="CN-GD"),)), Doubt.bad_signature),
    (SerialFacts(True, True, 1, (seen(1, region="CN-GD"),)), Doubt.far_apart),
    (SerialFacts(True, None, SCANS_PER_SERIAL, (*many(NETWORKS_PER_SERIAL + 1), seen(1, "10.9.9.0/24", "CN-GD"))),
     Doubt.far_apart),
    (SerialFacts(True, None, SCANS_PER_SERIAL, many(NETWORKS_PER_SERIAL + 1)), Doubt.too_often),
    (SerialFacts(True, None, SCANS_PER_SERIAL - 1, many(NETWORKS_PER_SERIAL + 1)), None),
    (SerialFacts(True, None, 10_000, many(NETWORKS_PER_SERIAL)), None),
    (SerialFacts(True, None, 10_000, (seen(1, ""),)), None),
])
def test_each_reason_follows_from_its_facts(facts: SerialFacts, doubt: Doubt | None) -> None:
    assert doubt_of_serial(facts, HERE) == doubt


def test_a_code_that_was_in_two_places_at_once_stays_in_doubt_for_whoever_scans_it_later() -> None:
    facts = SerialFacts(True, None, 2, (seen(50, "a", "CN-GD"), seen(50.5, "b", "CN-BJ")))
    assert doubt_of_serial(facts, Sighting(NOW, "c", "CN-BJ")) == Doubt.far_apart


@pytest.mark.parametrize(("one", "other", "hours", "expected"), [
    ("CN-BJ", "CN-GD", 0, True), ("CN-BJ", "CN-GD", 3, True), ("CN-BJ", "CN-GD", 6, False),
    ("CN-JS", "CN-SH", 0, False), ("CN-GD", "HK", 0, False), ("CN-BJ", "CN-BJ", 0, False), ("CN", "CN-GD", 0, False),
    ("DE", "JP", 8, True), ("DE", "JP", 13, False), ("CN-BJ", "", 0, False), ("", "", 0, False)])
def test_far_is_what_no_pack_can_travel_in_the_time(one: str, other: str, hours: float, expected: bool) -> None:
    there = Sighting(NOW - timedelta(hours=hours), "n", other)
    assert is_too_far(Sighting(NOW, "m", one), there) is is_too_far(there, Sighting(NOW, "m", one)) is expected


@given(st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 20)), max_size=60), st.integers(0, 2000))
def test_what_is_kept_is_bounded_and_the_newest_of_each_network(found: list[tuple[int, int]], days: int) -> None:
    all_seen = [seen(hours, f"n{network}") for hours, network in found]
    since = NOW - timedelta(hours=days)
    kept = kept_sightings(all_seen, since)
    assert len(kept) <= MOST_SIGHTINGS
    assert len({one.network for one in kept}) == len(kept)
    newest = {one.network: max(two.at for two in all_seen if two.network == one.network) for one in all_seen}
    assert all(one.at == newest[one.network] >= since for one in kept)
    assert len(kept) == min(MOST_SIGHTINGS, sum(at >= since for at in newest.values()))


def test_the_public_never_reads_whether_a_serial_number_exists() -> None:
    assert why(Doubt.unknown_serial) == why(Doubt.bad_signature) == Why.record
    assert {why(doubt) for doubt in Doubt} == set(Why)
