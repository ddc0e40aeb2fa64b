"""When a code may have been copied or made up: what its scans say, and its serial number. Pure.

The thresholds are ours, no law's. They err on the side of silence: whoever reads "please verify" about a good pack
loses trust in the next warning.
"""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import combinations

from .regions import least_km

# A pack is scanned by those who pack, sell, give and use it, some of them more than once; a code that is seen twenty
# times as often as there are packs hangs somewhere where it should not.
SCANS_PER_UNIT = 20
FEWEST_SCANS = 200
# One pack passes maker, wholesaler, pharmacy or ward, and one household: half a dozen networks with a few scans each.
# Both must be exceeded: somebody who reloads the page, or wants a warning to show, sits in one network.
SCANS_PER_SERIAL = 30
NETWORKS_PER_SERIAL = 6
# The fastest that a pack travels from door to door: a train all the way, or a plane with an hour at each end. What
# lies nearer than two hundred kilometres is never far, since a telephone can show up in the network of a city nearby.
TRAIN_KMH, PLANE_KMH, AIRPORT_HOURS = 300.0, 900.0, 2.0
NEAREST_FAR_KM = 200.0
# So many networks are remembered for a serial number, each with its last scan.
MOST_SIGHTINGS = 12


class Doubt(StrEnum):
    """Why a code should be verified; of several the first one here is told."""

    unknown_serial = "unknown_serial"
    bad_signature = "bad_signature"
    far_apart = "far_apart"
    too_often = "too_often"
    lot_too_often = "lot_too_often"


class Why(StrEnum):
    """What the public reads beside "please verify". Never whether a serial number exists: whoever makes up codes
    would learn which ones to make."""

    often = "often"
    far = "far"
    record = "record"


_WHY = {Doubt.unknown_serial: Why.record, Doubt.bad_signature: Why.record, Doubt.far_apart: Why.far,
        Doubt.too_often: Why.often, Doubt.lot_too_often: Why.often}


def why(doubt: Doubt) -> Why:
    """The words for the public."""
    return _WHY[doubt]


@dataclass(frozen=True, slots=True)
class Sighting:
    """A scan of a serial number: when, from which network, in which region (empty: not known)."""

    at: datetime
    network: str
    region: str = ""


@dataclass(frozen=True, slots=True)
class SerialFacts:
    """What is known of a serial number of a lot that has serial ranges. `is_signature_right` None: its range is not
    signed, or signed with a key that is not held any more. `scans` and `sightings` are those before this scan."""

    is_allocated: bool
    is_signature_right: bool | None = None
    scans: int = 0
    sightings: tuple[Sighting, ...] = ()


def doubt_of_serial(facts: SerialFacts, here: Sighting) -> Doubt | None:
    """What this scan of a serial number gives reason to, if anything. A code that was in two places at once stays in
    doubt for as long as its sightings are remembered: every holder has one of several."""
    if not facts.is_allocated:
        return Doubt.unknown_serial
    if facts.is_signature_right is False:
        return Doubt.bad_signature
    if any(is_too_far(one, other) for one, other in combinations((here, *facts.sightings), 2)):
        return Doubt.far_apart
    networks = {seen.network for seen in facts.sightings} | {here.network}
    if facts.scans >= SCANS_PER_SERIAL and len(networks - {""}) > NETWORKS_PER_SERIAL:
        return Doubt.too_often
    return None


def is_too_far(one: Sighting, other: Sighting) -> bool:
    """Whether nobody could bring a pack from one place to the other in the time between."""
    if not one.region or not other.region or one.region == other.region:
        return False
    far = least_km(one.region, other.region)
    hours = abs((one.at - other.at).total_seconds()) / 3600
    return far >= NEAREST_FAR_KM and hours < min(far / TRAIN_KMH, AIRPORT_HOURS + far / PLANE_KMH)


def kept_sightings(seen: Iterable[Sighting], since: datetime) -> tuple[Sighting, ...]:
    """The last scan from each network, the newest first, none before `since`."""
    newest: dict[str, Sighting] = {}
    for sighting in sorted(seen, key=lambda one: (one.at, one.network, one.region), reverse=True):
        newest.setdefault(sighting.network, sighting)
    return tuple(one for one in newest.values() if one.at >= since)[:MOST_SIGHTINGS]


def is_unusual(scans: int, made: Decimal) -> bool:
    """Whether the code of a lot was scanned more often than its packs explain. `made` is in the lot's own unit."""
    return scans >= FEWEST_SCANS and scans > SCANS_PER_UNIT * max(made, Decimal(1))


# How the work list hears of it. One task for a lot and reason while it is open, and none again within a day of the
# last, so that whoever scans made-up codes cannot fill the list; over all lots no more than this in a day.
TASK_AGAIN_AFTER = timedelta(days=1)
MOST_TASKS_A_DAY = 20
TASK_DUE_AFTER = timedelta(days=3)
