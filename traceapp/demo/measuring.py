"""Test results that look like a laboratory's: close to the mean, within limits, unless the lot is to fail."""
from __future__ import annotations

import random
from collections.abc import Mapping
from decimal import Decimal

from traceapp.trace.inspecting import NewResult

from .acts import LotName
from .chance import chance
from .tables import TestRow, tests


def measured(seed: int, lot: LotName, special: Mapping[str, Decimal] | None = None, *,
             fails: bool = False) -> tuple[NewResult, ...]:
    """One result for each characteristic of the lot's product; `special` are values by English name. With `fails` the
    first one is out of its limits."""
    dice = chance(seed, f"tests {lot.product} {lot.number}")
    given = special or {}
    return tuple(_result(dice, row, given.get(row.name_en), fails=fails and position == 0)
                 for position, row in enumerate(tests()[lot.product]))


def _result(dice: random.Random, row: TestRow, given: Decimal | None, *, fails: bool) -> NewResult:
    if row.expected:
        text = "不符合 / not met" if fails else row.expected
        return NewResult(row.name_zh, row.name_en, text=text, expected_text=row.expected)
    step = Decimal(1).scaleb(-row.decimals)
    value = given if given is not None else Decimal(dice.gauss(row.mean, row.spread)).quantize(step)
    if fails:
        value = row.lower - 3 * step if row.lower is not None else (row.upper or Decimal(0)) + 3 * step
    elif given is None:
        low = row.lower if row.lower is not None else step
        value = min(max(value, low), row.upper if row.upper is not None else max(value, low))
    return NewResult(row.name_zh, row.name_en, row.unit, value, row.lower, row.upper)
