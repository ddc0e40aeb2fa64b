"""A year of lots with nothing wrong, every kind of node watched: are there no more false alarms than promised?

The detector knows rate and wait, or has learnt both from earlier lots. Every node of both severity groups that alarms
counts as a false alarm, though many share lots. Ten houses of 200 lots are a round, each with a history of its own, and
one house of 2,000 lots. The interval is that of the mean over houses.
"""
from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from traceapp.signals.budget import DEFAULT_PER_HUNDRED_LOTS as PER_HUNDRED_LOTS
from traceapp.signals.delay import Delay
from traceapp.signals.learning import Past, known, learn
from traceapp.signals.plant import Common, Plant, Reports, draw_reports
from traceapp.signals.watching import Group, Strictness, Watch, watch

from .options import Options

ROUNDS = 4
SERIOUS = 0.15
# The share of the reports in each group of severity; the promise and its parts are the service's stated ones.
GROUPS = {"harm": 1.0, "serious": SERIOUS}
COMMONS = (
    Common("supplier", 8, quarterly=True), Common("line", 8, quarterly=True), Common("equipment", 12, quarterly=True),
    Common("operator", 20, quarterly=True), Common("load", 2, "run"), Common("site", 3, quarterly=True),
    Common("lane", 6, "part", quarterly=True), Common("consignee", 60, "part", quarterly=True))
SMALL, LARGE = (Plant(lots=lots, days_between=365 / lots, raws=2, lines=0, commons=COMMONS) for lots in (200, 2000))
# What each plant is watched with, and how many such houses are in a round.
HOUSES: tuple[tuple[str, Plant, str, int], ...] = (
    ("200 lots, known", SMALL, "known", 10), ("200 lots, learnt from 40", SMALL, "learnt from 40 lots", 10),
    ("2,000 lots, known", LARGE, "known", 1), ("2,000 lots, learnt from 400", LARGE, "learnt from 400 lots", 1))
# What quality once stated is half as long again as the truth.
STATED = Delay(use_mean_days=21.0, report_mean_days=10.5)
PASTS: Mapping[str, Past | None] = {
    "known": None, "learnt from 40 lots": Past(40, stated=STATED), "learnt from 400 lots": Past(400, stated=STATED)}
# Earlier lots came as slowly as those of a small house, so that their reports are in.
BEFORE = Plant(lots=1, days_between=7.0)


def nulls(options: Options) -> dict[str, Any]:
    """False alarms in 100 lots for each detector, with a 95 % interval; `ok` where none is surely above the promise."""
    rounds = options.rounds or ROUNDS
    found = {name: _years(plant, PASTS[past], rounds * houses, options.seed) for name, plant, past, houses in HOUSES}
    return {"ok": all(one["interval"][0] <= PER_HUNDRED_LOTS for one in found.values()),
            "promised_per_100_lots": PER_HUNDRED_LOTS, "rounds": rounds, "detectors": found}


def _years(plant: Plant, past: Past | None, houses: int, seed: int) -> dict[str, Any]:
    alarms, kinds = [], Counter[str]()
    seen = None if past is not None else _watch(plant, None, (seed, 0))
    for number in range(houses):
        reports = draw_reports(plant, (), 1.0, np.random.default_rng((seed, number)))
        year = _alarms(seen or _watch(plant, past, (seed, number)), reports)
        kinds += year
        alarms.append(100 * sum(year.values()) / plant.lots)
    mean = sum(alarms) / houses
    # The error of a mean of counts is at least that of as many independent ones; of one year there is no other.
    poisson = math.sqrt(max(mean, 100 / plant.lots / houses) * 100 / plant.lots / houses)
    error = max(poisson, float(np.std(alarms, ddof=1)) / math.sqrt(houses) if houses > 1 else 0.0)
    interval = [round(max(0.0, mean - 1.96 * error), 3), round(mean + 1.96 * error, 3)]
    return {"lots": plant.lots * houses, "per_100_lots": round(mean, 3), "interval": interval,
            "by_kind": dict(sorted(kinds.items()))}


def _watch(plant: Plant, past: Past | None, run: tuple[int, int]) -> Watch:
    def group_of(name: str, share: float) -> Group:
        if past is None:
            return Group(share, known(plant, share), name)
        return Group(share, learn(BEFORE, past, np.random.default_rng((*run, 1)), share), name)

    return watch(plant, [group_of(name, share) for name, share in GROUPS.items()], Strictness())


def _alarms(seen: Watch, reports: Reports) -> Counter[str]:
    """How many nodes of each kind and group alarm."""
    found = Counter[str]()
    for row in seen.rows:
        group = "all" if row.share == 1 else "serious"
        found[f"{row.layer.kind}, {group}"] += int((seen.excess(row, reports).max(axis=1) >= 0).sum())
    return found
