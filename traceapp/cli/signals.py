"""`signals …`: exact sequential tables, and an analyst's questions of files."""
from __future__ import annotations

import argparse
import sys

from . import signals_files, signals_simulate
from .signals_columns import COLUMNS, explain

# Planned ends, in expected events, from which on an exact value takes seconds, and more than a few of them.
_LONG, _VERY_LONG = 1000.0, 5000.0


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands of the statistician."""
    group = commands.add_parser("signals", help="disproportionality, scans, cause ranking, sequential tables; "
                                                  "needs no database")
    acts = group.add_subparsers(dest="act", required=True, metavar="ACT")
    value = acts.add_parser("critical-value", help="the log-likelihood ratio at which Poisson MaxSPRT alarms")
    value.set_defaults(run=_critical_value)
    power = acts.add_parser("power", help="power and mean times at a true rate ratio")
    power.add_argument("--rr", type=float, required=True, help="true rate ratio")
    power.add_argument("--critical", type=float, help="use this critical value instead of the one for --alpha")
    power.set_defaults(run=_power)
    for act in (value, power):
        act.add_argument("--alpha", type=float, default=0.05, help="false-alarm rate over the whole plan")
        act.add_argument("--upper", type=float, required=True, help="planned end, in expected events")
        act.add_argument("--min", type=int, default=1, dest="minimum", help="least number of events to alarm")
        act.add_argument("--delay", type=float, default=0.0, help="first look at this expected count")
    arl = acts.add_parser("cusum-arl", help="mean run length of a Poisson CUSUM")
    arl.add_argument("h", type=float, help="alarm height")
    arl.add_argument("k", type=float, help="reference value")
    arl.add_argument("theta", type=float, help="mean count a period")
    arl.set_defaults(run=_arl)
    for act in (value, power, arl):
        act.add_argument("--csv", action="store_true", help="a CSV table instead of JSON")
    signals_files.add(acts)
    signals_simulate.add(acts)
    for name in COLUMNS:
        explain(acts.choices[name], name)


def _print(record: object, as_csv: bool) -> int:
    from traceapp.signals.lines import csv_table, json_lines

    sys.stdout.write((csv_table if as_csv else json_lines)([record]))  # type: ignore[list-item]
    return 0


def _say_long(upper: float) -> None:
    """Say on the error stream, where no reader of the answer looks, that the plan takes long, and how long about."""
    from traceapp.signals.maxsprt import LARGEST_UPPER

    if _LONG <= upper <= LARGEST_UPPER:
        wait = "up to a minute" if upper > _VERY_LONG else "some seconds"
        sys.stderr.write(f"traceapp: works out the exact value for {upper:g} expected events; this takes {wait}.\n")
        sys.stderr.flush()


def _critical_value(options: argparse.Namespace) -> int:
    from traceapp.signals.lines import critical_value_record

    _say_long(options.upper)
    record = critical_value_record(options.alpha, options.upper, options.minimum, options.delay)
    _print(record, options.csv)
    return 0 if record["critical_value"] is not None else 1


def _power(options: argparse.Namespace) -> int:
    from traceapp.signals.lines import power_record

    if options.critical is None:
        _say_long(options.upper)
    return _print(power_record(options.alpha, options.upper, options.rr, options.minimum, options.delay,
                               options.critical), options.csv)


def _arl(options: argparse.Namespace) -> int:
    from traceapp.signals.lines import cusum_record

    return _print(cusum_record(options.h, options.k, options.theta), options.csv)
