"""Run the named soak runs (all when none is named); figures on stdout, one JSON object a run.

Exit code 1 when something that must hold did not.
"""
from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Callable
from typing import Any

from .captures import captures
from .codes import codes
from .detector_years import detector_years
from .genealogies import genealogies
from .hostile_gs1 import hostile_gs1
from .kills import kills
from .notices import notices
from .nulls import nulls
from .options import Options
from .scopes import scopes

RUNS: dict[str, Callable[[Options], dict[str, Any]]] = {
    "capture": captures, "detector": detector_years, "genealogy": genealogies, "gs1": hostile_gs1, "kills": kills,
    "notices": notices, "nulls": nulls, "resolver": codes, "scopes": scopes}


def main() -> int:
    parser = argparse.ArgumentParser(prog="dev.py soak", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of: {', '.join(RUNS)}")
    parser.add_argument("--seed", type=int, default=20261122,
                        help="the same seed kills at the same moments and breaks the same texts")
    parser.add_argument("--rounds", type=int,
                        help="how often, where a run repeats something (capture: 50, detector: 20, genealogy: "
                             "5000, gs1: 100000, kills: 50, notices: 10000, nulls: 4, resolver: 100000, scopes: 5000)")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite",
                        help="which one the runs of captures and notices work on")
    given = parser.parse_args()
    unknown = [name for name in given.names if name not in RUNS]
    if unknown:
        parser.error(f"no run is called {', '.join(unknown)}; there are: {', '.join(RUNS)}")
    all_held = True
    for name in given.names or RUNS:
        print(f"soak: {name}", file=sys.stderr, flush=True)
        figures = RUNS[name](Options(seed=given.seed, rounds=given.rounds, database=given.database))
        all_held = all_held and figures["ok"]
        print(json.dumps({"run": name, **figures}, ensure_ascii=False), flush=True)
    return 0 if all_held else 1


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the servers are stopped and the folders removed
    raise SystemExit(main())
