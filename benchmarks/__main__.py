"""Run the named benchmarks (all when none is named): a table of ratios on stdout, `build/bench.json`."""
from __future__ import annotations

import argparse
import signal
import sys

from .registry import RESULTS, Row, benchmarks, save, table


def main() -> int:
    known = benchmarks()
    parser = argparse.ArgumentParser(prog="dev.py bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of: {', '.join(known)}")
    names = parser.parse_args().names or list(known)
    unknown = [name for name in names if name not in known]
    if unknown:
        parser.error(f"no benchmark is called {', '.join(unknown)}; there are: {', '.join(known)}")
    rows: list[Row] = []
    for name in names:
        print(f"bench: {name}", file=sys.stderr, flush=True)
        rows.extend(known[name]())
    save(rows)
    print(table(rows))
    print(f"\nwritten to {RESULTS}")
    return 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the servers are stopped and the folders removed
    raise SystemExit(main())
