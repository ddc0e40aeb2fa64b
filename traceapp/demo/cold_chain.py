"""What the logger in the van read on the way of one cold despatch: warm for a while, because a door stood open."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from .acts import Act, Measure, Ship
from .chance import chance

COLD = "HYALUR"
DEVICE = "TL-0417"
_EVERY, _COUNT = timedelta(minutes=15), 192
_AGO = timedelta(hours=49)
# From when to when after the start it was warm, and how warm.
_WARM_FROM, _WARM_UNTIL = timedelta(hours=19), timedelta(hours=21, minutes=30)
_WARMEST = Decimal("11.4")


def measure_acts(seed: int, ships: Sequence[Act], now: datetime) -> Iterator[Act]:
    """The readings of the last cold despatch that is over."""
    cold = [act for act in ships if isinstance(act, Ship) and act.at <= now - _AGO
            and any(lot.product == COLD for lot, _level, _packs in act.lines)]
    if not cold:
        return
    ship = max(cold, key=lambda act: act.at)
    dice = chance(seed, "temperatures on the way")
    middle, half = (_WARM_FROM + _WARM_UNTIL) / 2, (_WARM_UNTIL - _WARM_FROM) / 2
    values = []
    for number in range(_COUNT):
        after = number * _EVERY
        usual = Decimal("4.6") + Decimal(dice.randint(-9, 9)) / 10
        is_warm = _WARM_FROM <= after <= _WARM_UNTIL
        share = 1 - abs((after - middle) / half) if is_warm else 0.0
        warm = Decimal("8.3") + (_WARMEST - Decimal("8.3")) * Decimal(round(share * 10)) / 10
        values.append((ship.at + after, warm.quantize(Decimal("0.1")) if is_warm else usual))
    lots = tuple(dict.fromkeys(lot for lot, _level, _packs in ship.lines if lot.product == COLD))
    yield Measure(values[-1][0] + _EVERY, lots, DEVICE, ship.document, tuple(values))
