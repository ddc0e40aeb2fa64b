"""A year of 2,000 lots with nothing wrong, every kind of node watched: are there no more false alarms than promised?

The detector knows rate and wait, or has learnt both from earlier lots. Every node of both severity groups that alarms
counts as a false alarm, though many share lots. Rounds are years drawn anew; the interval is that of their mean.
"""
from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from traceapp.signals.delay import Delay
from traceapp.signals.learning import Past, known, learn
from traceapp.signals.plant import Common, Plant, Reports, draw_reports
from traceapp.signals.watching import Group, Strictness, Watch, watch

from .options import Options

ROUNDS = 20
PER_HUNDRED_LOTS = 1.0
# The part of the promise that is kept for the screens of terms.
SCREENS = 0.1
SERIOUS = 0.15
GROUPS = {1.0: 0.6, SERIOUS: 0.4}
WEIGHTS: Mapping[str, float] = {"lot": 35.0, "raw": 20.0, "supplier": 6.0, "line": 6.0, "equipment": 4.0,
                                "operator": 4.0, "load": 6.0, "site": 3.0, "lane": 3.0, "consignee": 3.0}
YEAR = Plant(lots=2000, days_between=365 / 2000, raws=2, lines=0, commons=(
    Common("supplier", 8, quarterly=True), Common("line", 8, quarterly=True), Common("equipment", 12, quarterly=True),
    Common("operator", 20, quarterly=True), Common("load", 2, "run"), Common("site", 3, quarterly=True),
    Common("lane", 6, "part", quarterly=True), Common("consignee", 60, "part", quarterly=True)))
# What quality once stated is half as long again as the truth.
STATED = Delay(use_mean_days=21.0, report_mean_days=10.5)
PASTS: Mapping[str, Past | None] = {
    "known": None, "learnt from 40 lots": Past(40, stated=STATED), "learnt from 400 lots": Past(400, stated=STATED)}
# Earlier lots came as slowly as those of a small house, so that their reports are in.
BEFORE = Plant(lots=1, days_between=7.0)


def nulls(options: Options) -> dict[str, Any]:
    """False alarms in 100 lots for each detector, with a 95 % interval; `ok` where none is surely above the promise."""
    rounds = options.rounds or ROUNDS
    found = {name: _years(past, rounds, options.seed) for name, past in PASTS.items()}
    return {"ok": all(one["interval"][0] <= PER_HUNDRED_LOTS for one in found.values()),
            "promised_per_100_lots": PER_HUNDRED_LOTS, "lots": YEAR.lots, "rounds": rounds,
            "nodes": sum(len(layer.names) for layer in YEAR.layers), "detectors": found}


def _years(past: Past | None, rounds: int, seed: int) -> dict[str, Any]:
    alarms, kinds = [], Counter[str]()
    seen = None if past is not None else _watch(None, (seed, 0))
    for number in range(rounds):
        reports = draw_reports(YEAR, (), 1.0, np.random.default_rng((seed, number)))
        year = _alarms(seen or _watch(past, (seed, number)), reports)
        kinds += year
        alarms.append(100 * sum(year.values()) / YEAR.lots)
    mean = sum(alarms) / rounds
    # The error of a mean of counts is at least that of as many independent ones; of one year there is no other.
    poisson = math.sqrt(max(mean, 100 / YEAR.lots / rounds) * 100 / YEAR.lots / rounds)
    error = max(poisson, float(np.std(alarms, ddof=1)) / math.sqrt(rounds) if rounds > 1 else 0.0)
    return {"per_100_lots": round(mean, 3), "interval": [round(max(0.0, mean - 1.96 * error), 3),
                                                         round(mean + 1.96 * error, 3)],
            "by_kind": dict(sorted(kinds.items()))}


def _watch(past: Past | None, run: tuple[int, int]) -> Watch:
    def basis_of(share: float) -> Group:
        if past is None:
            return Group(share, known(YEAR, share), GROUPS[share])
        return Group(share, learn(BEFORE, past, np.random.default_rng((*run, 1)), share), GROUPS[share])

    strictness = Strictness(PER_HUNDRED_LOTS / 100 * (1 - SCREENS), weights=WEIGHTS)
    return watch(YEAR, [basis_of(share) for share in GROUPS], strictness)


def _alarms(seen: Watch, reports: Reports) -> Counter[str]:
    """How many nodes of each kind and group alarm."""
    found = Counter[str]()
    for row in seen.rows:
        group = "all" if row.share == 1 else "serious"
        found[f"{row.layer.kind}, {group}"] += int((seen.excess(row, reports).max(axis=1) >= 0).sum())
    return found
