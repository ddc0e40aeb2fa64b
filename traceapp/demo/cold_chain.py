"""What loggers read on the way of two despatches, one cold and one of the story: warm for a while, because a door stood
open."""
from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from .acts import Act, LotName, Measure, Ship
from .chance import chance

COLD = "HYALUR"
_EVERY, _COUNT = timedelta(minutes=15), 192
_AGO = timedelta(hours=49)
# From when to when after the start it was warm.
_WARM_FROM, _WARM_UNTIL = timedelta(hours=19), timedelta(hours=21, minutes=30)


@dataclass(frozen=True, slots=True)
class _Trip:
    """Which device was on the way, and in °C what it usually read, what it read as the door opened, and at most."""

    device: str
    usual: Decimal
    opened: Decimal
    warmest: Decimal


_COLD_TRIP = _Trip("TL-0417", Decimal("4.6"), Decimal("8.3"), Decimal("11.4"))
_STORY_TRIP = _Trip("TL-0431", Decimal("22.5"), Decimal("30.4"), Decimal("34.8"))


def measure_acts(seed: int, ships: Sequence[Act], story: LotName, now: datetime) -> Iterator[Act]:
    """The readings of the last cold despatch that is over, and of the last one of a batch of the story."""
    yield from _readings(seed, ships, now, (_COLD_TRIP, lambda lot: lot.product == COLD))
    yield from _readings(seed, ships, now, (_STORY_TRIP, lambda lot: lot == story))


def _readings(seed: int, ships: Sequence[Act], now: datetime,
              which: tuple[_Trip, Callable[[LotName], bool]]) -> Iterator[Act]:
    trip, is_meant = which
    there = [act for act in ships if isinstance(act, Ship) and act.at <= now - _AGO
             and any(is_meant(lot) for lot, _level, _packs in act.lines)]
    if not there:
        return
    ship = max(there, key=lambda act: act.at)
    dice = chance(seed, f"temperatures on the way {trip.device}")
    middle, half = (_WARM_FROM + _WARM_UNTIL) / 2, (_WARM_UNTIL - _WARM_FROM) / 2
    values = []
    for number in range(_COUNT):
        after = number * _EVERY
        usual = trip.usual + Decimal(dice.randint(-9, 9)) / 10
        is_warm = _WARM_FROM <= after <= _WARM_UNTIL
        share = 1 - abs((after - middle) / half) if is_warm else 0.0
        warm = trip.opened + (trip.warmest - trip.opened) * Decimal(round(share * 10)) / 10
        values.append((ship.at + after, warm.quantize(Decimal("0.1")) if is_warm else usual))
    lots = tuple(dict.fromkeys(lot for lot, _level, _packs in ship.lines if is_meant(lot)))
    yield Measure(values[-1][0] + _EVERY, lots, trip.device, ship.document, tuple(values))
